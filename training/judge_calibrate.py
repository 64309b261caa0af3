"""Weights of both models, calibration and thresholds of the judge, from what training did not see.

Held out are passages of the corpus, and whole real contracts, in which climate language is rare: every candidate in
them counts, so that a probability means in a contract what it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.evaluation import expected_calibration_error
from training.judge import JudgeNetwork, answers, encoded
from training.mining import GATE, Mined
from training.passages import Line, load_passages
from training.windows import Window, WindowMaker

# A finding is more probable than not. One that stands alone, or in a list of names and figures, must be surer.
THRESHOLD, ALONE, SURE = 0.5, 0.7, 0.98
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


def calibrate(
    network: JudgeNetwork, tokenizer: Any, classifier: Classifier, held_out: Sequence[Mined], known: Sequence[str]
) -> dict[str, Any]:
    """The keys of `tclp.json` that follow from held-out data.

    Args:
        network: the judge.
        tokenizer: the base's.
        classifier: the one that it goes with.
        held_out: real contracts that training did not see; none weigh the tempting passages alone.
        known: sentences that each worker asks about.
    """
    maker = WindowMaker(7, [], [], None)
    windows = [window for p in load_passages() if p.held_out for window in maker.of_passage(p)]
    windows += [window for each in held_out for window in each.windows]
    lines, margins = [], []
    for window, (found, _) in zip(windows, answers(network, tokenizer, windows), strict=True):
        for line, margin in zip(encoded(tokenizer, window)[2], found, strict=True):
            if line.label is not None:
                lines.append(line)
                margins.append(float(margin))
    probabilities = np.clip(classifier.probabilities([line.text for line in lines]), 1e-6, 1 - 1e-6)
    logits = np.log(probabilities / (1 - probabilities))
    labels = np.array([line.label for line in lines])
    stacked = stack(np.array(margins), logits, labels)
    print(f"{len(lines)} held-out sentences, {labels.sum()} of them climate language: {stacked}", flush=True)
    answered = answers(network, tokenizer, [Window("", (Line(text, None),)) for text in known])
    return {
        "gate": GATE, "threshold": THRESHOLD, "lone_threshold": ALONE, "sure_threshold": SURE,
        "scale": stacked.scale, "classifier_weight": stacked.classifier_weight, "shift": stacked.shift,
        "topic_threshold": 0.3,
        "known_answers": {
            text: round(float(1 / (1 + np.exp(-margin[0]))), 4)
            for text, (margin, _) in zip(known, answered, strict=True)
        },
    }  # fmt: skip
