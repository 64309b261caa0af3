"""Running headers, footers and page numbers: found by what repeats at the edges of the pages."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import BASELINE, Line, PageLines, from_left
from tclp_daemon.extract.structure import find_number

_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"[-–—|\s]*(?:page\s*|p\.\s*)?(?:[A-Z]{1,2}-)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:of|/|von|de|z)\s*\d{1,4})?[-–—|.\s]*",
    re.IGNORECASE,
)
_LONE_NUMBER = re.compile(r"[-–—\s]*\d{1,4}[-–—\s]*")
_COMPARED = 200  # characters of a line; more do not make it another header
_Place = tuple[str, int]


def mark_running(pages: Sequence[PageLines]) -> None:
    """Moves running headers, footers and page numbers from the body of each page to its top and bottom.

    A line is one when the same words stand at the same height at the edge of several pages; numbers in it may count
    the pages. Only lines at the very edge qualify, and those that only such lines separate from the edge. Copies of a
    page, as of a letter that each party signs, do not turn its clauses into headers.
    """
    _join_rows(pages)
    places: dict[_Place, list[tuple[int, str]]] = defaultdict(list)
    edges = {page.number: _edges(page) for page in pages}
    originals = _originals(pages)
    for page in originals:
        for lines in edges[page.number]:
            for index, line in enumerate(lines):
                place = _place(line)
                places[place].append((page.number, line.text))
                places[place[0], -1 - index].append((page.number, line.text))
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
    """Joins the pieces of a line at the edge where other pages show the same words as one line.

    A page in two columns is read in pieces, its header too: the title on the left, a reference on the right.
    """
    rows = {page.number: [row for lines in _edges(page) for row in _rows(lines)] for page in pages}
    if not any(len(row) > 1 for found in rows.values() for row in found):
        return
    unbroken = {_words(row) for found in rows.values() for row in found if len(row) == 1}
    for page in pages:
        for row in rows[page.number]:
            if len(row) < 2 or _words(row) not in unbroken:
                continue
            first, *others = row
            first.text = " ".join(line.text for line in row)
            first.x1 = max(line.x1 for line in row)
            page.body = [line for line in page.body if not any(line is other for other in others)]


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines by baseline, each from left to right."""
    rows: list[list[Line]] = []
    for line in lines:
        if rows and abs(rows[-1][0].y - line.y) < LAYOUT.same_line * min(rows[-1][0].size, line.size):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [from_left(row) for row in rows]


def _words(row: Sequence[Line]) -> str:
    return _DIGITS.sub("#", " ".join(line.text for line in row).lower())


class _Running:
    """Which places hold running lines.

    Those are in one of three sets: on some pages; on many, which for a long text is enough at any height, as for a
    legend about confidential treatment; or on most, where no other sign is needed.
    """

    def __init__(self, places: dict[_Place, list[tuple[int, str]]], pages: int) -> None:
        needed = LAYOUT.short_repeats if pages <= LAYOUT.short else LAYOUT.repeats
        self._some: set[_Place] = set()
        self._many: set[_Place] = set()
        self._most: set[_Place] = set()
        for place, seen in places.items():
            count = len({number for number, _ in seen})
            if pages < 2 or count < needed or not _counts_pages(seen):
                continue
            self._some.add(place)
            if count >= max(LAYOUT.many_pages, LAYOUT.many * pages):
                self._many.add(place)
            if count >= max(LAYOUT.most_pages, LAYOUT.most * pages):
                self._most.add(place)

    def peel(self, lines: Sequence[Line], edge: float, page: PageLines) -> list[Line]:
        """The running lines at one edge, from the outside in.

        Lines that only some pages repeat must be near the edge of the sheet and set off by a gap: where the page goes
        on at once, the same words are the same clause on several pages.

        Args:
            lines: at the edge, the outermost first.
            edge: height of the edge of the sheet, in points.
            page: the page.
        """
        taken: list[Line] = []
        sure = 0
        zone = LAYOUT.edge_zone * (page.y1 - page.y0) if page.y1 > page.y0 else float("inf")
        for index, line in enumerate(lines):
            near = index < LAYOUT.number_lines or sure == index
            numbered = near and _is_page_number(line)
            outer = abs(line.y - edge) <= zone
            place = _place(line)
            # Where a text ends in the middle of the sheet, what counts is how many lines are further out.
            most = _holds(self._most, place) or (place[0], -1 - index) in self._most
            many = len(line.text) >= LAYOUT.running_text and _holds(self._many, place)
            if not (numbered or most or many or (outer and _holds(self._some, place))):
                break
            taken.append(line)
            if numbered or most or _is_set_off(line, lines[index + 1 : index + 2]):
                sure = index + 1
        return taken[:sure]


