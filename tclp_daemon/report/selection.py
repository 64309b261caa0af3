"""Which parts of a contract its report shows: all of it, unless it is so long that no browser would open the page.

Text is shown from the beginning until the page is full. After that only the surroundings of the findings are shown;
where text is left out, the page says how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tclp_daemon.document import Block

MOST = 6_000_000  # characters of HTML; a thousand pages of a contract are half of that
# Later findings are marked where the text is shown anyway, but have no links, and their surroundings are not added.
MOST_FINDINGS = 2_000
_TAGS = 60  # characters of markup around a block
_AROUND = 400  # characters shown before and after a finding
_LONGEST = 4_000  # characters shown of a finding, at most
_SPECIAL = "&<>\"'"  # each becomes five characters


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding as a range of the text; `number` is its place in the list, from 1."""

    start: int
    end: int
    number: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A number of characters that are not shown."""

    characters: int


def select(text: str, blocks: Sequence[Block], marks: Sequence[Mark], most: int = MOST) -> list[Block | LeftOut]:
    """The blocks, or parts of them, that are shown, and the gaps between them.

    Args:
        text: of the document.
        blocks: in text order.
        marks: in text order, not overlapping.
        most: characters of HTML.
    """
    left = most
    index = 0
    while index < len(blocks) and (cost := _cost(text, blocks[index])) <= left:
        left -= cost
        index += 1
    shown: list[Block | LeftOut] = list(blocks[:index])
    if index == len(blocks):
        return shown
    cut = replace(blocks[index], end=min(blocks[index].start + left // 5, blocks[index].end))
    if cut.end - cut.start > _AROUND:
        shown.append(cut)
    else:
        cut = replace(cut, end=cut.start)
    return shown + _around(blocks[index:], marks, cut.end)


def _around(blocks: Sequence[Block], marks: Sequence[Mark], at: int) -> list[Block | LeftOut]:
    """The surroundings of the findings from the offset `at` on, and the gaps between them."""
    found: list[Block | LeftOut] = []
    coming = iter(mark for mark in marks if mark.start >= at and mark.number <= MOST_FINDINGS)
    mark = next(coming, None)
    hidden = 0
    for block in blocks:
        at = max(at, block.start)
        while mark is not None and mark.start < block.end:
            if mark.end > at:
                start = max(at, mark.start - _AROUND)
                end = min(block.end, mark.start + _LONGEST, mark.end + _AROUND)
                hidden += start - at
                if hidden:
                    found.append(LeftOut(hidden))
                found.append(replace(block, start=start, end=end))
                at, hidden = end, 0
            mark = next(coming, None)
        hidden += block.end - at
    if hidden:
        found.append(LeftOut(hidden))
    return found


def _cost(text: str, block: Block) -> int:
    special = sum(text.count(char, block.start, block.end) for char in _SPECIAL)
    return _TAGS + block.end - block.start + 4 * special
