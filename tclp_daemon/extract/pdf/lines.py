"""One PDF page -> its lines with their place on the page, through pdfium.

pdfium's text comes in the order of the content stream and is split into lines. A handful of calls per line (never per
character) give the geometry that paragraphs and columns need, which keeps a plain page at about two milliseconds.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.document import BlockKind

_LINE_END = re.compile(r"\r\n|\r|\n|\x02|\ufffe")
# A soft hyphen in a PDF is painted, so it is a hyphen: many fonts have no other.
_LIGATURES = str.maketrans(
    {
        "\u00ad": "-",
        "\u2010": "-",
        "\u2011": "-",
        "ﬀ": "ff",
        "ﬁ": "fi",
        "ﬂ": "fl",
        "ﬃ": "ffi",
        "ﬄ": "ffl",
        "ﬅ": "st",
        "ﬆ": "st",
        "\uf0b7": "•",
        "\uf0a7": "▪",
    }
)
_SPACES = re.compile(r"[\s\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_UNWANTED = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufeff\ufffe\uffff\u200b\u200c\u200d\u2060\ud800-\udfff]")
_BOLD = re.compile(rb"bold|black|heavy|semibold|demi", re.IGNORECASE)
_SAMPLE = 12
_SLANT = 25  # degrees up to which letters may lean: pdfium takes slanted ones for turned a little
_NAME_BYTES = 128


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
        hyphen: True where the line ends inside a word that was broken.
        askew: True where it runs in another direction than the lines of the page, as a watermark does.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    page: int
    hyphen: bool = False
    askew: bool = False


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together, possibly over several pages."""

    lines: list[Line]
    kind: BlockKind = BlockKind.PARAGRAPH
    row: tuple[int, int, int] | None = None
    level: int = 0

    @property
    def page(self) -> int:
        """1-based page on which it starts."""
        return self.lines[0].page


@dataclass(slots=True)
class PageLines:
    """The lines of one page by their part in it; `y0` and `y1` are its upper and lower edge where they are known."""

    number: int
    body: list[Line]
    cells: list[Paragraph] = field(default_factory=list)
    top: list[Line] = field(default_factory=list)
    bottom: list[Line] = field(default_factory=list)
    y0: float = 0.0
    y1: float = 0.0


def clean(text: str) -> str:
    """Ligatures and odd spaces in their plain form, characters that nobody sees taken out."""
    if text.isascii() and text.isprintable():
        return _SPACES.sub(" ", text).strip() if "  " in text else text.strip()
    return _SPACES.sub(" ", _UNWANTED.sub("", text.translate(_LIGATURES))).strip()


def split_lines(raw: str) -> list[str]:
    """The lines of a piece of pdfium's text, clean; pdfium writes a sign of its own for the hyphen at a line end."""
    found = (clean(raw[start:end] + ("-" if hyphen else "")) for start, end, hyphen in _spans(raw))
    return [line for line in found if line]


