"""Text that a page has but nobody sees, or sees struck out: white, invisible, under a box or a picture, under a line.

Such text is read, and a warning names its page (`docs/decisions/0019-what-the-page-shows.md`). Whether a word is seen
is answered by painting the page with its text and without: where no pixel of a word differs, the word is not seen. That
takes some milliseconds, so it is done only where the colours of the text or what is painted after it give a reason.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.annotations import count_drawn, shown_annotations
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line, count_letters
from tclp_daemon.extract.pdf.page_objects import Box, PageObjects, Painted, area
from tclp_daemon.extract.pdf.raster import WITH_NOTES, Raster, paint_without_text
from tclp_daemon.extract.pdf.struck import is_struck
from tclp_daemon.extract.pdf.text_page import TextPage, Word

_MOST_COMPARED = 2000  # text objects of a page with a reason
_MOST_PLACES = 200  # places of a page where words may be covered
_MOST_PAINTED = 300  # pages of a document that are painted
_MOST_PATHS = 400  # beyond this it is a drawing
_MOST_IN_NOTES = 200_000  # objects in the pictures of the notes that are painted; a stamp has some tens
_MOST_FILLS = 100  # that are painted after some text
_OPAQUE = 250  # of 255
_WHITE = (255, 255, 255)
_BLACK = (0, 0, 0)
_COVERING_NOTES = frozenset({
    pdfium.FPDF_ANNOT_SQUARE, pdfium.FPDF_ANNOT_CIRCLE, pdfium.FPDF_ANNOT_POLYGON, pdfium.FPDF_ANNOT_STAMP,
    pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_HIGHLIGHT, pdfium.FPDF_ANNOT_INK, pdfium.FPDF_ANNOT_REDACT,
})  # fmt: skip
_STRIKING_NOTES = frozenset({pdfium.FPDF_ANNOT_STRIKEOUT})

Colour = tuple[int, int, int]
_Path = tuple[Painted, Box]


class _Fill(NamedTuple):
    """Something that is painted over a part of the page.

    Attributes:
        order: its place in the order of painting.
        colour: None for a picture and wherever pdfium does not know.
        picture: True for a picture.
    """

    box: Box
    order: int
    colour: Colour | None
    picture: bool = False


class _Place(NamedTuple):
    """Where words may be that nobody sees.

    Attributes:
        over: something is painted over it; else its words are painted in the colour of what is below, or not at all.
        plain: they are only unseen if nothing else is there to be read, such as a scan of them.
    """

    box: Box
    over: bool
    plain: bool = True


class CoveredText:
    """Finds the pages of one document with text that is not seen, or seen struck out."""

    def __init__(self) -> None:
        self._left = _MOST_PAINTED
        self._left_in_notes = _MOST_IN_NOTES

    def is_on(self, page: Any, number: int, found: PageObjects, text: TextPage, lines: Sequence[Line]) -> bool:
        """Whether a page has such text.

        Args:
            page: a loaded `pypdfium2.PdfPage`.
            number: 1-based.
            found: its objects.
            text: its text.
            lines: of that text.
        """
        if not lines:
            return False
        paths = [(item, item.box()) for item in found.paths[:_MOST_PATHS]]
        if _has_note(page, _STRIKING_NOTES):
            return True
        if not text.is_turned and is_struck([box for _, box in paths], lines):
            return True
        if _are_crowded(lines) and _are_tiny(text.words()):
            return True
        places = _places(page, found, paths)
        if not places or not self._left or found.has_large_pictures():
            return False
        self._left -= 1
        self._left_in_notes -= count_drawn(page, self._left_in_notes)
        flags = WITH_NOTES if self._left_in_notes > 0 else 0
        return _are_unseen(page, number, places, text.words(), flags)


def _places(page: Any, found: PageObjects, paths: Sequence[_Path]) -> list[_Place]:
    """The places of a page where words may be that nobody sees; mostly there are none."""
    if not found.texts:
        return []
    fills = _fills(found, paths)
    scanned = _is_scanned(found)
    places = [_Place(box, over=True) for box in _notes(page, _COVERING_NOTES)]
    if any(_is_unseen(found, item, fills, scanned) for item in found.some_texts()):
        texts = found.texts[:_MOST_COMPARED]
        places += [_Place(item.box(), over=False) for item in texts if _is_unseen(found, item, fills, scanned)]
    places += _painted_over(found, fills, scanned)
    return places[:_MOST_PLACES]


def _are_unseen(page: Any, number: int, places: Sequence[_Place], words: Sequence[Word], flags: int) -> bool:
    """Whether the words at these places make no difference to what the page shows, painted with these flags."""
    suspects = []
    for word, box in words:
        if at := [place for place in places if _is_at(box, place.box)]:
            over, plain = any(place.over for place in at), all(place.plain for place in at)
            suspects.append((count_letters(word), _middle(box), over, plain))
    if sum(letters for letters, *_ in suspects) < LAYOUT.boxed_letters:
        return False
    with_text = Raster(page, flags)
    without = paint_without_text(page, number, flags)
    unseen = boxed = 0
    for letters, box, over, plain in suspects:
        place = with_text.place(box)
        if with_text.looks_like(without, place) and (not plain or with_text.is_plain(place)):
            unseen += letters
            boxed += letters if over else 0
        if unseen >= LAYOUT.covered_letters or boxed >= LAYOUT.boxed_letters:
            return True
    return False


def _are_crowded(lines: Sequence[Line]) -> bool:
    """Whether letters of a line may be too small to be seen; or it goes back to where it began."""
    least = LAYOUT.letter_least
    crowded = (line.text for line in lines if line.x1 - line.x0 < least * len(line.text))
    return any(count_letters(words) >= LAYOUT.covered_letters for words in crowded)


def _are_tiny(words: Sequence[Word]) -> bool:
    """Whether some words are so small that nobody sees them."""
    tiny = (word for word, box in words if max(box[3] - box[1], box[2] - box[0]) < LAYOUT.letter_least * len(word) * 2)
    return sum(map(count_letters, tiny)) >= LAYOUT.covered_letters


def _fills(found: PageObjects, paths: Sequence[_Path]) -> list[_Fill]:
    """What is painted over parts of the page and large enough to cover a word."""
    fills = []
    for item, box in paths:
        if _is_large(box) and not pdfium.FPDFPageObj_HasTransparency(item.handle):
            mode, stroked = ctypes.c_int(), ctypes.c_int()
            pdfium.FPDFPath_GetDrawMode(item.handle, mode, stroked)
            if mode.value != pdfium.FPDF_FILLMODE_NONE:
                fills.append(_Fill(box, item.order, _colour(item.handle)))
            elif stroked.value and _is_bar(item.handle, box):
                fills.append(_Fill(box, item.order, None))
    fills += [_Fill(item.box(), item.order, None, picture=True) for item in chain(found.images, found.shadings)]
    return fills


def _is_large(box: Box) -> bool:
    return box[3] - box[1] >= LAYOUT.cover_height and box[2] - box[0] >= LAYOUT.cover_width


def _is_bar(path: Any, box: Box) -> bool:
    """Whether a stroke is so thick that it is a box."""
    width = ctypes.c_float()
    pdfium.FPDFPageObj_GetStrokeWidth(path, width)
    return width.value >= LAYOUT.cover_height


def _colour(handle: Any) -> Colour | None:
    """The colour that an object is filled with; None where it is not opaque or not a plain colour."""
    if not pdfium.FPDFPageObj_GetFillColor(handle, *_CHANNELS):
        return None
    red, green, blue, alpha = _VALUES[:]
    return (red, green, blue) if alpha >= _OPAQUE else None


_VALUES = (ctypes.c_uint * 4)()
_CHANNELS = [ctypes.cast(ctypes.byref(_VALUES, 4 * index), ctypes.POINTER(ctypes.c_uint)) for index in range(4)]


def _is_scanned(found: PageObjects) -> bool:
    """Whether pictures take so much of the sheet that its text is what they show."""
    return sum(map(area, (item.box() for item in found.images))) >= LAYOUT.scan * area(found.sheet)


def _is_unseen(found: PageObjects, item: Painted, fills: Sequence[_Fill], scanned: bool) -> bool:
    """Whether text may be invisible: by its mode, or by its colour on what was painted before it."""
    if found.is_unpainted(item):
        return not scanned
    colour = _colour(item.handle)
    if colour is None:
        return True
    if not fills and colour == _BLACK:
        return False  # the usual text
    if not _is_like(colour, _WHITE) and not any(fill.colour and _is_like(colour, fill.colour) for fill in fills):
        return False
    ground = _ground(item, fills)
    return ground is not None and _is_like(colour, ground)


def _ground(item: Painted, fills: Sequence[_Fill]) -> Colour | None:
    """The colour behind a text, None where it is not one colour."""
    box = item.box()
    for fill in reversed(fills):
        within = fill.box[0] <= box[0] and fill.box[2] >= box[2]
        if within and fill.order < item.order and _is_at(box, fill.box):
            return fill.colour
    return _WHITE


def _is_like(one: Colour, other: Colour) -> bool:
    most = LAYOUT.contrast
    return abs(one[0] - other[0]) <= most and abs(one[1] - other[1]) <= most and abs(one[2] - other[2]) <= most


def _painted_over(found: PageObjects, fills: Sequence[_Fill], scanned: bool) -> Iterator[_Place]:
    """What was painted over text; over the text of a scan, not its pictures."""
    first = found.texts[0].order
    late = [fill for fill in fills if fill.order > first and not (fill.picture and scanned)]
    boxes = [(item, item.box()) for item in found.texts[:_MOST_COMPARED]] if late else []
    for fill in late[:_MOST_FILLS]:
        below = [item for item, box in boxes if item.order < fill.order and _is_at(box, fill.box)]
        if below:
            yield _Place(fill.box, over=True, plain=not fill.picture or any(map(found.is_unpainted, below)))


def _has_note(page: Any, kinds: frozenset[int]) -> bool:
    return next(_notes(page, kinds), None) is not None


def _notes(page: Any, kinds: frozenset[int]) -> Iterator[Box]:
    """The places of the annotations of some kinds that are shown."""
    return (box for kind, box in shown_annotations(page) if kind in kinds)


def _is_at(box: Box, place: Box) -> bool:
    """Whether a place reaches over the middle of a box, at any letter."""
    height = (box[1] + box[3]) / 2
    return place[1] <= height <= place[3] and place[0] < box[2] and place[2] > box[0]


def _middle(box: Box) -> Box:
    cut = (1 - LAYOUT.word_middle) / 2 * (box[3] - box[1])
    return box[0], box[1] + cut, box[2], box[3] - cut
