"""Weights of both models, calibration and thresholds of the judge, from what training did not see.

Held out are passages of the corpus, and whole real contracts, in which climate language is rare: every candidate in
them counts, so that a probability means in a contract what it says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tclp_daemon.analysis.evaluation import expected_calibration_error

# A sentence that stands alone must be so much more probable (log-odds) than one among others.
ALONE = 0.85
# "almost certain": at least 98 of 100.
SURE = 0.98
_RIDGE = 1e-2


@dataclass(frozen=True, slots=True)
class Stacked:
    """p = sigmoid(scale * margin + classifier_weight * logit + shift).

    Attributes:
        scale: of the judge's margin.
        classifier_weight: of the classifier's log-odds.
        shift: added.
        error: expected calibration error on the data it was fitted to.
    """

    scale: float
    classifier_weight: float
    shift: float
    error: float

    def probabilities(self, margins: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """The probability of each sentence."""
        z = self.scale * margins + self.classifier_weight * logits + self.shift
        return 1 / (1 + np.exp(-np.clip(z, -60, 60)))


def stack(margins: np.ndarray, logits: np.ndarray, labels: np.ndarray) -> Stacked:
    """Logistic regression on both models' log-odds (Wolpert 1992, "Stacked generalization"), by Newton's method.

    Args:
        margins: the judge's, one for each sentence.
        logits: the classifier's log-odds.
        labels: 0 or 1 for each.
    """
    design = np.stack([margins, logits, np.ones_like(margins)], axis=1)
    ridge = _RIDGE * np.diag([1.0, 1.0, 0.0])
    best = np.array([1.0, 0.0, 0.0])
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(design @ best, -60, 60)))
        gradient = design.T @ (p - labels) + ridge @ best
        hessian = (design * (p * (1 - p))[:, None]).T @ design + ridge + 1e-9 * np.eye(3)
        step = np.linalg.solve(hessian, gradient)
        best = best - step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:
            break
    if best[1] < 0:
        # The classifier adds nothing.
        return stack(margins, np.zeros_like(logits), labels)
    found = Stacked(*(round(float(x), 4) for x in best), error=0.0)
    error = expected_calibration_error(labels.tolist(), found.probabilities(margins, logits).tolist())
    return Stacked(found.scale, found.classifier_weight, found.shift, round(error, 4))
