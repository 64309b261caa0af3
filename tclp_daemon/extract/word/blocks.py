"""What a paragraph of a Word file becomes: heading, list item, cell or line of contents; shared by .docx and .doc."""

from __future__ import annotations

import re
from typing import Protocol

from tclp_daemon.document import BlockKind
from tclp_daemon.extract.word.autonumber import Label
from tclp_daemon.extract.word.titles import MOST_IN_A_ROW, follows_title, is_in_brackets, reads_like_title, split_run_in

FIELD_CODE = 40  # characters of a field's instruction that show what it is
_LONGEST_HEADING = 200
# What typed capitals need to stand out: "R 2.1" is a reference, "TOTAL: 60 DAYS" an entry.
_CAPITALS = re.compile(r"(?!.*:.*\d).*[^\W\d_]{4}")
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


class Paragraphs:
    """Adds paragraphs as the blocks that they are. One that stands out waits: the next shows whether it is a heading.

    Args:
        sink: takes the blocks.
        kind: of all of them; None lets each paragraph decide.
    """

    def __init__(self, sink: Sink, kind: BlockKind | None = None) -> None:
        self._sink = sink
        self._kind = kind
        self._waiting: list[tuple[str, Label | None, bool]] = []  # text, number, whether it is a title
        self._in_a_row = 0  # how many that read like titles have come without plain text between them

    def add(
        self,
        text: str,
        *,
        label: Label | None = None,
        heading: int = 0,
        cell: tuple[int, int, int] | None = None,
        listed: bool = False,
        generated: bool = False,
        stands_out: bool = False,
        lead: str = "",
    ) -> None:
        """Adds one.

        Args:
            text, label, heading, cell, listed, generated: see `add_block`.
            stands_out: all of its text is bold, underlined or set in capitals; typed capitals are seen here.
            lead: the part at its beginning that does, where the rest does not.
        """
        if len(text) <= _LONGEST_HEADING and text.isupper():
            stands_out = stands_out or _CAPITALS.match(text) is not None
        bullet = label is not None and label.number is None
        may_wait = self._kind is None and cell is None and not (heading or listed or generated or bullet)
        if may_wait and stands_out and self._waits(text, label):
            return
        plain = cell is not None or not (stands_out or heading)
        self._settle(titles=plain and follows_title(text, sure=cell is not None or label is not None))
        self._in_a_row = 0
        if may_wait and lead and label is None and (parts := split_run_in(lead, text)) is not None:
            run_in, text = parts
            self._add(run_in, None, BlockKind.HEADING)
        add_block(
            self._sink,
            text,
            kind=self._kind,
            label=label,
            heading=heading,
            cell=cell,
            listed=listed,
            generated=generated,
        )

    def _waits(self, text: str, label: Label | None) -> bool:
        """Keeps a paragraph that may be a title until the next one; False where it cannot be one."""
        title = reads_like_title(text)
        # "(Simple Agreement for Future Equity)" below "SAFE" parts the title from its text, but is none itself.
        if not (title or (self._waiting and is_in_brackets(text))):
            return False
        self._waiting.append((text, label, title))
        self._in_a_row += 1
        if self._in_a_row > MOST_IN_A_ROW:
            self.flush()
        return True

    def _add(self, text: str, label: Label | None, kind: BlockKind | None) -> None:
        add_block(self._sink, text, kind=kind, label=label, heading=0, cell=None, listed=False, generated=False)

    def flush(self) -> None:
        """Adds those that wait: nothing of this kind follows."""
        self._settle(titles=False)

    def _settle(self, *, titles: bool) -> None:
        for text, label, title in self._waiting:
            self._add(text, label, BlockKind.HEADING if titles and title else self._kind)
        self._waiting.clear()


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
