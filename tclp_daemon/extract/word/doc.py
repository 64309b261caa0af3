"""Reads .doc (Word 97 to 2003, and the text of Word 6 and 95) without any other program ([MS-DOC]).

The file has its stories one after the other: text, footnotes, headers, comments, endnotes, text boxes. Comments,
deleted and hidden text and field codes are left out; headers come first and notes last, as in .docx.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass, field, replace

from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word.autonumber import Label
from tclp_daemon.extract.word.blocks import Paragraphs
from tclp_daemon.extract.word.doc_fib import HEADER_STORIES, WordFile, open_word
from tclp_daemon.extract.word.doc_formatting import Formatting
from tclp_daemon.extract.word.doc_lists import Lists
from tclp_daemon.extract.word.doc_styles import Paragraph
from tclp_daemon.extract.word.doc_text import Line, Text
from tclp_daemon.extract.word.docx_objects import Findings
from tclp_daemon.extract.word.docx_pictures import Pictures
from tclp_daemon.extract.word.ole_objects import is_picture
from tclp_daemon.formats import Kind
from tclp_daemon.warning import WarningCode, warning

EXTRACTOR = "tclp doc 2; olefile"
_A4 = (11906, 16838)  # twentieths of a point
_CELL, _PAGE = "\x07", "\x0c"


@dataclass(slots=True)
class _Table:
    """The place of the next cell, 1-based."""

    number: int
    row: int = 1
    column: int = 1


@dataclass(slots=True)
class _Pending:
    """Text that a deleted or hidden paragraph mark joins to the next paragraph."""

    parts: list[str] = field(default_factory=list)
    label: Label | None = None
    generated: bool = False  # it is in the field of a table of contents
    lead: str = ""  # its beginning, as far as that looks as headings do


@dataclass(slots=True)
class _Flow:
    """A story while it is read.

    Attributes:
        paragraphs: where they go.
        may_have_titles: paragraphs that look like headings may be some.
        tables: those that are open, the outermost first.
        pending: what waits for the end of its paragraph.
    """

    paragraphs: Paragraphs
    may_have_titles: bool
    tables: list[_Table] = field(default_factory=list)
    pending: _Pending = field(default_factory=_Pending)

    @property
    def cell(self) -> tuple[int, int, int] | None:
        """Place of the next cell: the 1-based (table, row, column), None outside tables."""
        return (self.tables[-1].number, self.tables[-1].row, self.tables[-1].column) if self.tables else None


def read_doc(data: bytes, context: ReadContext) -> Document:
    """Reads one Word binary document.

    Args:
        data: the complete file.
        context: limits on the characters of its text.

    Raises:
        ContractError: corrupt, encrypted, unsupported_word_version, content_mismatch, too_much_text, no_text.
    """
    file = open_word(data, context.limits)
    builder = DocumentBuilder(context.limits)
    if sum(file.stories) > len(file.text) + 8:
        builder.warn(warning(WarningCode.TEXT_INCOMPLETE))
    findings = _Reader(file, builder).read()
    # Text recognition finds no pictures in this format, so a document without text is refused.
    return findings.build(builder, Kind.DOC, EXTRACTOR, replace(context, recognisable=False))


class _Reader:
    """One file and its stories."""

    def __init__(self, file: WordFile, builder: DocumentBuilder) -> None:
        self._file = file
        self._builder = builder
        self._format = Formatting(file)
        self._lists = Lists(file, self._format.styles)
        self._text = Text(file, self._format)
        self._findings = Findings(Pictures([_A4]))
        self._tables = 0

    def read(self) -> Findings:
        """Adds all stories; returns what else was found."""
        bounds = [0]
        for length in self._file.stories:
            bounds.append(min(bounds[-1] + length, len(self._file.text)))
        if bounds[-1] == 0:
            bounds = [0, len(self._file.text)] + [len(self._file.text)] * 7
        headers, footers = self._running(bounds[2], bounds[3], bounds[7], bounds[8])
        for text in headers:
            self._builder.add(BlockKind.HEADER_FOOTER, text)
        self._story(bounds[0], bounds[1], None, is_main=True)
        self._story(bounds[6], bounds[7], None)
        self._story(bounds[1], bounds[2], BlockKind.FOOTNOTE)
        self._story(bounds[5], bounds[6], BlockKind.FOOTNOTE)
        above = set(headers)
        for text in footers:
            if text not in above:
                self._builder.add(BlockKind.HEADER_FOOTER, text)
        self._name_objects()
        return self._findings

    def _name_objects(self) -> None:
        """Notes what lies outside the text. Each object is in a field; where that is left out, its storage is there."""
        fields = self._text.fields
        programs = list(fields.programs) or [each for each in self._file.objects if each]
        self._findings.unread.update(dict.fromkeys(each for each in programs if not is_picture(each)))
        self._findings.outside.update(fields.files)

    def _running(self, start: int, end: int, box_start: int, box_end: int) -> tuple[list[str], list[str]]:
        """Distinct texts of headers and footers; the table of header stories says which is which."""
        plc = self._file.part(HEADER_STORIES)
        count = len(plc) // 4
        positions = struct.unpack_from(f"<{count}I", plc) if count > 7 else ()
        headers: dict[str, None] = {}
        footers: dict[str, None] = {}
        at = start
        for index in range(6, len(positions) - 1):
            first, last = start + positions[index], min(start + positions[index + 1], end)
            if first < at or last < first:
                break
            # Each section has six: even and odd header, even and odd footer, first header and footer.
            side = footers if index % 6 in (2, 3, 5) else headers
            side.update(dict.fromkeys(line.text for line in self._text.lines(first, last)))
            at = last
        if not positions:
            headers.update(dict.fromkeys(line.text for line in self._text.lines(start, end)))
        headers.update(dict.fromkeys(line.text for line in self._text.lines(box_start, box_end)))
        return [text for text in headers if text], [text for text in footers if text]

    def _story(self, start: int, end: int, kind: BlockKind | None, *, is_main: bool = False) -> None:
        """Adds one story; `kind` is that of all its blocks, None lets each decide."""
        flow = _Flow(Paragraphs(self._builder, kind), may_have_titles=is_main)
        pictures = deque(self._text.pictures(start, end) if is_main else ())
        following = start
        for line in self._text.lines(start, end):
            # The character that ends the field may be in the paragraph after it.
            generated = self._text.fields.generated.count(1, following, line.mark) > 1
            following = line.mark + 1
            while pictures and pictures[0][0] < following:
                self._findings.pictures.add(pictures.popleft()[1])
            is_cell_mark = self._file.text[line.mark] == _CELL
            properties = self._format.paragraph(line.mark)
            ends_row = (is_cell_mark and properties.row_end) or properties.inner_row_end
            ends_cell = is_cell_mark or properties.inner_cell
            if not (properties.in_table or is_cell_mark):
                flow.tables = []
            elif ends_row or ends_cell or not flow.tables:
                self._enter(flow.tables, nested=properties.inner_cell or properties.inner_row_end)
            if ends_row and flow.tables and not line.text.strip():
                flow.tables[-1].row, flow.tables[-1].column = flow.tables[-1].row + 1, 1
                continue
            if is_main:
                in_table = bool(flow.tables)
                covered = self._text.is_covered(line, properties, in_table=in_table)
                self._findings.covered = self._findings.covered or covered
            self._take(flow, line, properties, generated=generated, ends_cell=ends_cell)
            if ends_cell and flow.tables:
                flow.tables[-1].column += 1
        if flow.pending.parts:
            self._emit(flow, Paragraph(), merged=True)
        flow.paragraphs.flush()

    def _take(self, flow: _Flow, line: Line, properties: Paragraph, *, generated: bool, ends_cell: bool) -> None:
        """Adds a paragraph to what waits for a mark, and all of that to the document unless this mark is hidden."""
        pending, blank = flow.pending, not (line.text.strip() or line.label)
        ends = ends_cell or not self._format.hidden[line.mark]
        if not blank:
            label = line.label or self._lists.label(properties) if pending.label is None else None
            pending.parts.append(line.text)
            pending.label, pending.generated = pending.label or label, pending.generated or generated
            if flow.may_have_titles and not flow.tables:
                pending.lead = self._text.lead(line, properties)
        elif ends and not pending.parts and self._file.text[line.mark] != _PAGE:
            self._lists.label(properties)  # an empty numbered paragraph counts, a break does not
        if ends:
            if pending.parts:
                self._emit(flow, properties, merged=blank or len(pending.parts) > 1)
            flow.pending = _Pending()

    def _enter(self, tables: list[_Table], *, nested: bool) -> None:
        """Opens the table that the paragraph is in; a cell mark of the outer table closes the nested one."""
        depth = 2 if nested else 1
        del tables[depth:]
        while len(tables) < depth:
            self._tables += 1
            tables.append(_Table(self._tables))

    def _emit(self, flow: _Flow, properties: Paragraph, *, merged: bool) -> None:
        """Adds what waits as one paragraph."""
        styles, pending = self._format.styles, flow.pending
        listed = styles.is_contents(properties)
        text = "".join(pending.parts).strip()
        self._findings.pictures.text(text.count(" ") + 1)
        flow.paragraphs.add(
            text,
            label=pending.label,
            heading=0 if merged or listed else styles.heading(properties),
            cell=flow.cell,
            listed=listed,
            generated=pending.generated,
            stands_out=not merged and pending.lead == text,
            lead="" if merged else pending.lead,
        )
