"""What people typed into a PDF: the values of form fields and the words of text notes.

They are not part of the page's text. Flattening the page would make them part of it, but pdfium's flattening crashes on
damaged files; asking each field for its value does not.
"""

from __future__ import annotations

import ctypes
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.lines import clean

Rect = tuple[float, float, float, float]

_MOST_ON_PAGE = 2000  # fields and notes
_MOST_NOTES = 200_000  # in a document, all of whose pages may show the same notes
_MOST_BYTES = 200_000  # of one value
_BUTTON_STATES = frozenset({"Off", "Yes", "On"})


class Fields:
    """The fields and notes of one document.

    Args:
        document: an open `pypdfium2.PdfDocument`.
        form: whether its form may be opened, which for a hostile one never ends.

    Attributes:
        characters: in the values and notes found so far.
    """

    def __init__(self, document: Any, *, form: bool) -> None:
        self._document = document
        self._form = form
        self._left = _MOST_NOTES
        self.characters = 0

    def values(self, page: Any) -> list[tuple[str, Rect]]:
        """The words and the place of each filled-in field and text note of a page.

        The place is (left, bottom, right, top) in PDF coordinates, in points.
        """
        found = []
        count = min(pdfium.FPDFPage_GetAnnotCount(page.raw), _MOST_ON_PAGE, self._left)
        self._left -= max(count, 0)
        for index in range(count):
            note = pdfium.FPDFPage_GetAnnot(page.raw, index)
            if not note:
                continue
            try:
                words = self._words(note)
                rect = pdfium.FS_RECTF()
                if words and pdfium.FPDFAnnot_GetRect(note, rect):
                    self.characters += len(words)
                    found.append((words, (rect.left, rect.bottom, rect.right, rect.top)))
            finally:
                pdfium.FPDFPage_CloseAnnot(note)
        return found

    def _words(self, note: Any) -> str:
        kind = pdfium.FPDFAnnot_GetSubtype(note)
        if kind == pdfium.FPDF_ANNOT_FREETEXT:
            return clean(_string(note, b"Contents"))
        if kind != pdfium.FPDF_ANNOT_WIDGET:
            return ""
        value = clean(_string(note, b"V")) or clean(self._inherited(note))
        return "" if value in _BUTTON_STATES else value

    def _inherited(self, note: Any) -> str:
        """The value of a field that the document shows in several places: its parent has it."""
        if not self._form:
            return ""
        if self._document.formenv is None:
            self._document.init_forms()
        if self._document.formenv is None:
            self._form = False
            return ""
        form = self._document.formenv.raw
        return decode(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldValue(form, note, buffer, size))


def _string(note: Any, key: bytes) -> str:
    return decode(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(note, key, buffer, size))


def decode(ask: Any) -> str:
    size = min(int(ask(None, 0)), _MOST_BYTES)
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    ask(buffer, size)
    return bytes(buffer).decode("utf-16-le", errors="ignore").split("\0", 1)[0]