class TextPage:
    """The text of an open page. Close it by leaving the `with` block.

    Args:
        page: a loaded `pypdfium2.PdfPage`.
        number: 1-based.
    """

    def __init__(self, page: Any, number: int) -> None:
        self._page = page
        self._number = number
        self._raw: Any = None
        self._box = [ctypes.c_double() for _ in range(4)]
        self._rect = pdfium.FS_RECTF()
        self._name = ctypes.create_string_buffer(_NAME_BYTES)
        self._flags = ctypes.c_int()
        self._turn = (1.0, 0.0)

    def __enter__(self) -> TextPage:
        self._raw = pdfium.FPDFText_LoadPage(self._page.raw)
        return self

    def __exit__(self, *_: object) -> None:
        if self._raw:
            pdfium.FPDFText_ClosePage(self._raw)
            self._raw = None

    @property
    def characters(self) -> int:
        """Number of characters on the page, generated spaces and line ends included."""
        return max(int(pdfium.FPDFText_CountChars(self._raw)), 0) if self._raw else 0

    def lines(self) -> list[Line]:
        """The lines in the order of the content stream."""
        count = self.characters
        if not count:
            return []
        text, wide = self._text(count)
        places = self._places(text, count) if wide or len(text) != count else None
        spans = _spans(text)
        starts = [places[start] if places else start for start, _, _ in spans]
        self._turn = self._direction(starts)
        lines = []
        for (start, end, hyphen), first in zip(spans, starts, strict=True):
            cleaned = clean(text[start:end] + ("-" if hyphen else ""))
            if cleaned:
                last = places[end - 1] if places else end - 1
                lines.append(self._line(cleaned, first, last, hyphen))
        return lines

    @property
    def is_turned(self) -> bool:
        """True where the lines do not run from left to right in the file; known after `lines`."""
        return self._turn != (1.0, 0.0)

    def place(self, text: str, rect: tuple[float, float, float, float]) -> Line:
        """A line for words that are not part of the page's text, at a place (left, bottom, right, top) of the page."""
        left, bottom, right, top = rect
        cos, sin = self._turn
        xs = (left * cos + bottom * sin, right * cos + top * sin)
        ys = (left * sin - bottom * cos, right * sin - top * cos)
        size = min(max(max(ys) - min(ys), 4.0), 12.0)
        return Line(text, min(xs), max(xs), max(ys) - 0.25 * size, size, False, self._number)

    def edges(self) -> tuple[float, float]:
        """Upper and lower edge of the page in the coordinates of `lines`, which has to be called before."""
        left, bottom, right, top = self._page.get_bbox()
        cos, sin = self._turn
        ys = (left * sin - bottom * cos, right * sin - top * cos)
        return min(ys), max(ys)

    def bounded(self, left: float, top: float, right: float, bottom: float) -> str:
        """The text inside a box, in PDF coordinates (y upwards)."""
        count = pdfium.FPDFText_GetBoundedText(self._raw, left, top, right, bottom, None, 0)
        if count <= 0:
            return ""
        buffer = (ctypes.c_ushort * count)()
        pdfium.FPDFText_GetBoundedText(self._raw, left, top, right, bottom, buffer, count)
        return bytes(buffer).decode("utf-16-le", errors="ignore")

    def gaps(self, size: float) -> list[tuple[float, float, float]]:
        """White gaps inside lines, (left, right, baseline) in page coordinates, from the text objects' boxes."""
        count = pdfium.FPDFText_CountRects(self._raw, 0, -1)
        boxes = self._box
        found = []
        before: tuple[float, float, float] | None = None
        for index in range(min(count, 4000)):
            pdfium.FPDFText_GetRect(self._raw, index, *boxes)
            left, _, right, bottom = (value.value for value in boxes)
            if before is not None and abs(bottom - before[2]) < 0.5 * size and left - before[1] > 1.2 * size:
                found.append((before[1], left, bottom))
            before = (left, right, bottom)
        return found

    def segments(self) -> list[Line]:
        """The lines cut at wide gaps, from the boxes of all characters: slow, for interleaved columns."""
        count = self.characters
        text, wide = self._text(count)
        if wide or len(text) != count:
            return self.lines()
        result = []
        for start, end, hyphen in _spans(text):
            at = start
            right: float | None = None
            size = 0.0
            for index in range(start, end):
                if text[index].isspace():
                    continue
                box = self._char_box(index)
                if right is None:
                    size = max(self._size(index), 1.0)
                elif box[0] - right > 1.5 * size:
                    if piece := clean(text[at:index]):
                        result.append(self._line(piece, at, _last_visible(text, at, index), False))
                    at = index
                right = max(box[2], right or box[2])
            if piece := clean(text[at:end] + ("-" if hyphen else "")):
                result.append(self._line(piece, at, _last_visible(text, at, end), hyphen))
        return result

    def _text(self, count: int) -> tuple[str, int]:
        """The text and the number of characters in it that UTF-16 writes as two."""
        buffer = (ctypes.c_ushort * (count * 2 + 2))()
        written = pdfium.FPDFText_GetText(self._raw, 0, count, buffer)
        raw = bytes(memoryview(buffer).cast("B")[: max(written - 1, 0) * 2])
        text = raw.decode("utf-16-le", errors="replace")
        return text, len(raw) // 2 - len(text)

    def _places(self, text: str, count: int) -> list[int]:
        """For each character of `text` its place among those of the page, some of which have no text.

        pdfium knows them, too, but goes through the whole page for each.
        """
        places = []
        at = 0
        for char in text:
            point = ord(char)
            # The page counts in UTF-16, and has a sign of its own for a hyphen at a line end.
            wanted = 0xD800 + (point - 0x10000 >> 10) if point > 0xFFFF else 0x02 if char == "\ufffe" else point
            while at < count - 1:
                code = pdfium.FPDFText_GetUnicode(self._raw, at)
                if code == wanted or not (code < 0x20 or code == 0x7F):
                    break
                at += 1
            places.append(min(at, count - 1))
            at += 1 if point < 0x10000 else 2
        return places

    def _direction(self, starts: Sequence[int]) -> tuple[float, float]:
        """Cosine and sine of the angle at which most lines run; reading turns the page until they are level."""
        step = max(len(starts) // _SAMPLE, 1)
        angles = Counter(
            round(math.degrees(pdfium.FPDFText_GetCharAngle(self._raw, start)) / 90) % 4 for start in starts[::step]
        )
        quarter = angles.most_common(1)[0][0] if angles else 0
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarter]

    def _line(self, text: str, first: int, last: int, hyphen: bool) -> Line:
        x, y = self._box[0], self._box[1]
        pdfium.FPDFText_GetCharOrigin(self._raw, first, x, y)
        cos, sin = self._turn
        left = x.value * cos + y.value * sin
        base = x.value * sin - y.value * cos
        right = max(self._char_box(last)[2], left)
        size = self._size(first)
        bold = self._is_bold(first) and self._is_bold(last)
        # pdfium may put a watermark and a line of the page into one.
        askew = self._is_askew(first) and self._is_askew(last)
        return Line(text, left, right, base, size, bold, self._number, hyphen, askew)

    def _is_askew(self, index: int) -> bool:
        cos, sin = self._turn
        angle = pdfium.FPDFText_GetCharAngle(self._raw, index)
        if angle < 0:
            return False  # pdfium does not know
        turned = math.degrees(angle - math.atan2(sin, cos)) % 360
        return _SLANT < turned < 360 - _SLANT

    def _is_bold(self, index: int) -> bool:
        self._name.value = b""
        pdfium.FPDFText_GetFontInfo(self._raw, index, self._name, _NAME_BYTES, self._flags)
        return _BOLD.search(self._name.value) is not None

    def _char_box(self, index: int) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of a character after turning."""
        left, right, bottom, top = self._box
        if not pdfium.FPDFText_GetCharBox(self._raw, index, left, right, bottom, top):
            return (0.0, 0.0, 0.0, 0.0)
        if not self.is_turned:
            return (left.value, -top.value, right.value, -bottom.value)
        cos, sin = self._turn
        xs = (left.value * cos + bottom.value * sin, right.value * cos + top.value * sin)
        ys = (left.value * sin - bottom.value * cos, right.value * sin - top.value * cos)
        return (min(xs), min(ys), max(xs), max(ys))

    def _size(self, index: int) -> float:
        if not pdfium.FPDFText_GetLooseCharBox(self._raw, index, self._rect):
            return 10.0
        rect = self._rect
        across = abs(rect.right - rect.left) if self._turn[1] else abs(rect.top - rect.bottom)
        return across if 0.5 < across < 500 else 10.0


def _spans(text: str) -> list[tuple[int, int, bool]]:
    """(start, end, ends in a broken word) of each line that shows something, blanks at its ends cut off."""
    spans = []
    at = 0
    for match in _LINE_END.finditer(text):
        spans.append((at, match.start(), match[0] in "\x02\ufffe"))
        at = match.end()
    spans.append((at, len(text), False))
    result = []
    for start, end, hyphen in spans:
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        if start < end:
            result.append((start, end, hyphen))
    return result


def _last_visible(text: str, start: int, end: int) -> int:
    while end > start + 1 and text[end - 1].isspace():
        end -= 1
    return end - 1
