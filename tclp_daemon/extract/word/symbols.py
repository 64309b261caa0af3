"""Characters of symbol fonts, as a reader would name them."""

from __future__ import annotations

import re

_PRIVATE = range(0xF000, 0xF100)
_CODES = re.compile("[\uf020-\uf0ff]")
_FONTS = ("symbol", "wingdings", "webdings")
_LONGEST_SIGN = 3  # characters; where a whole text is said to be in such a font, the font is not what shows
# Where Symbol has a sign of its own; in the rest of its lower half, Latin letters stand for Greek ones.
_GREEK = dict(zip("abcdefghiklmnopqrstuwxyz", "αβχδεφγηικλμνοπθρστυωξψζ", strict=True))
_SYMBOL = {
    0xA3: "≤", 0xA7: "♣", 0xA8: "♦", 0xB0: "°", 0xB1: "±", 0xB3: "≥", 0xB4: "×", 0xB7: "•", 0xB8: "÷", 0xB9: "≠",
    0xBC: "…", 0xBE: "—", 0xD2: "®", 0xD3: "©", 0xD4: "™", 0xE2: "®", 0xE3: "©", 0xE4: "™", 0xAE: "→", 0x2D: "−",
}  # fmt: skip
_WINGDINGS = {
    0x6C: "●", 0x6E: "■", 0x6F: "☐", 0x71: "☐", 0x72: "☐", 0x78: "☒", 0xA8: "☐", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒",
    0xFE: "☑", 0xA7: "▪", 0x9F: "•", 0xD8: "➢", 0xE0: "→", 0xE8: "→", 0x76: "❖", 0x4A: "☺",
}  # fmt: skip


def symbol(font: str, code: str) -> str:
    """The character that a w:sym shows.

    Args:
        font: name of the font.
        code: the code in hexadecimal, with or without the private-use F000.
    """
    try:
        point = int(code, 16) if len(code) <= 6 else 0
    except ValueError:
        return ""
    return symbol_char(font, point)


def symbol_char(font: str, point: int) -> str:
    """The character for a code point of a font, "" where it shows nothing."""
    low = point - 0xF000 if point in _PRIVATE else point
    name = font.lower()
    if name.startswith(("wingdings", "webdings")):
        return _WINGDINGS.get(low, "•")
    if name.startswith("symbol"):
        char = chr(low)
        return _SYMBOL.get(low) or _GREEK.get(char) or (_GREEK.get(char.lower(), char).upper() if low < 128 else "•")
    if low < 32 or 0xD800 <= low <= 0xDFFF or low > 0x10FFFF:
        return ""
    return chr(low)


def in_symbol_font(text: str, font: str | None, high_font: str | None) -> str:
    """What text shows that may be in a symbol font, or have codes of one.

    Args:
        text: as it is stored.
        font: of its ASCII characters.
        high_font: of the others.
    """
    low_signs = _is_symbol(font) and len(text) <= _LONGEST_SIGN
    if not (low_signs or _is_symbol(high_font) or (not text.isascii() and _CODES.search(text))):
        return text
    return "".join(_sign(char, font, high_font, low_signs=low_signs) for char in text)


def _sign(char: str, font: str | None, high_font: str | None, *, low_signs: bool) -> str:
    point = ord(char)
    if point in _PRIVATE:
        named = high_font if _is_symbol(high_font) else font
        if _is_symbol(named):
            return symbol_char(named or "", point)
        return _SYMBOL.get(point - 0xF000, char)  # a code without its font is most likely one of Symbol
    if 0x20 < point < 0x80:
        return symbol_char(font or "", point) if low_signs else char
    if 0xA0 < point < 0x100 and _is_symbol(high_font):
        return symbol_char(high_font or "", point)
    return char


def _is_symbol(font: str | None) -> bool:
    return font is not None and font.lower().startswith(_FONTS)
