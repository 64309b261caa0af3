"""The rules (straight lines and the sides of boxes) of a PDF page, through pdfium.

pdfplumber finds the cells between rules well, but to see the rules it reads all of the page through pdfminer, which
takes about a second. pdfium has parsed the page already, so the rules come from there, as pdfplumber would see them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.page_objects import PageObjects

_MOST_PATHS = 800  # beyond this it is a drawing, not a table
_MOST_SEGMENTS = 200  # of one path; a curve or a map has more

Edge = dict[str, Any]
_Point = tuple[float, float]
_Stroke = tuple[_Point, _Point]


def page_rules(objects: PageObjects) -> list[Edge]:
    """The rules of a page as pdfplumber's edges, y counted downwards from the origin; empty for a drawing.

    The sides of filled boxes are rules only where there are no others: word processors shade the cells of a table, and
    each line in them, with boxes of their own.
    """
    items = [path.handle for path in objects.paths if path.inside is None]
    if not objects.complete or len(items) > _MOST_PATHS:
        return []
    rules: list[Edge] = []
    sides: list[Edge] = []
    for item in items:
        filled = _is_filled(item)
        for strokes in _outlines(item):
            found = [edge for a, b in strokes if (edge := _edge(a, b)) is not None]
            (sides if filled and _is_thick(strokes) else rules).extend(found)
    return rules if rules_cross(rules) else rules + sides


def rules_cross(edges: list[Edge]) -> bool:
    """True where at least two rules run each way, as in the smallest table."""
    width, height = LAYOUT.table_width, LAYOUT.table_height
    across = {round(edge["top"]) for edge in edges if edge["orientation"] == "h" and edge["width"] > width}
    down = {round(edge["x0"]) for edge in edges if edge["orientation"] == "v" and edge["height"] > height}
    return len(across) >= 2 and len(down) >= 2


def _is_filled(item: Any) -> bool:
    """Whether a path is painted as an area without an outline."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    return bool(pdfium.FPDFPath_GetDrawMode(item, fill, stroke) and fill.value and not stroke.value)


def _is_thick(strokes: Sequence[_Stroke]) -> bool:
    """Whether an area is more than a rule that was painted as one."""
    ends = [point for stroke in strokes for point in stroke]
    return all(max(along) - min(along) > LAYOUT.rule_thick for along in zip(*ends, strict=True))


def _outlines(item: Any) -> Iterator[list[_Stroke]]:
    """The straight pieces of a path, by the outlines that it consists of."""
    segments = pdfium.FPDFPath_CountSegments(item)
    matrix = pdfium.FS_MATRIX()
    if segments > _MOST_SEGMENTS or not pdfium.FPDFPageObj_GetMatrix(item, matrix):
        return
    x, y = ctypes.c_float(), ctypes.c_float()
    begun: _Point | None = None
    last: _Point | None = None
    outline: list[_Stroke] = []
    for index in range(segments):
        segment = pdfium.FPDFPath_GetPathSegment(item, index)
        if not segment or not pdfium.FPDFPathSegment_GetPoint(segment, x, y):
            break
        point = (
            matrix.a * x.value + matrix.c * y.value + matrix.e,
            matrix.b * x.value + matrix.d * y.value + matrix.f,
        )
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            begun = point
            if outline:
                yield outline
                outline = []
        elif kind == pdfium.FPDF_SEGMENT_LINETO and last is not None:
            outline.append((last, point))
        last = point
        if begun is not None and pdfium.FPDFPathSegment_GetClose(segment):
            outline.append((point, begun))
            last = begun
    if outline:
        yield outline


def _edge(a: _Point, b: _Point) -> Edge | None:
    x0, x1 = sorted((a[0], b[0]))
    top, bottom = sorted((-a[1], -b[1]))
    width, height = x1 - x0, bottom - top
    if height <= LAYOUT.rule_level and width >= LAYOUT.rule_least:
        orientation, bottom, height = "h", top, 0.0
    elif width <= LAYOUT.rule_level and height >= LAYOUT.rule_least:
        orientation, x1, width = "v", x0, 0.0
    else:
        return None
    return {
        "object_type": "line",
        "orientation": orientation,
        "x0": x0,
        "x1": x1,
        "top": top,
        "bottom": bottom,
        "width": width,
        "height": height,
    }
