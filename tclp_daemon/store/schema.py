"""The store's schema as named, ordered, recorded migrations. Never edit one that was released; add the next.

CHECKs and triggers make nonsense unrepresentable, whoever writes: a row that is completed without a result, failed
without a code, or whose progress goes backwards within an attempt cannot exist.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from tclp_daemon.errors import ConfigError
from tclp_daemon.task import iso

MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "0001_tasks_events_results",
        """
        CREATE TABLE tasks (
            task_id        TEXT PRIMARY KEY CHECK (length(task_id) = 36),
            file           TEXT NOT NULL CHECK (file <> ''),
            source         BLOB NOT NULL,
            outbox_name    TEXT NOT NULL UNIQUE CHECK (outbox_name <> ''),
            published_name TEXT,
            sha256         TEXT CHECK (length(sha256) = 64),
            size           INTEGER NOT NULL CHECK (size >= 0),
            mtime_ns       INTEGER NOT NULL,
            inode          INTEGER NOT NULL,
            status         TEXT NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
            progress       INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 100),
            stage          TEXT NOT NULL,
            attempt        INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
            crashes        INTEGER NOT NULL DEFAULT 0 CHECK (crashes >= 0),
            errors         INTEGER NOT NULL DEFAULT 0 CHECK (errors >= 0),
            interruptions  INTEGER NOT NULL DEFAULT 0 CHECK (interruptions >= 0),
            not_before     REAL NOT NULL DEFAULT 0,
            created_at     TEXT NOT NULL,
            updated_at     TEXT NOT NULL,
            finished_at    TEXT,
            result         TEXT CHECK (result IS NULL OR json_valid(result)),
            error          TEXT,
            error_code     TEXT,
            advice         TEXT,
            note           TEXT,
            page           INTEGER CHECK (page >= 1),
            placed         INTEGER NOT NULL DEFAULT 0 CHECK (placed IN (0, 1, 2)),
            revision       INTEGER NOT NULL DEFAULT 1,
            published      INTEGER NOT NULL DEFAULT 0 CHECK (published <= revision),
            CHECK ((status = 'completed') = (result IS NOT NULL)),
            CHECK ((status = 'completed') = (progress = 100)),
            CHECK ((status = 'completed') = (stage = 'done')),
            CHECK ((status = 'failed') = (error_code IS NOT NULL)),
            CHECK ((error_code IS NULL) = (error IS NULL)),
            CHECK ((status IN ('completed', 'failed')) = (finished_at IS NOT NULL)),
            CHECK (status <> 'processing' OR attempt >= 1)
        ) STRICT;
        CREATE INDEX tasks_claimable ON tasks (not_before, created_at) WHERE status = 'pending';
        CREATE INDEX tasks_unpublished ON tasks (created_at) WHERE published < revision;
        CREATE UNIQUE INDEX tasks_published_name ON tasks (published_name);
        CREATE INDEX tasks_by_source ON tasks (source);
        CREATE INDEX tasks_by_sha256 ON tasks (sha256) WHERE status = 'completed';
        CREATE INDEX tasks_by_age ON tasks (created_at);
        CREATE TRIGGER tasks_legal_transition BEFORE UPDATE OF status ON tasks
        WHEN NEW.status <> OLD.status AND (OLD.status || '>' || NEW.status) NOT IN (
            'pending>processing', 'processing>pending', 'processing>completed', 'processing>failed', 'pending>failed',
            'failed>pending', 'completed>pending')
        BEGIN SELECT RAISE(ABORT, 'illegal transition'); END;
        CREATE TRIGGER tasks_progress_forward BEFORE UPDATE OF progress ON tasks
        WHEN NEW.status = 'processing' AND OLD.status = 'processing' AND NEW.attempt = OLD.attempt
            AND NEW.progress < OLD.progress
        BEGIN SELECT RAISE(ABORT, 'progress goes backwards'); END;
        CREATE TRIGGER tasks_attempt_forward BEFORE UPDATE OF attempt ON tasks WHEN NEW.attempt < OLD.attempt
        BEGIN SELECT RAISE(ABORT, 'attempt goes backwards'); END;

        CREATE TABLE events (
            event_id INTEGER PRIMARY KEY,
            task_id  TEXT NOT NULL REFERENCES tasks (task_id) ON DELETE CASCADE,
            at       TEXT NOT NULL,
            attempt  INTEGER NOT NULL,
            event    TEXT NOT NULL,
            detail   TEXT
        ) STRICT;
        CREATE INDEX events_by_task ON events (task_id);

        CREATE TABLE reports (
            task_id TEXT PRIMARY KEY REFERENCES tasks (task_id) ON DELETE CASCADE,
            html    BLOB NOT NULL
        ) STRICT;
        """,
    ),
    (
        # On a share that does not tell case NDA.pdf and nda.PDF are one name, and one of the two must step aside.
        "0002_names_without_case",
        """
        ALTER TABLE tasks ADD COLUMN outbox_key TEXT NOT NULL DEFAULT '';
        ALTER TABLE tasks ADD COLUMN published_key TEXT;
        UPDATE tasks SET outbox_key = name_key(outbox_name), published_key = name_key(published_name);
        CREATE INDEX tasks_by_outbox_key ON tasks (outbox_key);
        CREATE INDEX tasks_by_published_key ON tasks (published_key);
        """,
    ),
    (
        # What is left of a forgotten task whose original stays in the inbox: enough not to take it for a new one.
        "0003_files_that_stay",
        """
        CREATE TABLE left_files (source BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
                                 inode INTEGER NOT NULL, UNIQUE (source, size, mtime_ns, inode)) STRICT;
        """,
    ),
    (
        # What lists show of a task, so that none reads a result: a narrow row for each task, numbered in the order of
        # acceptance, and how many there are. Kept by triggers, whoever writes. `ticks` tells who follows what happened
        # since: `changed` counts visible changes, `listed` those that contracts.csv shows, `removed` rows that went,
        # `renumbered` when all got other numbers. `notes` keeps what a part wants to know after a restart.
        "0004_summaries_and_counts",
        """
        CREATE TABLE summaries (
            seq        INTEGER PRIMARY KEY AUTOINCREMENT,
            task_id    TEXT NOT NULL UNIQUE,
            status     TEXT NOT NULL,
            created_at TEXT NOT NULL,
            verdict    TEXT,
            findings   INTEGER,
            topics     TEXT,
            pages      INTEGER,
            words      INTEGER,
            seconds    REAL,
            changed    INTEGER NOT NULL
        );
        CREATE INDEX summaries_by_status ON summaries (status);
        CREATE INDEX summaries_by_change ON summaries (changed);
        CREATE TABLE counts (status TEXT NOT NULL, verdict TEXT NOT NULL, number INTEGER NOT NULL CHECK (number >= 0),
                             PRIMARY KEY (status, verdict)) STRICT, WITHOUT ROWID;
        CREATE TABLE ticks (only INTEGER PRIMARY KEY CHECK (only = 1), changed INTEGER NOT NULL,
                            listed INTEGER NOT NULL, removed INTEGER NOT NULL, renumbered INTEGER NOT NULL) STRICT;
        INSERT INTO ticks VALUES (1, 0, 0, 0, 0);
        CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL CHECK (json_valid(value))) STRICT;

        CREATE TRIGGER summaries_count_new AFTER INSERT ON summaries BEGIN
            INSERT INTO counts VALUES (NEW.status, coalesce(NEW.verdict, ''), 1)
                ON CONFLICT DO UPDATE SET number = number + 1;
        END;
        CREATE TRIGGER summaries_count_gone AFTER DELETE ON summaries BEGIN
            UPDATE counts SET number = number - 1
                WHERE status = OLD.status AND verdict = coalesce(OLD.verdict, '');
        END;
        CREATE TRIGGER summaries_count_changed AFTER UPDATE OF status, verdict ON summaries
        WHEN NEW.status <> OLD.status OR NEW.verdict IS NOT OLD.verdict BEGIN
            UPDATE counts SET number = number - 1
                WHERE status = OLD.status AND verdict = coalesce(OLD.verdict, '');
            INSERT INTO counts VALUES (NEW.status, coalesce(NEW.verdict, ''), 1)
                ON CONFLICT DO UPDATE SET number = number + 1;
        END;

        INSERT INTO summaries (task_id, status, created_at, verdict, findings, topics, pages, words, seconds, changed)
        SELECT task_id, status, created_at, json_extract(tasks.result, '$.classification'),
                json_array_length(tasks.result, '$.findings'),
                (SELECT coalesce(group_concat(key, '; '), '') FROM
                    (SELECT key FROM json_each(tasks.result, '$.counts.by_topic') ORDER BY value DESC, key)),
                json_extract(tasks.result, '$.statistics.page_count'),
                json_extract(tasks.result, '$.statistics.word_count'),
                json_extract(tasks.result, '$.statistics.analysis_time'), 0 FROM tasks ORDER BY created_at, rowid;

        CREATE TRIGGER tasks_summary_new AFTER INSERT ON tasks BEGIN
            UPDATE ticks SET changed = changed + 1, listed = listed + 1;
            INSERT INTO summaries
                (task_id, status, created_at, verdict, findings, topics, pages, words, seconds, changed)
            SELECT NEW.task_id, NEW.status, NEW.created_at, json_extract(NEW.result, '$.classification'),
                json_array_length(NEW.result, '$.findings'),
                (SELECT coalesce(group_concat(key, '; '), '') FROM
                    (SELECT key FROM json_each(NEW.result, '$.counts.by_topic') ORDER BY value DESC, key)),
                json_extract(NEW.result, '$.statistics.page_count'),
                json_extract(NEW.result, '$.statistics.word_count'),
                json_extract(NEW.result, '$.statistics.analysis_time'), changed FROM ticks;
        END;
        CREATE TRIGGER tasks_summary_result AFTER UPDATE OF status, result ON tasks
        WHEN NEW.status <> OLD.status OR NEW.result IS NOT OLD.result BEGIN
            UPDATE ticks SET changed = changed + 1, listed = listed + 1;
            UPDATE summaries SET status = NEW.status,
                (verdict, findings, topics, pages, words, seconds) = (SELECT
                json_extract(NEW.result, '$.classification'),
                json_array_length(NEW.result, '$.findings'),
                (SELECT coalesce(group_concat(key, '; '), '') FROM
                    (SELECT key FROM json_each(NEW.result, '$.counts.by_topic') ORDER BY value DESC, key)),
                json_extract(NEW.result, '$.statistics.page_count'),
                json_extract(NEW.result, '$.statistics.word_count'),
                json_extract(NEW.result, '$.statistics.analysis_time')),
                changed = (SELECT changed FROM ticks) WHERE task_id = NEW.task_id;
        END;
        CREATE TRIGGER tasks_summary_listed AFTER UPDATE OF file, outbox_name, sha256, placed, created_at, finished_at,
            error, error_code, advice, note ON tasks
        WHEN (NEW.file, NEW.outbox_name, NEW.sha256, NEW.sha256 IS NOT NULL OR NEW.placed = 1, NEW.created_at,
              NEW.finished_at, NEW.error, NEW.error_code, NEW.advice, NEW.note) IS NOT
             (OLD.file, OLD.outbox_name, OLD.sha256, OLD.sha256 IS NOT NULL OR OLD.placed = 1, OLD.created_at,
              OLD.finished_at, OLD.error, OLD.error_code, OLD.advice, OLD.note) BEGIN
            UPDATE ticks SET changed = changed + 1, listed = listed + 1;
            UPDATE summaries SET created_at = NEW.created_at, changed = (SELECT changed FROM ticks)
                WHERE task_id = NEW.task_id;
        END;
        CREATE TRIGGER tasks_summary_progress AFTER UPDATE OF stage, progress, page ON tasks
        WHEN (NEW.stage, NEW.progress, NEW.page) IS NOT (OLD.stage, OLD.progress, OLD.page) BEGIN
            UPDATE ticks SET changed = changed + 1;
            UPDATE summaries SET changed = (SELECT changed FROM ticks) WHERE task_id = NEW.task_id;
        END;
        CREATE TRIGGER tasks_summary_gone AFTER DELETE ON tasks BEGIN
            UPDATE ticks SET changed = changed + 1, listed = listed + 1, removed = removed + 1;
            DELETE FROM summaries WHERE task_id = OLD.task_id;
        END;
        """,
    ),
    (
        # A portfolio is kept for ever, so nothing that is asked often may read every task. Reports are kept by the
        # outbox once they are published (docs/decisions/0012); only their sha256 stays. `prior_result` is the result
        # of a completed task whose report is being made again.
        "0005_large_portfolios",
        """
        ALTER TABLE tasks ADD COLUMN report_sha256 TEXT CHECK (length(report_sha256) = 64);
        ALTER TABLE tasks ADD COLUMN prior_result TEXT;
        ALTER TABLE tasks ADD COLUMN base_name TEXT
            GENERATED ALWAYS AS (substr(file, length(rtrim(file, replace(file, '/', ''))) + 1)) VIRTUAL;
        CREATE INDEX tasks_by_base_name ON tasks (base_name, created_at);
        CREATE INDEX tasks_by_status ON tasks (status, created_at);
        CREATE INDEX tasks_by_turn ON tasks (crashes > 0, not_before > 0, created_at) WHERE status = 'pending';
        CREATE INDEX tasks_by_change ON tasks (updated_at);
        CREATE INDEX tasks_by_end ON tasks (status, finished_at) WHERE finished_at IS NOT NULL;
        CREATE INDEX tasks_spooled ON tasks (task_id)
            WHERE status IN ('pending', 'processing') OR placed = 0 OR published < revision;
        CREATE INDEX tasks_with_prior_result ON tasks (sha256) WHERE prior_result IS NOT NULL;
        DROP INDEX tasks_by_sha256;
        CREATE INDEX tasks_by_sha256 ON tasks (sha256, finished_at) WHERE status = 'completed';
        DROP INDEX tasks_unpublished;
        CREATE INDEX tasks_unpublished ON tasks ((published_name IS NULL OR published_name = outbox_name), created_at)
            WHERE published < revision;
        """,
    ),
    (
        # A file that stays is known by its bytes, so that a new disk or a touched date makes no second task of it. Once
        # it has been gone from the inbox for long it is forgotten: `missed` counts the days, `missed_on` is the last.
        "0006_files_that_stay_are_known_by_their_bytes",
        """
        ALTER TABLE left_files ADD COLUMN sha256 TEXT;
        ALTER TABLE left_files ADD COLUMN missed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE left_files ADD COLUMN missed_on TEXT;
        CREATE INDEX tasks_in_the_inbox ON tasks (source) WHERE placed <> 1;
        """,
    ),
)


def migrate(connection: sqlite3.Connection) -> None:
    """Brings the schema up to date, each migration in a transaction of its own.

    Raises:
        ConfigError: the store was written by a newer version.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) STRICT")
    applied = applied_migrations(connection)
    for name, script in MIGRATIONS:
        if name not in applied:
            # executescript commits what is open, so the transaction is part of the script.
            stamp = iso(datetime.now(UTC))
            record = f"INSERT INTO migrations VALUES ('{name}', '{stamp}');"
            try:
                connection.executescript(f"BEGIN IMMEDIATE; {script} {record} COMMIT;")
            except sqlite3.Error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


def applied_migrations(connection: sqlite3.Connection) -> set[str]:
    """Names of the migrations that the store has had.

    Raises:
        ConfigError: the store was written by a newer version.
    """
    applied = {row[0] for row in connection.execute("SELECT name FROM migrations")}
    unknown = applied - {name for name, _ in MIGRATIONS}
    if unknown:
        raise ConfigError(
            f"The database was written by a newer version of tclp-daemon (migration {min(unknown)!r}). "
            "Install that version again."
        )
    return applied


def journal_mode(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> str:
    """WAL only where the linked SQLite has the fix of the WAL-reset bug, else the rollback journal.

    The fix is in 3.51.3 and in the branches 3.50.7 and 3.44.6 (https://sqlite.org/wal.html#walresetbug).
    """
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return "WAL" if fixed else "DELETE"
