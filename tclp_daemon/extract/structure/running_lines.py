"""Lines that come back on every page of a format without pages: page numbers with words, and what stands beside them.

"Framework Agreement 2050 47" is one because the same words come again with 48 and 49; "WORKING DRAFT" because it mostly
stands next to such a line.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from tclp_daemon.document import Block, BlockKind
from tclp_daemon.extract.structure.line_ends import ends_sentence
from tclp_daemon.extract.structure.numbering import find_number
from tclp_daemon.extract.structure.titles import is_title

_LONGEST = 120  # characters
_FEWEST = 3  # pages
_BESIDE = 0.6  # share of its places at which a line without a number stands next to one with a page number
_PAGE = re.compile(r"\bpage\b", re.IGNORECASE)  # in a table that only lays out the page
_NUMBER = re.compile(r"\d+")


def running_lines(text: str, blocks: Sequence[Block]) -> set[int]:
    """Indexes of the blocks that are headers and footers of pages, though no reader knew the pages."""
    if any(block.page is not None for block in blocks):
        return set()
    repeated = _repeated(text, blocks)
    found = {at for places in repeated.values() for at in _counting(text, blocks, places)}
    beside = found | {at for at, block in enumerate(blocks) if block.kind is BlockKind.HEADER_FOOTER}
    if not found:
        return found
    for wording, places in repeated.items():
        if "#" in wording:
            continue
        near = sum(1 for at in places if at - 1 in beside or at + 1 in beside)
        if len(places) >= _FEWEST and near >= _BESIDE * len(places):
            found.update(places)
    return found


def wrongly_running(text: str, blocks: Sequence[Block], running: set[int]) -> set[int]:
    """Indexes of headings that a reader took for headers because they come back: no page ends beside them."""
    kept = {at for at, block in enumerate(blocks) if block.kind is BlockKind.HEADER_FOOTER}
    numbered = {at for at in kept if _NUMBER.search(text[blocks[at].start : blocks[at].end])}
    edges = running | numbered
    if not running:
        return set()
    return {
        at
        for at in kept - edges
        if is_title(text[blocks[at].start : blocks[at].end]) and at - 1 not in edges and at + 1 not in edges
    }


def _repeated(text: str, blocks: Sequence[Block]) -> dict[str, list[int]]:
    """The places of each short line by its wording, with "#" for each number."""
    places: dict[str, list[int]] = defaultdict(list)
    for at, block in enumerate(blocks):
        if block.end - block.start <= _LONGEST and not block.contents and block.number is None:
            line = text[block.start : block.end]
            if (
                not ends_sentence(line)
                and any(char.isalpha() for char in line)
                and (block.row is None or _PAGE.search(line))
            ):
                places[_NUMBER.sub("#", line)].append(at)
    return {wording: found for wording, found in places.items() if len(found) >= _FEWEST}


def _counting(text: str, blocks: Sequence[Block], places: Sequence[int]) -> Sequence[int]:
    """The places, if the last or the last but one number of the line counts them and its other numbers stay."""
    rows = [[int(each[-9:]) for each in _NUMBER.findall(text[blocks[at].start : blocks[at].end])] for at in places]
    columns = list(zip(*rows, strict=True))
    changing = [column for column in columns if len(set(column)) > 1]
    if len(changing) != 1 or _begins_with_number(text, blocks[places[0]]):
        return ()
    values = changing[0]
    steps = [after - before for before, after in pairwise(values)]
    counts = sum(1 for step in steps if step in (1, 2)) >= 0.8 * len(steps)
    apart = sum(1 for before, after in pairwise(places) if after - before > 1)
    return places if counts and apart >= 0.8 * len(steps) else ()


def _begins_with_number(text: str, block: Block) -> bool:
    """Whether the line may open a clause ("ARTICLE 5", "1. Duties of Acme"): its number stands first."""
    return find_number(text[block.start : block.end], bare=True) is not None
