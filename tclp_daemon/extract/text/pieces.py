"""From the pieces of text of a page to blocks: what a line, a row, a table or a list of links is as a whole.

Web pages and Markdown come through here. Word and the exporters of filings write clauses as tables (the number in one
cell, the text in the next), headings as bold paragraphs, tables of contents as lists of links, and the end of a page as
a number and a rule in the middle of a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from tclp_daemon.document import BlockKind
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.structure import ends_sentence, is_marker, is_title, is_unfinished, starts_item
from tclp_daemon.extract.text.plain import is_page_number, paragraphs
from tclp_daemon.extract.text.titles import begins_paragraph, is_set_off_heading, leads_on

_BLANKS = re.compile(r"[ \t]+")
_LINE_ENDS = re.compile(r" *\n *")
_TYPED = re.compile(r"\d{1,3}(?:\.\d{1,3}){0,5}[.)]?\s")
_PROSE = 30  # characters; shorter text beside a number may be data
_CONTENTS_TITLE = re.compile(r"(?:table of )?contents|index", re.I)
_BACK = re.compile(r"(?:(?:back|return) to )?(?:the )?(?:table of contents|contents|index|top)", re.I)
_PAGE = re.compile(r"\d{1,3}|[ivxl]{1,6}|[A-Z]-\d{1,3}")
_ENTRY_WORDS = 25
_BETWEEN_WORDS = 6  # of what may stand between two entries of a table of contents
_MOST_BETWEEN = 3  # rows or lines
_FEWEST_ENTRIES = 3
_MOST_IN_GAP = 4  # pieces at the end of a page


class Piece(NamedTuple):
    """A run of text that begins a new line.

    Attributes:
        kind, level, row, contents: as in `Block`.
        text: what is shown, with line ends where the page has some.
        marker: the number or bullet that the browser paints before it.
        keeps_lines: its line ends and blanks are laid out like those of plain text.
        bold: all of it is bold or underlined.
        linked: all of it is a link to another place of the page.
    """

    kind: BlockKind
    text: str
    level: int = 0
    marker: str = ""
    keeps_lines: bool = False
    bold: bool = False
    linked: bool = False
    contents: bool = False
    row: tuple[int, int, int] | None = None


@dataclass(slots=True)
class _Table:
    number: int
    row: int = 0
    column: int = 0
    pieces: list[Piece] = field(default_factory=list)


class BlockMaker:
    """Collects the pieces of a page and adds them to a builder."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._tables: list[_Table] = []
        self._table_count = 0
        self._held = 0  # pieces that are not added yet
        self._run: list[tuple[list[Piece], bool]] = []  # rows and lines that may be a table of contents
        self._entries = 0  # of them that read like entries of one
        self._since = 0  # rows and lines after the last entry
        self._announced = False  # they stand under "Contents"
        self._open: Piece | None = None  # the last paragraph, which the next page may continue
        self._parts: list[str] = []  # its text so far
        self._gap: list[Piece] = []  # what stands at the end of the page after it

    def open_table(self) -> None:
        """A table begins."""
        self._settle_table()
        self._table_count = max(self._table_count, self._builder.tables) + 1
        self._tables.append(_Table(self._table_count))

    def open_row(self) -> None:
        """A row of the innermost table begins."""
        if self._tables:
            self._tables[-1].row += 1
            self._tables[-1].column = 0

    def open_cell(self) -> None:
        """A cell begins."""
        if self._tables:
            self._tables[-1].column += 1

    def close_table(self) -> None:
        """The innermost table ends."""
        if self._tables:
            self._settle_table()
            self._tables.pop()

    def add(self, piece: Piece) -> None:
        """Adds the next piece of text."""
        table = self._tables[-1] if self._tables else None
        cell = (table.number, table.row, table.column) if table and table.row and table.column else None
        for line in _lines(piece):
            self._held += 1
            self._builder.expect(0, blocks=self._held)
            if table is None or cell is None:
                self._add_unit([line])
            elif line.kind in (BlockKind.HEADING, BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
                table.pieces.append(line)
            else:
                table.pieces.append(line._replace(kind=BlockKind.TABLE_CELL, row=cell))

    def finish(self) -> None:
        """Adds what was held back: the page ends, or something follows that is no piece of it."""
        while self._tables:
            self.close_table()
        self._settle_run()
        self._settle_gap()

    def _settle_table(self) -> None:
        """Adds the rows of the innermost table so far."""
        if not self._tables:
            return
        pieces, self._tables[-1].pieces = self._tables[-1].pieces, []
        rows = [list(row) for _, row in groupby(pieces, key=lambda piece: piece.row and piece.row[:2])]
        numbered = [_is_numbered_text(row) for row in rows]
        data = sum(
            1 for row, is_numbered in zip(rows, numbered, strict=True) if not is_numbered and len(_columns(row)) > 1
        )
        lays_out = data == 0 and any(numbered)
        for row, is_numbered in zip(rows, numbered, strict=True):
            if lays_out:
                row = _joined(row) if is_numbered else [_freed(piece) for piece in row]
            self._add_unit(row)

    def _add_unit(self, pieces: list[Piece]) -> None:
        """Adds a row, or a line outside of tables; holds it back while it may belong to a table of contents."""
        words = sum(len(piece.text.split(None, _ENTRY_WORDS)) for piece in pieces)
        is_entry = words <= _ENTRY_WORDS and self._is_entry(pieces)
        announces = len(pieces) == 1 and not is_entry and _CONTENTS_TITLE.fullmatch(pieces[0].text.strip(" .:"))
        if announces or (not is_entry and (words > _BETWEEN_WORDS or self._since >= _MOST_BETWEEN)):
            self._settle_run()
        self._announced |= bool(announces)
        self._run.append((pieces, is_entry))
        self._entries += is_entry
        self._since = 0 if is_entry else self._since + 1
        if not (self._entries or self._announced):
            self._settle_run()

    def _is_entry(self, pieces: Sequence[Piece]) -> bool:
        """Whether this may be a line of contents: a link to a place below, or a row that ends with a page."""
        if any(piece.linked for piece in pieces):
            return True
        return self._announced and len(pieces) > 1 and _PAGE.fullmatch(pieces[-1].text.strip()) is not None

    def _settle_run(self) -> None:
        run, self._run = self._run, []
        is_contents = self._entries >= _FEWEST_ENTRIES
        entries = [at for at, (_, is_entry) in enumerate(run) if is_entry]
        self._entries, self._since, self._announced = 0, 0, False
        for at, (pieces, _) in enumerate(run):
            inside = is_contents and entries[0] <= at <= entries[-1]
            for piece in pieces:
                self._emit(piece._replace(contents=True) if inside else piece)

    def _emit(self, piece: Piece) -> None:
        """Adds a piece, joined to the last paragraph where a page end cut a sentence in two."""
        piece = _classified(piece)
        if self._open is not None:
            if piece.kind is BlockKind.HEADER_FOOTER and len(self._gap) < _MOST_IN_GAP:
                self._gap.append(piece)
                return
            if self._gap and _continues(self._parts[-1], piece):
                self._parts.append(piece.text)
                return
            self._settle_gap()
        if piece.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM) and not ends_sentence(piece.text):
            self._open, self._parts = piece, [piece.text]
        else:
            self._write(piece)

    def _settle_gap(self) -> None:
        if self._open is not None:
            self._write(self._open._replace(text=" ".join(self._parts)))
        gap, self._open, self._gap = self._gap, None, []
        for piece in gap:
            self._write(piece)

    def _write(self, piece: Piece) -> None:
        self._held = max(self._held - 1, 0)
        text = _with_marker(piece)
        self._builder.add(piece.kind, text, level=piece.level, row=piece.row, contents=piece.contents)


