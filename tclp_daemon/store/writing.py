"""What can happen to a task. Writes are short IMMEDIATE transactions with synchronous=FULL, so they survive a crash.

Every write of a running attempt is fenced by (task_id, attempt, status = 'processing'), so a worker that was presumed
dead and comes back changes nothing. `revision` counts the changes that the outbox must show; `published` is the
revision that it shows.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import uuid
import zlib
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.store.connection import open_for_writing
from tclp_daemon.store.importing import StoreImporter
from tclp_daemon.store.listing import renumber
from tclp_daemon.store.rows import COLUMNS, name_key, to_task
from tclp_daemon.store.transactions import CLEAN, TO_QUEUE, name_aside
from tclp_daemon.task import PROGRESS, QUEUED, STARTING, FileIdentity, Placement, Status, Task, iso

_FENCE = "task_id = ? AND attempt = ? AND status = 'processing'"


class Store(StoreImporter):
    """The store for reading and writing. Opening it makes the database or brings it up to date.

    Args:
        state: the state directory.
        clock: the current time, timezone-aware.

    Raises:
        ConfigError: the database is damaged, or it is of a version that this one does not know.
    """

    def __init__(self, state: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(open_for_writing(state), clock)

    # -- acceptance ------------------------------------------------------------------------------------------------

    def create_task(
        self,
        file: str,
        *,
        size: int,
        sha256: str | None,
        identity: FileIdentity,
        source: str | None = None,
        task_id: str | None = None,
        outbox_name: str | None = None,
        note: str | None = None,
        placed: Placement = Placement.WAITING,
        failure: ContractError | None = None,
    ) -> Task:
        """Records a contract. It takes its plain name in the outbox; an older task of that name steps aside.

        Args:
            file: the name shown to people, relative to the inbox.
            size: bytes.
            sha256: of the spooled bytes, None where they were never read.
            identity: of the file in the inbox.
            source: the name as the filesystem knows it; `file` by default.
            task_id: the id under which the caller has put the bytes into the spool; a new one by default.
            outbox_name: its name in the outbox where `file` cannot be used; `note` says why.
            note: shown in the sidecar.
            placed: STAYS if the original is not to be moved to the outbox.
            failure: why the contract is refused; the task has failed from the start.
        """
        task_id, name, now = task_id or str(uuid.uuid4()), outbox_name or file, iso(self._clock())
        columns: dict[str, Any] = {"status": Status.PENDING}
        if failure:
            columns = {
                "status": Status.FAILED, "finished_at": now,
                "error": failure.message, "error_code": failure.code, "advice": failure.advice,
            }  # fmt: skip
        with self._write():
            self._step_aside(name, now)
            self._insert(
                task_id=task_id, file=file, source=os.fsencode(file if source is None else source), sha256=sha256,
                size=size, mtime_ns=identity.mtime_ns, inode=identity.inode,
                outbox_name=name, outbox_key=name_key(name), placed=placed, note=note,
                progress=0, stage=QUEUED, created_at=now, updated_at=now, **columns,
            )  # fmt: skip
            self._event(task_id, 0, "created", None)
            if failure:
                self._event(task_id, 0, "failed", failure.code)
        return self.get_task(task_id)

    def _step_aside(self, name: str, now: str) -> None:
        older = self._db.execute(
            "SELECT task_id, outbox_name FROM tasks WHERE outbox_key = ?", (name_key(name),)
        ).fetchone()
        if older is None:
            return
        aside = name_aside(older["outbox_name"], older["task_id"][:8])
        # Somebody may have dropped a file of exactly that name. Other tags have the same length: there is no more room.
        while self._db.execute("SELECT 1 FROM tasks WHERE outbox_key = ?", (name_key(aside),)).fetchone():
            aside = name_aside(older["outbox_name"], uuid.uuid4().hex[:8])
        self._db.execute(
            "UPDATE tasks SET outbox_name = ?, outbox_key = ?, revision = revision + 1, updated_at = ? "
            "WHERE task_id = ?",
            (aside, name_key(aside), now, older["task_id"]),
        )
        self._event(older["task_id"], 0, "stepped_aside", aside)

    # -- files that stay in the inbox ------------------------------------------------------------------------------

    def recognise(self, source: str, identity: FileIdentity, sha256: str | None) -> bool:
        """Whether a file that stays in the inbox is known, though its date or inode number is new.

        It is recognised by its name and bytes, and known under its new identity from then on. What was never read (a
        file over the limit, a symlink) is recognised by its name and size, and, if it has no size, by its date as well.
        """
        same = (
            "source = ?1 AND sha256 IS ?2 AND size = ?3 AND (sha256 IS NOT NULL OR size > 0 OR mtime_ns = ?4)",
            (os.fsencode(source), sha256, identity.size, identity.mtime_ns, identity.inode),
        )
        with self._write():
            return self._changed(
                "UPDATE tasks SET mtime_ns = ?4, inode = ?5 WHERE rowid = (SELECT rowid FROM tasks "
                f"WHERE {same[0]} AND placed <> 1 ORDER BY created_at DESC LIMIT 1)",
                same[1],
            ) or self._changed(
                "UPDATE OR REPLACE left_files SET mtime_ns = ?4, inode = ?5, missed = 0, missed_on = NULL "
                f"WHERE rowid = (SELECT rowid FROM left_files WHERE {same[0]} LIMIT 1)",
                same[1],
            )

    def note_left(self, there: Sequence[int], gone: Sequence[int], *, days: int) -> int:
        """Keeps `left_files` bounded: forgets files that were missing from the inbox on `days` days; returns how many.

        Days on which a file was looked for are counted, not the time since, so that a clock that jumps once forgets
        nothing.

        Args:
            there, gone: rows of `left_files`.
            days: how many days a file must have been missing.
        """
        today = iso(self._clock())[:10]
        with self._write():
            self._db.executemany(
                "UPDATE left_files SET missed = 0, missed_on = NULL WHERE rowid = ? AND missed > 0",
                [(row,) for row in there],
            )
            self._db.executemany(
                "UPDATE left_files SET missed = missed + 1, missed_on = ?1 WHERE rowid = ?2 AND missed_on IS NOT ?1",
                [(today, row) for row in gone],
            )
            return self._db.executemany(
                "DELETE FROM left_files WHERE rowid = ? AND missed >= ?", [(row, days) for row in gone]
            ).rowcount

    # -- the life of an attempt ------------------------------------------------------------------------------------

    def claim_task(self, longest_pause: float = math.inf, *, suspects: bool = True) -> Task | None:
        """Takes the oldest task that is due and starts its next attempt; None if nothing is due.

        A suspect, which has timed out or killed its worker before, comes after all the others.

        Args:
            longest_pause: in seconds; a task that would wait longer was postponed by a clock that was wrong.
            suspects: False leaves them out.
        """
        now = self._clock()
        with self._write():
            row = self._db.execute(
                "UPDATE tasks SET status = 'processing', attempt = attempt + 1, progress = ?, stage = ?, "
                "page = NULL, updated_at = ?, revision = revision + 1 WHERE task_id = (SELECT task_id FROM tasks "
                "INDEXED BY tasks_by_turn WHERE status = 'pending' AND (not_before <= ? OR not_before > ?) "
                "AND (crashes = 0 OR ?) "
                f"ORDER BY crashes > 0, not_before > 0, created_at LIMIT 1) RETURNING {COLUMNS}",
                (PROGRESS[STARTING], STARTING, iso(now), now.timestamp(), now.timestamp() + longest_pause, suspects),
            ).fetchone()
            if row is None:
                return None
            self._event(row["task_id"], row["attempt"], "claimed", None)
        return to_task(row)

    def update_task(self, task_id: str, attempt: int, *, progress: int, stage: str, page: int | None = None) -> bool:
        """Records how far an attempt is; progress never goes backwards. False if the attempt is not the current one."""
        with self._write():
            return self._changed(
                "UPDATE tasks SET progress = MAX(progress, ?), stage = ?, page = COALESCE(?, page), updated_at = ?, "
                f"revision = revision + 1 WHERE {_FENCE}",
                (min(progress, 99), stage, page, iso(self._clock()), task_id, attempt),
            )

    def complete_task(self, task_id: str, attempt: int, result: dict[str, Any], report: str) -> bool:
        """Finishes an attempt with its result and report. False if the attempt is no longer the current one."""
        now, html = iso(self._clock()), report.encode("utf-8")
        with self._write():
            if not self._changed(
                "UPDATE tasks SET status = 'completed', progress = 100, stage = 'done', result = ?, "
                "prior_result = NULL, report_sha256 = ?, updated_at = ?, finished_at = ?, revision = revision + 1 "
                f"WHERE {_FENCE}",
                (json.dumps(result), hashlib.sha256(html).hexdigest(), now, now, task_id, attempt),
            ):
                return False
            self._db.execute("INSERT OR REPLACE INTO reports VALUES (?, ?)", (task_id, zlib.compress(html, 6)))
            self._event(task_id, attempt, "completed", None)
        return True

    def fail_task(self, task_id: str, attempt: int, failure: ContractError) -> bool:
        """Finishes an attempt, and the task, with a failure. False if the attempt is no longer the current one.

        A task whose report was only being made again gets its result back: a repair takes nothing away.
        """
        now = iso(self._clock())
        with self._write():
            if self._changed(
                "UPDATE tasks SET status = 'completed', progress = 100, stage = 'done', result = prior_result, "
                "prior_result = NULL, updated_at = ?, finished_at = ?, revision = revision + 1 "
                f"WHERE {_FENCE} AND prior_result IS NOT NULL",
                (now, now, task_id, attempt),
            ):
                self._event(task_id, attempt, "report_not_made", failure.code)
                return True
            if not self._changed(
                "UPDATE tasks SET status = 'failed', error = ?, error_code = ?, advice = ?, updated_at = ?, "
                f"finished_at = ?, revision = revision + 1 WHERE {_FENCE}",
                (failure.message, failure.code, failure.advice, now, now, task_id, attempt),
            ):
                return False
            self._event(task_id, attempt, "failed", failure.code)
        return True

    def release_task(
        self, task_id: str, attempt: int, *, why: str, delay: float = 0.0, crashed: bool = False, erred: bool = False
    ) -> bool:
        """Hands a running task back to the queue. False if the attempt is no longer the current one.

        Args:
            task_id, attempt: the running attempt.
            why: for the event log: an error code, or "drained".
            delay: seconds until the next attempt.
            crashed, erred: which counter goes up, if any.
        """
        now = self._clock()
        with self._write():
            if not self._changed(
                f"UPDATE tasks SET {TO_QUEUE}, not_before = ?, crashes = crashes + ?, errors = errors + ?, "
                f"updated_at = ?, revision = revision + 1 WHERE {_FENCE}",
                (now.timestamp() + delay if delay else 0, crashed, erred, iso(now), task_id, attempt),
            ):
                return False
            self._event(task_id, attempt, "released", why)
        return True

    def recover(self, max_interruptions: int = 10) -> list[Task]:
        """At start-up: queues the tasks again that were running when the daemon died; returns them.

        A task during which the daemon has died `max_interruptions` times fails, or it might kill the daemon for ever.
        """
        running = self.list_tasks(status=Status.PROCESSING)
        for task in running:
            if task.interruptions + 1 >= max_interruptions:
                self.fail_task(task.task_id, task.attempt, ContractError(ErrorCode.WORKER_CRASHED, stage=task.stage))
                continue
            with self._write():
                self._db.execute(
                    f"UPDATE tasks SET {TO_QUEUE}, interruptions = interruptions + 1, "
                    f"updated_at = ?, revision = revision + 1 WHERE {_FENCE}",
                    (iso(self._clock()), task.task_id, task.attempt),
                )
                self._event(task.task_id, task.attempt, "interrupted", task.stage)
        return running

    def retry_task(self, task_id: str) -> bool:
        """Queues a failed task again, with all its attempts before it. False if it is not failed."""
        with self._write():
            if not self._changed(
                f"UPDATE tasks SET {TO_QUEUE}, {CLEAN}, updated_at = ?, revision = revision + 1 "
                "WHERE task_id = ? AND status = 'failed'",
                (iso(self._clock()), task_id),
            ):
                return False
            self._event(task_id, 0, "retried", None)
        return True

    def requeue_task(self, task_id: str) -> bool:
        """Queues a finished task again, whatever its outcome, so that its report is made again (repair).

        Its result is remembered, so that nothing is classified again. False if it is not finished.
        """
        with self._write():
            if not self._changed(
                f"UPDATE tasks SET prior_result = result, {TO_QUEUE}, {CLEAN}, updated_at = ?, "
                "revision = revision + 1 WHERE task_id = ? AND status IN ('completed', 'failed')",
                (iso(self._clock()), task_id),
            ):
                return False
            self._event(task_id, 0, "requeued", None)
        return True

    # -- the outbox follows ----------------------------------------------------------------------------------------

    def mark_published(self, tasks: Sequence[tuple[Task, Placement]], verified: Collection[str] = ()) -> None:
        """Records that the outbox shows these tasks as they were when they were read.

        Args:
            tasks: each with the placement of its original.
            verified: ids of those whose report was read back from the outbox, so that the store need not keep it.
        """
        with self._write():
            for task, placed in tasks:
                self._db.execute(
                    "UPDATE tasks SET published = MAX(published, ?), published_name = ?, published_key = ?, "
                    "placed = MAX(placed, ?) WHERE task_id = ?",
                    (task.revision, task.outbox_name, name_key(task.outbox_name), placed, task.task_id),
                )
                if task.task_id in verified:
                    self._db.execute(
                        "DELETE FROM reports WHERE task_id = ?1 "
                        "AND EXISTS (SELECT 1 FROM tasks WHERE task_id = ?1 AND report_sha256 = ?2)",
                        (task.task_id, task.report_sha256),
                    )

    def take_names(self, tasks: Sequence[Task]) -> None:
        """From now on, the files that have the tasks' names in the outbox are theirs."""
        if tasks:
            with self._write():
                self._db.executemany(
                    "UPDATE tasks SET published_name = outbox_name, published_key = outbox_key "
                    "WHERE task_id = ? AND published_name IS NULL "
                    "AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.published_key = tasks.outbox_key)",
                    [(task.task_id,) for task in tasks],
                )

    def add_note(self, task_id: str, note: str) -> Task:
        """Adds a sentence to the task's note unless it is there already. Returns the task as it is now."""
        with self._write():
            self._db.execute(
                "UPDATE tasks SET note = CASE WHEN note IS NULL THEN ?1 ELSE note || ' ' || ?1 END, updated_at = ?2 "
                "WHERE task_id = ?3 AND (note IS NULL OR instr(note, ?1) = 0)",
                (note, iso(self._clock()), task_id),
            )
        return self.get_task(task_id)

    def republish(self, task_id: str) -> None:
        """Asks for the task's files to be written again."""
        with self._write():
            self._db.execute("UPDATE tasks SET revision = revision + 1 WHERE task_id = ?", (task_id,))

    # -- housekeeping ----------------------------------------------------------------------------------------------

    def cleanup_old_tasks(self, days: float = 7, failed_days: float | None = None, *, limit: int | None = None) -> int:
        """Forgets tasks that were finished long ago; the outbox keeps their files. Returns how many.

        A task that the outbox does not show yet is never forgotten. If its original stays in the inbox, the identity of
        that file is kept, so that it is not taken for a new drop.

        Args:
            days: how long completed tasks are kept; `math.inf` for ever.
            failed_days: how long failed ones are kept; as long as completed ones by default.
            limit: at most this many, those that were finished first.
        """
        now, removed = self._clock(), 0
        for status, age in ((Status.COMPLETED, days), (Status.FAILED, days if failed_days is None else failed_days)):
            if not math.isinf(age):
                left = -1 if limit is None else limit - removed
                removed += self._forget(status, iso(now - timedelta(days=age)), left)
        return removed

    def number_by_time(self) -> None:
        """Numbers all tasks again by the time of their acceptance: after an import, or when most numbers are gaps."""
        with self._write():
            renumber(self._db)

    def note(self, name: str, value: Any) -> None:
        """Keeps a JSON value for after a restart, replacing what was noted under this name."""
        with self._write():
            self._db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, json.dumps(value)))

    def _forget(self, status: Status, before: str, limit: int) -> int:
        with self._write():
            old = self._db.execute(
                "SELECT task_id FROM tasks WHERE status = ? AND finished_at < ? AND published >= revision "
                "ORDER BY finished_at LIMIT ?",
                (status, before, limit),
            ).fetchall()
            ids = json.dumps([row["task_id"] for row in old])
            self._db.execute(
                "INSERT OR IGNORE INTO left_files (source, size, mtime_ns, inode, sha256) "
                "SELECT source, size, mtime_ns, inode, sha256 FROM tasks "
                "WHERE placed = ? AND task_id IN (SELECT value FROM json_each(?))",
                (Placement.STAYS, ids),
            )
            self._db.execute("DELETE FROM tasks WHERE task_id IN (SELECT value FROM json_each(?))", (ids,))
        return len(old)

    def compact(self) -> bool:
        """Gives the space of what was forgotten back to the disk, if that is most of the file. Returns whether it did.

        SQLite reuses the space by itself. Giving it back means writing the complete database again while everybody
        waits, so this is not for a running daemon.
        """
        free, pages = (self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
        if 2 * free <= pages:
            return False
        self._db.execute("VACUUM")
        return True
