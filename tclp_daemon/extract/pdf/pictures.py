"""The pages of a PDF as pictures, for text recognition."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Iterator
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.reader import open_pdf
from tclp_daemon.formats import Kind, of_kind

_MOST_PIXELS = 20_000_000  # A3 at 300 dpi has 17 million
_LONGEST = 30_000  # pixels of one side; Tesseract takes 32,767
_MOST_DEPTH = 8  # forms in forms
_LARGE = 100_000  # pixels of a picture that may hold text; strips of scans have more

_Remove = Callable[[], object]


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
        """One page without form fields and notes, whose words are known; stamps that are pictures stay.

        Args:
            number: 1-based.
            dpi: pixels to the inch; of a very large page it is less.
            text: whether to paint the text of the file, which was read unless it is not what the page shows.

        Returns:
            A numpy array of greys, and the dpi that it has.

        Raises:
            pypdfium2.PdfiumError: the page cannot be opened.
            ValueError: a picture on it cannot be decoded, without which the page may seem blank.
        """
        page = self._file[number - 1]
        for item, remove in list(_objects(page.raw)):
            kind = pdfium.FPDFPageObj_GetType(item)
            if kind == pdfium.FPDF_PAGEOBJ_IMAGE and not _is_decodable(item):
                raise ValueError("a picture cannot be decoded")
            if kind == pdfium.FPDF_PAGEOBJ_TEXT and not text:
                remove()
        _remove_notes(page.raw)
        width, height = page.get_size()
        scale = min(dpi / 72, math.sqrt(_MOST_PIXELS / (width * height)), _LONGEST / max(width, height))
        bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
        return bitmap.to_numpy().squeeze(), scale * 72


def _remove_notes(page: Any) -> None:
    """Takes the notes off a page but those that show a picture, which may be a scan. Form fields go, too."""
    for index in reversed(range(max(pdfium.FPDFPage_GetAnnotCount(page), 0))):
        note = pdfium.FPDFPage_GetAnnot(page, index)
        pictured = bool(note) and _is_picture(note)
        if note:
            pdfium.FPDFPage_CloseAnnot(note)
        if not pictured:
            pdfium.FPDFPage_RemoveAnnot(page, index)


def _is_picture(note: Any) -> bool:
    """Whether a note shows a picture; pdfium tells only of stamps."""
    if pdfium.FPDFAnnot_GetSubtype(note) != pdfium.FPDF_ANNOT_STAMP:
        return False
    shown = (pdfium.FPDFAnnot_GetObject(note, index) for index in range(pdfium.FPDFAnnot_GetObjectCount(note)))
    items = (item for outer in shown for item in (outer, *(inner for inner, _ in _objects_in(outer, 1))))
    return any(pdfium.FPDFPageObj_GetType(item) == pdfium.FPDF_PAGEOBJ_IMAGE for item in items)


def _objects(page: Any) -> Iterator[tuple[Any, _Remove]]:
    """The objects of a page, those in forms included, each with what takes it off the page."""
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        item = pdfium.FPDFPage_GetObject(page, index)
        yield item, lambda item=item: pdfium.FPDFPage_RemoveObject(page, item)  # type: ignore[misc]
        yield from _objects_in(item, 1)


def _objects_in(form: Any, depth: int) -> Iterator[tuple[Any, _Remove]]:
    if depth > _MOST_DEPTH or pdfium.FPDFPageObj_GetType(form) != pdfium.FPDF_PAGEOBJ_FORM:
        return
    for index in range(max(pdfium.FPDFFormObj_CountObjects(form), 0)):
        item = pdfium.FPDFFormObj_GetObject(form, index)
        yield item, lambda item=item: pdfium.FPDFFormObj_RemoveObject(form, item)  # type: ignore[misc]
        yield from _objects_in(item, depth + 1)


def _is_decodable(picture: Any) -> bool:
    width, height = ctypes.c_uint(), ctypes.c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(picture, width, height)
    if width.value * height.value < _LARGE:
        return True
    bitmap = pdfium.FPDFImageObj_GetBitmap(picture)
    if bitmap:
        pdfium.FPDFBitmap_Destroy(bitmap)
    return bool(bitmap)
