"""What people typed or ticked in a PDF, and the words of its stamps: form fields and annotations that stand on a page.

They are not part of the page's text. Flattening the page would make them part of it, but pdfium's flattening crashes on
damaged files; asking each field for its value does not. Only the words of stamps are nowhere but in their pictures:
`appearances` flattens those in a process of its own.

Comments in pop-up notes are about the contract, and no part of it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.lines import clean
from tclp_daemon.extract.pdf.page_objects import Box

TICKED, NOT_TICKED = "☒", "☐"

_MOST_ON_PAGE = 2000  # fields and notes
_MOST_NOTES = 200_000  # in a document, all of whose pages may show the same notes
_MOST_IN_PICTURES = 200_000  # objects, each as often as an annotation shows it; a stamp has some tens
_MOST_BYTES = 200_000  # of one value
_MOST_OPTIONS = 500  # of a list
_NOT_SHOWN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_BUTTON_STATES = frozenset({"Off", "Yes", "On"})
_TICKS = frozenset({pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON})
_LISTS = frozenset({pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX})
_WITHOUT_WORDS = frozenset({pdfium.FPDF_FORMFIELD_PUSHBUTTON, pdfium.FPDF_FORMFIELD_SIGNATURE})

Place = tuple[int, int]
"""Of an annotation: its page, and its place among the annotations of that page; both from 0."""


class Typed(NamedTuple):
    """The words of a field or an annotation, or `TICKED` or `NOT_TICKED`, and their place on the page."""

    words: str
    box: Box


class Fields:
    """The fields and annotations of one document.

    Args:
        document: an open `pypdfium2.PdfDocument`.
        form: whether its form may be opened, which for a hostile one never ends.
        pictured: asks for the words that only the pictures of annotations have.
        hidden: asks for the annotations in hidden layers. Both take long and are asked at most once.

    Attributes:
        characters: in the values and notes found so far.
        unpictured: whether the pictures of some annotations were not looked at, since they show too much.
    """

    def __init__(
        self,
        document: Any,
        *,
        form: bool,
        pictured: Callable[[], dict[Place, str]],
        hidden: Callable[[], set[Place]],
    ) -> None:
        self._document = document
        self._form = form
        self._pictured = cache(pictured)
        self._hidden = cache(hidden)
        self._left = _MOST_NOTES
        self._left_in_pictures = _MOST_IN_PICTURES
        self.characters = 0
        self.unpictured = False

    def values(self, page: Any, index: int) -> list[Typed]:
        """What stands on a page.

        Args:
            page: a loaded `pypdfium2.PdfPage`.
            index: 0-based.
        """
        found = []
        count = min(pdfium.FPDFPage_GetAnnotCount(page.raw), _MOST_ON_PAGE, self._left)
        self._left -= max(count, 0)
        for place in range(count):
            note = pdfium.FPDFPage_GetAnnot(page.raw, place)
            if not note:
                continue
            try:
                if pdfium.FPDFAnnot_GetFlags(note) & _NOT_SHOWN:
                    continue
                words = self._words(note, (index, place))
                rect = pdfium.FS_RECTF()
                if not words or not pdfium.FPDFAnnot_GetRect(note, rect):
                    continue
                if pdfium.FPDFAnnot_HasKey(note, b"OC") and (index, place) in self._hidden():
                    continue
                self.characters += len(words)
                found.append(Typed(words, (rect.left, rect.bottom, rect.right, rect.top)))
            finally:
                pdfium.FPDFPage_CloseAnnot(note)
        return found

    def _words(self, note: Any, place: Place) -> str:
        kind = pdfium.FPDFAnnot_GetSubtype(note)
        if kind == pdfium.FPDF_ANNOT_WIDGET:
            return self._field(note, place)
        if kind == pdfium.FPDF_ANNOT_FREETEXT:
            return clean(_string(note, b"Contents")) or self._picture(note, place)
        if kind in (pdfium.FPDF_ANNOT_STAMP, pdfium.FPDF_ANNOT_WATERMARK):
            return self._picture(note, place)
        return ""

    def _field(self, note: Any, place: Place) -> str:
        form = self._opened()
        kind = pdfium.FPDFAnnot_GetFormFieldType(form, note) if form else pdfium.FPDF_FORMFIELD_UNKNOWN
        if kind in _WITHOUT_WORDS:
            return ""
        if kind in _TICKS:
            # The state that is shown. pdfium's own answer is wrong unless the form was opened before the page.
            state = _string(note, b"AS") or _string(note, b"V")
            return NOT_TICKED if state in ("", "Off") else TICKED
        if kind in _LISTS and (labels := _chosen(form, note)):
            return labels
        value = clean(_string(note, b"V"))
        if not value and form:
            # The document shows the field in several places: its parent has the value.
            value = clean(decode(partial(pdfium.FPDFAnnot_GetFormFieldValue, form, note)))
        if kind == pdfium.FPDF_FORMFIELD_UNKNOWN and value in _BUTTON_STATES:
            return ""
        return value or self._picture(note, place)

    def _opened(self) -> Any:
        """The form, None where there is none or it may not be opened."""
        if self._form and self._document.formenv is None:
            self._document.init_forms()
        if not self._form or self._document.formenv is None:
            self._form = False
            return None
        return self._document.formenv.raw

    def _picture(self, note: Any, place: Place) -> str:
        """The words in the picture of an annotation."""
        self.unpictured |= self._left_in_pictures <= 0
        if self.unpictured:
            return ""
        count = pdfium.FPDFAnnot_GetObjectCount(note)
        self._left_in_pictures -= max(count, 1)
        if not any(map(_may_have_words, _objects(note, count))):
            return ""
        return clean(self._pictured().get(place, ""))


def _chosen(form: Any, note: Any) -> str:
    """The labels of the options that are chosen; an export value such as "A1" is for programs."""
    labels = []
    for index in range(min(pdfium.FPDFAnnot_GetOptionCount(form, note), _MOST_OPTIONS)):
        if pdfium.FPDFAnnot_IsOptionSelected(form, note, index):
            labels.append(clean(decode(partial(pdfium.FPDFAnnot_GetOptionLabel, form, note, index))))
    return ", ".join(filter(None, labels))


def _objects(note: Any, count: int) -> Iterator[Any]:
    return (pdfium.FPDFAnnot_GetObject(note, index) for index in range(min(count, _MOST_ON_PAGE)))


def _may_have_words(item: Any) -> bool:
    return pdfium.FPDFPageObj_GetType(item) in (pdfium.FPDF_PAGEOBJ_TEXT, pdfium.FPDF_PAGEOBJ_FORM)


def _string(note: Any, key: bytes) -> str:
    return decode(partial(pdfium.FPDFAnnot_GetStringValue, note, key))


def decode(ask: Any) -> str:
    size = min(int(ask(None, 0)), _MOST_BYTES)
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    ask(buffer, size)
    return bytes(buffer).decode("utf-16-le", errors="ignore").split("\0", 1)[0]
