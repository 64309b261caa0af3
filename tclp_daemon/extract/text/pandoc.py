"""What pandoc adds to Markdown when it converts Word files: attributes, divisions, notes, and tables drawn with lines.

The parser does not know them. Attributes and divisions are removed, notes are set apart, and tables are taken out by
where their columns begin: https://pandoc.org/MANUAL.html#tables
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

# Possessive throughout: what was read as a name is never read in another way.
_ATTRIBUTES = r"\{(?=[#.]|[\w-]+=|-\})(?:[#.]?[\w:.-]++(?:=(?:\"[^\"\n]*+\"|[\w:.-]*+))?+[ \t]*+(?:\n[ \t]*+)?+)++\}"
_SPAN = re.compile(rf"\[([^\[\]]*+)\]{_ATTRIBUTES}")
# With --track-changes=all: what was deleted, and the comments in the margin.
_NOT_SHOWN = re.compile(r"\[[^\[\]]*+\]\{\.(?:deletion|comment-start)\b[^{}]*+\}")
_AFTER_LINK = re.compile(rf"(?<=[)`]){_ATTRIBUTES}")
_AFTER_TITLE = re.compile(rf"^([ \t]*#{{1,6}}[ \t][^\n{{]*+){_ATTRIBUTES}[ \t]*$", re.MULTILINE)
# The parser would take "5. Term" for an item of a list and the rule below for one that parts the text.
_NUMBERED_TITLE = re.compile(
    rf"(?<![^\n])([\dA-Z][^\n{{]{{0,118}}[^\n{{.,;: \t])[ \t]*+(?:{_ATTRIBUTES})?[ \t]*+\n(=+|-+)[ \t]*$", re.MULTILINE
)
_DIVISION = re.compile(r"^[ \t]*:{3,}[^\n]*$", re.MULTILINE)
_LOWERED = re.compile(r"(?<=[\w)])~(\w{1,4})~(?!~)|(?<=[\w)])\^(\w{1,4})\^")
_NOTE = re.compile(r"^\[\^([^\]\s]{1,60})\]:[ \t]?(.*(?:\n(?:[ \t]+\S.*|(?=\n[ \t]+\S)))*)", re.MULTILINE)
_NOTE_MARK = re.compile(r"\[\^[^\]\s]{1,60}\]")
_MOST_LAYERS = 5  # of spans in spans
_GRID = re.compile(r"[ \t]*\+(?:[-=:]+\+)+[ \t]*")
_GROUPS = re.compile(r"[ \t]*-{2,}(?:[ \t]+-{2,})+[ \t]*")
_LINE = re.compile(r"[ \t]*-{10,}[ \t]*")
_LONGEST_TABLE = 5000  # lines


@dataclass(frozen=True, slots=True)
class Table:
    """A table; each row is its cells, and each cell the lines in it."""

    rows: Sequence[Sequence[Sequence[str]]]


def without_attributes(text: str) -> str:
    """The text without attributes and divisions; what they are about stays."""
    if "{" in text:
        for _ in range(_MOST_LAYERS):
            text, found = _SPAN.subn(r"\1", _NOT_SHOWN.sub("", text))
            if not found:
                break
        text = _AFTER_TITLE.sub(r"\1", _AFTER_LINK.sub("", text))
    text = _NUMBERED_TITLE.sub(_title, text)
    text = _LOWERED.sub(lambda match: match[1] or match[2], text)
    return _DIVISION.sub("", text) if ":::" in text else text


def _title(match: re.Match[str]) -> str:
    """A title that begins with a number and has a rule of its length below, in the form with a mark before it."""
    title, rule = match[1], match[2]
    if not title[0].isdigit() or not 0.5 <= len(rule) / len(title) <= 2:
        return match[0]
    return f"{'#' if rule[0] == '=' else '##'} {title}\n"


def without_notes(text: str) -> tuple[str, list[str]]:
    """The text without its notes and their marks, and the notes."""
    notes = [" ".join(match[2].split()) for match in _NOTE.finditer(text)] if "[^" in text else []
    if not notes:
        return text, []
    return _NOTE_MARK.sub("", _NOTE.sub("", text)), notes


def split_tables(text: str) -> Iterator[str | Table]:
    """The text in parts: its tables that are drawn with lines, and what lies between them."""
    lines = text.split("\n")
    start = at = 0
    while at < len(lines):
        found = _grid(lines, at) or _drawn(lines, at) if "--" in lines[at] or "+=" in lines[at] else None
        if found is None:
            at += 1
            continue
        first, last, rows = found
        yield "\n".join(lines[start:first])
        yield Table(rows)
        start = at = last
    yield "\n".join(lines[start:])


_Found = tuple[int, int, list[list[list[str]]]]  # first line, the line after the last, rows


def _grid(lines: Sequence[str], at: int) -> _Found | None:
    """A table with a frame around each cell, which begins with line `at`."""
    if not _GRID.fullmatch(lines[at]):
        return None
    edges = [place for place, char in enumerate(lines[at]) if char == "+"]
    rows: list[list[list[str]]] = []
    row: list[list[str]] = [[] for _ in edges[1:]]
    end = at + 1
    for end in range(at + 1, min(len(lines), at + _LONGEST_TABLE)):
        line = lines[end]
        if not line.strip().startswith(("|", "+")):
            break
        if _GRID.fullmatch(line):
            rows.append(row)
            row = [[] for _ in edges[1:]]
        else:
            _fill(row, line, edges)
    else:
        end += 1
    return (at, end, rows) if rows else None


def _fill(row: list[list[str]], line: str, edges: Sequence[int]) -> None:
    """Adds a line of a row to its cells; a cell over several columns counts as one of the first."""
    first = 0
    for column, (left, right) in enumerate(pairwise(edges)):
        if column and line[left : left + 1] not in ("|", "+"):
            row[first][-1] += line[left:right]
            continue
        first = column
        cell = line[left + 1 : right]
        row[column].append("" if set(cell.strip()) <= set("-=:+") else cell)


def _drawn(lines: Sequence[str], at: int) -> _Found | None:
    """A table with lines above its columns, whose head is above or below line `at`."""
    if _GROUPS.fullmatch(lines[at]):
        has_head = at > 0 and bool(lines[at - 1].strip())
        return _body(lines, at - has_head, at, framed=not has_head)
    if _LINE.fullmatch(lines[at]):
        for below in range(at + 1, min(at + 20, len(lines))):
            if _GROUPS.fullmatch(lines[below]):
                return _body(lines, at + 1, below, framed=True, first=at)
            if not lines[below].strip() or _LINE.fullmatch(lines[below]):
                break
    return None


def _body(lines: Sequence[str], head: int, groups: int, *, framed: bool, first: int | None = None) -> _Found | None:
    """The rows of a table.

    Args:
        lines: all lines.
        head: the first line of its head; `groups` where it has none.
        groups: the line that shows where its columns begin.
        framed: it ends with a line of its own, and empty lines separate its rows. Otherwise each line is a row, and an
            empty line ends it.
        first: its first line, where that is not the head.
    """
    starts = [match.start() for match in re.finditer(r"-+", lines[groups])]
    body: list[str] = []
    end, closed = groups + 1, False
    for end in range(groups + 1, min(len(lines), groups + _LONGEST_TABLE)):
        closed = bool(_LINE.fullmatch(lines[end]) or _GROUPS.fullmatch(lines[end]))
        if closed or not (framed or lines[end].strip()):
            break
        body.append(lines[end])
    else:
        end += 1
    if not any(line.strip() for line in body) or (framed and not closed):
        return None
    by_line = not any(not line.strip() for line in body)
    groups_of_lines = [[line] for line in body] if by_line else _runs(body)
    rows = [_cells(each, starts) for each in ([lines[head:groups]] if head < groups else []) + groups_of_lines]
    return (head if first is None else first, end + closed, rows)


def _runs(lines: Sequence[str]) -> list[list[str]]:
    """The lines between empty lines."""
    return [list(run) for filled, run in groupby(lines, key=lambda line: bool(line.strip())) if filled]


def _cells(lines: Sequence[str], starts: Sequence[int]) -> list[list[str]]:
    ends = [*starts[1:], None]
    return [[line[start:end] for line in lines] for start, end in zip(starts, ends, strict=True)]
