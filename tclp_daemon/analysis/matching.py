"""Labels that people gave to sentences -> the sentences of a document that they are about.

People cut a text into sentences differently than we do, and a label's text may be cut short. So labels are found by
their letters and digits alone, and what they are about is the smallest run of our sentences that holds them.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tclp_daemon.analysis.segment import Sentence
from tclp_daemon.document import Document

_WORD = re.compile(r"[^\W_]+")
# In letters and digits. A text this long may have been cut in the middle of a word; a shorter one that ends there is
# part of a longer word.
_LONG = 100


@dataclass(frozen=True, slots=True)
class Label:
    """What somebody says about a sentence.

    Attributes:
        text: of the sentence, perhaps cut.
        label: 1 for climate language, else 0.
        borderline: whether one may see it differently.
        line: where it stands in the file of labels.
    """

    text: str
    label: int
    borderline: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence that has labels, or a few that share one.

    Attributes:
        sentences: indices of the sentences; empty for text that is not judged, such as a page header.
        labels: at least one.
    """

    sentences: range
    labels: tuple[Label, ...]

    @property
    def label(self) -> int:
        """1 if one of the labels is."""
        return max(label.label for label in self.labels)

    @property
    def borderline(self) -> bool:
        """Whether a borderline label decides."""
        certain = any(label.label and not label.borderline for label in self.labels)
        return not certain and any(label.borderline for label in self.labels)

    @property
    def text(self) -> str:
        """Of the label that decides."""
        return next(label.text for label in self.labels if label.label == self.label)


@dataclass(frozen=True, slots=True)
class Matches:
    """The labels of one document, found in it.

    Attributes:
        labelled: no sentence is in two of them.
        unmatched: labels whose text is not in the document.
    """

    labelled: tuple[Labelled, ...]
    unmatched: tuple[Label, ...]


def match_labels(document: Document, sentences: Sequence[Sentence], labels: Iterable[Label]) -> Matches:
    """Finds the labels in the document.

    Where a text occurs several times, its first label is about the first occurrence, and so on. Occurrences that are
    whole sentences go before those within a sentence, and what is judged before what is not.

    Args:
        document: the document that the sentences point into.
        sentences: all that are judged, in text order.
        labels: in the order of the text.
    """
    search = _Search(document, sentences)
    found: list[Labelled] = []
    unmatched: list[Label] = []
    seen: Counter[str] = Counter()
    for label in labels:
        letters = "".join(_words(label.text))
        places = search.places(letters)
        if places:
            found.append(Labelled(places[min(seen[letters], len(places) - 1)], (label,)))
            seen[letters] += 1
        else:
            unmatched.append(label)
    aside = [each for each in found if not each.sentences]
    return Matches((*_merged(each for each in found if each.sentences), *aside), tuple(unmatched))


def _merged(found: Iterable[Labelled]) -> list[Labelled]:
    """Those that share a sentence, together."""
    merged: list[Labelled] = []
    for each in sorted(found, key=lambda each: each.sentences.start):
        if merged and each.sentences.start < merged[-1].sentences.stop:
            last = merged.pop()
            both = range(last.sentences.start, max(last.sentences.stop, each.sentences.stop))
            each = Labelled(both, (*last.labels, *each.labels))
        merged.append(each)
    return merged


def _words(text: str) -> list[str]:
    """The words, such that the same text written in other characters (ligatures, capitals) gives the same ones."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


class _Search:
    """Finds texts in a document, first in its sentences and then in all of it."""

    def __init__(self, document: Document, sentences: Sequence[Sentence]) -> None:
        ends = [0, *(sentence.end for sentence in sentences)]
        starts = [*(sentence.start for sentence in sentences), len(document.text)]
        gaps = [document.text[end:start] for end, start in zip(ends, starts, strict=True)]
        texts = [document.text[s.start : s.end] for s in sentences]
        self._judged = _Letters(texts)
        # The gap in front of each sentence, the sentence, and the gap after the last.
        self._all = _Letters([gaps[0], *(each for pair in zip(texts, gaps[1:], strict=True) for each in pair)])
        self._known: dict[str, list[range]] = {}

    def places(self, letters: str) -> list[range]:
        """The sentences of each occurrence, in text order; an empty range where none of it is judged."""
        if letters not in self._known:
            found = self._judged.whole(letters) or self._judged.within(letters)
            # Every second piece of the whole text is a sentence, from the second on.
            found = found or [range(run.start // 2, run.stop // 2) for run in self._all.within(letters)]
            self._known[letters] = found
        return self._known[letters]


class _Letters:
    """The letters and digits of pieces of text, without anything between them.

    Args:
        pieces: in text order.
    """

    def __init__(self, pieces: Iterable[str]) -> None:
        words: list[str] = []
        size = 0
        self._starts: list[int] = []
        self._word_edges: set[int] = set()
        for piece in pieces:
            self._starts.append(size)
            for word in _words(piece):
                self._word_edges.add(size)
                words.append(word)
                size += len(word)
        self._word_edges.add(size)
        self._piece_edges = {*self._starts, size}
        self._text = "".join(words)

    def whole(self, letters: str) -> list[range]:
        """The pieces of each occurrence that begins and ends where pieces do."""
        return list(self._found(letters, self._piece_edges))

    def within(self, letters: str) -> list[range]:
        """The pieces of each occurrence that begins and ends where words do."""
        return list(self._found(letters, self._word_edges))

    def _found(self, letters: str, edges: set[int]) -> Iterator[range]:
        start = self._text.find(letters) if letters else -1
        while start >= 0:
            end = start + len(letters)
            if start in edges and (end in edges or len(letters) >= _LONG):
                yield range(bisect_right(self._starts, start) - 1, bisect_right(self._starts, end - 1))
            start = self._text.find(letters, start + 1)
