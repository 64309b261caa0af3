"""Taking over what another source says of a task (rebuild, merge), and what every write to the store is made of."""

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
from tclp_daemon.task import Status, Task, iso

QUEUED = "status = 'pending', stage = 'queued', progress = 0"
ANEW = (
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
        """Takes over a task as another source tells it (rebuild); what is not finished starts anew.

        Its report stays where it is; the task says what it must be.

        Raises:
            sqlite3.IntegrityError: it makes no sense, or the id or name is there already.
        """
        state = (task.status, task.progress, task.stage) if task.finished else (Status.PENDING, 0, "queued")
        with self._write():
            self._db.execute(
                "INSERT INTO tasks (task_id, file, source, outbox_name, outbox_key, published_name, published_key, "
                "sha256, size, mtime_ns, inode, status, progress, stage, attempt, created_at, updated_at, finished_at, "
                "result, error, error_code, advice, note, placed, report_sha256, revision, published) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(task.task_id, task.file, os.fsencode(task.source)),
                    *(task.outbox_name, name_key(task.outbox_name)) * 2,
                    task.sha256,
                    *(task.size, task.identity.mtime_ns, task.identity.inode),
                    *state,
                    *(task.attempt, iso(task.created_at), iso(task.updated_at)),
                    iso(task.finished_at) if task.finished_at else None,
                    json.dumps(task.result) if task.result is not None else None,
                    *(task.error, task.error_code, task.advice, task.note, task.placed, task.report_sha256, 1, 0),
                ),
            )
            self._event(task.task_id, task.attempt, "rebuilt", None)

    def overrule_task(self, task: Task) -> None:
        """Takes over how a known task ended, as another source tells it that is newer (merge).

        Raises:
            sqlite3.IntegrityError: another task has its name.
        """
        with self._write():
            # By way of the states that the schema allows.
            self._db.execute(
                f"UPDATE tasks SET {QUEUED}, {ANEW} WHERE task_id = ? AND status IN ('completed', 'failed')",
                (task.task_id,),
            )
            self._db.execute(
                "UPDATE tasks SET status = 'processing', attempt = MAX(attempt, ?, 1) WHERE task_id = ?",
                (task.attempt, task.task_id),
            )
            self._db.execute(
                "UPDATE tasks SET status = ?, progress = ?, stage = ?, updated_at = ?, finished_at = ?, result = ?, "
                "error = ?, error_code = ?, advice = ?, note = ?, placed = ?, report_sha256 = ?, prior_result = NULL "
                "WHERE task_id = ?",
                (
                    *(task.status, task.progress, task.stage, iso(task.updated_at)),
                    iso(task.finished_at) if task.finished_at else None,
                    json.dumps(task.result) if task.result is not None else None,
                    *(task.error, task.error_code, task.advice, task.note, task.placed, task.report_sha256),
                    task.task_id,
                ),
            )
            # The outbox has the report of this outcome; one that is still kept here is older.
            self._db.execute("DELETE FROM reports WHERE task_id = ?", (task.task_id,))
            self._rename(task)
            self._event(task.task_id, task.attempt, "merged", None)

    def relocate_task(self, task: Task) -> None:
        """Takes over under which name a known task's files are in the outbox (merge). They are written again.

        Raises:
            sqlite3.IntegrityError: another task has the name.
        """
        with self._write():
            self._rename(task)
            self._event(task.task_id, task.attempt, "relocated", None)

    def _rename(self, task: Task) -> None:
        name = task.outbox_name
        self._db.execute(
            "UPDATE tasks SET outbox_name = ?, outbox_key = ?, published_name = ?, published_key = ?, "
            "revision = revision + 1 WHERE task_id = ?",
            (*(name, name_key(name)) * 2, task.task_id),
        )

    def is_taken(self, name: str) -> bool:
        """Whether a task has this very name in the outbox, or is to have it."""
        row = self._db.execute("SELECT 1 FROM tasks WHERE outbox_name = ?1 OR published_name = ?1", (name,)).fetchone()
        return row is not None

    def make_way(self, name: str) -> None:
        """Whoever has this name in the outbox gets another, and its files there are no longer its own (merge)."""
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
            # SQLite rolls some failures (a full disk) back by itself; a commit that fails may leave it to us.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _changed(self, sql: str, parameters: Sequence[Any]) -> bool:
        return self._db.execute(sql, parameters).rowcount == 1

    def _event(self, task_id: str, attempt: int, event: str, detail: str | None) -> None:
        self._db.execute(
            "INSERT INTO events (task_id, at, attempt, event, detail) VALUES (?, ?, ?, ?, ?)",
            (task_id, iso(self._clock()), attempt, event, detail),
        )


def name_aside(name: str, tag: str) -> str:
    """`acme/nda.pdf` with a tag: `acme/nda.7f3a9c2e.pdf`."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}.{tag}{path.suffix}"))
