"""Bullets that a PDF shows as a picture of a font: "§" in Wingdings is a square, "o" in Courier New a circle."""

from __future__ import annotations

import re

from tclp_daemon.extract.pdf.layout import LAYOUT

_SYMBOL_FONT = re.compile(rb"wingdings|webdings|dingbat|symbol|marlett|fontawesome", re.IGNORECASE)
_TYPEWRITER = re.compile(rb"courier", re.IGNORECASE)
# The codes of the bullets that word processors offer, as Latin letters.
_LETTERS = frozenset("oq§üØvnluwmr¨þýx·ÿÜðàè")
_BOXES = {"¨": "☐", "þ": "☑", "ý": "☒", "x": "☒"}  # of Wingdings; open boxes are bullets as often as choices
_SIGNS = frozenset("➢➤➔►▸▶✓✔✗✘❖❑❒☐☑☒◆◇★✦→⇒□■")
_PRIVATE = range(0xF020, 0xF100)  # where symbol fonts lie in Unicode


def may_be_bullet(letter: str) -> bool:
    """Whether a first letter that stands alone is worth asking for its font."""
    return letter in _LETTERS or letter in _SIGNS or ord(letter) in _PRIVATE


def with_bullet(words: str, font: bytes, gap: float) -> str | None:
    """The words of a line with a plain bullet instead of a letter that stands alone; None where it is a letter.

    Args:
        words: of the line.
        font: name of the font of the first letter.
        gap: behind that letter, in em.
    """
    letter = words[0]
    if letter in _SIGNS:
        return words
    if ord(letter) in _PRIVATE or _SYMBOL_FONT.search(font):
        return _BOXES.get(chr(ord(letter) & 0xFF), "•") + words[1:]
    if letter == "o" and (gap > LAYOUT.bullet_gap or _TYPEWRITER.search(font)):
        return "•" + words[1:]
    return None
