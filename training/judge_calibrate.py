"""Calibration and thresholds of the judge, from what training did not see.

A logistic regression weighs the log-odds of both models. It is fair to the classifier because the candidates of the
real contracts were chosen by an earlier one, and this one has learnt from those of other contracts.

Held out are the passages that stand as in filings, and whole real contracts, in which climate language is rare: every
candidate in them counts, so that a probability means in a contract what it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.evaluation import average_precision, expected_calibration_error
from training.judge import JudgeNetwork, answers, encoded
from training.mining import Mined
from training.passages import Line, load_passages
from training.windows import Window, WindowMaker

# What the classifier thinks less probable is read only for the name of a scheme or a telling term (see gate.py). Of 79
# plain climate sentences in real contracts, 78 pass; with 0.3, 77 do.
GATE = 0.2
# A finding is more probable than not. One that stands alone, or in a list of names and figures, must be surer.
THRESHOLD, ALONE, SURE = 0.5, 0.9, 0.98
# What the classifier is surer of is decided without the judge.
LEAST = 0.02


def calibrate(
    network: JudgeNetwork, tokenizer: Any, classifier: Classifier, held_out: Sequence[Mined], known: Sequence[str]
) -> dict[str, Any]:
    """The keys of `tclp.json` that follow from held-out data: the weights of both models, and thresholds.

    Args:
        network: the judge.
        tokenizer: the base's.
        classifier: the one that it goes with.
        held_out: real contracts that training did not see; none weigh the tempting passages alone.
        known: sentences that each worker asks about.
    """
    maker = WindowMaker(7, [], [], [], None)
    windows = [window for p in load_passages() if p.held_out and p.is_raw for window in maker.of_passage(p)]
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
    both = np.column_stack([margins, logits])
    regression = LogisticRegression(C=1000).fit(both[asked], labels[asked])
    (scale, weight), shift = regression.coef_[0], regression.intercept_[0]
    p = regression.predict_proba(both)[:, 1]
    error = expected_calibration_error(labels[asked].tolist(), p[asked].tolist())
    print(f"{labels.sum()} of {len(lines)} held-out sentences are climate language; calibration error {error:.4f}")
    for name, scores in (("both models", p), ("the classifier", probabilities)):
        print(f"average precision of {name}: {average_precision(labels.tolist(), scores.tolist()):.4f}")
    print(f"almost certain: {labels[p >= SURE].sum()} of {(p >= SURE).sum()} are climate language")
    answered = answers(network, tokenizer, [Window("", (Line(text, None),)) for text in known])
    return {
        "gate": GATE, "threshold": THRESHOLD, "lone_threshold": ALONE, "sure_threshold": SURE,
        "scale": round(float(scale), 4), "classifier_weight": round(float(weight), 4), "shift": round(float(shift), 4),
        "topic_threshold": 0.3,
        "known_answers": {
            text: round(float(1 / (1 + np.exp(-margin[0]))), 4)
            for text, (margin, _) in zip(known, answered, strict=True)
        },
    }  # fmt: skip
