"""`tclp-daemon evaluate --documents`: whole labelled documents, counted by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fakes.keyword_daemon import KeywordClassifier
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.context import Passage
from tclp_daemon.analysis.judge import Judge, Opinion
from tclp_daemon.analysis.judge_folder import JudgeExtras
from tclp_daemon.analysis.thresholds import Thresholds
from tclp_daemon.cli.app import app
from tclp_daemon.config import Model
from tclp_daemon.errors import ConfigError, UsageError

# The keyword classifier finds "net zero", "emissions" and "renewable". (text, label, borderline), None without a label.
CLIMATE = [
    ("Invoices are payable within thirty days.", 0, False),
    ("The Supplier shall reach net zero by 2040.", 1, False),  # found
    ("The Supplier shall plant trees along the river.", 1, False),  # missed
    ("Renewable notes fall due in May.", 0, False),  # false alarm
    ("Emissions trading is not meant here.", 0, True),  # false alarm, borderline
    ("The Vendor reports its emissions.", None, False),  # found, without a label
    ("2026 2027", 0, False),  # not judged, since it has no letters
]
CLEAN = [("Rent is payable in advance.", 0, False), ("The environmental permit is enclosed.", 0, False)]
TEMPTING = [
    ("The car passed its emissions test.", 0, False),  # false alarm
    ("The Tenant should sort its waste.", 1, True),  # missed, borderline
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two documents in docs/, one beside the labels, one that is broken, and labels that are not in order."""
    monkeypatch.delenv("TCLP_CONFIG", raising=False)
    monkeypatch.setattr(Classifier, "load", KeywordClassifier.load)
    (tmp_path / "docs").mkdir()
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 no")
    rows: list[dict[str, Any]] = [{"file": "broken.pdf", "text": "Rent", "label": 0}]
    for name, sentences in (("docs/climate.txt", CLIMATE), ("docs/clean.md", CLEAN), ("tempting.txt", TEMPTING)):
        (tmp_path / name).write_text("".join(f"{text}\n\n" for text, _, _ in sentences), "utf-8")
        rows += [
            {"file": Path(name).name, "text": text.upper(), "label": label, "borderline": borderline}
            for text, label, borderline in sentences
        ]
    rows.append({"file": "clean.md", "text": "Nothing says so.", "label": 1, "borderline": True})
    write(tmp_path, rows)
    return tmp_path


def write(folder: Path, rows: list[dict[str, Any]]) -> None:
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def counts(row: dict[str, Any], variant: str) -> list[int]:
    """Found, false alarms, missed, passed over."""
    keys = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    return [row[variant][key] for key in keys]


def test_figures_by_hand(folder: Path) -> None:
    done = run("--documents", folder, "--json", "--errors", "1")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)["documents"]
    model, keywords = answer["detectors"]
    assert (model["name"], model["what"], keywords["name"]) == ("model", "the classifier alone", "keywords")
    assert counts(model, "without_borderline") == [1, 2, 1, 4]
    assert counts(model, "with_borderline") == [1, 3, 2, 4]
    assert model["without_borderline"]["false_alarms_per_1000"] == pytest.approx(333.33, abs=0.01)
    # one more false alarm, which has no label
    assert model["without_borderline"]["false_alarms_per_1000_of_all"] == pytest.approx(1000 * 3 / 7, abs=0.01)
    assert model["without_borderline"]["false_alarms_per_1000_of_clean"] == pytest.approx(1000 / 3, abs=0.01)
    assert model["with_borderline"]["false_alarms_per_1000"] == pytest.approx(428.57, abs=0.01)
    # the second positive is as improbable as all negatives that are judged
    assert model["without_borderline"]["precision_at_90_recall"] == pytest.approx(2 / 7, abs=0.001)
    assert (model["verdicts_right"], model["clean_documents"]) == (2, 2)
    assert counts(keywords, "without_borderline") == [1, 3, 1, 3], "the permit"
    assert keywords["verdicts_right"] == 1
    assert [(e["label"], e["text"]) for e in answer["errors"]] == [
        (0, "tempting.txt: THE CAR PASSED ITS EMISSIONS TEST."),
        (1, "climate.txt: THE SUPPLIER SHALL PLANT TREES ALONG THE RIVER."),
    ]


