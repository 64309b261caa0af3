"""The style sheet of a Word binary file, and the property modifiers that styles, paragraphs and runs consist of.

They decide what is a heading, a cell, a list item or a line of contents ([MS-DOC] 2.6, 2.9.271).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tclp_daemon.extract.word.doc_fib import u16

VANISH = 0x083C  # the modifier that hides text
_OPERAND = (1, 1, 2, 4, 2, 2, 0, 3)  # bytes, by the top three bits of a modifier; 0: the first byte says
_MAX_CHAIN = 32  # of styles based on each other; a loop must end
_MOST_STYLES = 0x0FFF


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Properties of one paragraph.

    Attributes:
        style: index of its style.
        outline: 0-based outline level, 9 for body text; None where its style decides.
        list_id, depth: 1-based list override (0: none) and 0-based level; None where its style decides.
        in_table, row_end: it is in a table; its mark ends a row, if it is a cell mark.
        inner_cell, inner_row_end: it ends a cell or a row of a nested table, where marks are paragraph marks.
    """

    style: int = 0
    outline: int | None = None
    list_id: int | None = None
    depth: int | None = None
    in_table: bool = False
    row_end: bool = False
    inner_cell: bool = False
    inner_row_end: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """A style.

    Attributes:
        sti: its built-in number.
        base: index of the style that it is based on.
        own: the properties that it sets itself.
        hidden: it hides its text.
    """

    sti: int
    base: int
    own: Paragraph
    hidden: bool


def modifiers(grpprl: bytes) -> Iterator[tuple[int, bytes]]:
    """The property modifiers in a list, with their operands, up to the first that does not fit."""
    at = 0
    while at + 2 <= len(grpprl):
        sprm = u16(grpprl, at)
        at += 2
        size = _OPERAND[sprm >> 13]
        if size == 0:
            if at >= len(grpprl):
                return
            if sprm == 0xD608:  # sprmTDefTable has a size of two bytes
                size = u16(grpprl, at) + 1
            else:
                size = grpprl[at] + 1
                if sprm == 0xC615 and grpprl[at] == 255:  # sprmPChgTabs with too many tabs to count
                    return
        yield sprm, grpprl[at : at + size]
        at += size


def paragraph_changes(grpprl: bytes) -> dict[str, Any]:
    """What a list of modifiers sets, by the name of the property; of several modifiers of one, the last counts."""
    changes: dict[str, Any] = {}
    for sprm, operand in modifiers(grpprl):
        value = int.from_bytes(operand[:4], "little")
        match sprm:
            case 0x4600:
                changes["style"] = value
            case 0x260A:
                changes["depth"] = value
            case 0x460B:
                changes["list_id"] = 0 if value > 0x7FFF else value
            case 0x2640:
                changes["outline"] = value
            case 0x2416:
                changes["in_table"] = bool(value)
            case 0x2417:
                changes["row_end"] = bool(value)
            case 0x244B:
                changes["inner_cell"] = bool(value)
            case 0x244C:
                changes["inner_row_end"] = bool(value)
    return changes


class Styles:
    """The style sheet ([MS-DOC] 2.9.271); unknown styles are plain."""

    def __init__(self, data: bytes) -> None:
        self._styles: dict[int, Style] = {}
        head = u16(data, 0)
        count, fixed = min(u16(data, 2), _MOST_STYLES), u16(data, 4)
        at = 2 + head
        for index in range(count):
            if at + 2 > len(data):
                break
            length = u16(data, at)
            if length >= 10:
                self._styles[index] = _style(data[at + 2 : at + 2 + length], fixed)
            at += 2 + length

    def chain(self, style: int) -> list[tuple[int, Style]]:
        """The style and those it is based on, nearest first."""
        found: list[tuple[int, Style]] = []
        while style in self._styles and len(found) < _MAX_CHAIN:
            found.append((style, self._styles[style]))
            style = self._styles[style].base
        return found

    def heading(self, paragraph: Paragraph) -> int:
        """1 to 9 for a heading, else 0."""
        if paragraph.outline is not None:
            return paragraph.outline + 1 if paragraph.outline < 9 else 0
        for _, style in self.chain(paragraph.style):
            if style.own.outline is not None:
                return style.own.outline + 1 if style.own.outline < 9 else 0
            if 1 <= style.sti <= 9:
                return style.sti
            if style.sti in (62, 74):  # Title, Subtitle
                return 1
        return 0

    def is_contents(self, paragraph: Paragraph) -> bool:
        """True where the style is that of a table of contents."""
        return any(19 <= style.sti <= 27 for _, style in self.chain(paragraph.style)[:1])

    def hidden(self, style: int) -> bool:
        """True where the style hides its text."""
        return any(found.hidden for _, found in self.chain(style))


def _style(data: bytes, fixed: int) -> Style:
    sti = u16(data, 0) & 0x0FFF
    kind, base = u16(data, 2) & 0xF, u16(data, 2) >> 4
    count = u16(data, 4) & 0xF
    at = fixed
    at += 2 + u16(data, at) * 2 + 2  # the name and its closing zero
    own, hidden = Paragraph(), False
    for index in range(min(count, 3)):
        at += at % 2
        length = u16(data, at)
        update = data[at + 2 : at + 2 + length]
        at += 2 + length
        if kind == 1 and index == 0:
            own = replace(own, **paragraph_changes(update[2:]))
        elif (kind == 1 and index == 1) or (kind == 2 and index == 0):
            hidden = any(sprm == VANISH and operand == b"\x01" for sprm, operand in modifiers(update))
    return Style(sti, base, own, hidden)
