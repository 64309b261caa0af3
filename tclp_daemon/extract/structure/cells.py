"""What the cells of a table stand under: the key beside them, or a row that is the title of the rows below it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from tclp_daemon.document import Block
from tclp_daemon.extract.structure.headings import is_label
from tclp_daemon.extract.structure.numbering import HEAD

_PROSE = 60  # characters; a row of a table that is at least this long is running text


def title_cells(text: str, blocks: Sequence[Block]) -> dict[int, tuple[int, ...]]:
    """The cells that are titles: of their row (table, row), or, alone in their row, of the rows below (table).

    A key in the first column names what stands beside it ("Delivery schedule"), except where the table has more columns
    and its cells are only data.
    """
    rows: dict[tuple[int, int], list[int]] = defaultdict(list)
    widest: dict[int, int] = defaultdict(int)
    for at, block in enumerate(blocks):
        if block.row is not None:
            rows[block.row[:2]].append(at)
            widest[block.row[0]] = max(widest[block.row[0]], block.row[2])
    found: dict[int, tuple[int, ...]] = {}
    for place, cells in rows.items():
        first, longest = blocks[cells[0]], max(blocks[at].end - blocks[at].start for at in cells)
        if widest[place[0]] < 2 or first.row is None or first.row[2] != 1:
            continue
        if is_label(text[first.start : min(first.end, first.start + HEAD)]):
            if all(row is not None and row[2] == 1 for row in (blocks[at].row for at in cells)):
                found[cells[0]] = place[:1]
            elif widest[place[0]] == 2 or longest >= _PROSE:
                found[cells[0]] = place
    return found


class CellTitles:
    """The titles of rows and tables, while the cells are visited from top to bottom.

    Attributes:
        above: the title of the last part of a table. Text behind a table stands under it where nothing else is above.
    """

    def __init__(self) -> None:
        self.above: str | None = None
        self._titles: dict[tuple[int, ...], str] = {}
        self._last: tuple[int, str | None] = (0, None)  # the table of the last cell, and what that stands under

    def add(self, place: tuple[int, ...], title: str) -> None:
        """Notes that a cell is the title of its row (table, row), or of the rows below it (table)."""
        self._titles[place] = title
        if len(place) == 1:
            self.above = title

    def heading(self, row: tuple[int, int, int], *, introduced: bool) -> str | None:
        """What a cell stands under.

        Args:
            row: (table, row, column) of the cell.
            introduced: the text before announces what follows, so that a new table is one inside the last cell.
        """
        table, title = self._last
        if row[0] > table and introduced and title is not None:
            self._titles.setdefault(row[:1], title)
        beside = self._titles.get(row[:2]) if row[2] > 1 else None
        found = beside or self._titles.get(row[:1])
        self._last = (row[0], found)
        return found
