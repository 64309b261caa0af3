"""Running headers, footers and page numbers: found by what repeats at the edges of the pages."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

from tclp_daemon.extract.pdf_lines import Line, PageLines

_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"[-–—|\s]*(?:page\s*|p\.\s*)?(?:[A-Z]{1,2}-)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:of|/|von|de|z)\s*\d{1,4})?[-–—|.\s]*",
    re.IGNORECASE,
)
_LONE_NUMBER = re.compile(r"[-–—\s]*\d{1,4}[-–—\s]*")
_TELLING = 30  # from so many characters on, the same words at the edge of pages are a header at any height
_EDGE_LINES = 6  # how many lines at the top and at the bottom of a page may be headers or footers
_Place = tuple[str, int]


def mark_running(pages: Sequence[PageLines]) -> None:
    """Moves running headers, footers and page numbers from the body of each page to its top and bottom.

    A line counts when the same words stand at the same height at the edge of several pages; digits in it may count the
    pages. Only lines at the very edge count, and those that only such lines separate from the edge.
    """
    running: set[_Place] = set()
    places: dict[_Place, list[tuple[int, str]]] = defaultdict(list)
    edges = {page.number: _edges(page.body) for page in pages}
    for page in pages:
        for line in (*edges[page.number][0], *edges[page.number][1]):
            places[_place(line)].append((page.number, line.text))
    needed = 2 if len(pages) <= 3 else 3
    for place, seen in places.items():
        if len({number for number, _ in seen}) >= needed and len(pages) > 1 and _counts_pages(seen):
            running.add(place)
    for page in pages:
        top, bottom = edges[page.number]
        page.top = _peel(top, running)
        page.bottom = _peel([line for line in bottom if not any(line is other for other in page.top)], running)[::-1]
        if page.top or page.bottom:
            gone = {id(line) for line in (*page.top, *page.bottom)}
            page.body = [line for line in page.body if id(line) not in gone]
    _take_inner_numbers(pages)


def _take_inner_numbers(pages: Sequence[PageLines]) -> None:
    """Page numbers in the middle of a page, as a text has that was paged anew: a row of lone numbers that count up."""
    found = [(page, line) for page in pages for line in page.body if _LONE_NUMBER.fullmatch(line.text)]
    values = [int(_DIGITS.findall(line.text)[0]) for _, line in found]
    steps = sum(1 for a, b in pairwise(values) if 0 <= b - a <= 2)
    if len(found) < 3 or steps < 0.7 * (len(values) - 1):
        return
    for page, line in found:
        page.bottom.insert(0, line)
        page.body = [other for other in page.body if other is not line]


def _edges(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    ordered = sorted(lines, key=lambda line: line.y)
    return ordered[:_EDGE_LINES], ordered[::-1][:_EDGE_LINES]


def _place(line: Line) -> _Place:
    """What makes two lines the same header: the words, and for a few words the height too."""
    return _DIGITS.sub("#", line.text.lower())[:200], round(line.y / 12) if len(line.text) < _TELLING else 0


def _counts_pages(seen: Sequence[tuple[int, str]]) -> bool:
    """The same words throughout, or numbers that go up with the pages."""
    texts = {text for _, text in seen}
    if len(texts) == 1:
        return True
    shifts: Counter[int] = Counter()
    for number, text in seen:
        shifts.update({int(digits[:9]) - number for digits in _DIGITS.findall(text)})
    commonest = Counter(text for _, text in seen).most_common(1)[0][1]
    return max(shifts.values(), default=0) >= 0.6 * len(seen) or commonest >= 0.6 * len(seen)


def _peel(edge: Sequence[Line], running: set[_Place]) -> list[Line]:
    taken = []
    for index, line in enumerate(edge):
        text, height = _place(line)
        near = any((text, height + shift) in running for shift in (-1, 0, 1))
        if near or (index < 3 and len(line.text) < 20 and _PAGE_NUMBER.fullmatch(line.text)):
            taken.append(line)
        else:
            break
    return taken
