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
        lone: where no other such sentence is near it; of several, one needs it.
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

    Sentences at or above the threshold that are near one another are findings if one of them reaches the threshold for
    lone sentences: hysteresis as in edge detection (Canny 1986), over the text.

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
    groups: list[list[int]] = []
    for i in hits:
        if groups and i - groups[-1][-1] <= _NEAR:
            groups[-1].append(i)
        else:
            groups.append([i])
    return [i for group in groups if max(probabilities[i] for i in group) >= thresholds.lone for i in group]
