"""Note marks: the raised numbers that send the reader to a note, glued to the word or the stop before them.

With them "by half.3 The Supplier" has no end of a sentence, and "Agreement1" is not a word. Marks are taken out.
Lowered numbers (CO2) and exponents (10 m3) belong to the text and stay.
"""

from __future__ import annotations

import re
from typing import Protocol

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line

_NUMBER = re.compile(r"[0-9\[][0-9]*\]?(?![\w/\u2044])")
_LETTER = re.compile(r"[.,;](\([a-z0-9]\)|[a-z]|[ivx]{2,4}|\*{1,3}|[†‡])(?!\S)")
_SUPERSCRIPT = re.compile(r"[\u00b9\u00b2\u00b3\u2070\u2074-\u2079]{1,3}(?!\w)")
_LONE = re.compile(r"\d{1,3}|\[\d{1,3}\]|\*{1,3}|[†‡]")
_SERIES = re.compile(r"(?:\s?[,;–-]\s?\d{1,3})+")
_LONGEST = 3  # digits of a mark
_BEFORE_NO_MARK = frozenset("\r\n$£€¥")  # the line above; an amount, whose raised digits are cents
# What is raised to a power: a unit of length, a single letter, ten.
_BASE = re.compile(r"(?<![^\W_])(?:10|[kcdmnµ]?m|ft|yd|[^\W\d_])$|\d(?:[kcdmnµ]?m|ft)$")
_BEFORE = 8  # characters before a mark that can be its base
_BLANK = "\x00"  # as wide as what it replaces, so that offsets stay; `clean` drops it


class Heights(Protocol):
    """What a page knows of the character at an offset of its text, in points."""

    def size(self, at: int) -> float:
        """Height of its font."""

    def base(self, at: int) -> float:
        """Its baseline, counted downwards."""


def blank_marks(text: str, heights: Heights) -> str:
    """The text of a page with its note marks blanked."""
    marks = [span for match in _NUMBER.finditer(text) if (span := _mark(text, match, heights)) is not None]
    marks += [match.span(1) for match in _LETTER.finditer(text) if _is_raised(match.start(), match.start(1), heights)]
    if not text.isascii():
        marks += [match.span() for match in _SUPERSCRIPT.finditer(text) if not text[match.start() - 1].isspace()]
    marks = [(start, end) for start, end in marks if not _BASE.search(text[max(start - _BEFORE, 0) : start].rstrip())]
    if not marks:
        return text
    letters = list(text)
    for start, end in marks:
        letters[start:end] = _BLANK * (end - start)
    return "".join(letters)


def _mark(text: str, match: re.Match[str], heights: Heights) -> tuple[int, int] | None:
    """Where a number is a mark, or ends in one: "20301" where 2030 is meant."""
    start, end = match.span()
    before = start - 1 - (text[start - 1 : start] == " ")
    if before < 0 or text[before] in _BEFORE_NO_MARK:
        return None
    if text[start] == "[" or end - start <= _LONGEST:
        if _is_raised(before, start, heights):
            more = _SERIES.match(text, end)
            same = more is not None and heights.size(more.end() - 1) <= LAYOUT.raised_size * heights.size(before)
            return start, more.end() if more is not None and same else end
        if end - start < 2:
            return None
    if heights.size(end - 1) > LAYOUT.raised_size * heights.size(start):
        return None
    # Of a longer number only the last digits can be the mark.
    return next(
        ((at, end) for at in range(max(end - _LONGEST, start + 1), end) if _is_raised(at - 1, at, heights)), None
    )


def _is_raised(before: int, at: int, heights: Heights) -> bool:
    """Whether a character is smaller than another one before it and stands higher."""
    size = heights.size(before)
    return (
        heights.size(at) <= LAYOUT.raised_size * size and heights.base(at) < heights.base(before) - LAYOUT.raised * size
    )


def is_mark(before: Line, line: Line) -> bool:
    """Whether a line, which stands right behind another one, is only a note mark."""
    return (
        _LONE.fullmatch(line.text) is not None and is_raised(line, before) and not _BASE.search(before.text[-_BEFORE:])
    )


def is_raised(line: Line, other: Line) -> bool:
    """Whether a line is smaller than another one and stands higher."""
    return line.size < LAYOUT.raised_size * other.size and line.y < other.y - LAYOUT.raised * other.size
