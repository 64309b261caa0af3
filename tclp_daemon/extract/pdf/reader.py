"""PDF -> `Document`: pages through pdfium, ruled tables through pdfplumber, paragraphs that run over page ends."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from functools import cache
from importlib.metadata import version

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_raw

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import BLANK_ADVICE, ContractError, ErrorCode
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import OnPage, ReadContext
from tclp_daemon.extract.pdf.covered import has_covered
from tclp_daemon.extract.pdf.doubles import has_doubles, hide_doubles
from tclp_daemon.extract.pdf.fields import Fields
from tclp_daemon.extract.pdf.lines import Line, PageLines
from tclp_daemon.extract.pdf.mend import mend
from tclp_daemon.extract.pdf.page_layout import PageLayout
from tclp_daemon.extract.pdf.page_objects import PageObjects, page_objects
from tclp_daemon.extract.pdf.painted import Painted, painted
from tclp_daemon.extract.pdf.paragraphs import join_lines, make_paragraphs, vocabulary
from tclp_daemon.extract.pdf.probe import try_out
from tclp_daemon.extract.pdf.recognised import restore_text, with_recognised
from tclp_daemon.extract.pdf.running import mark_running
from tclp_daemon.extract.pdf.salvage import salvage
from tclp_daemon.extract.pdf.shown import hide_unseen
from tclp_daemon.extract.pdf.text_page import TextPage
from tclp_daemon.extract.pdf.unread import Look, Unread, find_unread
from tclp_daemon.extract.pdf.weight import weigh
from tclp_daemon.formats import Kind, of_kind
from tclp_daemon.warning import DocumentWarning, WarningCode, warning

_HEADER = of_kind(Kind.PDF).magic
_RULE = re.compile(r"[-–—=\s]{5,}")  # drawn on a typewriter, perhaps in the middle of a sentence
_SALVAGED = warning(WarningCode.DAMAGED, missing="parts")
_WITHOUT_FORM = warning(WarningCode.DAMAGED, missing="what was typed into some fields of its form")
_LONGEST_PAGE = 400_000  # characters; a page of a contract has some thousands
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
            document = _assemble(pages, [], context)
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
        layers = weight.layers or hidden
        pages, unopened = _read_pages(file, limits, context.on_page, Fields(file, form=fields), layers=layers)
        pages = [with_recognised(page, context.recognised.get(page.number)) for page in pages]
        document = _assemble(pages, unopened, context, lambda number: _look(file, number))
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


def _read_pages(
    document: pdfium.PdfDocument, limits: Limits, on_page: OnPage | None, fields: Fields, *, layers: bool
) -> tuple[list[PageLines], list[int]]:
    """The lines of all pages, and the numbers of the pages that could not be opened."""
    count = len(document)
    pages: list[PageLines] = []
    unreadable: list[int] = []
    characters = 0
    layout = PageLayout()
    for number in range(1, count + 1):
        try:
            page = document[number - 1]
        except pdfium.PdfiumError:
            unreadable.append(number)
            pages.append(PageLines(number, []))
        else:
            try:
                found = page_objects(page)
                hide_unseen(page, number, found, layers=layers)
                with TextPage(page, number) as text:
                    characters += text.characters
                    if characters + fields.characters > limits.characters:
                        raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=limits.characters)
                    pages.append(_read_page(page, text, number, found, layout, fields))
            finally:
                page.close()
        if on_page is not None:
            on_page(number, count)
    return pages, unreadable


def _read_page(
    page: pdfium.PdfPage, text: TextPage, number: int, found: PageObjects, layout: PageLayout, fields: Fields
) -> PageLines:
    lines = text.lines()
    if has_doubles(found, lines) and hide_doubles(found, text):
        text.reload()
        lines = text.lines()
    lines = [line for line in mend(text, lines) if not _RULE.fullmatch(line.text)]
    covered = has_covered(page, number, found, text, lines)
    lines += [text.place(words, rect) for words, rect in fields.values(page)]
    long = not lines or text.characters > _LONGEST_PAGE
    result = PageLines(number, lines) if long else layout.lay_out(page, text, number, lines)
    result.covered = covered
    return result


def _look(file: pdfium.PdfDocument, number: int) -> Painted:
    page = file[number - 1]
    try:
        return painted(page)
    finally:
        page.close()


def _assemble(
    pages: list[PageLines], unopened: list[int], context: ReadContext, look: Look = lambda _: None
) -> Document:
    if len(unopened) == len(pages):
        raise ContractError(ErrorCode.CORRUPT, detail="none of its pages can be opened")
    mark_running(pages)
    restore_text(pages)
    unread = find_unread([page for page in pages if page.number not in unopened], look)
    warnings = _warnings(unread, unopened, [page.number for page in pages if page.covered])
    if unread.is_all(len(pages) - len(unopened)):
        if not (context.recognisable and unread.silent):
            raise _no_text(unread)
        return Document("", (), Kind.PDF, _extractor(), (0,) * len(pages), warnings)
    words = vocabulary(pages)
    builder = DocumentBuilder(context.limits)
    begun = 0
    for page, paragraphs in zip(pages, make_paragraphs(pages), strict=True):
        while begun < page.number:
            begun = builder.start_page()
        _add_running(builder, page.top)
        footer = page.bottom
        for index, paragraph in enumerate(paragraphs):
            text, breaks = join_lines(paragraph.lines, words)
            if breaks or index == len(paragraphs) - 1:
                # A footer goes before the paragraph that runs on to the next page, so that it does not split it.
                _add_running(builder, footer)
                footer = []
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


def _warnings(unread: Unread, unopened: list[int], covered: list[int]) -> tuple[DocumentWarning, ...]:
    found = (
        (WarningCode.PAGES_WITHOUT_TEXT, unread.silent),
        (WarningCode.PAGES_UNREADABLE, unopened),
        (WarningCode.COVERED_TEXT, covered),
    )
    return tuple(warning(code, pages=pages) for code, pages in found if pages)


def _no_text(unread: Unread) -> ContractError:
    if not unread.silent:
        return ContractError(ErrorCode.NO_TEXT, detail="its pages are blank", advice=BLANK_ADVICE)
    return ContractError(ErrorCode.NO_TEXT, detail="it has no text layer, so it was probably scanned")
