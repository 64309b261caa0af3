"""`tclp-daemon evaluate` on small labelled files, without a configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from devdata import dev_data
from fakes.tiny_models import roberta
from tclp_daemon.cli.app import app
from tclp_daemon.errors import UsageError

ROWS = [
    {"text": "The Supplier shall reduce its greenhouse gas emissions by 40% before 2030.", "label": 1},
    {"text": "The Landlord shall buy electricity from renewable sources only.", "label": 1},
    {"text": "Invoices are payable within thirty days.", "label": 0},
    {"text": "Governed by English law; the Landlord keeps its green sign.", "label": 0},
    {"text": "Nobody has judged this.", "label": None},
]


@pytest.fixture
def labelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TCLP_CONFIG", raising=False)
    path = tmp_path / "labelled.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in ROWS) + "\n\n", "utf-8")
    return path


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def test_figures_as_json(labelled: Path) -> None:
    done = run(labelled, "--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    entry = answer["files"][0]
    assert (entry["sentences"], entry["skipped"]) == (4, 1)
    assert (entry["true_positives"], entry["true_negatives"]) == (2, 2)
    assert entry["precision"] == entry["recall"] == entry["f1"] == entry["average_precision"] == 1
    assert entry["false_alarms_per_1000"] == 0
    assert (entry["keywords"]["recall"], entry["keywords"]["false_positives"]) == (1, 1), "the green sign"


def test_figures_for_people(labelled: Path) -> None:
    done = run(labelled)
    assert done.exit_code == 0, done.output
    assert "precision 1.0000   recall 1.0000   F1 1.0000" in done.stdout
    assert "1 without a label skipped" in done.stdout
    assert "keywords alone: precision 0.6667   recall 1.0000" in done.stdout


def test_mistakes_are_shown(labelled: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text(json.dumps(ROWS[0] | {"label": 0}) + "\n" + json.dumps(ROWS[2] | {"label": 1}) + "\n", "utf-8")
    done = run(wrong, "--errors", "1")
    assert "false alarm" in done.stdout
    assert ROWS[0]["text"] in done.stdout
    assert "missed" in done.stdout
    assert ROWS[2]["text"] in done.stdout


def test_another_model_and_threshold(labelled: Path, tmp_path: Path) -> None:
    done = run(labelled, "--model", roberta(tmp_path / "tiny"), "--threshold", "0.001", "--json")
    answer = json.loads(done.stdout)
    assert (answer["model"], answer["threshold"]) == ("tiny", 0.001)
    assert answer["files"][0]["recall"] == 1
    assert answer["files"][0]["false_positives"] == 2


def test_contracts(tmp_path: Path) -> None:
    plain = "1. Payment\n\nInvoices are payable within thirty days.\n\n2. Sign\n\nThe Landlord keeps its green sign.\n"
    (tmp_path / "plain.txt").write_text(plain, "utf-8")
    (tmp_path / "climate.txt").write_text(plain + "\n3. Carbon\n\n" + ROWS[0]["text"] + "\n", "utf-8")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 no")
    rows = [{"file": f, "label": n} for f, n in (("plain.txt", 0), ("climate.txt", 1), ("broken.pdf", 0))]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    done = run("--contracts", tmp_path, "--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)["contracts"]
    assert answer["accuracy"] == 1
    assert [c["classification"] for c in answer["contracts"]] == ["unlikely", "possible"]
    assert [f["file"] for f in answer["failed"]] == ["broken.pdf"]
    assert (answer["keywords"]["true_positives"], answer["keywords"]["false_positives"]) == (1, 1), "the green sign"
    assert "1.0000" in run("--contracts", tmp_path).stdout


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("no json", "line 1: not a JSON object"),
        ('{"text": 5, "label": 1}', "line 1: needs"),
        ('{"text": "a", "label": 2}', "line 1: needs"),
        ('{"text": "a", "label": null}', "no line with a label"),
        ("", "no line with a label"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line, "utf-8")
    done = run(path)
    assert isinstance(done.exception, UsageError)
    assert says in str(done.exception)


def test_labels_outside_the_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text(json.dumps({"file": "../secret.txt", "label": 0}), "utf-8")
    assert "outside the directory" in str(run("--contracts", tmp_path).exception)


def test_a_labelled_contract_that_is_missing_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text('{"file": "nda.txt", "label": 1}\n', "utf-8")
    done = run("--contracts", tmp_path)
    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == "labels.jsonl names nda.txt. The file could not be opened: it is not there."


def test_nothing_named() -> None:
    assert isinstance(run().exception, UsageError)


@pytest.mark.slow
def test_the_figures_of_the_model_card_on_dev_data() -> None:
    """The figures that the project promises, on the part of the measuring data that takes seconds."""
    done = run(dev_data() / "climate" / "sentences-dev.jsonl", "--json")
    entry = json.loads(done.stdout)["files"][0]
    assert entry["f1"] >= 0.92
    assert entry["recall"] >= 0.96
