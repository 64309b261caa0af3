"""Running headers, footers and page numbers: found by what repeats at the edges of the pages."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

from tclp_daemon.extract.pdf.lines import Line, PageLines
from tclp_daemon.extract.structure.numbering import find_number

_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"[-–—|\s]*(?:page\s*|p\.\s*)?(?:[A-Z]{1,2}-)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:of|/|von|de|z)\s*\d{1,4})?[-–—|.\s]*",
    re.IGNORECASE,
)
_LONE_NUMBER = re.compile(r"[-–—\s]*\d{1,4}[-–—\s]*")
_TELLING = 30  # from so many characters on, the same words at the edge of pages are a header at any height
_ZONE = 0.25  # share of the sheet that counts as its edge
_COPIED = 0.8  # share of the characters that a copy has in common with its original; names and dates differ
_EDGE_LINES = 6  # how many lines at the top and at the bottom of a page may be headers or footers
_Place = tuple[str, int]


def mark_running(pages: Sequence[PageLines]) -> None:
    """Moves running headers, footers and page numbers from the body of each page to its top and bottom.

    A line counts when the same words stand at the same height at the edge of several pages; digits in it may count the
    pages. Only lines at the very edge count, and those that only such lines separate from the edge. Copies of
    a page, as of a letter that each party signs, do not make headers of its clauses.
    """
    _join_rows(pages)
    places: dict[_Place, list[tuple[int, str]]] = defaultdict(list)
    edges = {page.number: _edges(page) for page in pages}
    originals = _originals(pages)
    for page in originals:
        for lines in edges[page.number]:
            for index, line in enumerate(lines):
                places[_place(line)].append((page.number, line.text))
                places[_rank(line, index)].append((page.number, line.text))
    rules = _Running(places, len(originals))
    for page in pages:
        top, bottom = edges[page.number]
        page.top += rules.peel(top, page.y0, page)
        bottom = [line for line in bottom if not any(line is other for other in page.top)]
        page.bottom = rules.peel(bottom, page.y1, page)[::-1]
        if page.top or page.bottom:
            gone = {id(line) for line in (*page.top, *page.bottom)}
            page.body = [line for line in page.body if id(line) not in gone]
    _take_inner_numbers(pages)


def _join_rows(pages: Sequence[PageLines]) -> None:
    """Pieces of a line at the edge become one where other pages show the same words as one line.

    A page in two columns is read in pieces, its header too: the title on the left, a reference on the right.
    """
    rows = {page.number: [row for lines in _edges(page) for row in _rows(lines)] for page in pages}
    whole = {_words(row) for found in rows.values() for row in found if len(row) == 1}
    for page in pages:
        for row in rows[page.number]:
            if len(row) < 2 or _words(row) not in whole:
                continue
            first, *others = row
            first.text = " ".join(line.text for line in row)
            first.x1 = max(line.x1 for line in row)
            page.body = [line for line in page.body if not any(line is other for other in others)]


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines by baseline, each from left to right."""
    rows: list[list[Line]] = []
    for line in lines:
        if rows and abs(rows[-1][0].y - line.y) < 0.4 * min(rows[-1][0].size, line.size):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.x0) for row in rows]


def _words(row: Sequence[Line]) -> str:
    return _DIGITS.sub("#", " ".join(line.text for line in row).lower())


