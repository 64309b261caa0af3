"""How the report shows findings: under their clauses, the surest first, with what the clause says besides."""

from __future__ import annotations

import re

import pytest
from report.bigdoc import result_of

from tclp_daemon.analysis.findings import without_repeats
from tclp_daemon.config import Limits
from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.extract import read_document
from tclp_daemon.report.clauses import ClauseList, Entry
from tclp_daemon.report.render import render_report
from tclp_daemon.report.selection import MOST_FINDINGS
from tclp_daemon.result import ContractResult, Finding

NET_ZERO = "The Supplier shall reach net zero by 2040."
CONTRACT = f"""1. NET ZERO

1.1 The Supplier shall:

(a) reach net zero by 2030;

(b) pay its invoices; and

(c) cut emissions by half.

The list is complete.

2. OTHER

2.1 {NET_ZERO}

EXHIBIT A

The parties copy clause 2.1.

{NET_ZERO}
"""
PHRASES = {
    "NET ZERO": 0.99,
    "reach net zero by 2030": 0.7,
    "cut emissions": 0.85,
    NET_ZERO: 0.985,
}


@pytest.fixture(scope="module")
def shown() -> tuple[Document, ContractResult]:
    document = read_document(CONTRACT.encode(), ".txt", Limits())
    findings = [
        Finding(
            text=match[0],
            start=match.start(),
            end=match.end(),
            probability=probability,
            topics=("net_zero",),
            clause=block.clause,
            heading=block.heading,
            counted=block.kind is not BlockKind.HEADING,
        )
        for phrase, probability in PHRASES.items()
        for match in re.finditer(re.escape(phrase), document.text)
        for block in document.blocks
        if block.start <= match.start() < block.end
    ]
    return document, result_of(document, tuple(without_repeats(sorted(findings, key=lambda f: f.start))))


def said(parts: tuple[Entry | str, ...]) -> list[str]:
    """The parts of a clause; a finding has its number before it."""
    return [f"[{part.number}] {part.excerpt}" if isinstance(part, Entry) else part for part in parts]


def test_clauses_are_sorted_and_say_all_that_they_say(shown: tuple[Document, ContractResult]) -> None:
    groups = ClauseList(*shown).groups
    assert [(group.place, group.heading, group.tally, said(group.parts)) for group in groups] == [
        ("Clause 2.1", "OTHER", "1 finding", ["2.1", f"[4] {NET_ZERO}"]),
        (
            "Clause 1.1",
            "NET ZERO",
            "2 findings",
            [
                "1.1 The Supplier shall: (a)",
                "[2] reach net zero by 2030",
                "; (b) pay its invoices; and (c)",
                "[3] cut emissions",
                "by half. The list is complete.",
            ],
        ),
        ("Clause 1", "NET ZERO", "Not counted", ["1.", "[1] NET ZERO"]),
        ("Exhibit A", None, "Not counted", ["EXHIBIT A The parties copy clause 2.1.", f"[5] {NET_ZERO}"]),
    ]


def test_headings_and_repeats_are_marked_and_not_counted(shown: tuple[Document, ContractResult]) -> None:
    html = render_report(*shown, "nda.txt")
    assert re.search(r"3 findings in 2 clauses, among 99 sentences\.\s+2 headings or repeats are shown, but not", html)
    assert "Likely to contain" in html
    assert "<dt>Findings</dt><dd>3</dd>" in html
    assert "<li>Net zero <span>3</span></li>" in html
    assert html.count('class="finding aside"') == html.count('<li class="aside">') == html.count('"hit aside"') == 2
    assert "A heading, not counted" in html
    assert "Repeats 4, not counted" in html
    assert '<p class="quiet" dir="auto">by half. The list is complete.</p>' in html


def test_only_a_heading_found_is_nothing_found() -> None:
    document = Document("NET ZERO\n", (Block(BlockKind.HEADING, 0, 8),), "txt", "text 1")
    finding = Finding(text="NET ZERO", start=0, end=8, probability=0.9, counted=False)
    html = render_report(document, result_of(document, (finding,)), "nda.txt")
    assert "None of the 99 sentences uses" in html
    assert "1 heading or repeat is shown, but not counted" in html


def test_of_a_long_clause_only_what_is_around_its_findings_is_shown() -> None:
    filler = "Invoices are payable within thirty days. " * 40
    text = f"{filler}{NET_ZERO} {filler}{NET_ZERO} {filler}"
    document = Document(text, (Block(BlockKind.PARAGRAPH, 0, len(text), clause="1"),), "txt", "text 1")
    spans = [match.span() for match in re.finditer(re.escape(NET_ZERO), text)]
    findings = tuple(Finding(text=NET_ZERO, start=start, end=end, probability=0.9) for start, end in spans)
    (group,) = ClauseList(document, result_of(document, findings)).groups
    before, first, between, second, after = said(group.parts)
    assert (first, second) == (f"[1] {NET_ZERO}", f"[2] {NET_ZERO}")
    for quiet, starts, ends in ((before, True, True), (between, True, True), (after, True, False)):
        assert quiet.startswith("Invoices are payable") is starts
        assert quiet.endswith("thirty days.") is ends
        assert " …" in quiet
        assert len(quiet) <= 410


def test_what_only_the_page_says_is_no_part_of_a_clause() -> None:
    text = f"2.1 It pays.\nPage 7 of 9\n{NET_ZERO}\n"
    blocks = (
        Block(BlockKind.PARAGRAPH, 0, 12, clause="2.1"),
        Block(BlockKind.HEADER_FOOTER, 13, 24),
        Block(BlockKind.PARAGRAPH, 25, 25 + len(NET_ZERO), clause="2.1"),
    )
    document = Document(text, blocks, "pdf", "pdf 1", (0, 25))
    finding = Finding(text=NET_ZERO, start=25, end=25 + len(NET_ZERO), probability=0.9, page=2, clause="2.1")
    (group,) = ClauseList(document, result_of(document, (finding,))).groups
    assert (group.place, said(group.parts)) == ("Page 1, clause 2.1", ["2.1 It pays.", f"[1] {NET_ZERO}"])


def test_more_findings_than_a_page_takes() -> None:
    text = "x" * 3 * MOST_FINDINGS
    document = Document(text, (Block(BlockKind.PARAGRAPH, 0, len(text), clause="1"),), "txt", "text 1")
    findings = [Finding(text="x", start=2 * i, end=2 * i + 1, probability=0.9) for i in range(MOST_FINDINGS + 9)]
    listed = ClauseList(document, result_of(document, tuple(findings)))
    assert len(listed.entries) == MOST_FINDINGS
    assert sum(isinstance(part, Entry) for group in listed.groups for part in group.parts) == MOST_FINDINGS


def test_the_judge_is_named_where_there_is_one(shown: tuple[Document, ContractResult]) -> None:
    document, result = shown
    assert "judge" not in render_report(document, result, "nda.txt")
    provenance = result.provenance.model_copy(update={"judge": "climate-judge", "judge_fingerprint": "f" * 16})
    html = render_report(document, result.model_copy(update={"provenance": provenance}), "nda.txt")
    assert f"<dt>Judge</dt><dd>climate-judge, fingerprint <code>{'f' * 16}</code></dd>" in html
    assert "a second model, the judge, decided" in html
