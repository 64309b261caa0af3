"""Findings -> the clauses that they stand in."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import takewhile

from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.result import Clause, Finding

# A section without a number that is longer than this is divided where its findings are further apart than that, both
# in characters.
_LONG = 3000
_APART = 1500
# "Schedule 2, 11.4.1(b)" is "Schedule 2, 11.4", and what is below it. What is below is told from it by its shape only,
# since a label can be anything.
_LABEL = re.compile(r"([^.(]*(?:\.\w+)?)(?:\.\w+|\s*\([^()]{1,6}\))*")
_STEP = re.compile(r"\.\w+|\s*\([^()]{1,6}\)|[^.(]+|.")
# What a page puts between two blocks of a clause.
_BETWEEN = (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE)


def clauses_of(document: Document, findings: Sequence[Finding]) -> tuple[Clause, ...]:
    """The clauses that hold findings, in text order; each finding is in one of them.

    A clause is what stands under one number and heading without a break, items included: "11.4(b)" and "11.4.1" belong
    to "11.4" unless they have headings of their own. What stands under no number is one clause up to the next heading;
    if that is long, findings near each other are one. The other sentences of a clause say nothing about the climate
    alone, but belong to it.

    Args:
        document: the document that the findings point into.
        findings: in text order.
    """
    sections = _Sections(document)
    return tuple(_clause(document, sections, at, findings, members) for at, members in _together(sections, findings))


def _together(sections: _Sections, findings: Sequence[Finding]) -> Iterator[tuple[int, list[int]]]:
    """(section, findings in it) for each clause."""
    members: list[int] = []
    at = -1
    for index, finding in enumerate(findings):
        section = sections.at(finding.start)
        far = members and finding.start - findings[members[-1]].end > _APART
        if members and (section != at or section < 0 or (far and sections.is_divided(section))):
            yield at, members
            members = []
        at = section
        members.append(index)
    if members:
        yield at, members


def _clause(
    document: Document, sections: _Sections, at: int, findings: Sequence[Finding], members: Sequence[int]
) -> Clause:
    held = [findings[i] for i in members]
    strongest = sorted(held, key=lambda finding: (-finding.counted, -finding.probability))
    start, end = sections.around(at, held[0].start, held[-1].end)
    return Clause(
        clause=sections.number(at) or _joined(reduce(_shared, (_steps(finding.clause) for finding in held))),
        heading=_title(held[0].heading),
        page=document.page_at(start),
        start=start,
        end=end,
        findings=tuple(members),
        topics=tuple(dict.fromkeys(topic for finding in strongest for topic in finding.topics)),
        probability=strongest[0].probability,
    )


@dataclass(slots=True)
class _Section:
    """The blocks `first` to `last` of the body, which stand under the same number and heading."""

    place: tuple[str, str | None]
    first: int
    last: int
    steps: Sequence[str]


class _Sections:
    """The body of a document in sections. Built in one pass; each question then takes logarithmic time."""

    def __init__(self, document: Document) -> None:
        self._body = [block for block in document.blocks if not (block.contents or block.kind in _BETWEEN)]
        self._starts = [block.start for block in self._body]
        self._sections: list[_Section] = []
        self._section_of: list[int] = []
        for index, block in enumerate(self._body):
            place, steps = _place(block), _steps(block.clause)
            if self._sections and self._sections[-1].place == place:
                section = self._sections[-1]
                section.last = index
                section.steps = _shared(section.steps, steps)
            else:
                self._sections.append(_Section(place, index, index, steps))
            self._section_of.append(len(self._sections) - 1)

    def at(self, offset: int) -> int:
        """Index of the section around an offset; -1 where there is none, as in a footnote between two sections."""
        block = bisect_right(self._starts, offset) - 1
        if block < 0:
            return -1
        index = self._section_of[block]
        return index if offset < self._body[self._sections[index].last].end else -1

    def number(self, index: int) -> str | None:
        """What the numbers of a section's blocks have in common; None where that is nothing."""
        return _joined(self._sections[index].steps) if index >= 0 else None

    def is_divided(self, index: int) -> bool:
        """Whether a section is too long for one clause."""
        section = self._sections[index]
        length = self._body[section.last].end - self._body[section.first].start
        return not section.place[0] and length > _LONG

    def around(self, index: int, start: int, end: int) -> tuple[int, int]:
        """The section, or of one that is divided the blocks that a range touches; the range where there is neither."""
        if index < 0:
            return start, end
        first, last = self._sections[index].first, self._sections[index].last
        if self.is_divided(index):
            first, last = (bisect_right(self._starts, at) - 1 for at in (start, end - 1))
        return self._body[first].start, max(self._body[last].end, end)


def _place(block: Block) -> tuple[str, str | None]:
    """The number that a block stands under, without items, "" where it has none; and the heading."""
    label = block.clause or ""
    match = _LABEL.fullmatch(label)
    return match[1] if match else label, _title(block.heading)


def _title(heading: str | None) -> str | None:
    """A heading as those who stand under it have it: without the stop that it itself may end with."""
    return heading.rstrip(" .:") if heading else None


def _steps(clause: str | None) -> Sequence[str]:
    """`["11", ".4", "(b)"]` for "11.4(b)"."""
    return _STEP.findall(clause or "")


def _shared(first: Sequence[str], second: Sequence[str]) -> Sequence[str]:
    """The steps with which both begin."""
    return [one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))]


def _joined(steps: Sequence[str]) -> str | None:
    return "".join(steps) or None
