"""Ruled tables: pdfium knows the rules of a page, pdfplumber finds the cells between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pdfplumber import table as plumber

from tclp_daemon.document import BlockKind
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line, Paragraph, rows
from tclp_daemon.extract.pdf.page_objects import PageObjects
from tclp_daemon.extract.pdf.rules import Edge, page_rules, rules_cross
from tclp_daemon.extract.pdf.text_page import TextPage
from tclp_daemon.extract.structure import cites, starts_item

_MOST_CROSSINGS = 250_000  # pairs of rules that are compared; the grid of a full page has some thousands
_MOST_CORNERS = 3_000


class TableReader:
    """Takes the ruled tables out of the pages of one document, and counts them."""

    def __init__(self) -> None:
        self._tables = 0

    def take(
        self, found: PageObjects, text: TextPage, lines: list[Line], number: int
    ) -> tuple[list[Line], list[Paragraph]]:
        """Splits the lines of a page into those outside tables and the cells of its tables.

        Args:
            found: the objects of the page.
            text: its text.
            lines: the lines of that text.
            number: 1-based.
        """
        edges = page_rules(found)
        if not rules_cross(edges) or text.is_turned:
            return lines, []
        cells: list[Paragraph] = []
        rest = lines
        for grid in _grids(edges):
            rest, cells = self._take_grid(text, rest, cells, grid, number)
        return rest, cells

    def _take_grid(
        self, text: TextPage, lines: list[Line], cells: list[Paragraph], grid: Any, number: int
    ) -> tuple[list[Line], list[Paragraph]]:
        """Moves the lines inside one grid to `cells`, unless its cells do not hold them or are not a table."""
        inside = [line for line in lines if _is_inside(line, grid.bbox)]
        # One line may be a row, but not where boxes lie over the words of a sentence.
        if not inside or (len(inside) == 1 and len(text.pieces(inside[0], LAYOUT.gap)) < 2):
            return lines, cells
        made = _cells(text, grid, self._tables + 1, inside)
        wanted = _visible(inside)
        found = sum(_visible(cell.lines) for cell in made)
        # A frame around the page, perhaps with a box for its footer, is not a table.
        columns = {cell.row[2] for cell in made if cell.row}
        if abs(found - wanted) > LAYOUT.table_lost * wanted or len(columns) < 2:
            return lines, cells
        self._tables += 1
        gone = {id(line) for line in inside}
        return [line for line in lines if id(line) not in gone], cells + made


def _is_inside(line: Line, box: tuple[float, float, float, float]) -> bool:
    x0, top, x1, bottom = box
    over, aside = LAYOUT.table_over, LAYOUT.table_aside
    return top - over <= line.y <= bottom + over and x0 - aside <= (line.x0 + line.x1) / 2 <= x1 + aside


def _cells(text: TextPage, grid: Any, table: int, lines: Sequence[Line]) -> list[Paragraph]:
    """What stands in the cells of a grid; a cell with several items is several paragraphs.

    Args:
        text: the page's text.
        grid: from pdfplumber.
        table: its number.
        lines: those inside the grid, which may run across several cells.
    """
    places = [
        (cell, (table, row_number, column))
        for row_number, row in enumerate(grid.rows, 1)
        for column, cell in enumerate(row.cells, 1)
        if cell is not None
    ]
    held: dict[tuple[int, int, int], list[Line]] = defaultdict(list)
    for line in lines:
        level = [(cell, place) for cell, place in places if cell[1] <= line.y <= cell[3]]
        edges = [cell[2] for cell, _ in level if line.x0 < cell[2] < line.x1]
        for piece in text.cut_at(line, edges) if edges else [line]:
            middle = (piece.x0 + piece.x1) / 2
            cell, place = next((each for each in level if each[0][0] <= middle <= each[0][2]), (None, None))
            if cell is not None and place is not None:
                held[place].append(replace(piece, x0=cell[0], x1=cell[2], bold=False))
    made = []
    for _, place in places:
        ordered = [line for _, row in rows(held[place]) for line in row]
        made += [Paragraph(part, BlockKind.TABLE_CELL, place) for part in _items(ordered)]
    return made


def _items(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines of a cell, split before each that begins an item: three duties in one cell are not one sentence."""
    parts: list[list[Line]] = []
    for line in lines:
        if not parts or line.opens or (starts_item(line.text) and not cites(parts[-1][-1].text)):
            parts.append([])
        parts[-1].append(line)
    return parts


def _visible(lines: Sequence[Line]) -> int:
    """Number of characters that show."""
    return sum(len(line.text.replace(" ", "")) for line in lines)


def _grids(edges: list[Edge]) -> list[plumber.Table]:
    """The tables between some rules, by pdfplumber's steps; none where there are too many rules for a table."""
    snap = LAYOUT.table_snap
    merged = [
        edge
        for edge in plumber.merge_edges(edges, snap, snap, snap, snap)
        if max(edge["width"], edge["height"]) >= snap
    ]
    across = sum(1 for edge in merged if edge["orientation"] == "h")
    if across * (len(merged) - across) > _MOST_CROSSINGS:
        return []
    corners = plumber.edges_to_intersections(merged, snap, snap)
    if len(corners) > _MOST_CORNERS:
        return []
    groups = plumber.cells_to_tables(plumber.intersections_to_cells(corners))
    return [plumber.Table(None, group) for group in groups]  # the page is only for its own text
