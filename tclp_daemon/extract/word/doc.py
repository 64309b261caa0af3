"""Reads .doc (Word 97 to 2003, and the text of Word 6 and 95) without any other program ([MS-DOC]).

The file has its stories one after the other: text, footnotes, headers, comments, endnotes, text boxes. Comments,
deleted and hidden text and field codes are left out; headers come first and notes last, as in .docx.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word.autonumber import Label
from tclp_daemon.extract.word.blocks import FIELD_CODE, add_block, is_contents_code
from tclp_daemon.extract.word.doc_fib import FONTS, HEADER_STORIES, WordFile, open_word
from tclp_daemon.extract.word.doc_formatting import Formatting, font_names
from tclp_daemon.extract.word.doc_lists import Lists
from tclp_daemon.extract.word.doc_styles import Paragraph
from tclp_daemon.extract.word.symbols import symbol_char
from tclp_daemon.formats import Kind
from tclp_daemon.warning import WarningCode, warning

EXTRACTOR = "tclp doc 1; olefile"
_CELL, _PAGE = "\x07", "\x0c"
_BEGIN, _SEPARATE, _END = "\x13", "\x14", "\x15"
_SHOWN = {"\t": "\t", "\x0b": "\n", "\x0e": "\n", "\x1e": "-"}
_SYMBOL_PLACE = "("
_ENDS = re.compile("[\r\x07\x0c]")
_SPECIAL = re.compile("[\x00-\x1f\xad\uf000-\uf0ff]")


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


@dataclass(slots=True)
class _Flow:
    """A story while it is read.

    Attributes:
        kind: of all its blocks; None lets each decide.
        tables: those that are open, the outermost first.
        pending: what waits for the end of its paragraph.
    """

    kind: BlockKind | None
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
    _Reader(file, builder).read()
    return builder.build(Kind.DOC, EXTRACTOR)


class _Reader:
    """One file and its stories."""

    def __init__(self, file: WordFile, builder: DocumentBuilder) -> None:
        self._file = file
        self._builder = builder
        self._format = Formatting(file)
        self._lists = Lists(file, self._format.styles)
        self._fonts = font_names(file.part(FONTS))
        self._tables = 0
        self._shown = _without_field_codes(file.text, self._format.hidden)
        self._contents = _contents_fields(file.text)

    def read(self) -> None:
        """Adds all stories."""
        bounds = [0]
        for length in self._file.stories:
            bounds.append(min(bounds[-1] + length, len(self._file.text)))
        if bounds[-1] == 0:
            bounds = [0, len(self._file.text)] + [len(self._file.text)] * 7
        headers, footers = self._running(bounds[2], bounds[3], bounds[7], bounds[8])
        for text in headers:
            self._builder.add(BlockKind.HEADER_FOOTER, text)
        self._story(bounds[0], bounds[1], None)
        self._story(bounds[6], bounds[7], None)
        self._story(bounds[1], bounds[2], BlockKind.FOOTNOTE)
        self._story(bounds[5], bounds[6], BlockKind.FOOTNOTE)
        above = set(headers)
        for text in footers:
            if text not in above:
                self._builder.add(BlockKind.HEADER_FOOTER, text)

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
            side.update(dict.fromkeys(text for text, _ in self._paragraphs(first, last)))
            at = last
        if not positions:
            headers.update(dict.fromkeys(text for text, _ in self._paragraphs(start, end)))
        headers.update(dict.fromkeys(text for text, _ in self._paragraphs(box_start, box_end)))
        return [text for text in headers if text], [text for text in footers if text]

    def _paragraphs(self, start: int, end: int) -> Iterator[tuple[str, int]]:
        """Visible text of each paragraph and the position of its mark."""
        while start < end:
            match = _ENDS.search(self._file.text, start, end)
            mark = match.start() if match else end - 1
            yield self._visible(start, mark if match else end), mark
            start = mark + 1

    def _story(self, start: int, end: int, kind: BlockKind | None) -> None:
        """Adds one story; `kind` is that of all its blocks, None lets each decide."""
        flow = _Flow(kind)
        following = start
        for text, mark in self._paragraphs(start, end):
            # The character that ends the field may be in the paragraph after it.
            generated = self._contents.count(1, following, mark) > 1
            following = mark + 1
            is_cell_mark = self._file.text[mark] == _CELL
            properties = self._format.paragraph(mark)
            ends_row = (is_cell_mark and properties.row_end) or properties.inner_row_end
            ends_cell = is_cell_mark or properties.inner_cell
            if not (properties.in_table or is_cell_mark):
                flow.tables = []
            elif ends_row or ends_cell or not flow.tables:
                self._enter(flow.tables, nested=properties.inner_cell or properties.inner_row_end)
            if ends_row and flow.tables and not text.strip():
                flow.tables[-1].row, flow.tables[-1].column = flow.tables[-1].row + 1, 1
                continue
            self._take(flow, text, mark, properties, generated=generated, ends_cell=ends_cell)
            if ends_cell and flow.tables:
                flow.tables[-1].column += 1
        if flow.pending.parts:
            self._emit(flow.pending, Paragraph(), kind, None, merged=True)

    def _take(
        self, flow: _Flow, text: str, mark: int, properties: Paragraph, *, generated: bool, ends_cell: bool
    ) -> None:
        """Adds a paragraph to what waits for a mark, and all of that to the document unless this mark is hidden."""
        pending, blank = flow.pending, not text.strip()
        ends = ends_cell or not self._format.hidden[mark]
        if not blank:
            label = self._lists.label(properties) if pending.label is None else None
            pending.parts.append(text)
            pending.label, pending.generated = pending.label or label, pending.generated or generated
        elif ends and not pending.parts and self._file.text[mark] != _PAGE:
            self._lists.label(properties)  # an empty numbered paragraph counts, a break does not
        if ends:
            if pending.parts:
                self._emit(pending, properties, flow.kind, flow.cell, merged=blank or len(pending.parts) > 1)
            flow.pending = _Pending()

    def _enter(self, tables: list[_Table], *, nested: bool) -> None:
        """Opens the table that the paragraph is in; a cell mark of the outer table closes the nested one."""
        depth = 2 if nested else 1
        del tables[depth:]
        while len(tables) < depth:
            self._tables += 1
            tables.append(_Table(self._tables))

    def _emit(
        self,
        paragraph: _Pending,
        properties: Paragraph,
        kind: BlockKind | None,
        cell: tuple[int, int, int] | None,
        *,
        merged: bool,
    ) -> None:
        styles = self._format.styles
        listed = styles.is_contents(properties)
        add_block(
            self._builder,
            "".join(paragraph.parts).strip(),
            kind=kind,
            label=paragraph.label,
            heading=0 if merged or listed else styles.heading(properties),
            cell=cell,
            listed=listed,
            generated=paragraph.generated,
        )

    def _visible(self, start: int, end: int) -> str:
        """The characters of a paragraph that show."""
        text, hidden = self._file.text[start:end], self._shown[start:end]
        if 1 in hidden:
            shown = [self._char(start + at, char) for at, char in enumerate(text) if not hidden[at]]
            result = "".join(shown)
        elif self._format.has_symbol(start, end):
            result = "".join(self._char(start + at, char) for at, char in enumerate(text))
        else:
            result = _SPECIAL.sub(lambda match: self._char(-1, match[0]), text)
        if any(0xD800 <= ord(char) <= 0xDFFF for char in result):
            result = result.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return result

    def _char(self, position: int, char: str) -> str:
        if char == _SYMBOL_PLACE and (found := self._format.symbol(position)) is not None:
            font, point = found
            return symbol_char(self._fonts[font] if font < len(self._fonts) else "", point)
        if char < " ":
            return _SHOWN.get(char, "")
        if "\uf000" <= char <= "\uf0ff":
            return symbol_char("wingdings", ord(char)) if char != "\uf0b7" else "•"
        return "" if char == "\xad" else char


def _without_field_codes(text: str, hidden: bytearray) -> bytearray:
    """A byte for each character, 1 where it does not show: it is in `hidden`, or in a field but not in its result.

    A field that is never closed does not count.
    """
    gone = bytearray(hidden)
    opened: list[tuple[int, int | None]] = []
    codes: list[tuple[int, int]] = []
    for match in re.finditer("[\x13\x14\x15]", text):
        at, char = match.start(), match[0]
        gone[at] = 1
        if char == _BEGIN:
            opened.append((at, None))
        elif char == _SEPARATE and opened:
            opened[-1] = (opened[-1][0], at if opened[-1][1] is None else opened[-1][1])
        elif char == _END and opened:
            begin, separate = opened.pop()
            last = at if separate is None else separate
            codes.append((begin, last))
    done = 0
    for begin, last in sorted(codes):
        # Codes may be nested a million deep: nothing is blanked twice.
        begin = max(begin, done)
        if begin < last:
            gone[begin:last] = b"\x01" * (last - begin)
            done = last
    return gone


def _contents_fields(text: str) -> bytearray:
    """A byte for each character, 1 where it is in the result of a field that makes a table of contents.

    A field that is never closed does not count.
    """
    inside = bytearray(len(text))
    opened: list[int] = []
    outermost: tuple[int, int] | None = None  # number of open fields, itself included, and start of its result
    for match in re.finditer("[\x13\x14\x15]", text):
        at, char = match.start(), match[0]
        if char == _BEGIN:
            opened.append(at)
        elif char == _SEPARATE and opened:
            if outermost is None and is_contents_code(text[opened[-1] + 1 : min(at, opened[-1] + FIELD_CODE)]):
                outermost = (len(opened), at)
        elif char == _END and opened:
            if outermost is not None and outermost[0] == len(opened):
                inside[outermost[1] : at] = b"\x01" * (at - outermost[1])
                outermost = None
            opened.pop()
    return inside
