"""One PDF page -> its lines with their place on the page, through pdfium.

pdfium's text comes in the order of the content stream and is split into lines. A few calls for each line (never for
each character) give the geometry that paragraphs and columns need, so a plain page takes about two milliseconds.
"""

from __future__ import annotations

import ctypes
import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf import calls
from tclp_daemon.extract.pdf.bullets import may_be_bullet, with_bullet
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.letters import Letter, are_glued, is_spaced_out, parts, words_by_gaps
from tclp_daemon.extract.pdf.lines import Gap, Line, clean, count_lost, count_nul, line_spans
from tclp_daemon.extract.pdf.marks import blank_marks
from tclp_daemon.extract.pdf.page_objects import Box

_BOLD = re.compile(rb"bold|black|heavy|semibold|demi", re.IGNORECASE)
_SAMPLE = 12  # lines that show which way a page is turned
_SAMPLE_NAMES = 12  # characters whose letter the font may not name
_FEWEST_UNNAMED = 3  # of them
_SAMPLE_SHAPES = 200  # characters whose shapes are compared
_WORD = re.compile(r"\S+")
_MOST_LETTERS = 20_000  # of a page whose words are looked at
_BULLET_REACH = 4  # characters from a bullet to the first letter behind it
_MOST_BOXES = 4000  # text objects of a page that are searched for gaps
_LEVEL = (1.0, 0.0)

Word = tuple[str, Box]


