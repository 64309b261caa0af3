"""Blocks -> sentences, with offsets into the document kept.

Sentences come from nupunkt, whose abbreviations are learnt from legal text (https://github.com/alea-institute/nupunkt);
no sentence leaves its block.
"""

from __future__ import annotations

from dataclasses import dataclass

import nupunkt

from tclp_daemon.document import Block, BlockKind, Document

SEGMENTER = "nupunkt"
_CELL_WORDS = 3


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document; `document.text[start:end]` is its text."""

    start: int
    end: int
    block: Block


def split_sentences(document: Document) -> tuple[Sentence, ...]:
    """All sentences worth judging, in text order.

    Page headers and footers are left out, tables of contents, which name each clause a second time, and what holds no
    letter. So are table cells of one or two words ("Lifts", "3 March 2030"): they mean what their row and column make
    of them; judged alone they are noise.
    """
    sentences = []
    for block in document.blocks:
        text = document.text[block.start : block.end]
        if block.kind is BlockKind.HEADER_FOOTER or block.contents:
            continue
        if block.kind is BlockKind.TABLE_CELL and _words(text) < _CELL_WORDS:
            continue
        for start, end in nupunkt.sent_spans(text):
            piece = text[start:end]
            left = start + len(piece) - len(piece.lstrip())
            right = left + len(piece.strip())
            if _words(text[left:right]):
                sentences.append(Sentence(block.start + left, block.start + right, block))
    return tuple(sentences)


def _words(text: str) -> int:
    """How many words hold a letter."""
    return sum(any(map(str.isalpha, word)) for word in text.split())
