"""Ruled tables: pdfium says cheaply whether a page has rules both ways; only then pdfplumber finds the cells."""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
from typing import Any

import pdfplumber
import pypdfium2.raw as pdfium
from pdfplumber.pdf import PDF

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.pdf_lines import Line, PageLines, Paragraph, TextPage, clean

_MOST_PATHS = 800  # beyond this it is a drawing, not a table
_MOST_OBJECTS = 20_000
_MOST_PAGES = (
    60  # pdfplumber is some 50 times slower than pdfium: a document of tables is read as plain lines after that
)
_LOST = 0.01  # share of the characters of a table that its cells may miss before the plain lines are better

logging.getLogger("pdfminer").setLevel(logging.ERROR)


def has_ruled_table(page: Any) -> bool:
    """True where at least two rules run each way."""
    count = pdfium.FPDFPage_CountObjects(page.raw)
    if count > _MOST_OBJECTS:
        return False
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    across, down = set(), set()
    paths = 0
    for index in range(count):
        item = pdfium.FPDFPage_GetObject(page.raw, index)
        if pdfium.FPDFPageObj_GetType(item) != pdfium.FPDF_PAGEOBJ_PATH:
            continue
        paths += 1
        if paths > _MOST_PATHS:
            return False
        if not pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top):
            continue
        width, height = right.value - left.value, top.value - bottom.value
        if width > 20 and (height < 3 or height > 8):
            across.add(round(bottom.value))
        if height > 8 and (width < 3 or width > 20):
            down.add(round(left.value))
    return len(across) >= 2 and len(down) >= 2


class TableReader:
    """Opens the file with pdfplumber when the first table turns up."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pdf: PDF | None = None
        self._broken = False
        self._pages = 0
        self._tables = 0

    def __enter__(self) -> TableReader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pdf is not None:
            with contextlib.suppress(Exception):
                self._pdf.close()

    def take(self, text: TextPage, lines: list[Line], number: int) -> tuple[list[Line], list[Paragraph]]:
        """Splits the lines of a page into those outside tables and the cells of its tables.

        What pdfplumber cannot do, pdfium's plain lines replace: no failure of it is a failure of the document.
        """
        if self._broken or self._pages >= _MOST_PAGES:
            return lines, []
        self._pages += 1
        try:
            grids, top_edge = self._find(number)
        except (MemoryError, RecursionError):
            raise
        except Exception:
            self._broken = True
            return lines, []
        cells: list[Paragraph] = []
        rest = lines
        for grid in grids:
            rest, cells = self._take_grid(text, rest, cells, grid, top_edge, number)
        return rest, cells

    def _find(self, number: int) -> tuple[list[Any], float]:
        if self._pdf is None:
            self._pdf = pdfplumber.open(io.BytesIO(self._data))
        page = self._pdf.pages[number - 1]
        try:
            if page.rotation or page.mediabox[1] or page.mediabox != page.cropbox:
                return [], 0.0
            return page.find_tables(), float(page.mediabox[3])
        finally:
            page.close()

    def _take_grid(
        self, text: TextPage, lines: list[Line], cells: list[Paragraph], grid: Any, top_edge: float, number: int
    ) -> tuple[list[Line], list[Paragraph]]:
        x0, top, x1, bottom = grid.bbox
        # A baseline is counted from the top here (see Line.y), but upwards in the file.
        inside = [
            line
            for line in lines
            if top - 1 <= line.y + top_edge <= bottom + 1 and x0 - 2 <= (line.x0 + line.x1) / 2 <= x1 + 2
        ]
        if len(inside) < 2:
            return lines, cells
        table = self._tables + 1
        made = []
        for row_number, row in enumerate(grid.rows, 1):
            for column, cell in enumerate(row.cells, 1):
                if cell is None:
                    continue
                raw = text.bounded(cell[0], top_edge - cell[1], cell[2], top_edge - cell[3])
                if words := clean(raw):
                    line = Line(words, cell[0], cell[2], cell[1] - top_edge, inside[0].size, False, number)
                    made.append(Paragraph([line], BlockKind.TABLE_CELL, (table, row_number, column)))
        wanted = sum(len(line.text.replace(" ", "")) for line in inside)
        found = sum(len(cell.lines[0].text.replace(" ", "")) for cell in made)
        if abs(found - wanted) > _LOST * wanted or len(made) < 2:
            return lines, cells
        self._tables = table
        gone = {id(line) for line in inside}
        return [line for line in lines if id(line) not in gone], cells + made


def salvage(data: bytes, limits: Limits) -> list[PageLines]:
    """The lines of a damaged file that pdfium cannot open but pdfminer can; empty where that fails as well."""
    pages: list[PageLines] = []
    try:
        with pdfplumber.open(io.BytesIO(data)) as document:
            for number, page in enumerate(document.pages, 1):
                if number > limits.pages:
                    raise ContractError(ErrorCode.TOO_MANY_PAGES, found=f"more than {limits.pages}", limit=limits.pages)
                lines = [
                    Line(words, line["x0"], line["x1"], line["bottom"], line["bottom"] - line["top"], False, number)
                    for line in page.extract_text_lines(return_chars=False, strip=True)
                    if (words := clean(line["text"]))
                ]
                pages.append(PageLines(number, lines))
                page.close()
    except (ContractError, MemoryError, RecursionError):
        raise
    except Exception as error:  # pdfminer raises anything on a damaged file
        logging.getLogger(__name__).debug("pdfminer stopped with %s", type(error).__name__)
    return pages if any(page.body for page in pages) else []
