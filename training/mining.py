"""Windows of real contracts, for training only: what looks like climate language there, and mostly is none.

`training/mined.tsv` has the labels: the sha256 of a sentence's normalised text (its first 16 digits), 1, 0 or - for one
that two careful lawyers would label differently, and topics. None of the text is kept. A sentence that nobody labelled
is not graded unless the classifier is sure that it is none.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tclp_daemon import ContractError, read
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.context import Contexts
from tclp_daemon.analysis.fragments import without_excess
from tclp_daemon.analysis.segment import Sentence, split_sentences
from tclp_daemon.document import Document
from training.corpus import normalise
from training.passages import Line
from training.windows import Window

LABELS = Path(__file__).parent / "mined.tsv"
GATE = 0.3
# Below it, the classifier is sure: among 1,575 candidates that were labelled and are far above, 3 are climate language.
SURE = 0.1
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


def mine(path: Path, classifier: Classifier, labels: Mapping[str, Line]) -> Mined | None:
    """What a contract gives; None if it cannot be read.

    Args:
        path: of a contract in any accepted format.
        classifier: the fast model.
        labels: see `load_labels`.
    """
    try:
        document = read(path)
    except ContractError:
        return None
    sentences, _ = without_excess(document, split_sentences(document))
    probabilities = classifier.probabilities([document.text[s.start : s.end] for s in sentences])
    return mined(document, sentences, probabilities, labels)


def mined(
    document: Document, sentences: Sequence[Sentence], probabilities: Sequence[float], labels: Mapping[str, Line]
) -> Mined:
    """What a contract gives, from its sentences and the classifier's probabilities."""
    windows = []
    for passage in Contexts(document, sentences).passages([i for i, p in enumerate(probabilities) if p >= GATE]):
        lines = []
        for index, asked, text in zip(passage.indices, passage.asked, passage.sentences, strict=True):
            known = labels.get(key(text))
            if not asked:
                lines.append(Line(text, None))
            elif known:
                lines.append(Line(text, known.label, known.topics))
            else:
                lines.append(Line(text, 0 if probabilities[index] < SURE else None))
        if any(line.label is not None for line in lines):
            windows.append(Window(passage.preface, tuple(lines)))
    plain = [
        document.text[s.start : s.end]
        for s, p in zip(sentences, probabilities, strict=True)
        if p < 0.03 and 40 <= s.end - s.start <= 240
    ]
    rng = random.Random(len(plain))
    return Mined(tuple(windows), tuple(rng.sample(plain, min(_ORDINARY, len(plain)))))
