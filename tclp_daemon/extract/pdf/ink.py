"""Print that the objects of a page do not tell of: a scan that is a pattern or a stamp, letters made of small boxes.

Only asked of pages with few words that show something of the kind. They are painted without their text; what is left
is print where rows of pixels change between dark and light as often as letters make them. Rules and shades do not.
"""

from __future__ import annotations

from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.annotations import count_drawn, shown_annotations
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.page_objects import PageObjects, area
from tclp_daemon.extract.pdf.raster import WITH_NOTES, Raster, paint_without_text

_GRID = 32  # cells of a page, each way: a line of text is about as high as one
_DARK = bytes(1 if value < 128 else 0 for value in range(256))
_EDGE = b"\0\1"  # from light to dark
_MANY_SHAPES = 1000  # shapes that may be letters made of boxes; tables have fewer
_MOST_IN_NOTES = 20_000  # objects that the notes of such a page draw
_MOST_SHADINGS = 100  # on such a page: each may fill all of it
_UNPRINTED = frozenset({pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP, pdfium.FPDF_ANNOT_HIGHLIGHT})


def has_print(page: Any, number: int, found: PageObjects) -> bool:
    """Whether a page shows print that is neither text nor a picture on it.

    Args:
        page: a loaded `pypdfium2.PdfPage`.
        number: 1-based.
        found: its objects.
    """
    if len(found.shadings) > _MOST_SHADINGS or not _may_have_print(page, found) or found.has_large_pictures():
        return False
    flags = WITH_NOTES if count_drawn(page, _MOST_IN_NOTES) < _MOST_IN_NOTES else 0
    return _printed(paint_without_text(page, number, flags)) >= LAYOUT.outlines_spread


def _may_have_print(page: Any, found: PageObjects) -> bool:
    if not found.complete or len(found.paths) >= _MANY_SHAPES:
        return True
    sheet = LAYOUT.background * area(found.sheet)
    return any(area(item.box()) >= sheet for item in found.paths) or any(
        kind not in _UNPRINTED and area(box) >= sheet for kind, box in shown_annotations(page)
    )


def _printed(raster: Raster) -> float:
    """The share of the cells of a page that look like print."""
    step = max(raster.width // _GRID, 1)
    cells: dict[tuple[int, int], int] = {}
    for y in range(raster.height):
        start = 4 * y * raster.width
        row = raster.pixels[start + 1 : start + 4 * raster.width : 4].translate(_DARK)
        if _EDGE not in row:
            continue
        for x in range(_GRID):
            if row.count(_EDGE, x * step, (x + 1) * step) >= LAYOUT.print_strokes:
                cell = y * _GRID // raster.height, x
                cells[cell] = cells.get(cell, 0) + 1
    return sum(1 for rows in cells.values() if rows >= LAYOUT.print_rows) / _GRID**2
