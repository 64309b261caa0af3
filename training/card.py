"""`python -m training.card [LABELLED.jsonl ...]`: the pictures and figures of the model card, for the shipped model.

Draws reliability and precision-recall on the held-out part of the corpus, and precision-recall on each file named.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.evaluation import (
    Confusion,
    average_precision,
    expected_calibration_error,
    precision_recall_curve,
    reliability,
)
from tclp_daemon.analysis.model_folder import EMBEDDED_MODEL
from tclp_daemon.config import Model
from training.corpus import load_corpus, load_labelled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args()
    classifier = Classifier.load(Model())
    held_out = [e for e in load_corpus() if e.held_out]
    sets = {"held-out corpus": ([e.text for e in held_out], [e.label for e in held_out])}
    for path in options.files:
        sets[path.stem] = load_labelled(path)
    curves = {}
    for name, (texts, labels) in sets.items():
        probabilities = classifier.probabilities(texts)
        curves[name] = (labels, probabilities)
        found = Confusion.of(labels, [p >= classifier.thresholds.usual for p in probabilities])
        error = expected_calibration_error(labels, probabilities)
        print(name, found, found.precision, found.recall, found.f1, average_precision(labels, probabilities), error)
    names = classifier.topics([e.text for e in held_out if e.label])
    truth = [e.topics for e in held_out if e.label]
    first = sum(n[0] in t for n, t in zip(names, truth, strict=True)) / len(truth)
    print(f"topics: in {first:.1%} the first one named is among those labelled")
    _reliability(*curves["held-out corpus"])
    _precision_recall({name: c for name, c in curves.items() if sum(c[0])})


def _reliability(labels: list[int], probabilities: list[float]) -> None:
    bins = reliability(labels, probabilities)
    figure, axes = plt.subplots(figsize=(4, 4), dpi=80)
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.plot([p for p, _, _ in bins], [share for _, share, _ in bins], "o-", color="#1b6e53")
    for p, share, number in bins:
        axes.annotate(str(number), (p, share), textcoords="offset points", xytext=(5, -10), fontsize=7)
    axes.set(xlabel="probability", ylabel="share that is climate language", title="Reliability, held-out corpus")
    _write(figure, "reliability.png")


def _precision_recall(curves: dict[str, tuple[list[int], list[float]]]) -> None:
    figure, axes = plt.subplots(figsize=(4, 4), dpi=80)
    for name, (labels, probabilities) in curves.items():
        points = precision_recall_curve(labels, probabilities)
        axes.step([r for r, _ in points], [p for _, p in points], where="post", label=name)
    axes.set(xlabel="recall", ylabel="precision", title="Precision and recall", xlim=(0.5, 1.01), ylim=(0.5, 1.01))
    axes.legend(loc="lower left", fontsize=8)
    _write(figure, "precision-recall.png")


def _write(figure: plt.Figure, name: str) -> None:
    figure.tight_layout()
    figure.savefig(EMBEDDED_MODEL / name, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
