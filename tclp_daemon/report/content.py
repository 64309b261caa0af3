"""A document and its findings -> what the page shows: headings, lists, tables, page marks, findings in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from markupsafe import Markup, escape

from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.report.escaping import encodable
from tclp_daemon.report.selection import MOST, MOST_FINDINGS, LeftOut, Mark, select
from tclp_daemon.result import Finding

# Nodes in a group where the text has no pages. Browsers skip groups that are off the screen.
_CHUNK = 60
_LONGEST_LOST = 1_000  # characters shown of a finding that is not in any block
_WIDEST = 200  # columns of a table
# In a table that has more places than this for each cell, neighbouring empty places become one: a spreadsheet's worth
# of them would make a page of hundreds of megabytes.
_PLACES = 4
_FEW_PLACES = 5_000


@dataclass(slots=True)
class Node:
    """One thing on the page.

    Attributes:
        kind: heading, paragraph, items, table, footnote, running (header or footer), page or gap.
        html: escaped text with its marks.
        level: heading level from 1, or list depth from 1.
        page: for a page mark, the page that begins.
        items: for items, (depth, whether it needs a bullet, html) for each.
        rows: for a table, its rows, each with (columns that the cell spans, html) for each cell.
    """

    kind: str
    html: Markup = field(default_factory=Markup)
    level: int = 1
    page: int = 0
    items: list[tuple[int, bool, Markup]] = field(default_factory=list)
    rows: list[list[tuple[int, Markup]]] = field(default_factory=list)


class ReportBody:
    """Lays out one document.

    Args:
        document: the text and its blocks.
        findings: in any order; they are numbered from 1 in the order given.
        most: characters of HTML; the rest is left out.

    Attributes:
        left_out: how many characters of the document are not shown.
    """

    def __init__(self, document: Document, findings: Sequence[Finding], most: int = MOST) -> None:
        self._text = encodable(document.text)
        self._document = document
        self._last = min(len(findings), MOST_FINDINGS)
        self._marks = _apart(findings, len(self._text))
        self._next_mark = 0
        self._placed: set[int] = set()
        self._next_page = 0
        self._pieces = select(self._text, document.blocks, self._marks, most)
        self.left_out = sum(piece.characters for piece in self._pieces if isinstance(piece, LeftOut))

    def chunks(self) -> Iterator[list[Node]]:
        """The page's nodes in groups that a browser may lay out one by one."""
        chunk: list[Node] = []
        paged = bool(self._document.page_starts)
        for node in self._nodes():
            if chunk and (node.kind == "page" if paged else len(chunk) >= _CHUNK):
                yield chunk
                chunk = []
            chunk.append(node)
        # A finding that is not in any block is shown at the end.
        if lost := [mark for mark in self._marks if mark.number <= self._last and mark.number not in self._placed]:
            ends = [min(mark.end, mark.start + _LONGEST_LOST) for mark in lost]
            shown = [self._mark(mark, self._text[mark.start : end]) for mark, end in zip(lost, ends, strict=True)]
            chunk.append(Node("paragraph", Markup(" ").join(shown)))
        if chunk:
            yield chunk

    def _nodes(self) -> Iterator[Node]:
        pieces = self._pieces
        index = 0
        while index < len(pieces):
            block = pieces[index]
            if isinstance(block, LeftOut):
                yield Node("gap", Markup("{:,} characters are not shown here.").format(block.characters))
                index += 1
                continue
            yield from self._page_marks(block.start)
            if block.row:
                cells = _run(pieces, index, partial(_same_table, block.row[0]))
                yield Node("table", rows=self._table(cells))
                index += len(cells)
                continue
            match block.kind:
                case BlockKind.LIST_ITEM:
                    # A list ends with the page, or it would hide the page mark.
                    items = _run(pieces, index, partial(_item_before, self._page_end()))
                    yield Node("items", items=[self._item(item) for item in items])
                    index += len(items)
                    continue
                case BlockKind.HEADING:
                    yield Node("heading", self._inline(block), min(max(block.level, 1), 4))
                case BlockKind.HEADER_FOOTER:
                    yield Node("running", self._inline(block))
                case BlockKind.FOOTNOTE:
                    yield Node("footnote", self._inline(block))
                case _:
                    yield Node("paragraph", self._inline(block))
            index += 1
        yield from self._page_marks(len(self._text))

    def _page_end(self) -> int:
        starts = self._document.page_starts
        return starts[self._next_page] if self._next_page < len(starts) else len(self._text) + 1

    def _page_marks(self, offset: int) -> Iterator[Node]:
        """Marks for all pages that begin at or before the offset and have no mark yet."""
        starts = self._document.page_starts
        while self._next_page < len(starts) and starts[self._next_page] <= offset:
            self._next_page += 1
            yield Node("page", page=self._next_page)

    def _item(self, block: Block) -> tuple[int, bool, Markup]:
        shown = block.number is not None or not self._text[block.start].isalnum()
        return min(max(block.level, 1), 6), not shown, self._inline(block)

    def _table(self, cells: Sequence[Block]) -> list[list[tuple[int, Markup]]]:
        """Rows of equal length. Paragraphs of one cell are joined, missing cells are empty."""
        grid: dict[int, dict[int, list[Markup]]] = {}
        for cell in cells:
            assert cell.row is not None
            _, row, column = cell.row
            grid.setdefault(row, {}).setdefault(min(column, _WIDEST), []).append(self._inline(cell))
        columns = sorted({column for row in grid.values() for column in row})
        if len(grid) * len(columns) <= max(_PLACES * len(cells), _FEW_PLACES):
            return [[(1, Markup("<br>").join(row.get(column, ()))) for column in columns] for row in grid.values()]
        places = {column: place for place, column in enumerate(columns)}
        return [_sparse({places[column]: html for column, html in row.items()}) for row in grid.values()]

    def _inline(self, block: Block) -> Markup:
        """The block's text, escaped, with the findings and page starts in it marked."""
        pieces: list[Markup] = []
        at = block.start
        while self._next_mark < len(self._marks):
            mark = self._marks[self._next_mark]
            if mark.start >= block.end:
                break
            if mark.end > block.start:
                start, end = max(mark.start, at), min(mark.end, block.end)
                pieces += self._plain(at, start)
                pieces.append(self._mark(mark, self._join(start, end)))
                at = end
                if mark.end > block.end:  # it goes on in the next block
                    break
            self._next_mark += 1
        pieces += self._plain(at, block.end)
        return Markup().join(pieces)

    def _join(self, start: int, end: int) -> Markup:
        return Markup().join(self._plain(start, end))

    def _plain(self, start: int, end: int) -> Iterator[Markup]:
        starts = self._document.page_starts
        while self._next_page < len(starts) and starts[self._next_page] < end:
            cut = max(starts[self._next_page], start)
            yield escape(self._text[start:cut])
            self._next_page += 1
            yield Markup(
                '<span class="break" id="p{0}" data-n="{0}" role="separator" aria-label="Page {0}"></span>'
            ).format(self._next_page)
            start = cut
        yield escape(self._text[start:end])

    def _mark(self, mark: Mark, inner: Markup | str) -> Markup:
        """The highlighted text; after its first part links to the neighbouring findings and to the list."""
        n = mark.number
        if n in self._placed or n > self._last:
            return Markup("<mark>{}</mark>").format(inner)
        self._placed.add(n)
        links = Markup()
        if n > 1:
            links += Markup('<a href="#f{0}" aria-label="Previous finding, {0}">‹</a>').format(n - 1)
        links += Markup('<a class="n" href="#l{0}" aria-label="Finding {0} in the list">{0}</a>').format(n)
        if n < self._last:
            links += Markup('<a href="#f{0}" aria-label="Next finding, {0}">›</a>').format(n + 1)
        return Markup('<mark id="f{}">{}</mark><span class="hop">{}</span>').format(n, inner, links)


