"""The tables at the head of a Rich Text file, which the text refers to by number: fonts, styles, colours."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from tclp_daemon.extract.word.symbols import is_symbol_font

# \fcharset -> code page; 2 is that of symbol fonts, 1 and others are the document's own.
_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_PAGES = {65001: "utf-8", 10000: "mac_roman", 1361: "johab", 936: "gbk"}
_TYPEWRITERS = ("courier",)
_MOST_ENTRIES = 65536  # of a table
_LONGEST_NAME = 128
_MAX_CHAIN = 32  # of styles based on each other; a loop must end
_HEADING = re.compile(r"heading\s*([1-9])\b", re.IGNORECASE)
_CONTENTS = re.compile(r"toc\s*[1-9]\b", re.IGNORECASE)


def code_page(number: int) -> str | None:
    """Name of the codec for the number of a code page, None for one that is not known."""
    name = _PAGES.get(number, f"cp{number}")
    try:
        codecs.lookup(name)
    except LookupError:
        return None
    return name


@dataclass(slots=True)
class Font:
    """A font: its name, and the code page of the bytes that are written in it, None for the document's own."""

    name: str = ""
    encoding: str | None = None

    @property
    def is_symbol(self) -> bool:
        """Whether its signs are no letters."""
        return is_symbol_font(self.name)

    @property
    def is_typewriter(self) -> bool:
        """Whether an "o" in it may be a bullet: Word takes it for those of the second level."""
        return self.name.lower().startswith(_TYPEWRITERS)


_UNKNOWN = Font()


class Fonts:
    """The table of fonts."""

    def __init__(self) -> None:
        self._fonts: dict[int, Font] = {}
        self._font = Font()

    def word(self, word: str, value: int | None) -> None:
        """Takes a control word of the table."""
        if word == "f" and value is not None and len(self._fonts) < _MOST_ENTRIES:
            self._font = self._fonts[value] = Font()
        elif word == "fcharset" and value is not None:
            self._font.encoding = _CHARSETS.get(value)
        elif word == "cpg" and value:
            self._font.encoding = code_page(value)

    def text(self, text: str, _font: Font, /) -> None:
        """Takes the name of a font, which ends with a semicolon."""
        if len(self._font.name) < _LONGEST_NAME:
            self._font.name += text[:_LONGEST_NAME].split(";", 1)[0]

    def get(self, number: int) -> Font:
        """The font with this number; one that says nothing where the table lacks it."""
        return self._fonts.get(number, _UNKNOWN)


@dataclass(slots=True)
class _Style:
    base: int | None = None
    outline: int | None = None
    name: str = ""


class Styles:
    """The style sheet, as far as it is about paragraphs."""

    def __init__(self) -> None:
        self._styles: dict[int, _Style] = {}
        self._style = _Style()
        self._is_numbered = False

    def open(self) -> None:
        """The group of a style begins; it has the number 0 unless it says another."""
        self._style, self._is_numbered = _Style(), False

    def word(self, word: str, value: int | None) -> None:
        """Takes a control word of the table."""
        if word == "s" and value is not None:
            self._is_numbered = True
            if len(self._styles) < _MOST_ENTRIES:
                self._styles[value] = self._style
        elif word in ("cs", "ds", "ts"):  # of characters, sections and tables
            self._is_numbered = True
        elif word == "sbasedon":
            self._style.base = value
        elif word == "outlinelevel":
            self._style.outline = value

    def text(self, text: str, _font: Font, /) -> None:
        """Takes the name of a style, which ends with a semicolon."""
        if not self._is_numbered:
            self._styles[0] = self._style
        if len(self._style.name) < _LONGEST_NAME:
            self._style.name += text[:_LONGEST_NAME]

    def heading(self, number: int) -> int:
        """Level of the headings in a style, 1 to 9, or 0 where it is not one of headings."""
        for style in self._chain(number):
            if style.outline is not None:
                return style.outline + 1 if 0 <= style.outline < 9 else 0
            if match := _HEADING.match(style.name.strip()):
                return int(match[1])
            if style.name.strip(" ;").lower() in ("title", "subtitle"):
                return 1
        return 0

    def is_contents(self, number: int) -> bool:
        """Whether a style is that of the lines of a table of contents."""
        return any(_CONTENTS.match(style.name.strip()) for style in self._chain(number)[:1])

    def _chain(self, number: int) -> list[_Style]:
        found: list[_Style] = []
        at: int | None = number
        while at is not None and at in self._styles and len(found) < _MAX_CHAIN:
            found.append(self._styles[at])
            at = self._styles[at].base
        return found


class Colours:
    """The table of colours: which of them are that of the paper."""

    def __init__(self) -> None:
        self._white: set[int] = set()
        self._number = 0
        self._parts: dict[str, int] = {}

    def word(self, word: str, value: int | None) -> None:
        """Takes a control word of the table."""
        if word in ("red", "green", "blue"):
            self._parts[word] = value or 0

    def text(self, text: str, _font: Font, /) -> None:
        """Takes the semicolon that ends a colour."""
        for _ in range(min(text.count(";"), _MOST_ENTRIES)):
            if len(self._parts) == 3 and min(self._parts.values()) >= 255:
                self._white.add(self._number)
            self._number, self._parts = self._number + 1, {}

    def is_white(self, number: int) -> bool:
        """Whether a colour is that of the paper; 0 is the automatic one, which is not."""
        return number in self._white
