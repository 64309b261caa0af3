"""The outline of a document as its numbers make it: which levels are open, and how a lawyer would cite them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tclp_daemon.document import Block, BlockKind
from tclp_daemon.extract.structure.labels import Style, comes_next, readings, steps
from tclp_daemon.extract.structure.numbering import Number
from tclp_daemon.extract.structure.series import Level, Role, place
from tclp_daemon.extract.structure.titles import run_in_heading

PARTS = (Role.SCHEDULE, Role.ARTICLE)
_DEEPEST = 12  # levels; no contract has as many, and each number is compared with all that are open
_OF_ARTICLES = (".", "")  # "II. Climate"; "II Climate" is a number where the file marks headings
_SUB = re.compile(r"\(([A-Za-z0-9]{1,5})\)")


@dataclass(frozen=True, slots=True)
class Around:
    """What stands before and behind a number.

    Attributes:
        ended: the block before is a complete sentence.
        agreed: it leads over from the recitals to the clauses.
        announces: it leads over from a clause to its list.
        roman: for an "(i)" that may go on after "(h)", whether the numbers that follow it make it a roman number.
    """

    ended: bool = False
    agreed: bool = False
    announces: bool = False
    roman: bool | None = None


class Outline:
    """The levels that are open, outermost first.

    Args:
        lists: the file itself marks list items.
        restarts: each article counts its clauses from 1.
    """

    def __init__(self, *, lists: bool, restarts: bool) -> None:
        self.levels: list[Level] = []
        self._lists = lists
        self._restarts = restarts
        self._main: tuple[str, ...] = ()  # the last decimal number of the main body
        self._inner: tuple[str, ...] = ()  # and of the schedule that is open
        self._form = ""  # how its clauses are written: "." or ")"

    def clause(self, shown: int) -> str | None:
        """The first `shown` levels as a lawyer would cite them; a decimal number already contains its parents."""
        lead, path = "", ""
        for level in self.levels[:shown]:
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

    def open(self, number: Number, block: Block, rest: str, around: Around, *, is_heading: bool) -> None:
        """Opens the level of a number.

        Args:
            number: the number.
            block: that begins with it.
            rest: its text, without the number.
            around: what stands before and behind.
            is_heading: the block is a heading.
        """
        bare = number.label.strip("()")
        if number.style is Style.OTHER:
            self._open_other(number, block)
        elif number.style is Style.DECIMAL:
            form = number.form or "."
            plain = number.label.isdigit() and not number.subs and form in (".", ")")
            if plain and not is_heading and self._is_item(int(number.label), form, block, rest, around):
                self._open_item(int(number.label), form, block)
            elif number.label.isdigit() and self._counts_in_article():
                self._open_in_article(number)
            else:
                self._open_decimal(number)
        elif number.style is Style.SCHEDULE or (number.style is Style.ARTICLE and not readings(bare)):
            self._open_part(number)
        else:
            self._open_lettered(bare, number.form, around, is_heading=is_heading)
        for sub in _SUB.findall(number.subs):
            self._open_lettered(sub, "()", Around(), is_heading=False)

    def _open_part(self, number: Number) -> None:
        # Parts divide a schedule; an article after the schedules belongs to the main body again.
        inside = number.style is Style.ARTICLE and number.form != "Article"
        del self.levels[1 if inside and self.in_schedule() else 0 :]
        role = Role.SCHEDULE if number.style is Style.SCHEDULE else Role.ARTICLE
        self.levels.append(Level(role, number.style, number.label, form=number.form))
        self._inner = ()
        if role is Role.SCHEDULE:
            self._form = ""

    def _open_lettered(self, label: str, form: str, around: Around, *, is_heading: bool) -> None:
        levels = self.levels
        found = place(levels, label, form, nests=around.announces, roman=around.roman)
        at, style, value = min(found.at, _DEEPEST), found.style, found.value
        if style is Style.UPPER_ROMAN and form in _OF_ARTICLES and is_heading and at == len(levels):
            at = 1 if self.in_schedule() else 0
        del levels[at:]
        if style is Style.UPPER_ROMAN and form in _OF_ARTICLES and all(level.role is Role.SCHEDULE for level in levels):
            self._inner = ()
            levels.append(Level(Role.ARTICLE, style, label, value, form))
        else:
            levels.append(Level(Role.ITEM, style, f"({label})", value, form))

    def _open_other(self, number: Number, block: Block) -> None:
        """A number in a form that only its reader knows: it belongs below the levels that are less deep."""
        while self.levels and self.levels[-1].depth >= max(block.level, 1):
            self.levels.pop()
        role = Role.ITEM if self.levels and self.levels[-1].role is not Role.SCHEDULE else Role.ARTICLE
        label = f" {number.label}" if role is Role.ITEM else number.label
        self.levels.append(Level(role, Style.OTHER, label))

    def _is_item(self, value: int, form: str, block: Block, rest: str, around: Around) -> bool:
        """Whether a plain "1." is an item of the level that is open, not a clause of the document."""
        top = next((level for level in self.levels if level.role is Role.DECIMAL), None)
        if top is None:
            return self._item_before(value, form, block) is not None or self._leads_items(value)
        if value == 1:
            listed = self._lists and block.kind is BlockKind.LIST_ITEM
            return not around.agreed and (around.announces or listed or form != self._form)
        if self._item_before(value, form, block) is None:
            return False
        if self._lists or value != _first_step(top.label) + 1:
            return True
        # "3." after item 2 of clause 2: if clause 2 has a title, so does clause 3.
        return not (run_in_heading(rest) or (top.heading is None and around.ended))

    def _leads_items(self, value: int) -> bool:
        """Whether letters are open that a plain number divides: those of an article, or those that have headings."""
        letters = [level for level in self.levels if level.role is Role.ITEM and level.style is not Style.DIGIT]
        if not letters:
            return False
        return self.levels[0].role is Role.ARTICLE or (value == 1 and letters[-1].heading is not None)

    def _item_before(self, value: int, form: str, block: Block) -> int | None:
        """The index, among the levels, of the item that this one follows."""
        for at in reversed(range(len(self.levels))):
            level = self.levels[at]
            follows = level.style is Style.DIGIT and level.form == form and level.value == value - 1
            if follows and (not self._lists or level.depth == block.level):
                return at
        return None

    def _open_item(self, value: int, form: str, block: Block) -> None:
        levels = self.levels
        at = self._item_before(value, form, block) if value > 1 else None
        if at is None:
            again = (i for i, level in enumerate(levels) if level.style is Style.DIGIT and level.form == form)
            at = next((i for i in again if not self._lists or levels[i].depth >= block.level), len(levels))
        del levels[min(at, _DEEPEST) :]
        levels.append(Level(Role.ITEM, Style.DIGIT, f"({value})", value, form))

    def _counts_in_article(self) -> bool:
        return self._restarts and bool(self.levels) and self.levels[0].role is Role.ARTICLE

    def _open_in_article(self, number: Number) -> None:
        """A clause of an article where each article counts its own."""
        label = f", Section {number.label}" if number.form == "section" else f"({number.label})"
        self.levels[1:] = [Level(Role.ITEM, Style.DIGIT, label, int(number.label), number.form)]

    def _open_decimal(self, number: Number) -> None:
        levels, label = self.levels, number.label
        value = steps(label)
        goes_on = value[0] not in ("0", "1") and _follows(self._main, value) and not _follows(self._inner, value)
        if goes_on and self.in_schedule():
            levels.clear()  # the schedule was only mentioned: the main body continues
        if self.in_schedule():
            self._inner = value
        else:
            self._main = value
        if len(value) == 1:
            self._form = self._form or number.form or "."
        same = [at for at, level in enumerate(levels) if level.role is Role.DECIMAL and level.label == label]
        if number.subs and same:  # "4(a)" below "4. Climate"
            del levels[same[-1] + 1 :]
            return
        keep: list[Level] = []
        for level in levels:
            above = level.role is Role.DECIMAL and steps(level.label) == value[: len(steps(level.label))] != value
            # "A.1" below "A. Climate"
            lettered = level.role is Role.ITEM and value[0].isalpha() and level.label.strip("()") == value[0]
            if level.role in PARTS or above or (lettered and len(value) > 1):
                keep.append(level)
            elif level.role is not Role.DECIMAL:
                break
        levels[:] = [*keep, Level(Role.DECIMAL, Style.DECIMAL, label)]

    def in_schedule(self) -> bool:
        """Whether a schedule is open."""
        return bool(self.levels) and self.levels[0].role is Role.SCHEDULE


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