def _apart(findings: Sequence[Finding], length: int) -> list[Mark]:
    """Marks in text order that do not overlap: a later one loses the text that an earlier one covers."""
    marks: list[Mark] = []
    end = 0
    for number, finding in sorted(enumerate(findings, 1), key=lambda pair: (pair[1].start, pair[1].end)):
        start = min(max(finding.start, end), length)
        end = max(start, min(finding.end, length))
        marks.append(Mark(start, end, number))
    return marks


def _sparse(row: dict[int, list[Markup]]) -> list[tuple[int, Markup]]:
    """A row in which neighbouring empty places are one cell."""
    shown: list[tuple[int, Markup]] = []
    at = 0
    for place in sorted(row):
        if place > at:
            shown.append((place - at, Markup()))
        shown.append((1, Markup("<br>").join(row[place])))
        at = place + 1
    return shown


def _run(pieces: Sequence[Block | LeftOut], start: int, belongs: Callable[[Block], bool]) -> list[Block]:
    """The block at `start` and the following ones that belong to it."""
    found: list[Block] = []
    for index in range(start, len(pieces)):
        piece = pieces[index]
        if isinstance(piece, LeftOut) or (found and not belongs(piece)):
            break
        found.append(piece)
    return found


def _same_table(table: int, block: Block) -> bool:
    return block.row is not None and block.row[0] == table


def _item_before(page_end: int, block: Block) -> bool:
    return block.kind is BlockKind.LIST_ITEM and block.start < page_end
