"""Classifier and judge together: who is asked about what, and whose word counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.context import Passage
from tclp_daemon.analysis.detector import Detector
from tclp_daemon.analysis.judge import Judge, Opinion
from tclp_daemon.analysis.judge_folder import JudgeExtras
from tclp_daemon.analysis.segment import Sentence
from tclp_daemon.analysis.thresholds import Thresholds
from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.formats import Kind


class ScriptedClassifier(Classifier):
    """Gives the probabilities that it is told to, and one topic."""

    def __init__(self, answers: dict[str, float]) -> None:
        self._answers = answers
        self.thresholds = Thresholds.of(0.7)
        self.name, self.fingerprint, self.precision = "scripted", "1", "float32"

    def probabilities(self, texts: Sequence[str], on_progress: Callable[[int, int], None] = lambda *_: None) -> Any:
        on_progress(len(texts), len(texts))
        return [self._answers.get(text, 0.01) for text in texts]

    def topics(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        return [("from the classifier",)] * len(texts)


class ScriptedJudge(Judge):
    """Thinks that a sentence is climate language where another one of its passage says so; remembers the passages."""

    def __init__(self, telling: str = "", **extras: Any) -> None:
        self._telling = telling
        self.extras = JudgeExtras(gate=0.3, **extras)
        self.thresholds = Thresholds.of(0.5)
        self.name, self.fingerprint = "scripted judge", "2"
        self.asked: list[Passage] = []

    def opinions(self, passages: Sequence[Passage], on_progress: Callable[[int, int], None] = lambda *_: None) -> Any:
        self.asked += passages
        on_progress(len(passages), len(passages))
        return [[self._opinion(one, text) for text in one.sentences] for one in passages]

    def _opinion(self, passage: Passage, text: str) -> Opinion:
        others = passage.preface + " ".join(sentence for sentence in passage.sentences if sentence != text)
        return Opinion(4.0 if self._telling in others else -4.0, ("from the judge",))


SURE, DOUBTFUL, NONE = 1 / (1 + math.exp(-4)), 0.4, 0.01


def contract(*texts: str) -> tuple[Document, list[Sentence]]:
    starts = [sum(len(text) + 1 for text in texts[:at]) for at in range(len(texts))]
    blocks = [Block(BlockKind.PARAGRAPH, at, at + len(text)) for at, text in zip(starts, texts, strict=True)]
    document = Document("\n".join(texts), tuple(blocks), Kind.TEXT, "test")
    return document, [Sentence(block.start, block.end, block) for block in blocks]


def judged(judge: ScriptedJudge | None, texts: Sequence[str], classified: Sequence[float]) -> list[float]:
    detector = Detector(ScriptedClassifier({}), judge, None)
    return detector.judged(*contract(*texts), classified)[0]


FILLER = [f"Clause {n} is ordinary." for n in range(9)]


def test_without_a_judge_the_classifier_decides() -> None:
    texts = ["It reduces emissions.", *FILLER]
    detector = Detector(ScriptedClassifier({}), None, None)
    probabilities, (found,) = detector.find(*contract(*texts), [0.71, *[0.69] * 9])
    assert probabilities == [0.71, *[0.69] * 9]
    assert (found.text, found.probability, found.topics) == (texts[0], 0.71, ("from the classifier",))
    assert detector.thresholds == Thresholds.of(0.7)
    assert detector.identity()["judge"] == ""


def test_the_judge_decides_about_candidates() -> None:
    judge = ScriptedJudge(telling="ordinary")
    texts = [*FILLER[:4], "It reduces emissions.", *FILLER[4:]]
    detector = Detector(ScriptedClassifier({}), judge, None)
    probabilities, findings = detector.find(*contract(*texts), [NONE] * 4 + [DOUBTFUL] + [NONE] * 5)
    found = next(one for one in findings if one.text == "It reduces emissions.")
    assert probabilities[4] == pytest.approx(SURE)
    assert found.topics == ("from the judge",)
    assert found.probability == pytest.approx(SURE, abs=1e-3)
    assert [one.indices for one in judge.asked] == [(3, 4, 5)]
    assert detector.identity()["judge"] == "scripted judge"


def test_what_the_judge_does_not_believe_is_no_finding() -> None:
    judge = ScriptedJudge(telling="nowhere")
    assert judged(judge, FILLER, [0.99] * 9) == pytest.approx([1 - SURE] * 9)


def test_it_is_not_asked_about_the_rest() -> None:
    judge = ScriptedJudge()
    assert judged(judge, FILLER, [0.29] * 9) == [0.29] * 9
    assert not judge.asked


def test_it_is_asked_about_names_and_telling_terms() -> None:
    judge = ScriptedJudge()
    texts = ["“Target” means a cut of greenhouse gas emissions.", *FILLER, "It meets the Target."]
    judged(judge, texts, [NONE] * 10 + [0.06])
    assert [one.core for one in judge.asked] == [range(1), range(10, 11)]
    assert judge.asked[1].preface == texts[0]


def test_a_cut_neighbour_keeps_its_probability() -> None:
    long = "It pays " + "and pays " * 60 + "all."
    found = judged(ScriptedJudge(), [long, "It reduces emissions.", FILLER[0]], [0.02, DOUBTFUL, 0.03])
    assert found == pytest.approx([0.02, SURE, SURE])


def test_of_several_passages_a_sentences_own_counts() -> None:
    judge = ScriptedJudge(telling="emissions")
    # The lead-in has its own passage, with emissions in it, and stands in that of the last item, too, without them.
    texts = ["The Supplier shall:", "(a) reduce emissions;", *FILLER[:7], "(h) sweep."]
    probabilities = [DOUBTFUL, *[NONE] * 8, DOUBTFUL]
    found = judged(judge, texts, probabilities)
    assert [0 in one.indices for one in judge.asked] == [True, True]
    assert found[0] == pytest.approx(SURE)


def test_single_texts_are_judged_alone() -> None:
    judge = ScriptedJudge()
    classifier = ScriptedClassifier({"It reduces emissions.": DOUBTFUL})
    scores = Detector(classifier, judge, None).score(["It pays.", "It reduces emissions.", "It keeps its LEED plaque."])
    assert scores == pytest.approx([NONE, SURE, SURE])
    assert judge.asked == [Passage.alone("It reduces emissions."), Passage.alone("It keeps its LEED plaque.")]


@pytest.mark.parametrize(("configured", "gate", "asked"), [(None, 0.3, 0.3), (0.2, 0.3, 0.2), (0.9, 0.3, 0.3)])
def test_what_could_be_a_finding_passes_the_gate(configured: float | None, gate: float, asked: float) -> None:
    for probability, times in ((asked, 1), (asked - 0.01, 0)):
        judge = ScriptedJudge()
        detector = Detector(ScriptedClassifier({}), judge, configured)
        detector.judged(*contract("It pays."), [probability])
        assert len(judge.asked) == times
    assert detector.thresholds.usual == (configured or 0.5)


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    detector = Detector(ScriptedClassifier({}), ScriptedJudge(), None)
    detector.find(*contract(*FILLER), [DOUBTFUL] * 9, lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]


def test_both_models_are_loaded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge is told which classifier it goes with."""
    asked = []
    monkeypatch.setattr(Classifier, "load", lambda settings: ScriptedClassifier({}))
    monkeypatch.setattr(Judge, "load", lambda settings, fingerprint: asked.append(fingerprint))
    Detector.load(SimpleNamespace(threshold=None))  # type: ignore[arg-type]
    assert asked == ["1"]
