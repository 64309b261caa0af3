"""The schema's named, ordered, recorded migrations. Never edit one that was released; add the next."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from tclp_daemon.errors import ConfigError
from tclp_daemon.store.schema import FIRST, SECOND, THIRD
from tclp_daemon.task import iso

# Name and script. A script may call the SQL function `name_key`.
MIGRATIONS: tuple[tuple[str, str], ...] = (
    ("0001_first_schema", FIRST),
    ("0002_what_was_not_judged", SECOND),
    ("0003_clauses", THIRD),
)


def migrate(connection: sqlite3.Connection) -> None:
    """Brings the schema up to date, each migration in its own transaction.

    Raises:
        ConfigError: the database is of a version that this one does not know.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) STRICT")
    for name, script in missing_migrations(connection):
        # executescript commits what is open, so the transaction is part of the script.
        record = f"INSERT INTO migrations VALUES ('{name}', '{iso(datetime.now(UTC))}');"
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {script} {record} COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def missing_migrations(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """The migrations that the database has not had yet, in order.

    Raises:
        ConfigError: the database is of a version that this one does not know.
    """
    applied = {row[0] for row in connection.execute("SELECT name FROM migrations")}
    if unknown := applied - {name for name, _ in MIGRATIONS}:
        raise ConfigError(
            "The task database was written by a newer version of tclp-daemon, or by one from before the first release "
            f"(it has the migration {min(unknown)!r}, which this version does not know). Install that version again, "
            "or move the database away and run 'tclp-daemon rebuild', which makes a new one from the outbox and the "
            "spool."
        )
    return [migration for migration in MIGRATIONS if migration[0] not in applied]
