"""How a database comes from one version to the next; the next version is invented."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tclp_daemon.errors import ConfigError
from tclp_daemon.store import DATABASE, OlderDatabase, ReadOnlyStore, Store
from tclp_daemon.store.migrations import MIGRATIONS
from tclp_daemon.task import FileIdentity

NEXT = (
    "0004_colours",
    "ALTER TABLE tasks ADD COLUMN colour TEXT; UPDATE tasks SET colour = name_key(file) || '!';",
)
# A migration that fails half way through.
BROKEN = (NEXT[0], f"{NEXT[1]} INSERT INTO no_such_table VALUES (1);")
# The next version, whose process dies half way through its migration.
DYING = f"""
import os, sys
from pathlib import Path
from tclp_daemon.store import Store, connection, migrations

connection.name_key = lambda name: os._exit(9)
migrations.MIGRATIONS += ({NEXT!r},)
Store(Path(sys.argv[1]))
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory whose database is of this version and has a task."""
    with Store(tmp_path) as store:
        store.create_task("NDA.pdf", size=1, sha256=None, identity=FileIdentity(1, 1, 1))
    return tmp_path


@pytest.fixture
def next_version(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    become(NEXT, monkeypatch)


def become(next_one: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tclp_daemon.store.migrations.MIGRATIONS", (*MIGRATIONS, next_one))


def ask(state: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(state / DATABASE)) as database:
        return database.execute(sql).fetchall()


def names(state: Path) -> list[object]:
    return [name for (name,) in ask(state, "SELECT name FROM migrations ORDER BY name")]


def columns(state: Path) -> list[object]:
    return [row[1] for row in ask(state, "PRAGMA table_info(tasks)")]


def test_what_was_applied_is_recorded_and_not_applied_again(state: Path) -> None:
    assert names(state) == [name for name, _ in MIGRATIONS]
    before = ask(state, "SELECT * FROM migrations")
    Store(state).close()
    assert ask(state, "SELECT * FROM migrations") == before


@pytest.mark.usefixtures("next_version")
def test_a_writer_brings_an_older_database_up_to_date(state: Path) -> None:
    with Store(state) as store:
        (task,) = store.list_tasks()
    assert names(state) == [*(name for name, _ in MIGRATIONS), NEXT[0]]
    assert ask(state, "SELECT colour FROM tasks") == [("nda.pdf!",)], "with the functions that a script may call"
    with ReadOnlyStore(state) as reader:
        assert reader.list_tasks() == [task]


@pytest.mark.usefixtures("next_version")
def test_a_reader_changes_nothing_and_says_who_can(state: Path) -> None:
    before = (state / DATABASE).read_bytes()
    with pytest.raises(OlderDatabase, match="Start the daemon once"):
        ReadOnlyStore(state)
    assert (state / DATABASE).read_bytes() == before


def test_a_reader_cannot_write(state: Path) -> None:
    with ReadOnlyStore(state) as store, pytest.raises(sqlite3.OperationalError, match="readonly"):
        store._db.execute("UPDATE tasks SET note = 'x'")


def test_a_reader_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no task database"):
        ReadOnlyStore(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("store", [Store, ReadOnlyStore])
@pytest.mark.parametrize(
    "unknown",
    [
        "INSERT INTO migrations VALUES ('9999_of_tomorrow', '')",
        # What the daemon wrote before it was released.
        "UPDATE migrations SET name = '0001_tasks_events_results' WHERE name = '0001_first_schema'",
    ],
    ids=["newer", "unreleased"],
)
def test_a_version_that_is_not_known_is_refused(state: Path, unknown: str, store: type[Store | ReadOnlyStore]) -> None:
    with closing(sqlite3.connect(state / DATABASE)) as database, database:
        database.execute(unknown)
    before = (state / DATABASE).read_bytes()
    with pytest.raises(ConfigError, match=r"newer version.*rebuild") as refused:
        store(state)
    assert not isinstance(refused.value, OlderDatabase)
    assert (state / DATABASE).read_bytes() == before


def test_a_migration_that_fails_leaves_the_older_database(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    become(BROKEN, monkeypatch)
    with pytest.raises(ConfigError, match="no_such_table"):
        Store(state)
    assert names(state) == [name for name, _ in MIGRATIONS]
    assert "colour" not in columns(state)
    become(NEXT, monkeypatch)
    Store(state).close()
    assert "colour" in columns(state)


def test_a_crash_within_a_migration_leaves_the_older_database(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    died = subprocess.run([sys.executable, "-c", DYING, str(state)], check=False)
    assert died.returncode == 9
    with ReadOnlyStore(state) as store:
        assert [task.file for task in store.list_tasks()] == ["NDA.pdf"]
    assert names(state) == [name for name, _ in MIGRATIONS]
    assert "colour" not in columns(state)
    become(NEXT, monkeypatch)
    Store(state).close()
    assert "colour" in columns(state)


def test_a_crash_within_the_first_migration_leaves_a_database_to_begin_with(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / DATABASE)) as database:
        database.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) STRICT")
    with pytest.raises(OlderDatabase):
        ReadOnlyStore(tmp_path)
    with Store(tmp_path) as store:
        assert store.list_tasks() == []


def test_results_of_the_first_version_say_beside_their_verdict_what_was_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tclp_daemon.store.migrations.MIGRATIONS", MIGRATIONS[:1])
    with Store(tmp_path) as store:
        for name in ("old.pdf", "scan.pdf"):
            store.create_task(name, size=1, sha256="ab" * 32, identity=FileIdentity(1, len(name), 1))
        for task, result in zip(
            (store.claim_task(), store.claim_task()),
            (
                {"classification": "unlikely", "findings": []},
                {
                    "classification": "unlikely",
                    "findings": [],
                    "coverage": {"words": "in the 3 of 5 pages that could be read"},
                    "warnings": [{"code": "ocr"}, {"code": "damaged"}, {"code": "ocr"}],
                },
            ),
            strict=True,
        ):
            assert task is not None
            assert store.complete_task(task.task_id, task.attempt, result, "<p>")
    monkeypatch.undo()
    with Store(tmp_path) as store:
        rows = {row["file"]: (row["coverage"], row["warnings"]) for row in store.listing.rows(1)}
        assert rows == {
            "old.pdf": (None, ""),
            "scan.pdf": ("in the 3 of 5 pages that could be read", "damaged; ocr"),
        }
        assert store.listing.judged_in_part() == 1


def test_results_of_version_1_count_all_that_they_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [{"text": "Net zero."}, {"text": "Emissions."}]
    of_version_2 = {"findings": found, "counts": {"counted": 1, "clauses": 1}}
    for migrations in (MIGRATIONS[:2], MIGRATIONS):
        monkeypatch.setattr("tclp_daemon.store.migrations.MIGRATIONS", migrations)
        with Store(tmp_path) as store:
            for result in ({"findings": found, "counts": {"findings": 2}}, of_version_2):
                store.create_task("nda.pdf", size=1, sha256="ab" * 32, identity=FileIdentity(1, 1, 1))
                task = store.claim_task()
                assert task is not None
                assert store.complete_task(task.task_id, task.attempt, result, "<p>")
    with Store(tmp_path) as store:
        rows = [(row["findings"], row["counted"], row["clauses"]) for row in store.listing.rows(1)]
    assert rows == [(2, 2, None), (2, 1, 1)] * 2, "those that were there before, and those that came since"