def _holds(places: set[_Place], place: _Place) -> bool:
    text, height = place
    return any((text, height + shift) in places for shift in (-1, 0, 1))


def _is_set_off(line: Line, after: Sequence[Line]) -> bool:
    """Whether a gap separates a line from the next one further in, if there is one."""
    return all(abs(inner.y - line.y) > LAYOUT.running_gap * min(line.size, inner.size) for inner in after)


def _take_inner_numbers(pages: Sequence[PageLines]) -> None:
    """Moves page numbers in the middle of pages, as in a text that was paginated twice: numbers that count up."""
    found = [(page, line) for page in pages for line in page.body if _LONE_NUMBER.fullmatch(line.text)]
    values = [int(_DIGITS.findall(line.text)[0]) for _, line in found]
    steps = sum(1 for a, b in pairwise(values) if 0 <= b - a <= LAYOUT.inner_step)
    if len(found) < LAYOUT.inner_numbers or steps < LAYOUT.inner_fit * (len(values) - 1):
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
    """The lines at the top and at the bottom of a page, each with the outermost first."""
    ordered = sorted(page.body, key=BASELINE)
    return ordered[: LAYOUT.edge_lines], ordered[: -LAYOUT.edge_lines - 1 : -1]


def _originals(pages: Sequence[PageLines]) -> list[PageLines]:
    """The pages without those that say nearly the same as the page before them."""
    kept = []
    before: Counter[str] = Counter()
    for page in pages:
        lines = Counter(line.text for line in page.body if not _is_page_number(line))
        longer = max(_length(lines), _length(before))
        if not longer or _length(lines & before) < LAYOUT.copied * longer:
            kept.append(page)
        before = lines
    return kept


def _length(lines: Counter[str]) -> int:
    return sum(len(text) * count for text, count in lines.items())


def _is_page_number(line: Line) -> bool:
    return len(line.text) < LAYOUT.number_text and _PAGE_NUMBER.fullmatch(line.text) is not None


def _place(line: Line) -> _Place:
    """What makes two lines the same header: the words, and if there are few of them the height too."""
    height = round(line.y / LAYOUT.running_height) if len(line.text) < LAYOUT.running_text else 0
    return _DIGITS.sub("#", line.text.lower())[:_COMPARED], height


def _counts_pages(seen: Sequence[tuple[int, str]]) -> bool:
    """Whether the words never change, or numbers in them go up with the pages; that of a schedule does not."""
    texts = {text for _, text in seen}
    if len(texts) == 1:
        return True
    shifts: Counter[int] = Counter()
    for number, text in seen:
        shifts.update({int(digits[:9]) - number for digits in _DIGITS.findall(_after_name(text))})
    commonest = Counter(text for _, text in seen).most_common(1)[0][1]
    return max(shifts.values(), default=0) >= LAYOUT.counted * len(seen) or commonest >= LAYOUT.counted * len(seen)


def _after_name(text: str) -> str:
    """What follows "Schedule 2" or "Article 3"; but the number in "Exhibit A-3" may be a page of exhibit A."""
    name = find_number(text) if text[:1].isalpha() else None
    return text[name.end :] if name is not None and name.label.rpartition(" ")[2][0].isdigit() else text
