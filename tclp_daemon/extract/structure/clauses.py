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

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from tclp_daemon.document import Block, BlockKind
from tclp_daemon.extract.structure.apart import set_apart
from tclp_daemon.extract.structure.contents import contents_lines
from tclp_daemon.extract.structure.contents_lists import listed_contents, wrapped_entries
from tclp_daemon.extract.structure.doubts import settle_doubts
from tclp_daemon.extract.structure.headings import is_heading, is_label, names
from tclp_daemon.extract.structure.labels import Style
from tclp_daemon.extract.structure.levels import Ahead, OpenLevels
from tclp_daemon.extract.structure.line_ends import refers
from tclp_daemon.extract.structure.numbering import HEAD, Number, find_number, skip_space
from tclp_daemon.extract.structure.running_lines import running_lines, wrongly_running
from tclp_daemon.extract.structure.titles import is_contents_entry

_PROSE = 60  # characters; a row of a table that is at least this long is running text
# The only schedule of a document has no number.
_LONE = "SCHEDULE"
_LONE_SCHEDULE = re.compile(
    r"(?:THE )?(SCHEDULE|ANNEX|ANNEXURE|APPENDIX)[.:]?|(?:The )?(Schedule|Annex|Annexure|Appendix)[.:]?"
)
_FEWEST_LISTED = 3  # schedules
_LOOK_AHEAD = 60  # numbers
_CITABLE = (Style.SCHEDULE, Style.ARTICLE, Style.DECIMAL)
_RUNS_ON = (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM)
_NO_CLAUSES = (
    BlockKind.HEADER_FOOTER,
    BlockKind.FOOTNOTE,
    BlockKind.SIGNATURE,
    BlockKind.ADDRESS,
    BlockKind.LISTING,
)
_TAIL = 100  # characters at the end of a block that can announce what follows


def assign_clauses(
    text: str, blocks: Sequence[Block], *, lists: bool = False, headers_are_guessed: bool = False
) -> tuple[Block, ...]:
    """Fills in `number`, `clause`, `heading` and `contents` of each block, and says what its wording shows it to be.

    Args:
        text: the complete text.
        blocks: its blocks, in order.
        lists: the file itself marks list items, so a list that begins inside a clause is a list of its own. In other
            formats a colon has to announce it.
        headers_are_guessed: the file does not mark page headers and footers, so that they are found by their words.
    """
    entries = contents_lines(text, blocks) | listed_contents(text, blocks)
    entries |= wrapped_entries(text, blocks, entries)
    blocks = [replace(block, contents=True) if block.start in entries else block for block in blocks]
    running = running_lines(text, blocks)
    if headers_are_guessed:
        kinds = dict.fromkeys(wrongly_running(text, blocks, running), BlockKind.PARAGRAPH)
        kinds |= dict.fromkeys(running, BlockKind.HEADER_FOOTER)
        blocks = [replace(block, kind=kinds[at]) if at in kinds else block for at, block in enumerate(blocks)]
    blocks = set_apart(text, blocks)
    numbers = _numbers(text, blocks, running)
    following = _following(numbers)
    levels = OpenLevels(_listed_schedules(text, blocks, numbers), lists=lists, restarts=_restarts(numbers))
    titles = _title_cells(text, blocks)
    done = []
    for at, (block, number, ahead) in enumerate(zip(blocks, numbers, following, strict=True)):
        if block.kind in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE) or at in running:
            done.append(levels.pass_over(block) if at in running and not headers_are_guessed else block)
            continue
        if at in titles:
            levels.title_cell(titles[at], text[block.start : block.end])
        head = text[block.start : min(block.end, block.start + HEAD)]
        heads = is_heading(text, blocks, numbers, at)
        done.append(levels.visit(head, block, number, ahead, is_heading=heads))
        levels.leave(text[max(block.start, block.end - _TAIL) : block.end], number is not None)
    return tuple(done)


def _numbers(text: str, blocks: Sequence[Block], running: set[int]) -> list[Number | None]:
    """The clause number that each block begins with."""
    laid_out = _laid_out_tables(text, blocks)
    found: list[Number | None] = []
    before = ""
    for at, block in enumerate(blocks):
        number = None
        if not (at in running or block.kind in _NO_CLAUSES or (block.row is not None and block.row[0] not in laid_out)):
            number = _block_number(text, block)
            if number is not None and block.number is None and refers(before) and number.style in _CITABLE:
                number = None  # "... as set out in | Appendix 6."
        found.append(number)
        if block.kind not in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
            before = text[max(block.start, block.end - _TAIL) : block.end] if block.kind in _RUNS_ON else ""
    return settle_doubts(_without_lone_schedules(found))


def _without_lone_schedules(numbers: Sequence[Number | None]) -> list[Number | None]:
    """The same numbers; "SCHEDULE" alone opens one only where the document has no other, and says it once."""
    schedules = [number.label for number in numbers if number is not None and number.style is Style.SCHEDULE]
    if len(schedules) < 2:
        return list(numbers)
    return [None if number is not None and number.form == _LONE else number for number in numbers]


