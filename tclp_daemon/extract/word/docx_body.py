"""Walks the XML of one story of a .docx (body, header, note) and adds its blocks in document order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract.word.blocks import Paragraphs, Sink
from tclp_daemon.extract.word.docx_inline import SKIPPED, Inline, Paragraph
from tclp_daemon.extract.word.docx_numbering import Numbering
from tclp_daemon.extract.word.docx_objects import DOCUMENTS, DRAWINGS, Objects, Tables
from tclp_daemon.extract.word.docx_styles import Styles
from tclp_daemon.extract.word.docx_xml import MC, W, flag, integer, value


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
        self._paragraphs = Paragraphs(sink, kind)
        self._styles = styles
        self._numbering = numbering
        self._objects = objects
        self._inline = Inline(styles, numbering, objects)
        self._boxed = 0  # how many text boxes this place is in
        self._row: tuple[int, int, int] | None = None
        self._tables = objects.tables if objects is not None else Tables()

    @property
    def footnotes(self) -> list[str]:
        """Ids of the footnotes that the story refers to, in order."""
        return self._inline.footnotes

    @property
    def endnotes(self) -> list[str]:
        """Ids of the endnotes that the story refers to, in order."""
        return self._inline.endnotes

    def read(self, container: Any) -> None:
        """Adds all that `container` holds."""
        self._blocks(container)
        self._flush()
        self._paragraphs.flush()
        if self._objects is not None:
            self._objects.findings.outside.update(self._inline.fields.files)

    # Blocks

    def _blocks(self, container: Any) -> None:
        for child in container:
            tag = child.tag
            if tag == W + "p":
                self._paragraph(child)
            elif tag == W + "tbl":
                self._table(child)
            elif tag in DOCUMENTS:
                self._inline.boxes.append(child)
                self._flush()
            elif tag == MC + "AlternateContent":
                if (chosen := self._inline.branches.choose(child)) is not None:
                    self._blocks(chosen)
            elif tag == W + "r":
                # Files that other programs made have runs outside paragraphs; nothing in them may be lost.
                self._loose(child)
            elif isinstance(tag, str) and tag not in SKIPPED:
                self._blocks(child)

    def _loose(self, run: Any) -> None:
        self._inline.open = self._inline.open or Paragraph()
        self._inline.read(run)
        self._flush()

    def _paragraph(self, element: Any) -> None:
        properties = element.find(W + "pPr")
        style = value(properties, "pStyle")
        mark = properties.find(W + "rPr") if properties is not None else None
        gone = mark is not None and (mark.find(W + "del") is not None or mark.find(W + "moveFrom") is not None)
        heading, listed = 0, self._styles.is_contents(style)
        if not listed:
            heading = self._styles.heading_level(style, integer(value(properties, "outlineLvl")))
        paragraph = self._inline.begin(properties, style, heading)
        before = len(paragraph.parts)
        for child in element:
            self._inline.read(child)
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
        self._inline.fields.end_paragraph()
        if merges and not self._inline.boxes:
            if paragraph.parts and not gone:
                paragraph.parts.append(" ")
            return
        self._flush()

    def _flush(self) -> None:
        paragraph, self._inline.open = self._inline.open, None
        boxes, self._inline.boxes = self._inline.boxes, []
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
        fields = self._inline.fields.suspend()
        self._boxed += 1
        if box.tag not in DRAWINGS:
            self._blocks(box)
        elif self._objects is not None:
            for text in self._objects.drawn_texts(box):
                self._emit(Paragraph([text], plain=True))
        self._flush()
        self._boxed -= 1
        self._inline.fields.resume(fields)
        self._row = held

    def _emit(self, paragraph: Paragraph) -> None:
        text = paragraph.text
        if not text:
            return
        if self._objects is not None:
            self._objects.note_text(text.count(" ") + 1)
            # Tables and boxes have grounds of their own, on which white is a colour.
            on_paper = self._row is None and not self._boxed
            self._objects.note_covered(paragraph.struck or (paragraph.white and on_paper))
        apart = paragraph.merged or self._boxed > 0
        self._paragraphs.add(
            text,
            label=paragraph.label,
            heading=0 if paragraph.merged else paragraph.heading,
            cell=self._row,
            listed=paragraph.listed,
            generated=paragraph.generated,
            stands_out=not (paragraph.plain or apart),
            lead="" if apart else paragraph.lead_text,
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
                if (chosen := self._inline.branches.choose(child)) is not None:
                    yield from self._unwrapped(chosen, tag)
            elif isinstance(child.tag, str) and child.tag not in SKIPPED and child.tag not in (W + "p", W + "tbl"):
                yield from self._unwrapped(child, tag)


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
