"""A page as pixels, painted by pdfium: what a person sees of it, in the resolution of a screen."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.page_objects import Box, page_objects

# White to the eye. No pixel that is painted has such bytes, nor do two beside one another across their border.
_PAPER = b"\xfe\xfd\xfc\xff"
_MOST_PIXELS = 4_000_000  # a sheet of A4 has a million
_LONGEST = 20_000  # pixels of one side, for a sheet may be longer than any number of pixels of its area

PLAIN = pdfium.FPDF_RENDER_NO_SMOOTHTEXT | pdfium.FPDF_RENDER_NO_SMOOTHPATH  # no colours but those that are painted
WITH_NOTES = pdfium.FPDF_ANNOT

Pixels = tuple[int, int, int, int]
"""Left, upper, right (exclusive) and lower (exclusive)."""


class Raster:
    """The pixels of a page, four bytes each (blue, green, red, unused), on white paper.

    Args:
        page: a loaded `pypdfium2.PdfPage`.
        flags: of pdfium's rendering.
        scale: pixels in a point, at most.

    Attributes:
        width, height: in pixels.
    """

    def __init__(self, page: Any, flags: int, scale: float = LAYOUT.pixels) -> None:
        points = max(page.get_width(), 1.0), max(page.get_height(), 1.0)
        scale = min(scale, math.sqrt(_MOST_PIXELS / (points[0] * points[1])), _LONGEST / max(points))
        self._page = page
        self.width = max(int(points[0] * scale), 1)
        self.height = max(int(points[1] * scale), 1)
        self.pixels = bytearray(4 * self.width * self.height)
        buffer = (ctypes.c_ubyte * len(self.pixels)).from_buffer(self.pixels)
        size = (self.width, self.height)
        bitmap = pdfium.FPDFBitmap_CreateEx(*size, pdfium.FPDFBitmap_BGRx, buffer, 4 * self.width)
        try:
            pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, *size, int.from_bytes(_PAPER, "little"))
            pdfium.FPDF_RenderPageBitmap(bitmap, page.raw, 0, 0, *size, 0, flags)
        finally:
            pdfium.FPDFBitmap_Destroy(bitmap)

    def place(self, box: Box) -> Pixels:
        """The pixels that a box of the page, which must still be open, touches."""
        x0, y0 = self._pixel(box[0], box[1])
        x1, y1 = self._pixel(box[2], box[3])
        left, right = max(min(x0, x1), 0), min(max(x0, x1) + 1, self.width)
        upper, lower = max(min(y0, y1), 0), min(max(y0, y1) + 1, self.height)
        return left, upper, max(right, left), max(lower, upper)

    def _pixel(self, x: float, y: float) -> tuple[int, int]:
        column, row = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(self._page.raw, 0, 0, self.width, self.height, 0, x, y, column, row)
        return column.value, row.value

    def colours(self) -> set[int]:
        """The colours on the sheet but that of the paper, as red << 16 | green << 8 | blue."""
        painted = memoryview(bytes(self.pixels).replace(_PAPER, b""))
        return {colour & 0xFFFFFF for colour in painted.cast("I")}

    def is_blank(self, place: Pixels) -> bool:
        """Whether nothing is painted at a place."""
        return not any(row.replace(_PAPER, b"") for row in self.rows(place))

    def is_plain(self, place: Pixels) -> bool:
        """Whether a place shows one colour, so that no word can be read in it."""
        rows = self.rows(place)
        for channel in range(3):
            values = [value for row in rows for value in row[channel::4]]
            if values and max(values) - min(values) > LAYOUT.contrast:
                return False
        return True

    def looks_like(self, other: Raster, place: Pixels) -> bool:
        """Whether nobody can tell a place of this raster from the same place of another one of the same size."""
        return all(
            mine == its or all(abs(a - b) <= LAYOUT.contrast for a, b in zip(mine, its, strict=True))
            for mine, its in zip(self.rows(place), other.rows(place), strict=True)
        )

    def rows(self, place: Pixels) -> list[bytes]:
        """The rows of pixels at a place."""
        left, upper, right, lower = place
        starts = (4 * (y * self.width + left) for y in range(upper, lower))
        return [bytes(self.pixels[start : start + 4 * (right - left)]) for start in starts]


def paint_without_text(page: Any, number: int, flags: int) -> Raster:
    """What a page shows besides its text.

    Args:
        page: a loaded `pypdfium2.PdfPage`, which stays as it is.
        number: 1-based.
        flags: see `Raster`.
    """
    copy = page.pdf[number - 1]
    try:
        for item in page_objects(copy).texts:
            pdfium.FPDFPageObj_SetIsActive(item.handle, 0)
        return Raster(copy, flags)
    finally:
        copy.close()
