"""Readers add blocks in reading order; this assembles them into a `Document` and enforces `limits.characters`."""

from __future__ import annotations

from collections.abc import Sequence

from tclp_daemon.config import Limits
from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.errors import BLANK_ADVICE, ContractError, ErrorCode
from tclp_daemon.extract.structure import assign_clauses
from tclp_daemon.formats import Kind, of_kind
from tclp_daemon.warning import DocumentWarning

# The least that a block counts towards limits.characters: placing it among the clauses, splitting it into sentences and
# showing it takes as long as for this many characters.
_LEAST = 40


class DocumentBuilder:
    """Collects blocks. Offsets are exact because text is only ever appended."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parts: list[str] = []
        self._length = 0
        self._counted = 0
        self._blocks: list[Block] = []
        self._page_starts: list[int] = []
        self._warnings: dict[DocumentWarning, None] = {}

    @property
    def room(self) -> int:
        """How many characters may still be added."""
        return max(self._limits.characters - self._counted, 0)

    def expect(self, characters: int, blocks: int = 0) -> None:
        """Refuses a document early where at least this much is going to be added.

        Raises:
            ContractError: too_much_text.
        """
        if max(characters, blocks * _LEAST) > self.room:
            raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=self._limits.characters)

    def start_page(self) -> int:
        """Marks that the next page begins here; returns its 1-based number."""
        self._page_starts.append(self._length)
        return len(self._page_starts)

    def warn(self, warning: DocumentWarning) -> None:
        """Adds a warning for the result, once, though there may be thousands of such places."""
        self._warnings.setdefault(warning)

    def add(
        self,
        kind: BlockKind,
        text: str,
        *,
        level: int = 0,
        number: str | None = None,
        row: tuple[int, int, int] | None = None,
        page_breaks: Sequence[int] = (),
        contents: bool = False,
    ) -> None:
        """Appends one block; blank text adds nothing.

        Args:
            kind: what the block is.
            text: its text; white space around it is removed.
            level: heading or list depth from 1.
            number: the clause number it shows, where the reader knows better than the text does.
            row: for table cells the 1-based (table, row, column).
            page_breaks: offsets into `text` at which a further page begins, ascending. The block keeps the page it
                starts on; `start_page` must not be called again for the pages that begin inside.
            contents: the file itself says that it is a line of a table of contents.

        Raises:
            ContractError: too_much_text.
        """
        cut = len(text) - len(text.lstrip())
        text = text.strip()
        start = self._length
        page = len(self._page_starts) or None
        self._page_starts += [start + min(max(at - cut, 0), len(text)) for at in page_breaks]
        if not text:
            return
        self._counted += max(len(text), _LEAST)
        if self._counted > self._limits.characters:
            raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=self._limits.characters)
        self._parts += [text, "\n"]
        self._length += len(text) + 1
        end, paragraph = start + len(text), len(self._blocks) + 1
        self._blocks.append(Block(kind, start, end, page, paragraph, level, number, row=row, contents=contents))

    def build(self, kind: Kind, extractor: str, *, may_be_empty: bool = False) -> Document:
        """The document so far, with the clause and the heading of each block filled in.

        Args:
            kind: what the content is.
            extractor: name and version of what read it.
            may_be_empty: a document that has warnings but no text is wanted, too.

        Raises:
            ContractError: no_text.
        """
        format = of_kind(kind)
        if not self._blocks and not (may_be_empty and self._warnings):
            advice = None if format.may_be_scan else BLANK_ADVICE
            raise ContractError(ErrorCode.NO_TEXT, detail="only white space was found", advice=advice)
        text = "".join(self._parts)
        return Document(
            text,
            assign_clauses(text, self._blocks, lists=format.marks_lists),
            kind,
            extractor,
            tuple(self._page_starts),
            tuple(self._warnings),
        )
