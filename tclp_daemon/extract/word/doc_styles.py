"""The style sheet of a Word binary file, and the property modifiers that styles, paragraphs and runs consist of.

They decide what is a heading, a cell, a list item or a line of contents ([MS-DOC] 2.6, 2.9.271).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tclp_daemon.extract.word.doc_fib import u16

DELETED, VANISH, CHAR_STYLE = 0x0800, 0x083C, 0x4A30
_STRUCK = (0x0837, 0x2A53)
_STANDS_OUT = (0x0835, 0x083A, 0x083B)  # bold, small capitals, capitals
_UNDERLINED, _COLOUR, _OLD_COLOUR, _WHITE = 0x2A3E, 0x6870, 0x2A42, 8
_SHADED = (0x4866, 0xCA71, 0x2A0C)
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
        shaded: it stands on another colour than that of the paper.
        inner_cell, inner_row_end: it ends a cell or a row of a nested table, where marks are paragraph marks.
    """

    style: int = 0
    outline: int | None = None
    list_id: int | None = None
    depth: int | None = None
    in_table: bool = False
    row_end: bool = False
    shaded: bool = False
    inner_cell: bool = False
    inner_row_end: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """How characters look, as far as modifiers say; None where they say nothing.

    Attributes:
        hidden: they are not printed.
        deleted: a tracked change removes them.
        stands_out: they look like a heading: bold, underlined or in capitals.
        struck: they are struck out.
        white: they have the colour of the paper.
        shaded: they stand on another colour.
    """

    hidden: bool | None = None
    deleted: bool | None = None
    stands_out: bool | None = None
    struck: bool | None = None
    white: bool | None = None
    shaded: bool | None = None

    def over(self, base: Look) -> Look:
        """This look, with what it does not set taken from `base`."""
        if base is PLAIN:
            return self
        return Look(*(getattr(base if getattr(self, name) is None else self, name) for name in Look.__slots__))


PLAIN = Look()


@dataclass(frozen=True, slots=True)
class Style:
    """A style.

    Attributes:
        sti: its built-in number.
        base: index of the style that it is based on.
        own: the properties that it sets itself.
        look: how its text looks.
    """

    sti: int
    base: int
    own: Paragraph
    look: Look


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
            case 0x442D | 0xC64D:
                changes["shaded"] = _is_coloured({0x442D: 0x4866, 0xC64D: 0xCA71}[sprm], operand)
            case 0x244B:
                changes["inner_cell"] = bool(value)
            case 0x244C:
                changes["inner_row_end"] = bool(value)
    return changes


def look_of(grpprl: bytes) -> Look:
    """How the text looks that has these modifiers of characters; of several modifiers of one property, the last counts.

    A property that is switched on or off takes 0x80 for what the style says and 0x81 for the opposite, which is "on"
    for whatever is worth saying.
    """
    found: dict[str, bool | None] = {}
    looks: dict[int, bool | None] = {}
    for sprm, operand in modifiers(grpprl):
        value = int.from_bytes(operand[:4], "little")
        switched = None if value == 0x80 else value in (0x01, 0x81)
        if sprm == VANISH:
            found["hidden"] = switched
        elif sprm == DELETED:
            found["deleted"] = value == 1
        elif sprm in _STANDS_OUT:
            looks[sprm] = switched
        elif sprm == _UNDERLINED:
            looks[sprm] = value != 0
        elif sprm in _STRUCK:
            found["struck"] = found.get("struck") or switched
        elif sprm == _COLOUR:
            found["white"] = value == 0x00FFFFFF
        elif sprm == _OLD_COLOUR:
            found["white"] = value == _WHITE
        elif sprm in _SHADED:
            found["shaded"] = found.get("shaded") or _is_coloured(sprm, operand)
    if looks:
        said = [each for each in looks.values() if each is not None]
        found["stands_out"] = any(said) if said else None
    return Look(**found) if found else PLAIN


def _is_coloured(sprm: int, operand: bytes) -> bool:
    """Whether a modifier that shades text paints something else than the colour of the paper ([MS-DOC] 2.9.247)."""
    if sprm == 0xCA71:
        background, pattern = u16(operand, 5) | operand[7:8].ljust(1, b"\0")[0] << 16, u16(operand, 9)
        return (operand[8:9] != b"\xff" and background != 0xFFFFFF) or pattern not in (0, 0xFFFF)
    value = u16(operand, 0)
    if sprm == 0x4866:
        return value >> 5 & 0x1F not in (0, _WHITE) or value >> 10 not in (0, 0x3F)
    return value not in (0, _WHITE)


class Styles:
    """The style sheet ([MS-DOC] 2.9.271); unknown styles are plain."""

    def __init__(self, data: bytes) -> None:
        self._styles: dict[int, Style] = {}
        self._looks: dict[int, Look] = {}
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

    @property
    def hide_paragraphs(self) -> bool:
        """Whether any style hides its text, as hardly any does."""
        return any(style.look.hidden for style in self._styles.values())

    def look(self, style: int) -> Look:
        """How text in a style looks."""
        found = self._looks.get(style)
        if found is None:
            found = PLAIN
            for _, each in self.chain(style):
                found = found.over(each.look)
            self._looks[style] = found
        return found


def _style(data: bytes, fixed: int) -> Style:
    sti = u16(data, 0) & 0x0FFF
    kind, base = u16(data, 2) & 0xF, u16(data, 2) >> 4
    count = u16(data, 4) & 0xF
    at = fixed
    at += 2 + u16(data, at) * 2 + 2  # the name and its closing zero
    own, look = Paragraph(), PLAIN
    for index in range(min(count, 3)):
        at += at % 2
        length = u16(data, at)
        update = data[at + 2 : at + 2 + length]
        at += 2 + length
        if kind == 1 and index == 0:
            own = replace(own, **paragraph_changes(update[2:]))
        elif (kind == 1 and index == 1) or (kind == 2 and index == 0):
            look = look_of(update)
    return Style(sti, base, own, look)
