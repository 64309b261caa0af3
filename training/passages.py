"""Reads the passages of the corpus, and makes windows of them: what the judge reads and is graded on at once."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tclp_daemon.analysis.context import preface
from tclp_daemon.analysis.definitions import Definition, Definitions
from training.corpus import CORPUS, Example, normalise

PASSAGES = CORPUS / "passages"
HELD_OUT = 0.12
KINDS = ("tempting", "context", "clause")


@dataclass(frozen=True, slots=True)
class Line:
    """A labelled sentence of a passage. A label of None is not graded."""

    text: str
    label: int | None
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelledPassage:
    """A piece of one contract: the headings above it, definitions of the same contract, and sentences in a row."""

    kind: str
    contract_type: str
    style: str
    heading: tuple[str, ...]
    definitions: tuple[Line, ...]
    sentences: tuple[Line, ...]
    source: str

    @property
    def held_out(self) -> bool:
        """Whether training must not see it; the text of its first sentence alone decides."""
        digest = hashlib.sha256(normalise(self.sentences[0].text).encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32 < HELD_OUT


@dataclass(frozen=True, slots=True)
class Window:
    """What the judge reads at once."""

    preface: str
    lines: tuple[Line, ...]


def load_passages(folder: Path = PASSAGES) -> list[LabelledPassage]:
    """All passages, in the order of file names and lines.

    Raises:
        ValueError: a line is not a passage; the message says which.
    """
    passages = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, row in enumerate(path.read_text("utf-8").splitlines(), 1):
            try:
                passages.append(_passage(json.loads(row), path.stem))
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path.name}, line {number}: {error}") from error
    return passages


def _passage(row: dict[str, object], source: str) -> LabelledPassage:
    def lines(found: object) -> tuple[Line, ...]:
        made = tuple(Line(text, label, tuple(topics)) for text, label, topics in found)  # type: ignore[attr-defined]
        for line in made:
            if line.label not in (0, 1) or not line.text.strip() or bool(line.topics) != (line.label == 1):
                raise ValueError(f"label, text and topics do not go together: {line.text!r}")
        return made

    if row["kind"] not in KINDS:
        raise ValueError(f"kind is {row['kind']!r}")
    return LabelledPassage(
        kind=str(row["kind"]),
        contract_type=str(row["contract_type"]),
        style=str(row["style"]),
        heading=tuple(row["heading"]),  # type: ignore[arg-type]
        definitions=lines(row["definitions"]),
        sentences=lines(row["sentences"]),
        source=source,
    )


def windows(passage: LabelledPassage, rng: random.Random) -> Iterator[Window]:
    """The passage in pieces of one to four sentences, each with a neighbour before and after; then its definitions.

    Args:
        passage: all of its sentences appear in one piece each; neighbours are not graded.
        rng: decides where the pieces end.
    """
    defined = Definitions([line.text for line in passage.definitions])
    sentences = passage.sentences
    begin = 0
    while begin < len(sentences):
        end = min(len(sentences), begin + rng.choice((1, 1, 2, 2, 3, 4)))
        core = sentences[begin:end]
        before = [_cut(sentences[begin - 1], before=True)] if begin else []
        lead_in = next((i for i in range(begin - 1, -1, -1) if sentences[i].text.endswith((":", "—", ":-"))), None)
        if lead_in is not None and lead_in < begin - 1:
            before.insert(0, _cut(sentences[lead_in], before=True))
        after = [_cut(sentences[end], before=False)] if end < len(sentences) else []
        used = {d.term: d for line in core for d in defined.used_in(line.text)}
        yield Window(preface(passage.heading, _meanings(list(used.values()), rng)), (*before, *core, *after))
        begin = end
    if passage.definitions:
        yield Window(rng.choice(("Definitions", "1. DEFINITIONS AND INTERPRETATION", "")), passage.definitions[:4])


def _meanings(used: list[Definition], rng: random.Random) -> list[str]:
    rng.shuffle(used)
    return [definition.meaning for definition in used[:3]]


def _cut(line: Line, *, before: bool, longest: int = 240) -> Line:
    """A neighbour: what is left of it may not deserve its label, so it is graded only where it is whole."""
    if len(line.text) <= longest:
        return line
    text = line.text[-longest:].partition(" ")[2] if before else line.text[:longest].rpartition(" ")[0]
    return Line(text, None)


def single(example: Example, others: Sequence[Example], rng: random.Random) -> Window:
    """A sentence of the corpus, alone or among strangers."""
    line = Line(example.text, example.label, example.topics)
    if rng.random() < 0.5:
        return Window("", (line,))
    lines = [line]
    for _ in range(rng.choice((1, 1, 2))):
        other = rng.choice(others)
        stranger = _cut(Line(other.text, other.label, other.topics), before=True)
        lines.insert(rng.randrange(len(lines) + 1), stranger)
    return Window("", tuple(lines))
