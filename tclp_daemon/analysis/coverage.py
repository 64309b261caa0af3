"""What could not be read -> how much of the contract the verdict is about."""

from __future__ import annotations

from tclp_daemon.document import Document
from tclp_daemon.result import Coverage
from tclp_daemon.warning import WarningCode


def coverage_of(document: Document) -> Coverage:
    """How much of a document was judged, as its warnings say it.

    The share is known where only pages are missing. How long an attachment is, or what a damaged file lost, is not.
    """
    unread = [warning for warning in document.warnings if warning.unread]
    recognised = {
        page for warning in document.warnings if warning.code is WarningCode.OCR for page in warning.pages
    }  # fmt: skip
    pages = document.page_count
    judged = pages - len(document.unread_pages) if pages else None
    only_pages = all(warning.pages for warning in unread)
    return Coverage(
        complete=not unread,
        pages=pages,
        judged_pages=judged,
        recognised_pages=len(recognised.difference(document.unread_pages)),
        share=round(judged / pages, 4) if pages and judged is not None and only_pages else None if unread else 1.0,
        words=_words(pages, judged, only_pages) if unread else "",
    )


def _words(pages: int | None, judged: int | None, only_pages: bool) -> str:
    if pages and only_pages:
        return f"in the {judged:,} of {pages:,} pages that could be read"
    return "in the part that could be read"
