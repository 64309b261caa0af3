"""Which clause and which heading a block stands under, from the numbers that the blocks show.

A number at the start of a block opens a level; the levels that are open make the clause ("11.4(b)").

* Lists: "1." to "3." below "2.3 The Customer shall not:" are items of that clause: "2.3(1)".
* Schedules: what follows belongs to the schedule, including its parts and headings ("Schedule 2, Part 1, 3"), until
  the next schedule, the signatures, or a number that continues the main body. Where the same schedules appear a second
  time, the first mention is a list of them.
* Tables: numbers in cells are data and open nothing, unless the table only lays out numbered text.
* Contents: the lines of a table of contents show numbers but open nothing (`contents`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from tclp_daemon.document import Block, BlockKind
from tclp_daemon.extract.structure.contents import contents_lines
from tclp_daemon.extract.structure.levels import OpenLevels
from tclp_daemon.extract.structure.numbering import (
    HEAD,
    Number,
    Style,
    find_number,
    is_contents_entry,
    looks_like_heading,
    skip_space,
)

_PROSE = 60  # characters; a row of a table that is at least this long is running text
_TAIL = 100  # characters at the end of a block that can announce what follows


def assign_clauses(text: str, blocks: Sequence[Block], *, lists: bool = False) -> tuple[Block, ...]:
    """Fills in `number`, `clause`, `heading` and `contents` of each block, and makes headings of obvious ones.

    Args:
        text: the complete text.
        blocks: its blocks, in order.
        lists: the file itself marks list items, so a list that begins inside a clause is a list of its own. In other
            formats a colon has to announce it.
    """
    entries = contents_lines(text, blocks)
    blocks = [replace(block, contents=True) if block.start in entries else block for block in blocks]
    laid_out = _laid_out_tables(text, blocks)
    numbers = [
        None if block.row is not None and block.row[0] not in laid_out else _block_number(text, block)
        for block in blocks
    ]
    following = _next_numbers(numbers)
    levels = OpenLevels(_listed_schedules(text, blocks, numbers), lists=lists)
    done = []
    for block, number, upcoming in zip(blocks, numbers, following, strict=True):
        if block.kind in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
            done.append(block)
            continue
        done.append(levels.visit(text[block.start : min(block.end, block.start + HEAD)], block, number, upcoming))
        levels.leave(text[max(block.start, block.end - _TAIL) : block.end], number is not None)
    return tuple(done)


def _laid_out_tables(text: str, blocks: Sequence[Block]) -> set[int]:
    """The tables that only lay out numbered text: a single column, or rows of prose that begin with a number."""
    rows: dict[int, dict[int, list[Block]]] = defaultdict(lambda: defaultdict(list))
    for block in blocks:
        if block.row is not None:
            rows[block.row[0]][block.row[1]].append(block)
    found = set()
    for table, cells in rows.items():
        lines = [cells[at] for at in sorted(cells)]
        if all(len(line) == 1 for line in lines):
            found.add(table)
            continue
        first = next(line[0] for line in lines if len(line) > 1)  # a title above the table is a row of one cell
        prose = median(max(cell.end - cell.start for cell in line) for line in lines) >= _PROSE
        if prose and _block_number(text, first) is not None:
            found.add(table)
    return found


def _listed_schedules(text: str, blocks: Sequence[Block], numbers: Sequence[Number | None]) -> set[int]:
    """Offsets of the blocks that name a schedule in a list of schedules: each is named again after others."""
    seen = [
        (number.label, block.start)
        for block, number in zip(blocks, numbers, strict=True)
        if number is not None
        and number.style is Style.SCHEDULE
        and block.end - block.start < HEAD
        and not block.contents
        and not is_contents_entry(text[block.start : block.end])
    ]
    listed: set[int] = set()
    later: set[str] = set()
    following: tuple[str, int] | None = None
    for label, start in reversed(seen):
        if following is not None and (following[1] in listed if label == following[0] else label in later):
            listed.add(start)
        later.add(label)
        following = (label, start)
    return listed


def _block_number(text: str, block: Block) -> Number | None:
    if block.kind in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
        return None
    head = text[block.start : min(block.end, block.start + HEAD)]
    if block.number:
        # The reader rendered an automatic number: the text begins with the same number.
        shown = find_number(f"{block.number} X") or find_number(f"{block.number}. X")
        if shown is not None:
            after = len(block.number)
            after += head[after : after + 1] in (".", ":")
            end = skip_space(head, after) if head.startswith(block.number) else 0
            return replace(shown, end=end)
    bare = block.kind in (BlockKind.HEADING, BlockKind.LIST_ITEM)
    return find_number(head, bare=bare or (block.end - block.start < 120 and looks_like_heading(head)))


def _next_numbers(numbers: Sequence[Number | None]) -> list[Number | None]:
    upcoming: Number | None = None
    result: list[Number | None] = []
    for number in reversed(numbers):
        result.append(upcoming)
        upcoming = number or upcoming
    return result[::-1]
