"""The passages of the corpus are what the guide says, and windows are what the judge reads."""

from __future__ import annotations

from collections import Counter

import pytest

from tclp_daemon import read
from tclp_daemon.analysis.context import Contexts
from tclp_daemon.analysis.segment import split_sentences
from training.augment import Augmenter
from training.corpus import guide_topics, load_corpus, near_duplicates
from training.mining import key, load_labels, mined
from training.passages import LabelledPassage, Line, load_passages
from training.windows import WindowMaker

PLAIN = Line("The Supplier shall deliver the Goods.", 0)


@pytest.fixture(scope="module")
def passages() -> list[LabelledPassage]:
    return load_passages()


def test_there_are_enough_passages_of_each_kind(passages: list[LabelledPassage]) -> None:
    kinds = Counter(passage.kind for passage in passages)
    assert len(passages) >= 1200
    assert all(count >= len(passages) * 0.25 for count in kinds.values())
    assert sum(bool(passage.definitions) for passage in passages) >= len(passages) * 0.35
    topics = {topic for p in passages for line in (*p.sentences, *p.definitions) for topic in line.topics}
    assert topics == set(guide_topics())
    assert 0.08 < sum(passage.held_out for passage in passages) / len(passages) < 0.16


def test_no_passage_is_there_twice(passages: list[LabelledPassage]) -> None:
    """Twins have the same sentences on purpose, under another heading or definition that turns their labels."""
    texts = [" ".join(line.text for line in p.sentences) for p in passages]

    def whole(passage: LabelledPassage) -> tuple[object, ...]:
        return passage.heading, [d.text for d in passage.definitions], [line.label for line in passage.sentences]

    assert [
        texts[later] for earlier, later, _ in near_duplicates(texts, 0.85)
        if whole(passages[earlier]) == whole(passages[later])
    ] == []  # fmt: skip


def test_windows_grade_each_sentence_under_its_heading_with_its_definitions(passages: list[LabelledPassage]) -> None:
    maker = WindowMaker(1, [], [], [], None)
    for passage in passages[::20]:
        windows = list(maker.of_passage(passage))
        graded = {(line.text, line.label) for window in windows for line in window.lines if line.label is not None}
        assert {(s.text, s.label) for s in passage.sentences} <= graded
    rec = LabelledPassage(
        "context", "supply", "us", ("4. Delivery",),
        (Line('"REC" means a renewable energy certificate.', 1, ("offsets",)),),
        (PLAIN, Line("Seller shall deliver the RECs by 1 March.", 1, ("offsets",)), PLAIN), "test",
    )  # fmt: skip
    with_rec = [w for w in maker.of_passage(rec) if any("RECs" in line.text for line in w.lines[1:2])]
    assert with_rec
    assert all(w.preface.startswith("4. Delivery") for w in with_rec)
    assert any('"REC" means a renewable energy certificate.' in w.preface for w in with_rec)


def test_changed_windows_keep_labels_and_lose_names() -> None:
    examples = load_corpus()
    augment = Augmenter(3, examples[:50], examples[:50], odd=["table"], telling=set())
    maker = WindowMaker(3, ["A real sentence."], [], examples[:50], augment)
    passage = LabelledPassage(
        "context", "supply", "uk", ("Target",),
        (Line('"Target" means half of the emissions of 2020.', 1, ("emissions",)),),
        (Line("The Supplier shall meet the Target.", 1, ("emissions",)),), "test",
    )  # fmt: skip
    made = [next(iter(maker.of_passage(passage))) for _ in range(60)]
    cores = [next(line for line in window.lines if line.label == 1) for window in made]
    assert all(line.topics == ("emissions",) for line in cores)
    renamed = [(w.preface, line.text) for w, line in zip(made, cores, strict=True) if "Target" not in line.text]
    assert renamed, "terms get other names"
    for preface, text in renamed:
        term = text.removesuffix(".").partition(" shall meet the ")[2]
        assert f'"{term}" means half of the emissions of 2020.' in preface, "and their definitions with them"
    assert any("Supplier" not in line.text for line in cores)
    assert any(window.lines[0].text == "A real sentence." for window in made)
    assert any("A real sentence" in line.text for line in cores), "a real sentence and ours are one"


def test_mined_contracts_grade_what_was_labelled_and_what_is_plain() -> None:
    text = "1. Delivery\n\nThe Goods are offset.\n\nThe Seller delivers at noon.\n\nGreen bins are emptied.\n"
    document = read(text.encode(), name="a.txt")
    sentences = split_sentences(document)
    texts = [document.text[s.start : s.end] for s in sentences]
    tempting = [text for text in texts if "offset" in text or "bins" in text]
    probabilities = [0.6 if text in tempting else 0.01 for text in texts]
    found = mined(document, sentences, probabilities, {key(tempting[0]): Line("", 0)})
    labels = {line.text: line.label for window in found.windows for line in window.lines}
    assert labels[tempting[0]] == 0
    assert labels[tempting[1]] is None, "nobody looked at it"
    assert labels["The Seller delivers at noon."] == 0
    assert Contexts(document, sentences).texts == texts


def test_labels_of_real_contracts_hold_no_text() -> None:
    labels = load_labels()
    assert len(labels) > 4000
    assert all(len(digest) == 16 and set(digest) <= set("0123456789abcdef") for digest in labels)
    known = set(guide_topics())
    assert all(bool(line.topics) == (line.label == 1) and set(line.topics) <= known for line in labels.values())
