"""A report keeps to a size that a browser can open, still shows each finding, and says what it leaves out."""

from __future__ import annotations

import re

import pytest
from report.bigdoc import result_of
from report.test_content import Page

from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.report.content import ReportBody
from tclp_daemon.report.render import render_report
from tclp_daemon.report.selection import MOST, MOST_FINDINGS, LeftOut, Mark, select
from tclp_daemon.result import Finding

LINE = "The Supplier shall report its emissions & those of others.\n"


def lines(count: int) -> Document:
    blocks = [Block(BlockKind.PARAGRAPH, at * len(LINE), (at + 1) * len(LINE) - 1, None, at + 1) for at in range(count)]
    return Document(LINE * count, tuple(blocks), "txt", "test 1")


def finding(block: Block) -> Finding:
    return Finding(
        text=LINE.strip(), start=block.start, end=block.end, probability=0.9, topics=("net_zero",),
        paragraph=block.paragraph,
    )  # fmt: skip


@pytest.mark.slow
def test_a_long_contract_is_cut_and_its_findings_are_not() -> None:
    document = lines(100_000)
    findings = tuple(finding(document.blocks[at]) for at in (5, 60_000, 99_990))
    html = render_report(document, result_of(document, findings), "long.txt")
    page = Page(html)
    assert len(html) < 1.2 * MOST
    assert {name: text.strip() for name, text in page.marks.items()} == dict.fromkeys(("f1", "f2", "f3"), LINE.strip())
    left_out = sum(int(n.replace(",", "")) for n in re.findall(r"([\d,]+) characters are not shown here", html))
    assert f"{left_out:,} characters are left out" in html
    assert set(page.links) - {"#contract", "#findings"} <= {f"#{anchor}" for anchor in page.anchors}


def test_a_short_contract_is_not_cut() -> None:
    document = lines(100)
    assert select(document.text, document.blocks, []) == list(document.blocks)
    assert ReportBody(document, ()).left_out == 0
    assert "left out" not in render_report(document, result_of(document), "short.txt")


def test_what_is_shown_and_what_is_left_out_is_all() -> None:
    document = lines(50)
    marks = [Mark(document.blocks[at].start, document.blocks[at].end, at) for at in (1, 30, 31, 49)]
    shown = select(document.text, document.blocks, marks, most=1000)
    total = sum(p.characters if isinstance(p, LeftOut) else p.end - p.start for p in shown)
    assert total == sum(block.end - block.start for block in document.blocks)
    assert any(isinstance(piece, LeftOut) for piece in shown)


def test_one_endless_block_is_cut_inside() -> None:
    text = "word & " * 2_000_000
    document = Document(text, (Block(BlockKind.PARAGRAPH, 0, len(text) - 1, None, 1),), "txt", "test 1")
    found = Finding(text="word & word", start=12_000_005, end=12_000_016, probability=0.9, topics=(), paragraph=1)
    html = render_report(document, result_of(document, (found,)), "long.txt")
    assert len(html) < 1.2 * MOST
    assert set(Page(html).marks) == {"f1"}


def test_a_table_full_of_gaps_grows_with_its_cells() -> None:
    at, parts, blocks = 0, [], []
    for row in range(1, 5_001):
        blocks.append(Block(BlockKind.TABLE_CELL, at, at + 4, None, row, row=(1, row, row % 200 + 1)))
        parts.append("cell\n")
        at += 5
    document = Document("".join(parts), tuple(blocks), "docx", "test 1")
    html = render_report(document, result_of(document), "grid.docx")
    assert html.count("<td") <= 2 * len(blocks)
    assert html.count(">cell<") == len(blocks)


def test_no_more_findings_are_listed_than_a_page_holds() -> None:
    document = lines(MOST_FINDINGS + 500)
    findings = tuple(finding(block) for block in document.blocks)
    html = render_report(document, result_of(document, findings), "all.txt")
    page = Page(html)
    assert f"The first {MOST_FINDINGS:,} of {len(findings):,} findings are listed here" in html
    assert html.count("<mark") == len(findings)
    assert set(page.links) - {"#contract", "#findings"} <= {f"#{anchor}" for anchor in page.anchors}
