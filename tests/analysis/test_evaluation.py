"""The metrics against values worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tclp_daemon.analysis.evaluation import (
    Confusion,
    DocumentFigures,
    Judged,
    JudgedDocument,
    average_precision,
    expected_calibration_error,
    precision_at_recall,
    precision_recall_curve,
    reliability,
)


def test_confusion() -> None:
    found = Confusion.of([1, 1, 1, 0, 0, 0, 0], [True, True, False, True, False, False, False])
    assert found == Confusion(2, 1, 1, 3)
    assert found.total == 7
    assert found.precision == found.recall == found.f1 == pytest.approx(2 / 3)
    assert found.accuracy == pytest.approx(5 / 7)
    assert found.false_alarms_per_1000 == 250


def test_nothing_to_divide_by() -> None:
    empty = Confusion.of([], [])
    assert empty.precision is empty.recall is empty.f1 is empty.accuracy is empty.false_alarms_per_1000 is None
    assert Confusion.of([0], [False]).false_alarms_per_1000 == 0
    assert average_precision([0, 0], [0.1, 0.2]) is None
    assert precision_recall_curve([0], [0.5]) == []
    assert expected_calibration_error([], []) == 0


def test_average_precision_by_hand() -> None:
    # found at rank 1 (1/1), rank 3 (2/3): the mean over two positives
    assert average_precision([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]) == pytest.approx((1 + 2 / 3) / 2)
    # equal scores are one step
    assert average_precision([1, 0], [0.5, 0.5]) == pytest.approx(0.5)


@pytest.mark.parametrize(("recall", "precision"), [(0.3, 1), (0.5, 0.6), (0.7, 0.6), (1, 0.6)])
def test_precision_at_recall_by_hand(recall: float, precision: float) -> None:
    # recall 1/3 at precision 1, then 2/3 at 2/4, then 1 at 3/5: a lower threshold may be the better one
    labels, scores = [1, 0, 0, 1, 1, 0], [0.9, 0.8, 0.7, 0.6, 0.5, 0.1]
    assert precision_at_recall(labels, scores, recall) == pytest.approx(precision)
    assert precision_at_recall([0], [0.5], recall) is None


DOCUMENTS = [
    JudgedDocument(
        judged=(Judged(1, False, 0.9, True), Judged(1, True, 0.1, False), Judged(0, False, 0.8, True)),
        unlabelled=(True, False), has_climate=True, flagged=True,
    ),
    JudgedDocument(
        judged=(Judged(0, False, 0.7, True), Judged(0, True, 0.9, True), Judged(0, False, 0.2, False)),
        unlabelled=(False, False, False), has_climate=False, flagged=True,
    ),
    JudgedDocument(
        judged=(Judged(1, True, 0.3, False), Judged(0, False, 0.1, False)),
        unlabelled=(), has_climate=False, flagged=False,
    ),
]  # fmt: skip


def test_documents_by_hand() -> None:
    figures = DocumentFigures.of(DOCUMENTS, borderline=False)
    assert figures.labelled == Confusion(1, 2, 0, 2)
    assert figures.all == Confusion(1, 3, 0, 6)
    assert figures.clean == Confusion(0, 1, 0, 5)
    assert (figures.precision_at_80, figures.precision_at_90) == (1, 1)
    figures = DocumentFigures.of(DOCUMENTS, borderline=True)
    assert figures.labelled == Confusion(1, 3, 2, 2)
    assert figures.clean == Confusion(0, 2, 1, 5)
    assert figures.precision_at_90 == pytest.approx(3 / 8)
    assert [document.right for document in DOCUMENTS] == [True, False, True]


def test_reliability_by_hand() -> None:
    assert reliability([0, 1, 1], [0.05, 0.95, 1.0]) == [(0.05, 0.0, 1), (pytest.approx(0.975), 1.0, 2)]
    assert expected_calibration_error([0, 1, 1], [0.05, 0.95, 1.0]) == pytest.approx((0.05 + 2 * 0.025) / 3)


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1))
def test_bounds(rows: list[tuple[int, float]]) -> None:
    labels, scores = [label for label, _ in rows], [score for _, score in rows]
    area = average_precision(labels, scores)
    assert (area is None) == (sum(labels) == 0)
    assert area is None or sum(labels) / len(labels) - 1e-9 <= area <= 1 + 1e-9 or len(set(scores)) > 1
    assert 0 <= expected_calibration_error(labels, scores) <= 1
    curve = precision_recall_curve(labels, scores)
    assert [recall for recall, _ in curve] == sorted(recall for recall, _ in curve)
