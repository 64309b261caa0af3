"""Automatic numbering, rendered as the reader of the document sees it; shared by .docx and .doc.

A list definition has up to nine levels, each with a template such as "%1.%2" and a number format. A paragraph refers to
a list and a level, and shows what the counters say at its place ([ECMA-376] part 1, 17.9).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LEVELS = 9
_PLACE = re.compile(r"%([1-9])")


def _list(words: str) -> list[str]:
    return words.split()


_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
    (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_ONES = _list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = _list("zero ten twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
# Formats by the numbers that Word gives them: in .doc, in RTF and in the XML of Word 2003 ([MS-OSHARED] 2.2.1.3).
FORMAT_NUMBERS = {
    0: "decimal", 1: "upperRoman", 2: "lowerRoman", 3: "upperLetter", 4: "lowerLetter", 5: "ordinal",
    6: "cardinalText", 7: "ordinalText", 22: "decimalZero", 23: "bullet", 57: "numberInDash", 255: "none",
}  # fmt: skip
_MAX = 32767  # the highest number that Word counts to
_LONGEST = 255  # characters of a template; each paragraph of the list shows it


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a list.

    Attributes:
        start: the first number.
        format: an ST_NumberFormat of WordprocessingML, such as "decimal" or "lowerRoman".
        text: the template; "%1" stands for the number of the first level.
        suffix: what follows the number in the text: " " or "".
        restart: the counter restarts after a level above this 1-based one; 0 never; None after any above.
        legal: all numbers are shown as decimals.
    """

    start: int = 1
    format: str = "decimal"
    text: str = ""
    suffix: str = " "
    restart: int | None = None
    legal: bool = False


@dataclass(slots=True)
class Instance:
    """A list as paragraphs refer to it.

    Attributes:
        family: instances of one family share their counters.
        levels: by 0-based level.
        starts: levels that start again when this instance is first used at them, with their first number.
    """

    family: str
    levels: dict[int, Level]
    starts: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Label:
    """What a numbered paragraph shows.

    Attributes:
        text: all of it, with the space that follows: "11.4 " or "• ".
        number: the number alone without a trailing full stop ("11.4", "(b)"), None for bullets.
        level: from 1.
    """

    text: str
    number: str | None
    level: int


class Counters:
    """The state of all lists while the paragraphs are read from top to bottom."""

    def __init__(self) -> None:
        self._values: dict[str, dict[int, int]] = {}
        self._begun: set[tuple[int, int]] = set()

    def next(self, instance: Instance, depth: int) -> Label | None:
        """Counts one paragraph at the 0-based level `depth`; None where the level shows nothing."""
        depth = min(max(depth, 0), LEVELS - 1)
        level = instance.levels.get(depth)
        if level is None:
            return None
        values = self._values.setdefault(instance.family, {})
        key = (id(instance), depth)
        if key not in self._begun:
            self._begun.add(key)
            if depth in instance.starts:
                values[depth] = instance.starts[depth] - 1
        values[depth] = min(values.get(depth, level.start - 1) + 1, _MAX)
        for deeper in [other for other in values if other > depth]:
            rule = instance.levels.get(deeper, Level()).restart
            if rule is None or (rule > 0 and depth < rule):
                del values[deeper]
        return self._label(instance, level, depth, values)

    def _label(self, instance: Instance, level: Level, depth: int, values: dict[int, int]) -> Label | None:
        if level.format == "bullet":
            return Label(f"{_bullet(level.text)} ", None, depth + 1)

        def number(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            other = instance.levels.get(at, Level())
            # A level that no paragraph has used yet shows its first number.
            value = values.get(at, instance.starts.get(at, other.start))
            return format_number(value, "decimal" if level.legal and other.format != "none" else other.format)

        shown = _PLACE.sub(number, level.text[:_LONGEST], count=LEVELS).strip()
        if not shown:
            return None
        alone = shown if shown.startswith("(") else shown.rstrip(".:")
        return Label(shown + level.suffix, alone if any(char.isalnum() for char in alone) else None, depth + 1)


def format_number(value: int, style: str) -> str:
    """A number in an ST_NumberFormat; formats of other scripts are shown as decimals."""
    value = min(max(value, 0), _MAX)
    match style:
        case "none":
            return ""
        case "lowerLetter" | "upperLetter":
            # After z comes aa, bb, cc.
            letter = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1) if 0 < value <= 780 else str(value)
            return letter if style == "lowerLetter" else letter.upper()
        case "lowerRoman" | "upperRoman":
            roman = _roman(value) or "0"
            return roman if style == "lowerRoman" else roman.upper()
        case "decimalZero":
            return f"{value:02d}"
        case "ordinal":
            tail = "th" if 10 <= value % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
            return f"{value}{tail}"
        case "cardinalText":
            return _words(value).capitalize()
        case "ordinalText":
            return _ordinal(value).capitalize()
        case "chicago":
            return "*†‡§"[(value - 1) % 4] * min((value - 1) // 4 + 1, 9) if value else "*"
        case "numberInDash":
            return f"- {value} -"
        case _:
            return str(value)


def _bullet(text: str) -> str:
    """What a bullet shows: those of symbol fonts have codes that say nothing; dashes and plain bullets are kept."""
    text = text.strip()
    return text if text and text.isprintable() and text in "-–—*◦▪○•" else "•"


def _roman(value: int) -> str:
    parts = []
    for worth, sign in _ROMAN:
        parts.append(sign * (value // worth))
        value %= worth
    return "".join(parts)


def _words(value: int) -> str:
    if value >= 1000:
        rest = value % 1000
        return f"{_words(value // 1000)} thousand" + (f" {_words(rest)}" if rest else "")
    if value >= 100:
        rest = value % 100
        return f"{_ONES[value // 100]} hundred" + (f" {_words(rest)}" if rest else "")
    if value >= 20:
        return _TENS[value // 10] + (f"-{_ONES[value % 10]}" if value % 10 else "")
    return _ONES[value]


def _ordinal(value: int) -> str:
    words = _words(value)
    lead, last = re.fullmatch(r"(.*?)(\w+)", words).groups()  # type: ignore[union-attr]
    if last in _ORDINALS:
        return lead + _ORDINALS[last]
    return lead + (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
