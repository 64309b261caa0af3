"""A scanned page -> a picture that is easy to recognise: level lines, even paper, no black edges, no specks.

Tesseract finds lines that are nearly level and separates ink from paper at one level of grey for the whole page. So a
page that was laid crookedly, photographed or copied with the lid open loses much of its text. All steps work on whole
arrays; the estimates work on a copy of about 100 dpi, since lines are still apart in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Grey = NDArray[np.uint8]

WHITE = 255
_INK = 160  # grey below which a pixel of even paper is ink
_PALE = 215  # grey below which a pixel of even paper shows anything, such as pencil
_BLOCK = 8  # pixels; the side of the squares in which paper and edges are sought
_DARK_BLOCK = 100  # mean grey: print darkens a block to half at most, an open lid to black
_NEGATIVE = 0.5  # share of dark blocks that run to the edge: white print on black
_EVEN_PAPER = 235  # grey of the darkest paper that needs no correction
_PAPER_REACH = 9  # blocks: paper shows between the lines of any print within 70 pixels
_ESTIMATE_PIXELS = 1100  # longest side of the copy on which directions are estimated
_MOST_INK = 150_000  # pixels of ink that an estimate looks at
_STEEPEST = 8.0  # degrees that a page may lie askew
_COARSE, _FINE = 0.5, 0.05  # degrees between the angles that are tried
_LEVEL = 0.1  # degrees that do no harm
_MOSTLY = 4  # times as clearly must columns show as lines, as in a table, before a page is taken for turned
_SPECKS = 0.03  # share of the ink in single pixels from which on the page is speckled
_RULE = 0.3  # share of a row of pixels that a rule takes; print takes less, but for the middle of some lines
_RULES = 0.02  # share of the page that its rules may take
_CROWDED = 0.18  # edges to a pixel along a row: pages full of the smallest print have 0.11, noise has 0.25
_MIDDLE = 128  # what pdfium paints where the data of a JPEG end
_BROKEN = 0.02  # share of the page that is painted so
_BLANK = 0.00002  # share of the page that dust may cover


def evened(grey: Grey) -> Grey:
    """Dark print on white paper, whatever the scanner made of it."""
    return _even(_without_edges(grey))


def is_blank(grey: Grey) -> bool:
    """Whether there is nothing but rules on even paper, as on the backs of what was scanned on both sides."""
    pale = grey < _PALE
    rows, columns = np.mean(pale, axis=1) > _RULE, np.mean(pale, axis=0) > _RULE
    if max(float(np.mean(rows)), float(np.mean(columns))) > _RULES:
        return False
    pale[rows] = False
    pale[:, columns] = False
    return float(np.mean(pale[:-1] & pale[1:])) < _BLANK


def is_noise(grey: Grey) -> bool:
    """Whether ink and paper alternate faster than in any print, which costs an engine minutes and gives nothing."""
    ink = grey < _INK
    return float(np.mean(ink[:, 1:] != ink[:, :-1])) > _CROWDED


def breaks_off(grey: Grey) -> bool:
    """Whether the file of a picture ends too early: the rest of it is painted in the middle grey of JPEG."""
    flat = np.all(np.abs(_blocks(grey)[:, ::_BLOCK].astype(np.int16) - _MIDDLE) <= 1, axis=1)
    return float(np.mean(flat)) > _BROKEN


def levelled(grey: Grey) -> Iterator[Grey]:
    """A clean page whose lines are level or, if what lies level are its columns, upright; the likelier first.

    What is up and what is down is not known.
    """
    small = _shrunk(grey)
    places = np.argwhere(small < _INK).astype(np.float32)
    places = places[:: max(len(places) // _MOST_INK, 1)]
    xs, ys = places[:, 1], places[:, 0]
    level = _best_angle(xs, ys)
    upright = _best_angle(ys, small.shape[1] - 1 - xs)  # after a quarter turn
    ways = [(0, level[1]), (1, upright[1])]
    for quarters, angle in reversed(ways) if upright[0] > _MOSTLY * level[0] else ways:
        yield _level(np.rot90(grey, quarters), angle)


def upside_down(grey: Grey) -> Grey:
    """The same page turned by 180 degrees."""
    return np.ascontiguousarray(np.rot90(grey, 2))


def stroke_width(grey: Grey) -> float:
    """The mean width of the strokes in a piece of a page, in pixels: what has an area of w × l has an edge of 2 l."""
    ink = grey < _INK
    edge = np.count_nonzero(ink[1:] != ink[:-1]) + np.count_nonzero(ink[:, 1:] != ink[:, :-1])
    return 2.0 * float(np.mean(ink)) * ink.size / max(int(edge), 1) if ink.size else 0.0


def _level(grey: Grey, angle: float) -> Grey:
    if abs(angle) <= _LEVEL:
        return np.ascontiguousarray(grey)
    return np.asarray(Image.fromarray(grey).rotate(angle, Image.Resampling.BICUBIC, fillcolor=WHITE))


def _without_edges(grey: Grey) -> Grey:
    """Paints black areas white that reach the edge of the sheet; a page in white on black is turned to its negative."""
    dark = _blocks(grey) < _DARK_BLOCK
    edge = np.zeros_like(dark)
    for axis in (0, 1):
        edge |= np.minimum.accumulate(dark, axis)
        edge |= np.flip(np.minimum.accumulate(np.flip(dark, axis), axis), axis)
    if not edge.any():
        return grey
    if edge.mean() > _NEGATIVE:
        return WHITE - grey
    grown = Image.fromarray(edge.astype(np.uint8)).filter(ImageFilter.MaxFilter(3))  # blocks that are partly black
    mask = np.asarray(grown).astype(bool).repeat(_BLOCK, 0).repeat(_BLOCK, 1)[: grey.shape[0], : grey.shape[1]]
    cleared = grey.copy()
    cleared[mask] = WHITE
    return cleared


def _even(grey: Grey) -> Grey:
    """Divides by the grey of the paper, so that shadows go."""
    paper = Image.fromarray(_blocks(grey)).filter(ImageFilter.MaxFilter(_PAPER_REACH))
    paper = paper.filter(ImageFilter.GaussianBlur(_PAPER_REACH / 2))
    if np.asarray(paper).min() >= _EVEN_PAPER:
        return grey
    size = (-(-grey.shape[1] // _BLOCK) * _BLOCK, -(-grey.shape[0] // _BLOCK) * _BLOCK)
    light = np.asarray(paper.resize(size, Image.Resampling.BILINEAR))[: grey.shape[0], : grey.shape[1]]
    lit = grey.astype(np.uint16) * WHITE // np.maximum(light, 1)
    evened: Grey = np.minimum(lit, WHITE).astype(np.uint8)
    return evened


def without_specks(grey: Grey) -> Grey:
    """Takes off single dark pixels, if there are many."""
    ink = grey < _INK
    inner = ink[1:-1, 1:-1]
    beside = ink[:-2, 1:-1] | ink[2:, 1:-1] | ink[1:-1, :-2] | ink[1:-1, 2:]
    if float(np.mean(inner & ~beside)) <= _SPECKS * float(np.mean(inner)):
        return grey
    return np.asarray(Image.fromarray(grey).filter(ImageFilter.MedianFilter(3)))


def _best_angle(xs: NDArray[np.float32], ys: NDArray[np.float32]) -> tuple[float, float]:
    """How clearly the ink lies in lines at the angle at which it does so most clearly, and that angle in degrees."""
    best, around = (-1.0, 0.0), 0.0
    for reach, step in ((_STEEPEST, _COARSE), (_COARSE, _FINE)):
        for count in range(round(-reach / step), round(reach / step) + 1):
            angle = around + count * step
            best = max(best, (_lines_at(xs, ys, angle), angle))
        around = best[1]
    return best


def _lines_at(xs: NDArray[np.float32], ys: NDArray[np.float32], angle: float) -> float:
    """How much the ink of neighbouring rows differs if rows run at an angle (the projection profile of Postl, 1986)."""
    if not len(xs):
        return 0.0
    rows = ys - xs * np.float32(math.tan(math.radians(angle)))
    profile = np.bincount((rows - rows.min()).astype(np.int32))
    return float(np.sum(np.diff(profile.astype(np.float64)) ** 2))


def _shrunk(grey: Grey) -> Grey:
    picture = Image.fromarray(grey)
    picture.thumbnail((_ESTIMATE_PIXELS, _ESTIMATE_PIXELS), Image.Resampling.BOX)
    return np.asarray(picture)


def _blocks(grey: Grey) -> Grey:
    """The mean grey of each block."""
    size = (-(-grey.shape[1] // _BLOCK), -(-grey.shape[0] // _BLOCK))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
