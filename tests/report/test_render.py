"""What a reader, a browser's policy and a printer get from the report."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime

import pytest
from report.bigdoc import big_document, result_of

from tclp_daemon.config import Limits
from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.report.render import render_report
from tclp_daemon.report.words import VERDICTS, place, probability_words
from tclp_daemon.result import Finding, ResultWarning, Verdict

TEXT = "The Supplier shall reach net zero by 2040."
DOCUMENT = Document(TEXT + "\n", (Block(BlockKind.PARAGRAPH, 0, len(TEXT), None, 1),), "txt", "text 1")
FINDING = Finding(text=TEXT, start=0, end=len(TEXT), probability=0.93, topics=("net_zero",), clause="11.4(b)")


def test_says_all_that_a_reader_needs() -> None:
    result = result_of(DOCUMENT, (FINDING,)).model_copy(
        update={
            "warnings": (ResultWarning(code="content_mismatch", message="It is named .pdf but is text.", pages=(2, 3)),)
        }
    )
    now = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
    html = render_report(DOCUMENT, result, "acme/nda.pdf", now=now)
    for said in (
        'May contain <span class="whole">climate-aligned</span> language',
        'aria-label="Verdict: possible, step 2 of 4"',
        "<bdi>nda.pdf</bdi>",
        "31 January 2026, 09:00 UTC",
        "Very probable (93%)",
        "Net zero",
        "Clause 11.4(b)",
        "It is named .pdf but is text.",
        "ab" * 32,
        "keyword-1",
        f'<mark id="f1">{TEXT}</mark>',
    ):
        assert said in html


@pytest.mark.parametrize("suffix", [".html", ".htm", ".txt"])
@pytest.mark.parametrize("saved_by_a_browser", [b"", b"<!-- saved from url=(0014)about:internet -->\n"])
def test_a_report_is_never_read_as_a_contract(suffix: str, saved_by_a_browser: bytes) -> None:
    html = render_report(DOCUMENT, result_of(DOCUMENT, (FINDING,)), "acme/" + "&" * 60 + "nda.pdf").encode()
    first, rest = html.split(b"\n", 1)
    with pytest.raises(ContractError) as caught:
        read_document(first + b"\n" + saved_by_a_browser + rest, suffix, Limits())
    assert caught.value.code is ErrorCode.CONTENT_MISMATCH
    assert "a report or dashboard of this program" in caught.value.message
    assert caught.value.advice == "Drop the contract itself."


def test_both_thresholds_are_stated() -> None:
    result = result_of(DOCUMENT, (FINDING,))
    one = render_report(DOCUMENT, result, "nda.pdf")
    assert "if its probability is at least 50.0%; computed" in one
    provenance = result.provenance.model_copy(update={"lone_threshold": 0.75})
    two = render_report(DOCUMENT, result.model_copy(update={"provenance": provenance}), "nda.pdf")
    assert "if its probability is at least 50.0% (75.0% if no other such sentence is near it); computed" in two


def test_contract_may_be_renamed_later() -> None:
    """The page links to nothing but itself."""
    html = render_report(DOCUMENT, result_of(DOCUMENT, (FINDING,)), "acme/nda.pdf")
    assert [link for link in re.findall(r'(?:href|src)="([^"]*)"', html) if not link.startswith("#")] == []


def test_policy_admits_the_style_and_nothing_else() -> None:
    html = render_report(DOCUMENT, result_of(DOCUMENT), "nda.pdf")
    style = re.search(r"<style>(.*?)</style>", html, re.S)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert style
    assert policy
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    rules = policy[1].replace("&#39;", "'")
    assert rules == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "<script" not in html
    assert "style=" not in html


@pytest.mark.parametrize("step", range(4))
def test_every_verdict_has_words_and_a_step(step: int) -> None:
    label = list(Verdict)[step]
    html = render_report(DOCUMENT, result_of(DOCUMENT).model_copy(update={"classification": label}), "nda.pdf")
    assert f'<h2 id="verdict">{VERDICTS[label.value]} ' in html
    assert f"step {step + 1} of 4" in html


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (1.0, "Almost certain (over 99%)"),
        (0.98, "Almost certain (98%)"),
        (0.97, "Very probable (97%)"),
        (0.8, "Very probable (80%)"),
        (0.6, "Probable (60%)"),
        (0.31, "Uncertain, worth a look (31%)"),
    ],
)
def test_probability_in_words(probability: float, words: str) -> None:
    assert probability_words(probability) == words


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({"page": 12, "clause": "11.4"}, "page 12, clause 11.4"),
        ({"clause": "(b)"}, "clause (b)"),
        ({"clause": "Exhibit 10"}, "Exhibit 10"),
        ({"paragraph": 7}, "paragraph 7"),
        ({"page": 3, "paragraph": 7}, "page 3"),
        ({}, "in the text"),
    ],
)
def test_place_in_words(where: dict[str, object], words: str) -> None:
    finding = FINDING.model_copy(update={"page": None, "paragraph": None, "clause": None} | where)
    assert place(finding) == words


def test_name_that_turns_the_title_around() -> None:
    html = render_report(DOCUMENT, result_of(DOCUMENT), "\u202efdp.exe\n\ud800.txt")
    assert "<title>fdp.exe \ufffd.txt: climate language report</title>" in html
    html.encode("utf-8")


def test_800_pages_stay_under_10_mb() -> None:
    document, result = big_document(800)
    assert document.word_count > 400_000
    assert len(render_report(document, result, "big.pdf").encode()) < 10_000_000


def test_what_comes_from_text_recognition_is_marked() -> None:
    result = result_of(DOCUMENT, (FINDING, FINDING.model_copy(update={"recognised": True})))
    html = render_report(DOCUMENT, result, "nda.pdf")
    assert html.count("compare with the page") == 1
    assert "Scanned pages" not in html
    provenance = result.provenance.model_copy(update={"ocr": "Tesseract 5.3.0"})
    assert "read by Tesseract 5.3.0" in render_report(
        DOCUMENT, result.model_copy(update={"provenance": provenance}), "nda.pdf"
    )
