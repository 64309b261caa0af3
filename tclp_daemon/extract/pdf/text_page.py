"""One PDF page -> its lines with their place on the page, through pdfium.

pdfium's text comes in the order of the content stream and is split into lines. A few calls for each line (never for
each character) give the geometry that paragraphs and columns need, so a plain page takes about two milliseconds.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line, clean, count_lost, line_spans

_BOLD = re.compile(rb"bold|black|heavy|semibold|demi", re.IGNORECASE)
_SAMPLE = 12  # lines that show which way a page is turned
_SAMPLE_NAMES = 12  # characters whose letter the font may not name
_FEWEST_UNNAMED = 3  # of them
_SAMPLE_SHAPES = 200  # characters whose shapes are compared
_NAME_BYTES = 128  # of a font's name
_MOST_BOXES = 4000  # text objects of a page that are searched for gaps


class TextPage:
    """The text of an open page. Close it by leaving the `with` block.

    Args:
        page: a loaded `pypdfium2.PdfPage`.
        number: 1-based.

    Attributes:
        lost: signs that stand for no letter; known after `lines`.
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
        self.lost = 0

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
        """The lines in the order of the content stream, without those whose signs stand for no letter."""
        count = self.characters
        if not count:
            return []
        text, wide = self._text(count)
        self.lost = max(count - len(text) - wide, 0)
        boxes = self._shows_boxes(count)
        all_letters = not boxes and not count_lost(text)
        places = self._places(text, count) if wide or len(text) != count else None
        spans = line_spans(text)
        starts = [places[start] if places else start for start, _, _ in spans]
        self._turn = self._direction(starts)
        lines = []
        for (start, end, hyphen), first in zip(spans, starts, strict=True):
            if not all_letters:
                lost = end - start if boxes and self._is_unnamed(first) else count_lost(text[start:end])
                self.lost += lost
                if lost > LAYOUT.garbled_line * (end - start):
                    continue
            if words := clean(text[start:end] + hyphen):
                last = places[end - 1] if places else end - 1
                lines.append(self._line(words, first, last))
        return lines

    def _shows_boxes(self, count: int) -> bool:
        """Whether the font names no letters, and paints the same for each: boxes, whatever their codes spell."""
        unnamed = [at for at in range(0, count, max(count // _SAMPLE_NAMES, 1)) if self._is_unnamed(at)]
        if len(unnamed) < _FEWEST_UNNAMED:
            return False
        letters = set()
        shapes = set()
        for at in range(unnamed[0], min(unnamed[0] + _SAMPLE_SHAPES, count)):
            code = pdfium.FPDFText_GetUnicode(self._raw, at)
            if self._is_unnamed(at) and not chr(code).isspace():
                letters.add(code)
                left, top, right, bottom = self._char_box(at)
                size = pdfium.FPDFText_GetFontSize(self._raw, at) or 1.0
                shapes.add((round((right - left) / size, 2), round((bottom - top) / size, 2)))
        return len(letters) >= LAYOUT.alike and len(shapes) == 1

    def _is_unnamed(self, index: int) -> bool:
        return bool(pdfium.FPDFText_HasUnicodeMapError(self._raw, index) == 1)

    @property
    def is_turned(self) -> bool:
        """True where the lines do not run from left to right in the file; known after `lines`."""
        return self._turn != (1.0, 0.0)

    def place(self, text: str, rect: tuple[float, float, float, float]) -> Line:
        """A line for words that are not part of the page's text, at a place on it (left, bottom, right, top)."""
        left, bottom, right, top = rect
        cos, sin = self._turn
        xs = (left * cos + bottom * sin, right * cos + top * sin)
        ys = (left * sin - bottom * cos, right * sin - top * cos)
        size = min(max(max(ys) - min(ys), LAYOUT.typed_least), LAYOUT.typed_most)
        return Line(text, min(xs), max(xs), max(ys) - LAYOUT.typed_baseline * size, size, False, self._number)

    def edges(self) -> tuple[float, float]:
        """Upper and lower edge of the page in the coordinates of `lines`; known after that call."""
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
        """White gaps inside lines, (left, right, bottom) in PDF coordinates, from the boxes of the text objects.

        Args:
            size: of the page's font, in points.
        """
        count = pdfium.FPDFText_CountRects(self._raw, 0, -1)
        boxes = self._box
        found = []
        before: tuple[float, float, float] | None = None
        for index in range(min(count, _MOST_BOXES)):
            pdfium.FPDFText_GetRect(self._raw, index, *boxes)
            left, _, right, bottom = (value.value for value in boxes)
            if (
                before is not None
                and abs(bottom - before[2]) < LAYOUT.gap_height * size
                and left - before[1] > LAYOUT.gap * size
            ):
                found.append((before[1], left, bottom))
            before = (left, right, bottom)
        return found

    def segments(self) -> list[Line]:
        """The lines, cut at wide gaps between characters: slow, for columns that were written line by line."""
        count = self.characters
        text, wide = self._text(count)
        if wide or len(text) != count:
            return self.lines()
        result = []
        for start, end, hyphen in line_spans(text):
            at = start
            right: float | None = None
            size = 0.0
            for index in range(start, end):
                if text[index].isspace():
                    continue
                box = self._char_box(index)
                if right is None:
                    size = max(self._size(index), 1.0)
                elif box[0] - right > LAYOUT.cut * size:
                    if piece := clean(text[at:index]):
                        result.append(self._line(piece, at, _last_visible(text, at, index)))
                    at = index
                right = max(box[2], right or box[2])
            if piece := clean(text[at:end] + hyphen):
                result.append(self._line(piece, at, _last_visible(text, at, end)))
        return result

    def _text(self, count: int) -> tuple[str, int]:
        """The text, and how many of its characters are two in UTF-16."""
        buffer = (ctypes.c_ushort * (count * 2 + 2))()
        written = pdfium.FPDFText_GetText(self._raw, 0, count, buffer)
        raw = bytes(memoryview(buffer).cast("B")[: max(written - 1, 0) * 2])
        text = raw.decode("utf-16-le", errors="replace")
        return text, len(raw) // 2 - len(text)

    def _places(self, text: str, count: int) -> list[int]:
        """For each character of `text` its place among those of the page, some of which have no text.

        pdfium knows them too, but goes through all of the page for each.
        """
        places = []
        at = 0
        for char in text:
            point = ord(char)
            # The page counts in UTF-16 and has a character of its own for the hyphen at a line end.
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

    def _line(self, text: str, first: int, last: int) -> Line:
        x, y = self._box[0], self._box[1]
        pdfium.FPDFText_GetCharOrigin(self._raw, first, x, y)
        cos, sin = self._turn
        left = x.value * cos + y.value * sin
        base = x.value * sin - y.value * cos
        right = max(self._char_box(last)[2], left)
        size = self._size(first)
        begins, ends = self._font(first), self._font(last)
        bold = _is_bold(begins) and _is_bold(ends)
        # pdfium may join a watermark and a line of the page.
        askew = self._is_askew(first) and self._is_askew(last)
        return Line(text, left, right, base, size, bold, self._number, askew, ends)

    def _is_askew(self, index: int) -> bool:
        cos, sin = self._turn
        angle = pdfium.FPDFText_GetCharAngle(self._raw, index)
        if angle < 0:
            return False  # pdfium does not know
        turned = math.degrees(angle - math.atan2(sin, cos)) % 360
        return LAYOUT.slant < turned < 360 - LAYOUT.slant

    def _font(self, index: int) -> bytes:
        self._name.value = b""
        pdfium.FPDFText_GetFontInfo(self._raw, index, self._name, _NAME_BYTES, self._flags)
        return self._name.value

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
            return LAYOUT.usual_size
        rect = self._rect
        height = abs(rect.right - rect.left) if self._turn[1] else abs(rect.top - rect.bottom)
        return height if LAYOUT.least_size < height < LAYOUT.most_size else LAYOUT.usual_size


@lru_cache(maxsize=256)
def _is_bold(font: bytes) -> bool:
    return _BOLD.search(font) is not None


def _last_visible(text: str, start: int, end: int) -> int:
    while end > start + 1 and text[end - 1].isspace():
        end -= 1
    return end - 1
