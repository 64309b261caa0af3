"""Blocks -> sentences, with offsets into the document kept.

Sentences come from nupunkt, whose abbreviations are learnt from legal text (https://github.com/alea-institute/nupunkt);
no sentence leaves its block.
"""

from __future__ import annotations

from dataclasses import dataclass

import nupunkt

from tclp_daemon.document import Block, BlockKind, Document

SEGMENTER = "nupunkt"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document; `document.text[start:end]` is its text."""

    start: int
    end: int
    block: Block


def split_sentences(document: Document) -> tuple[Sentence, ...]:
    """All sentences worth judging, in text order: those that hold a letter and are no page header or footer."""
    sentences = []
    for block in document.blocks:
        if block.kind is BlockKind.HEADER_FOOTER:
            continue
        text = document.text[block.start : block.end]
        for start, end in nupunkt.sent_spans(text):
            piece = text[start:end]
            left = start + len(piece) - len(piece.lstrip())
            right = left + len(piece.strip())
            if any(map(str.isalpha, text[left:right])):
                sentences.append(Sentence(block.start + left, block.start + right, block))
    return tuple(sentences)
