"""What the judge reads about a sentence: its clause's headings, the definitions it uses, and its neighbours.

A `Passage` is a run of sentences that are judged together. Candidates that follow one another share one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tclp_daemon.analysis.definitions import Definition, Definitions
from tclp_daemon.analysis.segment import Sentence
from tclp_daemon.document import BlockKind, Document

# Sizes in characters; 1,100 of them are about 256 tokens.
_LONGEST_PASSAGE = 1100
_LONGEST_NEIGHBOUR = 240
_LONGEST_HEADING = 70
_HEADINGS = 3
_DEFINITIONS = 3
# A lead-in stands this many sentences before its last list item, at most.
_LIST = 20


@dataclass(frozen=True, slots=True)
class Passage:
    """Sentences that the judge reads together.

    Attributes:
        preface: the headings above them and the definitions that they use.
        sentences: in text order; neighbours may be cut.
        indices: of those sentences in the document.
        asked: whether the judge's answer on the sentence counts; it does not where the sentence is cut.
    """

    preface: str
    sentences: tuple[str, ...]
    indices: tuple[int, ...]
    asked: tuple[bool, ...]

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
        self.definitions = Definitions(self.texts)
        self._paths = _heading_paths(document)

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
        lead_in = self._lead_in(first)
        if lead_in is not None and lead_in < indices[0]:
            indices.insert(0, lead_in)
        whole = [first <= index <= last or len(self.texts[index]) <= _LONGEST_NEIGHBOUR for index in indices]
        texts = [self._neighbour(i, i < first) if not w else self.texts[i] for i, w in zip(indices, whole, strict=True)]
        return Passage(self._preface(first, last), tuple(texts), tuple(indices), tuple(whole))

    def _neighbour(self, index: int, before: bool) -> str:
        """The end of a long sentence before, or the beginning of one after."""
        text = self.texts[index]
        return text[-_LONGEST_NEIGHBOUR:].partition(" ")[2] if before else text[:_LONGEST_NEIGHBOUR].rpartition(" ")[0]

    def _lead_in(self, index: int) -> int | None:
        """The sentence that introduces the list in which a sentence is an item."""
        if self._sentences[index].block.kind is BlockKind.HEADING:
            return None
        clause = self._sentences[index].block.heading
        for before in range(index - 1, max(-1, index - _LIST), -1):
            if self._sentences[before].block.heading != clause:
                return None
            if self.texts[before].endswith((":", "—", ":-")):
                return before
        return None

    def _preface(self, first: int, last: int) -> str:
        path = self._paths.get(self._sentences[first].block.start, ())
        used: dict[str, Definition] = {}
        for index in range(first, last + 1):
            for definition in self.definitions.used_in(self.texts[index]):
                if not first <= definition.sentence <= last:
                    used.setdefault(definition.term, definition)
        chosen = sorted(used.values(), key=self._commonness)[:_DEFINITIONS]
        return preface(path, [definition.meaning for definition in chosen])

    def _commonness(self, definition: Definition) -> tuple[bool, int]:
        """Abbreviations first, then the rarest: everybody knows what the Supplier is."""
        return (not definition.term.isupper(), self._document.text.count(definition.term))


def preface(headings: Sequence[str], meanings: Sequence[str]) -> str:
    """What stands in front of a passage's sentences.

    Args:
        headings: the outermost first.
        meanings: definitions.
    """
    shown = [heading[:_LONGEST_HEADING].strip() for heading in headings[-_HEADINGS:]]
    return " | ".join([" > ".join(shown), *meanings]).strip(" |")


def _heading_paths(document: Document) -> dict[int, tuple[str, ...]]:
    """The headings above each block, by the block's start, the outermost first."""
    paths: dict[int, tuple[str, ...]] = {}
    above: list[tuple[int, str]] = []
    for block in document.blocks:
        if block.contents or block.kind is BlockKind.HEADER_FOOTER:
            continue
        if block.kind is BlockKind.HEADING:
            text = " ".join(document.text[block.start : block.end].split())
            above = [(level, heading) for level, heading in above if level < block.level]
            paths[block.start] = tuple(heading for _, heading in above)
            above.append((block.level, text))
            continue
        path = [heading for _, heading in above]
        if block.heading and not (path and block.heading in path[-1]):
            path.append(block.heading)
        paths[block.start] = tuple(path)
    return paths
