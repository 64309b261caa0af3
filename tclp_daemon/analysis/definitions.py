"""The terms that a contract defines, and which of them a sentence uses.

Read are definitions as they are drafted: `"REC" means a renewable energy certificate`, `in this Agreement, the term
"Duct" shall mean …`, `Pathway means …` where the term was bold, `the plan in Schedule 4 (the "Transition Plan")`,
`hereinafter called the "Vessel"`, lists of abbreviations (`LEED – Leadership in …`), and abbreviations in brackets
after what they stand for or before it (Schwartz and Hearst 2003, "A simple algorithm for identifying abbreviation
definitions in biomedical text").

Contracts are hostile input: no pattern looks further than a fixed number of characters from where it begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

LONGEST_TERM = 60
# Shorter words are matched with their capitals: "IT" is not "It".
_LONG_WORD = 6
_LONGEST_MEANING = 240  # characters; what follows is detail
_TERM = rf"[“\"„«]\s*([^“”\"„«»\n]{{2,{LONGEST_TERM}}}?)\s*[,.;]?\s*[”\"“»]"
_MEANS = (
    r"(?:(?:(?:shall|will|must)\s+)?(?:(?:each|both|together|collectively|only)\s+)?"
    r"(?:means?(?!\s+(?:and|of)\b)|ha(?:s|ve) the (?:same )?meanings?|refers? to|be deemed to mean"
    r"|(?:is|are|be) (?:defined|deemed to))|bedeutet|bezeichnet)\b"
)
_MARKER = r"^\W*(?:\(?\w{1,4}[.)]\s*|[\d.]+\s*)?"
_NAME = r"[A-Z][\w&/’'-]{0,40}"
_QUOTED = re.compile(_TERM)
_IS_DEFINED = re.compile(rf"[^.;“\"„«]{{0,60}}?\s(?:{_MEANS}|(?:shall|will)\s+include\b)", re.IGNORECASE)
_JOINS = re.compile(r"\s*(?:,|/|or|and|,\s*(?:or|and))\s*(?:the\s+)?(?:terms?\s+)?", re.IGNORECASE)
_COLUMN = re.compile(
    rf"{_MARKER}(?:the\s+)?(?:terms?\s+)?{_TERM}\s*(?:\([^()]{{0,80}}\)\s*)?(?::|=|[–—-]\s|\s(?:shall\s+)?includes?\b)",
    re.IGNORECASE,
)
# Without quotation marks, where they were bold or italic: `Renewable Energy Certificate means …`
_BARE = re.compile(
    rf"{_MARKER}(?:[Tt]he\s+)?({_NAME}(?:\s(?:{_NAME}|of|and|the|for|to|in|or|[(]\w{{1,40}}[)])){{0,6}})"
    rf"(?i:,?\s(?!shall refer){_MEANS})"
)
_SMALL = frozenset("a an and at by for from in of on or the to with &".split())
# Sentences that begin so explain, or say how to read words, and define nothing: "This means that …".
_NO_TERM = re.compile(
    r"^(?:All|Any|Each|He|Here|How|If|It|No|Nothing|She|That|These|They|This|Those|We|What|Which|You)\b"
    r"|\b(?:[Rr]eferences?|[Mm]eans|[Ww]ords?|Not)\b"
)
# `… (the "Plan")`, `… (each a "Site" and together the "Sites")`; but `(see "Notices")` defines nothing.
_BRACKETED = re.compile(r"\(([^()“\"„«]{0,60}[“\"„«][^()]{2,140})\)")
_POINTING = re.compile(
    r"\s*(?:see|e\.?g|i\.?e|under|within|including|such as|as (?:such terms? (?:is|are) )?defined in)\b", re.I
)
_CALLED = re.compile(
    rf"\b(?:here(?:in)?after|herein|(?:referred to|known|called))(?:\s+[a-z]{{2,10}}){{0,4}}\s+{_TERM}", re.IGNORECASE
)
_SHORT = r"[A-Z](?=[a-z0-9&/-]{0,3}[A-Z])[A-Za-z0-9&/-]{1,9}"
_AFTER = re.compile(rf"\(({_SHORT})\)")
_BEFORE = re.compile(rf"(?<![\w(])({_SHORT})\s?\(([^()“\"]{{8,100}})\)")
_LISTED = re.compile(rf"{_MARKER}({_SHORT})\s{{0,9}}(?:[:=–—-]|\t|\s{{2}})\s{{0,9}}([^.;\n]{{8,100}})")
# A meaning that is only a pointer: what the term means is said elsewhere.
_ELSEWHERE = re.compile(
    r"(?:\bmeanings? (?:\w+ ){0,4}(?:in|by|under|to)|\bdefined (?:\w+ )?in|[–—-] see)\b", re.IGNORECASE
)
_WORD = re.compile(r"[\w&/’'-]+")
_CAPITAL = re.compile(r"[A-Z0-9]|^[^\W\d_a-z]")
_POSSESSIVE = re.compile(r"[’'](?:s|S)?$")


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

    Where a term is defined more than once, a clause of definitions says more than a bracket, and either says more than
    a pointer to the other.

    Args:
        texts: its sentences, in text order.
        rows: (index of a sentence, its table row in one line) for definitions in two columns.
    """

    def __init__(self, texts: Sequence[str], rows: Iterable[tuple[int, str]] = ()) -> None:
        lines = [*enumerate(texts), *rows]
        found: dict[str, Definition] = {}
        pointers: list[Definition] = []
        for search in _SEARCHES:
            for index, text in lines:
                for term, meaning in search(text):
                    definition = Definition(term, _completed(meaning, texts, index), index)
                    if _ELSEWHERE.search(definition.meaning[: len(term) + 100]):
                        pointers.append(definition)
                    else:
                        found.setdefault(_key(term), definition)
        for pointer in pointers:
            found.setdefault(_key(pointer.term), pointer)
        self._found = found
        # The most words that a term beginning with a word has.
        self._longest: dict[str, int] = {}
        for key in found:
            first, count = key.partition(" ")[0], key.count(" ") + 1
            self._longest[first] = max(count, self._longest.get(first, 0))

    def all(self) -> list[Definition]:
        """Each definition once, in no particular order."""
        return list(self._found.values())

    def used_in(self, text: str) -> list[Definition]:
        """The definitions whose terms the text uses, each once, in the order of their first use.

        Terms match as whole words, the longest first, in the plural and the possessive, too.
        """
        if not self._found:
            return []
        used: dict[str, Definition] = {}
        words = _words(text)
        stems = [_stem(word) if _CAPITAL.search(word) else "" for word in words]
        at = 0
        while at < len(words):
            count = self._longest.get(stems[at], 0)
            definition = None
            while count and not (definition := self._used(words[at : at + count])):
                count -= 1
            if definition:
                used.setdefault(definition.term, definition)
            at += max(1, count)
        return list(used.values())

    def _used(self, words: Sequence[str]) -> Definition | None:
        definition = self._found.get(" ".join(map(_stem, words)))
        short = definition and len(definition.term) < _LONG_WORD
        return None if short and not _same_capitals(words[0], definition.term) else definition  # type: ignore[union-attr]


