"""Sentences that are glued together: "of its plants.The Supplier shall". Copying and conversion lose such blanks.

A stop between two letters ends a sentence far less often than it belongs to a name, so both words have to look like the
end and the beginning of one: not like an abbreviation, a web address, a file or a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_STOP = re.compile(r"(?<=[a-z0-9%)\]”’\"])[.!?](?P<next>[“\"‘]?[A-Z][a-z]*[”\"’]?)(?=,?\s)")
_WORD_BEFORE = re.compile(r"\S+\Z")
_CLAUSE = re.compile(r"\d{1,3}")  # "15.No Waiver", "Section 17.C"; a year ends a sentence
_LONGEST = 60  # characters of a word
_IN_NAMES = frozenset(".@/\\:{}_<>|=#&$*~")
_ABBREVIATED = frozenset(
    "co inc ltd corp no nos art arts sec secs cl cls para paras par sch reg regs vs mr mrs ms dr st jr sr prof hon rev"
    " gen al cf ca approx dept bros messrs ave blvd rd fig figs vol ed eds pp viz ref tel fax pty exh att"
    " app ex".split()
)
_AFTER_DOT = frozenset(
    "com org net edu gov int io co uk eu ie us js ts py rs md pdf doc docx docm dotx rtf odt txt htm html xml json csv"
    " xls xlsx ppt pptx zip exe jpg png tif tiff ltd inc".split()
)
_FIRST_WORDS = frozenset(
    "a an the this these that those any all each every neither either both no none if in on at by for to of from with"
    " within without where when while unless until upon under subject such it its they their he she we our you your"
    " there here as after before during except provided however notwithstanding nothing otherwise".split()
)


def missed_ends(text: str) -> Iterator[int]:
    """Offsets behind the stops that end a sentence although no blank follows."""
    for stop in _STOP.finditer(text):
        before = _WORD_BEFORE.search(text, max(0, stop.start() - _LONGEST), stop.start())
        if before is not None and _ends_sentence(before[0]) and _begins_sentence(stop["next"], text, stop.end()):
            yield stop.start() + 1


def _ends_sentence(word: str) -> bool:
    if not _IN_NAMES.isdisjoint(word) or len(word) >= _LONGEST:
        return False
    letters = word.strip("()[]\"'“”‘’,;%")
    return len(letters) > 1 and letters.lower() not in _ABBREVIATED and not _CLAUSE.fullmatch(word)


def _begins_sentence(word: str, text: str, at: int) -> bool:
    """Whether `word`, which ends at `at`, is the first of a sentence: by itself, or because a small word follows."""
    word = word.strip('“"‘').lower()
    if word in _AFTER_DOT:
        return False
    return word in _FIRST_WORDS or text[at : at + 3].lstrip(", ")[:1].islower()
