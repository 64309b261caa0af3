"""The pipeline is a list: progress, seconds and names follow from it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes.keyword_daemon import KeywordClassifier
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.document import Document
from tclp_daemon.formats import Kind
from tclp_daemon.pipeline import READING, STAGE_NAMES, STAGES, Advance, Contract, Pipeline, Stage, stage_words
from tclp_daemon.task import Job, Progress

TEXT = "The Supplier shall reach net zero by 2040.\n\nInvoices are payable.\n\nEnglish law governs.\n"


@pytest.fixture(autouse=True)
def keyword_classifier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Classifier, "load", KeywordClassifier.load)


def processed(pipeline: Pipeline, folder: Path) -> tuple[list[Progress], dict[str, float]]:
    """What is reported of a contract on its way, and how long its stages took."""
    pipeline.load()
    spool = folder / "spool"
    spool.write_text(TEXT)
    sha256 = hashlib.sha256(TEXT.encode()).hexdigest()
    job = Job("t" * 36, 1, spool=spool, suffix=".txt", display_name="nda.txt", sha256=sha256, size=len(TEXT))
    notes: list[Progress] = []
    outcome = pipeline.process_contract(job, notes.append)
    assert [finding.text for finding in outcome.result.findings] == [TEXT.split("\n")[0]]
    return notes, outcome.seconds


def test_progress_is_as_documented(tmp_path: Path) -> None:
    notes, seconds = processed(Pipeline(), tmp_path)
    assert [(note.percent, note.stage) for note in notes] == [
        (10, "starting"),
        (20, "reading"),
        (43, "segmenting"),
        (51, "classifying"),
        (60, "classifying"),
        (69, "classifying"),
        (78, "classifying"),
        (78, "judging"),
        (86, "report"),
        (90, "writing"),
    ]
    assert list(seconds) == ["reading", "segmenting", "classifying", "judging", "report"]


def test_a_stage_is_added_in_one_place(tmp_path: Path) -> None:
    def count(pipeline: Pipeline, contract: Contract, advance: Advance) -> None:
        advance(1, 2)

    invented = Stage("counting", 30, "Counting", count)
    notes, seconds = processed(Pipeline(stages=(*STAGES[:-1], invented, STAGES[-1])), tmp_path)
    assert "counting" in seconds
    # The others move closer together: there are 120 shares now in place of 90.
    assert [(note.percent, note.stage) for note in notes if note.stage in ("reading", "counting", "report")] == [
        (20, "reading"),
        (69, "counting"),
        (78, "counting"),
        (87, "report"),
    ]
    assert [note.percent for note in notes] == sorted(note.percent for note in notes)


def test_pages_are_counted_while_they_are_read() -> None:
    def read(pipeline: Pipeline, contract: Contract, advance: Advance) -> None:
        for page in range(1, 4):
            advance(page, 3, page)
        contract.document = Document("", (), Kind.TEXT, "none")

    notes: list[Progress] = []
    Pipeline(stages=[Stage("reading", 1, "Reading", read)]).run(Contract(b"", "nda.txt", ".txt", ""), notes.append)
    assert [note.page for note in notes] == [None, 1, 2, 3]
    assert notes[-1].percent == 90


def test_only_what_grows_with_the_sentences_is_unmetered() -> None:
    entered: list[str] = []
    running: list[str] = []

    @contextmanager
    def unmetered() -> Iterator[None]:
        entered.append(running[-1])
        yield

    pipeline = Pipeline()
    pipeline.load()
    contract = Contract(TEXT.encode(), "nda.txt", ".txt", "0" * 64)
    pipeline.run(contract, lambda note: running.append(note.stage), unmetered)
    assert entered == ["classifying", "judging"]
    assert contract.data == b"", "its memory is given back"


def test_reading_needs_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Classifier, "load", lambda settings: pytest.fail("it is loaded"))
    contract = Contract(TEXT.encode(), "nda.txt", ".txt", "0" * 64)
    Pipeline(stages=READING).run(contract)
    assert contract.document.text.startswith("The Supplier")


def test_names_are_those_that_a_sidecar_may_have() -> None:
    assert len(set(STAGE_NAMES)) == len(STAGE_NAMES)
    assert all(re.fullmatch(r"[a-z_]{1,40}", name) for name in STAGE_NAMES)


def test_each_stage_has_words_for_people() -> None:
    assert stage_words("reading") == "Reading the file"
    assert stage_words("queued") == "Waiting"
    assert stage_words("reading_scans") == "Reading scans", "one of another version is shown by its name"
