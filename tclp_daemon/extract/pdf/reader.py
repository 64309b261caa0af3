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
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import OnPage, ReadContext
from tclp_daemon.extract.pdf.fields import Fields
from tclp_daemon.extract.pdf.lines import Line, PageLines
from tclp_daemon.extract.pdf.mend import mend
from tclp_daemon.extract.pdf.page_layout import PageLayout
from tclp_daemon.extract.pdf.paragraphs import join_lines, make_paragraphs, vocabulary
from tclp_daemon.extract.pdf.probe import try_out
from tclp_daemon.extract.pdf.running import mark_running
from tclp_daemon.extract.pdf.salvage import salvage
from tclp_daemon.extract.pdf.text_page import TextPage
from tclp_daemon.extract.pdf.weight import weigh
from tclp_daemon.formats import Kind, of_kind
from tclp_daemon.warning import WarningCode, warning

_HEADER = of_kind(Kind.PDF).magic
_RULE = re.compile(r"[-–—=\s]{5,}")  # drawn on a typewriter, perhaps in the middle of a sentence
_SALVAGED = warning(WarningCode.DAMAGED, missing="parts")
_WITHOUT_FORM = warning(WarningCode.DAMAGED, missing="what was typed into some fields of its form")
_LONGEST_PAGE = 400_000  # characters; a page of a contract has some thousands
# pdfium is not thread-safe, not even for different files: two threads that call it at once end the process.
_PDFIUM = threading.Lock()


def read_pdf(data: bytes, context: ReadContext) -> Document:
    """Reads a PDF. Threads of one process take turns.

    Raises:
        ContractError: encrypted, corrupt, too_many_pages, too_much_text, no_text (scanned), too_large.
    """
    with _PDFIUM:
        return _read(data, context.limits, context.on_page)


def _read(data: bytes, limits: Limits, on_page: OnPage | None) -> Document:
    start = data.find(_HEADER)
    if start > 0:
        data = data[start:]  # bytes before the header shift every offset in the file
    try:
        file = _open(data)
    except ContractError as error:
        if error.code is ErrorCode.CORRUPT and (pages := salvage(data, limits)):
            document = _assemble(pages, [], limits)
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
        document = _assemble(*_read_pages(file, limits, on_page, Fields(file, form=fields)), limits)
        return document if fields or not has_form else replace(document, warnings=(*document.warnings, _WITHOUT_FORM))
    finally:
        file.close()


def _open(data: bytes) -> pdfium.PdfDocument:
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
    document: pdfium.PdfDocument, limits: Limits, on_page: OnPage | None, fields: Fields
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
                with TextPage(page, number) as text:
                    characters += text.characters
                    if characters + fields.characters > limits.characters:
                        raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=limits.characters)
                    pages.append(_read_page(page, text, number, layout, fields))
            finally:
                page.close()
        if on_page is not None:
            on_page(number, count)
    return pages, unreadable


def _read_page(page: pdfium.PdfPage, text: TextPage, number: int, layout: PageLayout, fields: Fields) -> PageLines:
    lines = [line for line in mend(text, text.lines()) if not _RULE.fullmatch(line.text)]
    lines += [text.place(words, rect) for words, rect in fields.values(page)]
    if not lines or text.characters > _LONGEST_PAGE:
        return PageLines(number, lines)
    return layout.lay_out(page, text, number, lines)


def _assemble(pages: list[PageLines], unreadable: list[int], limits: Limits) -> Document:
    silent = [page.number for page in pages if not page.body and not page.cells and page.number not in unreadable]
    if len(unreadable) == len(pages):
        raise ContractError(ErrorCode.CORRUPT, detail="none of its pages can be opened")
    if len(silent) + len(unreadable) == len(pages):
        raise ContractError(ErrorCode.NO_TEXT, detail="it has no text layer, so it was probably scanned")
    mark_running(pages)
    words = vocabulary(pages)
    builder = DocumentBuilder(limits)
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
    _warn(builder, silent, unreadable)
    return builder.build(Kind.PDF, _extractor())


@cache
def _extractor() -> str:
    return f"pypdfium2 {version('pypdfium2')}, pdfplumber {version('pdfplumber')}"


def _add_running(builder: DocumentBuilder, lines: list[Line]) -> None:
    for line in lines:
        builder.add(BlockKind.HEADER_FOOTER, line.text)


def _warn(builder: DocumentBuilder, silent: list[int], unreadable: list[int]) -> None:
    if silent:
        builder.warn(warning(WarningCode.PAGES_WITHOUT_TEXT, pages=silent))
    if unreadable:
        builder.warn(warning(WarningCode.PAGES_UNREADABLE, pages=unreadable))
