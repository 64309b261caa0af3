"""Content of a PDF that is on none of its pages: an XFA form, and files that are attached.

What such a file shows instead, "Please wait..." or the cover sheet of a portfolio, is not the contract.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.pdf.fields import decode
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line, PageLines, clean
from tclp_daemon.warning import WARNINGS, DocumentWarning, WarningCode, warning

_MOST_FILES = 100
_MOST_NOTES = 500  # of a page that are looked at
_LONGEST_NAME = 120  # characters
# In whatever language, the page that stands in for a form names the program that shows it.
_VIEWER = re.compile(r"adobe|acrobat", re.IGNORECASE)
_WAIT = re.compile(r"please wait|not eventually replaced|adobe\.com/go/", re.IGNORECASE)
# On the only page of a file with a form, in any language: "... upgrade to the latest version of Adobe Reader".
_READER = re.compile(r"adobe\s+(acrobat\s+)?reader", re.IGNORECASE)
_PORTFOLIO = re.compile(r"portfolio|portefeuille|portafolio|portafoglio|portf[oó]lio", re.IGNORECASE)
# Settings, signatures, data of invoices, fonts, sound: nobody writes a contract in one of these.
_NO_CONTRACT = frozenset(
    ".joboptions .xml .xsd .xsl .xslt .json .p7s .p7m .p7c .sig .asc .cer .crt .icc .ttf .otf .css .js .ini .log .ics "
    ".vcf .fdf .xfdf .png .gif .bmp .svg .ico .mp3 .mp4 .m4a .wav .avi .mov".split()
)
_SAME_CONTENT = frozenset({"Source", "Alternative"})  # ISO 32000-2, 7.11.3: the file that the pages were made from


class Elsewhere:
    """What a file holds apart from its pages.

    Args:
        file: an open `pypdfium2.PdfDocument`.
    """

    def __init__(self, file: Any) -> None:
        form = pdfium.FPDF_GetFormType(file.raw)
        self._is_dynamic = form == pdfium.FORMTYPE_XFA_FULL
        # Programs that write forms may leave out that they are dynamic.
        self._may_be_dynamic = form == pdfium.FORMTYPE_XFA_FOREGROUND and len(file) == 1
        self._names: dict[str, None] = {}
        for index in range(min(max(pdfium.FPDFDoc_GetAttachmentCount(file.raw), 0), _MOST_FILES)):
            self._add(pdfium.FPDFDoc_GetAttachment(file.raw, index))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the attached files that may belong to the contract."""
        return tuple(self._names)

    def look(self, page: Any) -> None:
        """Adds the files that are attached to a place on a page."""
        for index in range(min(max(pdfium.FPDFPage_GetAnnotCount(page.raw), 0), _MOST_NOTES)):
            note = pdfium.FPDFPage_GetAnnot(page.raw, index)
            if note:
                if pdfium.FPDFAnnot_GetSubtype(note) == pdfium.FPDF_ANNOT_FILEATTACHMENT:
                    self._add(pdfium.FPDFAnnot_GetFileAttachment(note))
                pdfium.FPDFPage_CloseAnnot(note)

    def warnings(self, pages: Sequence[PageLines]) -> tuple[DocumentWarning, ...]:
        """What readers must know of it. The words of a page that stands in for something else become a running line.

        Args:
            pages: with all that stands on them.

        Raises:
            ContractError: no_text, where the pages show nothing but that there is a form.
        """
        found = []
        if waiting := self._stand_ins(pages, self._is_waiting):
            if len(waiting) == len(pages):
                advice = WARNINGS[WarningCode.XFA_FORM].advice
                detail = "it is a form (XFA) whose content only Adobe's programs show"
                raise ContractError(ErrorCode.NO_TEXT, detail=detail, advice=advice)
            found.append(warning(WarningCode.XFA_FORM, pages=waiting))
        elif self._is_dynamic:
            found.append(warning(WarningCode.XFA_FORM))
        if self._names:
            covers = self._stand_ins(pages, _is_cover)
            found.append(warning(WarningCode.ATTACHED_FILE, pages=covers, parts=self.names))
        return tuple(found)

    def _stand_ins(self, pages: Sequence[PageLines], is_one: Callable[[str], bool]) -> list[int]:
        numbers = []
        for page in pages:
            if page.cells or len(page.body) >= LAYOUT.many_words or _has_many_words(page.body):
                continue
            if is_one(" ".join(line.text for line in page.body)):
                numbers.append(page.number)
                page.top += page.body
                page.body = []
        return numbers

    def _is_waiting(self, text: str) -> bool:
        if self._is_dynamic:
            return not text or bool(_VIEWER.search(text))
        if self._may_be_dynamic and _READER.search(text):
            return True
        return bool(_WAIT.search(text) and _VIEWER.search(text))

    def _add(self, attachment: Any) -> None:
        if not attachment or len(self._names) >= _MOST_FILES:
            return
        relation = decode(lambda buffer, size: pdfium.FPDFAttachment_GetAFRelationship(attachment, buffer, size))
        name = clean(decode(lambda buffer, size: pdfium.FPDFAttachment_GetName(attachment, buffer, size)))
        if relation not in _SAME_CONTENT and PurePosixPath(name).suffix.lower() not in _NO_CONTRACT:
            self._names.setdefault(name[:_LONGEST_NAME] or "a file without a name")


def _has_many_words(lines: Sequence[Line]) -> bool:
    """Whether a page is no stand-in; most pages are seen off after a few lines."""
    words = 0
    for line in lines:
        words += len(line.text.split())
        if words >= LAYOUT.many_words:
            return True
    return False


def _is_cover(text: str) -> bool:
    return bool(_PORTFOLIO.search(text) and _VIEWER.search(text))
