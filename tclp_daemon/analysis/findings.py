"""Sentences and their probabilities -> findings, each with its place in the document."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.segment import Sentence
from tclp_daemon.analysis.thresholds import corroborated
from tclp_daemon.document import Document
from tclp_daemon.result import Finding


def find_climate_language(
    document: Document,
    sentences: Sequence[Sentence],
    classifier: Classifier,
    on_progress: Callable[[int, int], None],
) -> tuple[Finding, ...]:
    """The sentences whose probability reaches the model's threshold, in text order.

    One that stands alone must reach the model's threshold for lone sentences (see `thresholds.corroborated`).

    Args:
        document: the document that the sentences point into.
        sentences: all sentences of the document.
        classifier: a loaded model.
        on_progress: called with (done, total) sentences after each batch.

    Raises:
        ContractError: internal, the model's answer is not a number.
    """
    texts = [document.text[s.start : s.end] for s in sentences]
    probabilities = classifier.probabilities(texts, on_progress)
    hits = corroborated(probabilities, classifier.threshold, classifier.lone_threshold)
    topics = classifier.topics([texts[i] for i in hits])
    return tuple(
        _finding(document, sentences[i], texts[i], probabilities[i], found)
        for i, found in zip(hits, topics, strict=True)
    )


def _finding(document: Document, sentence: Sentence, text: str, probability: float, topics: tuple[str, ...]) -> Finding:
    first = document.page_at(sentence.start)
    last = document.page_at(sentence.end - 1)
    return Finding(
        text=text,
        start=sentence.start,
        end=sentence.end,
        probability=round(probability, 4),
        topics=topics,
        page=first,
        paragraph=sentence.block.paragraph,
        clause=sentence.block.clause,
        heading=sentence.block.heading,
        recognised=not document.recognised_pages.isdisjoint((first, last)),
    )
