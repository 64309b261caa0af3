"""Sentences -> findings -> the verdict on the contract."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.segment import Sentence
from tclp_daemon.config import Classification as Thresholds
from tclp_daemon.document import Document
from tclp_daemon.result import Classification, Finding


def find_climate_language(
    document: Document,
    sentences: Sequence[Sentence],
    classifier: Classifier,
    on_progress: Callable[[int, int], None],
) -> tuple[Finding, ...]:
    """The sentences whose probability reaches the model's threshold, in text order.

    Args:
        document: what the sentences point into.
        sentences: all sentences of the document.
        classifier: a loaded model.
        on_progress: told (done, total) sentences after each batch.
    """
    texts = [document.text[s.start : s.end] for s in sentences]
    probabilities = classifier.probabilities(texts, on_progress)
    hits = [i for i, p in enumerate(probabilities) if p >= classifier.threshold]
    topics = classifier.topics([texts[i] for i in hits])
    return tuple(
        Finding(
            text=texts[i],
            start=sentences[i].start,
            end=sentences[i].end,
            probability=round(probabilities[i], 4),
            topics=found,
            page=document.page_at(sentences[i].start),
            paragraph=sentences[i].block.paragraph,
            clause=sentences[i].block.clause,
            heading=sentences[i].block.heading,
        )
        for i, found in zip(hits, topics, strict=True)
    )


def classify_contract(findings: int, thresholds: Thresholds) -> Classification:
    """The verdict that follows from the number of findings."""
    if findings >= thresholds.very_likely:
        return Classification.VERY_LIKELY
    if findings >= thresholds.likely:
        return Classification.LIKELY
    if findings >= thresholds.possible:
        return Classification.POSSIBLE
    return Classification.UNLIKELY
