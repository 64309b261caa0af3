"""Scans in the daemon, the doctor, and analyses by the Python API."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from admin.test_doctor import examined
from extract.pdfmaker import make_pdf
from extract.scanmaker import FIRST, SECOND, picture_of, scanned_page, typed_page

from fakes.keyword_daemon import KeywordClassifier
from harness import Site, wait_for
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.api import Analyzer, read
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.ocr import engine
from tclp_daemon.pipeline import Contract

pytestmark = pytest.mark.ocr
WITHOUT = {"TESSDATA_PREFIX": "/nowhere"}


@pytest.fixture(scope="module")
def scan() -> bytes:
    return make_pdf([scanned_page(picture_of(typed_page(lines))) for lines in (FIRST, SECOND)])


@pytest.fixture
def analyzer(monkeypatch: pytest.MonkeyPatch) -> Analyzer:
    monkeypatch.setattr(Classifier, "load", KeywordClassifier.load)
    return Analyzer()


def test_findings_on_scanned_pages_are_marked(scan: bytes, analyzer: Analyzer) -> None:
    result = analyzer.analyze(scan, name="scan.pdf").result
    clauses = {finding.clause: finding for finding in result.findings}
    assert {"3.1", "8.1"} <= clauses.keys()
    assert all(finding.recognised for finding in result.findings)
    assert clauses["3.1"].heading == "Emissions"
    assert clauses["8.1"].page == 2
    assert result.provenance.ocr is not None
    assert result.provenance.ocr.startswith("tesseract ")


def test_only_findings_on_scanned_pages_are_marked(analyzer: Analyzer) -> None:
    mixed = make_pdf([typed_page(FIRST), scanned_page(picture_of(typed_page(SECOND)))])
    result = analyzer.analyze(mixed, name="mixed.pdf").result
    assert {(finding.page, finding.recognised) for finding in result.findings} == {(1, False), (2, True)}


def test_a_contract_without_scans_needs_no_engine(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tclp_daemon.ocr.stage.find_engine", lambda settings: pytest.fail("it was asked for"))
    outcome = analyzer.analyze(make_pdf([typed_page(FIRST)]), name="typed.pdf")
    assert outcome.result.provenance.ocr is None
    assert "recognising" not in outcome.seconds


def test_what_an_earlier_engine_found_is_not_used_again(scan: bytes, analyzer: Analyzer) -> None:
    contract = Contract(scan, "scan.pdf", ".pdf", "0" * 64)
    analyzer._pipeline.run(contract)
    again = Contract(scan, "scan.pdf", ".pdf", "0" * 64, contract.result.model_copy(update={"findings": ()}))
    analyzer._pipeline.run(again)
    assert again.result.findings == contract.result.findings != ()


def test_without_the_library_the_advice_says_how_to_get_it(scan: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_LIBRARIES", ("libtesseract.so.0",))
    with pytest.raises(ContractError) as caught:
        read(scan, name="scan.pdf")
    assert caught.value.code is ErrorCode.NO_TEXT
    assert "Tesseract is not installed" in caught.value.advice


@pytest.mark.parametrize("victim", ["worker", "daemon", "child"])
def test_a_kill_during_recognition_costs_nothing(make_site: Callable[..., Site], scan: bytes, victim: str) -> None:
    site = make_site(workers="count = 1\n")
    site.start()
    site.drop("scan.pdf", scan)
    wait_for(lambda: (s := site.status("scan.pdf")) and s["stage"] == "recognising", "pages are being recognised")
    assert site.process is not None
    worker, child = wait_for(lambda: _line_of_recognition(site.process.pid), "a page is in a child")
    os.kill({"worker": worker, "daemon": site.process.pid, "child": child}[victim], signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{child}").exists(), "the child is gone")
    if victim == "daemon":
        site.process.wait()
        site.start()
    assert site.finished("scan.pdf")["status"] == "completed"
    result = _result(site, "scan.pdf")
    assert {finding["clause"] for finding in result["findings"]} >= ({"8.1"} if victim == "child" else {"3.1", "8.1"})


def _result(site: Site, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((site.outbox / f"{name}.result.json").read_text("utf-8"))
    return found


def _line_of_recognition(daemon: int) -> tuple[int, int] | None:
    """The worker and its child."""
    for worker in _children(daemon):
        for child in _children(worker):
            return worker, child
    return None


def _children(pid: int) -> list[int]:
    try:
        found = [(task / "children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []
    return [int(child) for children in found for child in children.split()]


@pytest.mark.parametrize(
    ("mode", "env", "health", "says"),
    [
        ("auto", {}, "ok", "tesseract "),
        ("auto", WITHOUT, "warning", "no language data for eng"),
        ("require", WITHOUT, "failed", "no language data for eng"),
        ("off", WITHOUT, "ok", "off"),
    ],
)
def test_the_doctor_says_whether_scans_are_read(
    make_site: Callable[..., Site],
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    env: dict[str, str],
    health: str,
    says: str,
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    site = make_site(ocr=f'mode = "{mode}"\n')
    code, checks = examined(site)
    assert (checks["ocr"]["health"], code) == (health, int(health == "failed"))
    assert says in checks["ocr"]["message"]


def test_where_it_is_required_the_daemon_does_not_start_without(make_site: Callable[..., Site]) -> None:
    site = make_site(ocr='mode = "require"\n')
    process = site.start(ready=False, **WITHOUT)
    assert process.wait(60) == 2
    log = site.log.read_text()
    assert "ocr.mode is 'require', but Tesseract has no language data for eng" in log
    assert "apt-get install tesseract-ocr" in log


def test_without_an_engine_scanned_pages_are_named(make_site: Callable[..., Site], scan: bytes) -> None:
    site = make_site()
    site.start(**WITHOUT)
    site.drop("scan.pdf", scan)
    site.drop("mixed.pdf", make_pdf([typed_page(FIRST), scanned_page(picture_of(typed_page(SECOND)))]))
    failed = site.finished("scan.pdf")
    assert failed["error_code"] == "no_text"
    assert "no language data for eng" in failed["advice"]
    assert site.finished("mixed.pdf")["status"] == "completed"
    (found,) = _result(site, "mixed.pdf")["warnings"]
    assert (found["code"], found["pages"], found["unread"]) == ("pages_without_text", [2], True)