def test_nothing_is_dropped_silently(folder: Path) -> None:
    answer = json.loads(run("--documents", folder, "--json").stdout)["documents"]
    assert (answer["labels"], answer["skipped"], answer["not_judged"]) == (11, 1, 1)
    assert answer["unmatched"] == [{"file": "clean.md", "line": 13}]
    assert answer["unlabelled_findings"] == 1
    assert [(each["file"], each["error_code"]) for each in answer["failed"]] == [("broken.pdf", "corrupt")]
    by_file = {each["file"]: each for each in answer["documents"]}
    assert list(by_file) == ["climate.txt", "clean.md", "tempting.txt"]
    assert (by_file["climate.txt"]["classification"], by_file["climate.txt"]["findings"]) == ("likely", 4)
    assert counts(by_file["tempting.txt"]["detectors"][0], "with_borderline") == [0, 1, 1, 0]
    shown = run("--documents", folder).stdout
    for line in (
        "3 documents, 11 labels, 1 without a label skipped",
        "left out: 1 label not found in the text (labels.jsonl, line 13)",
        "counted as not found: 1 label on text that is not judged",
        "among all sentences only: 1 finding without a label",
        "Without borderline sentences: 8 sentences, 2 of climate language; 2 documents clean",
        "TF-IDF    left out",
        "right  climate.txt: likely, 4 findings, 1 without a label; precision 0.50, recall 0.50",
        "WRONG  tempting.txt: possible, 1 finding",
        "failed  broken.pdf (corrupt)",
    ):
        assert line in shown


def test_tfidf_is_fitted_on_the_other_documents(folder: Path) -> None:
    """It knows methane, which stands in both, and not peat, which stands in one."""
    texts = {"a.txt": ["Methane leaks are mended.", "Peat bogs stay wet.", "Peat bogs are mapped."], "b.txt": []}
    rows = []
    for name, more in texts.items():
        texts_of_it = [*more, "Methane flares are mended.", "Rent is due.", "Rent is paid.", "Law is English."]
        (folder / name).write_text("\n\n".join(texts_of_it), "utf-8")
        rows += [{"file": name, "text": text, "label": int(text[0] in "MP")} for text in texts_of_it]
    rows.append({"file": "b.txt", "text": "Methane is gas.", "label": 1})
    write(folder, rows)
    answer = json.loads(run("--documents", folder, "--json").stdout)["documents"]
    assert [each["name"] for each in answer["detectors"]] == ["model", "keywords", "TF-IDF"]
    first, second = (each["detectors"][2] for each in answer["documents"])
    assert counts(first, "without_borderline") == [2, 0, 2, 3]
    assert counts(second, "without_borderline") == [1, 0, 0, 3]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{}", "line 1: needs"),
        ('{"file": "clean.md", "text": "Rent", "label": 2}', "line 1: needs"),
        ('{"file": "clean.md", "text": "Rent", "label": 0}\n{"file": "clean.md", "label": 0}', "line 2: needs"),
        ('{"file": "clean.md", "text": "Rent", "label": 0, "borderline": "no"}', "line 1: needs"),
        ('{"file": "clean.md", "text": "Rent", "label": null}', "no line with a label"),
        ('\n{"file": "../docs/clean.md", "text": "Rent", "label": 0}', "line 2: ../docs/clean.md lies outside"),
        ('{"file": "gone.txt", "text": "Rent", "label": 0}', "names gone.txt, which is neither"),
        ("[]", "line 1: not a JSON object"),
    ],
)
def test_labels_that_cannot_be_used(folder: Path, line: str, says: str) -> None:
    (folder / "labels.jsonl").write_text(line, "utf-8")
    done = run("--documents", folder)
    assert isinstance(done.exception, UsageError)
    assert says in str(done.exception)


