"""Reads .odt, the documents of LibreOffice and its kin: what the printed page shows, in document order.

As in .docx, tracked insertions are in; tracked deletions (which stand apart from the text), comments, hidden text and
hidden sections are out ([OpenDocument] 1.3 part 3).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import Any

from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word.autonumber import Label
from tclp_daemon.extract.word.blocks import Paragraphs
from tclp_daemon.extract.word.docx_look import Look
from tclp_daemon.extract.word.docx_objects import Findings, Library, Tables, add_blocks
from tclp_daemon.extract.word.docx_pictures import Picture, Pictures
from tclp_daemon.extract.word.docx_xml import integer
from tclp_daemon.extract.word.odt_styles import (
    DRAW,
    FO,
    OFFICE,
    STYLE,
    SVG,
    TABLE,
    TEXT,
    XLINK,
    OdtNumbers,
    OdtStyles,
)
from tclp_daemon.extract.word.symbols import in_symbol_font
from tclp_daemon.extract.word.zipsafe import Package
from tclp_daemon.formats import Kind

EXTRACTOR = "tclp odt 1"
_SKIPPED = frozenset({
    TEXT + "tracked-changes", OFFICE + "annotation", OFFICE + "forms", TEXT + "note-citation", TEXT + "ruby-text",
    SVG + "title", SVG + "desc", TEXT + "sequence-decls", TEXT + "variable-decls", TEXT + "user-field-decls",
    TEXT + "number", TEXT + "table-of-content-source", TEXT + "alphabetical-index-source",
})  # fmt: skip
_BLOCKS = frozenset({TEXT + "p", TEXT + "h", TEXT + "list", TABLE + "table", TEXT + "section"})
_TITLES = frozenset({"Title", "Subtitle"})
_SPACES = re.compile(r"[ \t\r\n]+")
_DOCUMENT = re.compile(rb"<office:(?:text|spreadsheet|presentation)\b")
_LETTERS = re.compile(r"[^\W\d_]{3}")
_LENGTH = re.compile(r"(\d{1,5}(?:\.\d{1,6})?)(cm|mm|in|pt|px)?$")
_TWENTIETHS = {"cm": 567.0, "mm": 56.7, "in": 1440.0, "pt": 20.0, "px": 15.0}  # of a point
_PLAIN = str.maketrans({"\u00ad": "", "\u200b": "", "\u2060": "", "\ufeff": "", "\u2011": "-"})
_PLACES = ("", "-left", "-first")  # on which pages a header stands
_A4 = (11906, 16838)


def read_odt(data: bytes, context: ReadContext) -> Document:
    """Reads one OpenDocument text (.odt).

    Args:
        data: the complete file.
        context: see `read_docx`.

    Raises:
        ContractError: corrupt, encrypted, expands_too_much, too_deep, too_much_text, no_text.
    """
    package = Package(data, context.limits, context.budget)
    if "META-INF/manifest.xml" in package and b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise ContractError(ErrorCode.ENCRYPTED)
    if "content.xml" not in package:
        raise ContractError(ErrorCode.CORRUPT, detail="the archive holds no text")
    builder = DocumentBuilder(context.limits)
    content = package.xml("content.xml")
    # Without its styles the text can still be read.
    master = package.xml("styles.xml") if "styles.xml" in package else content
    styles = OdtStyles(master, content)
    findings = Findings(Pictures(_papers(master)))
    headers = _running(master, styles, "header")
    for text in headers:
        builder.add(BlockKind.HEADER_FOOTER, text)
    library = Library(package, builder, context)
    story = _Story(Paragraphs(builder), styles, findings, library)
    for body in content.iter(OFFICE + "text"):
        story.read(body)
    for note in story.notes:
        _Story(Paragraphs(builder, BlockKind.FOOTNOTE), styles, findings).read(note)
    for text in _running(master, styles, "footer"):
        if text not in headers:
            builder.add(BlockKind.HEADER_FOOTER, text)
    for warned in findings.warnings():
        builder.warn(warned)
    return builder.build(Kind.ODT, EXTRACTOR, may_be_empty=context.recognisable)


def _papers(root: Any) -> list[tuple[int, int]]:
    sizes = []
    for layout in root.iter(STYLE + "page-layout-properties"):
        width, height = _length(layout.get(FO + "page-width")), _length(layout.get(FO + "page-height"))
        if width and height:
            sizes.append((int(width), int(height)))
    return list(dict.fromkeys(sizes))[:20] or [_A4]


def _length(text: str | None) -> float:
    """A length in twentieths of a point, 0 where there is none."""
    match = _LENGTH.match(text or "")
    return float(match[1]) * _TWENTIETHS[match[2] or "pt"] if match else 0


class _Texts:
    """Takes blocks and keeps their distinct texts."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}

    def add(self, _kind: BlockKind, text: str, **_: Any) -> None:
        self.found.setdefault(text)


