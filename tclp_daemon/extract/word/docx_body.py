"""Walks the XML of one story of a .docx (body, header, note) and adds its blocks in document order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tclp_daemon.document import BlockKind
from tclp_daemon.extract.word.autonumber import Label
from tclp_daemon.extract.word.blocks import FIELD_CODE, Sink, add_block, is_contents_code
from tclp_daemon.extract.word.docx_numbering import Numbering
from tclp_daemon.extract.word.docx_styles import MC, Styles, W, flag, integer, value
from tclp_daemon.extract.word.symbols import symbol

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"


def _tags(names: str) -> frozenset[str]:
    return frozenset(W + name for name in names.split())


# Content that does not show: properties, deletions, and what is said about the text.
_SKIPPED = _tags(
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
_SHOWN = frozenset({W + "t", _M + "t", W + "sym", *_TEXT})
_SPACES = re.compile(r"[ \r\n]+")
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


@dataclass(slots=True)
class _Field:
    """A field that is open."""

    shows: bool = False  # its result has begun
    code: str = ""  # first characters of its instruction
    contents: bool = False  # it makes a table of contents


class Story:
    """One flow of text.

    Args:
        sink: takes the blocks.
        styles, numbering: of the document.
        embedded: called with each w:altChunk.
        kind: of all blocks of this story; None lets the text decide.
    """

    def __init__(
        self,
        sink: Sink,
        styles: Styles,
        numbering: Numbering,
        embedded: Callable[[Any], None] | None = None,
        *,
        kind: BlockKind | None = None,
    ) -> None:
        self.footnotes: list[str] = []
        self.endnotes: list[str] = []
        self._sink = sink
        self._styles = styles
        self._numbering = numbering
        self._embedded = embedded
        self._kind = kind
        self._fields: list[_Field] = []
        self._codes = 0  # how many of them are still in their instruction
        self._contents = 0  # how many of them show a table of contents
        self._open: _Paragraph | None = None
        self._boxes: list[Any] = []
        self._row: tuple[int, int, int] | None = None
        self._tables = 0
        self._hidden_style = False
        self._branches = _Branches()

    def read(self, container: Any) -> None:
        """Adds all that `container` holds."""
        self._blocks(container)
        self._flush()

    # Blocks

    def _blocks(self, container: Any) -> None:
        for child in container:
            tag = child.tag
            if tag == W + "p":
                self._paragraph(child)
            elif tag == W + "tbl":
                self._table(child)
            elif tag == W + "altChunk":
                if self._embedded is not None:
                    self._flush()
                    self._embedded(child)
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
        self._hidden_style = self._styles.hidden(style)
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
        # An instruction ends with its paragraph, so that a field that is never closed cannot swallow the document.
        while self._fields and not self._fields[-1].shows:
            self._end_field()
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
            held, self._row = self._row, None
            fields, self._fields = (self._fields, self._codes), []
            self._codes = 0
            self._blocks(box)
            self._flush()
            self._row, (self._fields, self._codes) = held, fields

    def _emit(self, paragraph: _Paragraph) -> None:
        if text := _UNSEEN.sub("", "".join(paragraph.parts)).strip():
            add_block(
                self._sink,
                text,
                kind=self._kind,
                label=paragraph.label,
                heading=0 if paragraph.merged else paragraph.heading,
                cell=self._row,
                listed=paragraph.listed,
                generated=paragraph.generated,
            )

    # Tables

    def _table(self, table: Any) -> None:
        self._flush()
        outer = self._row
        self._tables += 1
        number = self._tables
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
            if self._codes == 0 and (text := _text(element)) is not None:
                self._add(text)
        elif tag == W + "instrText":
            if self._fields and len(self._fields[-1].code) < FIELD_CODE:
                self._fields[-1].code += (element.text or "")[:FIELD_CODE]
        elif tag in _SKIPPED:
            return
        elif tag == W + "fldChar":
            self._field(element)
        elif tag == W + "footnoteReference":
            self.footnotes.append(element.get(W + "id") or "")
        elif tag == W + "endnoteReference":
            self.endnotes.append(element.get(W + "id") or "")
        elif tag == W + "txbxContent":
            self._boxes.append(element)
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
        children = element.iter(W + "fldChar", W + "instrText") if self._hidden(element) else element
        for child in children:
            self._inline(child)

    def _add(self, text: str) -> None:
        if self._open is None:
            self._open = _Paragraph()
        self._open.parts.append(text)
        self._open.generated = self._open.generated or self._contents > 0

    def _field(self, element: Any) -> None:
        kind = element.get(W + "fldCharType")
        if kind == "begin":
            self._fields.append(_Field())
            self._codes += 1
            choices = element.find(f"{W}ffData/{W}ddList")
            if choices is not None and self._codes == 1:
                entries = [entry.get(W + "val") or "" for entry in choices.iterfind(W + "listEntry")]
                chosen = integer(value(choices, "result") or value(choices, "default")) or 0
                if 0 <= chosen < len(entries):
                    self._add(entries[chosen])
        elif kind == "separate" and self._fields:
            field = self._fields[-1]
            if not field.shows:
                self._codes -= 1
                field.shows, field.contents = True, is_contents_code(field.code)
                self._contents += field.contents
        elif kind == "end" and self._fields:
            self._end_field()

    def _end_field(self) -> None:
        field = self._fields.pop()
        self._codes -= not field.shows
        self._contents -= field.contents

    def _hidden(self, run: Any) -> bool:
        properties = run.find(W + "rPr")
        if properties is None:
            return self._hidden_style
        own = flag(properties, "vanish")
        if own is not None:
            return own
        style = value(properties, "rStyle")
        return self._styles.hidden(style) if style else self._hidden_style


def _text(element: Any) -> str | None:
    """What an element with one of the tags in `_SHOWN` shows; None for an empty run of text."""
    if element.tag in _TEXT:
        return _TEXT[element.tag]
    if element.tag == W + "sym":
        return symbol(element.get(W + "font") or "", element.get(W + "char") or "")
    return _SPACES.sub(" ", element.text) if element.text else None


class _Wrapped(list[Any]):
    """A container of one element."""

    def __init__(self, element: Any) -> None:
        super().__init__([element])


class _Branches:
    """Chooses the branch of an mc:AlternateContent that is read; the others say the same again.

    They may be nested, so each is searched once, together with all inside it.
    """

    def __init__(self) -> None:
        self._seen: set[Any] = set()
        self._with_text: set[Any] = set()

    def choose(self, alternate: Any) -> Any | None:
        """The first branch with text, None where no branch has any."""
        if alternate not in self._seen:
            self._look_through(alternate)
        branches = [child for child in alternate if child.tag == MC + "Choice"]
        branches += [child for child in alternate if child.tag == MC + "Fallback"]
        return next((branch for branch in branches if branch in self._with_text), None)

    def _look_through(self, alternate: Any) -> None:
        self._seen.update(alternate.iter(MC + "AlternateContent"))
        for found in alternate.iter(W + "t", _M + "t", W + "sym"):
            if found.tag != W + "sym" and not found.text:
                continue
            while found is not alternate and found not in self._with_text:
                self._with_text.add(found)
                found = found.getparent()


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
