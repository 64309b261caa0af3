"""Short lines that are headings because they are set off, and lines of a paragraph that begin one of their own."""

from __future__ import annotations

import re

from tclp_daemon.extract.structure import (
    cites,
    ends_sentence,
    find_number,
    is_aside,
    is_title,
    looks_like_heading,
    starts_item,
)

_MOST_WORDS = 10
_FEWEST_LETTERS = 4
# What is set off on a cover or above a signature and is no heading.
_NO_HEADING = re.compile(
    r"(?:and|as|for|between|among|by|to|dated|date|with|name|title|signed|per|re)\b|.*(?:[.,;:!?]$|[:$]\s|__)", re.I
)
_ITEM_END = re.compile(r";\s*(?:and|or)$")
_LEADS_ON = re.compile(r"(?:\b(?:and|or)|,)$")


def is_set_off_heading(text: str) -> bool:
    """True where a paragraph that is bold, underlined or centred is a heading: a few words that are no sentence."""
    if "\n" in text:
        return False
    number = find_number(text, bare=True)
    rest = text[number.end :].strip() if number is not None else text
    if number is not None and (not rest or is_title(rest.rstrip("."))):
        return True
    if not rest[:1].isupper() or len(rest.split()) > _MOST_WORDS or _NO_HEADING.match(rest):
        return False
    return sum(map(str.isalpha, rest)) >= _FEWEST_LETTERS


def leads_on(text: str) -> bool:
    """True where text ends like an item of a list whose next item follows: with a stop, "and", "or" or a comma."""
    return ends_sentence(text) or _LEADS_ON.search(text[-20:]) is not None


def begins_paragraph(line: str, before: str) -> bool:
    """Whether a line begins a paragraph of its own, where the author ended the line before it on purpose."""
    if looks_like_heading(before):
        number = find_number(before)
        return not line.isupper() or (number is not None and number.end >= len(before))
    is_cited = cites(before) and not _ITEM_END.search(before[-20:])
    return starts_item(line) and not is_cited and not is_aside(line, before)