def _running(master: Any, styles: OdtStyles, kind: str) -> dict[str, None]:
    """The distinct texts of the headers, or of the footers."""
    texts = _Texts()
    for page in master.iter(STYLE + "master-page"):
        for suffix in _PLACES:
            for part in page.iterfind(f"{STYLE}{kind}{suffix}"):
                _Story(Paragraphs(texts), styles, None).read(part)
    return texts.found


@dataclass(slots=True)
class _List:
    """A list that is open."""

    family: str
    style: str
    depth: int = 0


@dataclass(slots=True)
class _Paragraph:
    """What has been read of a paragraph."""

    parts: list[str] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)
    plain: bool = False  # it has text that does not stand out


class _Story:
    """One flow of text.

    Args:
        paragraphs: take the blocks.
        styles: of the document.
        findings: what is noted on the way; None in headers.
        library: the documents that are embedded; None where they are not read.
    """

    def __init__(
        self, paragraphs: Paragraphs, styles: OdtStyles, findings: Findings | None, library: Library | None = None
    ) -> None:
        self.notes: list[Any] = []
        self._paragraphs = paragraphs
        self._styles = styles
        self._numbers = OdtNumbers(styles)
        self._findings = findings
        self._library = library
        self._label: Label | None = None
        self._row: tuple[int, int, int] | None = None
        self._tables = Tables()
        self._contents = 0
        self._boxed = 0

    def read(self, container: Any) -> None:
        """Adds all that `container` holds."""
        self._blocks(container, None)
        self._paragraphs.flush()

    # Blocks

    def _blocks(self, container: Any, inside: _List | None) -> None:
        for child in container:
            tag = child.tag
            if tag in (TEXT + "p", TEXT + "h"):
                self._paragraph(child)
            elif tag == TEXT + "list":
                self._list(child, inside)
            elif tag == TABLE + "table":
                self._table(child)
            elif tag == TEXT + "section":
                self._section(child, inside)
            elif tag == TEXT + "table-of-content":
                self._contents += 1
                self._blocks(child, None)
                self._contents -= 1
            elif tag not in _SKIPPED and isinstance(tag, str):
                self._blocks(child, inside)

    def _section(self, section: Any, inside: _List | None) -> None:
        if section.get(TEXT + "display") == "none" or section.get(TEXT + "is-hidden") == "true":
            return
        source = section.find(TEXT + "section-source")
        if (
            source is not None
            and self._findings is not None
            and next(section.iter(TEXT + "p", TEXT + "h"), None) is None
        ):
            self._findings.outside.setdefault(posixpath.basename(source.get(XLINK + "href") or ""))
        self._blocks(section, inside)

    def _list(self, element: Any, outer: _List | None) -> None:
        named = element.get(TEXT + "style-name")
        if outer is not None:
            current = _List(outer.family, named or outer.style, outer.depth + 1)
        else:
            first = next(element.iter(TEXT + "p", TEXT + "h"), None)
            style = named or self._styles.list_of(first.get(TEXT + "style-name") if first is not None else None) or ""
            current = _List(self._numbers.open_list(element, style), style)
        for item in element:
            if item.tag == TEXT + "list-item":
                self._item(item, current)
            elif item.tag == TEXT + "list-header":
                self._blocks(item, current)

    def _item(self, item: Any, current: _List) -> None:
        """The first paragraph of an item shows its number; an item that begins with a list has none of its own."""
        first = next(iter(item), None)
        if first is not None and first.tag in (TEXT + "p", TEXT + "h"):
            start = integer(item.get(TEXT + "start-value"))
            style = item.get(TEXT + "style-override") or current.style
            self._label = self._numbers.item(current.family, style, current.depth, start)
            rendered = first.find(TEXT + "number")
            if rendered is not None and rendered.text and self._label is None:
                self._label = _rendered(rendered.text, current.depth + 1)
        self._blocks(item, current)

    def _paragraph(self, element: Any) -> None:
        label, self._label = self._label, None
        style = element.get(TEXT + "style-name")
        heading = 0
        if element.tag == TEXT + "h":
            heading = min(max(integer(element.get(TEXT + "outline-level")) or 1, 1), 9)
            if label is None and element.get(TEXT + "is-list-header") != "true":
                label = self._numbers.heading(heading - 1)
        elif style in _TITLES:
            heading = 1
        rendered = element.find(TEXT + "number")
        if label is None and rendered is not None and rendered.text:
            label = _rendered(rendered.text, max(heading, 1))
        paragraph = _Paragraph()
        self._inline(element, self._styles.look("paragraph", style), paragraph)
        if text := "".join(paragraph.parts).translate(_PLAIN).strip():
            if self._findings is not None:
                self._findings.pictures.text(text.count(" ") + 1)
            self._paragraphs.add(
                text,
                label=label,
                heading=heading,
                cell=self._row,
                listed=self._contents > 0,
                generated=self._contents > 0,
                stands_out=not (paragraph.plain or self._boxed),
            )
        for box in paragraph.boxes:
            if isinstance(box, Document) and self._library is not None:
                self._paragraphs.flush()
                add_blocks(self._library.builder, box, self._tables)
                continue
            held, self._row = self._row, None
            self._boxed += 1
            self._blocks([box], None)
            self._boxed -= 1
            self._row = held

    # Tables

    def _table(self, table: Any) -> None:
        outer = self._row
        number, at = self._tables.next(), 0
        for row in _rows(table):
            at += 1
            if row.get(TABLE + "visibility") in ("collapse", "filter"):
                continue
            column = 1
            for cell in row:
                repeated = min(max(integer(cell.get(TABLE + "number-columns-repeated")) or 1, 1), 1000)
                if cell.tag == TABLE + "table-cell":
                    self._row = (number, at, column)
                    self._blocks(cell, None)
                column += repeated
        self._row = outer

    # Inline content

    def _inline(self, element: Any, look: Look, paragraph: _Paragraph) -> None:
        self._add(element.text, look, paragraph)
        for child in element:
            tag = child.tag
            if tag == TEXT + "s":
                self._add(" ", look, paragraph)
            elif tag in (TEXT + "tab", TEXT + "line-break"):
                paragraph.parts.append("\t" if tag == TEXT + "tab" else "\n")
            elif tag == TEXT + "note":
                self.notes += child.iterfind(TEXT + "note-body")
            elif tag == DRAW + "image":
                self._picture(child, paragraph)
            elif tag in (DRAW + "object", DRAW + "object-ole"):
                self._object(child)
            elif tag in _BLOCKS or tag == DRAW + "text-box":
                paragraph.boxes.append(child)
            elif isinstance(tag, str) and tag not in _SKIPPED and child.get(TEXT + "is-hidden") != "true":
                inner = look
                if tag == TEXT + "span":
                    inner = self._styles.look("text", child.get(TEXT + "style-name")).over(look)
                self._inline(child, inner, paragraph)
            self._add(child.tail, look, paragraph)

    def _add(self, text: str | None, look: Look, paragraph: _Paragraph) -> None:
        if not text or look.hidden:
            return
        text = in_symbol_font(_SPACES.sub(" ", text), look.font, look.high_font)
        paragraph.parts.append(text)
        if not text.isspace():
            paragraph.plain = paragraph.plain or not look.stands_out
            white = look.white and not (look.shaded or self._row or self._boxed)
            if self._findings is not None and (look.struck or white) and _LETTERS.search(text):
                self._findings.covered = True

    def _picture(self, image: Any, paragraph: _Paragraph) -> None:
        """Notes a picture, or what was recognised in it."""
        if self._findings is None:
            return
        frame = image.getparent()
        if frame.find(DRAW + "object") is not None or frame.find(DRAW + "object-ole") is not None:
            return  # the picture of an object stands for the object
        name = (image.get(XLINK + "href") or "").removeprefix("./")
        width, height = _length(frame.get(SVG + "width")), _length(frame.get(SVG + "height"))
        recognised = self._library.context.recognised.get(name) if self._library is not None else None
        if self._library is None or recognised is None or not any(line.text.strip() for line in recognised.lines):
            self._findings.pictures.add(Picture(name, width, height))
        else:
            paragraph.boxes.append(self._library.recognised(recognised))

    def _object(self, element: Any) -> None:
        """An embedded document; formulas and charts are none."""
        if self._findings is None or self._library is None:
            return
        name = (element.get(XLINK + "href") or "").removeprefix("./")
        if element.tag == DRAW + "object":
            content = f"{name}/content.xml"
            data = self._library.parts.read(content) if content in self._library.parts else b""
            if _DOCUMENT.search(data) or not data:
                self._findings.unread.setdefault(name)
        elif name in self._library.parts:
            self._findings.unread.setdefault(self._library.document(name)[0])


def _rows(table: Any) -> Any:
    for child in table:
        if child.tag == TABLE + "table-row":
            yield child
        elif child.tag in (TABLE + "table-header-rows", TABLE + "table-rows", TABLE + "table-row-group"):
            yield from _rows(child)


def _rendered(text: str, level: int) -> Label:
    """The number that the program itself wrote into the file."""
    shown = text.strip()[:60]
    return Label(f"{shown} ", shown if shown.startswith("(") else shown.rstrip(".:"), level)
