"""Lines and cells of a few words, when there are tens of thousands of them: data, not clauses.

Each costs the classifier as much as a short sentence, so a price list, or a file made to do harm, of a few hundred
kilobytes would hold a worker for minutes. What is left out is said beside the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

from tclp_daemon.analysis.segment import Sentence
from tclp_daemon.document import Document, DocumentWarning

# Fewer words than this are a fragment; a duty takes more.
_WORDS = 6
# A contract of two thousand pages has fewer that differ.
MOST_FRAGMENTS = 10_000


def without_excess(
    document: Document, sentences: Sequence[Sentence], most: int = MOST_FRAGMENTS
) -> tuple[tuple[Sentence, ...], tuple[DocumentWarning, ...]]:
    """The sentences to classify, and a warning where some are not among them.

    Args:
        document: the contract.
        sentences: all of it.
        most: how many different fragments are classified, the first ones; those that only repeat cost nothing.
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
    message = (
        f"{left_out:,} lines or cells of fewer than {_WORDS} words were not classified: the document has more than "
        f"{most:,} of them."
    )
    return tuple(kept), (DocumentWarning("many_fragments", message),)
