"""Blocks -> sentences, with offsets into the document kept.

nupunkt finds the sentences; it has learnt its abbreviations from legal text (https://github.com/alea-institute/nupunkt).
A sentence never crosses the end of its block, except in page headers and footers, where each line is a block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

import nupunkt

from tclp_daemon.analysis.glued import missed_ends
from tclp_daemon.analysis.pieces import pieces
from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.formats import of_kind

SEGMENTER = "nupunkt"
_CELL_WORDS = 3
_RUNNING_WORDS = 6  # a clause has no fewer
_NUMBERS = re.compile(
    r"\b(?:[ivxlcdm]+|\w*\d\w*)\b", re.IGNORECASE
)  # including page numbers, which are next to headers
# Two things take nupunkt time that grows with the square of their length: text without spaces, and signs with nothing
# but spaces between them.
_UNBROKEN = re.compile(r"\S{1000,}+")
_COSTLIEST = 4_000_000  # stops times characters of text without spaces; a contract that lost its spaces has less
_SIGNS = re.compile(r"(?<!\S)(?:[^\w\s]{1,1000}+(?:\s++|\Z)){128,}+")
_STOPS = re.compile(r"[.?!…]")
_CANDIDATES = re.compile(r"[.?!…](?![\w,.\-])")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document; `document.text[start:end]` is its text, which begins in `block`."""

    start: int
    end: int
    block: Block


def split_sentences(document: Document) -> tuple[Sentence, ...]:
    """All sentences worth judging, in text order.

    Left out are tables of contents, which name each clause a second time; text without letters; and table cells of one
    or two words ("Lifts", "3 March 2030"), whose meaning depends on their row and column and which are noise alone.

    Page headers and footers are left out as well. Where the reader guessed them, text that may be a clause is judged
    once: pages have in common not only headers but also the clauses of a form that was filled in several times.
    """
    sentences: list[Sentence] = []
    seen: set[str] = set()
    for running, blocks in groupby(document.blocks, key=lambda block: block.kind is BlockKind.HEADER_FOOTER):
        if not running:
            sentences += (found for block in blocks if _is_judged(document, block) for found in _split(document, block))
        elif of_kind(document.format).headers_are_guessed:
            sentences += _new_clauses(document, blocks, seen)
    return tuple(sentences)


def _new_clauses(document: Document, running: Iterable[Block], seen: set[str]) -> Iterator[Sentence]:
    """Sentences in neighbouring headers and footers that may be clauses and were not seen before."""
    for sentence in _split(document, *running):
        text = document.text[sentence.start : sentence.end]
        wording = " ".join(_NUMBERS.sub("", text).split())
        if wording not in seen and _words(text) >= _RUNNING_WORDS:
            seen.add(wording)
            yield sentence


def _is_judged(document: Document, block: Block) -> bool:
    cell = block.kind is BlockKind.TABLE_CELL or block.row is not None
    short = cell and _words(document.text[block.start : block.end]) < _CELL_WORDS
    return not (block.contents or short)


def _split(document: Document, *blocks: Block) -> Iterator[Sentence]:
    """The sentences of neighbouring blocks that are read as one text."""
    first, base = 0, blocks[0].start
    text = document.text[base : blocks[-1].end]
    for start, end in _spans(text):
        piece = text[start:end]
        left = start + len(piece) - len(piece.lstrip())
        right = left + len(piece.strip())
        if _words(text[left:right]):
            while blocks[first].end <= base + left:
                first += 1
            yield Sentence(base + left, base + right, blocks[first])


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of the sentences; a run without a sentence end is cut when it is too long for one (see `pieces`)."""
    for begin, stop in nupunkt.sent_spans(_calm(text)):
        ends = [*missed_ends(text[begin:stop]), stop - begin]
        for start, end in pairwise([begin, *(begin + at for at in ends)]):
            for left, right in pieces(text[start:end]):
                yield start + left, start + right


def _calm(text: str) -> str:
    """The same text at the same length, without stops that end no sentence and would cost nupunkt much time."""
    text = _UNBROKEN.sub(_calmed, text)
    return _SIGNS.sub(lambda match: _STOPS.sub("-", match[0]), text)


def _calmed(match: re.Match[str]) -> str:
    run = match[0]
    costly = len(run) * len(_CANDIDATES.findall(run)) > _COSTLIEST
    return _STOPS.sub("-", run) if costly else run


def _words(text: str) -> int:
    """How many words have a letter."""
    return sum(any(map(str.isalpha, word)) for word in text.split())
