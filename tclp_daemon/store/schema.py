"""The schema of the database, as it was first released. It changes by a migration (`migrations.py`), never here.

CHECKs and triggers make nonsense unrepresentable, whoever writes: a row that is completed without a result, failed
without a code, or whose progress goes backwards within an attempt cannot exist.
"""

from __future__ import annotations

_TASKS = """
-- One row for each contract. `Task` in task.py says what the columns mean.
CREATE TABLE tasks (
    task_id        TEXT PRIMARY KEY CHECK (length(task_id) = 36),

    -- The contract, as it was dropped. `source` holds the bytes of the file name, which need not be UTF-8.
    file           TEXT NOT NULL CHECK (file <> ''),
    base_name      TEXT GENERATED ALWAYS AS (substr(file, length(rtrim(file, replace(file, '/', ''))) + 1)) VIRTUAL,
    source         BLOB NOT NULL,
    sha256         TEXT CHECK (length(sha256) = 64),
    size           INTEGER NOT NULL CHECK (size >= 0),
    mtime_ns       INTEGER NOT NULL,
    inode          INTEGER NOT NULL,

    -- How far it is. The names of the stages are the pipeline's business, not the schema's.
    status         TEXT NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    progress       INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 100),
    stage          TEXT NOT NULL CHECK (length(stage) BETWEEN 1 AND 40),
    page           INTEGER CHECK (page >= 1),
    attempt        INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    crashes        INTEGER NOT NULL DEFAULT 0 CHECK (crashes >= 0),
    errors         INTEGER NOT NULL DEFAULT 0 CHECK (errors >= 0),
    interruptions  INTEGER NOT NULL DEFAULT 0 CHECK (interruptions >= 0),
    not_before     REAL NOT NULL DEFAULT 0,
    created_at     TEXT NOT NULL,
    updated_at     TEXT NOT NULL,
    finished_at    TEXT,

    -- What the outbox shows. On a share that ignores case, NDA.pdf and nda.PDF are one name: names with the same
    -- key (`name_key`) collide, and the older task must step aside.
    outbox_name    TEXT NOT NULL UNIQUE CHECK (outbox_name <> ''),
    outbox_key     TEXT NOT NULL DEFAULT '',
    published_name TEXT,
    published_key  TEXT,
    placed         INTEGER NOT NULL DEFAULT 0 CHECK (placed IN (0, 1, 2)),
    revision       INTEGER NOT NULL DEFAULT 1,
    published      INTEGER NOT NULL DEFAULT 0 CHECK (published <= revision),

    -- How it ended. `prior_result` is the result of a completed task whose report is being made again. The long texts
    -- come last, because SQLite has to read through them to reach the columns after them.
    error_code     TEXT,
    error          TEXT,
    advice         TEXT,
    note           TEXT,
    report_sha256  TEXT CHECK (length(report_sha256) = 64),
    result         TEXT CHECK (result IS NULL OR json_valid(result)),
    prior_result   TEXT,

    CHECK ((status = 'completed') = (result IS NOT NULL)),
    CHECK ((status = 'completed') = (progress = 100)),
    CHECK ((status = 'completed') = (stage = 'done')),
    CHECK ((status = 'failed') = (error_code IS NOT NULL)),
    CHECK ((error_code IS NULL) = (error IS NULL)),
    CHECK ((status IN ('completed', 'failed')) = (finished_at IS NOT NULL)),
    CHECK (status <> 'processing' OR attempt >= 1)
) STRICT;

-- A portfolio is kept for ever, so every question that is asked often has an index (tests/store/test_plans.py).
-- What is due next, and when the next one is:
CREATE INDEX tasks_by_turn ON tasks (crashes > 0, not_before > 0, created_at) WHERE status = 'pending';
CREATE INDEX tasks_claimable ON tasks (not_before, created_at) WHERE status = 'pending';
-- What the outbox does not show yet; those that step aside come first, since others wait for their names:
CREATE INDEX tasks_unpublished ON tasks ((published_name IS NULL OR published_name = outbox_name), created_at)
    WHERE published < revision;
-- Whose name is it?
CREATE INDEX tasks_by_outbox_key ON tasks (outbox_key);
CREATE UNIQUE INDEX tasks_published_name ON tasks (published_name);
CREATE INDEX tasks_by_published_key ON tasks (published_key);
-- Is this file known, are these bytes, and is this copy in the spool still wanted?
CREATE INDEX tasks_by_source ON tasks (source);
CREATE INDEX tasks_in_the_inbox ON tasks (source) WHERE placed <> 1;
CREATE INDEX tasks_by_sha256 ON tasks (sha256, finished_at) WHERE status = 'completed';
CREATE INDEX tasks_with_prior_result ON tasks (sha256) WHERE prior_result IS NOT NULL;
CREATE INDEX tasks_spooled ON tasks (task_id)
    WHERE status IN ('pending', 'processing') OR placed = 0 OR published < revision;
-- Lists:
CREATE INDEX tasks_by_age ON tasks (created_at);
CREATE INDEX tasks_by_change ON tasks (updated_at);
CREATE INDEX tasks_by_status ON tasks (status, created_at);
CREATE INDEX tasks_by_base_name ON tasks (base_name, created_at);
-- What is old enough to be forgotten:
CREATE INDEX tasks_by_end ON tasks (status, finished_at) WHERE finished_at IS NOT NULL;

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
"""

