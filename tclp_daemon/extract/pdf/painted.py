"""What a page shows besides text: pictures, and letters that were drawn as outlines.

Only asked of pages that hold few words. Nothing is decoded or rendered: the boxes of the objects are enough, and no
picture can cost more than its entry in the list.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.layout import LAYOUT

_GRID = 32  # cells of a page, each way: a line of text is about as high as one
_MOST_OBJECTS = 20_000
_MOST_SEGMENTS = 50_000
_MOST_DEPTH = 8  # forms in forms
_LEAST_PIXELS = 2_500  # fewer cannot show words: a tint, a gradient
_WHITE = 255
_SIGN_SEGMENTS = 5  # a rule has one segment, the sides of a box are four

_Matrix = tuple[float, float, float, float, float, float]
_Box = tuple[float, float, float, float]
_UNTURNED: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Painted:
    """What is painted on a page.

    Attributes:
        pictures: share of the page that pictures cover.
        signs: shapes that may be letters: outlines that are not rules or boxes, and pictures as small as a letter.
        spread: share of the page over which they lie.
        invisible: text objects in invisible ink, as text recognition leaves them.
        under: text objects under a picture.
        anything: whether there is a shape or a picture at all, the white ground of some programs aside.
        largest: (width, height) in pixels of the largest picture, by which it is known again on other pages.
    """

    pictures: float = 0.0
    signs: int = 0
    spread: float = 0.0
    invisible: int = 0
    under: int = 0
    anything: bool = False
    largest: tuple[int, int] = (0, 0)


def painted(page: Any) -> Painted:
    """Looks at the objects of a loaded `pypdfium2.PdfPage`, those in forms included."""
    look = _Look(page.get_bbox())
    for item, matrix in _objects(page):
        look.add(item, matrix)
    return look.result()


class _Look:
    def __init__(self, sheet: _Box) -> None:
        self._sheet = sheet
        self._pictures = _Cells(sheet)
        self._signs = _Cells(sheet)
        self._count = 0
        self._segments = 0
        self._pixels = 0
        self._largest = (0, 0)
        self._invisible = 0
        self._seen = 0
        self._under = 0
        self._anything = False
        self._size = (ctypes.c_uint(), ctypes.c_uint())
        self._colour = [ctypes.c_uint() for _ in range(4)]
        self._edges = [ctypes.c_float() for _ in range(4)]

    def add(self, item: Any, matrix: _Matrix) -> None:
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            if pdfium.FPDFTextObj_GetTextRenderMode(item) == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE:
                self._invisible += 1
            else:
                self._seen += 1
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            self._anything = True
            self._add_picture(item, self._box(item, matrix))
        elif kind == pdfium.FPDF_PAGEOBJ_PATH:
            self._anything |= not self._is_white(item)
            self._add_path(item, matrix)

    def _is_white(self, item: Any) -> bool:
        known = pdfium.FPDFPageObj_GetFillColor(item, *self._colour)
        return bool(known) and all(value.value == _WHITE for value in self._colour[:3])

    def result(self) -> Painted:
        pictures = self._pictures.share if self._pixels >= _LEAST_PIXELS else 0.0
        return Painted(
            pictures, self._count, self._signs.share, self._invisible, self._under, self._anything, self._largest
        )

    def _add_picture(self, item: Any, box: _Box) -> None:
        width, height = self._size
        pdfium.FPDFImageObj_GetImagePixelSize(item, width, height)
        self._pixels += width.value * height.value
        if width.value * height.value > self._largest[0] * self._largest[1]:
            self._largest = (width.value, height.value)
        share = self._pictures.mark(box)
        if share > LAYOUT.background:
            self._under = self._seen
        if box[3] - box[1] < LAYOUT.letter_most:
            self._count += 1
            self._signs.mark(box)

    def _add_path(self, item: Any, matrix: _Matrix) -> None:
        segments = max(pdfium.FPDFPath_CountSegments(item), 0)
        if segments < _SIGN_SEGMENTS or self._segments > _MOST_SEGMENTS:
            return
        self._segments += segments
        signs = _count_signs(item, min(segments, _MOST_SEGMENTS))
        if signs:
            self._count += signs
            self._signs.mark(self._box(item, matrix))

    def _box(self, item: Any, matrix: _Matrix) -> _Box:
        if not pdfium.FPDFPageObj_GetBounds(item, *self._edges):
            return (0.0, 0.0, 0.0, 0.0)
        left, bottom, right, top = (edge.value for edge in self._edges)
        a, b, c, d, e, f = matrix
        xs = [a * x + c * y + e for x in (left, right) for y in (bottom, top)]
        ys = [b * x + d * y + f for x in (left, right) for y in (bottom, top)]
        return (min(xs), min(ys), max(xs), max(ys))


class _Cells:
    """The cells of a page that boxes touch."""

    def __init__(self, sheet: _Box) -> None:
        self._sheet = sheet
        self._rows = [0] * _GRID

    def mark(self, box: _Box) -> float:
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


def _objects(page: Any) -> Iterator[tuple[Any, _Matrix]]:
    """The objects of a page in the order of painting, each with the matrix that places it there."""
    left = _MOST_OBJECTS
    # (parent, its matrix, how many objects it has, the next of them)
    open_forms: list[tuple[Any, _Matrix, int, int]] = [(None, _UNTURNED, pdfium.FPDFPage_CountObjects(page.raw), 0)]
    own = pdfium.FS_MATRIX()
    while open_forms and left:
        parent, matrix, count, at = open_forms.pop()
        if at >= count:
            continue
        open_forms.append((parent, matrix, count, at + 1))
        left -= 1
        item = pdfium.FPDFPage_GetObject(page.raw, at) if parent is None else pdfium.FPDFFormObj_GetObject(parent, at)
        if not item:
            continue
        if pdfium.FPDFPageObj_GetType(item) != pdfium.FPDF_PAGEOBJ_FORM:
            yield item, matrix
        elif len(open_forms) <= _MOST_DEPTH and pdfium.FPDFPageObj_GetMatrix(item, own):
            placed = _times((own.a, own.b, own.c, own.d, own.e, own.f), matrix)
            open_forms.append((item, placed, pdfium.FPDFFormObj_CountObjects(item), 0))


def _times(inner: _Matrix, outer: _Matrix) -> _Matrix:
    """The matrix that applies first `inner`, then `outer` (PDF 1.7, 8.3.4)."""
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)
