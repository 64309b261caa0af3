"""Everything that can limit how far a result may be relied on, as one enum: a stable code, one sentence, advice.

`docs/reference/errors.md` has the same table; a test compares the two. What makes a contract fail is in `errors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_MOST_NAMED = 20  # pages or parts in a sentence


class WarningCode(StrEnum):
    """Stable, snake_case codes. They appear in results, so a code is never renamed or reused."""

    ATTACHED_FILE = "attached_file"
    CONTENT_MISMATCH = "content_mismatch"
    COVERED_TEXT = "covered_text"
    DAMAGED = "damaged"
    EMBEDDED_DOCUMENT = "embedded_document"
    EXTERNAL_PART = "external_part"
    HIDDEN_TEXT = "hidden_text"
    MANY_FRAGMENTS = "many_fragments"
    MARKUP_WITHOUT_END = "markup_without_end"
    OCR = "ocr"
    OCR_INCOMPLETE = "ocr_incomplete"
    PAGE_INCOMPLETE = "page_incomplete"
    PAGES_UNREADABLE = "pages_unreadable"
    PAGES_WITHOUT_TEXT = "pages_without_text"
    PART_UNREADABLE = "part_unreadable"
    PICTURES_WITHOUT_TEXT = "pictures_without_text"
    REPEATED_PART = "repeated_part"
    TEXT_INCOMPLETE = "text_incomplete"
    TEXT_UNREADABLE = "text_unreadable"
    UNSURE_ENCODING = "unsure_encoding"
    XFA_FORM = "xfa_form"


@dataclass(frozen=True, slots=True)
class WarningSpec:
    """What a code means.

    Attributes:
        message: format string over the warning's details; `{pages}` is "page 2" or "pages 2 and 5", `{on_pages}`
            " on page 2" or nothing where the format has no pages, `{parts}` the names of the parts, `{places}` pages or
            parts, whichever there are.
        advice: what its reader can do.
        unread: a part of the contract was not judged, so that "unlikely" is only true of the rest.
    """

    message: str
    advice: str
    unread: bool = False


_OPEN_AND_SAVE = "Open the file in the program that created it, save it as a new file and drop that."
_SEARCHABLE = "Run text recognition (OCR) on the file and drop the result, or read these pages yourself."

WARNINGS: dict[WarningCode, WarningSpec] = {
    WarningCode.ATTACHED_FILE: WarningSpec(
        "Other files are attached to this one and were not read: {parts}.",
        "Save those that belong to the contract and drop them as files of their own.",
        unread=True,
    ),
    WarningCode.CONTENT_MISMATCH: WarningSpec(
        "The file is named {suffix} but is {found}; it was read as what it is.",
        "Check that this is the right file.",
    ),
    WarningCode.COVERED_TEXT: WarningSpec(
        "There is text{on_pages} that is covered, struck out or painted in the colour of the paper; it was read like "
        "any other.",
        "Look for it in the contract: what was meant to be gone may count among the findings.",
    ),
    WarningCode.DAMAGED: WarningSpec(
        "The file is damaged; what could be read was analysed, but {missing} may be missing.",
        _OPEN_AND_SAVE,
        unread=True,
    ),
    WarningCode.EMBEDDED_DOCUMENT: WarningSpec(
        "Documents embedded in this one could not be read and were left out: {parts}.",
        "Open them in the contract, save them and drop them as files of their own.",
        unread=True,
    ),
    WarningCode.EXTERNAL_PART: WarningSpec(
        "A part of the contract lies in other files, which were not read: {parts}.",
        "Drop these files as well.",
        unread=True,
    ),
    WarningCode.HIDDEN_TEXT: WarningSpec(
        "More of the web page is hidden than shown; the hidden text was not read.",
        "Open the page in a browser, save it as a PDF and drop that.",
    ),
    WarningCode.MANY_FRAGMENTS: WarningSpec(
        "{left_out} lines or cells of fewer than {words} words were not classified: the document has more than {most} "
        "of them.",
        "If the document has clauses in such short lines, split it and drop the parts.",
        unread=True,
    ),
    WarningCode.MARKUP_WITHOUT_END: WarningSpec(
        "The web page opens {names} without an end; all of it was read as text.",
        "Open the page in a browser, save it as a PDF and drop that.",
    ),
    WarningCode.OCR: WarningSpec(
        "The text of {places} comes from text recognition (OCR), so single words may be wrong.",
        "Compare findings there with what the pages show.",
    ),
    WarningCode.OCR_INCOMPLETE: WarningSpec(
        "Text recognition (OCR) stopped at its limit ({limit}) before {places}, which could not be judged.",
        "Split the document, or ask the administrator to raise the limit.",
        unread=True,
    ),
    WarningCode.PAGE_INCOMPLETE: WarningSpec(
        "The content of {places} breaks off; what follows could not be judged.",
        _OPEN_AND_SAVE,
        unread=True,
    ),
    WarningCode.PAGES_UNREADABLE: WarningSpec(
        "The file is damaged at {pages}, which could not be judged.",
        _OPEN_AND_SAVE,
        unread=True,
    ),
    WarningCode.PAGES_WITHOUT_TEXT: WarningSpec(
        "There is no running text on {pages}, perhaps because of a scan, so nothing there could be judged.",
        _SEARCHABLE,
        unread=True,
    ),
    WarningCode.PART_UNREADABLE: WarningSpec(
        "The part of the document with its {kind} is damaged and was left out.",
        _OPEN_AND_SAVE,
        unread=True,
    ),
    WarningCode.PICTURES_WITHOUT_TEXT: WarningSpec(
        "The document holds pictures as large as pages, perhaps scans, whose text could not be judged: {parts}.",
        "Run text recognition (OCR) on the pictures and drop the result, or read them yourself.",
        unread=True,
    ),
    WarningCode.REPEATED_PART: WarningSpec(
        "The file has several versions of one part of the document; the last one was read. Word refuses or repairs "
        "such a file.",
        _OPEN_AND_SAVE,
    ),
    WarningCode.TEXT_INCOMPLETE: WarningSpec(
        "The file is damaged: part of its text is missing.",
        _OPEN_AND_SAVE,
        unread=True,
    ),
    WarningCode.TEXT_UNREADABLE: WarningSpec(
        "The text of {pages} is not what the page shows, since the file does not say which letters its signs stand "
        "for; nothing there could be judged.",
        _SEARCHABLE,
        unread=True,
    ),
    WarningCode.UNSURE_ENCODING: WarningSpec(
        "The encoding of the text is unclear; it was read as {encoding}.",
        "If accents or signs such as £ are wrong, save the file as UTF-8 and drop it again.",
    ),
    WarningCode.XFA_FORM: WarningSpec(
        "The file is a form (XFA) whose content only Adobe's programs show; it could not be judged.",
        "Open it in Adobe Acrobat or Reader, print it to a PDF and drop that.",
        unread=True,
    ),
}


@dataclass(frozen=True, slots=True)
class DocumentWarning:
    """Something that readers of the result must know, although the analysis succeeded.

    Attributes:
        code: see `WARNINGS`.
        message: one sentence.
        pages: 1-based, ascending; those that it is about, empty where it is about the document or has no pages.
        parts: names of the parts that it is about, such as an attachment's.
    """

    code: WarningCode
    message: str
    pages: tuple[int, ...] = ()
    parts: tuple[str, ...] = ()

    @property
    def advice(self) -> str:
        """What its reader can do."""
        return WARNINGS[self.code].advice

    @property
    def unread(self) -> bool:
        """Whether a part of the contract was not judged."""
        return WARNINGS[self.code].unread


def warning(
    code: WarningCode, *, pages: Sequence[int] = (), parts: Sequence[str] = (), **details: Any
) -> DocumentWarning:
    """A warning with its sentence.

    Args:
        code: which.
        pages, parts: see `DocumentWarning`.
        details: the other values that the code's message names.
    """
    named = name_pages(pages)
    on_pages = f" on {named}" if pages else ""
    listed = _listed(parts, ", ")
    places = {"pages": named, "on_pages": on_pages, "parts": listed, "places": named if pages else listed}
    message = WARNINGS[code].message.format(**places, **details)
    return DocumentWarning(code, message, tuple(pages), tuple(parts))


def name_pages(numbers: Sequence[int]) -> str:
    """Pages in the middle of a sentence: "page 2", "pages 2, 3 and 7"; "some pages" where the format has none."""
    if not numbers:
        return "some pages"
    shown = _listed([str(number) for number in numbers], " and ")
    return f"page {shown}" if len(numbers) == 1 else f"pages {shown}"


def _listed(items: Sequence[str], last: str) -> str:
    if len(items) > _MOST_NAMED:
        return f"{', '.join(items[:_MOST_NAMED])} and others"
    return f"{', '.join(items[:-1])}{last}{items[-1]}" if len(items) > 1 else "".join(items)
