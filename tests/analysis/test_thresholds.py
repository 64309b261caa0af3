"""Which thresholds hold, and which sentences become findings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tclp_daemon.analysis.model_folder import Extras
from tclp_daemon.analysis.thresholds import choose_thresholds, corroborated
from tclp_daemon.config import Model

PROBABILITIES = st.lists(st.floats(0, 1), max_size=40)


@pytest.mark.parametrize(
    ("configured", "threshold", "lone_threshold", "chosen"),
    [
        (None, 0.8, 0.9, (0.8, 0.9)),
        (None, 0.8, None, (0.8, 0.8)),
        (None, 0.8, 0.5, (0.8, 0.8)),
        (0.3, 0.8, 0.9, (0.3, 0.3)),
    ],
)
def test_a_configured_threshold_is_the_only_one(
    configured: float | None, threshold: float, lone_threshold: float | None, chosen: tuple[float, float]
) -> None:
    extras = Extras(threshold=threshold, lone_threshold=lone_threshold)
    assert choose_thresholds(Model(threshold=configured), extras) == chosen


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