def _lines(piece: Piece) -> list[Piece]:
    """The piece, or several where its line ends separate paragraphs."""
    if piece.keeps_lines:
        parts = list(paragraphs(piece.text))
        if piece.marker or len(parts) == 1:
            beginning = piece._replace(text=parts[0][1], keeps_lines=False)
        else:
            beginning = piece._replace(kind=parts[0][0], text=parts[0][1], keeps_lines=False)
        return [beginning, *(Piece(kind, text) for kind, text in parts[1:])]
    text = _LINE_ENDS.sub("\n", _BLANKS.sub(" ", piece.text)).strip()
    if "\n" not in text:
        return [piece._replace(text=text)]
    first, *others = _groups(text)
    kind = BlockKind.PARAGRAPH if piece.kind is BlockKind.LIST_ITEM else piece.kind
    return [piece._replace(text=first), *(piece._replace(kind=kind, marker="", text=other) for other in others)]


def _groups(text: str) -> list[str]:
    """The paragraphs of text with line ends: after an empty line, a heading, or before a clause number."""
    groups: list[list[str]] = [[]]
    for line in text.split("\n"):
        if groups[-1] and (not line or begins_paragraph(line, groups[-1][-1])):
            groups.append([])
        if line:
            groups[-1].append(line)
    return ["\n".join(group) for group in groups if group]


