"""The pages of a PDF as pictures, for text recognition."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import pypdfium2.raw as pdfium_raw

from tclp_daemon.extract.pdf.reader import open_pdf
from tclp_daemon.formats import Kind, of_kind

_MOST_PIXELS = 20_000_000  # A3 at 300 dpi has 17 million
_MOST_DEPTH = 8  # forms in forms


class PagePictures:
    """Renders pages. Rendering a hostile page may take any time and memory: call it in a process that may be killed.

    Args:
        data: a file that `read_pdf` has read.

    Raises:
        ContractError: encrypted, corrupt.
    """

    def __init__(self, data: bytes) -> None:
        start = max(data.find(of_kind(Kind.PDF).magic), 0)
        self._data = data[start:] if start else data  # the document reads from it
        self._file = open_pdf(self._data)

    def grey(self, number: int, dpi: float, *, text: bool) -> tuple[Any, float]:
        """One page without notes and form fields, whose words are known.

        Args:
            number: 1-based.
            dpi: pixels to the inch; of a very large page it is less.
            text: whether to paint the text of the file, which was read unless it is not what the page shows.

        Returns:
            A numpy array of greys, and the dpi that it has.

        Raises:
            pypdfium2.PdfiumError: the page cannot be opened.
        """
        page = self._file[number - 1]
        if not text:
            _remove_text(page.raw)
        width, height = page.get_size()
        scale = min(dpi / 72, math.sqrt(_MOST_PIXELS / (width * height)))
        bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False, draw_annots=False)
        return bitmap.to_numpy().squeeze(), scale * 72


def _remove_text(page: Any) -> None:
    objects = [pdfium_raw.FPDFPage_GetObject(page, index) for index in range(pdfium_raw.FPDFPage_CountObjects(page))]
    for item in objects:
        kind = pdfium_raw.FPDFPageObj_GetType(item)
        if kind == pdfium_raw.FPDF_PAGEOBJ_TEXT:
            pdfium_raw.FPDFPage_RemoveObject(page, item)
        elif kind == pdfium_raw.FPDF_PAGEOBJ_FORM:
            _remove_text_of_form(item, 1)


def _remove_text_of_form(form: Any, depth: int) -> None:
    if depth > _MOST_DEPTH:
        return
    count = pdfium_raw.FPDFFormObj_CountObjects(form)
    objects = [pdfium_raw.FPDFFormObj_GetObject(form, ctypes.c_ulong(index)) for index in range(count)]
    for item in objects:
        kind = pdfium_raw.FPDFPageObj_GetType(item)
        if kind == pdfium_raw.FPDF_PAGEOBJ_TEXT:
            pdfium_raw.FPDFFormObj_RemoveObject(form, item)
        elif kind == pdfium_raw.FPDF_PAGEOBJ_FORM:
            _remove_text_of_form(item, depth + 1)
