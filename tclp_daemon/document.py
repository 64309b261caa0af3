"""What every reader produces and every analyser consumes: text with exact offsets, split into blocks.

Offsets are counted in Python characters of `Document.text`, end exclusive: `text[block.start:block.end]`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from enum import StrEnum

from tclp_daemon.formats import Kind
from tclp_daemon.warning import DocumentWarning, WarningCode


class BlockKind(StrEnum):
    """What a block is to a reader. The text keeps all of them; `split_sentences` decides which are judged.

    SIGNATURE is a line of a signature block, from the testimonium on; ADDRESS one of an address, as in a clause on
    notices; LISTING one of a list of things by their codes and figures: drawings, meters, prices. They may be cells of
    a table, and then have a `row`.
    """

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_CELL = "table_cell"
    HEADER_FOOTER = "header_footer"
    FOOTNOTE = "footnote"
    SIGNATURE = "signature"
    ADDRESS = "address"
    LISTING = "listing"


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text; no sentence extends beyond it.

    Attributes:
        kind: what the block is.
        start, end: offsets into `Document.text`.
        page: 1-based page where the block starts (PDF), else None.
        paragraph: 1-based index of the block in the document.
        level: heading or list depth from 1, 0 where it does not apply.
        number: the clause number the block itself shows ("11.4", "(b)"), if any.
        clause: the clause number the block stands under, its own included ("11.4").
        heading: the nearest heading above (or the block itself when it is one), without its number.
        row: for what stands in a table the 1-based (table, row, column), else None.
        contents: True for a line of a table of contents, which is kept in the text but never analysed.
    """

    kind: BlockKind
    start: int
    end: int
    page: int | None = None
    paragraph: int | None = None
    level: int = 0
    number: str | None = None
    clause: str | None = None
    heading: str | None = None
    row: tuple[int, int, int] | None = None
    contents: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """The text of one contract.

    Attributes:
        text: blocks joined by newlines, in reading order; NFC is not applied, so that offsets are the file's own.
        blocks: in text order, not overlapping; only white space lies between them.
        format: what the content really is, whatever the name says.
        extractor: name and version of what read it, for the provenance.
        page_starts: offset at which each page begins (PDF), empty where pages are unknown.
        warnings: in no particular order.
    """

    text: str
    blocks: tuple[Block, ...]
    format: Kind
    extractor: str
    page_starts: tuple[int, ...] = ()
    warnings: tuple[DocumentWarning, ...] = field(default=())

    @property
    def page_count(self) -> int | None:
        """Number of pages, None where the format has none."""
        return len(self.page_starts) or None

    @property
    def unread_pages(self) -> tuple[int, ...]:
        """1-based numbers of the pages of which something could not be read, as the warnings name them; ascending."""
        return tuple(sorted({page for each in self.warnings if each.unread for page in each.pages}))

    @property
    def recognised_pages(self) -> frozenset[int]:
        """1-based numbers of the pages whose text comes from text recognition."""
        return frozenset(page for each in self.warnings if each.code is WarningCode.OCR for page in each.pages)

    @property
    def word_count(self) -> int:
        """Words separated by white space."""
        return len(self.text.split())

    def page_at(self, offset: int) -> int | None:
        """1-based page of the character at `offset`, None where pages are unknown."""
        return bisect_right(self.page_starts, offset) or 1 if self.page_starts else None
