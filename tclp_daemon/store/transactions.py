"""What every write to the store is made of: a transaction, rows by column name, and an event for what happened."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from tclp_daemon.store.reading import StoreReader
from tclp_daemon.task import QUEUED, iso

# A task goes back to the queue.
TO_QUEUE = f"status = 'pending', stage = '{QUEUED}', progress = 0"
# What earlier attempts left behind is forgotten.
CLEAN = (
    "not_before = 0, crashes = 0, errors = 0, interruptions = 0, result = NULL, error = NULL, error_code = NULL, "
    "advice = NULL, finished_at = NULL"
)


class StoreWriter(StoreReader):
    """A store that can write.

    Args:
        connection: open for writing.
        clock: the current time, timezone-aware.
    """

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], datetime]) -> None:
        super().__init__(connection)
        self._clock = clock

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


def name_aside(name: str, tag: str) -> str:
    """`acme/nda.pdf` with a tag: `acme/nda.7f3a9c2e.pdf`."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}.{tag}{path.suffix}"))
