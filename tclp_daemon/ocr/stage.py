"""The stage between reading and segmenting: a document with unread pages -> the same with what was recognised on them.

What was recognised goes back to the reader, which reads the file again: running headers, paragraphs, columns, headings
and clause numbers come from the same code for all pages. That costs little beside the recognition.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from tclp_daemon.config import Limits, Ocr
from tclp_daemon.document import Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.extract.pdf import PagePictures
from tclp_daemon.formats import Kind
from tclp_daemon.ocr.engine import EngineMissing
from tclp_daemon.ocr.recogniser import Pictures, Recognition, find_engine, recognise
from tclp_daemon.ocr.unread import RECOGNISABLE, Key, unread_pages
from tclp_daemon.ocr.word_pictures import WordPictures
from tclp_daemon.warning import DocumentWarning, WarningCode, warning

_INSTALL = (
    "Run text recognition (OCR) on it and drop the result. Or ask the administrator to install what recognises text "
    "here ({problem}; see 'Scans' in docs/howto/administer.md), and drop it again."
)
_ILLEGIBLE = "If people can read it, scan it again at 300 dpi and drop that; or type it."


def with_recognised_pages(
    document: Document,
    data: bytes,
    suffix: str,
    limits: Limits,
    settings: Ocr,
    on_page: Callable[[int, int, int | None], None],
) -> tuple[Document, str | None]:
    """Recognises the pages that were not read.

    Args:
        document: what was read so far; empty where nothing was.
        data, suffix, limits: see `read_document`.
        settings: section of the configuration.
        on_page: see `recognise`.

    Returns:
        The document with these pages, and what recognised them; None where nothing did.

    Raises:
        ContractError: no_text, there is no text on any page; those of `read_document`.
    """
    try:
        engine = find_engine(settings)
    except EngineMissing as missing:
        if not document.blocks:
            detail = "it holds only pictures, so it was probably scanned"
            advice = _INSTALL.format(problem=missing)
            raise ContractError(ErrorCode.NO_TEXT, detail=detail, advice=advice) from None
        return document, None
    unread = unread_pages(document)

    def open_pictures() -> Pictures:
        if document.format is Kind.PDF:
            return PagePictures(data)
        return WordPictures(data, map(str, unread), limits)

    recognition = recognise(open_pictures, unread, settings, on_page)
    if recognition.found:
        document = read_document(data, suffix, limits, recognisable=True, recognised=recognition.found)
    if not document.blocks:
        raise ContractError(ErrorCode.NO_TEXT, detail=_why(recognition), advice=_ILLEGIBLE)
    return replace(document, warnings=_warnings(document, recognition)), engine.name if recognition.found else None


def _why(recognition: Recognition) -> str:
    if recognition.stopped:
        return f"text recognition (OCR) stopped at its limit ({' and '.join(recognition.stopped)})"
    return "it holds only pictures, and text recognition (OCR) found no words on them"


def _warnings(document: Document, recognition: Recognition) -> tuple[DocumentWarning, ...]:
    """Those of the document, and what is to be said of the recognition; a page is named unread for one reason."""
    stopped = {key for keys in recognition.stopped.values() for key in keys}
    found = {key: what for key, what in recognition.found.items() if what.lines}
    warnings = [_without(each, stopped) if each.code in RECOGNISABLE else each for each in document.warnings]
    warnings += [_about(WarningCode.OCR_INCOMPLETE, keys, limit=limit) for limit, keys in recognition.stopped.items()]
    warnings.append(_about(WarningCode.OCR, found))
    warnings.append(_about(WarningCode.PAGE_INCOMPLETE, [key for key, what in found.items() if what.incomplete]))
    return tuple(each for each in warnings if each is not None)


def _without(each: DocumentWarning, keys: Collection[Key]) -> DocumentWarning | None:
    named: list[Key] = [*each.pages, *each.parts]
    return _about(each.code, [key for key in named if key not in keys])


def _about(code: WarningCode, keys: Collection[Key], **details: str) -> DocumentWarning | None:
    pages = sorted(key for key in keys if isinstance(key, int))
    parts = [key for key in keys if isinstance(key, str)]
    return warning(code, pages=pages, parts=parts, **details) if pages or parts else None
