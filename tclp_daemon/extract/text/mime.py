"""E-mails, and web pages that were saved as one file (MHTML): Word's "Single File Web Page", browsers' .mht.

The parts are found here, by their boundaries, in time that grows with the length of the file and the few levels of
nesting that are allowed; the standard library reads their headers and undoes their encoding. Its own parser asks each
line about each level.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import HeaderParser

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.budget import Budget
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.text.encoding import clean, decode, decode_as, warn_if_unsure
from tclp_daemon.extract.text.html import read_page
from tclp_daemon.extract.text.html_source import page_source
from tclp_daemon.extract.text.plain import add_text
from tclp_daemon.formats import Kind
from tclp_daemon.warning import WarningCode, warning

EXTRACTOR = "tclp mime 1"
_HEAD_END = re.compile(rb"\r?\n[ \t]*\r?\n|\r[ \t]*\r(?!\n)")
_LONGEST_HEAD = 65536
_BOUNDARY = re.compile(rb"--(\S[^\r\n]{0,200}?)[ \t]*\r?\n")
_FRAME = re.compile(rb"<i?frame\b[^>]{0,1000}?\ssrc\s{0,9}=\s{0,9}[\"']?\s{0,9}(?:cid:)?([^\s\"'>]{1,1000})", re.I)
_LONGEST_VALUE = 1000  # of a field that says what a part is
_MOST_LEVELS = 20
_MOST_PARTS = 2000
_SHOWN = ("From", "Sent", "To", "Cc", "Date", "Subject")  # what of an e-mail's header is text for people
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
# What goes with a page or a message and is no document of its own.
_RESOURCES = re.compile(
    r"image/(?!tiff)|audio/|video/|font/|application/(?:pgp-|(?:x-)?pkcs7-sig|x-font|font|javascript|x-javascript|"
    r"vnd\.ms-officetheme|x-mso)|text/(?:css|xml|javascript|calendar|x-vcard|vcard)"
)
_DOCUMENT_NAME = re.compile(r"\.(?:pdf|docx?|docm|rtf|odt|xlsx?|pptx?|zip|eml|msg|tiff?|html?|txt|md)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a message, or the message itself.

    Attributes:
        type: "text/html".
        header: its fields.
        body: not decoded; for a part with parts the text around them.
        parts: those inside.
    """

    type: str
    header: Message
    body: bytes
    parts: tuple[_Part, ...] = ()

    @property
    def charset(self) -> str | None:
        return self.header.get_content_charset()

    @property
    def name(self) -> str:
        return _shown(self.header.get_filename() or "")

    @property
    def names(self) -> set[str]:
        """What other parts may call it."""
        return {str(self.header.get(name, "")).strip().strip("<>") for name in ("Content-ID", "Content-Location")}

    def content(self) -> bytes:
        """The body without its transfer encoding."""
        self.header.set_payload(self.body.decode("ascii", errors="surrogateescape"))
        return self.header.get_payload(decode=True) or b""  # type: ignore[return-value]


def read_mime(data: bytes, context: ReadContext) -> Document:
    """Reads an e-mail or a web page in one file.

    Args:
        data: the complete file.
        context: limits; the budget of the file that this one is a part of.

    Raises:
        ContractError: no_text, too_deep, and what reading a page raises.
    """
    reading = _Reading(context, context.budget or Budget(len(data), context.limits))
    message = _message(data, context.limits)
    if "To" in message.header or "Received" in message.header:
        reading.add_header(message.header)
    reading.add(message)
    if reading.attached:
        reading.builder.warn(warning(WarningCode.ATTACHED_FILE, parts=list(dict.fromkeys(reading.attached))))
    return reading.builder.build(Kind.MHTML, EXTRACTOR)


class _Reading:
    """Adds what people see of each part."""

    def __init__(self, context: ReadContext, budget: Budget) -> None:
        self.builder = DocumentBuilder(context.limits)
        self.attached: list[str] = []
        self._context = ReadContext(context.limits, budget=budget)
        self._limits = context.limits

    def add_header(self, header: Message) -> None:
        """The fields that a mail program shows above a message."""
        for name in _SHOWN:
            if value := _shown(str(header.get(name, ""))):
                self.builder.add(BlockKind.PARAGRAPH, f"{name}: {value}")

    def add(self, part: _Part, inside: str = "") -> bool:
        """Adds a part; says whether there was text in it.

        Args:
            part: which.
            inside: the type of the part around it.
        """
        if part.type == "multipart/alternative":
            # The last one is the richest, but some programs leave it empty.
            return any(self.add(each) for each in reversed(part.parts))
        if part.type == "multipart/related":
            return self._add_related(part)
        if part.type == "message/rfc822":
            self.add_header(part.parts[0].header)
            return self.add(part.parts[0])
        if part.parts:
            return [self.add(each, part.type) for each in part.parts].count(True) > 0
        return self._add_leaf(part, inside)

    def _add_related(self, part: _Part) -> bool:
        start = part.header.get_param("start")
        roots = [each for each in part.parts if start and each.header.get("Content-ID") == start]
        pages = [each for each in part.parts if each.parts or each.type in _PAGES]
        root = next(iter([*roots, *pages, *part.parts]), None)
        if root is None:
            return False
        for each in part.parts:
            if each is not root and each.type not in _PAGES:
                self._note(each)
        others = [each for each in pages if each is not root]
        found = self.add(root)
        for framed in _framed(root, others):
            found |= self.add(framed)
        # A page of frames has no text of its own.
        return found or [self.add(each) for each in others].count(True) > 0

    def _add_leaf(self, part: _Part, inside: str) -> bool:
        is_text = part.type in _PAGES or part.type == "text/plain"
        is_attached = part.header.get_content_disposition() == "attachment" or (inside and part.name)
        if not is_text or is_attached:
            self._note(part)
            return False
        before = self.builder.room
        if part.type in _PAGES:
            source = page_source(part.content(), self._limits, part.charset)
            try:
                self.builder.extend(read_page(source.text, self._context))
            except ContractError as error:
                if error.code is not ErrorCode.NO_TEXT:
                    raise
        else:
            content = part.content()
            source = (part.charset and decode_as(content, part.charset, self._limits)) or decode(content, self._limits)
            add_text(self.builder, clean(source.text))
        warn_if_unsure(self.builder, source)
        return self.builder.room < before

    def _note(self, part: _Part) -> None:
        """Remembers a file that is attached and that may be a document."""
        if part.parts or (_RESOURCES.match(part.type) and not _DOCUMENT_NAME.search(part.name)):
            return
        if part.name or part.header.get_content_disposition() == "attachment":
            self.attached.append(part.name or part.type)