def _same_capitals(word: str, term: str) -> bool:
    """Whether one is the other, its plural or its possessive, in the same capitals."""
    return word[: len(_stem(term))] == term[: len(_stem(term))]


def _words(text: str) -> list[str]:
    return [match[0].strip("’'-/") or match[0] for match in _WORD.finditer(text)]


def _key(term: str) -> str:
    return " ".join(map(_stem, _words(term)))


def _stem(word: str) -> str:
    """A word in the singular and in small letters."""
    word = _POSSESSIVE.sub("", word).lower()
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _defined(text: str) -> Iterator[tuple[str, str]]:
    """`"A" or "B", as used here, means …`, anywhere; `"A": …` and `A means …` at the beginning."""
    terms = list(_QUOTED.finditer(text))
    for at, quoted in enumerate(terms):
        if not _IS_DEFINED.match(text, quoted.end()):
            continue
        first = at
        while first and _JOINS.fullmatch(text, terms[first - 1].end(), terms[first].start()):
            first -= 1
        for alias in terms[first : at + 1]:
            if _is_term(alias[1]):
                yield alias[1], _shortened(text, terms[first].start())
    listed = _COLUMN.match(text)
    if listed and _is_term(listed[1]):
        yield listed[1], _shortened(text, listed.start(1) - 1)
    bare = _BARE.match(text)
    if bare and len(bare[1]) <= LONGEST_TERM and not _NO_TERM.search(bare[1]):
        yield bare[1], _shortened(text, bare.start(1))


