"""Clause numbers that recognition gets wrong: "(ui)" for (iii), "(1v)" for (iv), "(11)" for (ii), "44" for 4.4.

An engine reads words by what words there are, and a roman number in brackets is none. What follows from the letters is
mended; where digits stand for letters, or a dot was lost, the other numbers on the page decide.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_START = re.compile(r"\(([A-Za-z0-9!|]{1,6})\)(?=\s)")
_AS_READ = str.maketrans({"l": "i", "1": "i", "I": "i", "t": "i", "!": "i", "|": "i", "j": "i", "V": "v", "u": "ii"})
_DOTTED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){1,4})(?=\.?\s)")
_UNDOTTED = re.compile(r"\d{1,2}(?:[,: ]{0,2}\d{1,2}){1,4}(?=\.?\s+[A-Z“\"(])")
_TENS, _ONES = ("", "x"), ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
_ROMAN = frozenset(tens + ones for tens in _TENS for ones in _ONES) - {""}
_COUNTED = frozenset({"2", "3", "4", "10", "12"})  # beside these, (1) and (11) are what they look like


def mend_numbers(lines: Sequence[str]) -> list[str]:
    """The lines of a page, with the numbers at their beginnings as they were printed."""
    return _with_dots(_with_romans(lines))


def _with_romans(lines: Sequence[str]) -> list[str]:
    starts = {found[1] for line in lines if (found := _START.match(line))}
    roman = any(_meant(start) for start in starts if not start.isdigit() and len(start) > 1)
    digits = roman and not starts & _COUNTED
    return [
        _START.sub(lambda found: _mended(found, digits), line, count=1) if line[:1] == "(" else line for line in lines
    ]


def _mended(found: re.Match[str], digits: bool) -> str:
    start = found[1]
    known = start in _ROMAN or start.isupper() or (start.isalpha() and len(start) == 1)
    if known or (start.isdigit() and not digits):
        return found[0]
    return f"({_meant(start)})" if _meant(start) else found[0]


def _meant(start: str) -> str | None:
    read = start.translate(_AS_READ)
    return read if read in _ROMAN else None


def _with_dots(lines: Sequence[str]) -> list[str]:
    """With the dots back in a number that, but for them, is the one that is next."""
    mended = []
    following = ""
    for line in lines:
        undotted = _UNDOTTED.match(line)
        if undotted is not None and re.sub(r"\D", "", undotted[0]) == following.replace(".", ""):
            line = following + line[undotted.end() :]
        if found := _DOTTED.match(line):
            above, _, last = found[1].rpartition(".")
            following = f"{above}.{int(last) + 1}"
        mended.append(line)
    return mended
