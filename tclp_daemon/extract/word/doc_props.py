"""The formatting of a Word binary file that decides what a reader sees ([MS-DOC] 2.4.6, 2.6, 2.9).

That is deleted and hidden text, symbols, tables, headings and automatic numbers.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tclp_daemon.extract.word import doc_fib
from tclp_daemon.extract.word.doc_fib import Piece, WordFile, u16, u32

_PAGE = 512
_DELETED, _VANISH, _SYMBOL, _CHAR_STYLE = 0x0800, 0x083C, 0x6A09, 0x4A30
_OPERAND = (1, 1, 2, 4, 2, 2, 0, 3)  # bytes, by the top three bits of a sprm; 0: the first byte says
_MAX_CHAIN = 32
_NO_STYLE = 0x0FFF


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
        count, fixed = min(u16(data, 2), _NO_STYLE), u16(data, 4)
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
            hidden = any(sprm == _VANISH and operand == b"\x01" for sprm, operand in modifiers(update))
    return Style(sti, base, own, hidden)


@dataclass(frozen=True, slots=True)
class _Run:
    start: int
    end: int
    grpprl: bytes
    style: int = 0


@dataclass(frozen=True, slots=True)
class _Effect:
    """What a list of character modifiers does: it hides the text, or shows a symbol (font, code) in its place."""

    hides: bool
    symbol: tuple[int, int] | None


class _Lists:
    """The lists of modifiers on one formatted disk page.

    Honest pages have each list once, however many runs share it. Lists that overlap come from damage, or are meant to
    make a small file large: once they add up to more than the page can have, the rest are taken as empty.
    """

    def __init__(self, page: bytes) -> None:
        self._page = page
        self._known: dict[tuple[int, int], bytes] = {}
        self._left = 2 * _PAGE

    def get(self, start: int, size: int) -> bytes:
        """The `size` bytes from `start` on."""
        found = self._known.get((start, size))
        if found is None:
            found = self._page[start : start + size] if len(self._page[start : start + size]) <= self._left else b""
            self._left -= len(found)
            self._known[start, size] = found
        return found


def _pages(file: WordFile, index: int) -> Iterator[bytes]:
    """The formatted disk pages that a bin table names ([MS-DOC] 2.8.5, 2.8.6), each once."""
    table = file.part(index)
    count = max(len(table) - 4, 0) // 8
    numbers = struct.unpack_from(f"<{count}I", table, (count + 1) * 4) if count else ()
    for number in dict.fromkeys(entry & 0x3F_FFFF for entry in numbers):
        page = file.main[number * _PAGE : (number + 1) * _PAGE]
        if len(page) == _PAGE:
            yield page


def _character_runs(file: WordFile) -> list[_Run]:
    runs = []
    for page in _pages(file, doc_fib.CHPX):
        lists = _Lists(page)
        count = min(page[511], 101)
        for index in range(count):
            at = page[(count + 1) * 4 + index] * 2
            if at:
                grpprl = lists.get(at + 1, page[at])
                runs.append(_Run(u32(page, index * 4), u32(page, index * 4 + 4), grpprl))
    return _sorted(runs)


def _paragraph_runs(file: WordFile) -> list[_Run]:
    runs = []
    for page in _pages(file, doc_fib.PAPX):
        lists = _Lists(page)
        count = min(page[511], 29)
        for index in range(count):
            at = page[(count + 1) * 4 + index * 13] * 2
            grpprl, style = b"", 0
            if at:
                size = page[at] * 2 - 1
                if size < 0 and at + 1 < _PAGE:
                    at += 1
                    size = page[at] * 2
                body = lists.get(at + 1, max(size, 0))
                style, grpprl = u16(body, 0), body[2:]
            runs.append(_Run(u32(page, index * 4), u32(page, index * 4 + 4), grpprl, style))
    return _sorted(runs)


def _sorted(runs: list[_Run]) -> list[_Run]:
    """In order and without overlaps, which only damaged files have."""
    kept: list[_Run] = []
    for run in sorted(runs, key=lambda found: (found.start, found.end)):
        if run.end > run.start and (not kept or run.start >= kept[-1].end):
            kept.append(run)
    return kept


class Formatting:
    """Answers, by character position, what formatting says about a Word file.

    Each list of modifiers is read once: many runs, pieces and paragraphs share one.
    """

    def __init__(self, file: WordFile) -> None:
        self.styles = Styles(file.part(doc_fib.STYLES))
        self._file = file
        self._paragraphs = _paragraph_runs(file)
        self._paragraph_starts = [run.start for run in self._paragraphs]
        self._piece_starts = [piece.start for piece in file.pieces]
        self._effects: dict[bytes, _Effect] = {}
        self._changes: dict[bytes, dict[str, Any]] = {}
        self._properties: dict[tuple[int, int], Paragraph] = {}
        self._symbol_starts: list[int] = []
        self._symbols: list[tuple[int, tuple[int, int]]] = []  # end, (font, code)
        self.hidden = bytearray(len(file.text))
        self._read_characters()

    def paragraph(self, mark: int) -> Paragraph:
        """Properties of the paragraph whose mark is at character position `mark`."""
        piece = self._piece(mark)
        if piece is None:
            return Paragraph()
        offset = piece.offset + (mark - piece.start) * piece.width
        at = bisect_right(self._paragraph_starts, offset) - 1
        if at >= 0 and offset >= self._paragraphs[at].end:
            at = -1
        found = self._properties.get((at, piece.prm))
        if found is None:
            found = Paragraph()
            if at >= 0:
                run = self._paragraphs[at]
                found = replace(found, **{"style": run.style, **self._paragraph_changes(run.grpprl)})
            if piece.prm:
                found = replace(found, **self._paragraph_changes(self._piece_modifiers(piece)))
            self._properties[at, piece.prm] = found
        return found

    def has_symbol(self, start: int, end: int) -> bool:
        """True where there is a symbol in [start, end)."""
        at = bisect_right(self._symbol_starts, start) - 1
        return (at >= 0 and self._symbols[at][0] > start) or (
            at + 1 < len(self._symbols) and self._symbol_starts[at + 1] < end
        )

    def symbol(self, position: int) -> tuple[int, int] | None:
        """Number of the font and code of the symbol at a character position."""
        at = bisect_right(self._symbol_starts, position) - 1
        return self._symbols[at][1] if at >= 0 and position < self._symbols[at][0] else None

    def _piece(self, position: int) -> Piece | None:
        at = bisect_right(self._piece_starts, position) - 1
        return self._file.pieces[at] if at >= 0 else None

    def _piece_modifiers(self, piece: Piece) -> bytes:
        """What a fast-saved file applies to a piece ([MS-DOC] 2.9.214): a list, or one modifier in short form."""
        if piece.prm & 1:
            index = piece.prm >> 1
            return self._file.modifiers[index] if index < len(self._file.modifiers) else b""
        sprm = {0x41: _DELETED, 0x5C: _VANISH, 0x0C: 0x260A, 0x18: 0x2416, 0x19: 0x2417}.get(piece.prm >> 1 & 0x7F)
        return struct.pack("<HB", sprm, piece.prm >> 8) if sprm else b""

    def _paragraph_changes(self, grpprl: bytes) -> dict[str, Any]:
        found = self._changes.get(grpprl)
        if found is None:
            found = self._changes[grpprl] = paragraph_changes(grpprl)
        return found

    def _read_characters(self) -> None:
        runs = _character_runs(self._file)
        starts = [run.start for run in runs]
        for piece in self._file.pieces:
            if piece.prm and self._effect(self._piece_modifiers(piece)).hides:
                self._hide(piece.start, piece.end)
            last = piece.offset + (piece.end - piece.start) * piece.width
            at = max(bisect_right(starts, piece.offset) - 1, 0)
            while at < len(runs) and runs[at].start < last:
                run = runs[at]
                at += 1
                start = piece.start + max(run.start - piece.offset, 0) // piece.width
                end = piece.start + (min(run.end, last) - piece.offset) // piece.width
                if end <= start or not run.grpprl:
                    continue
                effect = self._effect(run.grpprl)
                if effect.hides:
                    self._hide(start, end)
                if effect.symbol is not None:
                    self._symbol_starts.append(start)
                    self._symbols.append((end, effect.symbol))

    def _effect(self, grpprl: bytes) -> _Effect:
        found = self._effects.get(grpprl)
        if found is None:
            found = self._effects[grpprl] = self._read_effect(grpprl)
        return found

    def _read_effect(self, grpprl: bytes) -> _Effect:
        deleted, vanish, symbol = False, None, None
        for sprm, operand in modifiers(grpprl):
            if sprm == _DELETED:
                deleted = operand == b"\x01"
            elif sprm == _VANISH:
                vanish = operand in (b"\x01", b"\x81")
            elif sprm == _CHAR_STYLE and vanish is None and self.styles.hidden(u16(operand, 0)):
                vanish = True
            elif sprm == _SYMBOL and len(operand) == 4:
                symbol = (u16(operand, 0), u16(operand, 2))
        return _Effect(deleted or bool(vanish), symbol)

    def _hide(self, start: int, end: int) -> None:
        end = min(end, len(self.hidden))
        if start < end:
            self.hidden[start:end] = b"\x01" * (end - start)


def font_names(data: bytes) -> list[str]:
    """Names of the fonts ([MS-DOC] 2.9.286), which symbols refer to by number."""
    names = []
    at = 4
    for _ in range(min(u16(data, 0), 4096)):
        if at >= len(data):
            break
        length = data[at] + 1
        name = data[at + 40 : at + length].decode("utf-16-le", errors="replace")
        names.append(name.split("\x00", 1)[0])
        at += length
    return names
