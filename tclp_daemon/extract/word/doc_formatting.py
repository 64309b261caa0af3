"""The formatting of a Word binary file, by character position: how text looks, and the properties of paragraphs.

It is on pages of 512 bytes that list runs of the file with their property modifiers ([MS-DOC] 2.4.6, 2.9).
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tclp_daemon.extract.word import doc_fib
from tclp_daemon.extract.word.doc_fib import Piece, WordFile, u16, u32
from tclp_daemon.extract.word.doc_looks import Looks
from tclp_daemon.extract.word.doc_styles import DELETED, VANISH, Paragraph, Styles, paragraph_changes
from tclp_daemon.extract.word.symbols import is_symbol_font

MARKS = re.compile("[\r\x07\x0c]")  # what paragraphs and cells end with
_PAGE = 512


@dataclass(frozen=True, slots=True)
class _Run:
    start: int
    end: int
    grpprl: bytes
    style: int = 0


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

    Attributes:
        styles: the style sheet.
        fonts: the names of the fonts, by number.
        looks: how the characters look.
        hidden: a byte for each character, 1 where it is deleted or hidden.
    """

    def __init__(self, file: WordFile) -> None:
        self.styles = Styles(file.part(doc_fib.STYLES))
        self._file = file
        self._paragraphs = _paragraph_runs(file)
        self._paragraph_starts = [run.start for run in self._paragraphs]
        self._piece_starts = [piece.start for piece in file.pieces]
        self._changes: dict[bytes, dict[str, Any]] = {}
        self._properties: dict[tuple[int, bytes, int], Paragraph] = {}
        self.fonts = font_names(file.part(doc_fib.FONTS))
        symbol_fonts = (number for number, name in enumerate(self.fonts) if is_symbol_font(name))
        self.looks = Looks(len(file.text), self.styles, symbol_fonts)
        self._read_characters()
        if self.styles.hide_paragraphs:
            self._hide_by_style()
        self.hidden = self.looks.hidden()

    def paragraph(self, mark: int) -> Paragraph:
        """Properties of the paragraph whose mark is at character position `mark`."""
        piece = self._piece(mark)
        if piece is None:
            return Paragraph()
        offset = piece.offset + (mark - piece.start) * piece.width
        at = bisect_right(self._paragraph_starts, offset) - 1
        if at >= 0 and offset >= self._paragraphs[at].end:
            at = -1
        style, grpprl = (self._paragraphs[at].style, self._paragraphs[at].grpprl) if at >= 0 else (0, b"")
        found = self._properties.get((style, grpprl, piece.prm))
        if found is None:
            found = Paragraph(**{"style": style, **self._paragraph_changes(grpprl)})
            if piece.prm:
                found = replace(found, **self._paragraph_changes(self._piece_modifiers(piece)))
            self._properties[style, grpprl, piece.prm] = found
        return found

    def _piece(self, position: int) -> Piece | None:
        at = bisect_right(self._piece_starts, position) - 1
        return self._file.pieces[at] if at >= 0 else None

    def _piece_modifiers(self, piece: Piece) -> bytes:
        """What a fast-saved file applies to a piece ([MS-DOC] 2.9.214): a list, or one modifier in short form."""
        if piece.prm & 1:
            index = piece.prm >> 1
            return self._file.modifiers[index] if index < len(self._file.modifiers) else b""
        sprm = {0x41: DELETED, 0x5C: VANISH, 0x0C: 0x260A, 0x18: 0x2416, 0x19: 0x2417}.get(piece.prm >> 1 & 0x7F)
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
            over = self._piece_modifiers(piece) if piece.prm else b""
            if over:
                self.looks.paint(piece.start, piece.end, over)
            last = piece.offset + (piece.end - piece.start) * piece.width
            at = max(bisect_right(starts, piece.offset) - 1, 0)
            while at < len(runs) and runs[at].start < last:
                run = runs[at]
                at += 1
                start = piece.start + max(run.start - piece.offset, 0) // piece.width
                end = piece.start + (min(run.end, last) - piece.offset) // piece.width
                if end > start and run.grpprl:
                    self.looks.paint(start, end, run.grpprl, over)
        for spans in (self.looks.symbols, self.looks.pictures, self.looks.signs):
            spans.settle()

    def _hide_by_style(self) -> None:
        start = 0
        for match in MARKS.finditer(self._file.text):
            if self.styles.look(self.paragraph(match.start()).style).hidden:
                self.looks.hide_by_style(start, match.end())
            start = match.end()


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
