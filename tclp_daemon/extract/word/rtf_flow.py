"""The paragraphs and cells of one story of a Rich Text file: its body, a note, a header or a text box."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from tclp_daemon.extract.word.autonumber import Label
from tclp_daemon.extract.word.rtf_parts import Number
from tclp_daemon.extract.word.symbols import with_boxes_apart

_DEEPEST_TABLE = 16  # \itap says how deep a cell is nested
_BLANKS = re.compile(" {2,}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSEEN = str.maketrans({"\u00ad": None, "\u200d": None, "\u200c": None, "\u00a0": " ", "\u2011": "-"})


class Mark(Enum):
    """What ends a paragraph."""

    PARAGRAPH = auto()
    CELL = auto()
    NESTED_CELL = auto()


@dataclass(slots=True)
class _Table:
    """The place of the next cell, 1-based."""

    number: int
    row: int = 1
    column: int = 1


class Tables:
    """Numbers the tables of a document."""

    def __init__(self) -> None:
        self._count = 0

    def open(self) -> _Table:
        """The next table."""
        self._count += 1
        return _Table(self._count)


@dataclass(slots=True)
class Piece:
    """A paragraph that is complete: what `blocks.Paragraphs.add` takes."""

    text: str
    label: Label | None = None
    heading: int = 0
    cell: tuple[int, int, int] | None = None
    listed: bool = False
    generated: bool = False
    stands_out: bool = False
    lead: str = ""

    def arguments(self) -> dict[str, Any]:
        """All of it but the text, by name."""
        names = ("label", "heading", "cell", "listed", "generated", "stands_out", "lead")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class Flow:
    """A story while it is read.

    Attributes:
        take: called with each paragraph that has text.
        numbering: of the tables in the document.
        parts: text of the open paragraph.
        label: its automatic number, if that has been computed.
        number: the number or bullet that the file shows for it.
        filled: it has text that shows.
        plain: some of its text does not stand out as a heading does.
        lead: how many parts come before that text.
        generated: some of it is the result of a field that makes a table of contents.
        boxes: paragraphs of the text boxes that are anchored in it; they follow it.
    """

    take: Callable[[Piece], None]
    numbering: Tables
    parts: list[str] = field(default_factory=list)
    label: Label | None = None
    number: Number | None = None
    filled: bool = False
    plain: bool = False
    lead: int = 0
    generated: bool = False
    boxes: list[Piece] = field(default_factory=list)
    _tables: list[_Table] = field(default_factory=list)
    _merged: bool = False

    def join(self) -> None:
        """The mark of the open paragraph is hidden or deleted: the next one continues it."""
        self._merged = self._merged or self.filled

    def end(self, mark: Mark, depth: int, *, heading: int = 0, listed: bool = False) -> None:
        """Ends the open paragraph.

        Args:
            mark: by which it ends.
            depth: of the tables around it, 0 outside.
            heading: level of its style.
            listed: its style is that of a table of contents.
        """
        if mark is not Mark.PARAGRAPH:
            depth = 1 if mark is Mark.CELL else max(depth, 2)
        self._enter(min(depth, _DEEPEST_TABLE))
        text = with_boxes_apart(_shown(self.parts))
        if text:
            table = self._tables[-1] if self._tables else None
            piece = Piece(
                text,
                label=self.label,
                heading=0 if self._merged else heading,
                cell=(table.number, table.row, table.column) if table else None,
                listed=listed,
                generated=self.generated,
                stands_out=not (self.plain or self._merged),
                lead="" if self._merged else _shown(self.parts[: self.lead]),
            )
            self.take(piece)
        for box in self.boxes:
            self.take(box)
        if mark is not Mark.PARAGRAPH:
            self._tables[-1].column += 1
        self.parts, self.boxes, self.label, self.number = [], [], None, None
        self.lead = 0
        self.filled = self.plain = self.generated = self._merged = False

    def end_row(self, depth: int) -> None:
        """Ends a row of the table at this depth, from 1; text that no mark has ended is its last cell."""
        if self.filled or self.boxes:
            self.end(Mark.CELL if depth == 1 else Mark.NESTED_CELL, depth)
        self._enter(min(depth, _DEEPEST_TABLE))
        self._tables[-1].row, self._tables[-1].column = self._tables[-1].row + 1, 1

    def _enter(self, depth: int) -> None:
        """Opens and closes tables until there are `depth` of them."""
        del self._tables[depth:]
        while len(self._tables) < depth:
            self._tables.append(self.numbering.open())


def _shown(parts: list[str]) -> str:
    """The text of a paragraph, without signs that do not show and without blanks around it."""
    text = _BLANKS.sub(" ", "".join(parts).translate(_UNSEEN)).strip()
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") if _SURROGATE.search(text) else text
