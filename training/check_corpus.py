"""`python -m training.check_corpus [--fix]`: what is in the corpus, and whether it is large and varied enough."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from training.corpus import CORPUS, Example, guide_topics, load_corpus, near_duplicates

MIN_CLIMATE, MIN_OTHER, MIN_HARD = 1500, 3000, 1200
MIN_TOPIC = 60
SAME_TEXT = 0.9
SHAPES = {
    "operative", "listitem", "definition", "recital", "heading", "schedule", "table", "bracket", "questionnaire",
    "note", "terms", "fragment",
}  # fmt: skip
STYLES = {"UK", "US", "EU", "INT"}


def problems(examples: list[Example]) -> list[str]:
    """What is wrong with the corpus, in sentences; empty if nothing is."""
    found = []
    climate = sum(e.label for e in examples)
    hard = sum(e.hard for e in examples)
    for have, need, what in (
        (climate, MIN_CLIMATE, "climate"),
        (len(examples) - climate, MIN_OTHER, "other"),
        (hard, MIN_HARD, "hard"),
    ):
        if have < need:
            found.append(f"{have} {what} sentences; at least {need} are needed.")
    topics = Counter(topic for e in examples for topic in e.topics)
    known = guide_topics()
    found += [f"Topic {topic!r} is not in the guide." for topic in topics if topic not in known]
    found += [
        f"Topic {t!r} has {topics[t]} sentences; at least {MIN_TOPIC} are needed."
        for t in known
        if topics[t] < MIN_TOPIC
    ]
    found += [f"Shape {s!r} is unknown." for s in sorted({e.shape for e in examples} - SHAPES)]
    found += [f"Style {s!r} is unknown." for s in sorted({e.style for e in examples} - STYLES)]
    for label in (0, 1):
        missing = SHAPES - {e.shape for e in examples if e.label == label}
        found += [f"No sentence of label {label} has the shape {s!r}." for s in sorted(missing)]
    return found


def duplicates(examples: list[Example]) -> list[tuple[int, int, float]]:
    """Pairs of near-duplicates, across files.

    With different labels only those that hardly differ: the others are contrast pairs (Gardner et al. 2020, "Evaluating
    models' local decision boundaries via contrast sets"), which teach that the subject decides and not the frame.
    """
    return [
        (earlier, later, similarity)
        for earlier, later, similarity in near_duplicates(e.text for e in examples)
        if examples[earlier].label == examples[later].label or similarity >= SAME_TEXT
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fix", action="store_true", help="delete the later of each pair of near-duplicates")
    options = parser.parse_args()
    examples = load_corpus()
    for name in ("source", "label", "hard", "shape", "style"):
        counts = Counter((e.label, getattr(e, name)) for e in examples)
        print(f"{name:7}", ", ".join(f"{label}/{value}: {n}" for (label, value), n in sorted(counts.items(), key=str)))
    print("topics ", ", ".join(f"{t}: {n}" for t, n in Counter(t for e in examples for t in e.topics).most_common()))
    pairs = duplicates(examples)
    for earlier, later, similarity in pairs:
        first, second = examples[earlier], examples[later]
        mark = "  DIFFERENT LABELS" if first.label != second.label else ""
        print(f"{similarity:.2f}{mark}\n  {first.source}: {first.text}\n  {second.source}: {second.text}")
    if options.fix:
        _delete({(examples[later].source, examples[later].text) for _, later, _ in pairs})
        return 0
    wrong = problems(examples) + ([f"{len(pairs)} pairs of near-duplicates."] if pairs else [])
    print("\n".join(wrong) or f"{len(examples)} sentences, no problems.")
    return 1 if wrong else 0


def _delete(doomed: set[tuple[str, str]]) -> None:
    for path in sorted(Path(CORPUS).glob("*.jsonl")):
        lines = path.read_text("utf-8").splitlines()
        seen: set[str] = set()
        kept = []
        for line in lines:
            text = json.loads(line)["text"]
            # Of two equal lines in a file, the first stays.
            if text in seen or ((path.stem, text) in doomed and not _twice(text, lines)):
                continue
            seen.add(text)
            kept.append(line)
        if len(kept) < len(lines):
            path.write_text("\n".join(kept) + "\n", "utf-8")
            print(f"{path.name}: {len(lines) - len(kept)} deleted")


def _twice(text: str, lines: list[str]) -> bool:
    return sum(json.loads(line)["text"] == text for line in lines) > 1


if __name__ == "__main__":
    sys.exit(main())
