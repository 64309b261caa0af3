"""Which clause and which heading a block stands under, from the numbers that the blocks show.

A number at the start of a block opens a level; the levels that are open make the clause ("11.4(b)").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tclp_daemon.document import Block, BlockKind
from tclp_daemon.extract.numbering import (
    HEAD,
    Number,
    Style,
    bracket_style,
    find_number,
    is_contents_entry,
    looks_like_heading,
    run_in_heading,
    skip_space,
)


@dataclass(slots=True)
class _Level:
    style: Style
    label: str
    heading: str | None = None


def assign_clauses(text: str, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Fills `number`, `clause` and `heading` of each block, and makes headings of blocks that are plainly headings."""
    numbers = [_block_number(text, block) for block in blocks]
    following = _next_numbers(numbers)
    state = _State()
    done = []
    for block, number, upcoming in zip(blocks, numbers, following, strict=True):
        if block.kind in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
            done.append(block)
            continue
        done.append(state.visit(text[block.start : min(block.end, block.start + HEAD)], block, number, upcoming))
    return tuple(done)


class _State:
    """The levels that are open while the blocks are read from top to bottom."""

    def __init__(self) -> None:
        self._levels: list[_Level] = []
        self._heading: str | None = None
        self._awaits_heading = False
        self._seen_clause = False

    def visit(self, head: str, block: Block, number: Number | None, upcoming: Number | None) -> Block:
        whole = block.end - block.start < HEAD
        rest = head[number.end :].strip() if number and number.end <= len(head) else head.strip()
        if number is not None and whole and is_contents_entry(head):
            return replace(block, number=block.number or number.label, clause=number.label + number.subs)
        if number is not None and not self._plausible(number, block):
            number = None
            rest = head.strip()
        is_heading = block.kind is BlockKind.HEADING
        if block.kind is BlockKind.PARAGRAPH and whole and (number is not None) and looks_like_heading(head):
            is_heading = True
        if number is None:
            if is_heading:
                self._loose_heading(rest, upcoming)
            return replace(block, clause=self._clause(), heading=rest if is_heading else self._current_heading())
        if number.style is Style.SCHEDULE and not (whole and self._seen_clause):
            # The exhibit number on the first page of a filing names the whole document, not a part of it.
            return replace(block, number=block.number or number.label, heading=self._current_heading())
        self._open(number)
        self._seen_clause = True
        title = _clean_title(rest) if is_heading else run_in_heading(rest)
        self._levels[-1].heading = title or None
        self._awaits_heading = not rest
        kind = BlockKind.HEADING if is_heading else block.kind
        return replace(
            block,
            kind=kind,
            number=block.number or number.label + number.subs,
            clause=self._clause(),
            heading=self._current_heading(),
        )

    def _plausible(self, number: Number, block: Block) -> bool:
        """An integer without a dot counts where the reader said heading or list item, or where it is the next one."""
        if number.style is not Style.DECIMAL or "." in number.label:
            return True
        if block.kind in (BlockKind.HEADING, BlockKind.LIST_ITEM):
            return True
        return block.kind is not BlockKind.TABLE_CELL

    def _open(self, number: Number) -> None:
        style, label = number.style, number.label
        levels = self._levels
        if style in (Style.SCHEDULE, Style.ARTICLE):
            self._heading = None
            levels.clear()
            levels.append(_Level(style, label))
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
        depth = len(label.split("."))
        keep: list[_Level] = []
        for level in levels:
            if level.style in (Style.SCHEDULE, Style.ARTICLE):
                keep.append(level)
            elif level.style is Style.DECIMAL and len(level.label.split(".")) < depth:
                if label.startswith(level.label.removesuffix(".0") + "."):
                    keep.append(level)
            else:
                break
        levels[:] = [*keep, _Level(Style.DECIMAL, label)]

    def _settle_style(self, style: Style, label: str) -> Style:
        """(i) after (h) is a letter, and (v) after (iv) a roman number."""
        inner = label.strip("().")
        if style in (Style.ROMAN, Style.UPPER_ROMAN) and len(inner) == 1:
            letters = Style.LOWER if style is Style.ROMAN else Style.UPPER
            for level in reversed(self._levels):
                if level.style is style:
                    return style
                if level.style is letters:
                    before = level.label.strip("().")
                    return letters if len(before) == 1 and ord(inner) == ord(before) + 1 else style
            return style if inner in "iI" else letters
        return style

    def _loose_heading(self, title: str, upcoming: Number | None) -> None:
        if self._awaits_heading and self._levels:
            self._levels[-1].heading = _clean_title(title)
            self._awaits_heading = False
            return
        if not self._continues(upcoming):
            self._levels.clear()
        for level in self._levels:
            level.heading = None
        self._heading = _clean_title(title)

    def _continues(self, upcoming: Number | None) -> bool:
        """True where the next number goes on inside the clause that is open, so that a heading does not end it."""
        if upcoming is None or not self._levels:
            return False
        current = next((level.label for level in reversed(self._levels) if level.style is Style.DECIMAL), None)
        if upcoming.style is not Style.DECIMAL:
            return upcoming.style not in (Style.ARTICLE, Style.SCHEDULE)
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
        """The open levels as a reader would cite them; a decimal number holds its parents already."""
        lead, path = "", ""
        for level in self._levels:
            if level.style is Style.SCHEDULE:
                lead = level.label
            elif level.style is Style.DECIMAL or (level.style is Style.ARTICLE):
                path = level.label
            else:
                path += level.label if level.label.startswith("(") else f"({level.label.rstrip('.)')})"
        if not lead:
            return path or None
        return f"{lead}, {path}" if path else lead


def _block_number(text: str, block: Block) -> Number | None:
    if block.kind in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
        return None
    head = text[block.start : min(block.end, block.start + HEAD)]
    if block.number:
        # A reader that renders automatic numbers says so; its text begins with the same number.
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


def _clean_title(text: str) -> str:
    return text.strip().rstrip(".:–—- ").strip()
