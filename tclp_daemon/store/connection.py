"""How the database is opened: to look at it, which changes nothing, or to write, which brings it up to date first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tclp_daemon.errors import ConfigError
from tclp_daemon.store.migrations import migrate, missing_migrations
from tclp_daemon.store.rows import name_key
from tclp_daemon.system.files import make_private

DATABASE = "tasks.sqlite3"


class OlderDatabase(ConfigError):
    """The database was written by an older version, and a reader cannot bring it up to date."""


def open_for_reading(state: Path) -> sqlite3.Connection:
    """A connection that cannot change anything. It never makes a database, migrates one or sets its journal mode.

    After a crash, SQLite itself still rolls back the transaction that was cut off.

    Raises:
        OlderDatabase: only a writer can bring it up to date.
        ConfigError: there is no database, it is damaged, or it is of a version that this one does not know.
    """
    path = state / DATABASE
    if not (path.exists() and path.stat().st_size):
        raise ConfigError(f"There is no task database in {state}. Has the daemon run with this configuration?")
    with _opening(path) as connection:
        connection.execute("PRAGMA query_only = ON")
        # SQLite opens any file; only reading it shows whether it is a database.
        if missing_migrations(connection):
            raise OlderDatabase(
                f"The task database {path} was written by an older version of tclp-daemon. Start the daemon once, "
                "which brings it up to date."
            )
        connection.execute("SELECT 1 FROM tasks LIMIT 1").fetchone()
    return connection


def open_for_writing(state: Path) -> sqlite3.Connection:
    """A connection to a database that is up to date: makes it where there is none, else runs the missing migrations.

    Raises:
        ConfigError: the database is damaged, or it is of a version that this one does not know.
    """
    path = state / DATABASE
    with _opening(path) as connection:
        make_private(path)
        connection.execute(f"PRAGMA journal_mode = {journal_mode()}")
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection)
    return connection


@contextmanager
def _opening(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that is closed again where preparing it fails. SQLite's errors become ConfigErrors."""
    try:
        connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            connection.create_function("name_key", 1, name_key, deterministic=True)
            connection.execute("PRAGMA foreign_keys = ON")
            # What is forgotten is overwritten, however this SQLite was built: it is the text of contracts.
            connection.execute("PRAGMA secure_delete = ON")
            yield connection
        except BaseException:
            connection.close()
            raise
    except sqlite3.DatabaseError as error:
        raise trouble(path, error) from None


def journal_mode(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> str:
    """WAL only where the linked SQLite has the fix of the WAL-reset bug, else the rollback journal.

    The fix is in 3.51.3 and in the branches 3.50.7 and 3.44.6 (https://sqlite.org/wal.html#walresetbug).
    """
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return "WAL" if fixed else "DELETE"


def trouble(database: Path, error: sqlite3.DatabaseError) -> ConfigError:
    """What to tell people about SQLite's complaint about the database."""
    if type(error) is not sqlite3.DatabaseError:  # its subclasses: locked, full, not readable
        return ConfigError(f"The task database {database} cannot be used: {error}.")
    return ConfigError(
        f"The task database {database} is damaged ({error}). It was not touched. Move it away and run "
        "'tclp-daemon rebuild', which makes a new one from the outbox and the spool."
    )


def is_damage(error: Exception) -> bool:
    """Whether a failure says that the database is damaged, or was moved or deleted while it was open."""
    code = getattr(error, "sqlite_errorcode", 0)  # the low byte of an extended code is its primary code
    return code == sqlite3.SQLITE_READONLY_DBMOVED or code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
