"""The annotations of a PDF page that show: notes, stamps, marks over the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.page_objects import Box

_MOST = 200  # of a page that are looked at
_NOT_SHOWN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW


def shown_annotations(page: Any) -> Iterator[tuple[int, Box]]:
    """Subtype (`FPDF_ANNOT_…`) and place of each annotation of a loaded `pypdfium2.PdfPage` that is not hidden."""
    rect = pdfium.FS_RECTF()
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page.raw), _MOST)):
        note = pdfium.FPDFPage_GetAnnot(page.raw, index)
        if not note:
            continue
        try:
            if not pdfium.FPDFAnnot_GetFlags(note) & _NOT_SHOWN and pdfium.FPDFAnnot_GetRect(note, rect):
                yield pdfium.FPDFAnnot_GetSubtype(note), (rect.left, rect.bottom, rect.right, rect.top)
        finally:
            pdfium.FPDFPage_CloseAnnot(note)


def count_drawn(page: Any, most: int) -> int:
    """How many objects the annotations of a page draw, up to `most`: all of them may look like one endless drawing."""
    drawn = 0
    for index in range(pdfium.FPDFPage_GetAnnotCount(page.raw)):
        if drawn >= most:
            break
        note = pdfium.FPDFPage_GetAnnot(page.raw, index)
        drawn += max(pdfium.FPDFAnnot_GetObjectCount(note), 1) if note else 1
        if note:
            pdfium.FPDFPage_CloseAnnot(note)
    return drawn