_AROUND_A_TASK = """
-- What happened to a task, one row for each transition.
CREATE TABLE events (
    event_id INTEGER PRIMARY KEY,
    task_id  TEXT NOT NULL REFERENCES tasks (task_id) ON DELETE CASCADE,
    at       TEXT NOT NULL,
    attempt  INTEGER NOT NULL,
    event    TEXT NOT NULL,
    detail   TEXT
) STRICT;
CREATE INDEX events_by_task ON events (task_id);

-- The report of a completed task (compressed HTML) until it is published; then the outbox keeps it, and the task only
-- its sha256 (docs/decisions/0012).
CREATE TABLE reports (
    task_id TEXT PRIMARY KEY REFERENCES tasks (task_id) ON DELETE CASCADE,
    html    BLOB NOT NULL
) STRICT;

-- What is left of a forgotten task whose original stays in the inbox: enough to recognise the file. It is known by its
-- bytes, so a new disk or another date makes no second task of it. Once the file has been gone from the inbox for long,
-- its row goes too: `missed` counts the days on which it was gone, `missed_on` is the last of them.
CREATE TABLE left_files (
    source    BLOB NOT NULL,
    size      INTEGER NOT NULL,
    mtime_ns  INTEGER NOT NULL,
    inode     INTEGER NOT NULL,
    sha256    TEXT,
    missed    INTEGER NOT NULL DEFAULT 0,
    missed_on TEXT,
    UNIQUE (source, size, mtime_ns, inode)
) STRICT;

-- What a part of the daemon wants to know after a restart, as JSON.
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL CHECK (json_valid(value))) STRICT;
"""

# The columns of a summary that come from a result, in the order in which the triggers name them.
_FROM_RESULT = """
        json_extract(NEW.result, '$.classification'),
        json_array_length(NEW.result, '$.findings'),
        (SELECT coalesce(group_concat(key, '; '), '') FROM
            (SELECT key FROM json_each(NEW.result, '$.counts.by_topic') ORDER BY value DESC, key)),
        json_extract(NEW.result, '$.statistics.page_count'),
        json_extract(NEW.result, '$.statistics.word_count'),
        json_extract(NEW.result, '$.statistics.analysis_time')"""

_LISTS = f"""
-- What lists show of a task, so that no list reads a result: a narrow row for each task, numbered in the order of
-- acceptance. `changed` is the tick of its last visible change. The triggers below keep it, whoever writes.
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

-- How many summaries there are of each kind.
CREATE TABLE counts (
    status  TEXT NOT NULL,
    verdict TEXT NOT NULL,
    number  INTEGER NOT NULL CHECK (number >= 0),
    PRIMARY KEY (status, verdict)
) STRICT, WITHOUT ROWID;

-- One row of counters that show a follower what happened since its last look (`Ticks` in listing.py).
CREATE TABLE ticks (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    changed    INTEGER NOT NULL,
    listed     INTEGER NOT NULL,
    removed    INTEGER NOT NULL,
    renumbered INTEGER NOT NULL
) STRICT;
INSERT INTO ticks VALUES (1, 0, 0, 0, 0);

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

CREATE TRIGGER tasks_summary_new AFTER INSERT ON tasks BEGIN
    UPDATE ticks SET changed = changed + 1, listed = listed + 1;
    INSERT INTO summaries
        (task_id, status, created_at, verdict, findings, topics, pages, words, seconds, changed)
    SELECT NEW.task_id, NEW.status, NEW.created_at, {_FROM_RESULT},
        changed FROM ticks;
END;
CREATE TRIGGER tasks_summary_result AFTER UPDATE OF status, result ON tasks
WHEN NEW.status <> OLD.status OR NEW.result IS NOT OLD.result BEGIN
    UPDATE ticks SET changed = changed + 1, listed = listed + 1;
    UPDATE summaries SET status = NEW.status,
        (verdict, findings, topics, pages, words, seconds) = (SELECT {_FROM_RESULT}),
        changed = (SELECT changed FROM ticks) WHERE task_id = NEW.task_id;
END;
-- Anything else that contracts.csv shows. Whether the contract is in the outbox follows from `sha256` and `placed`.
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
-- Progress is shown by the dashboard, but not by contracts.csv.
CREATE TRIGGER tasks_summary_progress AFTER UPDATE OF stage, progress, page ON tasks
WHEN (NEW.stage, NEW.progress, NEW.page) IS NOT (OLD.stage, OLD.progress, OLD.page) BEGIN
    UPDATE ticks SET changed = changed + 1;
    UPDATE summaries SET changed = (SELECT changed FROM ticks) WHERE task_id = NEW.task_id;
END;
CREATE TRIGGER tasks_summary_gone AFTER DELETE ON tasks BEGIN
    UPDATE ticks SET changed = changed + 1, listed = listed + 1, removed = removed + 1;
    DELETE FROM summaries WHERE task_id = OLD.task_id;
END;
"""

