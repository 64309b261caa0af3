"""The classifier: windows, batches, labels, foreign models, calibration, and the embedded model's judgement."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fakes.tiny_models import roberta
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.detector import Detector
from tclp_daemon.analysis.model_folder import EMBEDDED_MODEL
from tclp_daemon.analysis.network import climate_index
from tclp_daemon.analysis.thresholds import Thresholds
from tclp_daemon.config import Model
from tclp_daemon.errors import ContractError, ErrorCode

CLIMATE = (
    "The Supplier shall cut the greenhouse gas emissions of the Services by half before 2030 and report on it yearly.",
    "The Borrower shall publish a transition plan that is consistent with limiting global warming to 1.5°C.",
    "The Tenant shall obtain all electricity for the Premises from renewable sources.",
    '"Net Zero Target" means the target set out in Schedule 3.',
    "Do you measure your Scope 1, Scope 2 and Scope 3 emissions?",
)
OTHER = (
    "The Supplier shall deliver the Goods to the Delivery Point within ten Business Days of the Order.",
    "The Company shall not issue or permit the emission of further shares without the consent of the Investor.",
    "Either party may set off or offset any sum owed to it against any sum payable under this Agreement.",
    "This Agreement renews for successive renewable terms of one year unless notice is given.",
    "Force Majeure means fire, flood, storm, earthquake, strike or other event beyond a party's control.",
    "The Seller shall deliver natural gas of the quality set out in the tariff at the Delivery Point.",
    "GREENTECH CARBON HOLDINGS, INC.",
)


@pytest.fixture(scope="module")
def embedded() -> Classifier:
    return Classifier.load(Model(precision="float32"), threads=1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return Classifier.load(Model(path=roberta(tmp_path_factory.mktemp("roberta"))), threads=1)


@pytest.mark.parametrize("text", CLIMATE)
def test_climate_language_is_found(embedded: Classifier, text: str) -> None:
    assert embedded.probabilities([text])[0] >= embedded.thresholds.usual


@pytest.mark.parametrize("text", OTHER)
def test_tempting_words_are_passed_over(embedded: Classifier, text: str) -> None:
    assert embedded.probabilities([text])[0] < embedded.thresholds.usual


def test_a_clause_deep_in_a_long_text_is_found(embedded: Classifier) -> None:
    long = " ".join([OTHER[0]] * 60 + [CLIMATE[0]] + [OTHER[0]] * 60)
    assert len(embedded._windows([long])) > 5
    assert embedded.probabilities([long])[0] >= embedded.thresholds.usual
    assert embedded.topics([long])[0]


def test_windows_cover_every_token_and_overlap(embedded: Classifier) -> None:
    words = [f"word{i}" for i in range(900)]
    windows = embedded._windows([" ".join(words)])
    assert {owner for owner, _ in windows} == {0}
    assert all(len(ids) <= 256 for _, ids in windows)
    whole = embedded._network.tokenizer(" ".join(words), add_special_tokens=False)["input_ids"]
    seen: list[int] = []
    for _, ids in windows:
        inner = ids[1:-1]
        overlap = 0 if not seen else 256 // 4
        assert seen[len(seen) - overlap :] == inner[:overlap]
        seen += inner[overlap:]
    assert seen == whole


def test_order_and_batching_change_nothing(embedded: Classifier) -> None:
    texts = [*OTHER, *CLIMATE, " ".join(OTHER)] * 3
    together = embedded.probabilities(texts)
    alone = [embedded.probabilities([text])[0] for text in texts]
    assert together == pytest.approx(alone, abs=1e-4)
    assert embedded.probabilities(texts[::-1]) == pytest.approx(together[::-1], abs=1e-4)


def test_progress_ends_at_the_total(embedded: Classifier) -> None:
    told: list[tuple[int, int]] = []
    embedded.probabilities([*OTHER, *OTHER], lambda done, total: told.append((done, total)))
    assert told[-1] == (14, 14)
    assert told == sorted(told)


def test_no_texts(embedded: Classifier) -> None:
    assert embedded.probabilities([]) == []
    assert embedded.topics([]) == []


def test_each_finding_has_one_or_two_topics(embedded: Classifier) -> None:
    for found in embedded.topics(CLIMATE):
        assert 1 <= len(found) <= 2
    assert "net_zero" in embedded.topics([CLIMATE[1]])[0]
    assert "emissions" in embedded.topics([CLIMATE[4]])[0]
    assert "renewable_energy" in embedded.topics([CLIMATE[2]])[0]


@pytest.mark.parametrize(
    ("labels", "wanted", "index"),
    [
        ({0: "climate", 1: "other"}, None, 0),
        ({0: "LABEL_0", 1: "LABEL_1"}, None, 1),
        ({0: "negative", 1: "Positive"}, None, 1),
        ({0: "no", 1: "yes"}, None, 1),
        ({0: "a", 1: "b"}, None, 1),
        ({0: "green", 1: "grey"}, "GREEN", 0),
    ],
)
def test_which_label_is_climate(labels: dict[int, str], wanted: str | None, index: int) -> None:
    assert climate_index(labels, wanted) == index


@pytest.mark.parametrize(
    ("labels", "wanted"), [({0: "a"}, None), ({0: "a", 1: "b", 2: "c"}, None), ({0: "a", 1: "b"}, "c")]
)
def test_labels_that_do_not_fit(labels: dict[int, str], wanted: str | None) -> None:
    with pytest.raises(ValueError, match="label"):
        climate_index(labels, wanted)


def test_a_roberta_without_extras_loads(tiny: Classifier) -> None:
    assert tiny.thresholds.usual == 0.5
    assert tiny.topics(["The supplier shall pay."]) == [()]
    # Its 66 positions allow 64 tokens; a longer text must be cut, not crash.
    probabilities = tiny.probabilities(["the supplier shall reduce emissions . " * 50, "rent"])
    assert all(0 < p < 1 for p in probabilities)


def test_calibration_is_monotone_and_never_overflows(tmp_path: Path, tiny: Classifier) -> None:
    folder = roberta(tmp_path)
    (folder / "tclp.json").write_text(json.dumps({"scale": 50.0, "shift": -3.0, "threshold": 0.8, "name": "steep"}))
    steep = Classifier.load(Model(path=folder), threads=1)
    assert (steep.name, steep.thresholds.usual) == ("steep", 0.8)
    texts = ["rent", "the supplier", "reduce emissions", "pay pay pay", "shall . ."]
    plain, changed = tiny.probabilities(texts), steep.probabilities(texts)
    assert sorted(texts, key=lambda t: plain[texts.index(t)]) == sorted(texts, key=lambda t: changed[texts.index(t)])
    assert steep.fingerprint != tiny.fingerprint


def test_the_configured_threshold_wins(tmp_path: Path) -> None:
    detector = Detector.load(Model(path=roberta(tmp_path), threshold=0.33))
    assert detector.thresholds == Thresholds.of(0.33)
    assert not detector.identity()["judge"], "the embedded judge knows only the embedded classifier"


@pytest.mark.parametrize("case", ["pickle only", "three labels", "wrong label", "empty", "damaged"])
def test_a_folder_that_does_not_fit_is_refused(tmp_path: Path, case: str) -> None:
    wanted = None
    match case:
        case "pickle only":
            roberta(tmp_path, safetensors=False)
        case "three labels":
            roberta(tmp_path, labels=("a", "b", "c"))
        case "wrong label":
            roberta(tmp_path)
            wanted = "weather"
        case "damaged":
            (roberta(tmp_path) / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ContractError) as caught:
        Classifier.load(Model(path=tmp_path, climate_label=wanted), threads=1)
    assert caught.value.code is ErrorCode.MODEL_UNAVAILABLE
    assert caught.value.__cause__ is not None or "safetensors" in caught.value.message


@pytest.mark.slow
def test_no_network_is_touched() -> None:
    """In a new process, where every socket refuses to connect."""
    program = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('network')\n"
        "socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse\n"
        "from tclp_daemon.analysis.classifier import Classifier\n"
        "from tclp_daemon.config import Model\n"
        "c = Classifier.load(Model(), threads=1)\n"
        "print(c.probabilities(['Net zero by 2040.']))\n"
    )
    environment = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


def test_the_embedded_model_is_small() -> None:
    assert sum(path.stat().st_size for path in EMBEDDED_MODEL.iterdir()) < 40_000_000


def test_the_shortened_last_layer_answers_as_the_complete_one(
    embedded: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tclp_daemon.analysis.classifier.skip_unread_tokens", lambda model: model)
    whole = Classifier.load(Model(precision="float32"), threads=1)
    assert type(embedded._network.model.bert.encoder.layer[-1]) is not type(whole._network.model.bert.encoder.layer[-1])
    texts = [*CLIMATE, *OTHER]
    assert embedded.probabilities(texts) == pytest.approx(whole.probabilities(texts), abs=1e-5)
    assert embedded.topics(CLIMATE) == whole.topics(CLIMATE)


def test_threads_may_load_models_at_the_same_time(tmp_path: Path) -> None:
    """transformers builds a model under a default precision that all threads share."""
    folder = roberta(tmp_path)
    settings = [Model(path=folder, precision=precision) for precision in ("float32", "bfloat16")] * 8
    with ThreadPoolExecutor(8) as threads:
        loaded = list(threads.map(Classifier.load, settings))
    assert [classifier.precision for classifier in loaded] == [one.precision for one in settings]
