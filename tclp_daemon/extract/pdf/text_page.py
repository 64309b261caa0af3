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
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line, clean, line_spans
from tclp_daemon.extract.pdf.page_objects import Box

_BOLD = re.compile(rb"bold|black|heavy|semibold|demi", re.IGNORECASE)
_SAMPLE = 12  # lines that show which way a page is turned
_NAME_BYTES = 128  # of a font's name
_WORD = re.compile(r"\S+")
_MOST_LETTERS = 20_000  # of a page whose words are looked at
_MOST_BOXES = 4000  # text objects of a page that are searched for gaps


Word = tuple[str, Box]


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

    def reload(self) -> list[Line]:
        """The lines after something on the page was changed."""
        self.__exit__()
        self.__enter__()
        return self.lines()

    def of_object(self, handle: Any) -> str:
        """The words of one text object of the page."""
        size = pdfium.FPDFTextObj_GetText(handle, self._raw, None, 0)
        if size <= 2:
            return ""
        buffer = (ctypes.c_ushort * (size // 2))()
        pdfium.FPDFTextObj_GetText(handle, self._raw, buffer, size)
        return bytes(buffer).decode("utf-16-le", errors="ignore").rstrip("\0")

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
        spans = line_spans(text)
        starts = [places[start] if places else start for start, _, _ in spans]
        self._turn = self._direction(starts)
        lines = []
        for (start, end, hyphen), first in zip(spans, starts, strict=True):
            if words := clean(text[start:end] + hyphen):
                last = places[end - 1] if places else end - 1
                lines.append(self._line(words, first, last))
        return lines

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

    def box(self, line: Line) -> Box:
        """About where a line is in PDF coordinates: left, bottom, right, top, from its baseline upwards."""
        cos, sin = self._turn
        xs = (line.x0 * cos + line.y * sin, line.x1 * cos + line.y * sin)
        ys = (line.x0 * sin - line.y * cos, line.x1 * sin - line.y * cos)
        return min(xs), min(ys), max(xs), max(ys)

    def edges(self) -> tuple[float, float]:
        """Upper and lower edge of the page in the coordinates of `lines`; known after that call."""
        left, bottom, right, top = self._page.get_bbox()
        cos, sin = self._turn
        ys = (left * sin - bottom * cos, right * sin - top * cos)
        return min(ys), max(ys)

    def words(self) -> list[Word]:
        """The words with the boxes around their letters, in PDF coordinates: slow, a call for each letter."""
        count = min(self.characters, _MOST_LETTERS)
        text, wide = self._text(count)
        if wide or len(text) != count:
            return []
        found = []
        left, right, bottom, top = self._box
        for match in _WORD.finditer(text):
            boxes = []
            for index in range(match.start(), match.end()):
                if pdfium.FPDFText_GetCharBox(self._raw, index, left, right, bottom, top):
                    boxes.append((left.value, bottom.value, right.value, top.value))
            if boxes:
                lefts, bottoms, rights, tops = zip(*boxes, strict=True)
                found.append((match[0], (min(lefts), min(bottoms), max(rights), max(tops))))
        return found

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
        bold = self._is_bold(first) and self._is_bold(last)
        # pdfium may join a watermark and a line of the page.
        askew = self._is_askew(first) and self._is_askew(last)
        return Line(text, left, right, base, size, bold, self._number, askew)

    def _is_askew(self, index: int) -> bool:
        cos, sin = self._turn
        angle = pdfium.FPDFText_GetCharAngle(self._raw, index)
        if angle < 0:
            return False  # pdfium does not know
        turned = math.degrees(angle - math.atan2(sin, cos)) % 360
        return LAYOUT.slant < turned < 360 - LAYOUT.slant

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
            return LAYOUT.usual_size
        rect = self._rect
        height = abs(rect.right - rect.left) if self._turn[1] else abs(rect.top - rect.bottom)
        return height if LAYOUT.least_size < height < LAYOUT.most_size else LAYOUT.usual_size


def _last_visible(text: str, start: int, end: int) -> int:
    while end > start + 1 and text[end - 1].isspace():
        end -= 1
    return end - 1