class _Running:
    """Which places hold running lines.

    On some pages; on many, which for a long text is enough at any height, as of a legend about confidential treatment;
    or on most, so that nothing else is needed to be sure.
    """

    def __init__(self, places: dict[_Place, list[tuple[int, str]]], pages: int) -> None:
        needed = 2 if pages <= 3 else 3
        self._some: set[_Place] = set()
        self._many: set[_Place] = set()
        self._most: set[_Place] = set()
        for place, seen in places.items():
            count = len({number for number, _ in seen})
            if pages < 2 or count < needed or not _counts_pages(seen):
                continue
            self._some.add(place)
            if count >= max(5, 0.2 * pages):
                self._many.add(place)
            if count >= max(4, 0.5 * pages):
                self._most.add(place)

    def peel(self, lines: Sequence[Line], edge: float, page: PageLines) -> list[Line]:
        """The running lines at one edge, from the outside in.

        Lines that come back on some pages only have to be near the edge of the sheet and set off by a gap: where the
        page goes on at once, the same words are the same clause on several pages.
        """
        taken: list[Line] = []
        sure = 0
        zone = _ZONE * (page.y1 - page.y0) if page.y1 > page.y0 else float("inf")
        for index, line in enumerate(lines):
            near = index < 3 or sure == index
            numbered = near and _is_page_number(line)
            outer = abs(line.y - edge) <= zone
            most = self._holds(self._most, line) or _rank(line, index) in self._most
            many = len(line.text) >= _TELLING and self._holds(self._many, line)
            if not (numbered or most or many or (outer and self._holds(self._some, line))):
                break
            taken.append(line)
            after = lines[index + 1] if index + 1 < len(lines) else None
            if numbered or most or after is None or abs(after.y - line.y) > 1.6 * min(line.size, after.size):
                sure = index + 1
        return taken[:sure]

    @staticmethod
    def _holds(places: set[_Place], line: Line) -> bool:
        text, height = _place(line)
        return any((text, height + shift) in places for shift in (-1, 0, 1))


def _take_inner_numbers(pages: Sequence[PageLines]) -> None:
    """Page numbers in the middle of a page, as a text has that was paged anew: a row of lone numbers that count up."""
    found = [(page, line) for page in pages for line in page.body if _LONE_NUMBER.fullmatch(line.text)]
    values = [int(_DIGITS.findall(line.text)[0]) for _, line in found]
    steps = sum(1 for a, b in pairwise(values) if 0 <= b - a <= 2)
    if len(found) < 3 or steps < 0.7 * (len(values) - 1):
        return
    taken: dict[int, list[Line]] = defaultdict(list)
    for page, line in found:
        taken[page.number].append(line)
    for page in pages:
        if lines := taken.get(page.number):
            page.bottom[:0] = lines[::-1]
            gone = {id(line) for line in lines}
            page.body = [line for line in page.body if id(line) not in gone]


def _edges(page: PageLines) -> tuple[list[Line], list[Line]]:
    ordered = sorted(page.body, key=lambda line: line.y)
    return ordered[:_EDGE_LINES], ordered[: -_EDGE_LINES - 1 : -1]


def _originals(pages: Sequence[PageLines]) -> list[PageLines]:
    """The pages but for those that say nearly the same as the page before."""
    kept = []
    before: Counter[str] = Counter()
    for page in pages:
        lines = Counter(line.text for line in page.body if not _is_page_number(line))
        longer = max(_length(lines), _length(before))
        if not longer or _length(lines & before) < _COPIED * longer:
            kept.append(page)
        before = lines
    return kept


def _length(lines: Counter[str]) -> int:
    return sum(len(text) * count for text, count in lines.items())


def _is_page_number(line: Line) -> bool:
    return len(line.text) < 20 and _PAGE_NUMBER.fullmatch(line.text) is not None


def _place(line: Line) -> _Place:
    """What makes two lines the same header: the words, and for a few words the height too."""
    return _DIGITS.sub("#", line.text.lower())[:200], round(line.y / 12) if len(line.text) < _TELLING else 0


def _counts_pages(seen: Sequence[tuple[int, str]]) -> bool:
    """The same words throughout, or numbers that go up with the pages; the number of a schedule counts no pages."""
    texts = {text for _, text in seen}
    if len(texts) == 1:
        return True
    shifts: Counter[int] = Counter()
    for number, text in seen:
        shifts.update({int(digits[:9]) - number for digits in _DIGITS.findall(_behind_name(text))})
    commonest = Counter(text for _, text in seen).most_common(1)[0][1]
    return max(shifts.values(), default=0) >= 0.6 * len(seen) or commonest >= 0.6 * len(seen)


def _behind_name(text: str) -> str:
    """What follows "Schedule 2" or "Article 3"; but the number in "Exhibit A-3" may be that of a page of exhibit A."""
    name = find_number(text) if text[:1].isalpha() else None
    return text[name.end :] if name is not None and name.label.rpartition(" ")[2][0].isdigit() else text


def _rank(line: Line, index: int) -> _Place:
    """The same for text that ends in the middle of the sheet: the words, and how many lines lie further out."""
    return _place(line)[0], -1 - index
