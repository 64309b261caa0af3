"""The lines of a page -> the same lines in the order in which a person reads them, column by column."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Gap, Line
from tclp_daemon.extract.structure import is_marker

_MOST_MARKERS = 400  # bullets and numbers on a page that were painted on their own
_ROW_END = re.compile(r"\d{1,4}|[ivxl]{1,7}|[A-Z]-\d{1,3}")
_MOST_PIECES = 200  # of text on one baseline


def read_order(lines: list[Line]) -> list[Line]:
    """The order of the content stream, unless it plainly jumps about; then from top to bottom."""
    lines = _with_capitals(_with_markers(lines))
    if len(lines) < 3:
        return sorted(lines, key=lambda line: line.y)
    size = median(line.size for line in lines)
    ups = [(a, b) for a, b in pairwise(lines) if b.y < a.y - LAYOUT.step_back * size]
    rightward = sum(1 for a, b in ups if b.x0 > a.x0 + size)
    upwards = sum(1 for a, b in pairwise(lines) if b.y < a.y - LAYOUT.same_line * size)
    if (not ups or len(ups) == rightward <= LAYOUT.column_jumps) and 2 * upwards < len(lines):
        return lines
    columns = split_columns(lines)
    if columns is not None:
        return columns
    step = max(LAYOUT.sort_step * size, 1)
    return sorted(lines, key=lambda line: (round(line.y / step), line.x0))


def _with_markers(lines: list[Line]) -> list[Line]:
    """Puts bullets and numbers that were painted on their own before the text they belong to."""
    markers = [line for line in lines if is_marker(line.text) or (line.opens and len(line.text) == 1)]
    if not markers or len(markers) > _MOST_MARKERS:
        return lines
    alone = {id(marker) for marker in markers}
    texts = sorted((line for line in lines if id(line) not in alone), key=lambda line: line.y)
    heights = [line.y for line in texts]
    hosts = {id(marker): _host(marker, texts, heights) for marker in markers}
    for marker in markers:
        host = hosts[id(marker)]
        if host is not None:
            host.text = f"{marker.text} {host.text}"
            host.opens |= marker.opens
    return [line for line in lines if hosts.get(id(line)) is None]


def with_row_ends(lines: list[Line], gaps: Mapping[int, Sequence[Gap]]) -> list[Line]:
    """Joins the page numbers of contents, and other numbers at the ends of rows, to the rest of their rows.

    Such a row ends a paragraph.

    Args:
        lines: of the page.
        gaps: the white gaps inside each line, by its id.
    """
    numbers = [line for line in lines if _ROW_END.fullmatch(line.text)][:_MOST_MARKERS]
    alone = {id(number) for number in numbers}
    texts = sorted((line for line in lines if id(line) not in alone), key=lambda line: line.y)
    heights = [line.y for line in texts]
    rows = [(number, row) for number in numbers if (row := _row_of(number, texts, heights)) is not None]
    whole = [line for line in texts if id(line) in gaps and _ends_in_number(line, gaps[id(line)][-1])]
    if len({round(row.y) for row in (*whole, *(row for _, row in rows))}) < LAYOUT.row_ends:
        return lines
    for row in whole:
        row.closes = True
    for number, row in sorted(rows, key=lambda each: each[0].x0):
        row.text, row.x1, row.closes = f"{row.text} {number.text}", number.x1, True
        row.first = row.last = -1  # its characters are no longer one after the other
    gone = {id(number) for number, _ in rows}
    return [line for line in lines if id(line) not in gone]


def _ends_in_number(line: Line, gap: Gap) -> bool:
    """Whether all that follows the last gap of a line is a number."""
    last = line.text.rpartition(" ")[2]
    wide = LAYOUT.digit_width * line.size * len(last)
    return line.x1 - gap[1] < wide and _ROW_END.fullmatch(last) is not None


def _row_of(number: Line, texts: Sequence[Line], heights: Sequence[float]) -> Line | None:
    """The nearest text to the left of a number on its baseline."""
    level = LAYOUT.marker_drop * number.size
    first, last = bisect_right(heights, number.y - level), bisect_left(heights, number.y + level)
    if last - first > _MOST_PIECES:
        return None
    return max((line for line in texts[first:last] if line.x1 < number.x0), key=lambda line: line.x1, default=None)


def _with_capitals(lines: list[Line]) -> list[Line]:
    """Puts drop capitals, which were painted on their own, before the rest of their word."""
    capitals = [line for line in lines if len(line.text) == 1 and line.text.isalpha() and line.text.isupper()]
    if not capitals or len(capitals) > _MOST_MARKERS:
        return lines
    size = median(line.size for line in lines)
    taken = set()
    for capital in capitals:
        rest = _rest_of_word(capital, lines) if capital.size > LAYOUT.capital_size * size else None
        if rest is not None:
            blank = " " if rest.text[0].isupper() and capital.text in "AIO" and not rest.text[:2].isupper() else ""
            rest.text, rest.x0 = f"{capital.text}{blank}{rest.text}", capital.x0
            taken.add(id(capital))
    return [line for line in lines if id(line) not in taken]


def _rest_of_word(capital: Line, lines: Sequence[Line]) -> Line | None:
    """The first line beside a drop capital."""
    beside = [
        line
        for line in lines
        if capital.y - capital.size < line.y < capital.y + LAYOUT.same_line * line.size
        and -LAYOUT.marker_overlap < line.x0 - capital.x1 < LAYOUT.capital_reach * line.size
        and line.text[0].isalpha()
        and line is not capital
    ]
    return min(beside, key=lambda line: line.y, default=None)


def _host(marker: Line, texts: Sequence[Line], heights: Sequence[float]) -> Line | None:
    """The nearest text to the right of a marker on its baseline; `heights` are the baselines of `texts`, ascending."""
    drop = LAYOUT.marker_drop * marker.size
    first, last = bisect_right(heights, marker.y - drop), bisect_left(heights, marker.y + drop)
    if last - first > _MOST_PIECES:
        return None
    beside = [line for line in texts[first:last] if line.x0 >= marker.x1 - LAYOUT.marker_overlap]
    nearest = min(beside, key=lambda line: line.x0, default=None)
    reach = LAYOUT.marker_reach * marker.size
    return nearest if nearest is not None and nearest.x0 - marker.x1 < reach else None


def split_columns(segments: Sequence[Line]) -> list[Line] | None:
    """The segments of a page in columns, left before right, band by band; None if it does not have columns."""
    gutters = _gutters(segments)
    return _by_bands(segments, gutters) if gutters else None


def may_have_columns(lines: Sequence[Line], gaps: Mapping[int, Sequence[Gap]]) -> bool:
    """Whether lines would make columns if they were cut at their gaps: cheap, for the text of the pieces is not asked.

    Args:
        lines: of the page.
        gaps: the white gaps inside each line, by its id.
    """
    pieces = []
    for line in lines:
        ends = [line.x0, *(x for gap in gaps.get(id(line), ()) for x in gap[:2]), line.x1]
        per_point = len(line.text) / max(line.x1 - line.x0, 1)
        for x0, x1 in zip(ends[::2], ends[1::2], strict=True):
            pieces.append(replace(line, text="x" * round((x1 - x0) * per_point), x0=x0, x1=x1))
    return _gutters(pieces) is not None


def _gutters(segments: Sequence[Line], depth: int = 0) -> list[float] | None:
    """Where the gutters between columns of prose are, from left to right; None where a side is not one.

    Each side of the clearest gutter may have a gutter of its own: three columns are one beside two.
    """
    if len(segments) < LAYOUT.column_segments or depth > LAYOUT.column_depth:
        return None
    left_edge = min(line.x0 for line in segments)
    right_edge = max(line.x1 for line in segments)
    if right_edge <= left_edge:
        return None
    crossing, gutter = _gutter(segments, left_edge, right_edge - left_edge)
    left = [line for line in segments if line.x1 <= gutter]
    right = [line for line in segments if line.x0 >= gutter]
    if crossing > LAYOUT.gutter_crossed * len(segments) or min(len(left), len(right)) < LAYOUT.column_side:
        return None
    found = [gutter]
    for side, room in ((left, gutter - left_edge), (right, right_edge - gutter)):
        inner = _gutters(side, depth + 1)
        if inner is None and not _is_prose(side, room):
            return None
        found += inner or []
    return sorted(found)


def _gutter(segments: Sequence[Line], left_edge: float, width: float) -> tuple[int, float]:
    """How many segments cross the line between the columns, and where that line is: where the fewest cross it."""
    places = (left_edge + width * percent / 100 for percent in range(LAYOUT.gutter_first, LAYOUT.gutter_last + 1))
    crossings = ((sum(1 for line in segments if line.x0 < x < line.x1), x) for x in places)
    return min(crossings, key=lambda found: found[0])


def _is_prose(side: Sequence[Line], room: float) -> bool:
    """Whether a column is filled, as one of prose is; the cells of a table or a signature block are not."""
    if median(line.x1 - line.x0 for line in side) < LAYOUT.column_fill * room:
        return False
    return median(len(line.text) for line in side) >= LAYOUT.column_text


def _by_bands(segments: Sequence[Line], gutters: Sequence[float]) -> list[Line]:
    """From top to bottom; what crosses a gutter ends a band, which is read column by column."""
    ordered: list[Line] = []
    band: list[Line] = []
    for line in sorted(segments, key=lambda line: (line.y, line.x0)):
        if any(line.x0 < gutter < line.x1 for gutter in gutters):
            ordered += _by_columns(band, gutters)
            ordered.append(line)
            band = []
        else:
            band.append(line)
    return ordered + _by_columns(band, gutters)


def _by_columns(band: Iterable[Line], gutters: Sequence[float]) -> list[Line]:
    return sorted(band, key=lambda line: (bisect_left(gutters, line.x1), line.y))
