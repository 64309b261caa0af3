"""A row of the database as a `Task`."""

from __future__ import annotations

import json
import os
import sqlite3
import unicodedata
from datetime import datetime

from tclp_daemon.errors import ErrorCode
from tclp_daemon.task import FileIdentity, Placement, Status, Task

COLUMNS = (
    "task_id, file, source, outbox_name, sha256, size, mtime_ns, inode, status, progress, stage, attempt, crashes, "
    "errors, interruptions, not_before, created_at, updated_at, finished_at, result, error, error_code, advice, note, "
    "page, placed, revision, published, published_name, report_sha256"
)


def name_key(name: str | None) -> str | None:
    """Names with the same key are the same name on a share that ignores case (Windows, Samba)."""
    return None if name is None else unicodedata.normalize("NFC", name.casefold())


def to_task(row: sqlite3.Row) -> Task:
    """A row of `COLUMNS`, with or without its rowid, as a task."""
    values = dict(row)
    size = values["size"]
    return Task(
        **{
            **{k: v for k, v in values.items() if k not in ("mtime_ns", "inode", "rowid")},
            "source": os.fsdecode(values["source"]),
            "identity": FileIdentity(size, values["mtime_ns"], values["inode"]),
            "status": Status(values["status"]),
            "created_at": datetime.fromisoformat(values["created_at"]),
            "updated_at": datetime.fromisoformat(values["updated_at"]),
            "finished_at": datetime.fromisoformat(values["finished_at"]) if values["finished_at"] else None,
            "result": json.loads(values["result"]) if values["result"] else None,
            "error_code": ErrorCode(values["error_code"]) if values["error_code"] else None,
            "placed": Placement(values["placed"]),
        }
    )
