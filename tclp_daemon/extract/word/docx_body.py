"""Walks the XML of one story of a .docx (body, header, note) and adds its blocks in document order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract.word.autonumber import Label
from tclp_daemon.extract.word.blocks import Paragraphs, Sink
from tclp_daemon.extract.word.docx_branches import Branches
from tclp_daemon.extract.word.docx_fields import Fields
from tclp_daemon.extract.word.docx_look import PLAIN, Look, look_of
from tclp_daemon.extract.word.docx_numbering import Numbering
from tclp_daemon.extract.word.docx_objects import DOCUMENTS, DRAWINGS, PICTURES, Objects, Tables
from tclp_daemon.extract.word.docx_styles import Styles
from tclp_daemon.extract.word.docx_xml import MC, M, W, flag, integer, tags, value
from tclp_daemon.extract.word.number_fields import NumberFields
from tclp_daemon.extract.word.symbols import in_symbol_font, symbol

# Content that does not show: properties, deletions, and what is said about the text.
_SKIPPED = tags(
    "pPr rPr sectPr tblPr tblPrEx tblGrid trPr tcPr sdtPr sdtEndPr del moveFrom instrText delText delInstrText"
    " annotationRef footnoteRef endnoteRef commentReference ffData rubyPr rt proofErr customXmlPr smartTagPr"
)
_TEXT = {
    W + "tab": "\t",
    W + "ptab": "\t",
    W + "br": "\n",
    W + "cr": "\n",
    W + "noBreakHyphen": "-",
    W + "softHyphen": "",
}
_SHOWN = frozenset({W + "t", M + "t", W + "sym", *_TEXT})
_SPACES = re.compile(r"[ \r\n]+")
_BOX = re.compile("([\u2610\u2612])(?=\\w)")  # a check box stands apart from its option
_LETTERS = re.compile(r"[^\W\d_]{3}")
_UNSEEN = re.compile("[\u00ad\u200b\u200c\u200d\u2060\ufeff\x00-\x08\x0b-\x1f]")


@dataclass(slots=True)
class _Paragraph:
    """What has been read of a paragraph before its mark."""

    parts: list[str] = field(default_factory=list)
    label: Label | None = None
    heading: int = 0
    merged: bool = False
    filled: bool = False
    listed: bool = False  # it has the style of a table of contents
    generated: bool = False  # it has text from the field of one
    plain: bool = False  # it has text that does not stand out
    lead: int = 0  # how many parts come before that text


class Story:
    """One flow of text.

    Args:
        sink: takes the blocks.
        styles, numbering: of the document.
        objects: of the part that the story is in; None where they do not matter.
        kind: of all blocks of this story; None lets the text decide.
    """

    def __init__(
        self,
        sink: Sink,
        styles: Styles,
        numbering: Numbering,
        objects: Objects | None = None,
        *,
        kind: BlockKind | None = None,
    ) -> None:
        self.footnotes: list[str] = []
        self.endnotes: list[str] = []
        self._paragraphs = Paragraphs(sink, kind)
        self._styles = styles
        self._numbering = numbering
        self._objects = objects
        self._fields = Fields()
        self._numbers = NumberFields()
        self._open: _Paragraph | None = None
        self._boxes: list[Any] = []
        self._boxed = 0  # how many text boxes this place is in
        self._row: tuple[int, int, int] | None = None
        self._tables = objects.tables if objects is not None else Tables()
        self._style_look = self._look = PLAIN  # of the paragraph, of the run
        self._place: tuple[int, Any, str | None] = (0, None, None)  # heading, properties, style of the paragraph
        self._branches = Branches()

    def read(self, container: Any) -> None:
        """Adds all that `container` holds."""
        self._blocks(container)
        self._flush()
        self._paragraphs.flush()
        if self._objects is not None:
            self._objects.findings.outside.update(self._fields.files)

    # Blocks

    def _blocks(self, container: Any) -> None:
        for child in container:
            tag = child.tag
            if tag == W + "p":
                self._paragraph(child)
            elif tag == W + "tbl":
                self._table(child)
            elif tag in DOCUMENTS:
                self._boxes.append(child)
                self._flush()
            elif tag == MC + "AlternateContent":
                if (chosen := self._branches.choose(child)) is not None:
                    self._blocks(chosen)
            elif tag == W + "r":
                # Files that other programs made have runs outside paragraphs; nothing in them may be lost.
                self._loose(child)
            elif isinstance(tag, str) and tag not in _SKIPPED:
                self._blocks(child)

    def _loose(self, run: Any) -> None:
        self._open = self._open or _Paragraph()
        self._inline(run)
        self._flush()

    def _paragraph(self, element: Any) -> None:
        properties = element.find(W + "pPr")
        style = value(properties, "pStyle")
        mark = properties.find(W + "rPr") if properties is not None else None
        gone = mark is not None and (mark.find(W + "del") is not None or mark.find(W + "moveFrom") is not None)
        heading, listed = 0, self._styles.is_contents(style)
        if not listed:
            heading = self._styles.heading_level(style, integer(value(properties, "outlineLvl")))
        paragraph = self._open or _Paragraph()
        before = len(paragraph.parts)
        self._open = paragraph
        self._style_look = self._look = self._ground(style, properties)
        self._place = (heading, properties, style)
        for child in element:
            self._inline(child)
        merges = gone or flag(mark, "vanish") or flag(mark, "specVanish")
        fills = any(part.strip() for part in paragraph.parts[before:])
        if not merges or fills:
            # Deleted or hidden marks make one paragraph of several; the first number is the one that shows.
            # A paragraph with only a section break takes no number.
            breaks = properties is not None and properties.find(W + "sectPr") is not None
            counts = paragraph.label is None and not (breaks and not (fills or paragraph.filled))
            label = self._numbering.label(properties, style) if counts else None
            paragraph.merged = paragraph.merged or paragraph.filled
            paragraph.filled = paragraph.filled or fills
            paragraph.label = paragraph.label or label
            paragraph.heading = paragraph.heading or heading
            paragraph.listed = paragraph.listed or listed
        self._fields.end_paragraph()
        if merges and not self._boxes:
            if paragraph.parts and not gone:
                paragraph.parts.append(" ")
            return
        self._flush()

    def _flush(self) -> None:
        paragraph, self._open = self._open, None
        boxes, self._boxes = self._boxes, []
        if paragraph is not None:
            self._emit(paragraph)
        for box in boxes:
            self._box(box)

    def _box(self, box: Any) -> None:
        """Adds what stands beside the paragraph that has just been added."""
        if isinstance(box, Document) or box.tag in DOCUMENTS:
            self._paragraphs.flush()
            if self._objects is not None:
                (self._objects.add if isinstance(box, Document) else self._objects.add_document)(box)
            return
        held, self._row = self._row, None
        fields = self._fields.suspend()
        self._boxed += 1
        if box.tag not in DRAWINGS:
            self._blocks(box)
        elif self._objects is not None:
            for text in self._objects.drawn_texts(box):
                self._emit(_Paragraph([text], plain=True))
        self._flush()
        self._boxed -= 1
        self._fields.resume(fields)
        self._row = held

    def _emit(self, paragraph: _Paragraph) -> None:
        if text := _BOX.sub(r"\1 ", _UNSEEN.sub("", "".join(paragraph.parts))).strip():
            if self._objects is not None:
                self._objects.note_text(text.count(" ") + 1)
            self._paragraphs.add(
                text,
                label=paragraph.label,
                heading=0 if paragraph.merged else paragraph.heading,
                cell=self._row,
                listed=paragraph.listed,
                generated=paragraph.generated,
                stands_out=not (paragraph.plain or paragraph.merged or self._boxed),
                lead=""
                if paragraph.merged or self._boxed
                else _UNSEEN.sub("", "".join(paragraph.parts[: paragraph.lead])),
            )

    # Tables

    def _table(self, table: Any) -> None:
        self._flush()
        outer = self._row
        number = self._tables.next()
        for at, row in enumerate(self._unwrapped(table, W + "tr"), start=1):
            properties = row.find(W + "trPr")
            if properties is not None and (properties.find(W + "del") is not None or flag(properties, "hidden")):
                continue
            column = (integer(value(properties, "gridBefore")) or 0) + 1
            for cell in self._unwrapped(row, W + "tc"):
                cell_properties = cell.find(W + "tcPr")
                span = min(max(integer(value(cell_properties, "gridSpan")) or 1, 1), 1000)
                if not _continues(cell_properties):
                    self._row = (number, at, column)
                    self._blocks(cell)
                    self._flush()
                column += span
        self._row = outer

    def _unwrapped(self, parent: Any, tag: str) -> Iterator[Any]:
        """Rows or cells, without the content controls and custom XML that may wrap them."""
        for child in parent:
            if child.tag == tag:
                yield child
            elif child.tag == MC + "AlternateContent":
                if (chosen := self._branches.choose(child)) is not None:
                    yield from self._unwrapped(chosen, tag)
            elif isinstance(child.tag, str) and child.tag not in _SKIPPED and child.tag not in (W + "p", W + "tbl"):
                yield from self._unwrapped(child, tag)

    # Inline content

    def _inline(self, element: Any) -> None:
        tag = element.tag
        if tag == W + "r":
            self._run(element)
        elif tag in _SHOWN:
            if not self._fields.hide and (text := self._text(element)) is not None:
                self._add(text)
        elif tag == W + "instrText":
            self._fields.instruct(element.text or "")
        elif tag in _SKIPPED:
            return
        elif tag == W + "fldChar":
            self._mark(element)
        elif tag == W + "fldSimple":
            self._simple_field(element)
        elif tag == W + "footnoteReference":
            self.footnotes.append(element.get(W + "id") or "")
        elif tag == W + "endnoteReference":
            self.endnotes.append(element.get(W + "id") or "")
        elif tag == W + "txbxContent" or tag in DOCUMENTS or tag in DRAWINGS:
            self._boxes.append(element)
        elif tag in PICTURES:
            if self._objects is not None and (recognised := self._objects.picture(element)) is not None:
                self._boxes.append(recognised)
        elif tag == MC + "AlternateContent":
            if (chosen := self._branches.choose(element)) is not None:
                self._inline(chosen)
        elif tag == W + "p" or tag == W + "tbl":
            # A paragraph inside a run or a paragraph is invalid, but it shows.
            self._boxes.append(_Wrapped(element))
        elif isinstance(tag, str):
            for child in element:
                self._inline(child)

    def _run(self, element: Any) -> None:
        """A run; of a hidden one only the marks of fields count."""
        properties = element.find(W + "rPr")
        if properties is None:
            look = self._style_look
        else:
            look = look_of(properties).over(self._styles.run_look(value(properties, "rStyle"))).over(self._style_look)
        self._look = look
        for child in element.iter(W + "fldChar", W + "instrText") if look.hidden else element:
            self._inline(child)
        self._look = self._style_look

    def _add(self, text: str) -> None:
        if self._open is None:
            self._open = _Paragraph()
        paragraph, look = self._open, self._look
        paragraph.parts.append(text)
        paragraph.generated = paragraph.generated or self._fields.in_contents
        self._fields.shown()
        if not text.isspace():
            if not look.stands_out and not paragraph.plain:
                paragraph.plain, paragraph.lead = True, len(paragraph.parts) - 1
            if (look.struck or look.white) and self._objects is not None and _LETTERS.search(text):
                # Tables and boxes have grounds of their own, on which white is a colour.
                white = look.white and not (look.shaded or self._row or self._boxed)
                self._objects.note_covered(bool(look.struck or white))

    def _text(self, element: Any) -> str | None:
        """What an element with one of the tags in `_SHOWN` shows; None for an empty run of text."""
        if element.tag in _TEXT:
            return _TEXT[element.tag]
        if element.tag == W + "sym":
            return symbol(element.get(W + "font") or "", element.get(W + "char") or "")
        if not element.text:
            return None
        text = _SPACES.sub(" ", element.text)
        return in_symbol_font(text, self._look.font, self._look.high_font)

    # Fields

    def _mark(self, element: Any) -> None:
        kind = element.get(W + "fldCharType")
        if kind == "begin":
            if state := self._fields.begin(element):
                self._add(state)
        elif kind == "separate":
            self._fields.separate()
        elif kind == "end" and (code := self._fields.end()):
            self._number(code)

    def _simple_field(self, element: Any) -> None:
        self._fields.begin(element)
        self._fields.instruct(element.get(W + "instr") or "")
        self._fields.separate()
        for child in element:
            self._inline(child)
        if code := self._fields.end():
            self._number(code)

    def _number(self, code: str) -> None:
        """The number that a field shows, if it is one that numbers paragraphs."""
        heading, properties, style = self._place
        level = 0 if code.lstrip()[:4].upper() != "LIST" else self._numbering.level(properties, style)
        number = self._numbers.next(code, heading=heading, level=level)
        if number is None or self._look.hidden:
            return
        paragraph = self._open = self._open or _Paragraph()
        if paragraph.label is None and not "".join(paragraph.parts).strip():
            paragraph.label = Label(f"{number} ", number.rstrip("."), max(heading, 1))
        else:
            self._add(number)

    def _ground(self, style: str | None, properties: Any | None) -> Look:
        """How the text of a paragraph looks where its runs say nothing."""
        look = self._styles.look(style)
        return look if properties is None else look_of(None, shading=properties).over(look)


class _Wrapped(list[Any]):
    """A container of one element."""

    tag = None

    def __init__(self, element: Any) -> None:
        super().__init__([element])


def _continues(properties: Any | None) -> bool:
    """True for a cell that is merged into the one before or above it, and for one that was deleted."""
    if properties is None:
        return False
    if properties.find(W + "cellDel") is not None:
        return True
    for name in ("vMerge", "hMerge"):
        merge = properties.find(W + name)
        if merge is not None and (merge.get(W + "val") or "continue") == "continue":
            return True
    return False
