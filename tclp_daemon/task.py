"""A task: one contract on its way from the inbox to the outbox. Values are frozen; only the store changes a task."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

from tclp_daemon.errors import ErrorCode


class Status(StrEnum):
    """Where a task is; the last two are terminal."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class Placement(IntEnum):
    """Where the original is. A file seen in the inbox again is a new drop only if its predecessor was moved."""

    WAITING = 0
    MOVED = 1
    STAYS = 2


# The daemon's own stages: what happens to a task before and after the stages of the pipeline (`pipeline.STAGES`).
QUEUED, STARTING, WRITING, DONE = "queued", "starting", "writing", "done"
# Progress in per cent at which each of them begins.
PROGRESS = {QUEUED: 0, STARTING: 10, WRITING: 90, DONE: 100}


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Tells one file in the inbox from the next under the same name. `inode` is 0 where inodes do not last."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class OutboxName:
    """What a contract is called: `file` is shown to people, `outbox_name` is its place, `note` says why they differ."""

    file: str
    outbox_name: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker needs to know of a task. Picklable; names no store and no outbox."""

    task_id: str
    attempt: int
    spool: Path
    suffix: str
    display_name: str
    sha256: str
    size: int
    # Compute threads: all cores for a single contract, a share of them where several run or wait.
    threads: int = 1
    # A finished result for the same bytes by the same model: the worker renders the report without classifying again.
    prior_result: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an attempt is, as its worker reports it."""

    percent: int
    stage: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One row of the store.

    Attributes:
        file: where it was dropped, relative to the inbox, "/" separated, as shown to people; bytes that are not UTF-8
            appear as \\xNN.
        source: the same as the filesystem knows it (surrogate escapes), to find it in the inbox again.
        outbox_name: the contract's name relative to the outbox; differs from `file` when that name was not free.
        sha256: None where the bytes were never read (a symlink, a directory, a file over the size limit).
        crashes, errors, interruptions: attempts that ended with the worker's death, with a transient error, and with
            the daemon's death; counted apart because they are bounded apart.
        not_before: POSIX time before which a pending task is not claimed.
        page: the last page that an attempt reached, where the format has pages.
        placed: whether the original waits in the inbox, was moved to the outbox, or stays in the inbox for good.
        revision, published: the outbox shows the row as it was at revision `published`; it lags while that is smaller.
        published_name: the name that its files have in the outbox now; None before the first publication.
        report_sha256: of the report of a completed task, which is kept in the outbox only once it is published.
    """

    task_id: str
    file: str
    source: str
    outbox_name: str
    sha256: str | None
    size: int
    identity: FileIdentity
    status: Status
    progress: int
    stage: str
    attempt: int
    crashes: int
    errors: int
    interruptions: int
    not_before: float
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    result: dict[str, Any] | None
    error: str | None
    error_code: ErrorCode | None
    advice: str | None
    note: str | None
    page: int | None
    placed: Placement
    revision: int
    published: int
    published_name: str | None
    report_sha256: str | None = None

    @property
    def finished(self) -> bool:
        """True in a terminal state."""
        return self.status in (Status.COMPLETED, Status.FAILED)


def iso(moment: datetime) -> str:
    """UTC with milliseconds: 2026-01-31T09:00:00.123Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
