"""Platt's calibration and the threshold, from scores of the held-out part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tclp_daemon.evaluation import expected_calibration_error
from training.corpus import Example

# Of the held-out sentences of label 0, those marked hard are far more tempting than a contract's: about one
# sentence in fifty of an ordinary contract is of their kind. A false alarm in 100 of them is 0.2 in 1,000 overall.
HARD_FALSE_ALARMS = 0.01


@dataclass(frozen=True, slots=True)
class Calibration:
    """p = sigmoid(scale * logit + shift); a finding from `threshold` on."""

    scale: float
    shift: float
    threshold: float
    error: float


def platt(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Scale and shift by Newton's method on smoothed targets (Platt 1999; Lin, Lin, Weng 2007)."""
    positives, negatives = labels.sum(), (1 - labels).sum()
    targets = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    scale, shift = 1.0, 0.0
    for _ in range(100):
        p = 1 / (1 + np.exp(-(scale * logits + shift)))
        gradient = np.array([np.sum((p - targets) * logits), np.sum(p - targets)])
        weights = p * (1 - p)
        hessian = np.array(
            [
                [np.sum(weights * logits**2) + 1e-6, np.sum(weights * logits)],
                [np.sum(weights * logits), np.sum(weights) + 1e-6],
            ]
        )
        step = np.linalg.solve(hessian, gradient)
        scale, shift = scale - step[0], shift - step[1]
        if np.abs(step).max() < 1e-9:
            break
    return float(scale), float(shift)


def calibrate(logits: np.ndarray, examples: list[Example]) -> Calibration:
    """Calibrates and chooses the threshold."""
    labels = np.array([e.label for e in examples])
    scale, shift = platt(logits, labels)
    p = 1 / (1 + np.exp(-(scale * logits + shift)))
    hard = np.sort(p[[e.label == 0 and e.hard for e in examples]])[::-1]
    threshold = float(np.clip(hard[int(HARD_FALSE_ALARMS * len(hard))] + 0.01, 0.5, 0.95))
    error = expected_calibration_error(labels.tolist(), p.tolist())
    return Calibration(round(scale, 4), round(shift, 4), round(threshold, 3), round(error, 4))
