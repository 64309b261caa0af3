"""How the text of a Word binary file looks, by character position: hidden, like a heading, struck out, a picture.

Runs of the file have modifiers of characters ([MS-DOC] 2.6.1); what they do not say, the styles do.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tclp_daemon.extract.word.doc_fib import u16, u32
from tclp_daemon.extract.word.doc_styles import CHAR_STYLE, PLAIN, Look, Styles, look_of, modifiers

_SYMBOL, _PICTURE, _FONT, _HIGH_FONT = 0x6A09, 0x6A03, 0x4A4F, 0x4A51
# Bits of a byte for each character. Of the pairs neither is set where the style decides.
HIDDEN, _SHOWN, OUT, _NOT_OUT, STRUCK, WHITE = 1, 2, 4, 8, 16, 32
_UNSET = 25  # nobody has filled the form field in: its default shows
_MOST_ENTRIES = 25  # of a drop-down list
_STYLE_HIDES = bytes(byte if byte & (HIDDEN | _SHOWN) else byte | HIDDEN for byte in range(256))
_ONLY_HIDDEN = bytes(byte & HIDDEN for byte in range(256))


@dataclass(frozen=True, slots=True)
class Effect:
    """What a list of character modifiers does.

    Attributes:
        look: how the text looks.
        bits: the same, in bits.
        symbol: number of the font and code of the sign that it shows.
        picture: where in the data stream its picture or form field is.
        font: number of its font.
    """

    look: Look
    bits: int = 0
    symbol: tuple[int, int] | None = None
    picture: int | None = None
    font: int | None = None


class Spans:
    """Values of stretches of text that do not overlap, added in any order before they are asked for."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int, int, int]] = []
        self._starts: list[int] = []

    def add(self, start: int, end: int, first: int, second: int = 0) -> None:
        """Gives the characters in [start, end) a value, of two numbers."""
        self._spans.append((start, end, first, second))

    def settle(self) -> None:
        """Nothing more is added."""
        self._spans.sort()
        self._starts = [span[0] for span in self._spans]

    def at(self, position: int) -> tuple[int, int] | None:
        """The value at a character position."""
        at = bisect_right(self._starts, position) - 1
        return self._spans[at][2:] if at >= 0 and position < self._spans[at][1] else None

    def within(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Start, end and first number of the stretches that touch [start, end)."""
        at = max(bisect_right(self._starts, start) - 1, 0)
        while at < len(self._spans) and self._spans[at][0] < end:
            first, last, value, _ = self._spans[at]
            if last > start:
                yield max(first, start), min(last, end), value
            at += 1


class Looks:
    """The looks of all characters of a file.

    Args:
        size: number of characters.
        styles: the style sheet.
        symbol_fonts: numbers of the fonts whose signs are no letters.

    Attributes:
        symbols: font and code of the signs that stand in the place of characters.
        pictures: where the pictures and form fields are in the data stream.
        signs: number of the symbol font of text.
    """

    def __init__(self, size: int, styles: Styles, symbol_fonts: Iterable[int]) -> None:
        self._bits = bytearray(size)
        self._styles = styles
        self._symbol_fonts = frozenset(symbol_fonts)
        self._effects: dict[bytes, Effect] = {}
        self._any_covered = False
        self.symbols, self.pictures, self.signs = Spans(), Spans(), Spans()

    def paint(self, start: int, end: int, grpprl: bytes, over: bytes = b"") -> None:
        """Notes how the characters in [start, end) look.

        Args:
            start, end: positions.
            grpprl: modifiers of the run.
            over: modifiers of the piece of text, which a fast-saved file adds; they come last.
        """
        end = min(end, len(self._bits))
        if start >= end:
            return
        effect = self._effect(grpprl)
        if bits := _bits(self._effect(over).look.over(effect.look)) if over else effect.bits:
            self._bits[start:end] = bytes((bits,)) * (end - start)
            self._any_covered = self._any_covered or bits & (STRUCK | WHITE) > 0
        if effect.symbol is not None:
            self.symbols.add(start, end, *effect.symbol)
        if effect.picture is not None:
            self.pictures.add(start, end, effect.picture)
        if effect.font in self._symbol_fonts:
            self.signs.add(start, end, effect.font or 0)

    def hide_by_style(self, start: int, end: int) -> None:
        """Notes that the style of a paragraph hides its text; what its runs show stays."""
        self._bits[start:end] = self._bits[start:end].translate(_STYLE_HIDES)

    def hidden(self) -> bytearray:
        """A byte for each character, 1 where it does not show."""
        return self._bits.translate(_ONLY_HIDDEN)

    def stands_out(self, position: int, by_style: bool | None) -> bool:
        """Whether a character looks as headings do.

        Args:
            position: of the character.
            by_style: whether the style of its paragraph makes it so.
        """
        bits = self._bits[position]
        return bool(bits & OUT or (by_style and not bits & _NOT_OUT))

    def covered(self, start: int, end: int, *, on_paper: bool) -> Iterator[int]:
        """Positions of characters in [start, end) that are struck out or, where they stand on paper, white."""
        if self._any_covered:
            wanted = STRUCK | WHITE if on_paper else STRUCK
            yield from (at for at in range(start, end) if self._bits[at] & wanted)

    def _effect(self, grpprl: bytes) -> Effect:
        found = self._effects.get(grpprl)
        if found is None:
            found = self._effects[grpprl] = self._read(grpprl)
        return found

    def _read(self, grpprl: bytes) -> Effect:
        style, symbol, picture, font = PLAIN, None, None, None
        for sprm, operand in modifiers(grpprl):
            if sprm == CHAR_STYLE:
                style = self._styles.look(u16(operand, 0))
            elif sprm == _SYMBOL and len(operand) == 4:
                symbol = (u16(operand, 0), u16(operand, 2))
            elif sprm == _PICTURE:
                picture = u32(operand, 0)
            elif sprm == _FONT or (sprm == _HIGH_FONT and u16(operand, 0) in self._symbol_fonts):
                font = u16(operand, 0)
        look = look_of(grpprl).over(style)
        return Effect(look, _bits(look), symbol, picture, font)


def _bits(look: Look) -> int:
    bits = HIDDEN if look.deleted or look.hidden else 0
    if look.hidden is False and not look.deleted:
        bits |= _SHOWN
    if look.stands_out is not None:
        bits |= OUT if look.stands_out else _NOT_OUT
    return bits | (STRUCK if look.struck else 0) | (WHITE if look.white and not look.shaded else 0)


@dataclass(frozen=True, slots=True)
class DataEntry:
    """What a picture's place in the data stream holds ([MS-DOC] 2.9.190, 2.9.78).

    Attributes:
        width, height: of a picture as it is shown, in twentieths of a point.
        form: the state of a form field, "" where its result shows it.
        is_form: it is a form field, and no picture.
    """

    width: float = 0
    height: float = 0
    form: str = ""
    is_form: bool = False


def data_entry(data: bytes, at: int) -> DataEntry | None:
    """Reads what is at an offset of the data stream, None where that is neither a picture nor a form field."""
    if at + 0x44 > len(data):
        return None
    length, head = u32(data, at), u16(data, at + 4)
    if head != 0x44 or length < head:
        return None
    body = data[at + head : at + min(length, 65536)]
    if body[:4] == b"\xff\xff\xff\xff":
        return DataEntry(form=_form_state(body), is_form=True)
    width, height, across, down = struct.unpack_from("<4H", data, at + 0x1C)
    return DataEntry(width * (across or 1000) / 1000, height * (down or 1000) / 1000)


def _form_state(body: bytes) -> str:
    """What a check box or a drop-down list shows, "" for other form fields."""
    bits = u16(body, 4)
    kind, chosen = bits & 3, bits >> 2 & 0x1F
    at = _after_string(body, 10)  # its name
    chosen = u16(body, at) if chosen == _UNSET else chosen
    if kind == 1:
        return "\u2612" if chosen == 1 else "\u2610"
    return _entry(body, at + 2, chosen) if kind == 2 else ""


def _entry(body: bytes, at: int, chosen: int) -> str:
    """An entry of a drop-down list, whose table comes after five strings ([MS-DOC] 2.9.78)."""
    for _ in range(5):
        at = _after_string(body, at)
    count, at = u16(body, at + 2), at + 6
    for number in range(min(count, _MOST_ENTRIES)):
        length = u16(body, at) * 2
        if number == chosen:
            return body[at + 2 : at + 2 + length].decode("utf-16-le", "replace")
        at += 2 + length
    return ""


def _after_string(body: bytes, at: int) -> int:
    """Position after a string with its length before it and a zero behind it."""
    return at + 2 + u16(body, at) * 2 + 2
