"""Plain text, hard-wrapped or not, into paragraphs.

A hard-wrapped line ends because the next word did not fit. That is the only rule for joining lines: where the first
word of the next line would have fitted, the line was ended on purpose, and the paragraph ends with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from tclp_daemon.document import BlockKind
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.structure import (
    cites,
    ends_entry,
    ends_sentence,
    find_number,
    is_aside,
    is_broken,
    is_title,
    is_unfinished,
    looks_like_heading,
    starts_item,
)
from tclp_daemon.extract.text.layout import Line
from tclp_daemon.extract.text.layout import chunks as lay_out
from tclp_daemon.extract.text.titles import is_set_off_heading

_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:page\s*)?(?:\d{1,4}|[ivxlc]{1,7}|[A-Z]-\d{1,3})(?:\s*(?:of|/)\s*\d{1,4})?[-–—\s]*", re.IGNORECASE
)
_WRAP_WIDTHS = range(40, 141)
_BROKEN_WORD = re.compile(r"[a-z]{2}-$")
_RUNNING = (
    120  # characters; a shorter line without a full stop that is repeated word for word is a header, not a clause
)
_CENTRED_FROM = 12  # columns before a centred title
_OFF_CENTRE = 4  # columns
_DIGITS = re.compile(r"\d+")
_PAUSE = re.compile(r"\S[ \t]*(?:\n[ \t]*\n|\f)")
_MAY_GO = " \n\t\f\u00a0-_=*~#+|."  # white space, and what rules are drawn with


def add_text(builder: DocumentBuilder, text: str) -> None:
    """Splits running text into paragraphs, list items and headings, and adds them."""
    # Do not lay out a hundred megabytes of lines only to refuse them.
    pauses = text.count("\n\n") + text.count("\f")
    if pauses * 40 > builder.room:
        pauses = sum(1 for _ in _PAUSE.finditer(text))
        builder.expect(0, blocks=pauses)
    builder.expect(len(text) - sum(text.count(char) for char in _MAY_GO))
    for kind, paragraph in paragraphs(text):
        builder.add(kind, paragraph)


def paragraphs(text: str) -> Iterator[tuple[BlockKind, str]]:
    """The blocks of running text, with their lines joined."""
    chunks = lay_out(text)
    # Rows and lines of contents are as wide as they are, not where the text is wrapped.
    width = _wrap_width(
        [line for chunk in chunks for line in chunk if not (line.is_row or ends_entry(line.text, after=""))]
    )
    if width and _double_spaced(chunks):
        chunks = _close_up(chunks, width)
    pieces = [piece for chunk in chunks for piece in _split_chunk(chunk, width)]
    yield from _join_over_gaps(_with_titles(_without_headers(pieces), width))


class _Piece(NamedTuple):
    """Lines that belong together: kind and text of the block, and how it is laid out."""

    kind: BlockKind
    text: str
    lines: Sequence[Line]


def _without_headers(pieces: Sequence[_Piece]) -> Iterator[_Piece]:
    """The pieces; those that come back on every page, the number of the page aside, are headers and footers."""
    has_pages = any(piece.lines[0].at_edge for piece in pieces)
    keys = [_key(piece, has_pages) for piece in pieces]
    counts = Counter(key for key in keys if 0 < len(key) < _RUNNING)
    for piece, key in zip(pieces, keys, strict=True):
        comes_back = counts[key] >= 3 and not ends_sentence(piece.text)
        yield piece._replace(kind=BlockKind.HEADER_FOOTER) if comes_back else piece


def _with_titles(pieces: Iterable[_Piece], width: int) -> Iterator[_Piece]:
    """The pieces; a title that stands alone in the middle of its line, or above the first item, is a heading."""
    for piece, after in pairwise((*pieces, None)):
        assert piece is not None
        if _is_title(piece) and (_is_centred(piece.lines[0], width) or (after is not None and _is_first_item(after))):
            yield piece._replace(kind=BlockKind.HEADING)
        else:
            yield piece


def _is_title(piece: _Piece) -> bool:
    if piece.kind is not BlockKind.PARAGRAPH or len(piece.lines) > 1 or piece.lines[0].is_row:
        return False
    return is_title(piece.text) and is_set_off_heading(piece.text) and not _DIGITS.search(piece.text)


def _is_centred(line: Line, width: int) -> bool:
    return line.indent >= _CENTRED_FROM and abs(line.indent + len(line.text) / 2 - width / 2) <= _OFF_CENTRE


def _is_first_item(piece: _Piece) -> bool:
    number = find_number(piece.text) if piece.kind is BlockKind.LIST_ITEM else None
    return number is not None and number.label in ("1", "(a)", "(A)", "(1)", "(i)")


def _key(piece: _Piece, has_pages: bool) -> str:
    """What has to come back for a piece to be a header, "" where it is none.

    Where the text shows its pages, headers stand at their edges. Elsewhere a heading that comes back is a heading.
    """
    if not has_pages:
        return piece.text if piece.kind is BlockKind.PARAGRAPH else ""
    may_be_header = piece.lines[0].at_edge and piece.kind is not BlockKind.LIST_ITEM and find_number(piece.text) is None
    return _DIGITS.sub("#", piece.text) if may_be_header else ""


def _wrap_width(lines: Sequence[Line]) -> int:
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


def _double_spaced(chunks: Sequence[Sequence[Line]]) -> bool:
    single = sum(1 for chunk in chunks if len(chunk) == 1)
    return len(chunks) > 20 and single > 0.9 * len(chunks)


def _close_up(chunks: list[list[Line]], width: int) -> list[list[Line]]:
    """Undoes double spacing: a full line continues in the next chunk."""
    closed: list[list[Line]] = []
    for chunk in chunks:
        if closed and _runs_on(closed[-1][-1], chunk[0], width):
            closed[-1] += chunk
        else:
            closed.append(list(chunk))
    return closed


def _runs_on(line: Line, after: Line, width: int) -> bool:
    if line.is_row or after.is_row:
        return False
    if ends_entry(line.text, after.text):
        return False
    if starts_item(after.text):
        # "(a)" begins an item, but "Section 4 above" and "2.1 of" may begin any line: then the last line was full
        # and did not end a sentence.
        is_cited = find_number(after.text) is not None and cites(line.text)
        if not is_cited and not is_aside(after.text, line.text):
            return False
    first = after.text.split(" ", 1)[0]
    width = line.margin or width
    if width and line.width + 1 + len(first) > width - 3:
        return not (ends_sentence(line.text) and after.indent > line.indent + 2)
    open_end = not ends_sentence(line.text)
    return open_end and after.text[0].islower() and not line.text.isupper()


def _split_chunk(chunk: Sequence[Line], width: int) -> Iterator[_Piece]:
    current = [chunk[0]]
    for before, line in pairwise(chunk):
        if _runs_on(before, line, width):
            current.append(line)
        else:
            yield _classify(current)
            current = [line]
    yield _classify(current)


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


def _classify(lines: Sequence[Line]) -> _Piece:
    text = _join([line.text for line in lines])
    if is_page_number(text):
        kind = BlockKind.HEADER_FOOTER
    elif lines[0].is_underlined or (looks_like_heading(text) and not lines[0].is_row):
        kind = BlockKind.HEADING
    else:
        kind = BlockKind.LIST_ITEM if starts_item(text) else BlockKind.PARAGRAPH
    return _Piece(kind, text, lines)


def is_page_number(text: str) -> bool:
    """True for a line that is nothing but the number of a page: "12", "- iv -", "Page 3 of 7"."""
    return len(text) < 24 and _PAGE_NUMBER.fullmatch(text) is not None


def _join_over_gaps(pieces: Iterable[_Piece]) -> Iterator[tuple[BlockKind, str]]:
    """Joins a sentence that page breaks cut; the page numbers between its parts come after it."""
    held: list[str] = []  # joined at the end: there may be many
    held_kind = BlockKind.PARAGRAPH
    gap: list[tuple[BlockKind, str]] = []
    passed: list[tuple[BlockKind, str]] = []
    for kind, text, lines in pieces:
        if held and kind is BlockKind.HEADER_FOOTER and len(gap) < 4:
            gap.append((kind, text))
            continue
        if held and kind is BlockKind.PARAGRAPH and _goes_on(held[-1], lines, bool(gap)) and _may_go_on(held_kind):
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


def _may_go_on(kind: BlockKind) -> bool:
    return kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM)


def _goes_on(before: str, lines: Sequence[Line], after_gap: bool) -> bool:
    """Whether a sentence that a blank line or the end of a page cut goes on in `lines`."""
    if ends_sentence(before) or lines[0].is_row:
        return False
    new_page = after_gap or lines[0].at_edge
    first = lines[0].text[0]
    return first.islower() or (new_page and first.isalpha() and is_unfinished(before))
