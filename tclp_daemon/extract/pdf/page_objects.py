"""The objects that a page paints, in the order of painting and with those inside form XObjects, through pdfium."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

_MOST_OBJECTS = 20_000  # of a page that are looked at
_UNPAINTED = frozenset({pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP})
_SOME = 16  # texts of a page that are looked at to see whether a closer look is needed; where there are up to 31, all
_MOST_PIXELS = 60_000_000  # of the pictures of a page that is painted; a scan in 600 dpi has 35 million
_DEEPEST = 12  # forms in forms; pdfium itself stops at 28

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in points, y upwards."""


class Matrix(NamedTuple):
    """Takes the points of a form to those of the page: x' = ax + cy + e, y' = bx + dy + f."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def of(self, inner: Matrix) -> Matrix:
        """This matrix after another one."""
        a, b, c, d, e, f = inner
        return Matrix(
            self.a * a + self.c * b,
            self.b * a + self.d * b,
            self.a * c + self.c * d,
            self.b * c + self.d * d,
            self.a * e + self.c * f + self.e,
            self.b * e + self.d * f + self.f,
        )

    def box(self, box: Box) -> Box:
        """The box around another one after turning and moving it."""
        if self is _SAME or self == _SAME:
            return box
        xs = [self.a * x + self.c * y + self.e for x in box[::2] for y in box[1::2]]
        ys = [self.b * x + self.d * y + self.f for x in box[::2] for y in box[1::2]]
        return min(xs), min(ys), max(xs), max(ys)


_SAME = Matrix()


class Painted(NamedTuple):
    """One object.

    Attributes:
        handle: pdfium's.
        order: its place in the order of painting.
        matrix: of the forms that it is in.
        inside: the form that it is in, None on the page itself.
    """

    handle: Any
    order: int
    matrix: Matrix
    inside: Painted | None

    def box(self) -> Box:
        """Where it is on the page; empty, at (0, 0), where pdfium does not know."""
        return self.matrix.box(own_box(self.handle))

    def runs_upwards(self) -> bool:
        """Whether text runs up or down the page."""
        turned = self.matrix.of(_matrix(self.handle))
        return abs(turned.b) > abs(turned.a)


@dataclass(slots=True)
class PageObjects:
    """The objects of a page by their kind, each list in the order of painting.

    Attributes:
        sheet: what the page shows of its plane, which is its crop box.
        complete: False where the page has more objects than are looked at.
    """

    sheet: Box
    texts: list[Painted] = field(default_factory=list)
    paths: list[Painted] = field(default_factory=list)
    images: list[Painted] = field(default_factory=list)
    shadings: list[Painted] = field(default_factory=list)
    forms: list[Painted] = field(default_factory=list)
    complete: bool = True
    _modes: dict[int, bool] = field(default_factory=dict)

    def has_large_pictures(self) -> bool:
        """Whether painting the page would take too long, and too much memory, for its pictures."""
        width, height, pixels = ctypes.c_uint(), ctypes.c_uint(), 0
        for item in self.images:
            if pdfium.FPDFImageObj_GetImagePixelSize(item.handle, width, height):
                pixels += width.value * height.value
        return pixels > _MOST_PIXELS

    def some_texts(self) -> list[Painted]:
        """Texts that are evenly spread over the page; all, unless there are very many."""
        # Each odd one, since two layers may take turns.
        return self.texts[:: len(self.texts) // _SOME | 1]

    def is_unpainted(self, text: Painted) -> bool:
        """Whether a text is there but not painted, as that of a scan: its mode is 3 or 7."""
        if text.order not in self._modes:
            self._modes[text.order] = pdfium.FPDFTextObj_GetTextRenderMode(text.handle) in _UNPAINTED
        return self._modes[text.order]


class _Holder(NamedTuple):
    """Objects that are still to be visited: of a form or of the page."""

    form: Painted | None
    handle: Any
    get: Any
    start: int
    end: int
    matrix: Matrix


def page_objects(page: Any) -> PageObjects:
    """The objects of a loaded `pypdfium2.PdfPage`."""
    found = PageObjects(page.get_bbox())
    texts = found.texts
    kinds = {
        pdfium.FPDF_PAGEOBJ_PATH: found.paths,
        pdfium.FPDF_PAGEOBJ_IMAGE: found.images,
        pdfium.FPDF_PAGEOBJ_SHADING: found.shadings,
        pdfium.FPDF_PAGEOBJ_FORM: found.forms,
    }
    # Looked up once: this is asked of each object, most of which are text.
    kind_of, text_kind = pdfium.FPDFPageObj_GetType, pdfium.FPDF_PAGEOBJ_TEXT
    order = 0
    count = pdfium.FPDFPage_CountObjects(page.raw)
    waiting: list[_Holder] = [_Holder(None, page.raw, pdfium.FPDFPage_GetObject, 0, count, _SAME)]
    while waiting:
        form, holder, get, start, end, matrix = waiting.pop()
        for index in range(start, end):
            if order >= _MOST_OBJECTS:
                found.complete = False
                return found
            handle = get(holder, index)
            kind = kind_of(handle)
            item = Painted(handle, order, matrix, form)
            order += 1
            if kind == text_kind:
                texts.append(item)
                continue
            if kind in kinds:
                kinds[kind].append(item)
            if kind == pdfium.FPDF_PAGEOBJ_FORM and len(waiting) < _DEEPEST:
                waiting.append(_Holder(form, holder, get, index + 1, end, matrix))
                inner = pdfium.FPDFFormObj_CountObjects(handle)
                within = matrix.of(_matrix(handle))
                waiting.append(_Holder(item, handle, pdfium.FPDFFormObj_GetObject, 0, inner, within))
                break
    return found


def area(box: Box) -> float:
    """Its area, 0 for one that is inside out."""
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def own_box(handle: Any) -> Box:
    """Where an object is in the coordinates of the form that it is in."""
    if not pdfium.FPDFPageObj_GetBounds(handle, *_EDGES):
        return 0.0, 0.0, 0.0, 0.0
    left, bottom, right, top = _BOX[:]
    return left, bottom, right, top


_BOX = (ctypes.c_float * 4)()
_EDGES = [ctypes.cast(ctypes.byref(_BOX, 4 * index), ctypes.POINTER(ctypes.c_float)) for index in range(4)]


def _matrix(handle: Any) -> Matrix:
    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(handle, found):
        return _SAME
    return Matrix(found.a, found.b, found.c, found.d, found.e, found.f)
