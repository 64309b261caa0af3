"""What a page shows besides text: pictures, and letters that were drawn as outlines.

Only asked of pages that hold few words. Mostly nothing is decoded or rendered: the boxes of the objects are enough.
"""

from __future__ import annotations

import ctypes
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.ink import has_print
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.page_objects import Box, PageObjects
from tclp_daemon.extract.pdf.page_objects import Painted as PaintedObject

_GRID = 32  # cells of a page, each way: a line of text is about as high as one
_MOST_SEGMENTS = 50_000
_LEAST_PIXELS = 2_500  # fewer cannot show words: a tint, a gradient
_WHITE = 255
_SIGN_SEGMENTS = 5  # a rule has one segment, the sides of a box are four


@dataclass(frozen=True, slots=True)
class Painted:
    """What is painted on a page.

    Attributes:
        pictures: share of the page that pictures cover.
        signs: shapes that may be letters: outlines that are not rules or boxes, and pictures as small as a letter.
        spread: share of the page over which they lie.
        invisible: text objects in invisible ink, as text recognition leaves them; counted where there is a picture.
        under: text objects under a picture.
        anything: whether there is a shape or a picture at all, rules and the white ground of some programs aside.
        printed: whether something else looks like print, see `ink`.
        largest: (width, height) in pixels and bytes of the largest picture, by which it is known again on other pages.
    """

    pictures: float = 0.0
    signs: int = 0
    spread: float = 0.0
    invisible: int = 0
    under: int = 0
    anything: bool = False
    largest: tuple[int, int, int] = (0, 0, 0)
    printed: bool = False


def painted(page: Any, number: int, found: PageObjects) -> Painted:
    """What is painted on a page.

    Args:
        page: a loaded `pypdfium2.PdfPage`.
        number: 1-based.
        found: its objects.
    """
    look = _Look(found)
    for path in found.paths:
        look.add_path(path)
    if found.images:
        look.add_pictures()
    result = look.result()
    return replace(result, printed=True, anything=True) if has_print(page, number, found) else result


class _Look:
    def __init__(self, found: PageObjects) -> None:
        self._found = found
        self._pictures = _Cells(found.sheet)
        self._signs = _Cells(found.sheet)
        self._count = 0
        self._segments = 0
        self._pixels = 0
        self._largest = (0, 0, 0)
        self._invisible = 0
        self._under = 0
        self._anything = False
        self._size = (ctypes.c_uint(), ctypes.c_uint())
        self._colour = [ctypes.c_uint() for _ in range(4)]

    def add_path(self, found: PaintedObject) -> None:
        """Adds a shape."""
        self._anything = self._anything or not (self._is_white(found.handle) or _is_rule(found.box()))
        self._add_signs(found)

    def add_pictures(self) -> None:
        """Adds the pictures, and the text that is only of interest where there are some."""
        self._anything = True
        seen = []  # places of the texts in the order of painting
        for text in self._found.texts:
            if pdfium.FPDFTextObj_GetTextRenderMode(text.handle) == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE:
                self._invisible += 1
            else:
                seen.append(text.order)
        for picture in self._found.images:
            self._add_picture(picture.handle, picture.box(), bisect_left(seen, picture.order))

    def _is_white(self, item: Any) -> bool:
        known = pdfium.FPDFPageObj_GetFillColor(item, *self._colour)
        return bool(known) and all(value.value == _WHITE for value in self._colour[:3])

    def result(self) -> Painted:
        pictures = self._pictures.share if self._pixels >= _LEAST_PIXELS else 0.0
        return Painted(
            pictures, self._count, self._signs.share, self._invisible, self._under, self._anything, self._largest
        )

    def _add_picture(self, item: Any, box: Box, seen: int) -> None:
        width, height = self._size
        pdfium.FPDFImageObj_GetImagePixelSize(item, width, height)
        self._pixels += width.value * height.value
        if width.value * height.value > self._largest[0] * self._largest[1]:
            size = pdfium.FPDFImageObj_GetImageDataRaw(item, None, 0)
            self._largest = (width.value, height.value, size)
        share = self._pictures.mark(box)
        if share > LAYOUT.background:
            self._under = seen
        if box[3] - box[1] < LAYOUT.letter_most:
            self._count += 1
            self._signs.mark(box)

    def _add_signs(self, found: PaintedObject) -> None:
        item = found.handle
        segments = max(pdfium.FPDFPath_CountSegments(item), 0)
        if segments < _SIGN_SEGMENTS or self._segments > _MOST_SEGMENTS:
            return
        self._segments += segments
        signs = _count_signs(item, min(segments, _MOST_SEGMENTS))
        if signs:
            self._count += signs
            self._signs.mark(found.box())


class _Cells:
    """The cells of a page that boxes touch."""

    def __init__(self, sheet: Box) -> None:
        self._sheet = sheet
        self._rows = [0] * _GRID

    def mark(self, box: Box) -> float:
        """Marks the cells that a box touches; returns their share of the page."""
        left, bottom, right, top = self._sheet
        columns = _span(box[0], box[2], left, right)
        rows = _span(box[1], box[3], bottom, top)
        mask = (1 << len(columns)) - 1 << columns.start
        for row in rows:
            self._rows[row] |= mask
        return len(columns) * len(rows) / _GRID**2

    @property
    def share(self) -> float:
        return sum(row.bit_count() for row in self._rows) / _GRID**2


def _span(low: float, high: float, first: float, last: float) -> range:
    """The cells between two points of one side of the page."""
    if not (low <= last and high >= first and last > first):  # beside the page, or not a number
        return range(0)
    step = (last - first) / _GRID
    return range(max(int((max(low, first) - first) / step), 0), min(int((min(high, last) - first) / step) + 1, _GRID))


def _is_rule(box: Box) -> bool:
    return min(box[2] - box[0], box[3] - box[1]) <= LAYOUT.rule_thick


def _count_signs(item: Any, segments: int) -> int:
    """The parts of a path that are neither straight lines nor boxes."""
    signs = length = 0
    curved = False
    for index in range(segments):
        kind = pdfium.FPDFPathSegment_GetType(pdfium.FPDFPath_GetPathSegment(item, index))
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            signs += curved or length > _SIGN_SEGMENTS
            length, curved = 0, False
        length += 1
        curved |= kind == pdfium.FPDF_SEGMENT_BEZIERTO
    return signs + (curved or length > _SIGN_SEGMENTS)
