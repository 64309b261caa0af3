"""Limits how many lines and cells of a few words are classified: tens of thousands of them are data, not clauses.

Each costs the classifier as much as a short sentence, so a price list of a few hundred kilobytes, or a file made to do
harm, would keep a worker busy for minutes. A warning beside the verdict says what was left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from tclp_daemon.analysis.segment import Sentence
from tclp_daemon.document import Document
from tclp_daemon.warning import DocumentWarning, WarningCode, warning

# A sentence with fewer words is a fragment; a duty needs more.
_WORDS = 6
# A contract of two thousand pages has fewer different ones.
MOST_FRAGMENTS = 10_000


def without_excess(
    document: Document, sentences: Sequence[Sentence], most: int = MOST_FRAGMENTS
) -> tuple[tuple[Sentence, ...], tuple[DocumentWarning, ...]]:
    """The sentences to classify, and a warning if that leaves some out.

    Args:
        document: the contract.
        sentences: all sentences of the document.
        most: how many different fragments are classified, from the first on. Repetitions do not count.
    """
    known: set[str] = set()
    kept = []
    for sentence in sentences:
        text = document.text[sentence.start : sentence.end]
        if text not in known and len(text.split(None, _WORDS)) < _WORDS:
            if len(known) >= most:
                continue
            known.add(text)
        kept.append(sentence)
    left_out = len(sentences) - len(kept)
    if not left_out:
        return tuple(kept), ()
    note = warning(WarningCode.MANY_FRAGMENTS, left_out=f"{left_out:,}", words=_WORDS, most=f"{most:,}")
    return tuple(kept), (note,)
