"""contracts.csv: all contracts, the newest first, in portions that keep nobody waiting and need little memory."""

from __future__ import annotations

from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.outbox.growing import GrowingFile
from tclp_daemon.report.exports import csv_bytes
from tclp_daemon.report.portfolio import row_from
from tclp_daemon.store import Listing, Ticks

# Rows in one portion.
SLICE = 500


class TableFile:
    """The table in the outbox, and the next one that is being written.

    A change meanwhile may or may not be in the new one, which is therefore behind from the beginning; another follows.

    Args:
        folder: the outbox; the table is at its top.
        name: of the file.

    Attributes:
        written: `Ticks.listed` that the file in the outbox shows; None if it is missing or was changed.
    """

    def __init__(self, folder: OutboxFolder, name: str) -> None:
        self._file = GrowingFile(folder, name)
        self.written: int | None = None
        self._began: Ticks | None = None  # the least that the one being written shows
        self._before: int | None = None  # the number of its last row
        self._complete = False

    def is_behind(self, seen: Ticks) -> bool:
        """Whether the file in the outbox lacks what was seen."""
        return self.written is None or self.written < seen.listed

    def advance(self, listing: Listing) -> int | None:
        """Writes the next portion; returns the file's size once it has its name, None while more is to come.

        Raises:
            OSError: it cannot be written; the next call begins again, or only gives it its name.
        """
        ticks = listing.ticks()
        if self._began is not None and self._began.renumbered != ticks.renumbered:
            self._began = None
        if self._began is None:
            self._began, self._before, self._complete = ticks, None, False
        if not self._complete:
            try:
                self._add(listing)
            except OSError:
                self._began = None
                raise
        if not self._complete:
            return None
        try:
            size = self._file.finish()
        except FileNotFoundError:
            self._began = None  # somebody removed it
            raise
        self.written, self._began = self._began.listed, None
        return size

    def _add(self, listing: Listing) -> None:
        rows = listing.rows_before(self._before, SLICE)
        data = csv_bytes(map(row_from, rows), begin=self._before is None)
        if self._before is None:
            self._file.begin(data)
        else:
            self._file.add(data)
        self._complete = len(rows) < SLICE
        if rows:
            self._before = rows[-1]["seq"]
