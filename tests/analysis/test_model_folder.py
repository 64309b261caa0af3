"""An unusable model folder is refused when it is loaded; an answer that is not a number never becomes a verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from fakes.tiny_models import roberta
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.model_folder import EMBEDDED_MODEL
from tclp_daemon.config import Model
from tclp_daemon.errors import ContractError, ErrorCode

TEXT = "the supplier shall reduce emissions ."


def refused(folder: Path, **settings: Any) -> str:
    """The message with which a model folder is refused."""
    with pytest.raises(ContractError) as caught:
        Classifier.load(Model(path=folder, **settings), threads=1)
    assert caught.value.code is ErrorCode.MODEL_UNAVAILABLE
    return caught.value.message


def head(folder: Path, topics: int, hidden: int = 16, value: float = 0.5) -> None:
    """Gives the folder a topic head."""
    weight = torch.full((topics, hidden), value) * torch.arange(1, topics + 1)[:, None]
    save_file({"weight": weight, "bias": torch.zeros(topics)}, folder / "topics.safetensors")


@pytest.mark.parametrize(
    "extras",
    [
        '{"threshold": NaN}',
        '{"threshold": 0}',
        '{"threshold": 1.5}',
        '{"threshold": "0.9"}',
        '{"threshold": null}',
        '{"threshold": true}',
        '{"lone_threshold": NaN}',
        '{"lone_threshold": -1}',
        '{"scale": NaN}',
        '{"scale": Infinity}',
        '{"scale": 1e999}',
        '{"scale": 0}',
        '{"scale": -1.9}',
        '{"shift": -Infinity}',
        '{"shift": []}',
        '{"topic_threshold": NaN}',
        '{"max_tokens": -5}',
        '{"max_tokens": 0}',
        '{"max_tokens": 3}',
        '{"max_tokens": 12.5}',
        '{"topics": "emissions"}',
        '{"topics": [1, 2]}',
        '{"name": 5}',
        '{"climate_label": 1}',
        '{"known_answers": {"rent": NaN}}',
        "[]",
        "null",
        '"text"',
        "",
        "{",
        "[" * 100_000,
        b"\xff\xfe",
    ],
    ids=lambda value: repr(value[:40]),
)
def test_odd_values_in_tclp_json_are_refused(tmp_path: Path, extras: str | bytes) -> None:
    (roberta(tmp_path) / "tclp.json").write_bytes(extras if isinstance(extras, bytes) else extras.encode())
    assert "tclp.json" in refused(tmp_path)


@pytest.mark.parametrize("case", ["more", "fewer", "none named", "no bias", "narrow", "NaN", "none at all"])
def test_a_topic_head_that_does_not_fit_is_refused(tmp_path: Path, case: str) -> None:
    roberta(tmp_path)
    names = {"more": ["a", "b", "c"], "fewer": ["a"], "none named": [], "none at all": []}.get(case, ["a", "b"])
    (tmp_path / "tclp.json").write_text(json.dumps({"topics": names}))
    head(
        tmp_path, 0 if case == "none at all" else 2, 8 if case == "narrow" else 16, float("nan" if case == "NaN" else 1)
    )
    if case == "no bias":
        save_file({"weight": torch.zeros(2, 16)}, tmp_path / "topics.safetensors")
    assert "topics.safetensors" in refused(tmp_path)


@pytest.mark.parametrize("names", [["only"], ["one", "two"], ["one", "two", "three"]])
def test_a_head_of_any_number_of_topics_names_one_or_two(tmp_path: Path, names: list[str]) -> None:
    roberta(tmp_path)
    (tmp_path / "tclp.json").write_text(json.dumps({"topics": names}))
    head(tmp_path, len(names))
    found = Classifier.load(Model(path=tmp_path), threads=1).topics([TEXT, "rent", TEXT])
    assert found[0] == found[2]
    for topics in found:
        assert 1 <= len(topics) <= 2
        assert set(topics) <= set(names)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_weights_that_are_not_numbers_are_refused(tmp_path: Path, value: str) -> None:
    weights = load_file(roberta(tmp_path) / "model.safetensors")
    weights["classifier.out_proj.bias"][:] = float(value)
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert "not a number" in refused(tmp_path)


def test_a_model_that_answers_otherwise_than_known_is_refused(tmp_path: Path) -> None:
    roberta(tmp_path)
    right = Classifier.load(Model(path=tmp_path), threads=1).probabilities([TEXT])[0]
    (tmp_path / "tclp.json").write_text(json.dumps({"known_answers": {TEXT: right + 0.02}}))
    Classifier.load(Model(path=tmp_path), threads=1)
    (tmp_path / "tclp.json").write_text(json.dumps({"known_answers": {TEXT: right + 0.3}}))
    assert "wrong results" in refused(tmp_path)


def test_the_embedded_model_knows_its_answers() -> None:
    known = json.loads((EMBEDDED_MODEL / "tclp.json").read_text("utf-8"))["known_answers"]
    assert max(known.values()) > 0.9
    assert min(known.values()) < 0.1
    found = Classifier.load(Model(precision="float32"), threads=1).probabilities(list(known))
    assert found == pytest.approx(list(known.values()), abs=0.01)


@pytest.mark.parametrize(
    "spoilt", [RuntimeError("could not create a primitive"), NotImplementedError("no kernel"), "nan", "noise"]
)
def test_a_machine_on_which_inference_fails_is_found_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoilt: Exception | str
) -> None:
    """The linear layers fail, as they do where a sandbox forbids memory that can be executed."""
    roberta(tmp_path)
    real = torch.nn.functional.linear
    calls = 0

    def linear(*inputs: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if isinstance(spoilt, Exception):
            raise spoilt
        return real(*inputs) * (float("nan") if spoilt == "nan" else 1 + 50 * (calls % 7))

    monkeypatch.setattr(torch.nn.functional, "linear", linear)
    message = refused(tmp_path)
    assert "here: " in message, message


@pytest.mark.parametrize("setting", ["nonsense", "cuda", "meta"])
def test_a_missing_device_is_refused(tmp_path: Path, setting: str) -> None:
    if setting == "cuda" and torch.cuda.is_available():
        pytest.skip("it is there")
    refused(roberta(tmp_path), device=setting)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_an_answer_that_is_not_a_number_is_never_a_verdict(tmp_path: Path, value: str) -> None:
    """Even if only one row of a batch is spoilt: NaN is below every threshold, so the clause would be missed."""
    roberta(tmp_path)
    (tmp_path / "tclp.json").write_text(json.dumps({"topics": ["a", "b"]}))
    head(tmp_path, 2)
    classifier = Classifier.load(Model(path=tmp_path), threads=1)

    def spoil(_: object, __: object, answer: Any) -> Any:
        answer.logits[0, 1] = float(value)
        return answer

    classifier._network.model.register_forward_hook(spoil)
    for judge in (classifier.probabilities, classifier.topics):
        with pytest.raises(ContractError) as caught:
            judge([TEXT, "rent", "pay"])
        assert caught.value.code is ErrorCode.INTERNAL
        assert "not a number" in caught.value.message
