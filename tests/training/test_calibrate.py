"""Calibration on logits whose truth is known."""

from __future__ import annotations

import numpy as np

from training.calibrate import calibrate
from training.corpus import load_corpus


def test_probabilities_mean_what_they_say_and_the_lone_threshold_is_the_higher() -> None:
    examples = load_corpus()[:4000] + load_corpus()[-3000:]
    labels = np.array([e.label for e in examples])
    rng = np.random.default_rng(7)
    # Over-confident on purpose: twice the logit that the truth was drawn with.
    logits = 2 * (4 * labels - 2 + rng.normal(size=len(labels)) * 2)
    found = calibrate(logits, examples)
    assert found.error <= 0.03
    assert 0 < found.threshold <= found.lone_threshold < 1
    assert 0.3 < found.scale < 0.7
