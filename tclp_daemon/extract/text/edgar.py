"""Filings at the SEC: a header, and documents one after another, each a web page or plain text, in marks of their own.

EDGAR serves them as one text file ("full submission"), and single exhibits with the marks of their document around
them. See https://www.sec.gov/info/edgar/pdsdissemspec910.pdf, which calls the marks tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tclp_daemon.document import BlockKind
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.text.html import read_page
from tclp_daemon.extract.text.plain import add_text
from tclp_daemon.warning import WarningCode, warning

_WINDOW = 20_000  # characters in which a submission says what it is
_BEGINS = re.compile(r"<(?:SEC|IMS)-(?:DOCUMENT|HEADER)>|<DOCUMENT>\s*<TYPE>", re.IGNORECASE)
_DOCUMENT = re.compile(r"<DOCUMENT>(?=\s*<)", re.IGNORECASE)
_TEXT = re.compile(r"<TEXT>", re.IGNORECASE)
_END = re.compile(r"</(?:TEXT|DOCUMENT|SEC-DOCUMENT|IMS-DOCUMENT)>|-----END PRIVACY", re.IGNORECASE)
_HEADER_END = re.compile(r"</(?:SEC|IMS)-HEADER>", re.IGNORECASE)
_FIELD = re.compile(r"^<(TYPE|DESCRIPTION|FILENAME)>[ \t]*(\S.*)$", re.IGNORECASE | re.MULTILINE)
_FIELDS = re.compile(r"(?:\s*<[A-Z-]{3,20}>[^<\n]*\n)*", re.IGNORECASE)
_LONGEST_HEAD = 2000
_MARKUP = re.compile(r"<(?:html|body|head|p|div|font|br|center|title|span|hr|a|b)\b", re.IGNORECASE)
_MARKUP_WINDOW = 5000
_WRAPPED = re.compile(r"\s*<XBRL>", re.IGNORECASE)
_NO_TEXT = re.compile(r"\s*(?:<(?:XML|JSON|ZIP|EXCEL|XBRL)>|(?:<PDF>\s*)?begin \d{3} )", re.IGNORECASE)
_MAY_BE_CONTRACT = re.compile(r"\.(?:pdf|docx?|rtf)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Document:
    type: str
    title: str
    file: str
    body: str


def is_submission(text: str) -> bool:
    """True for the text of a filing, or of one of its documents with the marks around it."""
    return _BEGINS.search(text, 0, _WINDOW) is not None


def read_submission(text: str, context: ReadContext) -> DocumentBuilder:
    """The blocks of all documents; the header is not a part of the contract.

    Raises:
        ContractError: see `read_page`.
    """
    builder = DocumentBuilder(context.limits)
    unread = []
    for document in _documents(text):
        if _NO_TEXT.match(document.body):
            # Pictures and tables of figures go with most filings; another form of a document may be the contract.
            if _MAY_BE_CONTRACT.search(document.file):
                unread.append(document.file)
            continue
        if not builder.is_empty:
            builder.add(BlockKind.HEADING, document.title, level=1)
        if _MARKUP.search(document.body, 0, _MARKUP_WINDOW):
            builder.extend(read_page(document.body, context))
        else:
            add_text(builder, document.body)
    if unread:
        builder.warn(warning(WarningCode.ATTACHED_FILE, parts=unread))
    return builder


def _documents(text: str) -> Iterator[_Document]:
    starts = [match.end() for match in _DOCUMENT.finditer(text)]
    if not starts:
        header = _HEADER_END.search(text)
        starts = [header.end() if header else 0]
    for start, limit in zip(starts, [*starts[1:], len(text)], strict=True):
        begin = _TEXT.search(text, start, min(start + _LONGEST_HEAD, limit))
        head_end = begin.start() if begin else _FIELDS.match(text, start, limit).end()  # type: ignore[union-attr]
        fields = {name.upper(): value.strip() for name, value in _FIELD.findall(text, start, head_end)}
        body_start = begin.end() if begin else head_end
        if wrapped := _WRAPPED.match(text, body_start):
            body_start = wrapped.end()
        end = _END.search(text, body_start, limit)
        yield _Document(
            fields.get("TYPE", ""),
            fields.get("DESCRIPTION") or fields.get("TYPE", ""),
            fields.get("FILENAME", ""),
            text[body_start : end.start() if end else limit],
        )
