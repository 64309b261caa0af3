"""Which sentences become findings, and the verdict that follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tclp_daemon.analysis.findings import corroborated, verdict_of
from tclp_daemon.config import Verdict

PROBABILITIES = st.lists(st.floats(0, 1), max_size=40)


@pytest.mark.parametrize(
    ("probabilities", "found"),
    [
        ([], []),
        ([0.1, 0.85, 0.1], []),
        ([0.1, 0.95, 0.1], [1]),
        ([0.85, 0.0, 0.0, 0.85], [0, 3]),
        ([0.85] + [0.0] * 6 + [0.85], []),
        ([0.85] + [0.0] * 5 + [0.95], [0, 6]),
        ([0.95] + [0.0] * 6 + [0.85], [0]),
    ],
)
def test_a_lone_sentence_must_be_surer(probabilities: list[float], found: list[int]) -> None:
    assert corroborated(probabilities, 0.8, 0.9) == found


@given(PROBABILITIES)
def test_one_threshold_when_both_are_equal(probabilities: list[float]) -> None:
    assert corroborated(probabilities, 0.7, 0.7) == [i for i, p in enumerate(probabilities) if p >= 0.7]


@given(PROBABILITIES, st.integers(0, 39), st.floats(0, 1))
def test_a_surer_sentence_takes_away_no_finding(probabilities: list[float], index: int, p: float) -> None:
    if index < len(probabilities):
        raised = [*probabilities]
        raised[index] = max(raised[index], p)
        assert set(corroborated(probabilities, 0.6, 0.9)) <= set(corroborated(raised, 0.6, 0.9))


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [(0, "unlikely"), (1, "possible"), (2, "possible"), (3, "likely"), (6, "likely"), (7, "very likely")],
)
def test_the_four_labels(findings: int, verdict: str) -> None:
    assert verdict_of(findings, Verdict()) == verdict
