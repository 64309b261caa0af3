"""Which thresholds hold, and which sentences become findings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tclp_daemon.analysis.thresholds import Thresholds, choose_thresholds, detected
from tclp_daemon.document import BlockKind

PROBABILITIES = st.lists(st.floats(0, 1), max_size=40)


def found(probabilities: list[float], thresholds: Thresholds) -> list[int]:
    """What is detected where all sentences stand in paragraphs."""
    return detected([BlockKind.PARAGRAPH] * len(probabilities), probabilities, thresholds)


@pytest.mark.parametrize(
    ("configured", "own", "chosen"),
    [
        (None, (0.8, 0.9, 0.95), (0.8, 0.9, 0.95)),
        (None, (0.8, None, None), (0.8, 0.8, 0.8)),
        (None, (0.8, 0.5, None), (0.8, 0.8, 0.8)),
        (None, (0.8, 0.9, 0.5), (0.8, 0.9, 0.9)),
        (0.3, (0.8, 0.9, 0.95), (0.3, 0.3, 0.3)),
    ],
)
def test_a_configured_threshold_is_the_only_one(
    configured: float | None, own: tuple[float, float | None, float | None], chosen: tuple[float, float, float]
) -> None:
    assert choose_thresholds(configured, Thresholds.of(*own)) == Thresholds(*chosen)


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([], []),
        ([0.1, 0.85, 0.1], []),
        ([0.1, 0.95, 0.1], [1]),
        ([0.85, 0.0, 0.0, 0.85], []),
        ([0.85, 0.0, 0.0, 0.95, 0.85], [0, 3, 4]),
        ([0.85] + [0.0] * 5 + [0.85] + [0.0] * 5 + [0.95], [0, 6, 12]),
        ([0.85] + [0.0] * 6 + [0.85], []),
        ([0.85] + [0.0] * 5 + [0.95], [0, 6]),
        ([0.95] + [0.0] * 6 + [0.85], [0]),
    ],
)
def test_a_lone_sentence_must_be_surer(probabilities: list[float], expected: list[int]) -> None:
    assert found(probabilities, Thresholds.of(0.8, 0.9)) == expected


@given(PROBABILITIES)
def test_one_threshold_when_both_are_equal(probabilities: list[float]) -> None:
    assert found(probabilities, Thresholds.of(0.7)) == [i for i, p in enumerate(probabilities) if p >= 0.7]


@given(PROBABILITIES, st.integers(0, 39), st.floats(0, 1))
def test_a_surer_sentence_takes_away_no_finding(probabilities: list[float], index: int, p: float) -> None:
    if index < len(probabilities):
        raised = [*probabilities]
        raised[index] = max(raised[index], p)
        assert set(found(probabilities, Thresholds.of(0.6, 0.9))) <= set(found(raised, Thresholds.of(0.6, 0.9)))


@pytest.mark.parametrize("kind", [BlockKind.SIGNATURE, BlockKind.ADDRESS, BlockKind.LISTING])
def test_names_codes_and_figures_need_a_surer_answer(kind: BlockKind) -> None:
    thresholds = Thresholds.of(0.6, 0.7, 0.9)
    kinds = [BlockKind.PARAGRAPH, kind, kind]
    assert detected(kinds, [0.8, 0.8, 0.95], thresholds) == [0, 2]
