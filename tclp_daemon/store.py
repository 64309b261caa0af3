"""The truth: every task and what happened to it, in SQLite. The only module that speaks SQL about tasks.

Writes are short IMMEDIATE transactions with synchronous=FULL: what a method returned is on the disk. Every write of a
running attempt is fenced by (task_id, attempt, status = 'processing'), so a worker that was presumed dead and comes
back changes nothing. `revision` counts what the outbox must show, `published` what it shows: it follows the store.
"""

from __future__ import annotations

import json
import os
import sqlite3
import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from tclp_daemon.errors import ConfigError, ContractError, ErrorCode
from tclp_daemon.migrations import journal_mode, migrate
from tclp_daemon.rows import COLUMNS, to_task
from tclp_daemon.task import PROGRESS, FileIdentity, Placement, Stage, Status, Task, iso

DATABASE = "tasks.sqlite3"
_QUEUED = "status = 'pending', stage = 'queued', progress = 0"
_ANEW = (
    "not_before = 0, crashes = 0, errors = 0, interruptions = 0, result = NULL, error = NULL, error_code = NULL, "
    "advice = NULL, finished_at = NULL"
)
_FENCE = "task_id = ? AND attempt = ? AND status = 'processing'"


class Store:
    """One connection to the store; each thread opens its own.

    Args:
        state: the state directory.
        clock: the current time, timezone-aware.
        read_only: for commands that only look.

    Raises:
        ConfigError: no database (read_only), a corrupt one, or one of a newer version.
    """

    def __init__(
        self, state: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC), read_only: bool = False
    ) -> None:
        self._clock = clock
        path = state / DATABASE
        if read_only and not path.exists():
            raise ConfigError(f"There is no task database in {state}. Has the daemon run with this configuration?")
        try:
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA foreign_keys = ON")
            if read_only:
                self._db.execute("PRAGMA query_only = ON")
                return
            os.chmod(path, 0o600)
            self._db.execute(f"PRAGMA journal_mode = {journal_mode()}")
            self._db.execute("PRAGMA synchronous = FULL")
            migrate(self._db)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise ConfigError(f"The task database {path} cannot be opened: {error}.") from None
            raise ConfigError(
                f"The task database {path} is damaged ({error}). It was not touched. Move it away and run "
                "'tclp-daemon rebuild', which makes a new one from the outbox and the spool."
            ) from None

    def close(self) -> None:
        """Closes the connection."""
        self._db.close()

    def check(self) -> None:
        """Reads the whole database once.

        Raises:
            ConfigError: it is damaged.
        """
        try:
            verdict = self._db.execute("PRAGMA quick_check").fetchone()[0]
        except sqlite3.DatabaseError as error:
            verdict = str(error)
        if verdict != "ok":
            raise ConfigError(
                f"The task database is damaged ({verdict.splitlines()[0]}). It was not touched. Move it away and run "
                "'tclp-daemon rebuild', which makes a new one from the outbox and the spool."
            )

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
                "INSERT INTO tasks (task_id, file, source, outbox_name, sha256, size, mtime_ns, inode, status, "
                "progress, stage, created_at, updated_at, finished_at, error, error_code, advice, note, placed) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 'queued', ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(task_id, file, raw, name, sha256, size, identity.mtime_ns, identity.inode),
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
        older = self._db.execute("SELECT task_id FROM tasks WHERE outbox_name = ?", (name,)).fetchone()
        if older is None:
            return
        for tag in (older["task_id"][:8], older["task_id"]):
            aside = name_aside(name, tag)
            if not self._db.execute("SELECT 1 FROM tasks WHERE outbox_name = ?", (aside,)).fetchone():
                break
        self._db.execute(
            "UPDATE tasks SET outbox_name = ?, revision = revision + 1, updated_at = ? WHERE task_id = ?",
            (aside, now, older["task_id"]),
        )
        self._event(older["task_id"], 0, "stepped_aside", aside)

    def known_source(self, source: str, identity: FileIdentity) -> bool:
        """Whether this very file has been accepted: same name, size, mtime and, where inodes last, inode.

        A file that was moved to the outbox and comes back is a new drop.
        """
        row = self._db.execute(
            "SELECT 1 FROM tasks WHERE source = ? AND mtime_ns = ? AND (inode = ? OR inode = 0 OR ? = 0) AND size = ? "
            "AND placed <> ?",
            (
                *(os.fsencode(source), identity.mtime_ns, identity.inode, identity.inode, identity.size),
                Placement.MOVED,
            ),
        ).fetchone()
        return row is not None

    def is_outbox_name(self, name: str) -> bool:
        """Whether a task's contract bears this name in the outbox; a link or folder that was only told of does not."""
        row = self._db.execute(
            "SELECT 1 FROM tasks WHERE outbox_name = ? AND NOT (placed = ? AND sha256 IS NULL)", (name, Placement.LEFT)
        ).fetchone()
        return row is not None

    def is_outbox_folder(self, name: str) -> bool:
        """Whether tasks' contracts lie in a folder of this name in the outbox."""
        return (
            self._db.execute(
                "SELECT 1 FROM tasks WHERE outbox_name > ?1 || '/' AND outbox_name < ?1 || '0' LIMIT 1", (name,)
            ).fetchone()
            is not None
        )

    def known_spool(self) -> set[str]:
        """Task ids whose spool file is still wanted: not finished, or finished and not yet in the outbox."""
        rows = self._db.execute(
            "SELECT task_id FROM tasks WHERE status IN ('pending', 'processing') OR placed = 0 OR published < revision"
        )
        return {row["task_id"] for row in rows}

    # -- the life of an attempt ------------------------------------------------------------------------------------

    def claim_task(self) -> Task | None:
        """Takes the oldest task that is due and starts its next attempt; None where nothing is due."""
        now = self._clock()
        with self._write():
            row = self._db.execute(
                "UPDATE tasks SET status = 'processing', attempt = attempt + 1, progress = ?, stage = 'starting', "
                "page = NULL, updated_at = ?, revision = revision + 1 WHERE task_id = (SELECT task_id FROM tasks "
                "WHERE status = 'pending' AND not_before <= ? ORDER BY not_before > 0, created_at LIMIT 1) "
                f"RETURNING {COLUMNS}",
                (PROGRESS[Stage.STARTING], iso(now), now.timestamp()),
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
                "INSERT INTO tasks (task_id, file, source, outbox_name, published_name, sha256, size, mtime_ns, "
                "inode, status, "
                "progress, stage, attempt, created_at, updated_at, finished_at, result, error, error_code, "
                "advice, note, "
                "placed, revision, published) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                "?, ?, ?, ?, ?)",
                (
                    *(
                        task.task_id,
                        task.file,
                        os.fsencode(task.source),
                        task.outbox_name,
                        task.outbox_name,
                        task.sha256,
                    ),
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

    def unpublished(self, limit: int = 100) -> list[Task]:
        """Tasks whose row the outbox does not show yet; those that step aside first, since others wait for the name."""
        return self._tasks(
            "WHERE published < revision ORDER BY (published_name IS NULL OR published_name = outbox_name), "
            "created_at LIMIT ?",
            (limit,),
        )

    def mark_published(self, tasks: Sequence[tuple[Task, Placement]]) -> None:
        """The outbox now shows these rows as they were when they were read, and the originals are where it says."""
        with self._write():
            for task, placed in tasks:
                self._db.execute(
                    "UPDATE tasks SET published = MAX(published, ?), published_name = ?, placed = MAX(placed, ?) "
                    "WHERE task_id = ?",
                    (task.revision, task.outbox_name, placed, task.task_id),
                )

    def take_names(self, tasks: Sequence[Task]) -> None:
        """From now on what bears the tasks' names in the outbox is theirs."""
        if tasks:
            with self._write():
                self._db.executemany(
                    "UPDATE tasks SET published_name = outbox_name WHERE task_id = ? AND published_name IS NULL "
                    "AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.published_name = tasks.outbox_name)",
                    [(task.task_id,) for task in tasks],
                )

    def name_occupied(self, task: Task) -> bool:
        """Whether an older task's files still bear the name that this one takes."""
        row = self._db.execute(
            "SELECT 1 FROM tasks WHERE published_name = ? AND task_id <> ?", (task.outbox_name, task.task_id)
        ).fetchone()
        return row is not None

    def republish(self, task_id: str) -> None:
        """Asks for the task's files to be written again."""
        with self._write():
            self._db.execute("UPDATE tasks SET revision = revision + 1 WHERE task_id = ?", (task_id,))

    def report(self, task_id: str) -> bytes | None:
        """The HTML report of a completed task."""
        row = self._db.execute("SELECT html FROM reports WHERE task_id = ?", (task_id,)).fetchone()
        return zlib.decompress(row["html"]) if row else None

    def find_result(self, sha256: str, suffix: str, same: dict[str, Any]) -> dict[str, Any] | None:
        """The newest result for the same bytes under the same suffix whose provenance agrees with `same`."""
        for task in self._tasks(
            "WHERE sha256 = ? AND status = 'completed' ORDER BY finished_at DESC LIMIT 5", (sha256,)
        ):
            provenance = (task.result or {}).get("provenance", {})
            if task.file.lower().endswith(suffix) and same.items() <= provenance.items():
                return task.result
        return None

    # -- asking ----------------------------------------------------------------------------------------------------

    def get_task(self, task_id: str) -> Task:
        """One task by its full id.

        Raises:
            KeyError: there is none.
        """
        found = self._tasks("WHERE task_id = ?", (task_id,))
        if not found:
            raise KeyError(task_id)
        return found[0]

    def find_tasks(self, key: str) -> list[Task]:
        """Tasks by id, id prefix (4 characters at least) or file name, the newest first."""
        if len(key) >= 4:
            found = self._tasks("WHERE substr(task_id, 1, ?) = ? ORDER BY created_at DESC", (len(key), key.lower()))
            if found:
                return found
        return self._tasks(
            "WHERE file = ?1 OR outbox_name = ?1 OR substr(file, -length(?1) - 1) = '/' || ?1 ORDER BY created_at DESC",
            (key,),
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
        return self._tasks(
            "WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR created_at >= ?2) "
            "AND (?3 IS NULL OR instr(lower(file), ?3) > 0) ORDER BY created_at DESC, rowid DESC LIMIT ?4",
            (status, iso(since) if since else None, name.lower() if name else None, limit),
        )

    def iterate(self, *, updated_since: datetime | None = None) -> Iterator[Task]:
        """Tasks in the order of their acceptance, one at a time; only those changed since a time, where given."""
        for row in self._db.execute(
            f"SELECT {COLUMNS} FROM tasks WHERE (?1 IS NULL OR updated_at >= ?1) ORDER BY created_at, rowid",
            (iso(updated_since) if updated_since else None,),
        ):
            yield to_task(row)

    def counts(self) -> dict[str, int]:
        """Number of tasks by status."""
        return dict(self._db.execute("SELECT status, count(*) FROM tasks GROUP BY status").fetchall())

    def next_due(self) -> float | None:
        """POSIX time at which the next pending task is due; None without one."""
        row = self._db.execute("SELECT min(not_before) FROM tasks WHERE status = 'pending'").fetchone()
        return None if row[0] is None else float(row[0])

    def events(self, task_id: str) -> list[dict[str, Any]]:
        """What happened to a task, oldest first."""
        rows = self._db.execute(
            "SELECT at, attempt, event, detail FROM events WHERE task_id = ? ORDER BY event_id", (task_id,)
        )
        return [dict(row) for row in rows]

    # -- housekeeping ----------------------------------------------------------------------------------------------

    def cleanup_old_tasks(self, days: float = 7, failed_days: float | None = None) -> int:
        """Forgets tasks finished longer ago than that; the outbox keeps their files. Returns how many.

        A task that the outbox does not show yet is never forgotten.
        """
        now = self._clock()
        with self._write():
            removed = self._db.execute(
                "DELETE FROM tasks WHERE published >= revision AND ("
                "(status = 'completed' AND finished_at < ?) OR (status = 'failed' AND finished_at < ?))",
                (
                    iso(now - timedelta(days=days)),
                    iso(now - timedelta(days=failed_days if failed_days is not None else days)),
                ),
            ).rowcount
        if removed:
            self._db.execute("VACUUM")
        return removed

    # -- inside ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _write(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _changed(self, sql: str, parameters: Sequence[Any]) -> bool:
        return self._db.execute(sql, parameters).rowcount == 1

    def _event(self, task_id: str, attempt: int, event: str, detail: str | None) -> None:
        self._db.execute(
            "INSERT INTO events (task_id, at, attempt, event, detail) VALUES (?, ?, ?, ?, ?)",
            (task_id, iso(self._clock()), attempt, event, detail),
        )

    def _tasks(self, where: str, parameters: Sequence[Any]) -> list[Task]:
        return [to_task(row) for row in self._db.execute(f"SELECT {COLUMNS} FROM tasks {where}", parameters)]


def name_aside(name: str, tag: str) -> str:
    """`acme/nda.pdf` with a tag: `acme/nda.7f3a9c2e.pdf`."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}.{tag}{path.suffix}"))
