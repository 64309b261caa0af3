"""Which blocks are lines of a table of contents.

A line with dots before its page number is one. A page number alone is not enough: several such lines have to follow one
another, in the order of their pages.
"""

from __future__ import annotations

import re
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
_BETWEEN = 6  # most words of a line between two entries: "Schedules", "Clause Page"


@dataclass(slots=True)
class _Entries:
    """Consecutive lines that may be entries of a table of contents, in the order of their pages."""

    announced: bool = False  # they stand under "Contents"
    starts: list[int] = field(default_factory=list)
    title: str = ""
    page: int = 0
    numbered: int = 0
    gap: bool = False  # a few words without a page number follow the last of them

    def takes(self, title: str, page: int) -> bool:
        """Whether this is the next entry. The same words with one number after another ("Scope 1") are not entries."""
        return not self.starts or (page >= self.page and title != self.title)

    def add(self, start: int, title: str, page: int, number: Number | None) -> None:
        self.starts.append(start)
        self.title, self.page, self.gap = title, page, False
        self.numbered += number is not None and number.style not in (Style.LOWER, Style.ROMAN, Style.DIGIT)

    def settled(self) -> list[int]:
        """Their offsets if there are enough of them to be sure, else nothing."""
        sure = self.numbered >= _FEWEST_ENTRIES or (self.announced and len(self.starts) > 1)
        return self.starts if sure else []


def contents_lines(text: str, blocks: Sequence[Block]) -> set[int]:
    """Offsets of the blocks whose wording says that they are lines of a table of contents."""
    found: set[int] = set()
    entries = _Entries()
    for block in blocks:
        if block.kind in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
            continue
        line = text[block.start : min(block.end, block.start + 3 * HEAD)]
        if has_leader(line):
            found.add(block.start)
            continue
        entry = page_at_end(line) if block.row is None else None
        title = _CONTENTS_TITLE.fullmatch(line[:HEAD].strip(" .:")) is not None
        if entry is not None and entries.takes(*entry):
            entries.add(block.start, *entry, find_number(line, bare=True))
        elif entry is None and not (title or entries.gap) and len(line.split()) <= _BETWEEN:
            entries.gap = True
        else:
            found.update(entries.settled())
            entries = _Entries(announced=title)
            if entry is not None:
                entries.add(block.start, *entry, find_number(line, bare=True))
    found.update(entries.settled())
    return found
