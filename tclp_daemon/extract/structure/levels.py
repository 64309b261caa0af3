"""The levels that are open while the blocks of a document are visited from top to bottom: schedule, clause, item."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tclp_daemon.document import Block, BlockKind
from tclp_daemon.extract.structure.headings import is_label
from tclp_daemon.extract.structure.labels import Style, comes_next, readings, steps
from tclp_daemon.extract.structure.numbering import HEAD, Number
from tclp_daemon.extract.structure.series import Level, Role, place
from tclp_daemon.extract.structure.titles import is_contents_entry, run_in_heading

_PARTS = (Role.SCHEDULE, Role.ARTICLE)
_FIRST = frozenset("ai1")  # how series of items begin
_SUB = re.compile(r"\(([A-Za-z0-9]{1,5})\)")
_AGREED = re.compile(r"\b(?:agree[ds]?|covenants?|undertakes?|witness(?:es|eth))\b.{0,60}:$", re.IGNORECASE | re.DOTALL)
_IN_SENTENCE = re.compile(
    r"[;,\u037e](?:\s*(?:and|or|and/or))?$"
)  # some fonts have the Greek question mark as semicolon
# Headings that end a schedule and never stand inside one.
_ENDS_SCHEDULE = re.compile(
    r"(?:signatures?|signed|signatories|execution|executed|in witness|testimonium|attestation|background|recitals|"
    r"whereas|agreed terms|parties)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What follows a block.

    Attributes:
        number: the next number in the document.
        roman: for an "(i)" that may go on after "(h)", whether the numbers that follow it make it a roman number.
    """

    number: Number | None = None
    roman: bool | None = None


