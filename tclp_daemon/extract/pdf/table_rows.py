"""Table rows that run over a page end: each page has its own rules, but a sentence in a cell goes on."""

from __future__ import annotations

from collections.abc import Sequence

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Paragraph
from tclp_daemon.extract.structure import ends_sentence, starts_item


def join_rows(before: Sequence[Paragraph], made: list[Paragraph]) -> bool:
    """Moves what continues the last row of a page from the next page into its cells.

    Args:
        before: the paragraphs of the page.
        made: those of the next page, changed in place.

    Returns:
        Whether there was something to move.
    """
    if not before or not made or before[-1].row is None:
        return False
    table = before[-1].row[0]
    last = [cell for cell in before if cell.row is not None and cell.row[:2] == before[-1].row[:2]]
    rest = _rest(before, made, table)
    first = min(last, key=lambda cell: cell.row or (0, 0, 0))
    leading = [after for after in rest if _above([first], after) is not None]
    if not all(_runs_on(first, after) and after.lines[0].text[0].islower() for after in leading):
        return False  # another row begins
    pairs = [
        (cell, after)
        for after in rest
        if (cell := _above(last, after)) is not None
        and _runs_on(cell, after)
        and (not leading or after.lines[0].text[0].islower())
    ]
    if not pairs:
        return False
    for index, (cell, after) in enumerate(pairs, 1):
        if index < len(pairs):
            for line in after.lines:
                line.page = cell.lines[-1].page  # the next page begins once, in the last of the cells
        cell.lines += after.lines
    gone = {id(after) for _, after in pairs}
    made[:] = [paragraph for paragraph in made if id(paragraph) not in gone]
    return True


def _rest(before: Sequence[Paragraph], made: Sequence[Paragraph], table: int) -> list[Paragraph]:
    """The first row of the next page, a repeated heading aside; or the paragraph there if its rules make no table."""
    if made[0].row is None:
        return [made[0]]
    heads = _row(before, table, 1)
    at = 1
    if heads and [_text(cell) for cell in _row(made, made[0].row[0], 1)] == [_text(cell) for cell in heads]:
        at = 2
    return _row(made, made[0].row[0], at)


def _row(paragraphs: Sequence[Paragraph], table: int, number: int) -> list[Paragraph]:
    return [cell for cell in paragraphs if cell.row is not None and cell.row[:2] == (table, number)]


def _text(cell: Paragraph) -> str:
    return " ".join(line.text for line in cell.lines)


def _above(cells: Sequence[Paragraph], after: Paragraph) -> Paragraph | None:
    """The last paragraph in the cell under which `after` stands."""
    line, snap = after.lines[0], LAYOUT.table_snap
    over = [cell for cell in cells if cell.lines[0].x0 - snap <= line.x0 and line.x1 <= cell.lines[0].x1 + snap]
    return over[-1] if over else None


def _runs_on(cell: Paragraph, after: Paragraph) -> bool:
    return not ends_sentence(cell.lines[-1].text) and not starts_item(after.lines[0].text)
