"""Clauses and the findings in them -> the list of findings: what each clause says, the strongest clause first."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tclp_daemon.document import BlockKind, Document
from tclp_daemon.report.escaping import encodable
from tclp_daemon.report.selection import MOST_FINDINGS
from tclp_daemon.report.words import clause_place, count, place, probability_step, probability_words, uncounted
from tclp_daemon.result import Clause, ContractResult, Finding

_EXCERPT = 600  # characters of a finding
# Of what stands between two findings of a clause this many characters are shown, half of them at either end; after the
# last finding only the first half.
_QUIET = 400
# The strip that shows where the findings are: its width, the least width of a finding, and the gap between two.
_STRIP = 1000
_THIN = 4
_GAP = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding in the list: where it is, what it says, and its place on the strip.

    `aside` says why the verdict does not count it and is empty where it does.
    """

    number: int
    place: str
    probability: str
    excerpt: str
    recognised: bool
    aside: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Group:
    """A clause in the list.

    Attributes:
        place, heading: of the clause.
        topics: those of its strongest finding first.
        tally: how many findings in it count.
        parts: what it says, in text order: findings, and in between text that says nothing about the climate alone.
        first: number of its first finding.
    """

    place: str
    heading: str | None
    topics: tuple[str, ...]
    tally: str
    parts: tuple[Entry | str, ...]
    first: int


class ClauseList:
    """The list of one result.

    Args:
        document: the text that the result's offsets point into.
        result: what was found; findings after the first `MOST_FINDINGS` are not listed.

    Attributes:
        entries: the findings, in text order.
        groups: the clauses, the strongest first; of equally strong ones, and of their findings, the first in the text.
    """

    def __init__(self, document: Document, result: ContractResult) -> None:
        self._text = document.text
        self._blocks = [b for b in document.blocks if not (b.contents or b.kind is BlockKind.HEADER_FOOTER)]
        self._starts = [block.start for block in self._blocks]
        self._findings = result.findings[:MOST_FINDINGS]
        length = max(len(document.text), 1)
        self.entries = [_entry(number, finding, length) for number, finding in enumerate(self._findings, 1)]
        listed = [clause for clause in result.clauses if clause.findings[0] < len(self._findings)]
        self.groups = [self._group(clause) for clause in sorted(listed, key=self._weakness)]

    def _held(self, clause: Clause) -> list[int]:
        return [index for index in clause.findings if index < len(self._findings)]

    def _weakness(self, clause: Clause) -> tuple[bool, int]:
        counts = any(self._findings[index].counted for index in self._held(clause))
        return not counts, probability_step(clause.probability)

    def _group(self, clause: Clause) -> Group:
        held = self._held(clause)
        counted = sum(self._findings[index].counted for index in held)
        return Group(
            place=_capitalised(clause_place(clause, self._findings[held[0]])),
            heading=encodable(clause.heading) if clause.heading else None,
            topics=clause.topics,
            tally=count(counted, "finding") if counted else "Not counted",
            parts=tuple(self._parts(clause, held)),
            first=held[0] + 1,
        )

    def _parts(self, clause: Clause, held: Sequence[int]) -> Iterator[Entry | str]:
        at = clause.start
        for index in held:
            if quiet := self._quiet(at, self._findings[index].start):
                yield quiet
            yield self.entries[index]
            at = max(at, self._findings[index].end)
        if quiet := self._quiet(at, clause.end, last=True):
            yield quiet

    def _quiet(self, start: int, end: int, *, last: bool = False) -> str:
        if end - start <= _QUIET:
            return self._said(start, end)
        begin = self._said(start, start + _QUIET // 2).rpartition(" ")[0]
        rest = "" if last else self._said(end - _QUIET // 2, end).partition(" ")[2]
        return f"{begin} … {rest}".strip()

    def _said(self, start: int, end: int) -> str:
        """The text between two offsets on one line, without what only the page says."""
        words: list[str] = []
        at = max(bisect_right(self._starts, start) - 1, 0)
        while at < len(self._blocks) and self._blocks[at].start < end:
            block = self._blocks[at]
            words += self._text[max(start, block.start) : min(end, block.end)].split()
            at += 1
        return encodable(" ".join(words))


def _entry(number: int, finding: Finding, length: int) -> Entry:
    text = encodable(" ".join(finding.text[: 10 * _EXCERPT].split()))
    start = min(finding.start / length, 1) * (_STRIP - _THIN)
    return Entry(
        number=number,
        place=_capitalised(place(finding)),
        probability=probability_words(finding.probability),
        excerpt=text if len(text) <= _EXCERPT else text[:_EXCERPT].rsplit(" ", 1)[0] + " …",
        recognised=finding.recognised,
        aside=uncounted(finding),
        x=round(start, 1),
        width=round(max(_THIN, (finding.end - finding.start) / length * _STRIP - _GAP), 1),
    )


def _capitalised(words: str) -> str:
    words = encodable(words)
    return words[0].upper() + words[1:]
