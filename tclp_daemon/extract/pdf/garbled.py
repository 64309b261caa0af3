"""Text that is not what the page shows, since its font does not say which letters its signs stand for.

A font is right or wrong as a whole, so the lines of each font are judged together: those of one page where there are
enough of them, else those of all pages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tclp_daemon.extract.legible import is_legible
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line, PageLines

_FEWEST = 150  # characters of a font on a page that are judged on their own
_SAMPLE = 1200  # characters that suffice to see that text is language; of 400, one cipher in 150 looks like one
_MOST = 4000  # that are looked at before it is said that it is none


def take_garbled(pages: Sequence[PageLines]) -> tuple[int, ...]:
    """Takes the lines that are no language off the pages.

    Returns:
        The 1-based numbers of the pages on which text is lost, ascending; a few symbols are not text.
    """
    groups: dict[tuple[int, bytes], list[Line]] = defaultdict(list)
    for page in pages:
        for line in _lines(page) if page.recognised is None else ():
            groups[page.number, line.font].append(line)
    pools: dict[bytes, list[Line]] = defaultdict(list)
    garbled: list[Line] = []
    for (_, font), lines in groups.items():
        verdict = _judge(lines) if _are_enough(lines) else None
        if verdict is None:
            pools[font] += lines
        elif not verdict:
            garbled += lines
    for lines in pools.values():
        if _judge(lines) is False:
            garbled += lines
    gone = {id(line) for line in garbled}
    return tuple(page.number for page in pages if page.recognised is None and _take(page, gone))


def _are_enough(lines: Sequence[Line]) -> bool:
    letters = 0
    for line in lines:
        letters += len(line.text)
        if letters >= _FEWEST:
            return True
    return False


def _judge(lines: Sequence[Line]) -> bool | None:
    sample = _text(lines, _SAMPLE)
    verdict = is_legible(sample)
    if verdict:
        return True
    more = _text(lines, _MOST)
    return is_legible(more) if len(more) > len(sample) else verdict


def _text(lines: Sequence[Line], most: int) -> str:
    """The first characters; what is spread over lines and columns shows no more."""
    taken: list[str] = []
    for line in lines:
        taken.append(line.text)
        most -= len(line.text)
        if most < 0:
            break
    return "\n".join(taken)


def _take(page: PageLines, gone: set[int]) -> bool:
    lost = page.lost
    if gone:
        lost += sum(len(line.text) for line in _lines(page) if id(line) in gone)
        page.body, page.top, page.bottom = (_without(lines, gone) for lines in (page.body, page.top, page.bottom))
        for cell in page.cells:
            cell.lines = _without(cell.lines, gone)
        page.cells = [cell for cell in page.cells if cell.lines]
    left = sum(len(line.text) for line in _lines(page)) if lost >= LAYOUT.garbled else 0
    return lost >= LAYOUT.garbled and lost >= LAYOUT.garbled_share * (lost + left)


def _without(lines: Sequence[Line], gone: set[int]) -> list[Line]:
    return [line for line in lines if id(line) not in gone]


def _lines(page: PageLines) -> Iterable[Line]:
    yield from page.body
    yield from page.top
    yield from page.bottom
    for cell in page.cells:
        yield from cell.lines