def _columns(row: Sequence[Piece]) -> set[int]:
    return {piece.row[2] for piece in row if piece.row is not None}


def _is_numbered_text(row: Sequence[Piece]) -> bool:
    """True for a row that is a clause: its number or bullet, or several levels of them, and beside it its text."""
    at = _end_of_markers(row)
    if not 0 < at < len(row) or len(_columns(row[at:])) != 1 or row[at].row is None:
        return False
    text = row[at].text
    return len(text) >= _PROSE or leads_on(text) or row[at].bold or text.isupper() or is_title(text)


def _end_of_markers(row: Sequence[Piece]) -> int:
    return next(
        (at for at, piece in enumerate(row) if piece.marker or not is_marker(piece.text) or piece.row is None), len(row)
    )


def _joined(row: Sequence[Piece]) -> list[Piece]:
    """The row as paragraphs: number and text are one."""
    at = _end_of_markers(row)
    text = " ".join(piece.text for piece in row[: at + 1])
    first = row[at]._replace(kind=BlockKind.PARAGRAPH, text=text, row=None, linked=any(each.linked for each in row))
    return [first, *(_freed(piece) for piece in row[at + 1 :])]


def _freed(piece: Piece) -> Piece:
    """The piece as text outside of a table."""
    if piece.row is None:
        return piece
    return piece._replace(kind=BlockKind.LIST_ITEM if piece.marker else BlockKind.PARAGRAPH, row=None)


def _classified(piece: Piece) -> Piece:
    """The piece with the kind that its looks give it."""
    if piece.kind is not BlockKind.PARAGRAPH or piece.row is not None:
        return piece
    if is_page_number(piece.text) or (piece.linked and _BACK.fullmatch(piece.text) and not piece.contents):
        return piece._replace(kind=BlockKind.HEADER_FOOTER)
    return piece._replace(kind=BlockKind.HEADING) if piece.bold and is_set_off_heading(piece.text) else piece


def _continues(before: str, piece: Piece) -> bool:
    """Whether a sentence that a page end cut goes on in `piece`."""
    if piece.kind is not BlockKind.PARAGRAPH or piece.row is not None or piece.marker or starts_item(piece.text):
        return False
    return piece.text[0].islower() or is_unfinished(before)


def _with_marker(piece: Piece) -> str:
    """The text with the number or bullet before it; a number that was typed is the one that counts."""
    typed = _TYPED.match(piece.text) if piece.marker[:1].isdecimal() else starts_item(piece.text)
    return piece.text if typed else piece.marker + piece.text
