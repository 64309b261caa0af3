"""The Python API: what an importer gets, what it costs to import, and how it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from extract.pdfmaker import Page, make_pdf

import tclp_daemon
from fakes.keyword_daemon import KeywordClassifier
from tclp_daemon import Analyzer, ContractError, analyze, read
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.config import Limits, Model, VerdictSteps
from tclp_daemon.errors import ErrorCode

CLIMATE = "The Supplier shall reach net zero by 2040."
TEXT = f"1. Climate\n\n1.1 {CLIMATE}\n\nInvoices are payable.\n"


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    path = tmp_path / "nda.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture
def keyword_classifier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Classifier, "load", KeywordClassifier.load)


def modules_after(statement: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{statement}\nprint(*sys.modules)"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_import_costs_nothing_until_a_name_is_used() -> None:
    imported = modules_after("import tclp_daemon; dir(tclp_daemon)")
    assert {name for name in imported if name.startswith("tclp_daemon")} == {"tclp_daemon"}
    assert not imported & {"pydantic", "typer", "torch", "lxml", "jinja2", "nupunkt"}
    used = modules_after("from tclp_daemon import Analyzer, ContractError, analyze, read")
    assert "tclp_daemon.api" in used
    assert not used & {"torch", "transformers", "typer", "pypdfium2"}


def test_every_name_is_there() -> None:
    assert set(tclp_daemon.__all__) <= set(dir(tclp_daemon))
    for name in tclp_daemon.__all__:
        assert getattr(tclp_daemon, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        tclp_daemon.analyse  # noqa: B018


def test_what_is_read_has_text_and_clauses(contract: Path) -> None:
    document = read(contract)
    assert CLIMATE in document.text
    assert [block.clause for block in document.blocks] == ["1", "1.1", "1.1"]
    for source, name in ((str(contract), None), (TEXT.encode(), "nda.txt"), (contract, "other.txt")):
        assert read(source, name=name) == document


@pytest.mark.usefixtures("keyword_classifier")
def test_what_is_analysed_has_result_and_report(contract: Path) -> None:
    for outcome in (analyze(contract), Analyzer().analyze(TEXT.encode(), name="nda.txt")):
        assert outcome.result.classification == "possible"
        assert [finding.text for finding in outcome.result.findings] == [f"1.1 {CLIMATE}"]
        assert outcome.result.provenance.format == "txt"
        assert CLIMATE in outcome.report
        assert "nda.txt" in outcome.report
        assert list(outcome.seconds) == ["reading", "segmenting", "classifying", "judging", "report"]
    assert sorted(contract.parent.iterdir()) == [contract], "no file was written"


@pytest.mark.usefixtures("keyword_classifier")
def test_sections_of_the_configuration_are_its_parameters(contract: Path) -> None:
    assert analyze(contract, classification=VerdictSteps(possible=2)).result.classification == "unlikely"
    with pytest.raises(ContractError) as failed:
        analyze(contract, limits=Limits(file_mb=0.00001))
    assert failed.value.code is ErrorCode.TOO_LARGE


@pytest.mark.usefixtures("keyword_classifier")
def test_sentences_are_scored_alone() -> None:
    done: list[tuple[int, int]] = []
    analyzer = Analyzer()
    assert analyzer.score([CLIMATE, "Nothing."], lambda *step: done.append(step)) == [0.99, 0.01]
    assert done[-1] == (2, 2)
    assert analyzer.identity["model"] == "keyword"
    with pytest.raises(TypeError, match="not one string"):
        analyzer.score(CLIMATE)


def test_how_it_fails(tmp_path: Path, contract: Path) -> None:
    fifo = tmp_path / "fifo.txt"
    os.mkfifo(fifo)
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 no")
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"x")
    for source, code in (
        (tmp_path / "gone.txt", ErrorCode.UNREADABLE),
        (fifo, ErrorCode.UNREADABLE),
        (tmp_path, ErrorCode.UNREADABLE),
        (tmp_path / "gone", ErrorCode.UNREADABLE),
        (photo, ErrorCode.UNSUPPORTED_TYPE),
        (broken, ErrorCode.CORRUPT),
    ):
        with pytest.raises(ContractError) as failed:
            read(source)
        assert failed.value.code is code
        assert failed.value.message
        assert failed.value.advice
    with pytest.raises(ContractError) as failed:
        read(contract, limits=Limits(file_mb=0.00001))
    assert failed.value.code is ErrorCode.TOO_LARGE
    with pytest.raises(TypeError, match="bytes need a name"):
        read(b"The Supplier shall report.")


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ContractError) as failed:
        Analyzer(model=Model(path=tmp_path))
    assert failed.value.code is ErrorCode.MODEL_UNAVAILABLE


def test_threads_may_read_at_the_same_time(tmp_path: Path) -> None:
    """In a process of its own: where pdfium is called by two threads at once, the process dies."""
    path = tmp_path / "nda.pdf"
    path.write_bytes(make_pdf([Page().text(72, 700, CLIMATE)]))
    script = (
        "import sys; from concurrent.futures import ThreadPoolExecutor; from tclp_daemon import read\n"
        "with ThreadPoolExecutor(8) as pool: texts = set(pool.map(lambda _: read(sys.argv[1]).text, range(600)))\n"
        "assert len(texts) == 1"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
