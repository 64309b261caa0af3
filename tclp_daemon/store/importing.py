"""Taking over what another source says about a task: the sidecars in the outbox (rebuild, merge)."""

from __future__ import annotations

import json
import os
import uuid
from typing import Any

from tclp_daemon.store.rows import name_key
from tclp_daemon.store.transactions import CLEAN, TO_QUEUE, StoreWriter, name_aside
from tclp_daemon.task import QUEUED, Status, Task, iso


class StoreImporter(StoreWriter):
    """The part of the store that believes another source."""

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
