"""What the terminal says about a result."""

from __future__ import annotations

from typing import Any

import pytest
from report.bigdoc import result_of
from valid import as_version_1

from tclp_daemon.cli.outcome import in_words, lines
from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.result import ContractResult, Coverage, Finding

TEXTS = ("Net zero", "It reaches net\nzero.", "It pays.", "It reaches net zero.")
CLAUSES = ("2", "2(a)", "2(b)", "Schedule 1")


@pytest.fixture
def result() -> ContractResult:
    starts = [sum(len(text) + 1 for text in TEXTS[:at]) for at in range(len(TEXTS))]
    blocks = [
        Block(BlockKind.PARAGRAPH, start, start + len(text), clause=clause, heading="Net zero")
        for start, text, clause in zip(starts, TEXTS, CLAUSES, strict=True)
    ]
    more: tuple[dict[str, Any], ...] = ({"counted": False}, {}, {"counted": False, "repeats": 1})
    found = [
        Finding(
            text=TEXTS[at], start=blocks[at].start, end=blocks[at].end, probability=0.98, topics=("net_zero",),
            clause=CLAUSES[at], **values,
        )
        for at, values in zip((0, 1, 3), more, strict=True)
    ]  # fmt: skip
    document = Document("\n".join(TEXTS), tuple(blocks), "txt", "text 1")
    result = result_of(document, tuple(found))
    clauses = tuple(clause.model_copy(update={"heading": "Net \x1b zero"}) for clause in result.clauses)
    return result.model_copy(update={"clauses": clauses})


def test_verdict_on_one_line(result: ContractResult) -> None:
    assert in_words(result) == "possible (1 finding in 1 clause)"
    coverage = Coverage(complete=False, words="in 3 of 5 pages")
    in_part = result.model_copy(update={"coverage": coverage})
    assert in_words(in_part, "8 words") == "possible in 3 of 5 pages (1 finding in 1 clause, 8 words)"


def test_findings_stand_under_their_clauses(result: ContractResult) -> None:
    assert list(lines(result)) == [
        "  clause 2, Net \\x1b zero: 1 finding [net_zero]",
        "      1   98%  Net zero (a heading, not counted)",
        "      2   98%  It reaches net zero.",
        "  Schedule 1, Net \\x1b zero: not counted [net_zero]",
        "      3   98%  It reaches net zero. (repeats 2, not counted)",
    ]


def test_findings_of_version_1_stand_alone(result: ContractResult) -> None:
    old = ContractResult.model_validate(as_version_1(result.model_dump(mode="json")))
    assert in_words(old) == "possible (3 findings)"
    assert next(lines(old)) == "    1   98%  Net zero (clause 2)"
