"""Replacement text (/ActualText), which pdfium reads in place of the letters that a page shows.

It is meant for a ligature, a hyphen or an ornament, and there it is better than the letters. Nothing keeps it from
saying something else than the page, though, and then the page counts.
"""

from __future__ import annotations

import ctypes
from itertools import groupby
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import bare
from tclp_daemon.extract.pdf.page_objects import PageObjects, page_objects
from tclp_daemon.extract.pdf.text_page import TextPage

_KEY = b"ActualText"
_MOST_MARKS = 8  # of one object; it has one for each level of tagging
_MOST_BYTES = 20_000  # of one replacement
_MOST_REPLACED = 2000  # text objects of a page


class _Replaced(NamedTuple):
    place: int  # among the texts of the page
    mark: Any
    words: str


def prefer_letters(page: Any, number: int, found: PageObjects) -> None:
    """Takes replacements away that say something else than the letters they stand for.

    Args:
        page: a loaded `pypdfium2.PdfPage` whose text is not loaded yet.
        number: 1-based.
        found: its objects.
    """
    replaced = _replaced(found)
    if not replaced:
        return
    copy = page.pdf[number - 1]
    try:
        others = page_objects(copy)
        for item in _replaced(others):
            pdfium.FPDFPageObj_RemoveMark(others.texts[item.place].handle, item.mark)
        with TextPage(copy, number) as text:
            shown = {item.place: text.of_object(others.texts[item.place].handle) for item in replaced}
    finally:
        copy.close()
    for words, group in groupby(replaced, key=lambda item: item.words):
        items = list(group)
        if _differ(words, "".join(shown[item.place] for item in items)):
            for item in items:
                pdfium.FPDFPageObj_RemoveMark(found.texts[item.place].handle, item.mark)


def _replaced(found: PageObjects) -> list[_Replaced]:
    """The texts that have a replacement as long as several words."""
    result = []
    for index, item in enumerate(found.texts):
        for at in range(min(pdfium.FPDFPageObj_CountMarks(item.handle), _MOST_MARKS)):
            mark = pdfium.FPDFPageObj_GetMark(item.handle, at)
            if len(words := _words(mark)) > LAYOUT.replaced_letters:
                result.append(_Replaced(index, mark, words))
        if len(result) >= _MOST_REPLACED:
            break
    return result


def _words(mark: Any) -> str:
    size = ctypes.c_ulong()
    if not pdfium.FPDFPageObjMark_GetParamStringValue(mark, _KEY, None, 0, size) or not 2 < size.value < _MOST_BYTES:
        return ""
    buffer = (ctypes.c_ushort * (size.value // 2))()
    pdfium.FPDFPageObjMark_GetParamStringValue(mark, _KEY, buffer, size.value, size)
    return bytes(buffer).decode("utf-16-le", errors="ignore").rstrip("\0")


def _differ(words: str, shown: str) -> bool:
    """Whether the letters of a page are words, and other words than their replacement."""
    mine, theirs = (bare(text) for text in (shown, words))
    return mine != theirs and len(mine) >= LAYOUT.replaced_share * len(theirs)
