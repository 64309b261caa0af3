"""Reads the passages of the corpus."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from training.corpus import CORPUS, normalise

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
    def is_raw(self) -> bool:
        """Whether it was written as text stands in filings, with all that extraction leaves around it."""
        return self.source.startswith("raw")

    @property
    def held_out(self) -> bool:
        """Whether training must not see it; the text of its first sentence alone decides."""
        digest = hashlib.sha256(normalise(self.sentences[0].text).encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32 < HELD_OUT


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
