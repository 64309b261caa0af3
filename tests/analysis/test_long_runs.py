"""Runs of text without a sentence end are cut, read completely, and judged in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.pieces import LONGEST, pieces
from tclp_daemon.analysis.segment import split_sentences
from tclp_daemon.config import Limits, Model
from tclp_daemon.extract import read_document

WORDS = "the supplier shall deliver goods and "
CLAUSE = "shall cut the greenhouse gas emissions of the Services by half before 2030 and "


@given(st.text(alphabet="ab \n\t", max_size=200), st.integers(1, 40))
def test_pieces_are_the_whole_text(text: str, longest: int) -> None:
    spans = list(pieces(text, longest))
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(end - start <= longest for start, end in spans)
    assert len(spans) <= 1 + 2 * len(text) // longest


def test_a_piece_ends_at_a_line_end_or_a_blank_where_there_is_one() -> None:
    assert list(pieces("aaaa bbb\ncc dd", 10)) == [(0, 9), (9, 14)]
    assert list(pieces("aaaa bbbb cc", 10)) == [(0, 10), (10, 12)]
    assert list(pieces("a" * 25, 10)) == [(0, 10), (10, 20), (20, 25)]


@pytest.mark.parametrize("word", [WORDS, "abcdefghij", "ab;", "\u00e9\u0301", "word\u2003"])
def test_no_sentence_is_longer_and_none_of_the_text_is_lost(word: str) -> None:
    text = word * (1_000_000 // len(word))
    document = read_document(text.encode(), ".txt", Limits(), lambda page, pages: None)
    sentences = split_sentences(document)
    assert len(sentences) > 10
    assert max(s.end - s.start for s in sentences) <= LONGEST
    read = "".join(document.text[s.start : s.end] for s in sentences)
    assert "".join(read.split()) == "".join(document.text.split())


class Counting:
    """A tokenizer that notes how many characters it is given at once."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.calls: list[int] = []
        self.longest = 0

    def __call__(self, texts: Sequence[str], **options: Any) -> Any:
        self.calls.append(sum(map(len, texts)))
        self.longest = max(self.longest, *map(len, texts))
        return self._real(texts, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@pytest.mark.slow
def test_the_tokenizer_gets_bounded_portions_and_all_of_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = Classifier.load(Model(precision="float32"), threads=1)
    counting = Counting(classifier._network.tokenizer)
    monkeypatch.setattr(classifier._network, "tokenizer", counting)
    monkeypatch.setattr("tclp_daemon.analysis.classifier._CHUNK_CHARACTERS", 50_000)
    # One text that is far too long with a clause at its end, and many that are long together.
    run = WORDS * 1_500 + ("the supplier " + CLAUSE) * 30
    texts = [run, *(f"{number} {WORDS * 20}" for number in range(120)), "rent"]
    probabilities = classifier.probabilities(texts)
    assert probabilities[0] >= classifier.thresholds.usual > max(probabilities[1:])
    assert sum(counting.calls) == sum(map(len, texts))
    assert max(counting.calls) <= 50_000
    assert counting.longest <= LONGEST
    counting.calls.clear()
    assert classifier.topics([run] * 50) == classifier.topics([run]) * 50
    assert sum(counting.calls) == 2 * len(run)
