"""Tables of contents that no page numbers at the ends of lines give away: lists of links, tables, and wrapped entries.

An entry is known by its title, which comes again as the title of a clause. A list of such lines under "Contents", or a
table whose last column has the pages, is a table of contents. The first title that comes a second time ends it: there
the text begins.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tclp_daemon.document import Block, BlockKind
from tclp_daemon.extract.structure.line_ends import ends_sentence
from tclp_daemon.extract.structure.numbering import HEAD

_TITLE = re.compile(
    r"(?:table of )?contents|index|inhalt(?:sverzeichnis)?|sommaire|table des mati[èe]res|[íi]ndice|inhoud(?:sopgave)?",
    re.IGNORECASE,
)
_PAGE = re.compile(r"[\s.…·]*(?<![\w.,])(\d{1,3}|[ivxl]{1,7})$")
_NO_LETTER = re.compile(r"[\W_]+")
_FEWEST = 3  # entries
_LONGEST = 20  # words of an entry
_LONGEST_TITLE = 40  # characters
_GAP = 2  # lines that may stand between two entries: "SCHEDULES", "Page", the first half of a wrapped one
_KEY = 80  # letters
_SHORTEST_KEY = 4


@dataclass(frozen=True, slots=True)
class _Line:
    """A block, or the cells of a row of a table: the indexes of its blocks, and its text."""

    places: tuple[int, ...]
    text: str
    in_table: bool


class _Heads:
    """How the lines of the document begin; sorted when it is asked for the first time."""

    def __init__(self, lines: Sequence[_Line]) -> None:
        self._lines = lines
        self._sorted: dict[bool, list[str]] = {}

    def has(self, key: str, line: _Line, page: int | None, *, announced: bool) -> bool:
        """Whether the line is an entry: its title comes again, for a table that nothing announces outside of tables."""
        if announced:
            return self._counted(key, tables=True) > 1
        return line.in_table and page is not None and self._counted(key, tables=False) > 0

    def _counted(self, key: str, *, tables: bool) -> int:
        """How many lines begin with these letters: 0, 1, or 2 for more."""
        if len(key) < _SHORTEST_KEY:
            return 0
        if tables not in self._sorted:
            self._sorted[tables] = sorted(_key(line.text) for line in self._lines if tables or not line.in_table)
        heads = self._sorted[tables]
        at = bisect_left(heads, key)
        return sum(1 for head in heads[at : at + 2] if head.startswith(key))


@dataclass(slots=True)
class _Run:
    """Lines that may be entries of one table of contents."""

    announced: bool = False
    entries: list[_Line] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    between: list[_Line] = field(default_factory=list)  # since the last entry
    inside: list[_Line] = field(default_factory=list)  # between two entries
    pages: list[int] = field(default_factory=list)

    def add(self, line: _Line, key: str, page: int | None) -> None:
        self.entries.append(line)
        self.keys.add(key)
        self.inside += self.between
        self.between = []
        if page is not None:
            self.pages.append(page)

    def places(self) -> Iterator[int]:
        """The blocks of the run, if it is a table of contents."""
        paged = len(self.pages) >= 0.8 * len(self.entries) and self.pages == sorted(self.pages)
        if len(self.entries) >= _FEWEST and (self.announced or paged):
            for line in self.entries + self.inside:
                yield from line.places


def listed_contents(text: str, blocks: Sequence[Block]) -> set[int]:
    """Offsets of the blocks of tables of contents that are known by their titles."""
    if not any(block.row is not None or _is_title(text, block) for block in blocks):
        return set()
    lines = list(_lines(text, blocks))
    heads = _Heads(lines)
    found: set[int] = set()
    run = _Run()
    for line in lines:
        title = _is_title(text, blocks[line.places[0]])
        if title or not (run.announced or run.entries or line.in_table):
            found.update(blocks[at].start for at in run.places())
            run = _Run(announced=title)
            continue
        bare, page = _without_page(line.text)
        key = _key(bare)
        if (
            key not in run.keys
            and len(bare.split()) <= _LONGEST
            and heads.has(key, line, page, announced=run.announced)
        ):
            run.add(line, key, page)
        elif key not in run.keys and _stands_between(line) and len(run.between) < _GAP:
            run.between.append(line)
        else:
            found.update(blocks[at].start for at in run.places())
            run = _Run()
    found.update(blocks[at].start for at in run.places())
    return found


def _is_title(text: str, block: Block) -> bool:
    short = block.end - block.start <= _LONGEST_TITLE
    return short and _TITLE.fullmatch(text[block.start : block.end].strip(" .:")) is not None


def wrapped_entries(text: str, blocks: Sequence[Block], entries: set[int]) -> set[int]:
    """Offsets of the blocks between two entries that can only be a part of the contents: half of an entry, a title."""
    found: set[int] = set()
    held: list[int] = []
    inside = False
    for block in blocks if entries else ():
        if block.kind in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
            continue
        if block.start in entries:
            found.update(held if inside else ())
            held, inside = [], True
            continue
        line = text[block.start : min(block.end, block.start + HEAD)]
        if len(held) < _GAP and block.end - block.start < HEAD and _may_be_half(line):
            held.append(block.start)
        else:
            held, inside = [], False
    return found


def _may_be_half(line: str) -> bool:
    return len(line.split()) <= _LONGEST and not ends_sentence(line)


def _lines(text: str, blocks: Sequence[Block]) -> Iterator[_Line]:
    row: list[int] = []
    for at, block in enumerate(blocks):
        if row and (block.row is None or block.row[:2] != (blocks[row[0]].row or ())[:2]):
            yield _line(text, blocks, row)
            row = []
        if block.kind in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
            continue
        if block.row is None:
            yield _line(text, blocks, [at])
        else:
            row.append(at)
    if row:
        yield _line(text, blocks, row)


def _line(text: str, blocks: Sequence[Block], places: Sequence[int]) -> _Line:
    cells = [text[blocks[at].start : min(blocks[at].end, blocks[at].start + HEAD)] for at in places[:6]]
    return _Line(tuple(places), " ".join(cells)[: 2 * HEAD], blocks[places[0]].row is not None)


def _without_page(line: str) -> tuple[str, int | None]:
    match = _PAGE.search(line)
    if match is None or not match.start():
        return line, None
    return line[: match.start()], int(match[1]) if match[1].isdecimal() else 0


def _key(line: str) -> str:
    return _NO_LETTER.sub("", line[:HEAD].lower())[:_KEY]


def _stands_between(line: _Line) -> bool:
    return len(line.text.split()) <= _LONGEST and not ends_sentence(line.text)
