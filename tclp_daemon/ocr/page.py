"""One page, in a child: picture in, lines out, as JSON because the parent trusts nothing more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from tclp_daemon.extract.context import Recognised, RecognisedLine
from tclp_daemon.ocr.engine import RawLine, Tesseract
from tclp_daemon.ocr.numbers import mend_numbers
from tclp_daemon.ocr.picture import Grey, breaks_off, evened, is_blank, is_noise, levelled, upside_down, without_specks

_POINTS = 72
_SURE = 60.0  # confidence from which on a word is rarely wrong
_LEGIBLE = 0.6  # share of the letters in sure words from which on a page lay the right way up
_PAGE = 0.3  # the same for a page of text; photographs and scrawls have less
_LINE = 30.0  # mean confidence of a line of text
_BOLD = 1.25  # times as thick as most lines; bold faces are drawn half as thick again
_SIGN = 50.0  # confidence of a lone sign that is no speck
_MOST_LINES = 2000
_MOST_TEXT = 2000  # characters of a line
_NOTHING = b"null"


def recognise_page(engine: Tesseract, grey: Grey, dpi: float) -> bytes:
    """What stands on a page, for `parse_page`: its lines, none where it is blank, or that nothing on it is legible."""
    broken = breaks_off(grey)
    grey = evened(grey)
    if is_blank(grey):
        height = grey.shape[0] * _POINTS / dpi
        return _NOTHING if broken else json.dumps({"height": height, "lines": [], "incomplete": False}).encode()
    grey = without_specks(grey)
    if is_noise(grey):
        return _NOTHING
    best = max(_attempts(engine, grey, dpi), key=lambda attempt: attempt.sure, default=None)
    if best is None or not best.sure or best.sure < _PAGE * best.letters:
        return _NOTHING
    return json.dumps({"height": best.height, "lines": _rows(best.lines[:_MOST_LINES]), "incomplete": broken}).encode()


def _rows(lines: Sequence[RawLine]) -> list[tuple[str, float, float, float, float, bool]]:
    """The fields of each `RecognisedLine`. Bold is what is drawn thicker than most lines of the page."""
    size, stroke = median(line.size for line in lines), median(line.stroke for line in lines)
    texts = mend_numbers([" ".join(word.text for word in line.words)[:_MOST_TEXT] for line in lines])
    return [
        (text, line.x0, line.x1, line.y, line.size, line.stroke > _BOLD * stroke * max(line.size / size, 1.0))
        for text, line in zip(texts, lines, strict=True)
    ]


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
        lines = tuple(
            RecognisedLine(str(text), float(x0), float(x1), float(y), float(size), bool(bold))
            for text, x0, x1, y, size, bold in found["lines"]
        )
        return Recognised(lines, float(found["height"]), instead, bool(found["incomplete"]))
    except (KeyError, TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What was read with a page turned one way: lines, letters, letters in sure words; height of the page in points."""

    lines: list[RawLine]
    letters: int
    sure: int
    height: float


def _attempts(engine: Tesseract, grey: Grey, dpi: float) -> Iterator[_Attempt]:
    """Turns a page until it is legible."""
    for picture in levelled(grey):
        for turned in (picture, upside_down(picture)):
            lines = engine.lines(turned, dpi)
            if sum(line.upright for line in lines) > len(lines) / 2:
                break  # Tesseract reads a column of letters too, but has no place for its lines
            lines = [line for line in map(_without_specks, lines) if line.words]
            letters, sure = _letters(lines), _letters(lines, _SURE)
            yield _Attempt(lines, letters, sure, turned.shape[0] * _POINTS / dpi)
            if sure and sure >= _LEGIBLE * letters:
                return


def _without_specks(line: RawLine) -> RawLine:
    """The line without what was read into specks and rules; without words where it is a scrawl."""
    words = [word for word in line.words if word.confidence >= _SIGN or any(map(str.isalnum, word.text))]
    total = sum(len(word.text) for word in words)
    mean = sum(word.confidence * len(word.text) for word in words) / max(total, 1)
    return replace(line, words=tuple(words) if mean >= _LINE else ())


def _letters(lines: Sequence[RawLine], confidence: float = 0.0) -> int:
    words = (word for line in lines for word in line.words if word.confidence >= confidence)
    return sum(sum(map(str.isalnum, word.text)) for word in words)
