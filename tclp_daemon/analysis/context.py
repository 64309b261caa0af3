"""What the judge reads about a sentence: its clause's headings, the definitions it uses, and its neighbours.

A `Passage` is a run of sentences that are judged together. Candidates that follow one another share one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from tclp_daemon.analysis.definitions import LONGEST_TERM, Definition, Definitions
from tclp_daemon.analysis.segment import Sentence
from tclp_daemon.document import Block, BlockKind, Document

# Sizes in characters; 1,100 of them are about 256 tokens.
_LONGEST_PASSAGE = 1100
_LONGEST_NEIGHBOUR = 240
_LONGEST_HEADING = 70
_HEADINGS = 3
_DEFINITIONS = 3
# A lead-in stands this many sentences before its last list item, at most.
_LIST = 20
_LEAD_INS = 2
# Everybody knows what they are, and each contract uses them in every second sentence.
_KNOWN = frozenset(
    "agreement agent borrower buyer client company contract contractor customer employee employer executive lease"
    " lender landlord lessee lessor licensee licensor parties party purchaser seller supplier tenant vendor".split()
)
# How common a term is shows in the beginning of the longest contracts, too.
_SAMPLE = 300_000
_FIRST = re.compile(r"\(?[aAiI1]\)?\.?")
_UNFINISHED = re.compile(r"\b(?!and\b|or\b)[a-z]+\s*$")
_GLOSSARY = re.compile(r"defin|interpret|glossar|abbrev|acronym|terminolog", re.IGNORECASE)
_QUOTATION_MARKS = "“”\"„«»'‘’"


@dataclass(frozen=True, slots=True)
class Passage:
    """Sentences that the judge reads together.

    Attributes:
        preface: the headings above them and the definitions that they use.
        sentences: in text order; neighbours may be cut.
        indices: of those sentences in the document.
        asked: whether the judge's answer on the sentence counts; it does not where the sentence is cut.
        core: indices of the candidates that it was made for; the other sentences are their neighbours.
    """

    preface: str
    sentences: tuple[str, ...]
    indices: tuple[int, ...]
    asked: tuple[bool, ...]
    core: range = range(0)

    @classmethod
    def alone(cls, text: str) -> Passage:
        """A sentence without context."""
        return cls("", (text,), (0,), (True,))


class Contexts:
    """Makes passages of a document.

    Args:
        document: the document that the sentences point into.
        sentences: all of them.
    """

    def __init__(self, document: Document, sentences: Sequence[Sentence]) -> None:
        self._sentences = sentences
        self.texts = [document.text[s.start : s.end] for s in sentences]
        self._document = document
        self.definitions = Definitions(self.texts, _definition_rows(document, sentences))
        self._paths = _heading_paths(document)
        self._count = cache(document.text[:_SAMPLE].count)

    def passages(self, candidates: Sequence[int]) -> Iterator[Passage]:
        """Passages in which every candidate is asked about.

        Args:
            candidates: indices of sentences, ascending.
        """
        group: list[int] = []
        for index in candidates:
            if group and (index - group[-1] > 2 or self._size(group[0], index) > _LONGEST_PASSAGE):
                yield self._passage(group[0], group[-1])
                group = []
            group.append(index)
        if group:
            yield self._passage(group[0], group[-1])

    def _size(self, first: int, last: int) -> int:
        return sum(len(text) for text in self.texts[first : last + 1])

    def _passage(self, first: int, last: int) -> Passage:
        indices = list(range(max(0, first - 1), min(len(self.texts), last + 2)))
        indices[:0] = [index for index in self._lead_ins(first) if index < indices[0]]
        whole = [first <= index <= last or len(self.texts[index]) <= _LONGEST_NEIGHBOUR for index in indices]
        texts = [self._neighbour(i, i < first) if not w else self.texts[i] for i, w in zip(indices, whole, strict=True)]
        return Passage(self._preface(first, last), tuple(texts), tuple(indices), tuple(whole), range(first, last + 1))

    def _neighbour(self, index: int, before: bool) -> str:
        """The end of a long sentence before, or the beginning of one after."""
        text = self.texts[index]
        return text[-_LONGEST_NEIGHBOUR:].partition(" ")[2] if before else text[:_LONGEST_NEIGHBOUR].rpartition(" ")[0]

    def _lead_ins(self, index: int) -> list[int]:
        """The sentences that introduce the lists in which a sentence is an item, the outermost first."""
        found: list[int] = []
        item = self._sentences[index].block
        if item.kind is BlockKind.HEADING:
            return found
        for before in range(index - 1, max(-1, index - _LIST), -1):
            block = self._sentences[before].block
            if block.heading != item.heading:
                break
            # An item of the same list introduces a list of its own.
            if self._introduces(before) and not _are_siblings(block, item):
                found.insert(0, before)
                if len(found) == _LEAD_INS or not _is_item(block):
                    break
                item = block
        return found

    def _introduces(self, index: int) -> bool:
        """Whether a list follows: after a colon, or where `the Tenant must` stands before `(a)`."""
        if self.texts[index].endswith((":", "—", ":-")):
            return True
        after = self._sentences[index + 1].block if index + 1 < len(self.texts) else None
        begins = after and after.start != self._sentences[index].block.start and _FIRST.fullmatch(after.number or "")
        return bool(begins and _UNFINISHED.search(self.texts[index][-40:]))

    def _preface(self, first: int, last: int) -> str:
        path = self._paths.get(self._sentences[first].block.start, ())
        used: dict[str, Definition] = {}
        for index in range(first, last + 1):
            for definition in self.definitions.used_in(self.texts[index]):
                if not first <= definition.sentence <= last and definition.term.lower() not in _KNOWN:
                    used.setdefault(definition.term, definition)
        chosen = sorted(used.values(), key=self._commonness)[:_DEFINITIONS]
        return preface(path, [definition.meaning for definition in chosen])

    def _commonness(self, definition: Definition) -> tuple[bool, int]:
        """Abbreviations first, then the rarest: everybody knows what the Supplier is."""
        return (not definition.term.isupper(), self._count(definition.term))


def preface(headings: Sequence[str], meanings: Sequence[str]) -> str:
    """What stands in front of a passage's sentences.

    Args:
        headings: the outermost first.
        meanings: definitions.
    """
    shown = [heading[:_LONGEST_HEADING].strip() for heading in headings[-_HEADINGS:]]
    return " | ".join([" > ".join(shown), *meanings]).strip(" |")


def _heading_paths(document: Document) -> dict[int, tuple[str, ...]]:
    """The headings above each block, by the block's start, the outermost first.

    The cells before a table cell stand above it, too: "Fleet | by 2028" says nothing without its first half.
    """
    paths: dict[int, tuple[str, ...]] = {}
    above: list[tuple[int, str]] = []
    cells: dict[tuple[int, int], str] = {}
    for block in document.blocks:
        if block.contents or block.kind is BlockKind.HEADER_FOOTER:
            continue
        if block.kind is BlockKind.HEADING:
            above = [(level, heading) for level, heading in above if level < block.level]
            paths[block.start] = tuple(heading for _, heading in above)
            above.append((block.level, _line(document, block)))
            continue
        path = [heading for _, heading in above]
        if block.heading and not (path and block.heading in path[-1]):
            path.append(block.heading)
        if block.row:
            before = cells.get(block.row[:2], "")
            if before and not (path and before in path[-1]):
                path.append(before)
            if len(before) < _LONGEST_HEADING:
                cells[block.row[:2]] = f"{before} {_line(document, block)}".strip()
        paths[block.start] = tuple(path)
    return paths


def _definition_rows(document: Document, sentences: Sequence[Sentence]) -> Iterator[tuple[int, str]]:
    """(index of a sentence, `"term": sentence`) for tables with terms in one column and meanings in the next."""
    first: dict[int, int] = {}
    for index, sentence in enumerate(sentences):
        first.setdefault(sentence.block.start, index)
    for cell, block in pairwise(document.blocks):
        if not (cell.row and block.row and cell.row[:2] == block.row[:2] and block.start in first):
            continue
        written = document.text[cell.start : min(cell.end, cell.start + LONGEST_TERM + 3)].strip()
        term = written.strip(_QUOTATION_MARKS)
        index = first[block.start]
        meaning = document.text[sentences[index].start : sentences[index].end]
        if term != written or meaning.startswith("means ") or _GLOSSARY.search(block.heading or ""):
            yield index, f"“{term}”: {meaning}" if not meaning.startswith("means ") else f"“{term}” {meaning}"


def _line(document: Document, block: Block) -> str:
    return " ".join(document.text[block.start : block.end].split())


def _is_item(block: Block) -> bool:
    return block.kind is BlockKind.LIST_ITEM or block.number is not None


def _are_siblings(one: Block, other: Block) -> bool:
    """Whether the numbers of two list items look alike, such as (a) and (d), 4.1 and 4.2, (i) and (iv)."""
    return bool(one.number and other.number and _shape(one.number) == _shape(other.number))


def _shape(number: str) -> str:
    kind = "i" if set(number) <= set("().ivx") else "a"
    return re.sub(r"[a-z]+", kind, re.sub(r"[A-Z]+", "A", re.sub(r"\d+", "1", number)))
