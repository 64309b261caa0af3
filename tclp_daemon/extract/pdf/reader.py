"""PDF -> `Document`: pages through pdfium, ruled tables through pdfplumber, paragraphs that run over page ends."""

from __future__ import annotations

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
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.pdf.appearances import read_appearances
from tclp_daemon.extract.pdf.breaks import broken_pages
from tclp_daemon.extract.pdf.fields import Fields, Place
from tclp_daemon.extract.pdf.layers import hidden_annotations
from tclp_daemon.extract.pdf.lines import Line, PageLines
from tclp_daemon.extract.pdf.outcome import Lost, no_text, warnings_of
from tclp_daemon.extract.pdf.pages import Pages
from tclp_daemon.extract.pdf.paragraphs import Words, join_lines, make_paragraphs
from tclp_daemon.extract.pdf.probe import try_out
from tclp_daemon.extract.pdf.recognised import restore_text, with_recognised
from tclp_daemon.extract.pdf.running import mark_running
from tclp_daemon.extract.pdf.salvage import salvage
from tclp_daemon.extract.pdf.unread import Look, find_unread
from tclp_daemon.extract.pdf.weight import Weight, weigh
from tclp_daemon.formats import Kind, of_kind
from tclp_daemon.warning import DocumentWarning, WarningCode, warning

_HEADER = of_kind(Kind.PDF).magic
_SALVAGED = warning(WarningCode.DAMAGED, missing="parts")
_WITHOUT_FORM = warning(WarningCode.DAMAGED, missing="what was typed into some fields of its form")
_STAMPS = warning(WarningCode.PART_UNREADABLE, kind="stamps")
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
            document = _assemble(pages, Lost(), context, ())
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
        weight.layers |= hidden or weight.doubtful
        weight.replacements |= hidden or weight.doubtful
        missing: list[DocumentWarning] = [_WITHOUT_FORM] if has_form and not fields else []
        typed = Fields(
            file,
            form=fields,
            pictured=lambda: _pictured(data, limits, missing),
            hidden=lambda: hidden_annotations(data, limits) if weight.layers else set(),
        )
        reading = Pages(file, typed, weight)
        reading.read(context)
        elsewhere = reading.elsewhere.warnings(reading.lines)
        lost = Lost(reading.unopened, () if hidden else _broken(data, weight, reading.lines))
        pages = [with_recognised(page, context.recognised.get(page.number)) for page in reading.lines]
        document = _assemble(pages, lost, context, elsewhere, reading.look)
        if typed.unpictured and _STAMPS not in missing:
            missing.append(_STAMPS)
        return replace(document, warnings=(*document.warnings, *missing)) if missing else document
    finally:
        file.close()


def _pictured(data: bytes, limits: Limits, missing: list[DocumentWarning]) -> dict[Place, str]:
    """The words of stamps; adds a warning to `missing` where some could not be read."""
    found, complete = read_appearances(data, limits)
    if not complete:
        missing.append(_STAMPS)
    return found


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


def _broken(data: bytes, weight: Weight, pages: list[PageLines]) -> tuple[int, ...] | None:
    """The pages whose content breaks off, looked for where there is a sign of it."""
    streams = weight.streams
    if streams.broken or streams.open or not all(page.body or page.cells for page in pages):
        return broken_pages(data, weight.heads, streams, len(pages))
    return ()


def _assemble(
    pages: list[PageLines],
    lost: Lost,
    context: ReadContext,
    elsewhere: tuple[DocumentWarning, ...],
    look: Look = lambda _: None,
) -> Document:
    if len(lost.unopened) == len(pages):
        raise ContractError(ErrorCode.CORRUPT, detail="none of its pages can be opened")
    mark_running(pages)
    restore_text(pages)
    parts = [page for page in pages if page.number in (lost.broken or ())]
    for page in parts:
        page.unread = True
    rest = [page for page in pages if not page.unread and page.number not in lost.unopened]
    unread = find_unread(rest, look)
    warnings = warnings_of(unread, lost, pages) + elsewhere
    if unread.is_all(len(rest)) and not any(page.body or page.cells for page in parts):
        if not (context.recognisable and (unread.silent or unread.garbled)):
            raise no_text(unread, lost, [name for each in elsewhere for name in each.parts])
        # Text recognition reads these pages.
        return Document("", (), Kind.PDF, _extractor(), (0,) * len(pages), warnings)
    words = Words(pages)
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
