"""The lines of a page as they are printed, where pdfium joins what stands apart or breaks what belongs together."""

from __future__ import annotations

import re
from itertools import chain
from statistics import median

from tclp_daemon.document import BlockKind
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line
from tclp_daemon.extract.pdf.marks import is_mark, is_raised
from tclp_daemon.extract.pdf.text_page import TextPage

_NOTE = re.compile(r"(\d{1,3})\s?(?=[A-Z“\"])")

_PAGE = re.compile(r"[\W\d]*|[ivxl]+")  # what is at the end of a row, or a sign and no words


def mend(text: TextPage, lines: list[Line]) -> list[Line]:
    """The lines of a page, with large letters and stacked digits apart, and with the pieces of a line joined.

    Args:
        text: the page's text.
        lines: of that text, in the order of the file.
    """
    if not lines:
        return lines
    large = LAYOUT.capital_size * median(line.size for line in lines)
    joined: list[Line] = []
    for line in chain.from_iterable(_apart(text, each, large) for each in lines):
        if joined and _is_piece(joined[-1], line):
            _join(joined[-1], line)
        else:
            joined.append(line)
    return joined


def _apart(text: TextPage, line: Line, large: float) -> list[Line]:
    """A line, or its parts where it is no line: pdfium takes them for one.

    Args:
        text: the page's text.
        line: the line.
        large: points from which on a letter is a drop capital.
    """
    words = line.text
    if len(words) > 1 and not line.askew and abs(text.base(line.last) - line.y) > LAYOUT.same_line * line.size:
        if words.isdecimal():
            return text.cut(line, *range(1, len(words)))  # digits above one another, as in a column of page numbers
        pieces = text.pieces(line, LAYOUT.gap)
        if len(pieces) > 1 and not any(_PAGE.fullmatch(piece.text) for piece in pieces):
            return pieces  # a note in the margin, between two lines of the text
    if words[-2:-1] == " " and words[-1].isupper() and text.size(line.last) > large > line.size:
        return text.cut(line, -1)  # a drop capital, painted last
    if words[0].isdecimal() and (mark := _NOTE.match(words)) and _is_raised(text, line):
        line.text, line.size = f"{mark[1]} {words[mark.end() :]}", text.size(line.last)
        line.opens, line.kind = True, BlockKind.FOOTNOTE
    if line.size > large and len(words) > 1 and words[0].isupper():
        # Its first letter may be larger than the others.
        line.size = min(line.size, text.size(line.first + 1 if words[1] != " " else line.last))
    return [line]


def _is_piece(before: Line, line: Line) -> bool:
    """Whether a line is the rest of the one before it, which pdfium breaks off behind a raised or lowered letter."""
    size, small = max(before.size, line.size), min(before.size, line.size)
    if not -LAYOUT.piece_back * size < line.x0 - before.x1 < LAYOUT.piece_gap * size or before.askew != line.askew:
        return False
    level = LAYOUT.same_line if small > LAYOUT.raised_size * size else LAYOUT.piece_step
    return abs(line.y - before.y) < level * small


def _is_raised(text: TextPage, line: Line) -> bool:
    """Whether the first letter of a line is smaller than its last and stands higher."""
    size = text.size(line.last)
    return line.size < LAYOUT.raised_size * size and line.y < text.base(line.last) - LAYOUT.raised * size


def _join(before: Line, line: Line) -> None:
    """Joins a line and its rest, which is left out where it is a note mark."""
    if before.text.isdecimal() and line.text[0].isupper() and is_raised(before, line):
        before.text, before.size, before.y = f"{before.text} {line.text}", line.size, line.y
        before.opens, before.kind = True, BlockKind.FOOTNOTE
    elif not is_mark(before, line):
        blank = line.x0 - before.x1 > LAYOUT.piece_blank * max(before.size, line.size)
        before.text += f" {line.text}" if blank else line.text
    before.x1, before.last = line.x1, line.last
