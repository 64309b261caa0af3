"""PDF -> `Document`: pages through pdfium, ruled tables through pdfplumber, paragraphs that run over page ends."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from functools import cache
from importlib.metadata import version

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_raw

from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import BLANK_ADVICE, ContractError, ErrorCode
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.pdf.elsewhere import Elsewhere
from tclp_daemon.extract.pdf.fields import Fields
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line, PageLines
from tclp_daemon.extract.pdf.painted import Painted, painted
from tclp_daemon.extract.pdf.paragraphs import join_lines, make_paragraphs, vocabulary
from tclp_daemon.extract.pdf.probe import try_out
from tclp_daemon.extract.pdf.reading_order import read_order, split_columns
from tclp_daemon.extract.pdf.recognised import restore_text, with_recognised
from tclp_daemon.extract.pdf.running import mark_running
from tclp_daemon.extract.pdf.salvage import salvage
from tclp_daemon.extract.pdf.tables import TableReader
from tclp_daemon.extract.pdf.text_page import TextPage
from tclp_daemon.extract.pdf.unread import Look, Unread, find_unread
from tclp_daemon.extract.pdf.weight import weigh
from tclp_daemon.formats import Kind, of_kind
from tclp_daemon.warning import WARNINGS, DocumentWarning, WarningCode, warning

_HEADER = of_kind(Kind.PDF).magic
_RULE = re.compile(r"[-–—=\s]{5,}")  # drawn on a typewriter, perhaps in the middle of a sentence
_SALVAGED = warning(WarningCode.DAMAGED, missing="parts")
_WITHOUT_FORM = warning(WarningCode.DAMAGED, missing="what was typed into some fields of its form")
_RECOGNISE = "Run text recognition (OCR) on it, or print it to a new PDF from the program that shows it, and drop that."
_LONGEST_PAGE = 400_000  # characters; a page of a contract has some thousands
_SHORT_PAGE = 1500  # characters; of shorter pages it is seen at once what else they show, while they are open
# pdfium is not thread-safe, not even for different files: two threads that call it at once end the process.
PDFIUM = threading.Lock()


def read_pdf(data: bytes, context: ReadContext) -> Document:
    """Reads a PDF. Threads of one process take turns.

    Raises:
        ContractError: encrypted, corrupt, too_many_pages, too_much_text, no_text (scanned), too_large.
    """
    with PDFIUM:
        return _read(data, context)


def _read(data: bytes, context: ReadContext) -> Document:
    limits = context.limits
    start = data.find(_HEADER)
    if start > 0:
        data = data[start:]  # bytes before the header shift every offset in the file
    try:
        file = open_pdf(data)
    except ContractError as error:
        if error.code is ErrorCode.CORRUPT and (pages := salvage(data, limits)):
            document = _assemble(pages, [], context, ())
            return replace(document, warnings=(*document.warnings, _SALVAGED))
        raise
    try:
        count = len(file)
        if count > limits.pages:
            raise ContractError(ErrorCode.TOO_MANY_PAGES, found=count, limit=limits.pages)
        weight = weigh(data, limits)
        has_form = pdfium_raw.FPDF_GetFormType(file.raw) != pdfium_raw.FORMTYPE_NONE
        fields = has_form and not weight.shared_kids
        # What is encrypted or packed cannot be seen in the file and so cannot be weighed.
        hidden = pdfium_raw.FPDF_GetSecurityHandlerRevision(file.raw) >= 0 or count > weight.pages
        if weight.doubtful or hidden:
            fields = try_out(data, limits, fields=fields)
        reading = _Pages(file)
        reading.read(context, Fields(file, form=fields))
        elsewhere = reading.elsewhere.warnings(reading.lines)
        pages = [with_recognised(page, context.recognised.get(page.number)) for page in reading.lines]
        document = _assemble(pages, reading.unopened, context, elsewhere, reading.look)
        return document if fields or not has_form else replace(document, warnings=(*document.warnings, _WITHOUT_FORM))
    finally:
        file.close()


def open_pdf(data: bytes) -> pdfium.PdfDocument:
    """Opens a file, which must outlive the document.

    pypdfium2 would ask for the last error of a file without pages, too. But pdfium opened it: that error is from
    another file, read long before.
    """
    for password in (None, b""):
        file = pdfium_raw.FPDF_LoadMemDocument64(data, len(data), password)
        if file:
            if pdfium_raw.FPDF_GetPageCount(file) > 0:
                return pdfium.PdfDocument(file)
            pdfium_raw.FPDF_CloseDocument(file)
            raise ContractError(ErrorCode.CORRUPT, detail="it has no pages")
        code = pdfium_raw.FPDF_GetLastError()
    if code in (pdfium_raw.FPDF_ERR_PASSWORD, pdfium_raw.FPDF_ERR_SECURITY):
        raise ContractError(ErrorCode.ENCRYPTED)
    raise ContractError(ErrorCode.CORRUPT, detail="its page tree or cross-reference table cannot be read")


class _Pages:
    """The pages of an open file.

    Attributes:
        lines: of all pages.
        unopened: numbers of the pages that could not be opened.
        elsewhere: what is on none of them.
    """

    def __init__(self, file: pdfium.PdfDocument) -> None:
        self._file = file
        self._painted: dict[int, Painted] = {}
        self.lines: list[PageLines] = []
        self.unopened: list[int] = []
        self.elsewhere = Elsewhere(file)

    def read(self, context: ReadContext, fields: Fields) -> None:
        """Reads all pages."""
        count = len(self._file)
        characters = 0
        tables = TableReader()
        for number in range(1, count + 1):
            try:
                page = self._file[number - 1]
            except pdfium.PdfiumError:
                self.unopened.append(number)
                self.lines.append(PageLines(number, []))
            else:
                try:
                    with TextPage(page, number) as text:
                        characters += text.characters
                        if characters + fields.characters > context.limits.characters:
                            raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=context.limits.characters)
                        self.lines.append(_read_page(page, text, number, tables, fields))
                        self.lines[-1].lost = text.lost
                        self.elsewhere.look(page)
                        if text.characters < _SHORT_PAGE:
                            self._painted[number] = painted(page)
                finally:
                    page.close()
            if context.on_page is not None:
                context.on_page(number, count)

    def look(self, number: int) -> Painted:
        """What is painted on a page; that of pages with little text is already known."""
        if number not in self._painted:
            page = self._file[number - 1]
            self._painted[number] = painted(page)
            page.close()
        return self._painted[number]


def _read_page(page: pdfium.PdfPage, text: TextPage, number: int, tables: TableReader, fields: Fields) -> PageLines:
    lines = [line for line in text.lines() if not _RULE.fullmatch(line.text)]
    lines += [text.place(words, rect) for words, rect in fields.values(page)]
    if not lines or text.characters > _LONGEST_PAGE:
        return PageLines(number, lines)
    y0, y1 = text.edges()
    lines, cells = tables.take(page, text, lines, number)
    # A watermark lies across the lines of the page and is part of none.
    across = [line for line in lines if line.askew]
    lines = [line for line in lines if not line.askew]
    if not cells and _is_interleaved(text, lines):
        columns = split_columns([line for line in text.segments() if not line.askew])
        if columns is not None:
            return PageLines(number, columns, top=across, y0=y0, y1=y1)
    return PageLines(number, read_order(lines), cells, top=across, y0=y0, y1=y1)


def _is_interleaved(text: TextPage, lines: list[Line]) -> bool:
    """True where many lines have a wide gap at about the same place: columns that were written line by line."""
    if len(lines) < LAYOUT.interleaved_lines:
        return False
    gaps = text.gaps(lines[len(lines) // 2].size)
    if len(gaps) < LAYOUT.interleaved_gaps:
        return False
    centres = sorted((left + right) / 2 for left, right, _ in gaps)
    middle = centres[len(centres) // 2]
    return sum(1 for left, right, _ in gaps if left < middle < right) >= LAYOUT.interleaved_gaps


def _assemble(
    pages: list[PageLines],
    unopened: list[int],
    context: ReadContext,
    elsewhere: tuple[DocumentWarning, ...],
    look: Look = lambda _: None,
) -> Document:
    if len(unopened) == len(pages):
        raise ContractError(ErrorCode.CORRUPT, detail="none of its pages can be opened")
    mark_running(pages)
    restore_text(pages)
    unread = find_unread([page for page in pages if page.number not in unopened], look)
    warnings = _warnings(unread, unopened) + elsewhere
    if unread.is_all(len(pages) - len(unopened)):
        if not (context.recognisable and (unread.silent or unread.garbled)):
            raise _no_text(unread, [name for each in elsewhere for name in each.parts])
        # Text recognition reads these pages.
        return Document("", (), Kind.PDF, _extractor(), (0,) * len(pages), warnings)
    words = vocabulary(pages)
    builder = DocumentBuilder(context.limits)
    begun = 0
    for page, paragraphs in zip(pages, make_paragraphs(pages), strict=True):
        while begun < page.number:
            begun = builder.start_page()
        _add_running(builder, page.top)
        for index, paragraph in enumerate(paragraphs):
            if index == len(paragraphs) - 1:
                # A footer goes before the paragraph that runs on to the next page, so that it does not split it.
                _add_running(builder, page.bottom)
            text, breaks = join_lines(paragraph.lines, words)
            builder.add(paragraph.kind, text, level=paragraph.level, row=paragraph.row, page_breaks=breaks)
            begun += len(breaks)
        if not paragraphs:
            _add_running(builder, page.bottom)
    for each in warnings:
        builder.warn(each)
    return builder.build(Kind.PDF, _extractor())


@cache
def _extractor() -> str:
    return f"pypdfium2 {version('pypdfium2')}, pdfplumber {version('pdfplumber')}"


def _add_running(builder: DocumentBuilder, lines: list[Line]) -> None:
    for line in lines:
        builder.add(BlockKind.HEADER_FOOTER, line.text)


def _warnings(unread: Unread, unopened: list[int]) -> tuple[DocumentWarning, ...]:
    found = (
        (WarningCode.PAGES_WITHOUT_TEXT, unread.silent),
        (WarningCode.TEXT_UNREADABLE, unread.garbled),
        (WarningCode.PAGES_UNREADABLE, unopened),
    )
    return tuple(warning(code, pages=pages) for code, pages in found if pages)


def _no_text(unread: Unread, attached: list[str]) -> ContractError:
    if attached:
        detail = f"its pages show none, but other files are attached to it: {', '.join(attached)}"
        return ContractError(ErrorCode.NO_TEXT, detail=detail, advice=WARNINGS[WarningCode.ATTACHED_FILE].advice)
    if len(unread.garbled) > len(unread.silent):
        detail = "it does not say which letters the signs on its pages stand for"
        return ContractError(ErrorCode.NO_TEXT, detail=detail, advice=_RECOGNISE)
    if unread.silent:
        return ContractError(ErrorCode.NO_TEXT, detail="it has no text layer, so it was probably scanned")
    return ContractError(ErrorCode.NO_TEXT, detail="its pages are blank", advice=BLANK_ADVICE)
