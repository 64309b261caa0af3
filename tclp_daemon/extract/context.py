"""What a reader is, and what it is given in addition to the bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tclp_daemon.config import Limits
from tclp_daemon.document import Document
from tclp_daemon.extract.budget import Budget
from tclp_daemon.formats import Kind

OnPage = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class RecognisedLine:
    """A line that text recognition found; lengths in points from the top left corner of the page.

    Attributes:
        text: its words.
        x0, x1: left and right edge.
        y: baseline.
        size: height of the font.
        bold: it is drawn thicker than most lines of its page.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Recognised:
    """What text recognition found on a page, or in a picture as large as one.

    Attributes:
        lines: in reading order; none where there is nothing on the page.
        height: of the page, in points.
        instead: the text that the file has for this page is not what it shows, and these lines replace it. Otherwise
            they come on top, as beside a stamp.
        incomplete: the picture breaks off, so that there may be more.
    """

    lines: tuple[RecognisedLine, ...]
    height: float
    instead: bool = False
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What one reading may cost, and whom it tells how far it is.

    Attributes:
        limits: pages, characters, depth, memory and the rest.
        on_page: called with (pages read, pages in all) where the format has pages.
        budget: shared with the file that this document is embedded in; None where it is a file of its own.
        depth: how many documents this one is embedded in.
        read_embedded: called with (bytes, the kind that they are declared as, a context) for a document that stands in
            this one; returns None for one that cannot be read in its place. None where nothing embedded is read.
        recognisable: an unread document is returned rather than refused: text recognition comes next.
        recognised: what text recognition found, by page number or by the name of a picture in its package.
    """

    limits: Limits = field(default_factory=Limits)
    on_page: OnPage | None = None
    budget: Budget | None = None
    depth: int = 0
    read_embedded: ReadEmbedded | None = None
    recognisable: bool = False
    recognised: Mapping[int | str, Recognised] = field(default_factory=dict)


ReadEmbedded = Callable[[bytes, Kind | None, ReadContext], Document | None]


class Reader(Protocol):
    """Reads the files of one format."""

    def __call__(self, data: bytes, context: ReadContext) -> Document:
        """Reads one document.

        Args:
            data: the complete file.
            context: limits and callbacks.

        Raises:
            ContractError: the document cannot be analysed. Other exceptions are translated by `read_document`.
        """
