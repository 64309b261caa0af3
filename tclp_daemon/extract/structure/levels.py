"""The levels that are open while the blocks of a document are visited from top to bottom: schedule, clause, item."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tclp_daemon.document import Block, BlockKind
from tclp_daemon.extract.structure.numbering import (
    HEAD,
    Number,
    Style,
    bracket_style,
    is_contents_entry,
    looks_like_heading,
    run_in_heading,
)

_PARTS = (Style.SCHEDULE, Style.ARTICLE)
_FIRST = frozenset("ai1")  # how series of items begin
_AGREED = re.compile(r"\b(?:agree[ds]?|covenants?|undertakes?|witness(?:es|eth))\b.{0,60}:$", re.IGNORECASE | re.DOTALL)
# Headings that end a schedule and never stand inside one.
_ENDS_SCHEDULE = re.compile(
    r"(?:signatures?|signed|signatories|execution|executed|in witness|testimonium|attestation|background|recitals|"
    r"whereas|agreed terms|parties)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Level:
    style: Style
    label: str
    heading: str | None = None
    depth: int = 0  # of the heading or list item that opened it
    item: bool = False  # an item of a list inside a clause, written "1."


class OpenLevels:
    """The levels that are open at a place of the document.

    Args:
        listed: offsets of the blocks that only name a schedule in a list of schedules.
        lists: the file itself marks list items.
    """

    def __init__(self, listed: set[int], *, lists: bool) -> None:
        self._lists = lists
        self._listed = listed
        self._ended = False  # the block before is a complete sentence
        self._agreed = False  # it leads over from the recitals to the clauses
        self._announces = False  # it leads over from a clause to its list
        self._main: tuple[int, ...] = ()  # the last decimal number of the main body
        self._inner: tuple[int, ...] = ()  # and of the schedule that is open
        self._levels: list[_Level] = []
        self._heading: str | None = None
        self._awaits_heading = False
        self._seen_clause = False

    def leave(self, tail: str, numbered: bool) -> None:
        """Notes how the block just visited ended."""
        self._ended = tail.endswith(".")
        self._agreed = _AGREED.search(tail) is not None
        self._announces = numbered and tail.endswith(":")

    def visit(self, head: str, block: Block, number: Number | None, upcoming: Number | None) -> Block:
        """Opens the level that the block opens, and fills in where the block stands.

        Args:
            head: its first `HEAD` characters.
            block: as its reader made it.
            number: the clause number that it begins with.
            upcoming: the next number in the document.
        """
        complete = block.end - block.start < HEAD
        if block.contents or (number is not None and complete and is_contents_entry(head)):
            return self._contents_line(block, number)
        if number is None:
            return self._unnumbered(head.strip(), block, upcoming)
        if number.style is Style.SCHEDULE and (block.start in self._listed or not (complete and self._seen_clause)):
            # The exhibit number on the first page of a filing names the complete document, not a part of it.
            return replace(block, number=block.number or number.label, heading=self._current_heading())
        is_heading = block.kind is BlockKind.HEADING or (
            block.kind is BlockKind.PARAGRAPH and complete and looks_like_heading(head)
        )
        return self._numbered(head, block, number, is_heading)

    def _contents_line(self, block: Block, number: Number | None) -> Block:
        if number is None:
            return replace(block, clause=self._clause(), heading=self._current_heading())
        return replace(block, number=block.number or number.label, clause=number.label + number.subs)

    def _unnumbered(self, title: str, block: Block, upcoming: Number | None) -> Block:
        is_heading = block.kind is BlockKind.HEADING
        if is_heading:
            self._loose_heading(title, upcoming, block.level)
        return replace(block, clause=self._clause(), heading=title if is_heading else self._current_heading())

    def _numbered(self, head: str, block: Block, number: Number, is_heading: bool) -> Block:
        rest = head[number.end :].strip() if number.end <= len(head) else head.strip()
        plain = number.style is Style.DECIMAL and number.label.isdigit() and head[:1].isdigit() and not number.subs
        if plain and not is_heading and self._is_item(int(number.label), block, rest):
            self._open_item(int(number.label), block)
        else:
            self._open(number)
        self._seen_clause = True
        self._levels[-1].depth = block.level
        title = _clean_title(rest) if is_heading else run_in_heading(rest)
        self._levels[-1].heading = title or None
        self._awaits_heading = not rest
        return replace(
            block,
            kind=BlockKind.HEADING if is_heading else block.kind,
            number=block.number or number.label + number.subs,
            clause=self._clause(),
            heading=self._current_heading(),
        )

    def _is_item(self, value: int, block: Block, rest: str) -> bool:
        """Whether a plain "1." is an item of the clause that is open, not a clause of the document."""
        top = next((level for level in self._levels if level.style is Style.DECIMAL), None)
        if top is None:
            return False
        if value == 1:
            return not self._agreed and (self._announces or (self._lists and block.kind is BlockKind.LIST_ITEM))
        if self._item_before(value, block) is None:
            return False
        if self._lists or value != int(top.label.split(".")[0]) + 1:
            return True
        # "3." after item 2 of clause 2: if clause 2 has a title, so does clause 3.
        return not (run_in_heading(rest) or (top.heading is None and self._ended))

    def _item_before(self, value: int, block: Block) -> int | None:
        """The index, among the levels, of the item that this one follows."""
        for at in reversed(range(len(self._levels))):
            level = self._levels[at]
            if level.item and level.label == f"({value - 1})" and (not self._lists or level.depth == block.level):
                return at
        return None

    def _open_item(self, value: int, block: Block) -> None:
        levels = self._levels
        at = self._item_before(value, block) if value > 1 else None
        if at is None:
            again = (i for i, level in enumerate(levels) if level.item)
            at = next((i for i in again if not self._lists or levels[i].depth >= block.level), len(levels))
        del levels[at:]
        levels.append(_Level(Style.DIGIT, f"({value})", item=True))

    def _open(self, number: Number) -> None:
        style, label = number.style, number.label
        levels = self._levels
        if style in _PARTS:
            self._heading = None
            # Parts divide a schedule; an article after the schedules belongs to the main body again.
            inside = style is Style.ARTICLE and not label.startswith("Article")
            del levels[1 if inside and self._in_schedule() else 0 :]
            levels.append(_Level(style, label))
            self._inner = ()
        elif style is Style.DECIMAL:
            self._open_decimal(label)
        else:
            style = self._settle_style(style, label)
            for depth, level in enumerate(levels):
                if level.style is style:
                    del levels[depth:]
                    break
            levels.append(_Level(style, label))
        for sub in re.findall(r"\([a-z0-9]{1,4}\)", number.subs):
            levels.append(_Level(bracket_style(sub[1:-1]), sub))

    def _open_decimal(self, label: str) -> None:
        levels = self._levels
        value = tuple(int(part) for part in label.split("."))
        if self._in_schedule() and value[0] > 1 and _follows(self._main, value) and not _follows(self._inner, value):
            levels.clear()  # the schedule was only mentioned: the main body continues
        if self._in_schedule():
            self._inner = value
        else:
            self._main = value
        depth = len(value)
        keep: list[_Level] = []
        for level in levels:
            if level.style in _PARTS:
                keep.append(level)
            elif level.style is Style.DECIMAL and len(level.label.split(".")) < depth:
                if label.startswith(level.label.removesuffix(".0") + "."):
                    keep.append(level)
            else:
                break
        levels[:] = [*keep, _Level(Style.DECIMAL, label)]

    def _settle_style(self, style: Style, label: str) -> Style:
        """(i) after (h) is a letter, and so is (ii) after (hh); (v) after (iv) is a roman number."""
        inner = label.strip("().")
        if style in (Style.ROMAN, Style.UPPER_ROMAN) and inner in (inner[0], 2 * inner[0]):
            letters = Style.LOWER if style is Style.ROMAN else Style.UPPER
            for level in reversed(self._levels):
                if level.style is style:
                    return style
                if level.style is letters:
                    before = level.label.strip("().")
                    next_one = chr(ord(before[0]) + 1) * len(before)
                    return letters if inner == next_one and before == before[0] * len(before) else style
            return letters if len(inner) == 1 and inner not in "iI" else style
        return style

    def _in_schedule(self) -> bool:
        return bool(self._levels) and self._levels[0].style is Style.SCHEDULE

    def _schedule_levels(self, title: str, depth: int) -> list[_Level]:
        """The schedule and its part, which a heading inside the schedule does not end."""
        above = 0 < depth < self._levels[0].depth if self._levels else False
        if not self._in_schedule() or above or _ENDS_SCHEDULE.match(title):
            return []
        return [level for level in self._levels[:2] if level.style in _PARTS]

    def _loose_heading(self, title: str, upcoming: Number | None, depth: int) -> None:
        if self._awaits_heading and self._levels:
            self._levels[-1].heading = _clean_title(title)
            self._awaits_heading = False
            return
        if not self._continues(upcoming):
            self._levels[:] = self._schedule_levels(title, depth)
        for level in self._levels:
            level.heading = None
        self._heading = _clean_title(title)

    def _continues(self, upcoming: Number | None) -> bool:
        """True where the next number continues the clause that is open, so that a heading does not end it."""
        if upcoming is None or upcoming.style in _PARTS or not self._levels:
            return False
        current = next((level.label for level in reversed(self._levels) if level.style is Style.DECIMAL), None)
        if upcoming.style is not Style.DECIMAL:
            # Recitals from (A) on that follow the parties (1) and (2) are a series of their own.
            inside = current is not None or self._levels[0].style in _PARTS
            return inside or upcoming.label.strip("()").lower() not in _FIRST
        if current is None:
            return False
        return (
            upcoming.label.startswith(f"{current}.") or upcoming.label.split(".")[:-1] == current.split(".")[:-1] != []
        )

    def _current_heading(self) -> str | None:
        for level in reversed(self._levels):
            if level.heading:
                return level.heading
        return self._heading

    def _clause(self) -> str | None:
        """The open levels as a lawyer would cite them; a decimal number already contains its parents."""
        lead, path = "", ""
        for level in self._levels:
            if level.style is Style.SCHEDULE:
                lead = level.label
            elif level.style is Style.ARTICLE and lead:
                lead += f", {level.label}"
            elif level.style is Style.DECIMAL or (level.style is Style.ARTICLE):
                path = level.label
            else:
                path += level.label if level.label.startswith("(") else f"({level.label.rstrip('.)')})"
        if not lead:
            return path or None
        return f"{lead}, {path}" if path else lead


def _follows(before: tuple[int, ...], value: tuple[int, ...]) -> bool:
    """True where `value` is the next number after `before`: 4.3, 5 or 4.2.1 after 4.2."""
    if not before:
        return False
    size = len(value)
    return value == (*before, 1) or (
        size <= len(before) and value[:-1] == before[: size - 1] and value[-1] == before[size - 1] + 1
    )


def _clean_title(text: str) -> str:
    return text.strip().rstrip(".:–—- ").strip()
