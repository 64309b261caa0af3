"""The terms that a contract defines, and which of them a sentence uses.

Read are definitions as they are drafted: `"REC" means a renewable energy certificate`, `Pathway shall mean the duct`,
`the plan in Schedule 4 (the "Transition Plan")`, and abbreviations in brackets after what they stand for (Schwartz and
Hearst 2003, "A simple algorithm for identifying abbreviation definitions in biomedical text").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_LONGEST_TERM = 60
_LONG_TERM = 6
_LONGEST_MEANING = 240  # characters; what follows is detail
_QUOTED = r"[“\"„«‘']\s*([^“”\"„«»\n]{2,60}?)\s*[,.]?\s*[”\"“»’']"
_MEANS = (
    r"(?:(?:shall|will|must)\s+)?(?:(?:each|both|together|collectively)\s+)?"
    r"(?:means?|ha(?:s|ve) the meanings?|refers? to|(?:is|are) defined (?:as|in))\b"
)
# `"A" or "B", as used here, means`, `"A": …`
_DEFINED = re.compile(
    rf"^\W*(?:\(?\w{{1,4}}[.)]\s+|[\d.]+\s+)?((?:(?:the|an?|each)\s+)?{_QUOTED}(?:[^.;“\"]{{0,80}}?{_QUOTED}){{0,3}})"
    rf"[^.;“\"]{{0,60}}?(?:\s{_MEANS}|\s*[:=–—-]\s)",
    re.IGNORECASE,
)
# Without quotation marks, where they were bold or italic: `Renewable Energy Certificate means …`
_BARE = re.compile(
    rf"^\W*(?:\(?\w{{1,4}}[.)]\s+|[\d.]+\s+)?((?:[A-Z][\w&/’'-]*)(?:\s+(?:[A-Z][\w&/’'-]*|of|and|the|for|to|in|or|[(]\w+[)])){{0,6}})\s+"
    rf"(?:{_MEANS})"
)
# `… (the "Plan")`, `… (each a "Site" and together the "Sites")`
_BRACKETED = re.compile(r"\(([^()“\"]{0,60}[“\"][^()]{2,140})\)")
_ANY_QUOTED = re.compile(_QUOTED)
_ABBREVIATION = re.compile(r"\(([A-Z][A-Za-z0-9&/-]{1,9})\)")
_CAPITALISED = re.compile(r"(?<![\w-])[A-Z0-9][\w&/’'-]*")


@dataclass(frozen=True, slots=True)
class Definition:
    """A term and what the contract says it is.

    Attributes:
        term: as it is used, such as "REC".
        meaning: the beginning of the sentence that defines it, or the words before the bracket that does.
        sentence: index of that sentence.
    """

    term: str
    meaning: str
    sentence: int


class Definitions:
    """All definitions of a contract.

    Args:
        texts: its sentences, in text order.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        found: dict[str, Definition] = {}
        # A clause of definitions says more than a bracket.
        for search in (_defined, _bracketed, _abbreviated):
            for index, text in enumerate(texts):
                for term, meaning in search(text):
                    found.setdefault(term, Definition(term, meaning, index))
        self._by_first_word: dict[str, list[Definition]] = {}
        for definition in sorted(found.values(), key=lambda d: -len(d.term)):
            first = _CAPITALISED.match(definition.term)
            if first:
                self._by_first_word.setdefault(_key(first[0]), []).append(definition)

    def used_in(self, text: str) -> list[Definition]:
        """The definitions whose terms the text uses, each once, in the order of their first use."""
        used: dict[str, Definition] = {}
        end = 0
        for word in _CAPITALISED.finditer(text):
            if word.start() < end:
                continue
            for definition in self._by_first_word.get(_key(word[0]), ()):
                stop = _end_of_use(text, word.start(), definition.term)
                if stop:
                    used.setdefault(definition.term, definition)
                    end = stop
                    break
        return list(used.values())


def _end_of_use(text: str, start: int, term: str) -> int | None:
    """Where the term, or its plural, ends; None where another word stands at `start`."""
    for written in (term, term.removesuffix("s"), re.sub("ies$", "y", term)):
        there = text[start : start + len(written)]
        # Terms in capitals are used with small letters, too; but "IT" is not "It".
        if there == written or (len(written) >= _LONG_TERM and there.lower() == written.lower()):
            tail = re.compile(r"(?:e?s)?(?![\w-])").match(text, start + len(written))
            if tail:
                return tail.end()
    return None


def _key(word: str) -> str:
    return word.lower().removesuffix("s")


def _defined(text: str) -> Iterator[tuple[str, str]]:
    match = _DEFINED.match(text)
    if match:
        for quoted in _ANY_QUOTED.finditer(match[1]):
            yield quoted[1], _shortened(text[match.start(1) :])
        return
    match = _BARE.match(text)
    if match and len(match[1]) <= _LONGEST_TERM:
        yield match[1], _shortened(text[match.start(1) :])


def _bracketed(text: str) -> Iterator[tuple[str, str]]:
    for bracket in _BRACKETED.finditer(text):
        for quoted in _ANY_QUOTED.finditer(bracket[1]):
            begin = max(0, bracket.start() - _LONGEST_MEANING + len(bracket[0]))
            meaning = text[begin : bracket.end()]
            yield quoted[1], meaning.partition(" ")[2] if begin else meaning


def _abbreviated(text: str) -> Iterator[tuple[str, str]]:
    for bracket in _ABBREVIATION.finditer(text):
        meaning = _long_form(bracket[1], text[: bracket.start()])
        if meaning:
            yield bracket[1], f"{bracket[1]}: {meaning}"


def _long_form(short: str, before: str) -> str | None:
    """The words that an abbreviation stands for: its characters in order, the first one at the start of a word."""
    words = before.split()
    before = " ".join(words[-min(len(short) + 5, len(short) * 2) :])
    at = len(before)
    for index in range(len(short) - 1, -1, -1):
        wanted = short[index].lower()
        if not wanted.isalnum():
            continue
        at -= 1
        while at >= 0 and (before[at].lower() != wanted or (index == 0 and at > 0 and before[at - 1].isalnum())):
            at -= 1
        if at < 0:
            return None
    found = before[at:]
    return found if len(found) > len(short) + 2 else None


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_MEANING else text[:_LONGEST_MEANING].rpartition(" ")[0]
