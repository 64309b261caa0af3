"""The letters of a line one by one: where the gaps between them say more than the blanks in the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from tclp_daemon.extract.pdf.layout import LAYOUT

# No word of an English contract is as long; longer ones of other languages have no gaps and stay as they are.
_LONG = 18
_LONG_WORD = re.compile(r"[^\W\d_]{18}")
_RARE = 12  # lines for each long word, from which on it is one by chance
# "theSupplier", "4.2The"; capitals are rare, so they are looked for first.
_JOINED = re.compile(r"[A-Z][a-z](?:(?<=[a-z\d]..)|(?<=\d\...))")
_JOINED_FEWEST = 3  # words of a page; a brand may be written like this
_JOINED_RARE = 40  # words for each, from which on they are brands and codes
_LISTED = 4  # letters one after the other in the alphabet that are a list and not a word
# What is rare is asked first, since it is looked for on each page.
_SPACED_OUT = re.compile(r" [^\W\d_] [^\W\d_] [^\W\d_](?!\S)(?<=[^\W\d_] [^\W\d_] [^\W\d_] [^\W\d_])")


class Letter(NamedTuple):
    """A character on the page.

    Attributes:
        char: in its plain form, which may be two letters.
        at: its place among the characters of the page.
        left, right: where it begins and where the next one would.
    """

    char: str
    at: int
    left: float
    right: float


def are_glued(text: str) -> bool:
    """Whether words may run into one another in many places of a text, as in a file without blanks.

    Where the gaps are hardly too narrow for pdfium, it misses only some: those before capitals give it away.
    """
    words = text.split()
    places = len(_JOINED.findall(text))
    if places >= _JOINED_FEWEST and places * _JOINED_RARE > len(words):
        joined = sum(1 for word in set(words) if _JOINED.search(word))
        if joined >= _JOINED_FEWEST and joined * _JOINED_RARE > len(words):
            return True
    if not words or max(map(len, words)) < _LONG:
        return False
    long = sum(1 for word in words if len(word) >= _LONG and _LONG_WORD.search(word))
    return long * _RARE > text.count("\n")


def is_spaced_out(text: str) -> bool:
    """Whether the letters of a heading may stand apart somewhere in a text: "C L I M A T E"."""
    return _SPACED_OUT.search(text) is not None


def words_by_gaps(words: str, letters: Sequence[Letter], size: float) -> str:
    """The text of a line with blanks where its gaps are clearly wider than those between its letters.

    Args:
        words: what pdfium reads.
        letters: of the line; where they are not those of `words`, `words` stay as they are.
        size: of the line, in points.
    """
    gaps = [after.left - before.right for before, after in pairwise(letters)]
    if not gaps or "".join(letter.char for letter in letters).removesuffix("-") != words.replace(" ", "").removesuffix(
        "-"
    ):
        return words
    usual = median(gaps)
    if usual > LAYOUT.spaced_out * size:
        return words  # the cells of a row
    if all(ord(b) - ord(a) == 1 for a, b in pairwise(words.replace(" ", "")[-_LISTED:])):
        return words  # "Parts A B C D"
    least = usual + max(LAYOUT.narrow_gap * size, LAYOUT.wider_gap * usual)
    apart = [gap > least for gap in gaps]
    if not is_spaced_out(words):
        apart = [wide or blank for wide, blank in zip(apart, _blanks(words, letters), strict=True)]
    parts = [f"{letter.char} " if gap else letter.char for letter, gap in zip(letters, apart, strict=False)]
    return "".join((*parts, letters[-1].char, "-" if words.endswith("-") else ""))


def _blanks(words: str, letters: Sequence[Letter]) -> list[bool]:
    """Whether there is a blank behind each letter but the last."""
    found = []
    at = 0
    for letter in letters[:-1]:
        at += len(letter.char)
        found.append(words[at] == " ")
        at += found[-1]
    return found


def parts(words: str, letters: Sequence[Letter], cuts: Sequence[int]) -> list[str] | None:
    """The text of a line cut behind so many letters; None where the letters are not those of the text."""
    shown = "".join(letter.char for letter in letters)
    if words.replace(" ", "") not in (shown, f"{shown}-"):
        return None
    ends = [0]
    for letter in letters:
        ends.append(words.index(letter.char, ends[-1]) + len(letter.char))
    ends[-1] = len(words)  # with the hyphen, which is no letter of the page
    return [words[ends[a] : ends[b]].strip() for a, b in pairwise([0, *cuts, len(letters)])]
