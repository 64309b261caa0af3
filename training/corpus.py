"""Reads the corpus, splits it, and finds near-duplicates in it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
GUIDE = Path(__file__).parent / "GUIDE.md"
HELD_OUT = 0.15


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence of the corpus."""

    text: str
    label: int
    topics: tuple[str, ...]
    contract_type: str
    style: str
    shape: str
    hard: bool
    source: str

    @property
    def held_out(self) -> bool:
        """Whether training must not see it. The text alone decides, so a new sentence does not move an old one."""
        digest = hashlib.sha256(normalise(self.text).encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32 < HELD_OUT


def normalise(text: str) -> str:
    """Letters and digits in lower case, single spaces."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def load_corpus(folder: Path = CORPUS) -> list[Example]:
    """All examples, in the order of file names and lines.

    Raises:
        ValueError: a line is not an example; the message says which.
    """
    examples = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                example = Example(
                    text=row["text"],
                    label=row["label"],
                    topics=tuple(row["topics"]),
                    contract_type=row["contract_type"],
                    style=row["style"],
                    shape=row["shape"],
                    hard=row["hard"],
                    source=path.stem,
                )
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path.name}, line {number}: {error}") from error
            if example.label not in (0, 1) or not example.text.strip() or bool(example.topics) != (example.label == 1):
                raise ValueError(f"{path.name}, line {number}: label, text and topics do not go together")
            examples.append(example)
    return examples


def load_labelled(path: Path) -> tuple[list[str], list[int]]:
    """Texts and labels of a JSON-lines file; lines whose label is null are left out.

    Args:
        path: lines of `{"text": …, "label": 0, 1 or null}`.
    """
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    rows = [row for row in rows if row["label"] is not None]
    return [row["text"] for row in rows], [row["label"] for row in rows]


def guide_topics() -> list[str]:
    """The topics of the labelling guide, in its order."""
    return re.findall(r"^\| `(\w+)` \|", GUIDE.read_text("utf-8"), re.M)


def _shingles(text: str, size: int = 5) -> set[int]:
    padded = f" {normalise(text)} "
    return {hash(padded[i : i + size]) for i in range(max(1, len(padded) - size + 1))}


def near_duplicates(texts: Iterable[str], limit: float = 0.7) -> Iterator[tuple[int, int, float]]:
    """Pairs (earlier, later, Jaccard similarity of character 5-grams) at or above the limit.

    Candidates share one of the rarest shingles (prefix filtering: Bayardo, Ma, Srikant 2007, "Scaling up all pairs
    similarity search"), so no pair above the limit is missed.
    """
    sets = [_shingles(text) for text in texts]
    frequency: dict[int, int] = {}
    for shingles in sets:
        for shingle in shingles:
            frequency[shingle] = frequency.get(shingle, 0) + 1
    index: dict[int, list[int]] = {}
    for later, shingles in enumerate(sets):
        ordered = sorted(shingles, key=lambda s: (frequency[s], s))
        prefix = ordered[: len(ordered) - int(limit * len(ordered) + 0.999) + 1]
        seen = set()
        for shingle in prefix:
            seen.update(index.get(shingle, ()))
            index.setdefault(shingle, []).append(later)
        for earlier in sorted(seen):
            other = sets[earlier]
            common = len(shingles & other)
            similarity = common / (len(shingles) + len(other) - common)
            if similarity >= limit:
                yield earlier, later, similarity
