"""Whether a hyphen at the end of a line breaks a word ("emis-sions") or belongs to it ("climate-aligned").

The document itself decides where it shows the word elsewhere. Where it does not, a few rules follow how English
contracts spell: some first parts are words that stand before a hyphen, some are prefixes that mostly grow together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_END = 120  # characters of a line that can hold its last word
_COMPOUND_HEADS = frozenset(
    "non self well third half zero net low high long short post one two three twenty thirty forty fifty sixty seventy"
    " eighty ninety".split()
)
# Endings that form one word with a head above: "network", "highly", "postpone", "shortage".
_ENDINGS = frozenset(
    "ly er ers est ness ish age ages aged al able ed ing ity en ens ened ening work works working way ways fall falls"
    " light lights lighted land pone poned pones ponement sense".split()
)
# Prefixes keep their hyphen only before a word that the document knows.
_PREFIXES = frozenset("re co pre sub multi".split())
_ONE_WORD = frozenset("present preserve preserved preserves preserving preform preview preside pretext pretend".split())
_COMPOUND_TAILS = frozenset(
    "aligned approved based bearing binding compliant controlled driven efficient emission emitting exclusive free"
    " friendly funded intensive linked negative neutral owned paid party positive powered ready related specific"
    " term weighted year".split()
)


def is_broken(before: str, after: str, words: Mapping[str, int]) -> bool:
    """True where the hyphen at the end of `before` is dropped when `after` follows.

    Args:
        before: a line that ends with a hyphen.
        after: the next line.
        words: how often the document has each word, in lower case, including hyphenated words; empty where unknown.
    """
    heads, tails = WORD.findall(before[-_END:].lower().rstrip("-")), WORD.findall(after[:_END].lower())
    if not heads or not tails:
        return False
    head, tail = heads[-1], tails[0]
    whole, hyphened = words.get(head + tail, 0), words.get(f"{head}-{tail}", 0)
    if whole or hyphened:
        return whole >= hyphened
    last, first = head.rsplit("-", 1)[-1], tail.split("-", 1)[0]
    known = words.get(first, 0) > 0
    if last in _COMPOUND_HEADS:
        return first in _ENDINGS
    if last in _PREFIXES:
        return not known or last + first in _ONE_WORD or (last == "re" and first[0] != "e")
    if last != head and words.get(last, 0):
        return False  # "work-for-" continues with "hire"
    if len(last) <= 3:
        return True
    if first in _COMPOUND_TAILS and (words.get(last, 0) or not words):
        return False
    # Both halves are words of their own: most likely the hyphen belongs there.
    return not (words.get(last, 0) and known and len(first) > 3)
