"""The outbox's pages of contents: index.html, index-2.html and so on for older contracts, and contracts.csv.

Memory does not grow with the number of contracts: only where the older pages begin and end is kept. The newest
contracts are on index.html. Older ones are in blocks, numbered in the order of acceptance, so that neither a new
contract nor one that is forgotten moves the others, and a page is written again only when something on it changed.
Anything longer than a page (many pages at a start, contracts.csv) is written in portions, between which other contracts
are published. See docs/decisions/0013-pages-of-contents-in-portions.md.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable
from dataclasses import astuple
from typing import TYPE_CHECKING

from tclp_daemon.outbox.contents import Contents, lines, look, render
from tclp_daemon.outbox.names import CSV, INDEX, page_name
from tclp_daemon.outbox.table import SLICE, TableFile
from tclp_daemon.outbox.watched import WatchedPages
from tclp_daemon.report.portfolio import Row, row_from
from tclp_daemon.store import Listing, PageBlock, Ticks
from tclp_daemon.task import Status

if TYPE_CHECKING:
    from markupsafe import Markup

    from tclp_daemon.outbox.folder import OutboxFolder
    from tclp_daemon.store import Store

# Contracts on an older page.
BLOCK = 500
# While contracts are in progress, the page is written at least this often, so that its age shows whether the daemon is
# alive. As often, the pages are checked for being still there.
REFRESH_SECONDS = 30.0
# How many rows one portion writes beside those of the first page.
_PORTION = 500
_SHORTEST = 1.0
# A page that takes longer to write is written less often: never more than a twentieth of a core.
_SHARE = 20
# How long a daemon that stops goes on with anything longer than a page.
_LAST_SECONDS = 5.0
# How many failed contracts, and how many in progress, the first page lists apart.
_LISTED = 100
# From how many waiting contracts on those in progress are listed apart.
_QUEUE = 6
_NOTE = "overview"


class Overview:
    """Keeps the pages of contents current. Used by the publisher's thread only.

    Args:
        folder: where they are written.
        clock: seconds, monotonic.
    """

    def __init__(self, folder: OutboxFolder, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._watched = WatchedPages(folder)
        self._seen = Ticks()
        self._start: int | None = None  # the first page's first block
        self._older: dict[int, PageBlock] = {}
        self._stale: set[int] = set()  # older pages to be written
        self._lines: dict[tuple[int, int], Markup] = {}  # of the first page, by number and last change
        self._table = TableFile(folder, CSV)
        self._active = False
        self._dirty = True  # the first page is to be written
        self._due = float("-inf")
        self._written_at = float("-inf")
        self._looked_at = clock()

    def refresh(
        self, store: Store, changed: bool, *, check: Callable[[], None] = lambda: None, last: bool = False
    ) -> bool:
        """Writes what changed or was removed, a portion at a time; `pause` says when to come again.

        After the last time the next start knows which pages it need not write.

        Args:
            store: says what there is.
            changed: whether a task changed since the last call.
            check: called before anything is written; raises where the outbox is not there.
            last: nobody comes again, so nothing waits.

        Returns:
            Whether anything was written.

        Raises:
            OSError: the outbox cannot be written; the next call tries again.
        """
        written = self._refresh(store, changed, check, last)
        if last and not self._dirty:
            self._note(store)
        return written

    def postpone(self, seconds: float) -> None:
        """After a failure: lets the next attempt wait, while the publisher goes on with the rest."""
        self._due = self._clock() + seconds

    def pause(self, seconds: float) -> float:
        """How long the publisher may sleep: `seconds`, or less if something that had to wait is due earlier."""
        return min(seconds, max(0.01, self._due - self._clock())) if self._unfinished else seconds

    def _refresh(self, store: Store, changed: bool, check: Callable[[], None], last: bool) -> bool:
        self._dirty |= changed
        now = self._clock()
        if now >= self._looked_at + REFRESH_SECONDS:
            self._looked_at = now
            self._look(store.listing)
        self._dirty |= self._active and now >= self._written_at + REFRESH_SECONDS
        if not self._unfinished or (now < self._due and not last):
            return False
        check()
        first, page = self._start is None, self._dirty
        began = time.thread_time()
        self._write(store, now)
        until = now + _LAST_SECONDS
        while last and self._unfinished and self._clock() < until:
            self._write(store, now)
        # The first time does not count: it loads the templates.
        cost = 0.0 if first else _SHARE * (time.thread_time() - began)
        self._due = now + max(_SHORTEST if page else 0.0, cost)
        return True

    @property
    def _unfinished(self) -> bool:
        return bool(self._dirty or self._stale or self._table.is_behind(self._seen))

    def _look(self, listing: Listing) -> None:
        """Marks what must be written again: pages that somebody removed, and changes by another process (`cleanup`)."""
        self._dirty |= listing.ticks().changed != self._seen.changed
        blocks = {page_name(block): block for block in self._older}
        for name in self._watched.lost():
            if name == INDEX:
                self._dirty = True
            elif name == CSV:
                self._table.written = None
            elif name in blocks:
                self._stale.add(blocks[name])

    def _write(self, store: Store, now: float) -> None:
        """One portion: older pages, the first page, then a part of contracts.csv."""
        listing = store.listing
        if self._start is None:
            self._recall(listing)
        if self._dirty:
            if listing.ticks().removed != self._seen.removed and listing.is_sparse():
                with contextlib.suppress(sqlite3.OperationalError):  # a full disk: this can wait
                    store.number_by_time()
            self._take(listing)
        room = _PORTION - self._write_older(listing)
        if self._dirty:
            self._write_first(listing)
            self._dirty = False
            self._written_at = now
        # Last, because a spreadsheet may hold it open.
        self._write_table(listing, max(SLICE, room))

    def _take(self, listing: Listing) -> None:
        """Determines which older pages there are, and which have to be written."""
        ticks = listing.ticks()
        # The last full block stays on the first page with the one that fills up, so that it is never nearly empty.
        start = (listing.newest_from(BLOCK) - 1) // BLOCK
        renumbered = ticks.renumbered != self._seen.renumbered
        if self._start is None or renumbered or ticks.removed != self._seen.removed:
            older = listing.blocks(BLOCK, end=start)
            self._stale.update(b for b, block in older.items() if renumbered or self._older.get(b) != block)
            self._stale.update(self._older.keys() - older.keys())
        else:
            new = listing.blocks(BLOCK, self._start, start)
            older = self._older | new
            self._stale.update(new, older.keys() & listing.changed_blocks(BLOCK, self._seen.changed))
        if renumbered:
            self._lines.clear()
        self._older, self._start, self._seen = older, start, ticks

    def _note(self, store: Store) -> None:
        """Notes what is written, and what is not yet, for the next start."""
        with contextlib.suppress(sqlite3.OperationalError):  # a full disk: then everything is written once more
            store.note(
                _NOTE,
                {
                    "look": look(),
                    "ticks": astuple(self._seen),
                    "start": self._start,
                    "older": [(number, *astuple(block)) for number, block in self._older.items()],
                    "stale": sorted(self._stale),
                    "table": self._table.written,
                    "pages": self._watched.known,
                },
            )

    def _recall(self, listing: Listing) -> None:
        """Takes over what an earlier run wrote, as far as it is unchanged. The note may be an old one."""
        noted = listing.noted(_NOTE)
        if noted is None or noted["look"] != look():
            return
        self._seen = Ticks(*noted["ticks"])
        self._start = noted["start"]
        self._older = {number: PageBlock(*block) for number, *block in noted["older"]}
        self._stale.update(noted.get("stale", ()))
        self._table.written = noted["table"]
        self._watched.know({name: (size, date) for name, (size, date) in noted["pages"].items()})
        self._look(listing)

    def _write_older(self, listing: Listing) -> int:
        """Writes older pages, the newest first since the first page links there; returns the number of rows."""
        written = 0
        contents = Contents(listing.counts(), {}, self._older)
        for block in sorted(self._stale, reverse=True):
            if written >= _PORTION:
                break
            rows = self._rows(listing.rows(block * BLOCK + 1, (block + 1) * BLOCK)) if block in self._older else []
            self._put(page_name(block), render(contents, lines(rows), block=block))
            if not rows:  # it says that it is no longer needed, and need not be there
                self._watched.forget(page_name(block))
            self._stale.discard(block)
            written += len(rows) + 1
        return written

    def _write_first(self, listing: Listing) -> None:
        statuses = listing.counts()
        working: list[Row] = []
        # The oldest are worked on first: behind a long queue they would be far down the list.
        if statuses.get(Status.PENDING, 0) >= _QUEUE:
            working = self._rows(listing.rows_of(Status.PROCESSING, _LISTED))
        failed = self._rows(listing.rows_of(Status.FAILED, _LISTED, newest_first=True))
        contents = Contents(statuses, listing.verdicts(), self._older, failed, working, listing.judged_in_part())
        self._put(INDEX, render(contents, self._first_lines(listing), block=None))
        self._active = contents.active > 0

    def _first_lines(self, listing: Listing) -> list[Markup]:
        """The lines of the first page; only those that changed since the last time are made."""
        keys = listing.keys((self._start or 0) * BLOCK + 1)
        rows = listing.rows_at([seq for seq, changed in keys if (seq, changed) not in self._lines])
        new = dict(zip((row["seq"] for row in rows), lines(self._rows(rows)), strict=True))
        # One that changes in between is made again next time, since its key is the older one. One may be forgotten.
        self._lines = {
            key: self._lines[key] if key in self._lines else new[key[0]]
            for key in keys
            if key in self._lines or key[0] in new
        }
        return list(self._lines.values())

    def _write_table(self, listing: Listing, room: int) -> None:
        table = self._table
        while room > 0 and table.is_behind(self._seen):
            room -= SLICE
            if (size := table.advance(listing)) is not None:
                self._watched.wrote(CSV, size)

    def _put(self, name: str, data: bytes) -> None:
        self._folder.write(name, data, durable=False)
        self._watched.wrote(name, len(data))

    @staticmethod
    def _rows(records: list[sqlite3.Row]) -> list[Row]:
        return [row_from(record) for record in records]