def _framed(root: _Part, pages: list[_Part]) -> Iterator[_Part]:
    """The pages that are shown inside another one, which names them by their id or address."""
    named = {name: page for page in pages for name in page.names if name}
    seen, asked = {id(root)}, deque([root])
    while asked:
        for match in _FRAME.finditer(asked.popleft().content()):
            inside = named.get(match[1].decode("utf-8", errors="replace"))
            if inside is not None and id(inside) not in seen:
                seen.add(id(inside))
                asked.append(inside)
                yield inside


def _message(data: bytes, limits: Limits) -> _Part:
    """The message in a file, which may begin with a byte order mark, or with the first part of a body."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    data = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    boundary = _BOUNDARY.match(data)
    if boundary is None:
        return _parse(data, limits, [0], 0)
    message = _parse(b'Content-Type: multipart/mixed; boundary="' + boundary[1] + b'"\n\n' + data, limits, [0], 0)
    two_bodies = {part.type for part in message.parts} == {"text/plain", "text/html"}
    return replace(message, type="multipart/alternative") if two_bodies else message


def _parse(data: bytes, limits: Limits, count: list[int], level: int, default: str = "text/plain") -> _Part:
    """The parts of a message.

    Args:
        data: header, empty line, body.
        limits: names the limit in an error.
        count: of the parts so far, in its only element.
        level: how many parts are around it.
        default: the type of a part that does not say what it is.
    """
    count[0] += 1
    if level > _MOST_LEVELS or count[0] > _MOST_PARTS:
        raise ContractError(ErrorCode.TOO_DEEP, found=max(level, count[0]), limit=limits.depth)
    data = data.lstrip(b"\r\n")
    end = _HEAD_END.search(data, 0, _LONGEST_HEAD)
    header = _header(data[: end.start() if end else 0])
    body = data[end.end() if end else 0 :]
    type = header.get_content_type() if "Content-Type" in header else default
    boundary = header.get_boundary()
    parts: tuple[_Part, ...] = ()
    if type.startswith("multipart/") and boundary:
        inner = "message/rfc822" if type == "multipart/digest" else "text/plain"
        parts = tuple(_parse(part, limits, count, level + 1, inner) for part in _split(body, boundary))
    elif type == "message/rfc822":
        undecoded = _Part(type, header, body)
        parts = (_parse(undecoded.content() or body, limits, count, level + 1),)
    return _Part(type if parts or not type.startswith("multipart/") else "text/plain", header, body, parts)


def _header(head: bytes) -> Message:
    """The fields of a part; those that say what it is are cut, for reading their parameters takes quadratic time."""
    lines = head.replace(b"\0", b"").decode("utf-8", errors="replace").splitlines()
    if lines and lines[0].startswith(("From ", ">From ")):
        lines = lines[1:]  # mailboxes begin each message so
    header = HeaderParser().parsestr("\n".join(lines))
    for name in ("Content-Type", "Content-Disposition", "Content-ID", "Content-Transfer-Encoding"):
        if len(value := str(header.get(name, ""))) > _LONGEST_VALUE:
            del header[name]
            header[name] = value[:_LONGEST_VALUE]
    return header


def _split(body: bytes, boundary: str) -> Iterator[bytes]:
    """What lies between the lines that are the boundary, the last part also where the file breaks off."""
    mark = re.escape(b"--" + boundary.encode("utf-8", errors="replace"))
    start = None
    for line in re.finditer(rb"(?:\A|(?<=\n))" + mark + rb"(--)?[ \t]*(?:\r?\n|\Z)", body):
        if start is not None:
            yield body[start : line.start()]
        start = None if line[1] else line.end()
        if line[1]:
            return
    if start is not None:
        yield body[start:]


def _shown(value: str) -> str:
    """A field as people see it: encoded words decoded, on one line."""
    with suppress(MessageError, LookupError, ValueError):
        value = str(make_header(decode_header(value[:_LONGEST_VALUE])))
    return " ".join(value.split())
