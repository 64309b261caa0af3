"""What can happen to a task. Writes are short IMMEDIATE transactions, synchronous=FULL: what returned is on the disk.

Every write of a running attempt is fenced by (task_id, attempt, status = 'processing'), so a worker that was presumed
dead and comes back changes nothing. `revision` counts what the outbox must show, `published` what it shows.
"""

from __future__ import annotations

import json
import math
import os
import uuid
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.store.listing import renumber
from tclp_daemon.store.reading import StoreReader
from tclp_daemon.store.rows import COLUMNS, name_key, to_task
from tclp_daemon.task import PROGRESS, FileIdentity, Placement, Stage, Status, Task, iso

_QUEUED = "status = 'pending', stage = 'queued', progress = 0"
_ANEW = (
    "not_before = 0, crashes = 0, errors = 0, interruptions = 0, result = NULL, error = NULL, error_code = NULL, "
    "advice = NULL, finished_at = NULL"
)
_FENCE = "task_id = ? AND attempt = ? AND status = 'processing'"


class Store(StoreReader):
    """One connection to the store, for asking and for writing; each thread opens its own."""

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
            task_id: chosen by the caller where the spool already bears it.
            outbox_name: where `file` cannot be used; `note` says why.
            note: shown in the sidecar.
            placed: LEFT where nothing is to be moved to the outbox.
            failure: the contract is refused at once; the task is born failed.
        """
        task_id = task_id or str(uuid.uuid4())
        name = outbox_name or file
        now = iso(self._clock())
        raw = os.fsencode(source if source is not None else file)
        with self._write():
            self._step_aside(name, now)
            self._db.execute(
                "INSERT INTO tasks (task_id, file, source, outbox_name, outbox_key, sha256, size, mtime_ns, inode, "
                "status, progress, stage, created_at, updated_at, finished_at, error, error_code, advice, note, "
                "placed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 'queued', ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(task_id, file, raw, name, name_key(name), sha256, size, identity.mtime_ns, identity.inode),
                    *(Status.FAILED if failure else Status.PENDING, now, now, now if failure else None),
                    *((failure.message, failure.code, failure.advice) if failure else (None, None, None)),
                    *(note, placed),
                ),
            )
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
        # Somebody may have dropped a file of that very name. Tags are of one length, since names have room for no more.
        while self._db.execute("SELECT 1 FROM tasks WHERE outbox_key = ?", (name_key(aside),)).fetchone():
            aside = name_aside(older["outbox_name"], uuid.uuid4().hex[:8])
        self._db.execute(
            "UPDATE tasks SET outbox_name = ?, outbox_key = ?, revision = revision + 1, updated_at = ? "
            "WHERE task_id = ?",
            (aside, name_key(aside), now, older["task_id"]),
        )
        self._event(older["task_id"], 0, "stepped_aside", aside)

    # -- the life of an attempt ------------------------------------------------------------------------------------

    def claim_task(self, longest_pause: float = math.inf) -> Task | None:
        """Takes the oldest task that is due and starts its next attempt; None where nothing is due.

        Args:
            longest_pause: in seconds; a task that is to wait for longer was put off by a clock that was wrong.
        """
        now = self._clock()
        with self._write():
            row = self._db.execute(
                "UPDATE tasks SET status = 'processing', attempt = attempt + 1, progress = ?, stage = 'starting', "
                "page = NULL, updated_at = ?, revision = revision + 1 WHERE task_id = (SELECT task_id FROM tasks "
                "WHERE status = 'pending' AND (not_before <= ? OR not_before > ?) "
                f"ORDER BY not_before > 0, created_at LIMIT 1) RETURNING {COLUMNS}",
                (PROGRESS[Stage.STARTING], iso(now), now.timestamp(), now.timestamp() + longest_pause),
            ).fetchone()
            if row is None:
                return None
            self._event(row["task_id"], row["attempt"], "claimed", None)
        return to_task(row)

    def update_task(self, task_id: str, attempt: int, *, progress: int, stage: Stage, page: int | None = None) -> bool:
        """Records how far an attempt is; progress never goes backwards. False where the attempt is not current."""
        with self._write():
            return self._changed(
                "UPDATE tasks SET progress = MAX(progress, ?), stage = ?, page = COALESCE(?, page), updated_at = ?, "
                f"revision = revision + 1 WHERE {_FENCE}",
                (min(progress, 99), stage, page, iso(self._clock()), task_id, attempt),
            )

    def complete_task(self, task_id: str, attempt: int, result: dict[str, Any], report: str) -> bool:
        """Finishes an attempt with its result and report. False where the attempt is no longer current."""
        now = iso(self._clock())
        with self._write():
            if not self._changed(
                "UPDATE tasks SET status = 'completed', progress = 100, stage = 'done', result = ?, updated_at = ?, "
                f"finished_at = ?, revision = revision + 1 WHERE {_FENCE}",
                (json.dumps(result), now, now, task_id, attempt),
            ):
                return False
            self._db.execute(
                "INSERT OR REPLACE INTO reports VALUES (?, ?)", (task_id, zlib.compress(report.encode("utf-8"), 6))
            )
            self._event(task_id, attempt, "completed", None)
        return True

    def fail_task(self, task_id: str, attempt: int, failure: ContractError) -> bool:
        """Finishes an attempt, and the task, with a failure. False where the attempt is no longer current."""
        now = iso(self._clock())
        with self._write():
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
        """Hands a running task back to the queue. False where the attempt is no longer current.

        Args:
            task_id, attempt: the running attempt.
            why: for the event log: an error code, or "drained".
            delay: seconds before the next attempt.
            crashed, erred: which counter this attempt raises, if any.
        """
        now = self._clock()
        with self._write():
            if not self._changed(
                f"UPDATE tasks SET {_QUEUED}, not_before = ?, crashes = crashes + ?, errors = errors + ?, "
                f"updated_at = ?, revision = revision + 1 WHERE {_FENCE}",
                (now.timestamp() + delay if delay else 0, crashed, erred, iso(now), task_id, attempt),
            ):
                return False
            self._event(task_id, attempt, "released", why)
        return True

    def recover(self, max_interruptions: int = 10) -> list[Task]:
        """At start-up: what was running when the daemon died is queued again; returns those tasks.

        A contract during which the daemon died `max_interruptions` times is failed, or it could do so for ever.
        """
        running = self.list_tasks(status=Status.PROCESSING)
        for task in running:
            if task.interruptions + 1 >= max_interruptions:
                self.fail_task(task.task_id, task.attempt, ContractError(ErrorCode.WORKER_CRASHED, stage=task.stage))
                continue
            with self._write():
                self._db.execute(
                    f"UPDATE tasks SET {_QUEUED}, interruptions = interruptions + 1, "
                    f"updated_at = ?, revision = revision + 1 WHERE {_FENCE}",
                    (iso(self._clock()), task.task_id, task.attempt),
                )
                self._event(task.task_id, task.attempt, "interrupted", task.stage)
        return running

    def retry_task(self, task_id: str) -> bool:
        """Queues a failed task again, with all its attempts before it. False where it is not failed."""
        with self._write():
            if not self._changed(
                f"UPDATE tasks SET {_QUEUED}, {_ANEW}, updated_at = ?, revision = revision + 1 "
                "WHERE task_id = ? AND status = 'failed'",
                (iso(self._clock()), task_id),
            ):
                return False
            self._event(task_id, 0, "retried", None)
        return True

    def requeue_task(self, task_id: str) -> None:
        """Queues a finished task whatever its outcome, for a repair that needs its result made again."""
        with self._write():
            self._db.execute(
                f"UPDATE tasks SET {_QUEUED}, {_ANEW}, updated_at = ?, revision = revision + 1 "
                "WHERE task_id = ? AND status IN ('completed', 'failed')",
                (iso(self._clock()), task_id),
            )
            self._event(task_id, 0, "requeued", None)

    def import_task(self, task: Task, report: bytes | None) -> None:
        """Takes over a task as another source tells it (rebuild); what is not finished starts anew.

        Raises:
            sqlite3.IntegrityError: it makes no sense, or the id or name is there already.
        """
        state = (task.status, task.progress, task.stage) if task.finished else (Status.PENDING, 0, Stage.QUEUED)
        with self._write():
            self._db.execute(
                "INSERT INTO tasks (task_id, file, source, outbox_name, outbox_key, published_name, published_key, "
                "sha256, size, mtime_ns, inode, status, progress, stage, attempt, created_at, updated_at, finished_at, "
                "result, error, error_code, advice, note, placed, revision, published) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(task.task_id, task.file, os.fsencode(task.source)),
                    *(task.outbox_name, name_key(task.outbox_name)) * 2,
                    task.sha256,
                    *(task.size, task.identity.mtime_ns, task.identity.inode),
                    *state,
                    *(task.attempt, iso(task.created_at), iso(task.updated_at)),
                    iso(task.finished_at) if task.finished_at else None,
                    json.dumps(task.result) if task.result is not None else None,
                    *(task.error, task.error_code, task.advice, task.note, task.placed, 1, 0),
                ),
            )
            if report is not None and task.status is Status.COMPLETED:
                self._db.execute("INSERT INTO reports VALUES (?, ?)", (task.task_id, zlib.compress(report, 6)))
            self._event(task.task_id, task.attempt, "rebuilt", None)

    # -- the outbox follows ----------------------------------------------------------------------------------------

    def mark_published(self, tasks: Sequence[tuple[Task, Placement]]) -> None:
        """The outbox now shows these rows as they were when they were read, and the originals are where it says."""
        with self._write():
            for task, placed in tasks:
                self._db.execute(
                    "UPDATE tasks SET published = MAX(published, ?), published_name = ?, published_key = ?, "
                    "placed = MAX(placed, ?) WHERE task_id = ?",
                    (task.revision, task.outbox_name, name_key(task.outbox_name), placed, task.task_id),
                )

    def take_names(self, tasks: Sequence[Task]) -> None:
        """From now on what bears the tasks' names in the outbox is theirs."""
        if tasks:
            with self._write():
                self._db.executemany(
                    "UPDATE tasks SET published_name = outbox_name, published_key = outbox_key "
                    "WHERE task_id = ? AND published_name IS NULL "
                    "AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.published_key = tasks.outbox_key)",
                    [(task.task_id,) for task in tasks],
                )

    def republish(self, task_id: str) -> None:
        """Asks for the task's files to be written again."""
        with self._write():
            self._db.execute("UPDATE tasks SET revision = revision + 1 WHERE task_id = ?", (task_id,))

    # -- housekeeping ----------------------------------------------------------------------------------------------

    def cleanup_old_tasks(self, days: float = 7, failed_days: float | None = None) -> int:
        """Forgets tasks finished longer ago than that; the outbox keeps their files. Returns how many.

        A task that the outbox does not show yet is never forgotten. Of one whose original stays in the inbox the file's
        identity is kept, so that it is not taken for a new one.
        """
        now = self._clock()
        old = (
            "published >= revision AND ((status = 'completed' AND finished_at < ?) "
            "OR (status = 'failed' AND finished_at < ?))"
        )
        before = (
            iso(now - timedelta(days=days)),
            iso(now - timedelta(days=failed_days if failed_days is not None else days)),
        )
        with self._write():
            self._db.execute(
                "INSERT OR IGNORE INTO left_files SELECT source, size, mtime_ns, inode FROM tasks "
                f"WHERE placed = {Placement.LEFT:d} AND {old}",
                before,
            )
            removed = self._db.execute(f"DELETE FROM tasks WHERE {old}", before).rowcount
        # SQLite uses the room again by itself. To give it back is to write the whole database anew while everybody
        # waits, so only where most of it is empty.
        free, pages = (self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
        if removed and 2 * free > pages:
            self._db.execute("VACUUM")
        return removed

    def number_by_time(self) -> None:
        """Numbers all tasks by the time of their acceptance: after an import, or where most numbers became gaps."""
        with self._write():
            renumber(self._db)

    def note(self, name: str, value: Any) -> None:
        """Keeps something that JSON can hold for after a restart, in the place of what was noted under the name."""
        with self._write():
            self._db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, json.dumps(value)))

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
