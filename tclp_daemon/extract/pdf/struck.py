"""Lines of text that are struck out by a drawn line."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line, count_letters
from tclp_daemon.extract.pdf.page_objects import Box


def is_struck(paths: Sequence[Box], lines: Sequence[Line]) -> bool:
    """Whether a line of text is struck out by a drawn line.

    Args:
        paths: where the page draws something.
        lines: of its text; they must run from left to right in the file.
    """
    rules = sorted(((box[1] + box[3]) / 2, box[0], box[2]) for box in paths if _is_strike(box))
    return bool(rules) and any(_strikes(rules, line) for line in lines)


def _is_strike(box: Box) -> bool:
    return box[3] - box[1] <= LAYOUT.strike_height and box[2] - box[0] >= LAYOUT.cover_width


def _strikes(rules: Sequence[tuple[float, float, float]], line: Line) -> bool:
    """Whether one of some rules, (height, left, right) from the bottom of the page upwards, strikes out a line."""
    if line.askew:
        return False
    first = bisect_left(rules, (LAYOUT.strike_low * line.size - line.y,))
    last = bisect_left(rules, (LAYOUT.strike_high * line.size - line.y,), first)
    if first == last:
        return False
    struck = 0.0
    for _, left, right in rules[first:last]:
        shared = min(right, line.x1) - max(left, line.x0)
        if shared >= LAYOUT.strike_shared * (right - left):
            struck += shared
    share = min(struck / max(line.x1 - line.x0, 1), 1)
    return struck > 0 and share * count_letters(line.text) >= LAYOUT.covered_letters
