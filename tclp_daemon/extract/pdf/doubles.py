"""Text that a page has twice in the same place: text recognition adds its own layer to text that is there already.

The second layer lies some points off the first, may be cut into other pieces, and has a few other letters where the
recognition erred. What is painted is kept before what is invisible, and what comes first before what follows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain, islice, pairwise
from typing import NamedTuple

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import BASELINE, Line, bare
from tclp_daemon.extract.pdf.page_objects import Box, PageObjects, Painted
from tclp_daemon.extract.pdf.text_page import TextPage

_MOST_ASKING = 20_000_000  # text objects times letters, which pdfium goes through for each object
_MOST_NEAR = 400  # pieces that are looked at for one
_MOST_BELOW = 60  # pieces that one is compared with
_BAND = 8  # pt: pieces are looked for in bands of this height
_MOST_OFF = 100  # pt


class _Piece(NamedTuple):
    box: Box
    letters: str


def has_doubles(found: PageObjects, lines: Sequence[Line]) -> bool:
    """Whether a page may have text twice: lines or letters lie over one another, or only some text is invisible."""
    if len(set(map(found.is_unpainted, found.some_texts()))) > 1:
        return True
    # Whether letters must lie over one another: pdfium joined a line and the same line once more.
    crowded = LAYOUT.double_crowded
    if any(line.x1 - line.x0 < crowded * line.size * len(line.text) and not line.askew for line in lines):
        return True
    near = LAYOUT.double_off
    ordered = sorted(lines, key=BASELINE)
    return any(b.y - a.y <= near * b.size and _overlap(a, b) for a, b in pairwise(ordered))


def _overlap(a: Line, b: Line) -> bool:
    """Whether a line lies over another one of about the same height."""
    if a.askew or b.askew:
        return False
    shared = min(a.x1, b.x1) - max(a.x0, b.x0)
    return shared > LAYOUT.double_share * min(a.x1 - a.x0, b.x1 - b.x0) > 0


def hide_doubles(found: PageObjects, text: TextPage) -> bool:
    """Takes the second of two texts in the same place out of the loaded page; returns whether there was one.

    Args:
        found: the objects of the page.
        text: its text, which must be loaded again if there was one.
    """
    if text.is_turned or len(found.texts) * text.characters > _MOST_ASKING:
        return False
    bands: dict[int, list[_Piece]] = defaultdict(list)
    doubles: list[Painted] = []
    wrong: list[Painted] = []  # invisible, over other text, and not the same: perhaps what text recognition got wrong
    same_width = wrong_width = 0.0
    for item in sorted(found.texts, key=found.is_unpainted):
        box = _widened(item.box())
        width = box[2] - box[0]
        words = text.of_object(item.handle)
        letters = bare(words)
        if len(letters) > 1 and box[3] - box[1] > width and item.runs_upwards():
            continue
        below = _below(box, bands)
        over = _width_over(box, below) >= LAYOUT.double_share * width
        # Where pdfium itself took a text for that below, it has no words. But it compares only neighbours.
        if over and (not words or (letters and _has_letters(box, below, letters))):
            doubles.append(item)
            same_width += width
        elif letters:
            bands[_band(box)].append(_Piece(box, letters))
            if over and found.is_unpainted(item):
                wrong.append(item)
                wrong_width += width
    if wrong_width <= LAYOUT.double_wrong * same_width:
        doubles += wrong
    for item in doubles:
        pdfium.FPDFPageObj_SetIsActive(item.handle, 0)
    return bool(doubles)


def _widened(box: Box) -> Box:
    """The box of a letter such as "l", which one a point beside it would miss, with the room around the letter."""
    more = max(LAYOUT.double_narrow * (box[3] - box[1]) - (box[2] - box[0]), 0) / 2
    return box[0] - more, box[1], box[2] + more, box[3]


def _band(box: Box) -> int:
    return int((box[1] + box[3]) / 2 // _BAND)


def _below(box: Box, bands: Mapping[int, Sequence[_Piece]]) -> list[_Piece]:
    """The pieces in the place of another one, from left to right."""
    off = LAYOUT.double_off * (box[3] - box[1])
    reach = int(min(off, _MOST_OFF) // _BAND) + 1
    band, height = _band(box), (box[1] + box[3]) / 2
    near = chain.from_iterable(bands.get(at, ()) for at in range(band - reach, band + reach + 1))
    found = [
        piece
        for piece in islice(near, _MOST_NEAR)
        if abs((piece.box[1] + piece.box[3]) / 2 - height) < min(off, LAYOUT.double_off * (piece.box[3] - piece.box[1]))
        and piece.box[0] < box[2]
        and piece.box[2] > box[0]
    ]
    return sorted(found)[:_MOST_BELOW]


def _width_over(box: Box, below: Sequence[_Piece]) -> float:
    return sum(min(piece.box[2], box[2]) - max(piece.box[0], box[0]) for piece in below)


def _has_letters(box: Box, below: Sequence[_Piece], letters: str) -> bool:
    """Whether pieces have these letters in a box, or most pairs of them where text recognition erred in a few."""
    theirs = "".join(_letters_in(box, piece) for piece in below)
    if letters in theirs:
        return True
    mine, pairs = _pairs(letters), _pairs(theirs)
    return (mine & pairs).total() >= LAYOUT.double_letters * max(mine.total(), 1)


def _letters_in(box: Box, piece: _Piece) -> str:
    """The letters that a piece has about there, as far as that can be told where all letters count as equally wide."""
    count = len(piece.letters)
    each = max(piece.box[2] - piece.box[0], 1) / count
    slack = 1 + int(LAYOUT.double_uneven * count)
    first = int((box[0] - piece.box[0]) / each) - slack
    return piece.letters[max(first, 0) : max(int((box[2] - piece.box[0]) / each) + 1 + slack, 0)]


def _pairs(letters: str) -> Counter[str]:
    return Counter(map("".join, pairwise(letters)))