FIRST = _TASKS + _AROUND_A_TASK + _LISTS

# What the second migration adds to `_FROM_RESULT`.
_LIMITS = """
        json_extract(NEW.result, '$.coverage.words'),
        (SELECT coalesce(group_concat(code, '; '), '') FROM
            (SELECT DISTINCT json_extract(value, '$.code') AS code FROM json_each(NEW.result, '$.warnings')
             ORDER BY code))"""

SECOND = f"""
-- What was judged, in words ('' where all was), and the codes of the warnings: they stand beside each verdict.
ALTER TABLE summaries ADD COLUMN coverage TEXT;
ALTER TABLE summaries ADD COLUMN warnings TEXT;
CREATE INDEX summaries_in_part ON summaries (seq) WHERE coverage <> '';

DROP TRIGGER tasks_summary_new;
CREATE TRIGGER tasks_summary_new AFTER INSERT ON tasks BEGIN
    UPDATE ticks SET changed = changed + 1, listed = listed + 1;
    INSERT INTO summaries
        (task_id, status, created_at, verdict, findings, topics, pages, words, seconds, coverage, warnings, changed)
    SELECT NEW.task_id, NEW.status, NEW.created_at, {_FROM_RESULT}, {_LIMITS},
        changed FROM ticks;
END;
DROP TRIGGER tasks_summary_result;
CREATE TRIGGER tasks_summary_result AFTER UPDATE OF status, result ON tasks
WHEN NEW.status <> OLD.status OR NEW.result IS NOT OLD.result BEGIN
    UPDATE ticks SET changed = changed + 1, listed = listed + 1;
    UPDATE summaries SET status = NEW.status,
        (verdict, findings, topics, pages, words, seconds, coverage, warnings) = (SELECT {_FROM_RESULT}, {_LIMITS}),
        changed = (SELECT changed FROM ticks) WHERE task_id = NEW.task_id;
END;
UPDATE summaries SET (coverage, warnings) = (SELECT {_LIMITS.replace("NEW.result", "result")} FROM tasks
    WHERE tasks.task_id = summaries.task_id);
"""

# What the third migration adds. A result of version 1 counts every finding and does not know its clauses.
_CLAUSES = """
        coalesce(json_extract(NEW.result, '$.counts.counted'), json_array_length(NEW.result, '$.findings')),
        json_extract(NEW.result, '$.counts.clauses')"""

THIRD = f"""
-- The findings that the verdict counts, and in how many clauses they are.
ALTER TABLE summaries ADD COLUMN counted INTEGER;
ALTER TABLE summaries ADD COLUMN clauses INTEGER;

DROP TRIGGER tasks_summary_new;
CREATE TRIGGER tasks_summary_new AFTER INSERT ON tasks BEGIN
    UPDATE ticks SET changed = changed + 1, listed = listed + 1;
    INSERT INTO summaries
        (task_id, status, created_at, verdict, findings, topics, pages, words, seconds, coverage, warnings, counted,
         clauses, changed)
    SELECT NEW.task_id, NEW.status, NEW.created_at, {_FROM_RESULT}, {_LIMITS}, {_CLAUSES},
        changed FROM ticks;
END;
DROP TRIGGER tasks_summary_result;
CREATE TRIGGER tasks_summary_result AFTER UPDATE OF status, result ON tasks
WHEN NEW.status <> OLD.status OR NEW.result IS NOT OLD.result BEGIN
    UPDATE ticks SET changed = changed + 1, listed = listed + 1;
    UPDATE summaries SET status = NEW.status,
        (verdict, findings, topics, pages, words, seconds, coverage, warnings, counted, clauses) =
            (SELECT {_FROM_RESULT}, {_LIMITS}, {_CLAUSES}),
        changed = (SELECT changed FROM ticks) WHERE task_id = NEW.task_id;
END;
UPDATE summaries SET (counted, clauses) = (SELECT {_CLAUSES.replace("NEW.result", "result")} FROM tasks
    WHERE tasks.task_id = summaries.task_id);
"""
