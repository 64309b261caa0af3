"""The outbox's pages of contents: index.html, index-2.html and so on for older contracts, and contracts.csv.

A projection like all else here. The newest contracts are on index.html; older ones stand in blocks that are counted
from the oldest, so that a new contract never moves them and a page is written again only when something on it changed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tclp_daemon.export import Row, base_name, csv_bytes, row_of
from tclp_daemon.task import Status

if TYPE_CHECKING:
    from tclp_daemon.outbox.folder import OutboxFolder
    from tclp_daemon.store import Store

INDEX = "index.html"
CSV = "contracts.csv"
BLOCK = 500
# While work goes on, the page is written at least so often, so that its age tells whether the daemon lives.
HEARTBEAT = 30.0
_SHORTEST = 1.0
# A portfolio that takes longer to write is written less often: never more than a twentieth of a core.
_SHARE = 20
_FAILURES = 100
_QUEUE = 6


class Overview:
    """Keeps the pages of contents current. Used by the publisher's thread only.

    Args:
        folder: where they are written.
        clock: seconds, monotonic.
    """

    def __init__(self, folder: OutboxFolder, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._rows: dict[str, Row] = {}
        self._active = False
        self._seen: datetime | None = None
        self._dirty = True
        self._due = float("-inf")
        self._written_at = float("-inf")
        self._csv_stale = True
        self._stale_blocks: set[int] = set()
        self._blocks = 0

    def refresh(
        self, store: Store, changed: bool, *, check: Callable[[], None] = lambda: None, last: bool = False
    ) -> bool:
        """Writes what changed, unless that was done less than a second ago; then `pause` says when to come again.

        Returns whether anything was written.

        Args:
            store: says what there is.
            changed: whether a task changed since the last call.
            check: called before anything is written; raises where the outbox is not there.
            last: nobody comes again, so nothing waits.

        Raises:
            OSError: the outbox cannot be written; the next call tries again.
        """
        self._dirty |= changed
        now = self._clock()
        if not self._dirty and not (self._active and now >= self._written_at + HEARTBEAT):
            return False
        if now < self._due and not last:
            return False
        check()
        first = self._seen is None
        began = time.thread_time()
        self._take(store)
        self._write()
        self._dirty = False
        self._written_at = now
        # The first time says nothing: it loads the templates and reads every row.
        self._due = now + (_SHORTEST if first else max(_SHORTEST, _SHARE * (time.thread_time() - began)))
        return True

    def postpone(self, seconds: float) -> None:
        """After a failure: lets the next attempt wait, while the publisher goes on with the rest."""
        self._due = self._clock() + seconds

    def pause(self, seconds: float) -> float:
        """How long the publisher may sleep at most: until a refresh that had to wait is due."""
        return min(seconds, max(0.01, self._due - self._clock())) if self._dirty else seconds

    def _take(self, store: Store) -> None:
        """Brings the rows up to the store: those changed since the last look; all, where rows went or time ran back."""
        onward = self._seen is not None and datetime.now(UTC) >= self._seen
        if onward:
            self._note(store, self._seen)
        if not onward or len(self._rows) != sum(store.counts().values()):
            self._rows.clear()
            self._stale_blocks.update(range(self._blocks))
            self._csv_stale = True
            self._note(store, None)

    def _note(self, store: Store, since: datetime | None) -> None:
        positions: dict[str, int] | None = None
        for task in store.iterate(updated_since=since):
            row = row_of(task)
            before = self._rows.get(row.task_id)
            self._rows[row.task_id] = row
            self._seen = max(self._seen or task.updated_at, task.updated_at)
            if before is None or before.values() != row.values():
                self._csv_stale = True
            if before is not None and before != row and self._blocks:
                positions = positions or {task_id: i for i, task_id in enumerate(self._rows)}
                self._stale_blocks.add(positions[row.task_id] // BLOCK)

    def _write(self) -> None:
        rows = list(self._rows.values())
        self._active = any(row.status in (Status.PENDING, Status.PROCESSING) for row in rows)
        # The last full block stays on the first page with the one that fills up, so that it is never nearly empty.
        older = max(0, len(rows) // BLOCK - 1)
        if older < self._blocks:  # contracts were forgotten: pages that are no longer needed say so
            for block in range(older, self._blocks):
                self._folder.write(page_name(block), render(rows, [], block=block, blocks=older), durable=False)
        self._stale_blocks.update(range(self._blocks, older))
        for block in sorted(b for b in self._stale_blocks if b < older):
            part = rows[block * BLOCK : (block + 1) * BLOCK]
            self._folder.write(page_name(block), render(rows, part, block=block, blocks=older), durable=False)
            self._stale_blocks.discard(block)
        self._stale_blocks.clear()
        self._blocks = older
        self._folder.write(INDEX, render(rows, rows[older * BLOCK :], block=None, blocks=older), durable=False)
        if self._csv_stale:  # the last, because a spreadsheet may hold it
            self._folder.write(CSV, csv_bytes(reversed(rows)), durable=False)
            self._csv_stale = False


def page_name(block: int) -> str:
    """The page of a block of older contracts; block 0 holds the oldest."""
    return f"index-{block + 2}.html"


def render(
    rows: Sequence[Row], shown: Sequence[Row], *, block: int | None, blocks: int, now: datetime | None = None
) -> bytes:
    """One page of contents.

    Args:
        rows: all contracts, oldest first.
        shown: those on this page, oldest first.
        block: which block of older contracts it is, None for the first page.
        blocks: how many blocks of older contracts there are.
        now: shown as the time of writing.
    """
    # Here, because a daemon at rest that never had a contract needs no template engine.
    from tclp_daemon.report.page import asset, environment, policy

    package = "tclp_daemon.outbox"
    style = asset("tclp_daemon.report", "base.css") + "\n" + asset(package, "dashboard.css")
    script = asset(package, "dashboard.js")
    statuses = Counter(row.status for row in rows)
    verdicts = Counter(row.verdict for row in rows if row.verdict)
    failed = [row for row in reversed(rows) if row.status is Status.FAILED] if block is None else []
    # Work goes on from the oldest: behind a long queue it would be far down the list.
    working = [row for row in rows if row.status is Status.PROCESSING]
    if block is not None or statuses[Status.PENDING] < _QUEUE:
        working = []
    context: dict[str, Any] = {
        "style": style,
        "script": script,
        "policy": policy(style, script),
        "rows": list(reversed(shown)),
        "failed": failed[:_FAILURES],
        "failed_total": len(failed),
        "working": working,
        "statuses": statuses,
        "verdict_counts": verdicts,
        "total": len(rows),
        "active": statuses[Status.PENDING] + statuses[Status.PROCESSING] if block is None else 0,
        "block": block,
        "pages": [(page_name(i), rows[i * BLOCK], rows[i * BLOCK + BLOCK - 1]) for i in reversed(range(blocks))],
        "split": base_name,
        "now": now or datetime.now(UTC),
    }
    html = environment(package).get_template("dashboard.html.j2").render(context)
    return html.encode("utf-8", "replace")
