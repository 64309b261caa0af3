"""What a paragraph of a Word file becomes: heading, list item, cell or line of contents; shared by .docx and .doc."""

from __future__ import annotations

import re
from typing import Protocol

from tclp_daemon.document import BlockKind
from tclp_daemon.extract.word.autonumber import Label

FIELD_CODE = 40  # characters of a field's instruction that show what it is
_LONGEST_HEADING = 200
_CONTENTS_CODE = re.compile(r"\s*TOC\b")
_ENDS_WITH_PAGE = re.compile(r"[\t.…]\s*(?:(?:[A-Z]-)?\d{1,4}|[ivxl]{1,7})$")
_SENTENCE_END = re.compile(r"[.;,:]\W*$")


class Sink(Protocol):
    """Where blocks go: a DocumentBuilder, or something that only wants the texts."""

    def add(
        self,
        kind: BlockKind,
        text: str,
        /,
        *,
        level: int = 0,
        number: str | None = None,
        row: tuple[int, int, int] | None = None,
        contents: bool = False,
    ) -> None:
        """Takes one block."""


def add_block(
    sink: Sink,
    text: str,
    *,
    kind: BlockKind | None,
    label: Label | None,
    heading: int,
    cell: tuple[int, int, int] | None,
    listed: bool,
    generated: bool,
) -> None:
    """Adds a paragraph as the block that it is.

    Args:
        sink: takes the block.
        text: all of it, without its automatic number.
        kind: of the block; None lets the paragraph decide.
        label: its automatic number.
        heading: level of its style, 1 to 9, or 0 where that is not one of a heading.
        cell: the 1-based (table, row, column) that it is in.
        listed: it has the style of a table of contents, which some ordinary text has too.
        generated: it is in the field of one, which goes on over the document where its end was lost.
    """
    level = 0
    if kind is None:
        if cell is not None:
            kind = BlockKind.TABLE_CELL
        elif _is_heading(heading, text):
            kind, level = BlockKind.HEADING, heading
        elif label is not None:
            kind, level = BlockKind.LIST_ITEM, label.level
        else:
            kind = BlockKind.PARAGRAPH
    sink.add(
        kind,
        label.text + text if label else text,
        level=level,
        number=label.number if label else None,
        row=cell if kind is BlockKind.TABLE_CELL else None,
        contents=_is_contents(text, listed=listed, generated=generated),
    )


def is_contents_code(code: str) -> bool:
    """True for the instruction of the field that makes a table of contents."""
    return _CONTENTS_CODE.match(code) is not None


def _is_contents(text: str, *, listed: bool, generated: bool) -> bool:
    """Whether a paragraph is a line of a table of contents."""
    entry = (listed or generated) and _is_heading(1, text)
    return entry and (listed or _ENDS_WITH_PAGE.search(text) is not None)


def _is_heading(level: int, text: str) -> bool:
    """Whether a paragraph in a heading style is a heading: law firms put entire clauses in those styles, too."""
    return level > 0 and len(text) <= _LONGEST_HEADING and not (_SENTENCE_END.search(text) and len(text.split()) > 8)
