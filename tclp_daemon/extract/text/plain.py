"""Plain text, hard-wrapped or not, into paragraphs.

A hard-wrapped line ends because the next word did not fit. That is the only rule for joining lines: where the first
word of the next line would have fitted, the line was ended on purpose, and the paragraph ends with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tclp_daemon.document import BlockKind
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.structure import (
    cites,
    ends_entry,
    ends_sentence,
    find_number,
    is_aside,
    is_broken,
    looks_like_heading,
    starts_item,
)

_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:page\s*)?(?:\d{1,4}|[ivxlc]{1,7}|[A-Z]-\d{1,3})(?:\s*(?:of|/)\s*\d{1,4})?[-–—\s]*", re.IGNORECASE
)
_WRAP_WIDTHS = range(40, 141)
_BROKEN_WORD = re.compile(r"[a-z]{2}-$")
_WIDEST_MARGIN = 1000  # characters
_RUNNING = (
    120  # characters; a shorter line without a full stop that is repeated word for word is a header, not a clause
)
_PAUSE = re.compile(r"\S[ \t]*\n[ \t]*\n")
_MAY_GO = " \n\t\f\u00a0-_=*~#+|."  # white space, and what rules are drawn with
_RULE = re.compile(r"[-_=*~#+|.\s]{3,}")


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    indent: int

    @property
    def width(self) -> int:
        return self.indent + len(self.text)


def add_text(builder: DocumentBuilder, text: str) -> None:
    """Splits running text into paragraphs, list items and headings, and adds them."""
    # Do not lay out a hundred megabytes of lines only to refuse them.
    pauses = text.count("\n\n")
    if pauses * 10 > builder.room:
        pauses = sum(1 for _ in _PAUSE.finditer(text))
        builder.expect(0, blocks=pauses)
    builder.expect(len(text) - sum(text.count(char) for char in _MAY_GO))
    for kind, paragraph in paragraphs(text):
        builder.add(kind, paragraph)


def paragraphs(text: str) -> Iterator[tuple[BlockKind, str]]:
    """The blocks of running text, with their lines joined."""
    chunks = _chunks(text)
    width = _wrap_width([line for chunk in chunks for line in chunk])
    if width and _double_spaced(chunks):
        chunks = _close_up(chunks, width)
    pieces: list[tuple[BlockKind, str]] = []
    for chunk in chunks:
        pieces += _split_chunk(chunk, width)
    counts = Counter(text for kind, text in pieces if kind is BlockKind.PARAGRAPH and len(text) < _RUNNING)
    pieces = [
        (BlockKind.HEADER_FOOTER if counts[text] >= 3 and not ends_sentence(text) else kind, text)
        for kind, text in pieces
    ]
    yield from _join_over_gaps(pieces)


def _chunks(text: str) -> list[list[_Line]]:
    """Runs of lines without a blank line between them; a form feed ends a page and a run."""
    chunks: list[list[_Line]] = [[]]
    for page in text.split("\f"):
        for raw in page.split("\n"):
            stripped = _SPACES.sub(" ", raw).strip()
            if stripped and not _RULE.fullmatch(stripped):
                # A line that is all tabs would grow eightfold.
                margin = raw[: min(len(raw) - len(raw.lstrip()), _WIDEST_MARGIN)]
                chunks[-1].append(_Line(stripped, len(margin.expandtabs(8))))
            elif chunks[-1]:
                chunks.append([])
        if chunks[-1]:
            chunks.append([])
    return [chunk for chunk in chunks if chunk]


def _wrap_width(lines: Sequence[_Line]) -> int:
    """The column at which the lines are wrapped, 0 where they are not."""
    widths = sorted(line.width for line in lines)
    if len(widths) < 3:
        return widths[-1] if widths and widths[-1] in _WRAP_WIDTHS else 0
    upper = widths[int(0.97 * (len(widths) - 1))]
    if upper not in _WRAP_WIDTHS:
        return 0
    # Wrapped text has most of its long lines near the margin.
    near = sum(1 for width in widths if upper - 14 <= width <= upper + 4)
    return upper if near >= 0.2 * len(widths) else 0


def _double_spaced(chunks: Sequence[Sequence[_Line]]) -> bool:
    single = sum(1 for chunk in chunks if len(chunk) == 1)
    return len(chunks) > 20 and single > 0.9 * len(chunks)


def _close_up(chunks: list[list[_Line]], width: int) -> list[list[_Line]]:
    """Undoes double spacing: a full line continues in the next chunk."""
    closed: list[list[_Line]] = []
    for chunk in chunks:
        if closed and _runs_on(closed[-1][-1], chunk[0], width):
            closed[-1] += chunk
        else:
            closed.append(list(chunk))
    return closed


def _runs_on(line: _Line, after: _Line, width: int) -> bool:
    if ends_entry(line.text, after.text):
        return False
    if starts_item(after.text):
        # "(a)" begins an item, but "Section 4 above" and "2.1 of" may begin any line: then the last line was full
        # and did not end a sentence.
        is_cited = find_number(after.text) is not None and cites(line.text)
        if not is_cited and not is_aside(after.text, line.text):
            return False
    first = after.text.split(" ", 1)[0]
    if width and line.width + 1 + len(first) > width - 3:
        return not (ends_sentence(line.text) and after.indent > line.indent + 2)
    open_end = not ends_sentence(line.text)
    return open_end and after.text[0].islower() and not line.text.isupper()


def _split_chunk(chunk: Sequence[_Line], width: int) -> Iterator[tuple[BlockKind, str]]:
    current = [chunk[0].text]
    for before, line in pairwise(chunk):
        if _runs_on(before, line, width):
            current.append(line.text)
        else:
            yield _classify(_join(current))
            current = [line.text]
    yield _classify(_join(current))


def _join(lines: Sequence[str]) -> str:
    """Joins lines to one paragraph. A word broken at a line end is joined if its second half begins in lower case."""
    parts = [lines[0]]
    for line in lines[1:]:
        before = parts[-1]
        if _BROKEN_WORD.search(before) and line[0].islower() and is_broken(before, line, {}):
            parts[-1] = before[:-1]
        elif not before.endswith("-") or before.endswith(" -"):
            parts.append(" ")
        parts.append(line)
    return "".join(parts)


def _classify(text: str) -> tuple[BlockKind, str]:
    if is_page_number(text):
        return BlockKind.HEADER_FOOTER, text
    if looks_like_heading(text):
        return BlockKind.HEADING, text
    return (BlockKind.LIST_ITEM if starts_item(text) else BlockKind.PARAGRAPH), text


def is_page_number(text: str) -> bool:
    """True for a line that is nothing but the number of a page: "12", "- iv -", "Page 3 of 7"."""
    return len(text) < 24 and _PAGE_NUMBER.fullmatch(text) is not None


def _join_over_gaps(pieces: Sequence[tuple[BlockKind, str]]) -> Iterator[tuple[BlockKind, str]]:
    """Joins a sentence that page breaks cut; the page numbers between its parts come after it."""
    held: list[str] = []  # joined at the end: there may be many
    held_kind = BlockKind.PARAGRAPH
    gap: list[tuple[BlockKind, str]] = []
    passed: list[tuple[BlockKind, str]] = []
    for kind, text in pieces:
        if held and kind is BlockKind.HEADER_FOOTER and len(gap) < 4:
            gap.append((kind, text))
            continue
        if held and kind is BlockKind.PARAGRAPH and text[0].islower() and _is_open(held_kind, held[-1]):
            held.append(text)
            passed += gap
            gap = []
            continue
        if held:
            yield held_kind, _join(held)
        yield from passed
        yield from gap
        passed, gap = [], []
        held, held_kind = [text], kind
    if held:
        yield held_kind, _join(held)
    yield from passed
    yield from gap


def _is_open(kind: BlockKind, text: str) -> bool:
    return kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM) and not ends_sentence(text)
