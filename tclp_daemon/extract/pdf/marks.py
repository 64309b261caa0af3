"""Note marks: the raised numbers that send the reader to a note, glued to the word or the stop before them.

With them "by half.3 The Supplier" has no end of a sentence, and "Agreement1" is not a word. Marks are taken out.
Lowered numbers (CO2) and exponents (10 m3) belong to the text and stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line

_NUMBER = re.compile(r"[0-9\[][0-9]*\]?(?!\w)")
_STOPS = frozenset(".,;:!?%)]”\"’'»")
_SUPERSCRIPT = re.compile(r"[\u00b9\u00b2\u00b3\u2070\u2074-\u2079]{1,3}(?!\w)")
_LONE = re.compile(r"\d{1,3}|\[\d{1,3}\]|\*{1,3}|[†‡]")
_LONGEST = 3  # digits of a mark
_YEAR = 5  # digits from which on a number may be a year and a mark
# What is raised to a power: a unit of length, a single letter, ten.
_BASE = re.compile(r"(?<![^\W_])(?:10|[kcdmnµ]?m|ft|yd|[^\W\d_])$|\d(?:[kcdmnµ]?m|ft)$")
_BEFORE = 8  # characters before a mark that can be its base
_BLANK = "\x00"  # as wide as what it replaces, so that offsets stay; `clean` drops it


def blank_marks(text: str, raised: Callable[[int], bool]) -> str:
    """The text with its note marks blanked.

    Args:
        text: of a page.
        raised: whether the character at an offset is smaller and higher than the one before it.
    """
    marks = [
        span
        for match in _NUMBER.finditer(text)
        if (match.end() - match.start() >= _YEAR or not text[match.start() - 1].isspace())
        and (span := _mark(text, match, raised)) is not None
    ]
    if not text.isascii():
        marks += [match.span() for match in _SUPERSCRIPT.finditer(text) if not text[match.start() - 1].isspace()]
    marks = [(start, end) for start, end in marks if not _BASE.search(text[max(start - _BEFORE, 0) : start])]
    if not marks:
        return text
    letters = list(text)
    for start, end in marks:
        letters[start:end] = _BLANK * (end - start)
    return "".join(letters)


def _mark(text: str, match: re.Match[str], raised: Callable[[int], bool]) -> tuple[int, int] | None:
    """Where a number is or ends in a mark; "20301" does where 2030 is meant."""
    start, end = match.span()
    if (start and end - start <= _LONGEST) or text[start] == "[":
        glued = text[start - 1].isalpha() or text[start - 1] in _STOPS
        return (start, end) if glued and raised(start) else None
    if end - start < _YEAR and text[start - 1] != ",":
        return None
    return next(((at, end) for at in range(max(end - _LONGEST, start + 1), end) if raised(at)), None)


def is_mark(before: Line, line: Line) -> bool:
    """Whether a line, which stands right behind another one, is only a note mark."""
    return (
        _LONE.fullmatch(line.text) is not None
        and line.size < LAYOUT.raised_size * before.size
        and line.y < before.y - LAYOUT.raised * before.size
        and _BASE.search(before.text[-_BEFORE:]) is None
    )
