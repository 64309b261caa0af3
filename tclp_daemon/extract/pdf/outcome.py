"""What is said of a PDF of which not all was read: warnings, or that there is no text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tclp_daemon.errors import BLANK_ADVICE, ContractError, ErrorCode
from tclp_daemon.extract.pdf.lines import PageLines
from tclp_daemon.extract.pdf.unread import Unread
from tclp_daemon.warning import WARNINGS, DocumentWarning, WarningCode, warning

_RECOGNISE = "Run text recognition (OCR) on it, or print it to a new PDF from the program that shows it, and drop that."


@dataclass(frozen=True, slots=True)
class Lost:
    """Pages of which the file does not have all.

    Attributes:
        unopened: cannot be opened.
        broken: their content breaks off; None where some do and no one knows which.
    """

    unopened: Sequence[int] = ()
    broken: Sequence[int] | None = ()


def warnings_of(unread: Unread, lost: Lost, pages: Sequence[PageLines]) -> tuple[DocumentWarning, ...]:
    """A warning for each reason for which something on a page was not read, or may not be what its reader sees."""
    found = (
        (WarningCode.PAGES_WITHOUT_TEXT, unread.silent),
        (WarningCode.TEXT_UNREADABLE, unread.garbled),
        (WarningCode.PAGES_UNREADABLE, lost.unopened),
        (WarningCode.PAGE_INCOMPLETE, lost.broken or ()),
        (WarningCode.COVERED_TEXT, [page.number for page in pages if page.covered]),
    )
    named = tuple(warning(code, pages=numbers) for code, numbers in found if numbers)
    return named if lost.broken is not None else (*named, warning(WarningCode.TEXT_INCOMPLETE))


def no_text(unread: Unread, lost: Lost, attached: Sequence[str]) -> ContractError:
    """Why a file is refused of which no page shows text.

    Args:
        unread: the pages, by the reason.
        lost: see there.
        attached: names of the files that are attached to it.
    """
    if attached:
        detail = f"its pages show none, but other files are attached to it: {', '.join(attached)}"
        return ContractError(ErrorCode.NO_TEXT, detail=detail, advice=WARNINGS[WarningCode.ATTACHED_FILE].advice)
    if len(unread.garbled) > len(unread.silent):
        detail = "it does not say which letters the signs on its pages stand for"
        return ContractError(ErrorCode.NO_TEXT, detail=detail, advice=_RECOGNISE)
    if unread.silent:
        return ContractError(ErrorCode.NO_TEXT, detail="it has no text layer, so it was probably scanned")
    if lost.broken or lost.broken is None:
        return ContractError(ErrorCode.CORRUPT, detail="the content of its pages breaks off")
    return ContractError(ErrorCode.NO_TEXT, detail="its pages are blank", advice=BLANK_ADVICE)