class TextPage:
    """The text of an open page. Close it by leaving the `with` block.

    Args:
        page: a loaded `pypdfium2.PdfPage`.
        number: 1-based.

    Attributes:
        lost: signs that stand for no letter; known after `lines`.
        is_turned: the lines do not run from left to right in the file; known after `lines`.
    """

    def __init__(self, page: Any, number: int) -> None:
        self._page = page
        self._number = number
        self._raw: Any = None
        self._at: int | None = None  # its address
        self._turn = _LEVEL
        self.is_turned = False
        self._sizes: dict[int, float] = {}
        self.lost = 0
        self._all = ""  # the text
        self._shown = ""  # and without its note marks
        self._places: list[int] | None = None
        self._uneven = False  # the blanks in the text may be wrong

    def __enter__(self) -> TextPage:
        self._raw = pdfium.FPDFText_LoadPage(self._page.raw)
        self._at = calls.address(self._raw)
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
        """The lines in the order of the content stream, without those whose signs stand for no letter."""
        count = self.characters
        if not count:
            return []
        text, wide = self._text(count)
        self.lost = max(count - len(text) - wide, 0) + count_nul(text)
        boxes = self._shows_boxes(count)
        self._places = self._placed(text, count) if wide or len(text) != count else None
        spans = line_spans(text)
        starts = [self._place_of(start) for start, _, _ in spans]
        self._turn = self._direction(starts)
        self.is_turned = self._turn != _LEVEL
        self._sizes.clear()
        self._all = text
        text = blank_marks(text, self if self._places is None else _Offsets(self, self._places))
        self._shown = text
        self._uneven = are_glued(text) or is_spaced_out(text)
        if boxes or count_lost(text):
            spans = [span for span in spans if not self._is_lost(text, span[0], span[1], boxes=boxes)]
        found = [self._read(start, end, hyphen) for start, end, hyphen in spans]
        return [line for line in found if line is not None]

    def letters(self, line: Line) -> list[Letter]:
        """The characters of a line one by one, without blanks: slow, for the few lines that need it.

        There are none where the line is not part of the page's text, or not in one piece.
        """
        return self._letters(range(line.first, line.last + 1)) if line.first >= 0 else []

    def _is_lost(self, text: str, start: int, end: int, *, boxes: bool) -> bool:
        """Whether the signs of a line stand for no letter; counts those that do not."""
        is_box = boxes and self._is_unnamed(self._place_of(start))
        lost = end - start if is_box else count_lost(text[start:end])
        self.lost += lost
        return lost > LAYOUT.garbled_line * (end - start)

    def pieces(self, line: Line, gap: float) -> list[Line]:
        """A line cut wherever its letters are more than `gap` em apart: slow, for the lines that may be two."""
        letters = self.letters(line)
        wide = gap * line.size
        apart = (max(b.left - a.right, a.left - b.right) for a, b in pairwise(letters))  # the line may go back, too
        return self._cut(line, letters, [at for at, space in enumerate(apart, 1) if space > wide])

    def cut(self, line: Line, *at: int) -> list[Line]:
        """A line cut behind so many letters, or before so many from its end where they are negative."""
        letters = self.letters(line)
        return self._cut(line, letters, [each % len(letters) for each in at if abs(each) < len(letters)])

    def cut_at(self, line: Line, edges: Sequence[float]) -> list[Line]:
        """A line cut where it crosses these edges between columns."""
        letters = self.letters(line)
        least = LAYOUT.narrow_gap * line.size
        gaps = [(a.right, b.left, at) for at, (a, b) in enumerate(pairwise(letters), 1) if b.left - a.right > least]
        # Where a word lies across an edge, the text is cut beside it.
        cuts = {min(gaps, key=lambda gap: max(gap[0] - edge, edge - gap[1], 0.0))[2] for edge in edges if gaps}
        return self._cut(line, letters, sorted(cuts))

    def _cut(self, line: Line, letters: Sequence[Letter], cuts: Sequence[int]) -> list[Line]:
        if not cuts:
            return [line]
        found = []
        texts = parts(line.text, letters, cuts)
        for index, (start, end) in enumerate(pairwise([0, *cuts, len(letters)])):
            first, last = letters[start].at, letters[end - 1].at
            if texts is not None:
                found.append(self._line(texts[index], first, last))
            elif (piece := self._read(self._offset(first), self._offset(last) + 1, "")) is not None:
                found.append(piece)
        return found

    def _read(self, start: int, end: int, hyphen: str) -> Line | None:
        """The line between two offsets of the text; None where nothing shows."""
        words = clean(self._shown[start:end] + hyphen)
        if not words:
            return None
        first, last = self._place_of(start), self._place_of(end - 1)
        if self._uneven:
            words = words_by_gaps(words, self._letters(range(first, last + 1)), self.size(first))
        marked = self._marked(words, first)
        line = self._line(marked or words, first, last)
        line.opens = marked is not None
        return line

    def _marked(self, words: str, first: int) -> str | None:
        """The words with a plain bullet, where a letter of a symbol font or "o" is one; None where there is none."""
        if words[1:2] not in ("", " ") or not may_be_bullet(words[0]):
            return None
        bullet, *text = self._letters(range(first, first + _BULLET_REACH))
        gap = (text[0].left - bullet.right) / self.size(first) if text else 0.0
        return with_bullet(words, self._font(first), gap)

    def _letters(self, places: range) -> list[Letter]:
        found = []
        for index in places:
            sign = self._all[index : index + 1] if self._places is None else chr(calls.char_code(self._at, index))
            if char := sign if "!" <= sign <= "~" else clean(sign):
                found.append(Letter(char, index, *self._span(index)))
        return found

    def _place_of(self, offset: int) -> int:
        return self._places[offset] if self._places else offset

    def _offset(self, place: int) -> int:
        return bisect_left(self._places, place) if self._places else place

    def _shows_boxes(self, count: int) -> bool:
        """Whether the font names no letters, and paints the same for each: boxes, whatever their codes spell."""
        unnamed = [at for at in range(0, count, max(count // _SAMPLE_NAMES, 1)) if self._is_unnamed(at)]
        if len(unnamed) < _FEWEST_UNNAMED:
            return False
        letters = set()
        shapes = set()
        for at in range(unnamed[0], min(unnamed[0] + _SAMPLE_SHAPES, count)):
            code = calls.char_code(self._at, at)
            if code > 0x20 and self._is_unnamed(at):
                letters.add(code)
                left, top, right, bottom = self._char_box(at)
                size = pdfium.FPDFText_GetFontSize(self._raw, at) or 1.0
                shapes.add((round((right - left) / size, 2), round((bottom - top) / size, 2)))
        return len(letters) >= LAYOUT.alike and len(shapes) == 1

    def _is_unnamed(self, index: int) -> bool:
        return bool(pdfium.FPDFText_HasUnicodeMapError(self._raw, index) == 1)

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

    def edges(self, sheet: Box) -> tuple[float, float]:
        """Upper and lower edge of the sheet in the coordinates of `lines`; known after that call."""
        left, bottom, right, top = sheet
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
        for match in _WORD.finditer(text):
            boxes = []
            for index in range(match.start(), match.end()):
                if calls.char_box(self._at, index, *calls.TO_VALUES):
                    left, right, bottom, top = calls.VALUES[:]
                    boxes.append((left, bottom, right, top))
            if boxes:
                lefts, bottoms, rights, tops = zip(*boxes, strict=True)
                found.append((match[0], (min(lefts), min(bottoms), max(rights), max(tops))))
        return found

    def gaps(self, size: float) -> list[Gap]:
        """White gaps inside lines, from the boxes of the text objects.

        Args:
            size: of the page's font, in points.
        """
        count = pdfium.FPDFText_CountRects(self._raw, 0, -1)
        wide, level = LAYOUT.gap * size, LAYOUT.gap_height * size
        found = []
        end = base = math.inf  # of the box before
        for index in range(min(count, _MOST_BOXES)):
            calls.text_rect(self._at, index, *calls.TO_VALUES)
            left, _, right, bottom = calls.VALUES[:]
            if left - end > wide and abs(bottom - base) < level:
                found.append((end, left, bottom))
            end, base = right, bottom
        return found

    def _text(self, count: int) -> tuple[str, int]:
        """The text, and how many of its characters are two in UTF-16."""
        buffer = (ctypes.c_ushort * (count * 2 + 2))()
        written = pdfium.FPDFText_GetText(self._raw, 0, count, buffer)
        raw = bytes(memoryview(buffer).cast("B")[: max(written - 1, 0) * 2])
        text = raw.decode("utf-16-le", errors="replace")
        return text, len(raw) // 2 - len(text)

    def _placed(self, text: str, count: int) -> list[int]:
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
                code = calls.char_code(self._at, at)
                if code == wanted or not (code < 0x20 or code == 0x7F):
                    break
                at += 1
            places.append(min(at, count - 1))
            at += 1 if point < 0x10000 else 2
        return places

    def _direction(self, starts: Sequence[int]) -> tuple[float, float]:
        """Cosine and sine of the angle at which most lines run; reading turns the page until they are level.

        pdfium counts angles clockwise.
        """
        step = max(len(starts) // _SAMPLE, 1)
        angles = [calls.char_angle(self._at, start) for start in starts[::step]]
        if not any(angles):
            return _LEVEL
        quarters = Counter(round(-math.degrees(angle) / 90) % 4 for angle in angles)
        quarter = quarters.most_common(1)[0][0]
        return (_LEVEL, (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarter]

    def _line(self, text: str, first: int, last: int) -> Line:
        calls.char_origin(self._at, first, *calls.TO_POINT)
        x, y = calls.VALUES[:2]
        cos, sin = self._turn
        left = x * cos + y * sin
        base = x * sin - y * cos
        right = max(self._right(last), left)
        size = self.size(first)
        ends = self._font(last)
        bold = _is_bold(ends) and _is_bold(self._font(first))
        # pdfium may join a watermark and a line of the page.
        askew = self._is_askew(first) and self._is_askew(last)
        return Line(text, left, right, base, size, bold, self._number, askew, ends, first, last)

    def base(self, index: int) -> float:
        """Baseline of a character in the coordinates of `lines`."""
        calls.char_origin(self._at, index, *calls.TO_POINT)
        cos, sin = self._turn
        x, y = calls.VALUES[:2]
        return x * sin - y * cos

    def _is_askew(self, index: int) -> bool:
        angle = calls.char_angle(self._at, index)
        if angle < 0 or (angle == 0 and not self.is_turned):
            return False  # pdfium does not know, or it is level as most text is
        cos, sin = self._turn
        turned = math.degrees(-angle - math.atan2(sin, cos)) % 360
        return LAYOUT.slant < turned < 360 - LAYOUT.slant

    def _font(self, index: int) -> bytes:
        size = calls.font_info(self._at, index, *calls.TO_NAME)
        return calls.NAME.value if 0 < size <= len(calls.NAME) else b""

    def _right(self, index: int) -> float:
        """Right edge of a character after turning."""
        if self.is_turned:
            return self._char_box(index)[2]
        return calls.VALUES[1] if calls.char_box(self._at, index, *calls.TO_VALUES) else 0.0

    def _char_box(self, index: int) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of a character after turning."""
        if not calls.char_box(self._at, index, *calls.TO_VALUES):
            return (0.0, 0.0, 0.0, 0.0)
        left, right, bottom, top = calls.VALUES[:]
        if not self.is_turned:
            return (left, -top, right, -bottom)
        cos, sin = self._turn
        xs = (left * cos + bottom * sin, right * cos + top * sin)
        ys = (left * sin - bottom * cos, right * sin - top * cos)
        return (min(xs), min(ys), max(xs), max(ys))

    def _span(self, index: int) -> tuple[float, float]:
        """Where a character begins along its line, and where the next one would."""
        if not calls.loose_char_box(self._at, index, calls.TO_RECT):
            return (0.0, 0.0)
        rect = calls.RECT
        if not self.is_turned:
            return (rect.left, rect.right)
        cos, sin = self._turn
        ends = (rect.left * cos + rect.bottom * sin, rect.right * cos + rect.top * sin)
        return min(ends), max(ends)

    def size(self, index: int) -> float:
        """Height of the font of a character, in points."""
        size = self._sizes.get(index)
        if size is None:
            size = self._sizes[index] = self._size(index)
        return size

    def _size(self, index: int) -> float:
        if not calls.loose_char_box(self._at, index, calls.TO_RECT):
            return LAYOUT.usual_size
        rect = calls.RECT
        height = abs(rect.right - rect.left) if self._turn[1] else abs(rect.top - rect.bottom)
        return height if LAYOUT.least_size < height < LAYOUT.most_size else LAYOUT.usual_size


class _Offsets:
    """The characters of a page by their offset in its text, some of which are two."""

    def __init__(self, page: TextPage, places: Sequence[int]) -> None:
        self._page = page
        self._places = places

    def size(self, at: int) -> float:
        return self._page.size(self._places[at])

    def base(self, at: int) -> float:
        return self._page.base(self._places[at])


@lru_cache(maxsize=256)
def _is_bold(font: bytes) -> bool:
    return _BOLD.search(font) is not None
