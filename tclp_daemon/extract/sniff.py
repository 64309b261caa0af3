"""What the bytes are, whatever the file is called. Looks at signatures and, in archives, at the names of the parts."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from tclp_daemon.errors import is_own_fault
from tclp_daemon.extract.word.ole import Container


class Kind(StrEnum):
    """What can be read, and the rest."""

    PDF = "pdf"
    DOCX = "docx"
    DOC = "doc"
    RTF = "rtf"
    HTML = "html"
    TEXT = "txt"
    ENCRYPTED = "encrypted"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Content:
    """The finding, and how a person would name it ("an Excel workbook")."""

    kind: Kind
    name: str


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
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORD_BEFORE_97 = (b"\xdb\xa5", b"\x9b\xa5", b"\xfe\x37", b"1\xbe\x00\x00", b"\x31\xbe")
# A comment that was skipped is never tried again in another way (possessive): there are two to the power of their
# number.
_HTML = re.compile(
    rb"\s*+(?:<\?xml[^>]{0,200}>\s*+)?(?:<!--(?>.{0,2000}?-->)\s*+)*+<(?:!doctype\s+html|html|head|body|meta|title)\b",
    re.I | re.S,
)
_PDF_OBJECT = re.compile(rb"\b\d{1,7} \d{1,5} obj\b")
_PDF_END = re.compile(rb"\bstartxref\s++\d")
_OPENS = re.compile(rb"<<|\[")
_PDF_OBJECT_WINDOW = 400  # bytes behind the number of an object in which it opens
_MOST_PDF_OBJECTS = 1000  # that are looked at
_PDF_HEADER_WINDOW = 4096


def sniff(data: bytes) -> Content:
    """Says what `data` is; never raises."""
    head = data[:_PDF_HEADER_WINDOW]
    lead = head.lstrip(b"\xef\xbb\xbf \t\r\n\x00")
    if head.startswith(b"PK") and head[2:4] in (b"\x03\x04", b"\x05\x06", b"\x07\x08"):
        return _zip(data)
    if head.startswith(_OLE):
        return _ole(data)
    if lead.startswith(b"{\\rt"):
        return Content(Kind.RTF, "a Rich Text document")
    if b"%PDF-" in head:
        return Content(Kind.PDF, "a PDF document")
    if head.startswith(_WORD_BEFORE_97):
        return Content(Kind.DOC, "an old Word document")
    for signature, name in _SIGNATURES:
        if head.startswith(signature) and not (len(signature) == 2 and is_text(data)):
            return Content(Kind.OTHER, name)
    if _HTML.match(lead):
        return Content(Kind.HTML, "a web page")
    if _has_pdf_objects(data):
        return Content(Kind.PDF, "a PDF document without its beginning")
    if is_text(data):
        return Content(Kind.TEXT, "plain text")
    return Content(Kind.OTHER, "data of an unknown kind")


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
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except Exception as error:
        if is_own_fault(error):
            raise
        broken_word = b"word/" in data or b"[Content_Types].xml" in data
        return (
            Content(Kind.DOCX, "a damaged Word document")
            if broken_word
            else Content(Kind.OTHER, "a damaged ZIP archive")
        )
    known = set(names)
    for prefix, name in _ZIP_CONTENTS:
        if any(part.startswith(prefix) for part in names) and not any(part.startswith("word/") for part in names):
            return Content(Kind.OTHER, name)
    if any(part.replace("\\", "/").lstrip("/").startswith("word/") for part in names) or "[Content_Types].xml" in known:
        return Content(Kind.DOCX, "a Word document")
    return Content(Kind.OTHER, "a ZIP archive")


def _ole(data: bytes) -> Content:
    try:
        with Container(data) as container:
            streams = container.stream_names
    except Exception as error:
        if is_own_fault(error):
            raise
        return Content(Kind.DOC, "a damaged Word document")
    if "EncryptedPackage" in streams:
        return Content(Kind.ENCRYPTED, "an encrypted document")
    if "WordDocument" in streams:
        return Content(Kind.DOC, "a Word 97-2003 document")
    for stream, name in _OLE_STREAMS:
        if stream in streams:
            return Content(Kind.OTHER, name)
    return Content(Kind.OTHER, "an Office file that is no Word document")
