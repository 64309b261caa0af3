"""One page, in a child: picture in, lines out, as JSON because the parent trusts nothing more."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tclp_daemon.extract.context import Recognised, RecognisedLine
from tclp_daemon.ocr.engine import RawLine, Tesseract
from tclp_daemon.ocr.picture import Grey, clean, is_blank, turns

_POINTS = 72
_SURE = 60.0  # confidence from which on a word is rarely wrong
_LEGIBLE = 0.6  # share of the letters in sure words from which on a page lay the right way up
_PAGE = 0.3  # the same for a page of text; photographs and scrawls have less
_LINE = 30.0  # mean confidence of a line of text
_SIGN = 50.0  # confidence of a lone sign that is no speck
_MOST_LINES = 2000
_MOST_TEXT = 2000  # characters of a line
_NOTHING = b"null"


def recognise_page(engine: Tesseract, grey: Grey, dpi: float) -> bytes:
    """What stands on a page, for `parse_page`: its lines, none where it is blank, or that nothing on it is legible."""
    grey = clean(grey)
    if is_blank(grey):
        return json.dumps({"height": grey.shape[0] * _POINTS / dpi, "lines": []}).encode()
    best: tuple[int, list[RawLine], float] = (-1, [], 0.0)
    for picture in turns(grey):
        lines = [line for line in map(_without_specks, engine.lines(picture, dpi)) if line.words]
        sure, letters = _letters(lines, _SURE), _letters(lines)
        if sure > best[0]:
            best = (sure, lines, picture.shape[0] * _POINTS / dpi)
        if sure and sure >= _LEGIBLE * letters:
            break
    sure, lines, height = best
    if not sure or sure < _PAGE * _letters(lines):
        return _NOTHING
    rows = [[_text(line), line.x0, line.x1, line.y, line.size] for line in lines[:_MOST_LINES]]
    return json.dumps({"height": height, "lines": rows}).encode()


def parse_page(answer: bytes, *, instead: bool) -> Recognised | None:
    """Reads the answer of a child; None where the page is not legible, or the answer makes no sense.

    Args:
        answer: of `recognise_page`.
        instead: see `Recognised`.
    """
    try:
        found = json.loads(answer)
        if found is None:
            return None
        lines = tuple(RecognisedLine(str(text), *map(float, place)) for text, *place in found["lines"])
        return Recognised(lines, float(found["height"]), instead)
    except (KeyError, TypeError, ValueError):
        return None


def _without_specks(line: RawLine) -> RawLine:
    """The line without what was read into specks and rules; without words where it is a scrawl."""
    words = [word for word in line.words if word.confidence >= _SIGN or any(map(str.isalnum, word.text))]
    total = sum(len(word.text) for word in words)
    mean = sum(word.confidence * len(word.text) for word in words) / max(total, 1)
    return RawLine(tuple(words) if mean >= _LINE else (), line.x0, line.x1, line.y, line.size)


def _letters(lines: Sequence[RawLine], confidence: float = 0.0) -> int:
    words = (word for line in lines for word in line.words if word.confidence >= confidence)
    return sum(sum(map(str.isalnum, word.text)) for word in words)


def _text(line: RawLine) -> str:
    return " ".join(word.text for word in line.words)[:_MOST_TEXT]
