"""The fields of a Word binary file: three marks in its text, which may be nested and are often not closed.

Instructions do not show, results do. Some fields have no result: Word makes what they show whenever it shows it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from tclp_daemon.extract.word.blocks import FIELD_CODE, is_contents_code

BEGIN, SEPARATE, END = "\x13", "\x14", "\x15"
_MARKS = re.compile("[\x13\x14\x15]")
_LONGEST_CODE = 400
_MATTERS = re.compile(
    r"\s*(?:AUTONUM(?:LGL|OUT)?|LISTNUM|FORMCHECKBOX|FORMDROPDOWN|EMBED|INCLUDETEXT|INCLUDE|LINK)\b", re.IGNORECASE
)
_MADE = re.compile(r"\s*(?:AUTONUM|LISTNUM|FORM)", re.IGNORECASE)
_EMBEDDED = re.compile(r"\s*EMBED\s+(\S{1,100})", re.IGNORECASE)
_LINKED = re.compile(r"\s*(?:INCLUDETEXT|LINK\s+\S+|INCLUDE)\s+(?:\"([^\"]{1,300})\"|(\S{1,300}))", re.IGNORECASE)
_SHOWS = re.compile(r"[^\s\x00-\x1f]")
_MOST_NAMES = 100  # of programs and of files
_RESULT = 1000  # characters of a result that are looked at


class Fields:
    """The fields of all stories.

    Args:
        text: of all stories.
        hidden: a byte for each character, 1 where it is hidden or deleted.

    Attributes:
        gone: a byte for each character, 1 where it does not show: it is hidden, or in a field but not in its result.
        generated: the same, 1 where it is in the result of a field that makes a table of contents.
        programs: of the objects that are embedded.
        files: the files whose text is not in this one.
        objects: start and end of the fields of embedded objects.
    """

    def __init__(self, text: str, hidden: bytearray) -> None:
        self.gone = bytearray(hidden)
        self.generated = bytearray(len(text))
        self.programs: dict[str, None] = {}
        self.files: dict[str, None] = {}
        self.objects: list[tuple[int, int]] = []
        self._text, self._hidden = text, hidden
        self._codes: dict[int, str] = {}  # of fields without a result, by the position of their first mark
        self._blanks: list[tuple[int, int]] = []
        self._read()
        self._blank()
        self._places = sorted(self._codes)

    def within(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        """Positions and instructions of the fields in [start, end) that show something without a result."""
        at = bisect_left(self._places, start)
        while at < len(self._places) and self._places[at] < end:
            yield self._places[at], self._codes[self._places[at]]
            at += 1

    def _read(self) -> None:
        """Finds the fields; one that is never closed does not count."""
        opened: list[tuple[int, int | None]] = []
        contents: tuple[int, int] | None = None  # number of open fields, itself included, and start of its result
        for match in _MARKS.finditer(self._text):
            at, mark = match.start(), match[0]
            self.gone[at] = 1
            if mark == BEGIN:
                opened.append((at, None))
            elif mark == SEPARATE and opened and opened[-1][1] is None:
                opened[-1] = (opened[-1][0], at)
                if contents is None and is_contents_code(
                    self._text[opened[-1][0] + 1 : min(at, opened[-1][0] + FIELD_CODE)]
                ):
                    contents = (len(opened), at)
            elif mark == END and opened:
                if contents is not None and contents[0] == len(opened):
                    self.generated[contents[1] : at] = b"\x01" * (at - contents[1])
                    contents = None
                begin, separate = opened.pop()
                self._blanks.append((begin, at if separate is None else separate))
                if not self._hidden[begin]:
                    self._close(begin, separate, at)

    def _close(self, begin: int, separate: int | None, end: int) -> None:
        """Looks at a complete field."""
        last = end if separate is None else separate
        if not _MATTERS.match(self._text, begin + 1, min(last, begin + FIELD_CODE)):
            return
        code = self._text[begin + 1 : min(last, begin + _LONGEST_CODE)]
        if match := _EMBEDDED.match(code):
            if len(self.programs) < _MOST_NAMES:
                self.programs.setdefault(match[1])
            self.objects.append((begin, end))
        elif _MADE.match(code):
            self._codes[begin] = code
            self._blanks.append((begin, end))
        elif (
            len(self.files) < _MOST_NAMES
            and (match := _LINKED.match(code))
            and not _SHOWS.search(self._text, last, min(end, last + _RESULT))
        ):
            self.files.setdefault(re.split(r"[\\/]", match[1] or match[2])[-1])

    def _blank(self) -> None:
        """Blanks the instructions. They may be nested a million deep: nothing is blanked twice."""
        done = 0
        for begin, last in sorted(self._blanks):
            begin = max(begin, done)
            if begin < last:
                self.gone[begin:last] = b"\x01" * (last - begin)
                done = last
