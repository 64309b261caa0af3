"""Calibration and thresholds of the judge, from what training did not see.

The log-odds of both models are added up, with equal weights. Weights that a regression finds would be wrong: the
contracts' candidates were chosen by the classifier, so that on them, and on nothing else, it is mostly wrong.

Held out are passages of the corpus, and whole real contracts, in which climate language is rare: every candidate in
them counts, so that a probability means in a contract what it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.evaluation import expected_calibration_error
from training.calibrate import platt
from training.judge import JudgeNetwork, answers, encoded
from training.mining import GATE, Mined
from training.passages import Line, load_passages
from training.windows import Window, WindowMaker

# A finding is more probable than not. One that stands alone, or in a list of names and figures, must be surer.
THRESHOLD, ALONE, SURE = 0.5, 0.8, 0.98
# What the classifier is surer of is decided without the judge.
LEAST = 0.02


def calibrate(
    network: JudgeNetwork, tokenizer: Any, classifier: Classifier, held_out: Sequence[Mined], known: Sequence[str]
) -> dict[str, Any]:
    """The keys of `tclp.json` that follow from held-out data: Platt's calibration of the sum, and thresholds.

    Args:
        network: the judge.
        tokenizer: the base's.
        classifier: the one that it goes with.
        held_out: real contracts that training did not see; none weigh the tempting passages alone.
        known: sentences that each worker asks about.
    """
    maker = WindowMaker(7, [], [], [], None)
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
    asked = probabilities >= LEAST
    scale, shift = platt(np.array(margins)[asked] + logits[asked], labels[asked])
    p = 1 / (1 + np.exp(-scale * (np.array(margins) + logits) - shift))
    error = expected_calibration_error(labels[asked].tolist(), p[asked].tolist())
    print(f"{labels.sum()} of {len(lines)} held-out sentences are climate language; calibration error {error:.4f}")
    answered = answers(network, tokenizer, [Window("", (Line(text, None),)) for text in known])
    return {
        "gate": GATE, "threshold": THRESHOLD, "lone_threshold": ALONE, "sure_threshold": SURE,
        "scale": round(scale, 4), "classifier_weight": round(scale, 4), "shift": round(shift, 4),
        "topic_threshold": 0.3,
        "known_answers": {
            text: round(float(1 / (1 + np.exp(-margin[0]))), 4)
            for text, (margin, _) in zip(known, answered, strict=True)
        },
    }  # fmt: skip
