"""Classifier and judge together: texts -> probabilities, a document's sentences -> findings.

The classifier reads every sentence alone; the judge reads the few that it thinks possible, with their context, and
decides. Without a judge the classifier decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.context import Contexts, Passage
from tclp_daemon.analysis.definitions import Definitions
from tclp_daemon.analysis.findings import describe
from tclp_daemon.analysis.gate import candidates
from tclp_daemon.analysis.judge import Judge
from tclp_daemon.analysis.segment import Sentence
from tclp_daemon.analysis.thresholds import choose_thresholds, detected
from tclp_daemon.config import Model
from tclp_daemon.document import Document
from tclp_daemon.result import Finding

OnProgress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    pass


class Detector:
    """The models of this process. Not thread-safe; each worker process has its own.

    Attributes:
        thresholds: from which probability a sentence is a finding.

    Args:
        classifier, judge: loaded.
        threshold: the configured one, None for the models' own.
    """

    def __init__(self, classifier: Classifier, judge: Judge | None, threshold: float | None) -> None:
        self._classifier, self._judge = classifier, judge
        own = classifier.thresholds if judge is None else judge.thresholds
        self.thresholds = choose_thresholds(threshold, own)
        self._gate = 1.0 if judge is None else min(judge.extras.gate, self.thresholds.usual)

    @classmethod
    def load(cls, settings: Model, *, alone: bool = False) -> Detector:
        """Loads the configured models, or the embedded ones, and tests them.

        Args:
            settings: the model section of the configuration.
            alone: the classifier without a judge.

        Raises:
            ContractError: model_unavailable.
        """
        classifier = Classifier.load(settings)
        judge = None if alone else Judge.load(settings, classifier.fingerprint)
        return cls(classifier, judge, settings.threshold)

    def identity(self) -> dict[str, str]:
        """What the loaded models are."""
        judge = self._judge
        return {
            "model": self._classifier.name,
            "model_fingerprint": self._classifier.fingerprint,
            "judge": judge.name if judge else "",
            "judge_fingerprint": judge.fingerprint if judge else "",
            "precision": self._classifier.precision,
            "threshold": str(self.thresholds.usual),
            "lone_threshold": str(self.thresholds.lone),
            "sure_threshold": str(self.thresholds.sure),
        }

    def use_threads(self, count: int) -> None:
        """Sets the number of compute threads from now on."""
        self._classifier.use_threads(count)

    def classify(self, texts: Sequence[str], on_progress: OnProgress = _silent) -> list[float]:
        """The classifier's probability of each text (see `Classifier.probabilities`)."""
        return self._classifier.probabilities(texts, on_progress)

    def score(self, texts: Sequence[str], on_progress: OnProgress = _silent) -> list[float]:
        """The probability of each text, which stands alone, from both models.

        Args:
            texts: sentences, any number.
            on_progress: called with (done, total) texts after each batch.

        Raises:
            ContractError: internal, a model's answer is not a number.
        """
        probabilities = self.classify(texts, on_progress)
        if self._judge is None:
            return probabilities
        asked = candidates(texts, probabilities, self._gate, Definitions(()))
        opinions = self._judge.opinions([Passage.alone(texts[i]) for i in asked])
        for i, (opinion,) in zip(asked, opinions, strict=True):
            probabilities[i] = self._judge.probability(probabilities[i], opinion)
        return probabilities

    def find(
        self,
        document: Document,
        sentences: Sequence[Sentence],
        classified: Sequence[float],
        on_progress: OnProgress = _silent,
    ) -> tuple[list[float], tuple[Finding, ...]]:
        """(the final probability of each sentence, the findings in text order).

        Args:
            document: the document that the sentences point into.
            sentences: all sentences of the document.
            classified: the classifier's probability of each.
            on_progress: called with (done, total) as the judge reads.

        Raises:
            ContractError: internal, a model's answer is not a number.
        """
        probabilities, topics = self.judged(document, sentences, classified, on_progress)
        hits = detected([s.block.kind for s in sentences], probabilities, self.thresholds)
        if self._judge is None:
            texts = [document.text[sentences[i].start : sentences[i].end] for i in hits]
            topics = dict(zip(hits, self._classifier.topics(texts), strict=True))
        return probabilities, tuple(describe(document, sentences[i], probabilities[i], topics[i]) for i in hits)

    def judged(
        self,
        document: Document,
        sentences: Sequence[Sentence],
        classified: Sequence[float],
        on_progress: OnProgress = _silent,
    ) -> tuple[list[float], dict[int, tuple[str, ...]]]:
        """(the final probability of each sentence, the topics of those that the judge was asked about).

        A sentence that it was not asked about keeps the classifier's probability, which is below the gate (see `gate`).
        """
        probabilities = list(classified)
        topics: dict[int, tuple[str, ...]] = {}
        if self._judge is None:
            return probabilities, topics
        contexts = Contexts(document, sentences)
        asked_about = candidates(contexts.texts, classified, self._gate, contexts.definitions)
        passages = list(contexts.passages(asked_about))
        for passage, opinions in zip(passages, self._judge.opinions(passages, on_progress), strict=True):
            for index, asked, opinion in zip(passage.indices, passage.asked, opinions, strict=True):
                # Of a sentence that stands in several passages, its own counts, or the first, which is nearest to it.
                if asked and (index in passage.core or index not in topics):
                    probabilities[index] = self._judge.probability(classified[index], opinion)
                    topics[index] = opinion.topics
        return probabilities, topics
