"""What text recognition could read. Asked of every document, so this module loads nothing else."""

from __future__ import annotations

from tclp_daemon.document import Document
from tclp_daemon.formats import Kind
from tclp_daemon.warning import WarningCode

# The number of a page, or the name of a picture in a package.
Key = int | str
# Warnings about what may be recognised, and whether the text that the file has there is wrong.
RECOGNISABLE = {
    WarningCode.PAGES_WITHOUT_TEXT: False,
    WarningCode.PICTURES_WITHOUT_TEXT: False,
    WarningCode.TEXT_UNREADABLE: True,
}
_SOURCES = frozenset({Kind.PDF, Kind.DOCX, Kind.ODT})


def unread_pages(document: Document) -> dict[Key, bool]:
    """What may be recognised, and of each whether the text that the file has for it is wrong.

    Of a PDF these are pages; of a Word file pictures as large as pages, by the names of their parts.
    """
    if document.format not in _SOURCES:
        return {}
    named = [(each, RECOGNISABLE[each.code]) for each in document.warnings if each.code in RECOGNISABLE]
    pages = {page: wrong for each, wrong in named for page in each.pages}
    return {page: pages[page] for page in sorted(pages)} | {part: False for each, _ in named for part in each.parts}
