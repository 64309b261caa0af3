"""What a model must beat: a list of keywords, and TF-IDF with a linear classifier. Without torch.

`evaluate` shows both beside the model, so that nobody takes a figure for good that a word list reaches, too.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

_KEYWORDS = re.compile(
    r"climate|carbon|greenhouse|\bghg|emission|net[ -]zero|decarboni|renewable|sustainab|\besg\b|environmental"
    r"|biodivers|energy efficien|offset|low[ -]carbon|zero[ -]carbon|paris agreement|1\.5|science[ -]based|recycl"
    r"|circular|green",
    re.I,
)
_WORD = re.compile(r"\w\w+")
_Matrix = tuple[np.ndarray, np.ndarray, np.ndarray]  # rows, columns and values of what is not zero
# The weight of the penalty, and the steps after which the solution no longer changes in what it finds.
_RIDGE = 1.0
_STEPS = 60


def keyword_scores(texts: Sequence[str]) -> list[float]:
    """How many of the keywords each text has; from one on, it is a finding."""
    return [float(len(_KEYWORDS.findall(text))) for text in texts]


class TfIdf:
    """Ridge regression on the TF-IDF of words and pairs of words, in which both classes weigh the same.

    It knows what its examples say and nothing else. Its weights are those of Salton and Buckley (1988), "Term-weighting
    approaches in automatic text retrieval", with logarithmic counts and rows of length one.

    Args:
        texts: examples; terms that only one of them has are left out.
        labels: 0 or 1 for each.

    Raises:
        ValueError: the examples are all of one class.
    """

    def __init__(self, texts: Sequence[str], labels: Sequence[int]) -> None:
        counts = [_terms(text) for text in texts]
        seen = Counter(term for each in counts for term in each)
        known = sorted(term for term, times in seen.items() if times > 1)
        self._places = {term: place for place, term in enumerate(known)}
        self._idf = np.array([math.log((1 + len(texts)) / (1 + seen[term])) + 1 for term in known])
        positives = sum(labels)
        if positives in (0, len(labels)):
            raise ValueError("the examples are all of one class")
        answers = np.array([1.0 if label else -1.0 for label in labels])
        importance = np.where(answers > 0, len(labels) / positives, len(labels) / (len(labels) - positives)) / 2
        self._weights = _fitted(self._matrix(counts), len(texts), len(known) + 1, answers, importance)

    def scores(self, texts: Sequence[str]) -> list[float]:
        """How much each text is like those of label 1; from 0 on, it is a finding."""
        rows, columns, values = self._matrix([_terms(text) for text in texts])
        return [float(x) for x in np.bincount(rows, values * self._weights[columns], len(texts))]

    def _matrix(self, counts: Sequence[Counter[str]]) -> _Matrix:
        """A row of length one for each text; the last column is 1 in each row."""
        rows, columns, values = [], [], []
        for row, each in enumerate(counts):
            known = [(self._places[term], 1 + math.log(n)) for term, n in each.items() if term in self._places]
            weights = [float(self._idf[place]) * weight for place, weight in known]
            length = math.hypot(*weights) or 1.0
            rows += [row] * (len(known) + 1)
            columns += [*(place for place, _ in known), len(self._places)]
            values += [*(weight / length for weight in weights), 1.0]
        return np.array(rows, dtype=int), np.array(columns, dtype=int), np.array(values)


def _terms(text: str) -> Counter[str]:
    """The words and the pairs of words, with how often they occur."""
    words = _WORD.findall(text.lower())
    return Counter([*words, *map(" ".join, pairwise(words))])


def _fitted(matrix: _Matrix, height: int, width: int, answers: np.ndarray, importance: np.ndarray) -> np.ndarray:
    """The weights that fit best, by conjugate gradients (Hestenes and Stiefel 1952)."""
    rows, columns, values = matrix

    def gathered(x: np.ndarray) -> np.ndarray:
        return np.bincount(columns, values * (importance * x)[rows], width)

    weights = np.zeros(width)
    rest = direction = gathered(answers)
    size = rest @ rest
    for _ in range(_STEPS):
        image = gathered(np.bincount(rows, values * direction[columns], height)) + _RIDGE * direction
        step = size / (direction @ image)
        weights = weights + step * direction
        rest = rest - step * image
        before, size = size, rest @ rest
        if size < 1e-12:
            break
        direction = rest + size / before * direction
    return weights
