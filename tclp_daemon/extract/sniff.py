"""What the bytes are, whatever the file is called: by signatures and, in archives, by the names of the parts."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from itertools import islice

from tclp_daemon.errors import is_own_fault
from tclp_daemon.extract.word.ole import Container
from tclp_daemon.extract.word.wordxml import is_word_xml
from tclp_daemon.formats import Kind, of_kind


@dataclass(frozen=True, slots=True)
class Content:
    """What was found.

    Attributes:
        kind: how to read it, None where it cannot be read.
        name: what people call it ("an Excel workbook").
        advice: where it cannot be read and the usual advice would be wrong.
    """

    kind: Kind | None
    name: str
    advice: str | None = None


UNKNOWN = Content(None, "data of an unknown kind")
_ZIP_CONTENTS = (
    ("xl/", "an Excel workbook"),
    ("ppt/", "a PowerPoint presentation"),
    ("META-INF/container.xml", "an e-book"),
    ("content.xml", "an OpenDocument file"),
    ("META-INF/MANIFEST.MF", "a Java archive"),
)
_OLE_STREAMS = (
    ("Workbook", "an Excel workbook"),
    ("Book", "an Excel workbook"),
    ("PowerPoint Document", "a PowerPoint presentation"),
    ("VisioDocument", "a Visio drawing"),
    ("__properties_version1.0", "an Outlook message"),
    ("CONTENTS", "a Works or Publisher document"),
)
_SIGNATURES = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"BM", "a bitmap picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\xffWPC", "a WordPerfect document"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
)
_WORD_BEFORE_97 = (b"\xdb\xa5", b"\x9b\xa5", b"\xfe\x37", b"\x31\xbe")
# Possessive: a comment that was skipped is never matched in another way, for the ways double with each comment.
_HTML = re.compile(
    rb"\s*+(?:<\?xml[^>]{0,200}>\s*+)?(?:<!--(?>.{0,2000}?-->)\s*+)*+<(?:!doctype\s+html|html|head|body|meta|title|div|p|center|font|h[1-6])\b",
    re.I | re.S,
)
# What the templates of reports and dashboard say of themselves. Whoever drops a copy of an outbox into the inbox must
# not get a second verdict, on our own words.
_OWN_PAGE = re.compile(rb"<meta name=\"?generator\"? content=\"?tclp-daemon\b")
# The header of a message: fields, one of which says what the content is or how it is encoded. Each line is tried once.
_MESSAGE = re.compile(
    rb"(?:>?From [^\n]{0,200}\n)?+"
    rb"(?:(?!content-)[A-Za-z][\w-]{0,70}:[^\n]*+\n(?:[ \t]+\S[^\n]*+\n)*+){0,200}+"
    rb"content-(?:type|transfer-encoding):",
    re.I,
)
_MESSAGE_FIELD = re.compile(rb"^(?:mime-version|from|to|subject|date|received|message-id):", re.I | re.M)
_MESSAGE_WINDOW = 65536
# The body of a message that lost its header: the boundary, then the header of the first part.
_BODY = re.compile(rb"--\S[^\n]{0,200}\n(?:content-[a-z-]{1,40}:[^\n]*+\n(?:[ \t]+\S[^\n]*+\n)*+){1,20}\r?\n", re.I)
# An OpenDocument file begins with its type, not compressed.
_ODT = re.compile(rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument\.text", re.S)
_PDF_OBJECT = re.compile(rb"\b\d{1,7} \d{1,5} obj\b")
_PDF_END = re.compile(rb"\bstartxref\s++\d")
_OPENS = re.compile(rb"<<|\[")
_PDF_OBJECT_WINDOW = 400  # an object opens within this many bytes after its number
_MOST_PDF_OBJECTS = 1000  # to look at
_PDF_HEADER_WINDOW = 4096


def sniff(data: bytes) -> Content:
    """Says what `data` is. No data makes it raise."""
    head = data[:_PDF_HEADER_WINDOW]
    lead = head.lstrip(b"\xef\xbb\xbf \t\r\n\x00")
    if head.startswith(b"PK") and head[2:4] in (b"\x03\x04", b"\x05\x06", b"\x07\x08"):
        return _zip(data)
    if head.startswith(of_kind(Kind.DOC).magic):
        return _ole(data)
    if lead.startswith(of_kind(Kind.RTF).magic):
        return _named(Kind.RTF)
    if of_kind(Kind.PDF).magic in head:
        return _named(Kind.PDF)
    if head.startswith(_WORD_BEFORE_97):
        return Content(Kind.DOC, "an old Word document")
    for signature, name in _SIGNATURES:
        if head.startswith(signature) and not (len(signature) == 2 and is_text(data)):
            return Content(None, name)
    if is_word_xml(head):
        return Content(Kind.DOCX, "a Word document in one XML file")
    if _HTML.match(lead):
        if _OWN_PAGE.search(head):
            return Content(None, "a report or dashboard of this program", "Drop the contract itself.")
        return _named(Kind.HTML)
    if _is_message(data):
        return _named(Kind.MHTML)
    if _has_pdf_objects(data):
        return Content(Kind.PDF, "a PDF document without its beginning")
    if is_text(data):
        return _named(Kind.TEXT)
    return UNKNOWN


def _named(kind: Kind) -> Content:
    return Content(kind, of_kind(kind).name)


def _is_message(data: bytes) -> bool:
    head = data[:_MESSAGE_WINDOW]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    head = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    found = _BODY.match(head)
    if found is not None:
        return b"content-type:" in found[0].lower()
    found = _MESSAGE.match(head)
    return found is not None and _MESSAGE_FIELD.search(head, 0, found.end() + 2000) is not None


def _has_pdf_objects(data: bytes) -> bool:
    if _PDF_END.search(data):
        return True
    return any(
        _OPENS.search(data, match.end(), match.end() + _PDF_OBJECT_WINDOW)
        for match in islice(_PDF_OBJECT.finditer(data), _MOST_PDF_OBJECTS)
    )


def is_text(data: bytes) -> bool:
    """True where the bytes look like text in some encoding: few control characters, UTF-16 and UTF-32 included."""
    sample = data[:65536]
    if not sample:
        return False
    if sample.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    nul = sample.count(0)
    if nul:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        if max(even, odd) > 0.35 * (len(sample) // 2) and min(even, odd) < 0.05 * len(sample):
            return True
        if nul > 0.05 * len(sample):
            return False
    # Escape, form feed, the separators and a stray NUL occur in real text files.
    control = sum(sample.count(code) for code in range(32) if code not in (0, 9, 10, 11, 12, 13, 26, 27))
    return control <= 2 + 0.02 * len(sample)


def _zip(data: bytes) -> Content:
    if _ODT.match(data):
        return _named(Kind.ODT)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except Exception as error:
        if is_own_fault(error):
            raise
        if b"word/" in data or b"[Content_Types].xml" in data:
            return Content(Kind.DOCX, "a damaged Word document")
        return Content(None, "a damaged ZIP archive")
    if not any(part.startswith("word/") for part in names):
        for prefix, name in _ZIP_CONTENTS:
            if any(part.startswith(prefix) for part in names):
                return Content(None, name)
    parts = (part.replace("\\", "/").lstrip("/") for part in names)
    if "[Content_Types].xml" in names or any(part.startswith("word/") for part in parts):
        return _named(Kind.DOCX)
    return Content(None, "a ZIP archive")


def _ole(data: bytes) -> Content:
    try:
        with Container(data) as container:
            streams = container.stream_names
    except Exception as error:
        if is_own_fault(error):
            raise
        return Content(Kind.DOC, "a damaged Word document")
    if "EncryptedPackage" in streams:
        # Office encrypts a .docx by packing it into such a container; its reader says so.
        return Content(Kind.DOCX, "an encrypted document")
    if "WordDocument" in streams:
        return _named(Kind.DOC)
    for stream, name in _OLE_STREAMS:
        if stream in streams:
            return Content(None, name)
    return Content(None, "an Office file that is not a Word document")
