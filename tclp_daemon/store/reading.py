"""What can be asked of the store. A `ReadOnlyStore` changes nothing, and never waits for long for a writer."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import zlib
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from tclp_daemon.store.connection import open_for_reading, trouble
from tclp_daemon.store.listing import Listing
from tclp_daemon.store.rows import COLUMNS, name_key, to_task
from tclp_daemon.task import FileIdentity, Placement, Status, Task, iso

# Rows of a page, which is what is in memory at a time.
_BATCH = 500
# Word for word the condition of the index `tasks_spooled`, or SQLite does not use it.
_SPOOLED = "status IN ('pending', 'processing') OR placed = 0 OR published < revision"
_UNPUBLISHED = (
    "WHERE published < revision AND task_id NOT IN (SELECT value FROM json_each(?)) "
    "ORDER BY (published_name IS NULL OR published_name = outbox_name), created_at LIMIT ?"
)


class StoreReader:
    """What can be asked of the store, over one connection; each thread opens its own. Used as a context manager."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.listing = Listing(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._db.close()

    def check(self) -> None:
        """Reads the complete database once.

        Raises:
            ConfigError: it is damaged.
        """
        try:
            answer = self._db.execute("PRAGMA quick_check").fetchone()[0]
        except sqlite3.DatabaseError as error:
            answer = str(error)
        if answer != "ok":
            path = Path(self._db.execute("PRAGMA database_list").fetchone()["file"])
            raise trouble(path, sqlite3.DatabaseError(answer.splitlines()[0]))

    def known_sources(self, files: Sequence[tuple[str, FileIdentity]]) -> set[str]:
        """The names of those files that have been accepted: same name, size, mtime and, where inodes last, inode.

        A file that was moved to the outbox and comes back is a new drop.
        """
        found: set[str] = set()
        for start in range(0, len(files), _BATCH):
            batch = {os.fsencode(source): (source, identity) for source, identity in files[start : start + _BATCH]}
            marks = ", ".join("?" * len(batch))
            # "placed <> 1" is word for word the condition of the index `tasks_in_the_inbox`.
            rows = self._db.execute(
                f"SELECT source, size, mtime_ns, inode FROM tasks WHERE source IN ({marks}) AND placed <> 1 "
                f"UNION ALL SELECT source, size, mtime_ns, inode FROM left_files WHERE source IN ({marks})",
                (*batch, *batch),
            )
            for raw, size, mtime_ns, inode in rows:
                source, identity = batch[raw]
                same = (size, mtime_ns) == (identity.size, identity.mtime_ns)
                if same and (inode == identity.inode or not inode or not identity.inode):
                    found.add(source)
        return found

    def may_be_left(self, source: str, size: int) -> bool:
        """Whether a file of this name and size is known to stay in the inbox, so that it may be the same."""
        row = self._db.execute(
            "SELECT 1 FROM tasks WHERE source = ?1 AND placed <> 1 AND size = ?2 "
            "UNION ALL SELECT 1 FROM left_files WHERE source = ?1 AND size = ?2 LIMIT 1",
            (os.fsencode(source), size),
        ).fetchone()
        return row is not None

    def left_files(self, after: int, limit: int = _BATCH) -> list[tuple[int, str, FileIdentity]]:
        """A page of the files that forgotten tasks left in the inbox, as (row, name, identity), from row `after` on."""
        rows = self._db.execute(
            "SELECT rowid, source, size, mtime_ns, inode FROM left_files WHERE rowid > ? ORDER BY rowid LIMIT ?",
            (after, limit),
        ).fetchall()
        return [(row[0], os.fsdecode(row[1]), FileIdentity(*row[2:])) for row in rows]

    def is_outbox_name(self, name: str) -> bool:
        """Whether a task's contract has this name in the outbox. A symlink or directory is only reported."""
        row = self._db.execute(
            "SELECT 1 FROM tasks WHERE outbox_key = ? AND NOT (placed = ? AND sha256 IS NULL)",
            (name_key(name), Placement.STAYS),
        ).fetchone()
        return row is not None

    def is_outbox_folder(self, name: str) -> bool:
        """Whether there are contracts of tasks in a directory of this name in the outbox."""
        return (
            self._db.execute(
                "SELECT 1 FROM tasks WHERE outbox_key > ?1 || '/' AND outbox_key < ?1 || '0' LIMIT 1", (name_key(name),)
            ).fetchone()
            is not None
        )

    def known_spool(self) -> set[str]:
        """Ids of the tasks whose copy in the spool is still needed: unfinished, or not yet in the outbox."""
        return {row["task_id"] for row in self._db.execute(f"SELECT task_id FROM tasks WHERE {_SPOOLED}").fetchall()}

    def wants_spool(self, task_id: str) -> bool:
        """Whether the task's copy in the spool is still needed, as in `known_spool`."""
        row = self._db.execute(f"SELECT 1 FROM tasks WHERE task_id = ? AND ({_SPOOLED})", (task_id,)).fetchone()
        return row is not None

    def unpublished(self, limit: int = 100, but: Collection[str] = ()) -> list[Task]:
        """Tasks whose last change the outbox does not show yet. Those that step aside come first: others need the name.

        Args:
            limit: at most this many.
            but: ids of tasks to leave out.
        """
        return self._tasks(_UNPUBLISHED, (json.dumps([*but]), limit))

    def count_unpublished(self) -> int:
        """Number of tasks whose last change the outbox does not show yet."""
        return int(self._db.execute("SELECT count(*) FROM tasks WHERE published < revision").fetchone()[0])

    def any_published(self) -> bool:
        """Whether the outbox has ever shown a task that is still remembered."""
        row = self._db.execute("SELECT 1 FROM tasks WHERE published_key IS NOT NULL LIMIT 1").fetchone()
        return row is not None

    def unpublished_ids(self, limit: int = 100, but: Collection[str] = ()) -> list[str]:
        """The ids of `unpublished`, in case one of those rows is damaged and cannot be read."""
        rows = self._db.execute(f"SELECT task_id FROM tasks {_UNPUBLISHED}", (json.dumps([*but]), limit))
        return [row["task_id"] for row in rows]

    def name_occupied(self, task: Task) -> bool:
        """Whether the files of an older task still have the name that this one takes."""
        row = self._db.execute(
            "SELECT 1 FROM tasks WHERE published_key = ? AND task_id <> ?", (name_key(task.outbox_name), task.task_id)
        ).fetchone()
        return row is not None

    def report(self, task_id: str) -> bytes | None:
        """The HTML report of a completed task until it is published; from then on only the outbox has it."""
        row = self._db.execute("SELECT html FROM reports WHERE task_id = ?", (task_id,)).fetchone()
        return zlib.decompress(row["html"]) if row else None

    def find_result(self, sha256: str, suffix: str, same: dict[str, Any]) -> dict[str, Any] | None:
        """The newest result for the same bytes under the same suffix whose provenance agrees with `same`.

        It may belong to a task whose report is being made again.
        """
        for what in (
            "result FROM tasks WHERE sha256 = ? AND status = 'completed' ORDER BY finished_at DESC LIMIT 5",
            "prior_result AS result FROM tasks WHERE sha256 = ? AND prior_result IS NOT NULL LIMIT 5",
        ):
            for row in self._db.execute(f"SELECT file, {what}", (sha256,)).fetchall():
                result: dict[str, Any] = json.loads(row["result"])
                if row["file"].lower().endswith(suffix) and same.items() <= result.get("provenance", {}).items():
                    return result
        return None

    def get_task(self, task_id: str) -> Task:
        """One task by its full id.

        Raises:
            KeyError: there is none.
        """
        found = self._tasks("WHERE task_id = ?", (task_id,))
        if not found:
            raise KeyError(task_id)
        return found[0]

    def is_shown(self, name: str) -> bool:
        """Whether a task's contract has exactly this name in the outbox now."""
        row = self._db.execute(
            "SELECT 1 FROM tasks WHERE published_name = ?1 OR (outbox_name = ?1 AND published_name IS NULL)", (name,)
        ).fetchone()
        return row is not None

    def find_tasks(self, key: str, *, since: datetime | None = None, limit: int = -1) -> list[Task]:
        """Tasks by id, id prefix (4 characters at least) or file name, the newest first.

        Args:
            key: an id, a prefix or a name.
            since: only those accepted since.
            limit: at most this many.
        """
        accepted = iso(since) if since else ""
        if len(key) >= 4:
            found = self._tasks(
                "WHERE task_id >= ?1 AND task_id < ?1 || char(1114111) AND created_at >= ?2 "
                "ORDER BY created_at DESC LIMIT ?3",
                (key.lower(), accepted, limit),
            )
            if found:
                return found
        return self._tasks(
            "WHERE rowid IN (SELECT rowid FROM (SELECT rowid FROM tasks WHERE base_name = ?2 AND created_at >= ?3 "
            "AND (file = ?1 OR substr(file, -length(?1) - 1) = '/' || ?1) ORDER BY created_at DESC LIMIT ?4) "
            "UNION SELECT rowid FROM tasks WHERE outbox_name = ?1 AND created_at >= ?3) ORDER BY created_at DESC",
            (key, key.rpartition("/")[2], accepted, limit),
        )

    def list_tasks(
        self,
        *,
        status: Status | None = None,
        since: datetime | None = None,
        name: str | None = None,
        limit: int = -1,
    ) -> list[Task]:
        """Tasks, newest first; `name` is a part of the file name in any case."""
        return list(self.newest(status=status, since=since, name=name, limit=limit))

    def newest(
        self,
        *,
        status: Status | None = None,
        since: datetime | None = None,
        name: str | None = None,
        limit: int = -1,
    ) -> Iterator[Task]:
        """As `list_tasks`, one at a time: only a page is in memory, and no statement stays open (see `iterate`)."""
        left = limit if limit >= 0 else sys.maxsize
        part = name_key(name) or ""
        where = "(created_at, rowid) < (:created_at, :rowid)"
        where += " AND created_at >= :since" if since else ""
        where += " AND status = :status" if status else ""
        keys: dict[str, Any] = {"since": iso(since) if since else None, "status": status}
        keys |= {"created_at": "~", "rowid": 0}  # after every date
        while left:
            keys["limit"] = _BATCH if part else min(_BATCH, left)
            page = self._db.execute(
                f"SELECT created_at, rowid, file FROM tasks WHERE {where} "
                "ORDER BY created_at DESC, rowid DESC LIMIT :limit",
                keys,
            ).fetchall()
            if not page:
                return
            keys |= {"created_at": page[-1]["created_at"], "rowid": page[-1]["rowid"]}
            wanted = [row["rowid"] for row in page if part in (name_key(row["file"]) or "")][:left]
            for task in self._tasks(
                "WHERE rowid IN (SELECT value FROM json_each(?)) ORDER BY created_at DESC, rowid DESC",
                (json.dumps(wanted),),
            ):
                if status is None or task.status is status:  # it may have moved on since the page was looked up
                    left -= 1
                    yield task

    def iterate(self, *, since: datetime | None = None, updated_since: datetime | None = None) -> Iterator[Task]:
        """Tasks in the order of their acceptance, one at a time.

        No statement stays open between two tasks. With the rollback journal it would keep every writer waiting for as
        long as the caller takes, for example an export into a pager.

        Args:
            since: only those accepted since.
            updated_since: only those changed since, roughly in the order of their changes. A task that changes
                meanwhile may come again.
        """
        column, start = ("updated_at", updated_since) if updated_since else ("created_at", since)
        last: tuple[str, int] = (iso(start) if start else "", -1)
        while rows := self._db.execute(
            f"SELECT {COLUMNS}, rowid FROM tasks WHERE ({column}, rowid) > (?, ?) ORDER BY {column}, rowid LIMIT ?",
            (*last, _BATCH),
        ).fetchall():
            last = (rows[-1][column], rows[-1]["rowid"])
            rows.sort(key=lambda row: (row["created_at"], row["rowid"]))
            yield from map(to_task, rows)

    def counts(self) -> dict[str, int]:
        """Number of tasks by status, from counts that the schema keeps up to date."""
        return self.listing.counts()

    def next_due(self) -> float | None:
        """POSIX time at which the next pending task is due; None if no task is pending."""
        row = self._db.execute(
            "SELECT min(not_before) FROM tasks INDEXED BY tasks_claimable WHERE status = 'pending'"
        ).fetchone()
        return None if row[0] is None else float(row[0])

    def events(self, task_id: str) -> list[dict[str, Any]]:
        """What happened to a task, the oldest event first."""
        rows = self._db.execute(
            "SELECT at, attempt, event, detail FROM events WHERE task_id = ? ORDER BY event_id", (task_id,)
        ).fetchall()
        return [dict(row) for row in rows]

    def _tasks(self, where: str, parameters: Sequence[Any]) -> list[Task]:
        # All rows are fetched before the first is parsed: an open statement keeps writers waiting.
        return list(map(to_task, self._db.execute(f"SELECT {COLUMNS} FROM tasks {where}", parameters).fetchall()))


class ReadOnlyStore(StoreReader):
    """The store for commands that only look: nothing can be changed through it.

    Args:
        state: the state directory.

    Raises:
        OlderDatabase: only a writer can bring the database up to date.
        ConfigError: there is no database, it is damaged, or it is of a version that this one does not know.
    """

    def __init__(self, state: Path) -> None:
        super().__init__(open_for_reading(state))
