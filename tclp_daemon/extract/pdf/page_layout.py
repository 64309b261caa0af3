"""The lines of a page -> what is running text on it, in the order in which a person reads it, and what is not."""

from __future__ import annotations

from itertools import chain

from tclp_daemon.extract.pdf.beside import Beside
from tclp_daemon.extract.pdf.gaps import are_interleaved, gaps_by_line
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.line_numbers import LineNumbers
from tclp_daemon.extract.pdf.lines import Line, PageLines
from tclp_daemon.extract.pdf.page_objects import PageObjects
from tclp_daemon.extract.pdf.reading_order import may_have_columns, read_order, split_columns, with_row_ends
from tclp_daemon.extract.pdf.tables import TableReader
from tclp_daemon.extract.pdf.text_page import TextPage


class PageLayout:
    """Lays out the pages of one document, which have line numbers and marginal notes in the same places."""

    def __init__(self) -> None:
        self._tables = TableReader()
        self._line_numbers = LineNumbers()
        self._beside = Beside()

    def lay_out(self, found: PageObjects, text: TextPage, number: int, lines: list[Line]) -> PageLines:
        """The next page.

        Args:
            found: the objects of the page.
            text: its text.
            number: 1-based.
            lines: of that text, in the order of the file; at least one.
        """
        y0, y1 = text.edges(found.sheet)
        lines, cells = self._tables.take(found, text, self._line_numbers.take(text, lines), number)
        # A watermark lies across the lines of the page and is part of none.
        across = [line for line in lines if line.askew]
        body = self._in_order(text, [line for line in lines if not line.askew], has_tables=bool(cells))
        return PageLines(number, body, cells, top=across, y0=y0, y1=y1)

    def _in_order(self, text: TextPage, lines: list[Line], *, has_tables: bool) -> list[Line]:
        if not lines:
            return lines
        gaps = text.gaps(lines[len(lines) // 2].size)
        by_line = gaps_by_line(lines, gaps)
        lines = with_row_ends(lines, by_line)
        # The gaps of a turned page cannot be told apart by line.
        if not has_tables and are_interleaved(lines, gaps) and (text.is_turned or may_have_columns(lines, by_line)):
            cut = (text.pieces(line, LAYOUT.cut) if text.is_turned or id(line) in by_line else [line] for line in lines)
            columns = split_columns(list(chain.from_iterable(cut)))
            if columns is not None:
                return columns
        return self._beside.arrange(text, lines, by_line) or read_order(lines)
