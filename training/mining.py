"""Windows of real contracts, for training only: what looks like climate language there, and mostly is none.

`training/mined.tsv` has the labels: the sha256 of a sentence's normalised text (its first 16 digits), 1, 0 or - for one
that two careful lawyers would label differently, and topics. None of the text is kept. A sentence that nobody labelled
is not graded unless the classifier is sure that it is none.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tclp_daemon import ContractError, read
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.context import Contexts
from tclp_daemon.analysis.fragments import without_excess
from tclp_daemon.analysis.segment import Sentence, split_sentences
from tclp_daemon.config import Model
from tclp_daemon.document import Document
from training.corpus import normalise
from training.passages import Line
from training.windows import Window

LABELS = Path(__file__).parent / "mined.tsv"
GATE = 0.3
# Below it, the classifier is sure: among 1,575 candidates that were labelled and are far above, 3 are climate language.
SURE = 0.1
# The share of contracts that training does not see.
HELD_OUT = 0.125
# Ordinary sentences for surroundings, from each contract.
_ORDINARY = 12


@dataclass(frozen=True, slots=True)
class Mined:
    """What a real contract gives.

    Attributes:
        windows: candidates in their context.
        ordinary: sentences that are certainly no climate language, for surroundings.
    """

    windows: tuple[Window, ...]
    ordinary: tuple[str, ...]


def key(text: str) -> str:
    """By which a sentence is known in `mined.tsv`."""
    return hashlib.sha256(normalise(text).encode()).hexdigest()[:16]


def load_labels(path: Path = LABELS) -> dict[str, Line]:
    """Labels by key; the lines have no text."""
    found = {}
    for row in path.read_text("utf-8").splitlines():
        digest, label, topics = [*row.split("\t"), ""][:3]
        found[digest] = Line("", None if label == "-" else int(label), tuple(topics.split()))
    return found


def mined_in(directory: Path | None) -> list[tuple[bool, Mined]]:
    """(whether it is held out, what it gives) of each contract that can be read.

    Args:
        directory: contracts in any accepted format, in any depth; None for none.
    """
    return [(is_held_out(path), found) for path, found in _in_halves(directory, _mine)]


def labelled_in(directory: Path | None) -> list[Line]:
    """The labelled sentences of the contracts that are not held out, each text once.

    Args:
        directory: as for `mined_in`.
    """
    found = {
        line.text: line for path, lines in _in_halves(directory, _labelled) if not is_held_out(path) for line in lines
    }
    return list(found.values())


def is_held_out(path: Path) -> bool:
    """Whether training does not see a contract; its name alone decides."""
    return int(hashlib.sha256(path.name.encode()).hexdigest()[:8], 16) / 2**32 < HELD_OUT


def _in_halves(directory: Path | None, work: Callable[[Sequence[Path]], list[Any]]) -> Iterator[tuple[Path, Any]]:
    """What the work finds in each contract; a core each for two halves."""
    if directory is None:
        return
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    halves = [paths[0::2], paths[1::2]]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        for half, found in zip(halves, pool.map(work, halves), strict=True):
            yield from ((path, each) for path, each in zip(half, found, strict=True) if each)


def _mine(paths: Sequence[Path]) -> list[Mined | None]:
    classifier, labels = Classifier.load(Model(precision="float32"), threads=1), load_labels()
    found: list[Mined | None] = []
    for contract in map(_read, paths):
        if contract:
            document, sentences = contract
            probabilities = classifier.probabilities([document.text[s.start : s.end] for s in sentences])
            found.append(mined(document, sentences, probabilities, labels))
        else:
            found.append(None)
    return found


def _labelled(paths: Sequence[Path]) -> list[list[Line]]:
    labels = load_labels()
    contracts = map(_read, paths)
    return [labelled([each[0].text[s.start : s.end] for s in each[1]], labels) if each else [] for each in contracts]


def _read(path: Path) -> tuple[Document, Sequence[Sentence]] | None:
    """A contract and its sentences; None where it cannot be read."""
    try:
        document = read(path)
    except ContractError:
        return None
    return document, without_excess(document, split_sentences(document))[0]


def labelled(texts: Sequence[str], labels: Mapping[str, Line]) -> list[Line]:
    """Those of the texts that have a label, 1 or 0, with it and their topics."""
    known = ((text, labels.get(key(text))) for text in texts)
    return [Line(text, line.label, line.topics) for text, line in known if line and line.label is not None]


def mined(
    document: Document, sentences: Sequence[Sentence], probabilities: Sequence[float], labels: Mapping[str, Line]
) -> Mined:
    """What a contract gives, from its sentences and the classifier's probabilities."""
    texts = [document.text[s.start : s.end] for s in sentences]
    known = [labels.get(key(text)) for text in texts]
    # What was labelled is read whatever today's classifier thinks of it.
    asked = [i for i, (p, line) in enumerate(zip(probabilities, known, strict=True)) if line or p >= GATE]
    windows = []
    for passage in Contexts(document, sentences).passages(asked):
        lines = []
        for index, graded, text in zip(passage.indices, passage.asked, passage.sentences, strict=True):
            line = known[index]
            if not graded:
                lines.append(Line(text, None))
            elif line:
                lines.append(Line(text, line.label, line.topics))
            else:
                lines.append(Line(text, 0 if probabilities[index] < SURE else None))
        if any(line.label is not None for line in lines):
            windows.append(Window(passage.preface, tuple(lines)))
    plain = [text for text, p in zip(texts, probabilities, strict=True) if p < 0.03 and 40 <= len(text) <= 240]
    rng = random.Random(len(plain))
    return Mined(tuple(windows), tuple(rng.sample(plain, min(_ORDINARY, len(plain)))))
