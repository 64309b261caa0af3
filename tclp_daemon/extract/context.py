"""What a reader is, and what it is given in addition to the bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tclp_daemon.config import Limits
from tclp_daemon.document import Document
from tclp_daemon.extract.budget import Budget

OnPage = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What one reading may cost, and whom it tells how far it is.

    Attributes:
        limits: pages, characters, depth, memory and the rest.
        on_page: called with (pages read, pages in all) where the format has pages.
        budget: shared with the file that this document is embedded in; None where it is a file of its own.
        recognisable: an unread document is returned rather than refused: text recognition comes next.
    """

    limits: Limits = field(default_factory=Limits)
    on_page: OnPage | None = None
    budget: Budget | None = None
    recognisable: bool = False


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
