"""How labels count: "iv" is a roman four, "c" the third letter or a roman hundred, "5A" stands between "5" and "6"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache

_ROMAN = re.compile(r"(?=.)(?:c|xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})")  # up to 89, and 100
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_WITH_LETTER = re.compile(r"(\d{1,4})([A-Z]{0,2})")
_STEPS = re.compile(r"[.\-]")
_ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
).split()
_ORDINAL_ONES = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth"
    " sixteenth seventeenth eighteenth nineteenth"
).split()
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
_ORDINAL_TENS = {"twentieth": 20, "thirtieth": 30, "fortieth": 40, "fiftieth": 50}


class Style(StrEnum):
    """How a number is written; one style is one level of a clause."""

    SCHEDULE = "schedule"
    ARTICLE = "article"
    DECIMAL = "decimal"
    LOWER = "lower"
    DOUBLED = "doubled"
    UPPER = "upper"
    ROMAN = "roman"
    UPPER_ROMAN = "upper_roman"
    DIGIT = "digit"
    OTHER = "other"


def _counted(ones: list[str], tens: dict[str, int]) -> dict[str, int]:
    words = {word: at for at, word in enumerate(ones, 1)} | tens
    for ten, value in _TENS.items():
        words |= {f"{ten}-{word}": value + at for at, word in enumerate(ones[:9], 1)}
    return words


CARDINALS = _counted(_ONES, _TENS)
ORDINALS = _counted(_ORDINAL_ONES, _ORDINAL_TENS)
_WORDS = CARDINALS | ORDINALS


def word_value(label: str) -> int | None:
    """What a number in words counts ("Twenty-First" is 21), None for other words."""
    return _WORDS.get(re.sub(r"[\s-]+", "-", label.lower()))


@lru_cache(maxsize=1024)
def readings(label: str) -> tuple[tuple[Style, int], ...]:
    """What a bare label may count, the likeliest first: "v" is a roman five or the 22nd letter."""
    if label.isdigit():
        return ((Style.DIGIT, int(label)),)
    lower = label.lower()
    if label not in (lower, label.upper()) or not label.isascii():
        return ()
    small = label == lower
    found = [(Style.LOWER if small else Style.UPPER, letter) for letter in _letters(lower)]
    if small and len(label) == 2 and label[0] == label[1]:
        found.append((Style.DOUBLED, ord(label[0]) - ord("a") + 1))
    roman = _roman(lower)
    if roman is None:
        return tuple(found)
    counted = (Style.ROMAN if small else Style.UPPER_ROMAN, roman)
    return (counted, *found) if lower == "i" or len(lower) > 1 else (*found, counted)


def steps(label: str) -> tuple[str, ...]:
    """The parts of a number that contains its parents: "5A.1" is ("5A", "1")."""
    return tuple(_STEPS.split(label.removesuffix(".0")))


def comes_next(before: str, after: str) -> bool:
    """Whether one step of a number follows the other: 4 and 5, 5 and 5A, 5A and 6, b and c, iii and iv."""
    return after in successors(before)


def successors(step: str) -> set[str]:
    """The steps that can follow this one."""
    if match := _WITH_LETTER.fullmatch(step):
        number, letters = int(match[1]), match[2]
        following = {f"{number + 1}", f"{number + 1:0{len(match[1])}}"}
        return following | ({f"{match[1]}A"} if not letters else {f"{match[1]}{each}" for each in _next(letters)})
    return set(_next(step))


def predecessors(step: str) -> set[str]:
    """The steps that can come before this one."""
    if match := _WITH_LETTER.fullmatch(step):
        number, letters = int(match[1]), match[2]
        if not letters:
            return {f"{number - 1}", f"{number - 1:0{len(match[1])}}"} if number else set()
        return {match[1]} if letters == "A" else {f"{match[1]}{each}" for each in _before(letters)}
    return set(_before(step))


def _next(letters: str) -> Iterator[str]:
    for style, value in readings(letters):
        yield from _written(style, value + 1)


def _before(letters: str) -> Iterator[str]:
    for style, value in readings(letters):
        if value > 1:
            yield from _written(style, value - 1)


def _written(style: Style, value: int) -> Iterator[str]:
    if style in (Style.ROMAN, Style.UPPER_ROMAN):
        word = _in_roman(value)
        yield word.upper() if style is Style.UPPER_ROMAN else word
    elif value <= 26:
        letter = chr(ord("a") + value - 1)
        yield letter.upper() if style is Style.UPPER else 2 * letter if style is Style.DOUBLED else letter
    elif value <= 52:
        letter = chr(ord("a") + value - 27)
        for pair in {2 * letter, f"a{letter}"}:
            yield pair.upper() if style is Style.UPPER else pair


def _in_roman(value: int) -> str:
    tens = ("", "x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx", "xc")
    ones = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
    return "c" * (value // 100) + tens[value // 10 % 10] + ones[value % 10]


def _roman(lower: str) -> int | None:
    if not _ROMAN.fullmatch(lower):
        return None
    values = [_ROMAN_VALUES[letter] for letter in lower]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))


def _letters(lower: str) -> Iterator[int]:
    """After (z) come (aa) and (bb), or (aa) and (ab)."""
    if not lower.isalpha():
        return
    if len(lower) == 1:
        yield ord(lower) - ord("a") + 1
    elif len(lower) == 2 and (lower[0] == lower[1] or lower[0] == "a"):
        yield ord(lower[1]) - ord("a") + 27
