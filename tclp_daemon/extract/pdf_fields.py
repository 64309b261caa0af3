"""What people typed into a PDF: the values of form fields and the words of text notes.

They are not part of the page's text. Flattening the page would make them so, but pdfium's flattening crashes on damaged
files; asking each field for its value does not.
"""

from __future__ import annotations

import ctypes
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf_lines import clean

Rect = tuple[float, float, float, float]

_MOST_NOTES = 2000
_MOST_BYTES = 200_000
_BUTTON_STATES = frozenset({"Off", "Yes", "On"})


def field_values(document: Any, page: Any) -> list[tuple[str, Rect]]:
    """The words and the place (left, bottom, right, top) of each filled-in field and text note of a page."""
    found = []
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page.raw), _MOST_NOTES)):
        note = pdfium.FPDFPage_GetAnnot(page.raw, index)
        if not note:
            continue
        try:
            words = _words(document, note)
            rect = pdfium.FS_RECTF()
            if words and pdfium.FPDFAnnot_GetRect(note, rect):
                found.append((words, (rect.left, rect.bottom, rect.right, rect.top)))
        finally:
            pdfium.FPDFPage_CloseAnnot(note)
    return found


def _words(document: Any, note: Any) -> str:
    kind = pdfium.FPDFAnnot_GetSubtype(note)
    if kind == pdfium.FPDF_ANNOT_FREETEXT:
        return clean(_string(note, b"Contents"))
    if kind != pdfium.FPDF_ANNOT_WIDGET:
        return ""
    value = clean(_string(note, b"V")) or clean(_inherited(document, note))
    return "" if value in _BUTTON_STATES else value


def _string(note: Any, key: bytes) -> str:
    return _decode(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(note, key, buffer, size))


def _inherited(document: Any, note: Any) -> str:
    """The value that a field with several places on paper holds in its parent."""
    if document.formenv is None:
        document.init_forms()
    if document.formenv is None:
        return ""
    form = document.formenv.raw
    return _decode(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldValue(form, note, buffer, size))


def _decode(ask: Any) -> str:
    size = min(int(ask(None, 0)), _MOST_BYTES)
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    ask(buffer, size)
    return bytes(buffer).decode("utf-16-le", errors="ignore").split("\0", 1)[0]
