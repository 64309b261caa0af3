"""The rules (straight lines and the sides of boxes) of a PDF page, through pdfium.

pdfplumber finds the cells between rules well, but to see the rules it reads all of the page through pdfminer, which
takes about a second. pdfium has parsed the page already, so the rules come from there, as pdfplumber would see them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.layout import LAYOUT

_MOST_PATHS = 800  # beyond this it is a drawing, not a table
_MOST_OBJECTS = 20_000
_MOST_SEGMENTS = 200  # of one path; a curve or a map has more

Edge = dict[str, Any]
_Point = tuple[float, float]


def page_rules(page: Any) -> list[Edge]:
    """The rules of a page as pdfplumber's edges, y counted downwards from the origin; empty for a drawing."""
    count = pdfium.FPDFPage_CountObjects(page.raw)
    if count > _MOST_OBJECTS:
        return []
    edges: list[Edge] = []
    paths = 0
    for index in range(count):
        item = pdfium.FPDFPage_GetObject(page.raw, index)
        if pdfium.FPDFPageObj_GetType(item) != pdfium.FPDF_PAGEOBJ_PATH:
            continue
        paths += 1
        if paths > _MOST_PATHS:
            return []
        edges += [edge for a, b in _strokes(item) if (edge := _edge(a, b)) is not None]
    return edges


def rules_cross(edges: list[Edge]) -> bool:
    """True where at least two rules run each way, as in the smallest table."""
    width, height = LAYOUT.table_width, LAYOUT.table_height
    across = {round(edge["top"]) for edge in edges if edge["orientation"] == "h" and edge["width"] > width}
    down = {round(edge["x0"]) for edge in edges if edge["orientation"] == "v" and edge["height"] > height}
    return len(across) >= 2 and len(down) >= 2


def _strokes(item: Any) -> Iterator[tuple[_Point, _Point]]:
    """Start and end of each straight piece of a path."""
    segments = pdfium.FPDFPath_CountSegments(item)
    matrix = pdfium.FS_MATRIX()
    if segments > _MOST_SEGMENTS or not pdfium.FPDFPageObj_GetMatrix(item, matrix):
        return
    x, y = ctypes.c_float(), ctypes.c_float()
    begun: _Point | None = None
    last: _Point | None = None
    for index in range(segments):
        segment = pdfium.FPDFPath_GetPathSegment(item, index)
        if not segment or not pdfium.FPDFPathSegment_GetPoint(segment, x, y):
            return
        point = (
            matrix.a * x.value + matrix.c * y.value + matrix.e,
            matrix.b * x.value + matrix.d * y.value + matrix.f,
        )
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            begun = point
        elif kind == pdfium.FPDF_SEGMENT_LINETO and last is not None:
            yield last, point
        last = point
        if begun is not None and pdfium.FPDFPathSegment_GetClose(segment):
            yield point, begun
            last = begun


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