class OpenLevels:
    """The levels that are open at a place of the document.

    Args:
        listed: offsets of the blocks that only name a schedule in a list of schedules.
        lists: the file itself marks list items.
        restarts: each article counts its clauses from 1.
    """

    def __init__(self, listed: set[int], *, lists: bool, restarts: bool) -> None:
        self._lists = lists
        self._listed = listed
        self._restarts = restarts
        self._ended = False  # the block before is a complete sentence
        self._agreed = False  # it leads over from the recitals to the clauses
        self._announces = False  # it leads over from a clause to its list
        self._in_list = False  # it is an item that its sentence goes on after
        self._main: tuple[str, ...] = ()  # the last decimal number of the main body
        self._inner: tuple[str, ...] = ()  # and of the schedule that is open
        self._form = ""  # how its clauses are written: "." or ")"
        self._levels: list[Level] = []
        self._shown = 0  # how many of them the text stands under: after a list, not its last item
        self._heading: str | None = None
        self._cells: dict[tuple[int, ...], str] = {}  # titles of rows and tables
        self._awaits_heading = False
        self._seen_clause = False

    def leave(self, tail: str, numbered: bool) -> None:
        """Notes how the block just visited ended."""
        self._ended = tail.endswith(".")
        self._agreed = _AGREED.search(tail) is not None
        # A clause announces its list, or the text below its heading does.
        self._announces = tail.endswith(":") and (numbered or bool(self._levels and self._levels[-1].heading))
        if numbered:
            self._in_list = _IN_SENTENCE.search(tail) is not None

    def visit(self, head: str, block: Block, number: Number | None, ahead: Ahead, *, is_heading: bool) -> Block:
        """Opens the level that the block opens, and fills in where the block stands.

        Args:
            head: its first `HEAD` characters.
            block: as its reader made it.
            number: the clause number that it begins with.
            ahead: what follows it.
            is_heading: it is a heading.
        """
        complete = block.end - block.start < HEAD
        if block.contents or (number is not None and complete and is_contents_entry(head)):
            return self._contents_line(block, number)
        if block.kind is BlockKind.SIGNATURE:
            return self._signature(block)
        if number is None:
            is_heading = is_heading or (complete and self._lacks_title() and is_label(head))
            return self._unnumbered(head.strip(), block, ahead, is_heading)
        if number.style is Style.SCHEDULE and not (complete and self._is_part(block, number)):
            return replace(block, number=block.number or number.label, heading=self._current_heading())
        return self._numbered(head, block, number, ahead, is_heading)

    def _is_part(self, block: Block, number: Number) -> bool:
        """Whether a schedule begins here, and is not only named.

        The exhibit number on the first page of a filing names the complete document; but a file may be one schedule.
        """
        if block.start in self._listed:
            return False
        return self._seen_clause or (number.form != "Exhibit" and block.paragraph in (1, 2))

    def pass_over(self, block: Block) -> Block:
        """Fills in where a line stands that is not part of the text."""
        kind = BlockKind.PARAGRAPH if block.kind is BlockKind.HEADING else block.kind
        return replace(block, kind=kind, clause=self._clause(), heading=self._current_heading())

    def title_cell(self, place: tuple[int, ...], title: str) -> None:
        """Notes that a cell is the title of its row (table, row), or of the rows below it (table)."""
        self._cells[place] = _clean_title(title)

    def _contents_line(self, block: Block, number: Number | None) -> Block:
        if number is None:
            return replace(block, clause=self._clause(), heading=self._current_heading())
        return replace(block, number=block.number or number.label, clause=number.label + number.subs)

    def _signature(self, block: Block) -> Block:
        """The parties sign the document or a schedule of it, and no clause."""
        self._levels[:] = self._levels[:1] if self._in_schedule() else []
        self._shown = len(self._levels)
        if not self._levels:
            self._heading = None
        return replace(block, clause=self._clause(), heading=self._current_heading())

    def _unnumbered(self, title: str, block: Block, ahead: Ahead, is_heading: bool) -> Block:
        if is_heading:
            self._loose_heading(title, ahead.number, block.level)
        elif block.kind is BlockKind.PARAGRAPH:
            self._after_list(title)
        self._awaits_heading = False
        heading = title if is_heading else self._row_heading(block) or self._current_heading()
        kind = block.kind
        if is_heading or kind is BlockKind.HEADING:
            kind = BlockKind.HEADING if is_heading else BlockKind.PARAGRAPH
        return replace(block, kind=kind, clause=self._clause(), heading=heading)

    def _row_heading(self, block: Block) -> str | None:
        """What a cell on the cover page stands under: the first cell of its row, or a row that is a title."""
        if block.row is None or any(level.role is not Role.SCHEDULE for level in self._levels):
            return None
        return self._cells.get(block.row[:2] if block.row[2] > 1 else (), None) or self._cells.get(block.row[:1])

    def _lacks_title(self) -> bool:
        """Whether the block before is the number of a schedule or an article alone, so that its title may follow."""
        return self._awaits_heading and bool(self._levels) and self._levels[-1].role in _PARTS

    def _after_list(self, text: str) -> None:
        """Text behind a list that is part of a sentence goes on with that sentence, or follows it."""
        levels = self._levels
        if self._shown < len(levels) or not levels or levels[-1].role is not Role.ITEM:
            return
        if text[:1].islower():
            self._shown -= self._in_list
        elif self._ended:
            while self._shown and levels[self._shown - 1].in_sentence:
                self._shown -= 1

    def _numbered(self, head: str, block: Block, number: Number, ahead: Ahead, is_heading: bool) -> Block:
        rest = head[number.end :].strip() if number.end <= len(head) else head.strip()
        in_list = self._in_list
        self._open(number, block, rest, ahead, is_heading)
        self._shown = len(self._levels)
        self._seen_clause = True
        last = self._levels[-1]
        last.depth = block.level
        last.in_sentence = last.role is Role.ITEM and (rest[:1].islower() or (in_list and last.value > 1))
        title = (run_in_heading(rest, whole=True) or _clean_title(rest)) if is_heading else run_in_heading(rest)
        last.heading = title or None
        self._awaits_heading = not rest
        return replace(
            block,
            kind=BlockKind.HEADING if is_heading and block.kind is not BlockKind.TABLE_CELL else block.kind,
            number=block.number or self._written(number) + number.subs,
            clause=self._clause(),
            heading=self._current_heading(),
        )

    def _written(self, number: Number) -> str:
        """The number as the clause shows it: an "I." that opens an article is not "(I)"."""
        raw = number.label.strip("()")
        return raw if any(level.role is Role.ARTICLE and level.label == raw for level in self._levels) else number.label

    def _open(self, number: Number, block: Block, rest: str, ahead: Ahead, is_heading: bool) -> None:
        bare = number.label.strip("()")
        if number.style is Style.OTHER:
            self._open_other(number, block)
        elif number.style is Style.DECIMAL:
            form = number.form or "."
            plain = number.label.isdigit() and not number.subs and form in (".", ")")
            if plain and not is_heading and self._is_item(int(number.label), form, block, rest):
                self._open_item(int(number.label), form, block)
            elif number.label.isdigit() and self._counts_in_article():
                self._open_in_article(number)
            else:
                self._open_decimal(number)
        elif number.style is Style.SCHEDULE or (number.style is Style.ARTICLE and not readings(bare)):
            self._open_part(number)
        else:
            self._open_lettered(bare, number.form, ahead, is_heading)
        for sub in _SUB.findall(number.subs):
            self._open_lettered(sub, "()", Ahead(), False)

    def _open_part(self, number: Number) -> None:
        self._heading = None
        # Parts divide a schedule; an article after the schedules belongs to the main body again.
        inside = number.style is Style.ARTICLE and number.form != "Article"
        del self._levels[1 if inside and self._in_schedule() else 0 :]
        role = Role.SCHEDULE if number.style is Style.SCHEDULE else Role.ARTICLE
        self._levels.append(Level(role, number.style, number.label, form=number.form))
        self._inner = ()
        if role is Role.SCHEDULE:
            self._form = ""

    def _open_lettered(self, label: str, form: str, ahead: Ahead, is_heading: bool) -> None:
        levels = self._levels
        found = place(levels, label, form, nests=self._announces, roman=ahead.roman)
        at, style, value = found.at, found.style, found.value
        if style is Style.UPPER_ROMAN and form == "." and is_heading and at == len(levels):
            at = 1 if self._in_schedule() else 0
        del levels[at:]
        if style is Style.UPPER_ROMAN and form == "." and all(level.role is Role.SCHEDULE for level in levels):
            self._heading = None
            self._inner = ()
            levels.append(Level(Role.ARTICLE, style, label, value, form))
        else:
            levels.append(Level(Role.ITEM, style, f"({label})", value, form))

    def _open_other(self, number: Number, block: Block) -> None:
        """A number in a form that only its reader knows: it belongs below the levels that are less deep."""
        while self._levels and self._levels[-1].depth >= max(block.level, 1):
            self._levels.pop()
        role = Role.ITEM if self._levels and self._levels[-1].role is not Role.SCHEDULE else Role.ARTICLE
        label = f" {number.label}" if role is Role.ITEM else number.label
        self._levels.append(Level(role, Style.OTHER, label))

    def _is_item(self, value: int, form: str, block: Block, rest: str) -> bool:
        """Whether a plain "1." is an item of the level that is open, not a clause of the document."""
        top = next((level for level in self._levels if level.role is Role.DECIMAL), None)
        if top is None:
            return self._item_before(value, form, block) is not None or self._leads_items(value)
        if value == 1:
            listed = self._lists and block.kind is BlockKind.LIST_ITEM
            return not self._agreed and (self._announces or listed or form != self._form)
        if self._item_before(value, form, block) is None:
            return False
        if self._lists or value != _first_step(top.label) + 1:
            return True
        # "3." after item 2 of clause 2: if clause 2 has a title, so does clause 3.
        return not (run_in_heading(rest) or (top.heading is None and self._ended))

    def _leads_items(self, value: int) -> bool:
        """Whether letters are open that a plain number divides: those of an article, or those that have headings."""
        letters = [level for level in self._levels if level.role is Role.ITEM and level.style is not Style.DIGIT]
        if not letters:
            return False
        return self._levels[0].role is Role.ARTICLE or (value == 1 and letters[-1].heading is not None)

    def _item_before(self, value: int, form: str, block: Block) -> int | None:
        """The index, among the levels, of the item that this one follows."""
        for at in reversed(range(len(self._levels))):
            level = self._levels[at]
            follows = level.style is Style.DIGIT and level.form == form and level.value == value - 1
            if follows and (not self._lists or level.depth == block.level):
                return at
        return None

    def _open_item(self, value: int, form: str, block: Block) -> None:
        levels = self._levels
        at = self._item_before(value, form, block) if value > 1 else None
        if at is None:
            again = (i for i, level in enumerate(levels) if level.style is Style.DIGIT and level.form == form)
            at = next((i for i in again if not self._lists or levels[i].depth >= block.level), len(levels))
        del levels[at:]
        levels.append(Level(Role.ITEM, Style.DIGIT, f"({value})", value, form))

    def _counts_in_article(self) -> bool:
        return self._restarts and bool(self._levels) and self._levels[0].role is Role.ARTICLE

    def _open_in_article(self, number: Number) -> None:
        """A clause of an article where each article counts its own."""
        label = f", Section {number.label}" if number.form == "section" else f"({number.label})"
        self._levels[1:] = [Level(Role.ITEM, Style.DIGIT, label, int(number.label), number.form)]

    def _open_decimal(self, number: Number) -> None:
        levels, label = self._levels, number.label
        value = steps(label)
        if (
            self._in_schedule()
            and value[0] not in ("0", "1")
            and _follows(self._main, value)
            and not _follows(self._inner, value)
        ):
            levels.clear()  # the schedule was only mentioned: the main body continues
        if self._in_schedule():
            self._inner = value
        else:
            self._main = value
        if len(value) == 1:
            self._form = self._form or number.form or "."
        keep: list[Level] = []
        for level in levels:
            above = level.role is Role.DECIMAL and steps(level.label) == value[: len(steps(level.label))] != value
            if level.role in _PARTS or above:
                keep.append(level)
            elif level.role is not Role.DECIMAL:
                break
        levels[:] = [*keep, Level(Role.DECIMAL, Style.DECIMAL, label)]

    def _in_schedule(self) -> bool:
        return bool(self._levels) and self._levels[0].role is Role.SCHEDULE

    def _schedule_levels(self, title: str, depth: int) -> list[Level]:
        """The schedule and its part, which a heading inside the schedule does not end."""
        above = 0 < depth < self._levels[0].depth if self._levels else False
        if not self._in_schedule() or above or _ENDS_SCHEDULE.match(title):
            return []
        return [level for level in self._levels[:2] if level.role in _PARTS]

    def _loose_heading(self, title: str, upcoming: Number | None, depth: int) -> None:
        if self._awaits_heading and self._levels:
            self._levels[-1].heading = _clean_title(title)
            return
        if not self._continues(upcoming):
            self._levels[:] = self._schedule_levels(title, depth)
        self._shown = len(self._levels)
        for level in self._levels:
            level.heading = None
        self._heading = _clean_title(title)

    def _continues(self, upcoming: Number | None) -> bool:
        """True where the next number continues the clause that is open, so that a heading does not end it."""
        if upcoming is None or upcoming.style in (Style.SCHEDULE, Style.ARTICLE) or not self._levels:
            return False
        current = next((level.label for level in reversed(self._levels) if level.role is Role.DECIMAL), None)
        if upcoming.style is not Style.DECIMAL:
            # Recitals from (A) on that follow the parties (1) and (2) are a series of their own.
            inside = current is not None or self._levels[0].role in _PARTS
            return inside or upcoming.label.strip("()").lower() not in _FIRST
        if current is None:
            return False
        below, here = steps(upcoming.label), steps(current)
        return below[: len(here)] == here != below or below[:-1] == here[:-1] != ()

    def _current_heading(self) -> str | None:
        for level in reversed(self._levels[: self._shown]):
            if level.heading:
                return level.heading
        return self._heading

    def _clause(self) -> str | None:
        """The open levels as a lawyer would cite them; a decimal number already contains its parents."""
        lead, path = "", ""
        for level in self._levels[: self._shown]:
            if level.role is Role.SCHEDULE:
                lead = level.label
            elif level.role is Role.ARTICLE and lead:
                lead += f", {level.label}"
            elif level.role is Role.ITEM:
                path += level.label
            else:
                path = level.label
        if not lead:
            return path or None
        return f"{lead}, {path}" if path else lead


def _follows(before: Sequence[str], value: Sequence[str]) -> bool:
    """True where `value` is the next number after `before`: 4.3, 5 or 4.2.1 after 4.2."""
    if not before:
        return False
    size = len(value)
    if size > len(before):
        return tuple(value) == (*before, "1")
    return tuple(value[:-1]) == tuple(before[: size - 1]) and comes_next(before[size - 1], value[-1])


def _first_step(label: str) -> int:
    digits = re.match(r"\d+", label)
    return int(digits[0]) if digits else 0


def _clean_title(text: str) -> str:
    return text.strip().rstrip(".:–—- ").strip()
