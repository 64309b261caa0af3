"""What is written about a finding: its text, probability, topics and place. And which findings count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tclp_daemon.analysis.segment import Sentence
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.result import Finding


def describe(document: Document, sentence: Sentence, probability: float, topics: tuple[str, ...]) -> Finding:
    """A finding.

    Args:
        document: the document that the sentence points into.
        sentence: what was found.
        probability: that it is climate-aligned language.
        topics: one or two.
    """
    first = document.page_at(sentence.start)
    last = document.page_at(sentence.end - 1)
    return Finding(
        text=document.text[sentence.start : sentence.end],
        start=sentence.start,
        end=sentence.end,
        probability=round(probability, 4),
        topics=topics,
        page=first,
        paragraph=sentence.block.paragraph,
        clause=sentence.block.clause,
        heading=sentence.block.heading,
        recognised=not document.recognised_pages.isdisjoint((first, last)),
        counted=sentence.block.kind is not BlockKind.HEADING,
    )


def without_repeats(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The same findings; one that repeats an earlier one, as in an exhibit that is there twice, is not counted."""
    seen: set[str] = set()
    for finding in findings:
        wording = " ".join(word for word in finding.text.lower().split() if any(map(str.isalpha, word)))
        repeats = wording in seen
        seen.add(wording)
        yield finding.model_copy(update={"counted": False}) if repeats and finding.counted else finding