def _bracketed(text: str) -> Iterator[tuple[str, str]]:
    for bracket in (*_BRACKETED.finditer(text), *_CALLED.finditer(text)):
        if _POINTING.match(text, bracket.start() + 1):
            continue
        for quoted in _QUOTED.finditer(bracket[0]):
            if _is_term(quoted[1]):
                begin = max(0, bracket.start() - _LONGEST_MEANING + len(bracket[0]))
                meaning = text[begin : bracket.end()]
                yield quoted[1], meaning.partition(" ")[2] if begin else meaning


def _abbreviated(text: str) -> Iterator[tuple[str, str]]:
    for bracket in _AFTER.finditer(text):
        meaning = _long_form(bracket[1], text[max(0, bracket.start() - 200) : bracket.start()])
        if meaning:
            yield bracket[1], f"{bracket[1]}: {meaning}"
    for pair in (*_BEFORE.finditer(text), *_LISTED.finditer(text)):
        words = pair[2].split()
        ends = range(1, min(len(words), len(pair[1]) * 2) + 1)
        if end := next((end for end in ends if _initials(_letters(pair[1]), words[:end]) == 0), None):
            yield pair[1], f"{pair[1]}: {' '.join(words[:end])}"


_SEARCHES: tuple[Callable[[str], Iterator[tuple[str, str]]], ...] = (_defined, _bracketed, _abbreviated)


def _is_term(text: str) -> bool:
    """Defined terms have a capital letter; "hereof" and "including" are rules of interpretation."""
    return bool(_CAPITAL.search(text)) and any(map(str.isalpha, text))


def _long_form(short: str, before: str) -> str | None:
    """The words that an abbreviation stands for: those that begin with its letters, else those that contain them."""
    words = before.split()[-min(len(short) + 5, len(short) * 2) :]
    at = _initials(_letters(short), words)
    if at is not None:
        return " ".join(words[at:])
    found = _containing(_letters(short), " ".join(words))
    return found if found and len(found) > len(short) + 2 else None


def _letters(short: str) -> list[str]:
    return [letter.lower() for letter in short.removesuffix("s") if letter.isalnum()]


def _initials(letters: Sequence[str], words: Sequence[str]) -> int | None:
    """Where the words begin whose initials are the letters; small words between them do not count."""
    at = len(words)
    for letter in reversed(letters):
        at -= 1
        while at >= 0 and words[at].lower() in _SMALL and words[at][0].lower() != letter:
            at -= 1
        if at < 0 or words[at].lstrip('“"(')[:1].lower() != letter:
            return None
    return at


def _containing(letters: Sequence[str], before: str) -> str | None:
    """The shortest end of the text that has the letters in their order, the first one at the start of a word."""
    at = len(before)
    for index in range(len(letters) - 1, -1, -1):
        at -= 1
        while at >= 0 and (before[at].lower() != letters[index] or (not index and not _begins_word(before, at))):
            at -= 1
        if at < 0:
            return None
    return before[at:]


def _begins_word(text: str, at: int) -> bool:
    return at == 0 or not (text[at - 1].isalnum() or text[at - 1] in "’'")


def _completed(meaning: str, texts: Sequence[str], index: int) -> str:
    """The meaning with the list items, or the rest of the sentence on the next page, that belong to it."""
    while len(meaning) < _LONGEST_MEANING and index + 1 < len(texts) and texts[index].endswith(meaning):
        after = texts[index + 1]
        open_end = meaning.endswith((":", ",", "—", "–")) or (after[:1].islower() and not meaning.endswith((".", ";")))
        if not open_end or _QUOTED.match(after):
            break
        index += 1
        meaning = _shortened(f"{meaning} {after[:_LONGEST_MEANING]}", 0)
    return meaning


def _shortened(text: str, begin: int) -> str:
    rest = text[begin : begin + _LONGEST_MEANING + 1]
    return rest if len(rest) <= _LONGEST_MEANING else rest[:_LONGEST_MEANING].rpartition(" ")[0]
