"""Taking over what another source says about a task (rebuild, merge), and what every write to the store is made of."""

from __future__ import annotations

import json
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from tclp_daemon.store.reading import StoreReader
from tclp_daemon.store.rows import name_key
from tclp_daemon.task import QUEUED, Status, Task, iso

# A task goes back to the queue.
TO_QUEUE = f"status = 'pending', stage = '{QUEUED}', progress = 0"
# What earlier attempts left behind is forgotten.
CLEAN = (
    "not_before = 0, crashes = 0, errors = 0, interruptions = 0, result = NULL, error = NULL, error_code = NULL, "
    "advice = NULL, finished_at = NULL"
)


class StoreImporter(StoreReader):
    """The part of the store that believes others.

    Args:
        connection: open for writing.
        clock: the current time, timezone-aware.
    """

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], datetime]) -> None:
        super().__init__(connection)
        self._clock = clock

    def import_task(self, task: Task) -> None:
        """Adds a task as another source describes it (rebuild); an unfinished one starts from the beginning.

        Its report stays in the outbox; the task keeps the report's sha256.

        Raises:
            sqlite3.IntegrityError: it makes no sense, or the id or name is there already.
        """
        columns = _names(task.outbox_name) | _outcome(task)
        if not task.finished:
            columns |= {"status": Status.PENDING, "progress": 0, "stage": QUEUED}
        with self._write():
            self._insert(
                task_id=task.task_id, file=task.file, source=os.fsencode(task.source), sha256=task.sha256,
                size=task.size, mtime_ns=task.identity.mtime_ns, inode=task.identity.inode, attempt=task.attempt,
                created_at=iso(task.created_at), revision=1, published=0, **columns,
            )  # fmt: skip
            self._event(task.task_id, task.attempt, "rebuilt", None)

    def overrule_task(self, task: Task) -> None:
        """Takes over how a known task ended from another source that is newer (merge).

        Raises:
            sqlite3.IntegrityError: another task has its name.
        """
        with self._write():
            # Through the transitions that the schema allows.
            self._db.execute(
                f"UPDATE tasks SET {TO_QUEUE}, {CLEAN} WHERE task_id = ? AND status IN ('completed', 'failed')",
                (task.task_id,),
            )
            self._db.execute(
                "UPDATE tasks SET status = 'processing', attempt = MAX(attempt, ?, 1) WHERE task_id = ?",
                (task.attempt, task.task_id),
            )
            self._update(task.task_id, prior_result=None, **_outcome(task))
            # The outbox has the report of this outcome; a report that is still kept here is older.
            self._db.execute("DELETE FROM reports WHERE task_id = ?", (task.task_id,))
            self._rename(task)
            self._event(task.task_id, task.attempt, "merged", None)

    def relocate_task(self, task: Task) -> None:
        """Takes over the name that a known task's files have in the outbox (merge). They are written again.

        Raises:
            sqlite3.IntegrityError: another task has the name.
        """
        with self._write():
            self._rename(task)
            self._event(task.task_id, task.attempt, "relocated", None)

    def _rename(self, task: Task) -> None:
        self._update(task.task_id, **_names(task.outbox_name))
        self._db.execute("UPDATE tasks SET revision = revision + 1 WHERE task_id = ?", (task.task_id,))

    def is_taken(self, name: str) -> bool:
        """Whether a task has exactly this name in the outbox, or will have it."""
        row = self._db.execute("SELECT 1 FROM tasks WHERE outbox_name = ?1 OR published_name = ?1", (name,)).fetchone()
        return row is not None

    def make_way(self, name: str) -> None:
        """Gives another name to the task that has this one; the files in the outbox are no longer its own (merge)."""
        with self._write():
            for row in self._db.execute(
                "SELECT task_id FROM tasks WHERE outbox_name = ?1 OR published_name = ?1", (name,)
            ).fetchall():
                aside = name_aside(name, uuid.uuid4().hex[:8])
                self._db.execute(
                    "UPDATE tasks SET outbox_name = ?, outbox_key = ?, published_name = NULL, published_key = NULL, "
                    "revision = revision + 1, updated_at = ? WHERE task_id = ?",
                    (aside, name_key(aside), iso(self._clock()), row["task_id"]),
                )
                self._event(row["task_id"], 0, "stepped_aside", aside)

    # -- inside ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _write(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            # SQLite rolls back after some failures (a full disk) by itself; after others it is our turn.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _insert(self, **columns: Any) -> None:
        names = ", ".join(columns)
        self._db.execute(f"INSERT INTO tasks ({names}) VALUES (:{names.replace(', ', ', :')})", columns)

    def _update(self, task_id: str, **columns: Any) -> None:
        changes = ", ".join(f"{name} = :{name}" for name in columns)
        self._db.execute(f"UPDATE tasks SET {changes} WHERE task_id = :task_id", columns | {"task_id": task_id})

    def _changed(self, sql: str, parameters: Sequence[Any]) -> bool:
        return self._db.execute(sql, parameters).rowcount == 1

    def _event(self, task_id: str, attempt: int, event: str, detail: str | None) -> None:
        self._db.execute(
            "INSERT INTO events (task_id, at, attempt, event, detail) VALUES (?, ?, ?, ?, ?)",
            (task_id, iso(self._clock()), attempt, event, detail),
        )


def _names(name: str) -> dict[str, Any]:
    """The columns of a task whose files have this name in the outbox."""
    key = name_key(name)
    return {"outbox_name": name, "outbox_key": key, "published_name": name, "published_key": key}


def _outcome(task: Task) -> dict[str, Any]:
    """The columns that say how a task ended."""
    return {
        "status": task.status,
        "progress": task.progress,
        "stage": task.stage,
        "updated_at": iso(task.updated_at),
        "finished_at": iso(task.finished_at) if task.finished_at else None,
        "result": json.dumps(task.result) if task.result is not None else None,
        "error": task.error,
        "error_code": task.error_code,
        "advice": task.advice,
        "note": task.note,
        "placed": task.placed,
        "report_sha256": task.report_sha256,
    }


def name_aside(name: str, tag: str) -> str:
    """`acme/nda.pdf` with a tag: `acme/nda.7f3a9c2e.pdf`."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}.{tag}{path.suffix}"))
