"""What blanks and marks lay out in a text file: page ends, numbered lines, columns, rows of tables, underlined titles.

Text comes in, lines in reading order come out, each with what is known about it. `plain` joins them to paragraphs.
Columns are read one after another if they hold running text; rows of tables are never joined with their neighbours.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise, takewhile

from tclp_daemon.extract.structure import is_marker, starts_item

_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_WIDEST_MARGIN = 1000  # characters
_RULE = re.compile(r"[-_=*~#+|.\s]{3,}")
_UNDERLINE = re.compile(r"[-=~]{3,}")
# The tags of EDGAR's plain documents stand at the beginning of a line; that of a page ends it.
_PAGE_TAG = re.compile(r"<PAGE>[ \t]*[\w-]{0,6}[ \t]*$", re.MULTILINE)
_TAGS = re.compile(r"^[ \t]*(?:</?(?:TABLE|CAPTION|S|C|FN|F\d{1,2}|TEXT|PAGE)>[ \t]*)+", re.MULTILINE)
_QUOTED = re.compile(r"^[ \t]?(?:>[ \t]?)+", re.MULTILINE)  # in an answer to an e-mail
_FEWEST_QUOTED = 3  # lines
_NUMBERED = re.compile(r"[ \t]{0,12}(\d{1,3})(?:[ \t]+(?=\S)|[ \t]*\Z)")
_FEWEST_NUMBERED = 8  # lines
_WIDEST_LINE = 300  # characters; nobody sets columns that are wider
_GUTTER = re.compile(r"(?<=\S) {3,}(?=\S)")
_GUTTER_WIDTH = 2  # blanks between two columns, in each of their lines
_MOST_COLUMNS = 3
_MOST_GUTTERS = 4  # places on a page that are tried
_FEWEST_LINES = 3  # with text in both columns
_BOTH_SHARE = 0.4  # of the lines of two columns have text in both
_COLUMN_WORDS = 2.5  # in a line of a column of running text, on average
_CONTINUING = 0.1  # of the lines of a column begin with a small letter
_CELL_WORDS = 6  # in the last cell of a row of two cells
_WIDEST_STRETCH = 4  # blanks between the words of a justified line
_JUSTIFIED_WORDS = 7
_PHRASE_WORDS = 6  # before the gap in a line of prose
_BLANKS = re.compile(r"(?<=\S) +(?=\S)")
_LONGEST_TERM = 4  # lines
_LONGEST_TITLE = 80


@dataclass(frozen=True, slots=True)
class Line:
    """A line with text.

    Attributes:
        text: without the blanks around it, other blanks single.
        indent: columns before it.
        is_row: it is a row of a table.
        is_underlined: a rule below makes a title of it.
        at_edge: it stands at the top or at the bottom of a page.
        margin: the column in which the lines of its column of text are wrapped, 0 where the text has one column.
    """

    text: str
    indent: int
    is_row: bool = False
    is_underlined: bool = False
    at_edge: bool = False
    margin: int = 0

    @property
    def width(self) -> int:
        return self.indent + len(self.text)


def chunks(text: str) -> list[list[Line]]:
    """Runs of lines without a blank line between them; the end of a page, a column or a rule ends a run."""
    text = _TAGS.sub("", _PAGE_TAG.sub("\f", text))
    if text.count("\n>") >= _FEWEST_QUOTED:
        text = _QUOTED.sub("", text)
    pages = [page for page in text.split("\f") if page and not page.isspace()]
    found: list[list[Line]] = []
    for page in pages:
        lines = _without_numbers(page.split("\n"))
        runs = [run for part, is_column in _columns(lines) for run in _runs(part, is_column)]
        if len(pages) > 1:
            for run in (*runs[:2], *runs[2:][-2:]):
                run[:] = [replace(line, at_edge=True) for line in run]
        found += runs
    return found


def _runs(lines: Sequence[str], is_column: bool) -> Iterator[list[Line]]:
    run: list[Line] = []
    margin = max(map(len, map(str.rstrip, lines)), default=0) if is_column else 0
    for raw, is_row in zip(lines, _rows(lines), strict=True):
        stripped = _SPACES.sub(" ", raw).strip()
        if stripped and not _RULE.fullmatch(stripped):
            # A line that is all tabs would grow eightfold.
            blanks = raw[: min(len(raw) - len(raw.lstrip()), _WIDEST_MARGIN)]
            run.append(Line(stripped, len(blanks.expandtabs(8)), is_row, margin=margin))
        elif run:
            if len(run) == 1 and _underlines(stripped, run[0]):
                run = [replace(run[0], is_underlined=True)]
            yield run
            run = []
    if run:
        yield run


def _underlines(rule: str, line: Line) -> bool:
    """Whether a rule is as long as the few words above it."""
    if line.is_row or len(line.text) > _LONGEST_TITLE or line.text.endswith((".", ",", ";", ":")):
        return False
    return _UNDERLINE.fullmatch(rule) is not None and 0.5 <= len(rule) / len(line.text) <= 2


def _without_numbers(lines: list[str]) -> list[str]:
    """The lines of a page without the numbers that count them in its margin."""
    marks = [_NUMBERED.match(line) if line[:13].strip()[:1].isdecimal() else None for line in lines]
    numbers = [int(mark[1]) for mark in marks if mark]
    if len(numbers) < _FEWEST_NUMBERED or len(numbers) < 0.8 * sum(1 for line in lines if line.strip()):
        return lines
    counted = sum(after == before + 1 for before, after in pairwise(numbers))
    # Items of a list begin with capitals; the lines of a paragraph do not.
    texts = [line[mark.end() :] for line, mark in zip(lines, marks, strict=True) if mark]
    if counted < 0.9 * (len(numbers) - 1) or sum(text[:1].islower() for text in texts) < 0.2 * len(texts):
        return lines
    return [line[mark.end() :] if mark else line for line, mark in zip(lines, marks, strict=True)]


def _columns(lines: Sequence[str], most: int = _MOST_COLUMNS) -> list[tuple[list[str], bool]]:
    """The lines of a page in parts that are read one after another, and whether each part is a column."""
    wide = [_expanded(line) for line in lines]
    ends = Counter(match.end() for line in wide for match in _GUTTER.finditer(line))
    parts = [(wide, False)]
    for at, count in ends.most_common(_MOST_GUTTERS):
        if count >= _FEWEST_LINES:
            parts = [piece for part, done in parts for piece in ([(part, True)] if done else _cut(part, at, most - 1))]
    return parts


def _expanded(line: str) -> str:
    """The line with blanks for tabs, unless it is too wide for columns."""
    if len(line) > _WIDEST_LINE:
        return line
    return line.replace("\u00a0", " ").expandtabs(8).rstrip()


def _cut(lines: list[str], at: int, most: int) -> Iterator[tuple[list[str], bool]]:
    """The part with its columns apart, where they begin at `at`."""
    lines, rest = list(lines), 0
    for first, last in _stretches(lines, at):
        left, right = [line[:at] for line in lines[first:last]], [line[at:] for line in lines[first:last]]
        if _are_columns(left, right):
            yield lines[rest:first], False
            for column in (left, right):
                yield from ((part, True) for part, _ in (_columns(column, most) if most > 1 else [(column, True)]))
            rest = last
        else:
            lines[first:last] = _with_terms(lines[first:last], at)
    yield lines[rest:], False


def _with_terms(lines: Sequence[str], at: int) -> list[str]:
    """The lines, with a term of several lines before its meaning, which begins at `at`, on one line with it."""
    done: list[str] = []
    for is_filled, group in groupby(lines, key=lambda line: bool(line.strip())):
        run = list(group)
        terms = list(takewhile(bool, (line[:at].strip() for line in run)))
        meaning = [line[at:].strip() for line in run]
        is_term = 1 < len(terms) <= _LONGEST_TERM and not any(line[:at].strip() for line in run[len(terms) :])
        if is_filled and is_term and all(meaning) and _is_prose(meaning) and not any(map(starts_item, meaning)):
            done += [" ".join([*terms, *meaning]), *([""] * (len(run) - 1))]
        else:
            done += run
    return done


def _stretches(lines: Sequence[str], at: int) -> Iterator[tuple[int, int]]:
    """The longest runs of lines that leave the place before `at` blank."""
    first = 0
    for number, line in enumerate((*lines, "x" * at)):
        if line[at - _GUTTER_WIDTH : at].strip() or len(line) > _WIDEST_LINE:
            if number - first >= _FEWEST_LINES:
                yield first, number
            first = number + 1


def _are_columns(left: Sequence[str], right: Sequence[str]) -> bool:
    """Whether both sides hold running text, one line below the other."""
    pairs = [(a.strip(), b.strip()) for a, b in zip(left, right, strict=True)]
    both = [bool(a and b) for a, b in pairs]
    if sum(both) < _FEWEST_LINES or sum(both) < _BOTH_SHARE * sum(1 for a, b in pairs if a or b):
        return False
    # Text whose lines were joined or set far apart has blanks here and there, but not in line after line.
    if sum(one and other for one, other in pairwise(both)) < 0.5 * (sum(both) - 1):
        return False
    return all(_is_prose([pair[side] for pair in pairs if pair[side]]) for side in (0, 1))


def _is_prose(lines: Sequence[str]) -> bool:
    """Whether these may be lines of paragraphs: words, some of which continue a sentence."""
    lines = [line for line in lines if any(map(str.isalpha, line))]
    words = sum(any(map(str.isalpha, word)) for line in lines for word in line.split())
    continuing = sum(line[0].islower() for line in lines)
    return bool(lines) and words >= _COLUMN_WORDS * len(lines) and continuing >= _CONTINUING * len(lines)


def _rows(lines: Sequence[str]) -> list[bool]:
    """For each line whether it is a row of a table: cells with blanks between them, like a line next to it."""
    gaps = [_gaps(line) for line in lines]
    rows = [False] * len(lines)
    filled = [at for at, line in enumerate(lines) if line.strip()]
    for before, after in pairwise(filled):
        if _alike(gaps[before], gaps[after]) and not _is_rewrapped(lines[before], lines[after]):
            rows[before] = rows[after] = True
    return rows


def _gaps(line: str) -> tuple[int, ...]:
    """Where the cells of a line after the first one begin; a clause number with blanks after it is no cell."""
    inner = line.strip()
    if len(line) > _WIDEST_LINE or not ("   " in inner or "\t" in inner):
        return ()
    line = _expanded(line)
    if _is_justified(line):
        return ()
    cells = [match.end() for match in _GUTTER.finditer(line)]
    if cells and is_marker(line[: cells[0]].strip()):
        cells = cells[1:]
    if len(cells) == 1 and len(line[cells[0] :].split()) > _CELL_WORDS:
        return ()
    return tuple(cells)


def _is_justified(line: str) -> bool:
    """Whether a line was stretched to the margin by blanks between all of its words, as no row of a table is."""
    blanks = [len(match[0]) for match in _BLANKS.finditer(line)]
    words = sum(any(map(str.isalpha, word)) for word in line.split())
    stretched = sum(count > 1 for count in blanks)
    return words >= _JUSTIFIED_WORDS and max(blanks) <= _WIDEST_STRETCH and blanks.count(2) * 3 >= stretched


def _is_rewrapped(line: str, after: str) -> bool:
    """Whether two lines are prose that was wrapped again, so that what was an indent stands in the middle of each."""
    if not after.lstrip()[:1].islower():
        return False
    gaps = [_GUTTER.search(_expanded(each).lstrip()) for each in (line, after)]
    widths = [len(gap[0]) for gap in gaps if gap and _is_phrase(gap.string, gap.start(), gap.end())]
    return len(widths) == 2 and widths[0] == widths[1]


def _is_phrase(line: str, start: int, end: int) -> bool:
    """Whether a line has words enough on its left, and a word on its right."""
    return len(line[:start].split()) >= _PHRASE_WORDS and line[end:].lstrip("(")[:1].isalpha()


def _alike(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two lines are rows of one table: of three cells or more, or of two that begin at the same place."""
    if len(one) > 1 and len(other) > 1:
        return True
    return len(one) == len(other) == 1 and one == other
