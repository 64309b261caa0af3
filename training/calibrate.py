"""Platt's calibration and the choice of the embedded model's thresholds, from scores of the held-out part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tclp_daemon.analysis.evaluation import expected_calibration_error
from training.corpus import Example

# The share of the held-out hard sentences of label 0 that may raise an alarm. They are far more tempting than those of
# a contract. The first was weighed against recall on the measuring data: a stricter one misses clauses, a laxer one
# raises alarms. The second holds for a sentence that stands alone, so that a contract without such language has none.
HARD_FALSE_ALARMS = 0.018
HARD_FALSE_ALARMS_ALONE = 0.01


@dataclass(frozen=True, slots=True)
class Calibration:
    """p = sigmoid(scale * logit + shift), and the probabilities that make a finding.

    Attributes:
        scale: factor of the logit.
        shift: added to it.
        threshold: the probability from which a sentence is a finding.
        lone_threshold: the same for a sentence that stands alone.
        error: expected calibration error on the held-out part.
    """

    scale: float
    shift: float
    threshold: float
    lone_threshold: float
    error: float


def platt(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """(scale, shift) that fit best, on smoothed targets: Newton's method with backtracking (Lin, Lin, Weng 2007).

    Args:
        logits: one for each sentence.
        labels: 0 or 1 for each.
    """
    positives, negatives = labels.sum(), (1 - labels).sum()
    targets = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.stack([logits, np.ones_like(logits)], axis=1)

    def loss(at: np.ndarray) -> float:
        z = design @ at
        return float(np.sum(np.logaddexp(0, z) - targets * z))

    best = np.array([1.0, 0.0])
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(design @ best, -60, 60)))
        gradient = design.T @ (p - targets)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-10 and loss(best - size * step) > loss(best) - 1e-4 * size * float(gradient @ step):
            size /= 2
        best = best - size * step
        if np.abs(size * step).max() < 1e-9:
            break
    return float(best[0]), float(best[1])


def calibrate(logits: np.ndarray, examples: list[Example]) -> Calibration:
    """Calibrates and chooses the thresholds.

    Args:
        logits: of the held-out sentences, not calibrated.
        examples: the held-out sentences.
    """
    labels = np.array([e.label for e in examples])
    scale, shift = platt(logits, labels)
    p = 1 / (1 + np.exp(-(scale * logits + shift)))
    hard = np.sort(p[[e.label == 0 and e.hard for e in examples]])[::-1]
    error = expected_calibration_error(labels.tolist(), p.tolist())
    return Calibration(
        round(scale, 4),
        round(shift, 4),
        choose_threshold(hard, HARD_FALSE_ALARMS),
        choose_threshold(hard, HARD_FALSE_ALARMS_ALONE),
        round(error, 4),
    )


def choose_threshold(descending: np.ndarray, share: float) -> float:
    """The lowest probability, in hundredths, that no more than that share of the probabilities reaches.

    Args:
        descending: probabilities, the highest first.
        share: from 0 to 1.
    """
    return float(np.floor(descending[int(share * len(descending))] * 100 + 1) / 100)
