"""The numbers of HTML lists, as browsers show them: `type`, `start`, `reversed` and `value`.

Composed with the numbers above them by `structure`: "(b)" below "5." is clause 5(b).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tclp_daemon.extract.text.html_style import Look

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_TYPES = frozenset("1aAiI")
_BULLETS = frozenset({"disc", "circle", "square"})
_MOST_DIGITS = 5


@dataclass(slots=True)
class HtmlList:
    """An open list.

    Attributes:
        type: "1", "a", "A", "i", "I"; "•" for bullets, "" where no number is shown.
        last: the number of its last item.
        step: -1 where it counts down.
        prefix: the number of the item that the list stands in, with a dot, where the page composes them ("2.1").
    """

    type: str
    last: int = 0
    step: int = 1
    prefix: str = ""

    def next_marker(self, attrs: Mapping[str, str], look: Look) -> str:
        """What is painted before the next item, with the blank after it."""
        value = _integer(attrs.get("value"))
        self.last = self.last + self.step if value is None else value
        type = look.list_type if look.list_type is not None else _type(attrs) or self.type
        if type in ("", "•"):
            return "• " if type else ""
        number = self.prefix + format_number(self.last, type)
        return f"{number} " if self.prefix else f"{number}. "


def open_list(tag: str, attrs: Mapping[str, str], look: Look) -> HtmlList:
    """The list that `<ol>` or `<ul>` opens."""
    usual = _type(attrs) or ("1" if tag == "ol" else "•")
    type = usual if look.list_type is None else look.list_type
    if tag != "ol":
        return HtmlList(type)
    start = _integer(attrs.get("start"))
    if "reversed" in attrs:
        # Without `start` it counts down to 1 from the number of its items, which is not known yet.
        return HtmlList(type if start is not None else "", (start or 0) + 1, -1)
    return HtmlList(type, (1 if start is None else start) - 1)


def format_number(value: int, type: str) -> str:
    """A number as lists of this type show it: letters after z are aa, ab."""
    if value < 1 or type == "1" or (type in "iI" and value > 3999):
        return str(value)
    text = _roman(value) if type in "iI" else _letters(value)
    return text.upper() if type in "AI" else text


def _letters(value: int) -> str:
    text = ""
    while value:
        value, rest = divmod(value - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


def _roman(value: int) -> str:
    text = ""
    for worth, letters in _ROMAN:
        times, value = divmod(value, worth)
        text += letters * times
    return text


def _type(attrs: Mapping[str, str]) -> str | None:
    type = attrs.get("type", "")
    if type.lower() in _BULLETS:
        return "•"
    return type if type in _TYPES else None


def _integer(text: str | None) -> int | None:
    text = (text or "").strip()
    digits = text.removeprefix("-")
    return int(text) if digits.isdecimal() and digits.isascii() and len(digits) <= _MOST_DIGITS else None
