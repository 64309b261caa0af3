"""Which blocks are lines of a table of contents.

A line with dots before its page number is one. A page number alone is not enough: several such lines have to follow
one another, in the order of their pages; and they have to be numbered, or stand under "Contents", or their titles have
to be found again in the document.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from tclp_daemon.document import Block, BlockKind
from tclp_daemon.extract.structure.labels import Style
from tclp_daemon.extract.structure.numbering import HEAD, Number, find_number
from tclp_daemon.extract.structure.titles import has_leader, page_at_end

_CONTENTS_TITLE = re.compile(
    r"(?:table of )?contents|index|inhalt(?:sverzeichnis)?|sommaire|table des mati[èe]res|[íi]ndice|inhoud(?:sopgave)?",
    re.IGNORECASE,
)
_FEWEST_ENTRIES = 3
_ANNOUNCED = re.compile(r"([A-Z0-9(\"“].{2,300}?)\s(\d{1,3}|[ivxl]{1,7})")  # wrapped, or of the pages before page 1
_REPEATED = 0.6  # share of the titles that have to be found again
_NO_LETTER = re.compile(r"[\W_]+")
_BETWEEN = 6  # most words of a line between two entries: "Schedules", "Clause Page"


class _Heads:
    """How the blocks of a document begin, without their numbers; sorted when it is asked for the first time."""

    def __init__(self, text: str, blocks: Sequence[Block]) -> None:
        self._text = text
        self._blocks = blocks
        self._sorted: list[str] = []

    def repeat(self, title: str) -> bool:
        """Whether two blocks begin with a title: an entry of the contents, and what it is the title of."""
        if not self._sorted:
            self._sorted = sorted(_plain(self._text[each.start : each.start + HEAD]) for each in self._blocks)
        wanted = _plain(title)
        at = bisect_left(self._sorted, wanted) + 1
        return len(wanted) > 2 and at < len(self._sorted) and self._sorted[at].startswith(wanted)


def _plain(line: str) -> str:
    number = find_number(line, bare=True)
    return _NO_LETTER.sub("", line[number.end if number else 0 :].lower())


@dataclass(slots=True)
class _Entries:
    """Consecutive lines that may be entries of a table of contents, in the order of their pages."""

    announced: bool = False  # they stand under "Contents"
    starts: list[int] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    page: int = 0
    numbered: int = 0
    gap: bool = False  # a few words without a page number follow the last of them

    def takes(self, title: str, page: int) -> bool:
        """Whether this is the next entry. The same words with one number after another ("Scope 1") are not entries."""
        return not self.starts or (page >= self.page and title != self.titles[-1])

    def add(self, start: int, title: str, page: int, number: Number | None) -> None:
        self.starts.append(start)
        self.titles.append(title)
        self.page, self.gap = page, False
        self.numbered += number is not None and number.style not in (Style.LOWER, Style.ROMAN, Style.DIGIT)

    def settled(self, heads: _Heads) -> list[int]:
        """Their offsets if there are enough of them to be sure, else nothing."""
        if self.numbered >= _FEWEST_ENTRIES or (self.announced and len(self.starts) > 1):
            return self.starts
        if len(self.starts) < _FEWEST_ENTRIES:
            return []
        repeated = sum(1 for title in self.titles if heads.repeat(title))
        return self.starts if repeated >= max(_FEWEST_ENTRIES, _REPEATED * len(self.titles)) else []


def contents_lines(text: str, blocks: Sequence[Block]) -> set[int]:
    """Offsets of the blocks whose wording says that they are lines of a table of contents."""
    found: set[int] = set()
    entries = _Entries()
    heads = _Heads(text, blocks)
    for block in blocks:
        if block.kind in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
            continue
        line = text[block.start : min(block.end, block.start + 3 * HEAD)]
        if has_leader(line):
            found.add(block.start)
            continue
        entry = _entry(line, entries.announced) if block.row is None else None
        title = _CONTENTS_TITLE.fullmatch(line[:HEAD].strip(" .:")) is not None
        if entry is not None and entries.takes(*entry):
            entries.add(block.start, *entry, find_number(line, bare=True))
        elif entry is None and not (title or entries.gap) and len(line.split(None, _BETWEEN)) <= _BETWEEN:
            entries.gap = True
        else:
            found.update(entries.settled(heads))
            entries = _Entries(announced=title)
            if entry is not None:
                entries.add(block.start, *entry, find_number(line, bare=True))
    found.update(entries.settled(heads))
    return found


def _entry(line: str, announced: bool) -> tuple[str, int] | None:
    """Title and page of what may be an entry; under "Contents" it may be long, and its page a Roman number."""
    entry = page_at_end(line)
    if entry is None and announced and (match := _ANNOUNCED.fullmatch(line)) is not None:
        return match[1], int(match[2]) if match[2].isdecimal() else 0
    return entry