def _title_cells(text: str, blocks: Sequence[Block]) -> dict[int, tuple[int, ...]]:
    """The cells that are titles: of their row (table, row), or, alone in their row, of the rows below (table).

    A key in the first column names what stands beside it ("Delivery schedule"), except where the table has more columns
    and its cells are only data.
    """
    rows: dict[tuple[int, int], list[int]] = defaultdict(list)
    widest: dict[int, int] = defaultdict(int)
    for at, block in enumerate(blocks):
        if block.row is not None:
            rows[block.row[:2]].append(at)
            widest[block.row[0]] = max(widest[block.row[0]], block.row[2])
    found: dict[int, tuple[int, ...]] = {}
    for place, cells in rows.items():
        first, longest = blocks[cells[0]], max(blocks[at].end - blocks[at].start for at in cells)
        if widest[place[0]] < 2 or first.row is None or first.row[2] != 1:
            continue
        if is_label(text[first.start : min(first.end, first.start + HEAD)]):
            if len(cells) == 1:
                found[cells[0]] = place[:1]
            elif widest[place[0]] == 2 or longest >= _PROSE:
                found[cells[0]] = place
    return found


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
    """Offsets of the blocks that name a schedule in a list of schedules.

    Each is named again after others, or several of them follow one another with nothing between them.
    """
    seen = [
        (number.label, block.start)
        for block, number in zip(blocks, numbers, strict=True)
        if number is not None
        and number.style is Style.SCHEDULE
        and block.end - block.start < HEAD
        and not block.contents
        and not is_contents_entry(text[block.start : block.end])
    ]
    listed: set[int] = _in_a_row(blocks, {start for _, start in seen})
    later: set[str] = set()
    following: tuple[str, int] | None = None
    for label, start in reversed(seen):
        if following is not None and (following[1] in listed if label == following[0] else label in later):
            listed.add(start)
        later.add(label)
        following = (label, start)
    return listed


def _in_a_row(blocks: Sequence[Block], schedules: set[int]) -> set[int]:
    """The schedules that stand in a row of at least three."""
    listed: set[int] = set()
    row: list[int] = []
    for block in blocks:
        if block.kind in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
            continue
        if block.start in schedules:
            row.append(block.start)
            continue
        if len(row) >= _FEWEST_LISTED:
            listed.update(row)
        row = []
    return listed


def _block_number(text: str, block: Block) -> Number | None:
    if block.kind in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
        return None
    head = text[block.start : min(block.end, block.start + HEAD)]
    if block.number:
        # The reader rendered an automatic number: the text begins with the same number.
        shown = find_number(f"{block.number} X") or find_number(f"{block.number}. X")
        after = len(block.number)
        after += head[after : after + 1] in (".", ":")
        end = skip_space(head, after) if head.startswith(block.number) else 0
        if shown is None:
            return Number(Style.OTHER, block.number, end)
        return replace(
            shown, end=end, form=head[after - 1] if head[after - 1 : after] == "." else shown.form, doubtful=False
        )
    if match := _LONE_SCHEDULE.fullmatch(head):
        return Number(Style.SCHEDULE, (match[1] or match[2]).capitalize(), len(head), form=_LONE)
    number = find_number(head, bare=True)
    if number is not None and number.doubtful and number.end >= len(head) and number.label[0].isalpha():
        return None  # "A.2" and "D-2" alone are the number of a drawing or of a page
    if number is not None and block.kind is BlockKind.HEADING and not number.form and not names(head):
        return replace(number, doubtful=False)  # "4 Climate"
    return number


def _restarts(numbers: Sequence[Number | None]) -> bool:
    """Whether each article counts its clauses from 1."""
    restarted, fresh = 0, False
    for number in numbers:
        if number is None:
            continue
        if number.style is Style.SCHEDULE and restarted:
            break
        if number.style is Style.ARTICLE:
            fresh = True
        elif fresh and number.style is Style.DECIMAL:
            restarted += number.label == "1"
            fresh = False
    return restarted > 1


def _following(numbers: Sequence[Number | None]) -> list[Ahead]:
    """What follows each number."""
    shown = [number for number in numbers if number is not None]
    result: list[Ahead] = []
    passed = 0
    for number in numbers:
        passed += number is not None
        following = shown[passed] if passed < len(shown) else None
        roman = None
        if number is not None and number.label.strip("()") in ("i", "I"):
            roman = _counts_roman(number, shown[passed : passed + _LOOK_AHEAD])
        result.append(Ahead(following, roman))
    return result


def _counts_roman(number: Number, following: Sequence[Number]) -> bool | None:
    """Whether "(i)" is a roman number: "(ii)" comes before "(j)". None where nothing tells."""
    label = number.label.strip("()")
    second, letter = ("ii", "j") if label == "i" else ("II", "J")
    for other in following:
        if other.form == number.form and (shown := other.label.strip("()")) in (label, second, letter):
            return None if shown == label else shown == second
    return None
