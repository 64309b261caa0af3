"""The verdict that follows from the number of findings."""

from __future__ import annotations

import pytest

from tclp_daemon.analysis.verdict import verdict_of
from tclp_daemon.config import VerdictSteps


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [(0, "unlikely"), (1, "possible"), (2, "possible"), (3, "likely"), (6, "likely"), (7, "very likely")],
)
def test_the_four_verdicts(findings: int, verdict: str) -> None:
    assert verdict_of(findings, VerdictSteps()) == verdict
