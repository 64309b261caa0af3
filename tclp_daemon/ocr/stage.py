"""The stage between reading and segmenting: a document with unread pages -> the same with what was recognised on them.

What was recognised goes back to the reader, which reads the file again: running headers, paragraphs, columns, headings
and clause numbers come from the same code for all pages. That costs little beside the recognition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tclp_daemon.config import Limits, Ocr
from tclp_daemon.document import Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.extract.context import Recognised
from tclp_daemon.extract.pdf import PagePictures
from tclp_daemon.formats import Kind
from tclp_daemon.ocr.engine import EngineMissing
from tclp_daemon.ocr.recogniser import Recognition, find_engine, recognise
from tclp_daemon.warning import DocumentWarning, WarningCode, warning

# Warnings whose pages may be recognised, and whether the text that the file has for them is wrong.
_RECOGNISABLE = {WarningCode.PAGES_WITHOUT_TEXT: False, WarningCode.TEXT_UNREADABLE: True}
_INSTALL = (
    "Run text recognition (OCR) on it and drop the result. Or ask the administrator to install what recognises text "
    "here ({problem}; see 'Scans' in docs/howto/administer.md), and drop it again."
)
_ILLEGIBLE = "If people can read it, scan it again at 300 dpi and drop that; or type it."


def unread_pages(document: Document) -> dict[int, bool]:
    """The pages that may be recognised, and of each whether the text that the file has for it is wrong."""
    if document.format is not Kind.PDF:
        return {}
    found = {
        page: _RECOGNISABLE[each.code]
        for each in document.warnings
        if each.code in _RECOGNISABLE
        for page in each.pages
    }
    return dict(sorted(found.items()))


def with_recognised_pages(
    document: Document,
    data: bytes,
    suffix: str,
    limits: Limits,
    settings: Ocr,
    on_page: Callable[[int, int, int], None],
) -> tuple[Document, str | None]:
    """Recognises the pages that were not read.

    Args:
        document: what was read so far; empty where nothing was.
        data, suffix, limits: see `read_document`.
        settings: section of the configuration.
        on_page: called with (done, total, number of the page) after each page.

    Returns:
        The document with these pages, and what recognised them; None where nothing did.

    Raises:
        ContractError: no_text, there is no text on any page; those of `read_document`.
    """
    try:
        engine = find_engine(settings)
    except EngineMissing as missing:
        if not document.blocks:
            detail = "it has no text layer, so it was probably scanned"
            advice = _INSTALL.format(problem=missing)
            raise ContractError(ErrorCode.NO_TEXT, detail=detail, advice=advice) from None
        return document, None
    recognition = recognise(lambda: PagePictures(data), unread_pages(document), settings, on_page)
    if recognition.found:
        found: dict[int | str, Recognised] = {**recognition.found}
        document = read_document(data, suffix, limits, recognisable=True, recognised=found)
    if not document.blocks:
        raise ContractError(ErrorCode.NO_TEXT, detail=_why(recognition), advice=_ILLEGIBLE)
    return replace(document, warnings=_warnings(document, recognition)), engine.name if recognition.found else None


def _why(recognition: Recognition) -> str:
    if recognition.stopped:
        return f"text recognition (OCR) stopped at its limit ({' and '.join(recognition.stopped)})"
    return "it has no text layer, and text recognition (OCR) found no words on its pages"


def _warnings(document: Document, recognition: Recognition) -> tuple[DocumentWarning, ...]:
    """Those of the document, and what is to be said of the recognition; a page is named unread for one reason."""
    stopped = {page for pages in recognition.stopped.values() for page in pages}
    warnings = [_without(each, stopped) if each.code in _RECOGNISABLE else each for each in document.warnings]
    warnings += [
        warning(WarningCode.OCR_INCOMPLETE, pages=pages, limit=limit) for limit, pages in recognition.stopped.items()
    ]
    found = {page: what for page, what in sorted(recognition.found.items()) if what.lines}
    if found:
        warnings.append(warning(WarningCode.OCR, pages=list(found)))
    if broken := [page for page, what in found.items() if what.incomplete]:
        warnings.append(warning(WarningCode.PAGE_INCOMPLETE, pages=broken))
    return tuple(each for each in warnings if each is not None)


def _without(each: DocumentWarning, pages: set[int]) -> DocumentWarning | None:
    rest = [page for page in each.pages if page not in pages]
    return warning(each.code, pages=rest) if rest else None
