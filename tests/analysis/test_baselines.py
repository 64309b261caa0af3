"""The two baselines: what they find, and what they cannot know."""

from __future__ import annotations

import numpy as np
import pytest

from tclp_daemon.analysis.baselines import TfIdf, keyword_scores

EXAMPLES = [
    ("The Supplier shall cut methane emissions.", 1),
    ("The Buyer reports methane leaks each year.", 1),
    ("Rent is payable each year.", 0),
    ("Rent is payable in advance.", 0),
    ("The Supplier shall insure the Goods.", 0),
    ("The Buyer shall insure the Premises.", 0),
]
TEXTS, LABELS = [text for text, _ in EXAMPLES], [label for _, label in EXAMPLES]


def test_keywords_are_counted() -> None:
    assert keyword_scores(["Net zero by 2040, or carbon offsets.", "Rent", "Emissions"]) == [3, 0, 1]


def test_tfidf_learns_from_its_examples() -> None:
    model = TfIdf(TEXTS, LABELS)
    methane, rent = model.scores(["Methane is measured.", "Rent is due in advance."])
    assert methane > 0 > rent
    assert [score > 0 for score in model.scores(TEXTS)] == [bool(label) for label in LABELS]
    # No term of it is known: a word that one example has says nothing.
    assert model.scores(["leaks"]) == model.scores(["something else"])


def test_tfidf_solves_its_equations() -> None:
    """Two terms, "aa" and "bb": the weighted normal equations, solved by numpy."""
    scores = TfIdf(["aa", "aa", "bb", "bb", "aa"], [1, 1, 0, 0, 0]).scores(["aa", "bb", "cc"])
    features = np.array([[1, 0, 1], [1, 0, 1], [0, 1, 1], [0, 1, 1], [1, 0, 1]])
    importance = np.diag([5 / 4, 5 / 4, 5 / 6, 5 / 6, 5 / 6])
    answers = np.array([1, 1, -1, -1, -1])
    weights = np.linalg.solve(features.T @ importance @ features + np.eye(3), features.T @ importance @ answers)
    assert scores == pytest.approx([weights[0] + weights[2], weights[1] + weights[2], weights[2]])


def test_both_classes_weigh_the_same() -> None:
    """Many more examples of label 0 move no sentence that is like one of label 1."""
    more = TfIdf([*TEXTS, *["Rent is payable in advance."] * 60], [*LABELS, *[0] * 60])
    assert more.scores(["Methane is measured."])[0] > 0


@pytest.mark.parametrize("label", [0, 1])
def test_examples_of_one_class_teach_nothing(label: int) -> None:
    with pytest.raises(ValueError, match="all of one class"):
        TfIdf(["a", "b"], [label, label])
