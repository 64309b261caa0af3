"""The pages of an open PDF: what stands on each, and in which order a person reads it."""

from __future__ import annotations

import re

import pypdfium2 as pdfium

from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.pdf.actual_text import prefer_letters
from tclp_daemon.extract.pdf.covered import CoveredText
from tclp_daemon.extract.pdf.doubles import has_doubles, hide_doubles
from tclp_daemon.extract.pdf.elsewhere import Elsewhere
from tclp_daemon.extract.pdf.fields import NOT_TICKED, TICKED, Fields, Typed
from tclp_daemon.extract.pdf.lines import Line, PageLines
from tclp_daemon.extract.pdf.mend import mend
from tclp_daemon.extract.pdf.page_layout import PageLayout
from tclp_daemon.extract.pdf.page_objects import PageObjects, page_objects
from tclp_daemon.extract.pdf.painted import Painted, painted
from tclp_daemon.extract.pdf.shown import hide_off_sheet, hide_unpainted, may_be_off_sheet
from tclp_daemon.extract.pdf.text_page import TextPage
from tclp_daemon.extract.pdf.typed import is_there, put_beside, put_in
from tclp_daemon.extract.pdf.weight import Weight

_RULE = re.compile(r"[-–—=\s]{5,}")  # drawn on a typewriter, perhaps in the middle of a sentence
_LONGEST_PAGE = 400_000  # characters; a page of a contract has some thousands
_SHORT_PAGE = 900  # characters; of shorter pages it is seen at once what else they show, while they are open


class Pages:
    """The pages of an open file.

    Args:
        file: must stay open.
        fields: what people typed into it.
        weight: says what is worth looking for.

    Attributes:
        lines: of all pages.
        unopened: numbers of the pages that could not be opened.
        elsewhere: what is on none of them.
    """

    def __init__(self, file: pdfium.PdfDocument, fields: Fields, weight: Weight) -> None:
        self._file = file
        self._fields = fields
        self._weight = weight
        self._covered, self._layout = CoveredText(), PageLayout()
        self._characters = 0
        self._painted: dict[int, Painted] = {}
        self.lines: list[PageLines] = []
        self.unopened: list[int] = []
        self.elsewhere = Elsewhere(file)

    def read(self, context: ReadContext) -> None:
        """Reads all pages.

        Raises:
            ContractError: too_much_text.
        """
        count = len(self._file)
        for number in range(1, count + 1):
            try:
                page = self._file[number - 1]
            except pdfium.PdfiumError:
                self.unopened.append(number)
                self.lines.append(PageLines(number, []))
            else:
                try:
                    self.lines.append(self._read_page(page, number, context))
                finally:
                    page.close()
            if context.on_page is not None:
                context.on_page(number, count)

    def look(self, number: int) -> Painted:
        """What is painted on a page; that of pages with little text is already known."""
        if number not in self._painted:
            page = self._file[number - 1]
            self._painted[number] = painted(page, number, page_objects(page))
            page.close()
        return self._painted[number]

    def _read_page(self, page: pdfium.PdfPage, number: int, context: ReadContext) -> PageLines:
        found = page_objects(page)
        hide_unpainted(page, number, found, layers=self._weight.layers)
        if self._weight.replacements:
            prefer_letters(page, number, found)
        self.elsewhere.look(page)
        with TextPage(page, number) as text:
            self._characters += text.characters
            if self._characters + self._fields.characters > context.limits.characters:
                raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=context.limits.characters)
            if text.characters < _SHORT_PAGE:
                self._painted[number] = painted(page, number, found)
            return self._read_text(page, text, number, found)

    def _read_text(self, page: pdfium.PdfPage, text: TextPage, number: int, found: PageObjects) -> PageLines:
        lines = text.lines()
        if may_be_off_sheet(found, text, lines) and hide_off_sheet(found):
            lines = text.reload()
        if has_doubles(found, lines) and hide_doubles(found, text):
            lines = text.reload()
        lines = [line for line in mend(text, lines) if not _RULE.fullmatch(line.text)]
        covered = self._covered.is_on(page, number, found, text, lines)
        lines = _with_typed(text, lines, self._fields.values(page, number - 1))
        long = not lines or text.characters > _LONGEST_PAGE
        result = PageLines(number, lines) if long else self._layout.lay_out(found, text, number, lines)
        result.covered, result.lost = covered, text.lost
        return result


def _with_typed(text: TextPage, lines: list[Line], values: list[Typed]) -> list[Line]:
    """The lines of a page and what was typed into it and is not in its text."""
    ticks = [text.place(*value) for value in values if value.words in (TICKED, NOT_TICKED)]
    others = [text.place(*value) for value in values if value.words not in (TICKED, NOT_TICKED)]
    lines = put_in([line for line in others if not is_there(line, lines)], lines)
    return lines + put_beside(ticks, lines, text)
