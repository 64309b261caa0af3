"""Findings -> the clauses that they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.result import Clause, Finding

# Findings under no number that are further apart, in characters, are two clauses.
_APART = 1500
_ITEM = re.compile(r"(?:\s*\([^()]{1,6}\))+$")
_Place = tuple[str | None, str | None]


def clauses_of(document: Document, findings: Sequence[Finding]) -> tuple[Clause, ...]:
    """The clauses that hold findings, in text order; each finding is in one of them.

    A clause is what stands under one number without its items, so "11.4(b)" belongs to "11.4". Its other sentences say
    nothing about the climate alone, but belong to it. Where there are no numbers, findings near each other under the
    same heading are one clause.

    Args:
        document: the document that the findings point into.
        findings: in text order.
    """
    return tuple(_clause(document, findings, members) for members in _together(findings))


def _together(findings: Sequence[Finding]) -> Iterator[list[int]]:
    for (number, _), group in groupby(
        range(len(findings)), key=lambda i: _place(findings[i].clause, findings[i].heading)
    ):
        members: list[int] = []
        for i in group:
            if members and number is None and findings[i].start - findings[members[-1]].end > _APART:
                yield members
                members = []
            members.append(i)
        yield members


def _place(clause: str | None, heading: str | None) -> _Place:
    return (_ITEM.sub("", clause) or clause if clause else None), heading


def _clause(document: Document, findings: Sequence[Finding], members: Sequence[int]) -> Clause:
    held = [findings[i] for i in members]
    strongest = sorted(held, key=lambda finding: (-finding.counted, -finding.probability))
    number, heading = _place(held[0].clause, held[0].heading)
    start, end = held[0].start, held[-1].end
    if number is not None:
        start, end = _extent(document, (number, heading), start, end)
    return Clause(
        clause=number,
        heading=heading,
        page=document.page_at(start),
        start=start,
        end=end,
        findings=tuple(members),
        topics=tuple(dict.fromkeys(topic for finding in strongest for topic in finding.topics)),
        probability=strongest[0].probability,
    )


def _extent(document: Document, place: _Place, start: int, end: int) -> tuple[int, int]:
    """The run of blocks around the findings that stand under the same number and heading."""
    blocks = [b for b in document.blocks if not b.contents and b.kind is not BlockKind.HEADER_FOOTER]

    def here(block: Block) -> bool:
        return _place(block.clause, block.heading) == place

    for same, run in groupby(blocks, key=here):
        found = list(run)
        if same and found[0].start <= start and end <= found[-1].end:
            return found[0].start, found[-1].end
    return start, end
