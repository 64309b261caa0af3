"""Puts what was typed into a form where the page shows it: values beside or below their labels, ticks before them."""

from __future__ import annotations

from collections.abc import Sequence

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line
from tclp_daemon.extract.pdf.text_page import TextPage, Word

_MOST = 500  # values, and ticks, of a page that are put in their place; the others come last


def is_there(value: Line, lines: Sequence[Line]) -> bool:
    """Whether the page has a value in its own text, too: some programs that fill in forms put it there."""
    return any(
        value.text in line.text and line.x0 < value.x1 and line.x1 > value.x0 and _is_level(value, line)
        for line in lines
    )


def put_in(values: Sequence[Line], lines: list[Line]) -> list[Line]:
    """The lines of a page with those of what was typed into it, each after the one to its left or above it."""
    result = list(lines)
    for value in values[:_MOST]:
        left = [line for line in result if _is_level(value, line) and line.x0 < value.x0]
        above = [line for line in result if line.y < value.y and line.x0 < value.x1 and line.x1 > value.x0]
        if left:
            host = min(left, key=lambda line: _gap(value, line))
        elif above:
            host = max(above, key=lambda line: line.y)
        else:
            result.append(value)
            continue
        result.insert(result.index(host) + 1, value)
    return [*result, *values[_MOST:]]


def put_beside(ticks: Sequence[Line], lines: Sequence[Line], text: TextPage) -> list[Line]:
    """Adds each tick to the line that it stands in or next to; returns those without such a line.

    Args:
        ticks: lines of one sign each.
        lines: of the page.
        text: of the page.
    """
    alone = list(ticks[_MOST:])
    words = text.words() if ticks and not text.is_turned else []
    # From right to left, so that what was put in before does not move the words that are still to be counted.
    for tick in sorted(ticks[:_MOST], key=lambda tick: -tick.x0):
        host = min((line for line in lines if _is_level(tick, line)), key=lambda line: _gap(tick, line), default=None)
        if host is None or _gap(tick, host) > LAYOUT.tick_reach * host.size:
            alone.append(tick)
            continue
        parts = host.text.split(" ")
        at = _words_left(tick, host, words) if _gap(tick, host) == 0 else 0 if tick.x0 < host.x0 else len(parts)
        host.text = " ".join([*parts[:at], tick.text, *parts[at:]])
    return alone


def _is_level(tick: Line, line: Line) -> bool:
    off = (tick.y - LAYOUT.tick_middle * tick.size) - (line.y - LAYOUT.tick_middle * line.size)
    return abs(off) < LAYOUT.tick_off * line.size and not line.askew


def _gap(tick: Line, line: Line) -> float:
    return max(line.x0 - tick.x1, tick.x0 - line.x1, 0)


def _words_left(tick: Line, line: Line, words: Sequence[Word]) -> int:
    """How many words of a line are to the left of a tick in it."""
    middle = (tick.x0 + tick.x1) / 2
    return sum(
        1
        for _, (left, bottom, right, top) in words
        if line.x0 <= right
        and (left + right) / 2 < middle
        and bottom <= -line.y + LAYOUT.tick_middle * line.size <= top
    )
