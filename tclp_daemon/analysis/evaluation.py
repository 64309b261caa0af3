"""Metrics of a detector on labelled sentences and labelled contracts. Pure Python: no model, no numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Confusion:
    """What was found and what was not."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @classmethod
    def of(cls, labels: Sequence[int], answers: Sequence[bool]) -> Confusion:
        """Counts answers against labels (0 or 1), one each."""
        pairs = [(bool(label), bool(answer)) for label, answer in zip(labels, answers, strict=True)]
        return cls(
            pairs.count((True, True)),
            pairs.count((False, True)),
            pairs.count((True, False)),
            pairs.count((False, False)),
        )

    @property
    def total(self) -> int:
        """All that was judged."""
        return self.true_positives + self.false_positives + self.false_negatives + self.true_negatives

    @property
    def accuracy(self) -> float | None:
        """The share judged correctly; None where nothing was judged."""
        return _ratio(self.true_positives + self.true_negatives, self.total)

    @property
    def precision(self) -> float | None:
        """The share of alarms that are right; None without an alarm."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float | None:
        """The share of positives found; None without positives."""
        return _ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall; None where neither alarm nor positive exists."""
        return _ratio(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)

    @property
    def false_alarms_per_1000(self) -> float | None:
        """False alarms among 1,000 negatives; None without negatives."""
        negatives = self.false_positives + self.true_negatives
        return _ratio(1000 * self.false_positives, negatives)


def average_precision(labels: Sequence[int], scores: Sequence[float]) -> float | None:
    """The area under the precision-recall curve as a step function: sum of precision x gain in recall.

    Equal scores form one step, as in scikit-learn's `average_precision_score`. None without positives.
    """
    area = 0.0
    before = 0
    for found, alarms in _steps(labels, scores):
        area += (found - before) * found / alarms
        before = found
    return area / before if before else None


def precision_recall_curve(labels: Sequence[int], scores: Sequence[float]) -> list[tuple[float, float]]:
    """(recall, precision) at each distinct score, from the highest score down; empty without positives."""
    positives = sum(labels)
    if not positives:
        return []
    return [(found / positives, found / alarms) for found, alarms in _steps(labels, scores)]


def reliability(
    labels: Sequence[int], probabilities: Sequence[float], bins: int = 10
) -> list[tuple[float, float, int]]:
    """For each bin of equal width that is not empty: (mean probability, share of positives, number)."""
    members: list[list[tuple[float, int]]] = [[] for _ in range(bins)]
    for label, p in zip(labels, probabilities, strict=True):
        members[min(bins - 1, int(p * bins))].append((p, label))
    return [
        (sum(p for p, _ in group) / len(group), sum(label for _, label in group) / len(group), len(group))
        for group in members
        if group
    ]


def expected_calibration_error(labels: Sequence[int], probabilities: Sequence[float], bins: int = 10) -> float:
    """Mean gap between probability and share of positives over bins, weighted by size (Guo et al. 2017)."""
    if not labels:
        return 0.0
    return sum(n * abs(p - share) for p, share, n in reliability(labels, probabilities, bins)) / len(labels)


def _steps(labels: Sequence[int], scores: Sequence[float]) -> list[tuple[int, int]]:
    """(positives found, alarms raised) after each distinct score, from the highest down."""
    ordered = sorted(zip(scores, labels, strict=True), reverse=True)
    steps = []
    found = 0
    for index, (score, label) in enumerate(ordered):
        found += label
        if index + 1 == len(ordered) or ordered[index + 1][0] != score:
            steps.append((found, index + 1))
    return steps


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
