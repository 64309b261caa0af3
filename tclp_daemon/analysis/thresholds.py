"""From which probability a sentence is a finding.

The embedded model's two thresholds are chosen in `training/calibrate.py` and shipped in its `tclp.json`.
docs/decisions/0008-a-lone-sentence-must-be-surer.md says why there are two.
"""

from __future__ import annotations

from collections.abc import Sequence

from tclp_daemon.analysis.model_folder import Extras
from tclp_daemon.config import Model

# Clauses have several sentences; a false alarm comes alone. Six sentences are about one clause.
_NEAR = 6


def choose_thresholds(settings: Model, extras: Extras) -> tuple[float, float]:
    """The threshold of the configuration, or else that of the model directory; and the one for lone sentences.

    Args:
        settings: the model section of the configuration. A threshold set there is the only one: it holds for lone
            sentences as well.
        extras: what the model directory says.

    Returns:
        (threshold, threshold for a sentence that has no other such sentence near it); the second is never the lower.
    """
    if settings.threshold:
        return settings.threshold, settings.threshold
    return extras.threshold, max(extras.threshold, extras.lone_threshold or extras.threshold)


def corroborated(probabilities: Sequence[float], threshold: float, lone_threshold: float) -> list[int]:
    """Indices of the sentences that are findings, ascending.

    A sentence at or above the threshold is one if it reaches the threshold for lone sentences, or if another sentence
    near it is at or above the threshold too: hysteresis as in edge detection (Canny 1986), over the text.

    Args:
        probabilities: one for each sentence, in text order.
        threshold: the probability that a finding needs at least.
        lone_threshold: the same without another such sentence near it.
    """
    hits = [i for i, p in enumerate(probabilities) if p >= threshold]
    return [
        i
        for at, i in enumerate(hits)
        if probabilities[i] >= lone_threshold
        or (at > 0 and i - hits[at - 1] <= _NEAR)
        or (at + 1 < len(hits) and hits[at + 1] - i <= _NEAR)
    ]
