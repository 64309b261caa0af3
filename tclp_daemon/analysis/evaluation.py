"""Metrics of a detector on labelled sentences, contracts and whole documents. Pure Python: no model, no numpy."""

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


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer on one labelled sentence of a document.

    Attributes:
        label: 1 for climate language, else 0.
        borderline: whether one may see it differently.
        score: the higher, the surer the detector is.
        found: whether it is a finding.
    """

    label: int
    borderline: bool
    score: float
    found: bool


@dataclass(frozen=True, slots=True)
class JudgedDocument:
    """The answers on one document.

    Attributes:
        judged: its labelled sentences.
        unlabelled: for each other sentence, whether it is a finding.
        has_climate: whether a label says climate language beyond doubt.
        flagged: whether the verdict is another one than "unlikely".
    """

    judged: tuple[Judged, ...]
    unlabelled: tuple[bool, ...]
    has_climate: bool
    flagged: bool

    @property
    def right(self) -> bool:
        """Whether the verdict is."""
        return self.flagged == self.has_climate


@dataclass(frozen=True, slots=True)
class DocumentFigures:
    """How good a detector is on whole documents.

    Attributes:
        labelled: of the labelled sentences.
        all: of all sentences; those without a label count as label 0.
        clean: of all sentences in documents without climate language.
        precision_at_80, precision_at_90: at thresholds that find that share of the climate language, in per cent; None
            without any.
    """

    labelled: Confusion
    all: Confusion
    clean: Confusion
    precision_at_80: float | None
    precision_at_90: float | None

    @classmethod
    def of(cls, documents: Sequence[JudgedDocument], *, borderline: bool) -> DocumentFigures:
        """The figures of some documents.

        Args:
            documents: any number.
            borderline: whether borderline sentences are among them.
        """
        judged = _kept(documents, borderline)
        labels, scores = [each.label for each in judged], [each.score for each in judged]
        return cls(
            Confusion.of(labels, [each.found for each in judged]),
            _of_all(documents, borderline),
            _of_all([document for document in documents if not document.has_climate], borderline),
            precision_at_recall(labels, scores, 0.8),
            precision_at_recall(labels, scores, 0.9),
        )


def _kept(documents: Sequence[JudgedDocument], borderline: bool) -> list[Judged]:
    return [each for document in documents for each in document.judged if borderline or not each.borderline]


def _of_all(documents: Sequence[JudgedDocument], borderline: bool) -> Confusion:
    answers = [(each.label, each.found) for each in _kept(documents, borderline)]
    answers += [(0, found) for document in documents for found in document.unlabelled]
    return Confusion.of([label for label, _ in answers], [found for _, found in answers])


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


def precision_at_recall(labels: Sequence[int], scores: Sequence[float], recall: float) -> float | None:
    """The best precision among thresholds that reach a recall; None without positives.

    Args:
        labels, scores: one each.
        recall: from 0 to 1.
    """
    return max((p for r, p in precision_recall_curve(labels, scores) if r >= recall), default=None)


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
