"""Line numbers in the margin, as on pleading paper or by Word: they count the lines of a page and are not its text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line
from tclp_daemon.extract.pdf.text_page import TextPage
from tclp_daemon.extract.structure import ends_sentence

_LEFT = re.compile(r"(\d{1,4})(?= |$)")
_RIGHT = re.compile(r"(?:(?<= )|^)(\d{1,4})$")
_LONGEST = 6  # characters at the end of a line that can hold a number
_STEPS = frozenset((1, 2, 5, 10))  # every line is numbered, or every second, fifth or tenth


@dataclass(frozen=True, slots=True)
class _Numbered:
    line: Line
    value: int
    digits: int


class LineNumbers:
    """Takes the line numbers from the pages of one document, which has them on each page or on none."""

    def __init__(self) -> None:
        self._edge: tuple[bool, float] | None = None  # at the right?, and where they are on the page before

    def take(self, text: TextPage, lines: list[Line]) -> list[Line]:
        """The lines of a page without line numbers.

        Args:
            text: the page's text.
            lines: of that text, in the order of the file.
        """
        for right in (False, True):
            found = _candidates(lines, right)
            if self._are_line_numbers(found, lines, right):
                self._edge = right, _edge(found, right)
                return _stripped(text, lines, found, right)
        self._edge = None
        return lines

    def _are_line_numbers(self, found: Sequence[_Numbered], lines: Sequence[Line], right: bool) -> bool:
        known = self._edge is not None and self._edge[0] is right and bool(found)
        if known and self._edge is not None:
            known = abs(_edge(found, right) - self._edge[1]) < found[0].line.size
        steps = Counter(b.value - a.value for a, b in pairwise(found))
        step, times = steps.most_common(1)[0] if steps else (1, 0)
        if not known and len(found) < (LAYOUT.numbered_fifths if _are_fifths(found) else LAYOUT.numbered_lines):
            return False
        if step not in _STEPS or times < LAYOUT.numbered_steps * (len(found) - 1):
            return False
        return known or (_count_lines(found, lines, step) and _is_prose(found, lines, right))


def _are_fifths(found: Sequence[_Numbered]) -> bool:
    """Whether every fifth or tenth line is numbered, and none is left out: there are few on a page."""
    values = [each.value for each in found]
    step = values[1] - values[0] if len(values) > 1 else 0
    return step in (5, 10) and values[0] % step == 0 and all(b - a == step for a, b in pairwise(values))


def _candidates(lines: Sequence[Line], right: bool) -> list[_Numbered]:
    """The lines that have a number at the outermost place, from top to bottom."""
    at = -1 if right else 0
    matches = [(line, _number(line.text, right)) for line in lines if line.text[at].isdecimal() and not line.askew]
    found = [_Numbered(line, int(match[1]), len(match[1])) for line, match in matches if match]
    if not found:
        return []
    edge = _edge(found, right)
    reach = LAYOUT.numbered_reach * found[0].line.size
    outer = [each for each in found if abs(_outside(each.line, right) - edge) < reach]
    return sorted(outer, key=lambda each: each.line.y)


def _number(words: str, right: bool) -> re.Match[str] | None:
    return _RIGHT.search(words[-_LONGEST:]) if right else _LEFT.match(words)


def _edge(found: Sequence[_Numbered], right: bool) -> float:
    return max(each.line.x1 for each in found) if right else min(each.line.x0 for each in found)


def _outside(line: Line, right: bool) -> float:
    return line.x1 if right else line.x0


def _count_lines(found: Sequence[_Numbered], lines: Sequence[Line], step: int) -> bool:
    """Whether there are as many lines as the numbers say; clauses and the rows of a table have more."""
    if len(found) >= LAYOUT.numbered_full or all(len(each.line.text) == each.digits for each in found):
        # Painted apart from the text, or down all of a page, they need not be level with it, but are evenly spaced.
        pitches = sorted(b.line.y - a.line.y for a, b in pairwise(found))
        usual = pitches[len(pitches) // 2]
        even = sum(1 for pitch in pitches if abs(pitch - usual) < LAYOUT.numbered_uneven * usual)
        closest = usual / step < LAYOUT.pitch_most * found[0].line.size
        return closest and even >= LAYOUT.numbered_steps * len(pitches)
    heights = sorted(line.y for line in lines if found[0].line.y <= line.y <= found[-1].line.y)
    rows = sum(1 for a, b in pairwise(heights) if b - a > LAYOUT.same_line * found[0].line.size)
    expected = step * (len(found) - 1)
    return LAYOUT.numbered_fewest * expected <= rows <= LAYOUT.numbered_most * expected


def _is_prose(found: Sequence[_Numbered], lines: Sequence[Line], right: bool) -> bool:
    """Whether sentences run on from one line to the next between the numbers; the items of a list do not."""
    digits = {id(each.line): each.digits for each in found}
    rest = []
    for line in sorted(lines, key=lambda line: line.y):
        count = digits.get(id(line), 0)
        words = line.text[: len(line.text) - count] if right else line.text[count:]
        if words := words.strip():
            rest.append(words)
    running = [
        after
        for before, after in pairwise(rest)
        if len(before) > LAYOUT.prose and not ends_sentence(before) and before[-1] not in ";:" and after[0].islower()
    ]
    return len(running) >= LAYOUT.numbered_running and not all(words[0].islower() for words in rest)


def _stripped(text: TextPage, lines: Sequence[Line], found: Sequence[_Numbered], right: bool) -> list[Line]:
    digits = {id(each.line): each.digits for each in found}
    rest: list[Line] = []
    for line in lines:
        count = digits.get(id(line), 0)
        if not count:
            rest.append(line)
        elif count < len(line.text):
            rest.append(text.cut(line, -count if right else count)[0 if right else -1])
    return rest
