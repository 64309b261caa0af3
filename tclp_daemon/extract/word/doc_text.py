"""What shows of the text of a Word binary file, a paragraph at a time."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from tclp_daemon.extract.word.autonumber import Label
from tclp_daemon.extract.word.doc_fib import WordFile
from tclp_daemon.extract.word.doc_fields import Fields
from tclp_daemon.extract.word.doc_formatting import MARKS, Formatting
from tclp_daemon.extract.word.doc_looks import data_entry
from tclp_daemon.extract.word.doc_shapes import floating_pictures
from tclp_daemon.extract.word.doc_styles import Paragraph
from tclp_daemon.extract.word.docx_pictures import Picture
from tclp_daemon.extract.word.number_fields import NumberFields
from tclp_daemon.extract.word.symbols import in_symbol_font, symbol_char, with_boxes_apart

_SHOWN = {"\t": "\t", "\x0b": "\n", "\x0e": "\n", "\x1e": "-"}
_SYMBOL_PLACE, _PICTURE_PLACE = "(", "\x01"
_SPECIAL = re.compile("[\x00-\x1f\xad\uf000-\uf0ff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_LEAD = 1000  # characters; titles are shorter
_SHORT = 3  # characters of a symbol font in the lower half: where there are more, the font is not what shows
_MOST_PICTURES = 10_000


@dataclass(slots=True)
class Line:
    """A paragraph or cell of a story.

    Attributes:
        start, mark: position of its first character and of its mark.
        text: what shows of it.
        label: the number that a field makes for it.
    """

    start: int
    mark: int
    text: str
    label: Label | None


class Text:
    """The text of a file as it shows."""

    def __init__(self, file: WordFile, formatting: Formatting) -> None:
        self._file = file
        self._format = formatting
        self.fields = Fields(file.text, formatting.hidden)
        self._numbers = NumberFields()

    def lines(self, start: int, end: int) -> Iterator[Line]:
        """The paragraphs and cells in [start, end), in order."""
        while start < end:
            match = MARKS.search(self._file.text, start, end)
            mark = match.start() if match else end - 1
            yield self._line(start, mark, mark if match else end)
            start = mark + 1

    def lead(self, line: Line, properties: Paragraph) -> str:
        """The beginning of a paragraph, as far as it looks as headings do, which may be all of it."""
        text, gone, looks = self._file.text, self.fields.gone, self._format.looks
        by_style = self._format.styles.look(properties.style).stands_out
        for at in range(line.start, line.mark):
            if not gone[at] and text[at] > " " and not looks.stands_out(at, by_style):
                return self._visible(line.start, at).strip() if at - line.start < _LONGEST_LEAD else ""
        return line.text.strip()

    def is_covered(self, line: Line, properties: Paragraph, *, in_table: bool) -> bool:
        """Whether some words of a paragraph are struck out or white; white is a colour on grounds of other colours."""
        on_paper = not (in_table or properties.shaded)
        covered = self._format.looks.covered(line.start, line.mark, on_paper=on_paper)
        return any(not self.fields.gone[at] and self._file.text[at].isalpha() for at in covered)

    def pictures(self, start: int, end: int) -> list[tuple[int, Picture]]:
        """The pictures that are anchored in [start, end) and their positions, in order."""
        found = [*self._inline_pictures(start, end)]
        for at, width, height, behind in floating_pictures(self._file):
            if start <= at < end and not self._format.hidden[at] and not self._is_object(at):
                found.append((at, width, height, behind))
        found = sorted(found)[:_MOST_PICTURES]
        return [
            (at, Picture(f"picture {number}", width, height, behind))
            for number, (at, width, height, behind) in enumerate(found, start=1)
        ]

    def _inline_pictures(self, start: int, end: int) -> Iterator[tuple[int, float, float, bool]]:
        for at, last, place in self._format.looks.pictures.within(start, end):
            if _PICTURE_PLACE in self._file.text[at:last] and not self._format.hidden[at] and not self._is_object(at):
                entry = data_entry(self._file.data, place)
                if entry is not None and not entry.is_form:
                    yield at, entry.width, entry.height, False

    def _is_object(self, at: int) -> bool:
        """Whether a position is in the field of an embedded object, where a picture stands for the object."""
        objects = self.fields.objects
        inside = bisect_right(objects, (at, len(self._file.text))) - 1
        return inside >= 0 and at < objects[inside][1]

    def _line(self, start: int, mark: int, end: int) -> Line:
        parts, label, at = [], None, start
        for place, code in self.fields.within(start, end):
            parts.append(self._visible(at, place))
            at = place
            shown, is_number = self._made(code, place, mark)
            if is_number and label is None and not "".join(parts).strip():
                label = Label(f"{shown} ", shown.rstrip("."), max(self._heading(mark), 1))
            else:
                parts.append(shown)
        parts.append(self._visible(at, end))
        text = with_boxes_apart("".join(parts)) if len(parts) > 1 else parts[0]
        if _SURROGATE.search(text):
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return Line(start, mark, text, label)

    def _made(self, code: str, place: int, mark: int) -> tuple[str, bool]:
        """What a field without a result shows, and whether that is a number."""
        properties = self._format.paragraph(mark)
        level = (properties.depth or 0) + 1 if properties.list_id else 0
        number = self._numbers.next(code, heading=self._heading(mark), level=level)
        if number is not None:
            return number, True
        for _, _, offset in self._format.looks.pictures.within(place, place + len(code) + 1):
            if (entry := data_entry(self._file.data, offset)) is not None:
                return entry.form, False
        return "", False

    def _heading(self, mark: int) -> int:
        return self._format.styles.heading(self._format.paragraph(mark))

    def _visible(self, start: int, end: int) -> str:
        """The characters in [start, end) that show."""
        text, gone, looks = self._file.text[start:end], self.fields.gone[start:end], self._format.looks
        signs = list(looks.signs.within(start, end))
        if not (1 in gone or signs or next(looks.symbols.within(start, end), None)):
            return _SPECIAL.sub(lambda match: self._char(-1, match[0]), text)
        shown = [self._char(start + at, char) if not gone[at] else "" for at, char in enumerate(text)]
        for first, last, number in signs:
            font = self._format.fonts[number]
            for at in range(first, last):
                char = text[at - start]
                if shown[at - start] and (ord(char) > 0x7F or last - first <= _SHORT) and char >= " ":
                    shown[at - start] = in_symbol_font(char, font, font)
        return "".join(shown)

    def _char(self, position: int, char: str) -> str:
        if char == _SYMBOL_PLACE and (found := self._format.looks.symbols.at(position)) is not None:
            font, point = found
            return symbol_char(self._format.fonts[font] if font < len(self._format.fonts) else "", point)
        if char < " ":
            return _SHOWN.get(char, "")
        if "\uf000" <= char <= "\uf0ff":
            return symbol_char("wingdings", ord(char)) if char != "\uf0b7" else "•"
        return "" if char == "\xad" else char
