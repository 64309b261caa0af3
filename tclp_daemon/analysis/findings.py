"""What is written about a finding: its text, probability, topics and place. And which findings count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tclp_daemon.analysis.segment import Sentence
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.result import Finding

_LONGEST_TITLE = 14  # words
# No title has these words, but clauses are set in capitals, or in the style of a heading.
_OBLIGES = frozenset("agree agrees must shall undertakes will".split())
# What a drafter puts before a sentence to cite it by. A bare number does not go: "30 days" is not "60 days".
_NUMBERING = re.compile(
    r"(?:[^\w(]*+(?:(?:section|clause|article|paragraph)\s+\w+(?:\.\w+)*+|\d+(?:\.\d+)++|\d+(?=[.)])"
    r"|(?:[a-z]|[ivxl]{2,5})(?=[.)]\s)|\([a-z\d]{1,5}\)))*+"
)
_WORD = re.compile(r"\w+")


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
        counted=not _is_heading(document, sentence),
    )


def _is_heading(document: Document, sentence: Sentence) -> bool:
    """Whether a sentence only names what follows and obliges nobody.

    It does if the reader found a heading; if it is the title with which its paragraph begins ("2.1 Net Zero. The
    Supplier ..."); or if it is a line of a few words in capitals, alone in its block and not in a table.
    """
    block, text = sentence.block, document.text[sentence.start : sentence.end]
    words = _wording(text).split()
    if not _OBLIGES.isdisjoint(words):
        return False
    if block.kind is BlockKind.HEADING or (block.heading and words == _wording(block.heading).split()):
        return True
    is_line = block.row is None and "\n" not in text and text == document.text[block.start : block.end]
    return is_line and text.isupper() and not text.endswith((",", ";")) and len(words) <= _LONGEST_TITLE


def without_repeats(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The same findings; one that repeats an earlier one, as in an exhibit that is there twice, is not counted.

    Args:
        findings: all of a document, in text order.
    """
    first: dict[str, int] = {}
    for index, finding in enumerate(findings):
        earlier = first.setdefault(_wording(finding.text), index)
        if earlier == index:
            yield finding
        else:
            yield finding.model_copy(update={"counted": False, "repeats": earlier})


def _wording(text: str) -> str:
    """A sentence without numbering, case, punctuation and white space."""
    text = text.lower()
    numbering = _NUMBERING.match(text)
    words = _WORD.findall(text, numbering.end() if numbering else 0)
    return " ".join(words) or text
