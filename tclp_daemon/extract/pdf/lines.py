"""Lines of text on a page, and what is made of them: the values that the modules of this room hand to one another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from tclp_daemon.document import BlockKind
from tclp_daemon.extract.pdf.layout import LAYOUT

_LINE_END = re.compile(r"\r\n|\r|\n|\x02|\ufffe")
_BROKEN_WORD = "\x02\ufffe"  # what pdfium writes for the hyphen at a line end
# A soft hyphen in a PDF is painted, so it is a hyphen: many fonts have no other.
_PLAIN = str.maketrans({
    "\u00ad": "-", "\u2010": "-", "\u2011": "-", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st",
    "ﬆ": "st", "\uf0b7": "•", "\uf0a7": "▪",
})  # fmt: skip
_ODD = re.compile(f"[{''.join(map(chr, _PLAIN))}]")
# Signs that stand for no letter: codes of fonts that do not say what they mean. A lone one is a bullet or a tick box.
_SUSPECT = re.compile(r"[\x00\x01\x03-\x08\x0e-\x1f\x7f\ufffd\ue000-\uf8ff]")
_NO_LETTER = re.compile(r"[\x00\x01\x03-\x08\x0e-\x1f\x7f]|[\ufffd\ue000-\uf8ff]{3,}")
_NUL = re.compile(r"[\x02\ufffe]{2,}")  # pdfium writes NUL as it writes the hyphen at a line end, which comes alone
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufeff\ufffe\uffff\u200b\u200c\u200d\u2060\ud800-\udfff]")

Gap = tuple[float, float, float]  # left, right and bottom of white space inside a line, in PDF coordinates


@dataclass(slots=True)
class Line:
    """A line of text; coordinates in points from the top left corner of the page as it is read.

    Attributes:
        text: normalised, without line end.
        x0, x1: left and right edge.
        y: baseline.
        size: height of the font.
        bold: True for a line that begins and ends in a bold font.
        page: 1-based.
        askew: True where it runs in another direction than the lines of the page, as a watermark does.
        font: its name in the file; empty where it is not known.
        first, last: places of its first and last character among those of the page, -1 where it has none.
        opens: True where it begins a paragraph, whatever the lines around it look like.
        closes: True where it ends one, as the page number does an entry of the contents.
        kind: of the paragraph that it begins where its place tells: HEADING for a note in the margin, FOOTNOTE for one
            behind a raised mark.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    page: int
    askew: bool = False
    font: bytes = b""
    first: int = -1
    last: int = -1
    opens: bool = False
    closes: bool = False
    kind: BlockKind | None = None


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together, possibly over several pages.

    Attributes:
        lines: at least one, in reading order.
        kind: of the block that it becomes.
        row: for a table cell the 1-based (table, row, column), else None.
        level: heading or list depth from 1, 0 where it does not apply.
    """

    lines: list[Line]
    kind: BlockKind = BlockKind.PARAGRAPH
    row: tuple[int, int, int] | None = None
    level: int = 0


@dataclass(slots=True)
class PageLines:
    """The lines of one page by their part in it.

    Attributes:
        number: 1-based.
        body: in reading order, without those below.
        cells: of ruled tables.
        top, bottom: running headers and watermarks, running footers and page numbers; from top to bottom.
        y0, y1: upper and lower edge of the page; equal where they are unknown.
        lost: signs of its text that stand for no letter.
        unread: something on it was not read, so that no sentence goes on across it.
        recognised: the lines that come from text recognition; None where the page was not recognised.
        covered: some of its text is not seen, or struck out.
    """

    number: int
    body: list[Line]
    cells: list[Paragraph] = field(default_factory=list)
    top: list[Line] = field(default_factory=list)
    bottom: list[Line] = field(default_factory=list)
    y0: float = 0.0
    y1: float = 0.0
    lost: int = 0
    unread: bool = False
    recognised: list[Line] | None = None
    covered: bool = False


def clean(text: str) -> str:
    """Writes ligatures and odd spaces in their plain form and takes out characters that nobody sees."""
    if not text.isascii() and _ODD.search(text):
        text = text.translate(_PLAIN)
    if text.isprintable():  # so that nothing is unseen, and there is no space but the blank
        return " ".join(text.split()) if "  " in text else text.strip()
    return " ".join(_UNSEEN.sub("", text).split())


def count_lost(raw: str) -> int:
    """How many signs of a piece of pdfium's text stand for no letter."""
    if _SUSPECT.search(raw) is None:
        return 0
    return sum(len(found) for found in _NO_LETTER.findall(raw))


def count_nul(raw: str) -> int:
    """How many signs of pdfium's text are NUL; `line_spans` leaves them out."""
    return sum(len(found) for found in _NUL.findall(raw)) if "\ufffe" in raw or "\x02" in raw else 0


def count_letters(text: str) -> int:
    """How many of its characters are letters."""
    return sum(map(str.isalpha, text))


def bare(text: str) -> str:
    """Its letters and digits alone, small."""
    return "".join(filter(str.isalnum, text)).casefold()


def line_spans(raw: str) -> list[tuple[int, int, str]]:
    """(start, end, hyphen) of each line in pdfium's text that shows something, without the spaces at its ends.

    The hyphen is "-" where the line ends inside a word, for which pdfium has a character of its own, else "".
    """
    spans = []
    at = 0
    for match in _LINE_END.finditer(raw):
        spans.append((at, match.start(), "-" if match[0] in _BROKEN_WORD else ""))
        at = match.end()
    spans.append((at, len(raw), ""))
    result = []
    for start, end, hyphen in spans:
        line = raw[start:end]
        shown = line.strip()
        if shown:
            start += len(line) - len(line.lstrip())
            result.append((start, start + len(shown), hyphen))
    return result


def rows(lines: Sequence[Line]) -> Iterator[tuple[float, list[Line]]]:
    """The lines by baseline, from top to bottom and each from left to right."""
    row: list[Line] = []
    for line in sorted(lines, key=BASELINE):
        if row and line.y - row[0].y > LAYOUT.same_line * row[0].size:
            yield row[0].y, from_left(row)
            row = []
        row.append(line)
    if row:
        yield row[0].y, from_left(row)


BASELINE = attrgetter("y")
_LEFT = attrgetter("x0")


def from_left(row: list[Line]) -> list[Line]:
    """The pieces of a row from left to right; most rows have one."""
    return sorted(row, key=_LEFT) if len(row) > 1 else row
