"""Windows: what the judge reads, and is graded on, at once. Made anew in each epoch."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tclp_daemon.analysis.context import preface
from tclp_daemon.analysis.definitions import Definition, Definitions
from tclp_daemon.analysis.gate import NAMED
from training.augment import PARTIES, Augmenter
from training.corpus import Example
from training.passages import LabelledPassage, Line

_LONGEST_NEIGHBOUR = 240  # characters, as in analysis/context.py
_LETTERS = "ABCDEFGHIKLMNOPRSTUVW"
# What coined terms are made of; nothing in them says what they mean.
_COINED = (
    "Blue", "Second", "Harbour", "Listed", "Core", "Annex", "Marked", "Northern", "Base", "Series", "Prime", "Agreed",
)  # fmt: skip
_THINGS = ("Item", "Plan", "Works", "Figure", "Notice", "Schedule", "Amount", "Project", "Step", "Line", "Unit", "Test")


@dataclass(frozen=True, slots=True)
class Window:
    """What the judge reads at once."""

    preface: str
    lines: tuple[Line, ...]


class WindowMaker:
    """Makes windows, reproducibly.

    Args:
        seed: of everything that is random.
        ordinary: real sentences that are no climate language, for surroundings; none where no contracts were mined.
        above: real headings, for the same.
        others: sentences of the corpus with label 0, for surroundings.
        augment: changes single sentences; None leaves all text as it is, for measuring.
    """

    def __init__(
        self,
        seed: int,
        ordinary: Sequence[str],
        above: Sequence[str],
        others: Sequence[Example],
        augment: Augmenter | None,
    ) -> None:
        self._random = random.Random(seed)
        self._ordinary, self._above, self._others, self._augment = ordinary, above, others, augment

    def of_passage(self, passage: LabelledPassage) -> Iterator[Window]:
        """The passage in pieces of one to four sentences, each with its neighbours; then its definitions.

        Args:
            passage: each of its sentences is in the middle of one piece.
        """
        chance = self._random.random
        sentences = passage.sentences
        defined = Definitions([line.text for line in passage.definitions])
        bare = passage.kind != "context" and self._augment is not None
        begin = 0
        while begin < len(sentences):
            end = min(len(sentences), begin + self._random.choice((1, 1, 2, 2, 3, 4)))
            core = sentences[begin:end]
            used = list({d.term: d for line in core for d in defined.used_in(line.text)}.values())
            self._random.shuffle(used)
            used = [] if bare and chance() < 0.15 else used[:3]
            heading = () if bare and chance() < 0.1 else passage.heading
            lines = (*_before(sentences, begin), *core, *(_cut(s, before=False) for s in sentences[end : end + 1]))
            yield self._changed(Window(preface(heading, [d.meaning for d in used]), lines), used)
            begin = end
        if passage.definitions:
            above = self._random.choice(("Definitions", "1. DEFINITIONS AND INTERPRETATION", ""))
            yield self._changed(Window(above, passage.definitions[:4]), [])

    def of_sentence(self, example: Example) -> Window:
        """A sentence of the corpus, alone or among strangers."""
        text = self._augment(example.text, example.label) if self._augment else example.text
        lines = [self._fragment(Line(text, example.label, example.topics))]
        if self._ordinary and self._augment and self._random.random() < 0.3:
            return self._surrounded(Window("", tuple(lines)))
        if self._random.random() < 0.5:
            for _ in range(self._random.choice((1, 1, 2))):
                other = self._random.choice(self._others)
                stranger = _cut(Line(other.text, other.label, other.topics), before=True)
                lines.insert(self._random.randrange(len(lines) + 1), stranger)
        return Window("", tuple(lines))

    def _fragment(self, line: Line) -> Line:
        """Sometimes only the words around the name of the subject, as in a cell, a bullet or a broken line."""
        named = NAMED.search(line.text)
        if not (line.label and named and self._augment) or self._random.random() > 0.15:
            return line
        before, after = line.text[: named.start()].split(" "), line.text[named.end() :].split(" ")
        begin = max(0, len(before) - self._random.randint(1, 5))
        return Line(" ".join(before[begin:]) + named[0] + " ".join(after[: self._random.randint(1, 6)]), 1, line.topics)

    def _changed(self, window: Window, used: Sequence[Definition]) -> Window:
        """The window with other names and terms, or in real surroundings: none of them is a sign of anything."""
        chance = self._random.random
        if self._augment is None:
            return window
        if used and chance() < 0.4:
            window = self._retermed(window, used)
        if chance() < 0.3:
            window = self._renamed(window)
        if self._ordinary and chance() < 0.6:
            window = self._surrounded(window)
        return window

    def _surrounded(self, window: Window) -> Window:
        """The window in a real contract: nothing about real language must be a sign of "none"."""
        chance, choice = self._random.random, self._random.choice
        lines = [self._joined(line) if chance() < 0.25 else line for line in window.lines]
        before, after = ([Line(choice(self._ordinary), 0) for _ in range(choice((0, 1, 1, 2)))] for _ in range(2))
        above = window.preface
        if self._above and chance() < 0.5:
            above = f"{choice(self._above)} > {above}" if above else choice(self._above)
        return Window(above, (*before, *lines, *after))

    def _joined(self, line: Line) -> Line:
        """The line as part of a longer sentence, whose other part is real and says nothing about the climate."""
        real, text = self._random.choice(self._ordinary), line.text
        joined = self._random.choice((
            f"{real.rstrip('.;,')}; {text}", f"{text.rstrip('.;,')}, and {real[0].lower()}{real[1:]}", f"{real} {text}",
            f"{text.rstrip('.;,')}; provided that {real[0].lower()}{real[1:]}",
        ))  # fmt: skip
        return Line(joined, line.label, line.topics)

    def _retermed(self, window: Window, used: Sequence[Definition]) -> Window:
        for definition in used:
            term = definition.term
            if term.isupper():
                new = "".join(self._random.choices(_LETTERS, k=self._random.randint(2, 4)))
            else:
                new = f"{self._random.choice(_COINED)} {self._random.choice(_THINGS)}"
            pattern = re.compile(rf"\b{re.escape(term)}(?=s?\b)")
            window = _everywhere(window, lambda text, p=pattern, n=new: p.sub(n, text))  # type: ignore[misc]
        return window

    def _renamed(self, window: Window) -> Window:
        assert self._augment is not None
        names: dict[str, str] = {}

        def name(match: re.Match[str]) -> str:
            return names.setdefault(match[1], self._augment.name())  # type: ignore[union-attr]

        return _everywhere(window, lambda text: PARTIES.sub(name, text))


def _everywhere(window: Window, change: Callable[[str], str]) -> Window:
    return Window(
        change(window.preface), tuple(Line(change(line.text), line.label, line.topics) for line in window.lines)
    )


def _before(sentences: Sequence[Line], begin: int) -> list[Line]:
    """The sentence before, and the one that introduces the list."""
    if not begin:
        return []
    lead_in = next((i for i in range(begin - 1, -1, -1) if sentences[i].text.endswith((":", "—", ":-"))), begin)
    found = [_cut(sentences[lead_in], before=True)] if lead_in < begin - 1 else []
    return [*found, _cut(sentences[begin - 1], before=True)]


def _cut(line: Line, *, before: bool) -> Line:
    """A neighbour. What is left of a long one may not deserve its label, so it is not graded."""
    if len(line.text) <= _LONGEST_NEIGHBOUR:
        return line
    end, start = line.text[-_LONGEST_NEIGHBOUR:], line.text[:_LONGEST_NEIGHBOUR]
    return Line(end.partition(" ")[2] if before else start.rpartition(" ")[0], None)
