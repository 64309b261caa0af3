"""How the terminal shows a result: one line for the verdict, then the findings under their clauses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tclp_daemon.cli.words import count, found, place, printable
from tclp_daemon.report.words import clause_place, uncounted

if TYPE_CHECKING:
    from tclp_daemon.result import ContractResult, Finding

_LONGEST = 160  # characters of a finding


def in_words(result: ContractResult, *more: str) -> str:
    """`unlikely in the 3 of 5 pages that could be read (7 findings in 3 clauses)`.

    Args:
        result: with the verdict.
        more: what else stands in the brackets.
    """
    inside = (found(result.counts.counted, result.counts.clauses), *more)
    return f"{result.classification} {result.coverage.words}".rstrip() + f" ({', '.join(inside)})"


def lines(result: ContractResult) -> Iterator[str]:
    """The findings, in text order: a line for each clause, and below it one for each finding in it."""
    for clause in result.clauses:
        held = [result.findings[i] for i in clause.findings]
        heading = f", {printable(clause.heading)}" if clause.heading else ""
        topics = f" [{', '.join(clause.topics)}]" if clause.topics else ""
        yield f"  {printable(clause_place(clause, held[0]))}{heading}: {_number(held)}{topics}"
        yield from (f"  {_line(i + 1, result.findings[i])}" for i in clause.findings)
    if not result.clauses:  # of version 1
        for number, finding in enumerate(result.findings, 1):
            yield f"{_line(number, finding)} ({printable(place(finding))})"


def _number(held: Sequence[Finding]) -> str:
    counted = sum(finding.counted for finding in held)
    return count(counted, "finding") if counted else "not counted"


def _line(number: int, finding: Finding) -> str:
    text = printable(" ".join(finding.text[:_LONGEST].split()))
    reason = f" ({uncounted(finding)})" if not finding.counted else ""
    return f"{number:>5}  {finding.probability:>4.0%}  {text}{reason}"
