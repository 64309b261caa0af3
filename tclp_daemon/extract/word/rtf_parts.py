r"""What stands in groups of their own in a Rich Text file: fields, forms, pictures, objects and numbers of paragraphs.

Each takes the control words and the text of its group, so that none of them is taken for text of the contract.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

from tclp_daemon.extract.word.autonumber import Label
from tclp_daemon.extract.word.blocks import FIELD_CODE, is_contents_code
from tclp_daemon.extract.word.rtf_tables import Font
from tclp_daemon.extract.word.symbols import symbol_char

_LONGEST_CODE = 400  # characters of a field's instruction that can matter here
_LONGEST_LABEL = 255
_MOST_ENTRIES = 1000  # of a drop-down list
_TICKED, _UNTICKED = "\u2612", "\u2610"
_UNSET = 25  # of \ffres: the form has not been filled in, its default shows
_SYMBOL = re.compile(r"\s*SYMBOL\s+(\d{1,5}|0x[0-9a-f]{1,4})\b(?:.*?\\f\s*\"?([^\"\\]{1,60}))?", re.IGNORECASE | re.S)
_FILE = re.compile(r"\s*(?:INCLUDETEXT|LINK\s+\S+|INCLUDE)\s+(?:\"([^\"]{1,300})\"|(\S{1,300}))", re.IGNORECASE)
_BULLETS = "-–—*◦▪○•"


class Sink(Protocol):
    """Takes what stands in a group that is not shown as text."""

    def word(self, word: str, value: int | None) -> None:
        """Takes a control word and its number."""

    def text(self, text: str, font: Font, /) -> None:
        """Takes text."""


class Nowhere:
    """Takes what nobody needs."""

    def word(self, word: str, value: int | None) -> None:
        """Takes a control word."""

    def text(self, _text: str, _font: Font, /) -> None:
        """Takes text."""


NOWHERE = Nowhere()


@dataclass(slots=True)
class Number(Nowhere):
    r"""The number or the bullet of a paragraph as it shows: \listtext, or \pntext in older files."""

    _parts: list[str] = field(default_factory=list)
    _font: Font | None = None

    def text(self, text: str, font: Font, /) -> None:
        """Takes text."""
        self._parts.append(text[:_LONGEST_LABEL])
        self._font = font if text.strip() else self._font

    def label(self, level: int) -> Label | None:
        """The label of a paragraph at a level from 1, None where nothing shows."""
        shown = " ".join("".join(self._parts).split())[:_LONGEST_LABEL]
        if not shown:
            return None
        alone = shown if shown.startswith("(") else shown.rstrip(".:")
        if self._is_bullet(shown):
            return Label(f"{shown if shown in _BULLETS else '•'} ", None, level)
        return Label(f"{shown} ", alone, level)

    def _is_bullet(self, shown: str) -> bool:
        if len(shown) > 1:
            return not any(char.isalnum() for char in shown)
        font = self._font
        return not shown.isalnum() or (font is not None and (font.is_symbol or font.is_typewriter))


@dataclass(slots=True)
class Field(Nowhere):
    """A field: its instruction, and what its form field says.

    Attributes:
        outer: takes its result; None where that is shown.
        code: the first characters of its instruction.
        form: what it asks for in a form.
        start: how much text had been shown before it.
    """

    outer: Sink | None
    start: int
    code: str = ""
    form: Form | None = None

    def text(self, text: str, _font: Font, /) -> None:
        """Takes a piece of the instruction."""
        if len(self.code) < _LONGEST_CODE:
            self.code += text[:_LONGEST_CODE]

    @property
    def is_contents(self) -> bool:
        """Whether it makes a table of contents."""
        return is_contents_code(self.code[:FIELD_CODE])

    def symbol(self) -> str:
        """The sign that a SYMBOL field stands for, "" for other fields."""
        match = _SYMBOL.match(self.code)
        return symbol_char((match[2] or "").strip(), int(match[1], 0)) if match else ""

    def file(self) -> str:
        """Name of the file whose text the field brings in, "" for other fields."""
        match = _FILE.match(self.code)
        return re.split(r"[\\/]", match[1] or match[2])[-1] if match else ""


@dataclass(slots=True)
class Form(Nowhere):
    """A field of a form."""

    _kind: int = 0
    _result: int | None = None
    _default: int = 0
    _entries: list[str] = field(default_factory=list)

    def word(self, word: str, value: int | None) -> None:
        """Takes a control word."""
        if word == "fftype":
            self._kind = value or 0
        elif word == "ffres":
            self._result = value
        elif word == "ffdefres":
            self._default = value or 0
        elif word == "ffl" and len(self._entries) < _MOST_ENTRIES:
            self._entries.append("")

    def text(self, text: str, _font: Font, /) -> None:
        """Takes a piece of the newest entry of a drop-down list."""
        if self._entries and len(self._entries[-1]) < _LONGEST_LABEL:
            self._entries[-1] += text[:_LONGEST_LABEL]

    @property
    def is_box(self) -> bool:
        """Whether it is a check box."""
        return self._kind == 1

    def shown(self) -> str:
        """What a check box or a list shows, "" for a field whose result says it."""
        chosen = self._default if self._result is None or self._result == _UNSET else self._result
        if self.is_box:
            return _TICKED if chosen else _UNTICKED
        return self._entries[chosen] if self._kind == 2 and 0 <= chosen < len(self._entries) else ""


@dataclass(slots=True)
class Image(Nowhere):
    """A picture: how large it is shown, in twentieths of a point."""

    _values: dict[str, int] = field(default_factory=dict)

    def word(self, word: str, value: int | None) -> None:
        """Takes a control word."""
        if word.startswith("pic") and value is not None and len(self._values) < 100:
            self._values[word] = value

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        width = self._values.get("picwgoal", 0) * (self._values.get("picscalex") or 100) / 100
        height = self._values.get("pichgoal", 0) * (self._values.get("picscaley") or 100) / 100
        return width, height


@dataclass(slots=True)
class Embedded(Nowhere):
    """An object that another program made.

    Attributes:
        outer: takes its result; None where that is shown.
        start: how much text had been shown before it.
        program: its ProgID.
    """

    outer: Sink | None
    start: int
    program: str = ""


@dataclass(slots=True)
class Program(Nowhere):
    """Takes the ProgID of an object."""

    _owner: Embedded

    def text(self, text: str, _font: Font, /) -> None:
        """Takes a piece of it."""
        if len(self._owner.program) < _LONGEST_LABEL:
            self._owner.program += text[:_LONGEST_LABEL]


@dataclass(slots=True)
class Shape(Nowhere):
    """A shape, whose properties are pairs of a name and a value.

    Attributes:
        behind: it lies behind the text.
    """

    behind: bool = False
    _name: str = ""
    _part: str = ""

    def word(self, word: str, value: int | None) -> None:
        """Takes a control word."""
        if word == "shpfblwtxt":
            self.behind = self.behind or bool(value)
        elif word in ("sn", "sv"):
            self._part = word
            self._name = "" if word == "sn" else self._name

    def text(self, text: str, _font: Font, /) -> None:
        """Takes a name or a value."""
        if self._part == "sn" and len(self._name) < _LONGEST_LABEL:
            self._name += text[:_LONGEST_LABEL]
        elif self._part == "sv" and self._name == "fBehindDocument":
            self.behind = self.behind or text.strip() == "1"
