"""Sentences -> findings -> the verdict on the contract."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.segment import Sentence
from tclp_daemon.config import VerdictSteps
from tclp_daemon.document import Document
from tclp_daemon.result import Finding, Verdict

# Clauses have several sentences; a false alarm comes alone. Six sentences are about one clause.
_NEAR = 6


def find_climate_language(
    document: Document,
    sentences: Sequence[Sentence],
    classifier: Classifier,
    on_progress: Callable[[int, int], None],
) -> tuple[Finding, ...]:
    """The sentences whose probability reaches the model's threshold, in text order.

    One that stands alone must reach the model's threshold for lone sentences (see `corroborated`).

    Args:
        document: what the sentences point into.
        sentences: all sentences of the document.
        classifier: a loaded model.
        on_progress: told (done, total) sentences after each batch.
    """
    texts = [document.text[s.start : s.end] for s in sentences]
    probabilities = classifier.probabilities(texts, on_progress)
    hits = corroborated(probabilities, classifier.threshold, classifier.lone_threshold)
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


def corroborated(probabilities: Sequence[float], threshold: float, lone_threshold: float) -> list[int]:
    """Indices of the sentences that are findings, ascending.

    A sentence at or above the threshold is one if it reaches the threshold for lone sentences, or if another sentence
    near it is at or above the threshold too: hysteresis as in edge detection (Canny 1986), over the text.
    """
    hits = [i for i, p in enumerate(probabilities) if p >= threshold]
    return [
        i
        for at, i in enumerate(hits)
        if probabilities[i] >= lone_threshold
        or (at > 0 and i - hits[at - 1] <= _NEAR)
        or (at + 1 < len(hits) and hits[at + 1] - i <= _NEAR)
    ]


def verdict_of(findings: int, thresholds: VerdictSteps) -> Verdict:
    """The verdict that follows from the number of findings."""
    if findings >= thresholds.very_likely:
        return Verdict.VERY_LIKELY
    if findings >= thresholds.likely:
        return Verdict.LIKELY
    if findings >= thresholds.possible:
        return Verdict.POSSIBLE
    return Verdict.UNLIKELY