@pytest.mark.parametrize("option", ["--documents", "--contracts"])
def test_a_directory_without_labels(tmp_path: Path, option: str) -> None:
    done = run(option, tmp_path)
    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == f"There is no labels.jsonl in {tmp_path}."


@pytest.mark.parametrize(
    ("options", "judge", "threshold"),
    [
        ([], "configured", 0.2),
        (["--judge", "other"], "other", None),
        (["--judge", "other", "--threshold", "0.3"], "other", 0.3),
        (["--model", "other"], None, None),
        (["--no-judge"], "not loaded", None),
    ],
)
def test_which_judge_decides(
    folder: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], judge: str | None, threshold: float | None
) -> None:
    """And with which threshold: the configured one was chosen for the configured models."""
    monkeypatch.chdir(folder)
    loaded: list[Model] = []
    monkeypatch.setattr(Judge, "load", lambda settings, classifier: loaded.append(settings))
    for name in ("configured", "other"):
        (folder / name).mkdir()
    paths = "".join(f"[{name}]\npath = '{folder / name}'\n" for name in ("inbox", "outbox", "state"))
    config = folder / "config.toml"
    config.write_text(f"{paths}[model]\njudge_path = '{folder / 'configured'}'\nthreshold = 0.2\n")
    done = run("--documents", folder, "--config", config, "--json", *options)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["threshold"] == (threshold or 0.5)
    if judge == "not loaded":
        assert not loaded
    else:
        assert [settings.judge_path for settings in loaded] == [judge and folder / judge]


class Driver:
    """A judge that knows cars."""

    name = fingerprint = "driver"
    thresholds = Thresholds.of(0.6)
    extras = JudgeExtras()

    def opinions(self, passages: Sequence[Passage], on_progress: object = None) -> list[list[Opinion]]:
        return [[Opinion(-3.0 if "car " in text else 3.0, ()) for text in each.sentences] for each in passages]

    def probability(self, classified: float, opinion: Opinion) -> float:
        return 0.9 if opinion.margin > 0 and classified > 0.5 else 0.1


def test_the_judge_has_the_last_word(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Judge, "load", lambda settings, classifier: Driver())
    answer = json.loads(run("--documents", folder, "--json").stdout)
    assert (answer["judge"], answer["threshold"]) == ("driver", 0.6)
    model = answer["documents"]["detectors"][0]
    assert (model["what"], model["verdicts_right"]) == ("classifier and judge", 3)
    assert counts(model, "without_borderline") == [1, 1, 1, 5]
    alone = json.loads(run("--documents", folder, "--json", "--no-judge").stdout)
    assert counts(alone["documents"]["detectors"][0], "without_borderline") == [1, 2, 1, 4]


def test_options_that_cannot_be(folder: Path) -> None:
    contradicting = run("--documents", folder, "--judge", folder, "--no-judge")
    assert isinstance(contradicting.exception, UsageError)
    missing = run("--documents", folder, "--judge", folder / "none")
    assert isinstance(missing.exception, ConfigError)
    assert "--judge" in str(missing.exception)


def test_with_the_embedded_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TCLP_CONFIG", raising=False)
    texts = [
        "The Supplier shall reduce its greenhouse gas emissions by 40% before 2030.",
        "The Supplier shall report its carbon footprint to the Buyer each year.",
        "Invoices are payable within thirty days.",
        "This Agreement is governed by the laws of England.",
    ]
    (tmp_path / "supply.txt").write_text("\n\n".join(texts), "utf-8")
    write(tmp_path, [{"file": "supply.txt", "text": t[:40], "label": int("Supplier" in t)} for t in texts])
    answer = json.loads(run("--documents", tmp_path, "--json").stdout)["documents"]
    assert answer["detectors"][0]["without_borderline"]["f1"] == 1
    assert answer["detectors"][0]["verdicts_right"] == 1
