"""The formats that contracts come in. This is the one place that knows them.

To add a format, add a `Kind`, an entry to `FORMATS` and a reader (see `tclp_daemon.extract.context.Reader`). If its
content cannot be distinguished from text, list the kinds that it looks like; otherwise `tclp_daemon.extract.sniff` has
to recognise it. Everything else asks here: which names are accepted, which reader is called, what people are told.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What the content of a file is, whatever its name says. These strings stand in `Document.format` and results."""

    TEXT = "txt"
    PDF = "pdf"
    DOCX = "docx"
    DOC = "doc"
    MARKDOWN = "md"
    RTF = "rtf"
    HTML = "html"
    ODT = "odt"


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        kind: its id.
        name: what people call such a file, with its article.
        reader: "module:name" of its reader; imported when it is first needed, because readers load large libraries.
        suffixes: lower case, with the dot. A file under one of these names is accepted; a format without a suffix is
            only read where a file turns out to be something else than its name says.
        magic: how such a file begins; empty where nothing gives it away.
        looks_like: kinds that the content of such a file may be taken for.
        headers_are_guessed: the reader finds page headers and footers by what comes back on several pages. In other
            formats the file itself marks them.
        may_be_scan: such a file may hold pictures of text, so that text recognition helps where no text was found.
        marks_lists: the file itself marks list items, so that a list needs no colon before it.
    """

    kind: Kind
    name: str
    reader: str
    suffixes: tuple[str, ...] = ()
    magic: bytes = b""
    looks_like: tuple[Kind, ...] = ()
    headers_are_guessed: bool = False
    may_be_scan: bool = False
    marks_lists: bool = False

    def fits(self, kind: Kind | None) -> bool:
        """Whether content of this kind is what the format's files hold."""
        return kind is self.kind or kind in self.looks_like


# In the order in which messages list their suffixes.
FORMATS = (
    Format(
        Kind.TEXT,
        "plain text",
        "tclp_daemon.extract.text:read_text",
        suffixes=(".txt",),
        headers_are_guessed=True,
    ),
    Format(
        Kind.PDF,
        "a PDF document",
        "tclp_daemon.extract.pdf:read_pdf",
        suffixes=(".pdf",),
        magic=b"%PDF-",
        headers_are_guessed=True,
        may_be_scan=True,
    ),
    Format(
        Kind.DOCX,
        "a Word document",
        "tclp_daemon.extract.word:read_docx",
        suffixes=(".docx", ".docm", ".dotx", ".dotm"),
        magic=b"PK\x03\x04",
        may_be_scan=True,
    ),
    Format(
        Kind.DOC,
        "a Word 97-2003 document",
        "tclp_daemon.extract.word:read_doc",
        suffixes=(".doc",),
        magic=b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        may_be_scan=True,
    ),
    Format(
        Kind.MARKDOWN,
        "Markdown",
        "tclp_daemon.extract.text:read_markdown",
        suffixes=(".md",),
        looks_like=(Kind.TEXT, Kind.HTML),  # it may well begin with a tag
        headers_are_guessed=True,
        marks_lists=True,
    ),
    Format(
        Kind.RTF,
        "a Rich Text document",
        "tclp_daemon.extract.word:read_rtf",
        magic=b"{\\rt",
        may_be_scan=True,
    ),
    Format(
        Kind.ODT,
        "an OpenDocument text",
        "tclp_daemon.extract.word:read_odt",
        suffixes=(".odt",),
        may_be_scan=True,
    ),
    Format(
        Kind.HTML,
        "a web page",
        "tclp_daemon.extract.text:read_html",
    ),
)

# What the names of contracts may end in.
SUFFIXES = tuple(suffix for format in FORMATS for suffix in format.suffixes)


def suffix_of(name: str) -> str:
    """What a name says that the file is: its lower-case suffix with the dot, "" where it has none."""
    return os.path.splitext(name)[1].lower()


def of_kind(kind: Kind) -> Format:
    """The format of this kind."""
    return next(format for format in FORMATS if format.kind == kind)


def of_suffix(suffix: str) -> Format | None:
    """The format that a name with this suffix promises, None where such names are not accepted.

    Args:
        suffix: lower case, with the dot.
    """
    return next((format for format in FORMATS if suffix in format.suffixes), None)


def suffix_for(head: bytes) -> str:
    """The suffix to give a file that has lost its name.

    Args:
        head: its first bytes, eight or more.
    """
    known = (format for format in FORMATS if format.suffixes and format.magic and head.startswith(format.magic))
    return next((format.suffixes[0] for format in known), of_kind(Kind.TEXT).suffixes[0])
