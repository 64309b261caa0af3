"""What lists ask the store: counts and narrow rows, at a cost that does not depend on the number of tasks.

Each task has a number in the order of acceptance. A block is a run of numbers. Tasks that were forgotten leave gaps, so
that the others stay in their blocks; once more than half of the numbers are gaps, all tasks are numbered again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tclp_daemon.task import Status

_COLUMNS = (
    "s.seq, s.verdict, s.findings, s.topics, s.pages, s.words, s.seconds, s.coverage, s.warnings, s.counted, "
    "s.clauses, t.task_id, t.file, t.outbox_name, t.sha256, t.status, t.stage, t.progress, t.page, t.created_at, "
    "t.finished_at, t.error, t.error_code, t.advice, t.note, t.placed"
)
_NO_END = 1 << 62
_ROWS = f"SELECT {_COLUMNS} FROM summaries s JOIN tasks t USING (task_id)"


@dataclass(frozen=True, slots=True)
class Ticks:
    """Counters that never go back; comparing them with an earlier look shows what happened since.

    Attributes:
        changed: changes of anything that a list shows, progress included.
        listed: changes of what contracts.csv shows.
        removed: tasks that were forgotten.
        renumbered: how often all tasks got new numbers.
    """

    changed: int = -1
    listed: int = -1
    removed: int = -1
    renumbered: int = -1


@dataclass(frozen=True, slots=True)
class PageBlock:
    """How many tasks a block has, and when the first and the last of them were accepted."""

    tasks: int
    first: str
    last: str


class Listing:
    """The questions, over the connection of a store."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database

    def counts(self) -> dict[str, int]:
        """Number of tasks by status; a status without tasks may be missing."""
        return dict(self._db.execute("SELECT status, sum(number) FROM counts WHERE number > 0 GROUP BY status"))

    def verdicts(self) -> dict[str, int]:
        """Number of tasks by verdict."""
        return dict(
            self._db.execute("SELECT verdict, sum(number) FROM counts WHERE number > 0 AND verdict <> '' GROUP BY 1")
        )

    def judged_in_part(self) -> int:
        """Number of completed tasks of whose contract something could not be judged."""
        row = self._db.execute("SELECT count(*) FROM summaries WHERE coverage <> ''").fetchone()
        return int(row[0])

    def ticks(self) -> Ticks:
        """The counters now. Read them before the rows: a change in between is then seen again at the next look."""
        return Ticks(*self._db.execute("SELECT changed, listed, removed, renumbered FROM ticks").fetchone())

    def noted(self, name: str) -> Any:
        """What was noted under a name (`Store.note`); None if nothing was."""
        row = self._db.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def is_sparse(self) -> bool:
        """Whether more than half of the numbers given so far no longer belong to a task."""
        given = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'summaries'").fetchone()
        return given is not None and 2 * sum(self.counts().values()) < given[0]

    def newest_from(self, count: int) -> int:
        """The number of the oldest of the `count` newest tasks; 1 if there are fewer."""
        row = self._db.execute("SELECT seq FROM summaries ORDER BY seq DESC LIMIT 1 OFFSET ?", (count - 1,)).fetchone()
        return int(row[0]) if row else 1

    def blocks(self, size: int, first: int = 0, end: int | None = None) -> dict[int, PageBlock]:
        """The blocks from `first` up to, not including, `end` that have tasks; block 0 has the numbers 1 to `size`."""
        rows = self._db.execute(
            "SELECT (seq - 1) / ?1, count(*), min(created_at), max(created_at) FROM summaries "
            "WHERE seq > ?2 AND seq <= ?3 GROUP BY 1",
            (size, first * size, _NO_END if end is None else end * size),
        )
        return {row[0]: PageBlock(*row[1:]) for row in rows}

    def changed_blocks(self, size: int, since: int) -> set[int]:
        """Blocks with a task that changed after this tick."""
        rows = self._db.execute("SELECT DISTINCT (seq - 1) / ? FROM summaries WHERE changed > ?", (size, since))
        return {row[0] for row in rows}

    def keys(self, first: int) -> list[tuple[int, int]]:
        """(number, tick of the last change) of all rows from `first` on; a row with the same key has not changed."""
        return [
            (row[0], row[1])
            for row in self._db.execute("SELECT seq, changed FROM summaries WHERE seq >= ? ORDER BY seq", (first,))
        ]

    def rows_at(self, numbers: Sequence[int]) -> list[sqlite3.Row]:
        """The rows with these numbers."""
        return self._db.execute(
            f"{_ROWS} WHERE s.seq IN (SELECT value FROM json_each(?)) ORDER BY s.seq", (json.dumps(numbers),)
        ).fetchall()

    def rows(self, first: int, last: int | None = None) -> list[sqlite3.Row]:
        """Rows with numbers from `first` to `last`, the oldest first."""
        return self._db.execute(
            f"{_ROWS} WHERE s.seq BETWEEN ? AND ? ORDER BY s.seq", (first, last if last is not None else _NO_END)
        ).fetchall()

    def rows_before(self, seq: int | None, limit: int) -> list[sqlite3.Row]:
        """At most `limit` rows with numbers below `seq`, the newest first; None begins with the newest of all."""
        return self._db.execute(
            f"{_ROWS} WHERE s.seq < ? ORDER BY s.seq DESC LIMIT ?", (seq if seq is not None else _NO_END, limit)
        ).fetchall()

    def rows_of(self, status: Status, limit: int, *, newest_first: bool = False) -> list[sqlite3.Row]:
        """Rows of tasks in one status."""
        order = "DESC" if newest_first else "ASC"
        return self._db.execute(
            f"{_ROWS} WHERE s.status = ? ORDER BY s.seq {order} LIMIT ?", (status, limit)
        ).fetchall()


def renumber(database: sqlite3.Connection) -> None:
    """Numbers all tasks from 1 in the order of their acceptance, within the caller's transaction."""
    database.execute(
        "UPDATE summaries SET seq = -new.number FROM (SELECT seq AS old, "
        "row_number() OVER (ORDER BY created_at, seq) AS number FROM summaries) AS new WHERE seq = new.old"
    )
    database.execute("UPDATE summaries SET seq = -seq")
    database.execute("UPDATE sqlite_sequence SET seq = (SELECT count(*) FROM summaries) WHERE name = 'summaries'")
    database.execute("UPDATE ticks SET changed = changed + 1, listed = listed + 1, renumbered = renumbered + 1")
