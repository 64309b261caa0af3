"""From which probability a sentence is a finding.

The embedded models' thresholds are chosen in `training/calibrate.py` and shipped in their `tclp.json`.
docs/decisions/0008-a-lone-sentence-must-be-surer.md says why there is more than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tclp_daemon.document import BlockKind

# Clauses have several sentences; a false alarm comes alone. Six sentences are about one clause.
_NEAR = 6
# Names, codes and figures, which sound like anything.
_SURER = frozenset({BlockKind.SIGNATURE, BlockKind.ADDRESS, BlockKind.LISTING})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Probabilities from which a sentence is a finding; none is lower than the one before.

    Attributes:
        usual: the least that it needs.
        lone: where no other such sentence is near it.
        sure: in a line of a signature block, an address, or a list of drawings, meters or prices.
    """

    usual: float
    lone: float
    sure: float

    @classmethod
    def of(cls, usual: float, lone: float | None = None, sure: float | None = None) -> Thresholds:
        """The three; one that is not known is the one before."""
        lone = max(usual, lone or usual)
        return cls(usual, lone, max(lone, sure or lone))


def choose_thresholds(configured: float | None, own: Thresholds) -> Thresholds:
    """The configured threshold, which is then the only one; else those of the model.

    Args:
        configured: `model.threshold`.
        own: what the model directory says.
    """
    return Thresholds.of(configured) if configured else own


def detected(kinds: Sequence[BlockKind], probabilities: Sequence[float], thresholds: Thresholds) -> list[int]:
    """Indices of the sentences that are findings, ascending.

    A sentence at or above the threshold is one if it reaches the threshold for lone sentences, or if another sentence
    near it is at or above the threshold too: hysteresis as in edge detection (Canny 1986), over the text.

    Args:
        kinds: of the block of each sentence.
        probabilities: one for each sentence, in text order.
        thresholds: see `Thresholds`.
    """
    hits = [
        i
        for i, (kind, p) in enumerate(zip(kinds, probabilities, strict=True))
        if p >= (thresholds.sure if kind in _SURER else thresholds.usual)
    ]
    return [
        i
        for at, i in enumerate(hits)
        if probabilities[i] >= thresholds.lone
        or (at > 0 and i - hits[at - 1] <= _NEAR)
        or (at + 1 < len(hits) and hits[at + 1] - i <= _NEAR)
    ]
