"""Gaps between store and files: a task is compared with its files, and a file with its task.

Everything here looks once and changes nothing. What the user did on purpose (a contract edited or deleted in the
outbox) is a gap too: the tool says what it sees.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tclp_daemon.admin.sidecars import SIDECAR_LIMIT
from tclp_daemon.admin.trees import is_there, is_utf8, read_file, sha256_of
from tclp_daemon.outbox.names import CSV, INDEX, REPORT, RESULT, STATUS
from tclp_daemon.outbox.originals import HIDDEN
from tclp_daemon.outbox.sidecar import result_of, sidecar_of
from tclp_daemon.result import ContractResult
from tclp_daemon.store import StoreReader
from tclp_daemon.system.files import TEMP_PREFIX
from tclp_daemon.task import Placement, Status, Task

Repair = Literal["republish", "requeue", "delete", "overview"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that does not agree.

    Attributes:
        kind: stable, snake_case.
        where: a task id or a path.
        message: one sentence.
        repair: how it can be repaired from the store; None if only a person can decide.
    """

    kind: str
    where: str
    message: str
    repair: Repair | None = None


def task_gaps(task: Task, store: StoreReader, outbox: Path, spool: Path) -> Iterator[Gap]:
    """What is wrong with the files of a task."""
    if task.published < task.revision:
        yield Gap(
            "unpublished", task.task_id, f"{task.file!r}: the outbox does not show its last change yet.", "republish"
        )
        return
    if task.status is Status.PROCESSING:
        yield Gap(
            "in_progress",
            task.task_id,
            f"{task.file!r}: attempt {task.attempt} was cut off when the daemon ended; the next start continues it.",
        )
    kept = sha256_of(outbox, task.outbox_name)
    spooled = sha256_of(spool, task.task_id)
    yield from _contract_gaps(task, kept, spooled)
    yield from _json_gaps("sidecar", STATUS, sidecar_of(task).model_dump_json().encode(), task, outbox)
    if (result := result_of(task)) is not None:
        yield from _json_gaps("result", RESULT, result.model_dump_json().encode(), task, outbox)
        yield from _report_gaps(task, store, outbox, at_hand=task.sha256 in (kept, spooled))
    elif task.status is Status.FAILED:
        for name in (task.outbox_name + RESULT, task.outbox_name + REPORT):
            if is_there(outbox, name):
                yield Gap("output_of_failed", task.task_id, f"{name!r} is there although the task failed.")


def _contract_gaps(task: Task, kept: str | None, spooled: str | None) -> Iterator[Gap]:
    """The contract itself, by the sha256 of the copies in the outbox and in the spool."""
    if task.sha256 is None:
        if kept is None and task.placed is Placement.MOVED:
            yield Gap("contract_missing", task.task_id, f"{task.file!r} is not in the outbox.")
        return
    if kept is None:
        where = "its only copy is in the spool" if spooled == task.sha256 else "its bytes are lost"
        yield Gap("contract_missing", task.task_id, f"{task.file!r} is not in the outbox; {where}.")
    elif kept != task.sha256:
        yield Gap("contract_changed", task.task_id, f"{task.file!r} in the outbox differs from what was analysed.")
    if not task.finished and task.sha256 not in (kept, spooled):
        yield Gap("input_missing", task.task_id, f"{task.file!r} waits, but neither spool nor outbox has its bytes.")


def _json_gaps(kind: str, suffix: str, expected: bytes, task: Task, outbox: Path) -> Iterator[Gap]:
    # Whatever its layout, it is not many times as long.
    found = read_file(outbox, task.outbox_name + suffix, limit=8 * len(expected) + 65536)
    if found is None:
        yield Gap(f"{kind}_missing", task.task_id, f"{task.file!r}: its {kind} is not in the outbox.", "republish")
    elif not _same_json(_current(found) if kind == "result" else found, expected):
        yield Gap(f"{kind}_differs", task.task_id, f"{task.file!r}: its {kind} differs from the store.", "republish")


def _same_json(found: bytes, expected: bytes) -> bool:
    """Equal bytes, or equal JSON in another layout."""
    if found == expected:
        return True
    try:
        return bool(json.loads(found) == json.loads(expected))
    except (ValueError, RecursionError):
        return False


def _current(result: bytes) -> bytes:
    """A result of version 1 as it would be written now; anything else as it is."""
    try:
        data = json.loads(result)
        if isinstance(data, dict) and data.get("schema_version") == 1:
            return ContractResult.model_validate(data).model_dump_json().encode()
    except (ValueError, RecursionError):
        pass
    return result


def _report_gaps(task: Task, store: StoreReader, outbox: Path, *, at_hand: bool) -> Iterator[Gap]:
    """The report. The store keeps it only until it is published; after that it is made again from the contract."""
    held = store.report(task.task_id)
    expected = hashlib.sha256(held).hexdigest() if held is not None else task.report_sha256
    found = sha256_of(outbox, task.outbox_name + REPORT)
    if expected is not None and found == expected:
        return
    repair: Repair | None = "republish" if held is not None else "requeue" if at_hand else None
    lost = "" if repair else " It cannot be made again without the contract."
    if expected is None:
        yield Gap("report_lost", task.task_id, f"{task.file!r}: the store has no record of its report.{lost}", repair)
    elif found is None:
        yield Gap("report_missing", task.task_id, f"{task.file!r}: its report is not in the outbox.{lost}", repair)
    else:
        yield Gap("report_differs", task.task_id, f"{task.file!r}: its report differs from the one made.{lost}", repair)


def spool_gap(store: StoreReader, spool: Path, name: str) -> Gap | None:
    """A file in the spool that no task needs."""
    if is_utf8(name) and store.wants_spool(name):
        return None
    return Gap("spool_orphan", str(spool / name), f"No task needs {name} in the spool.", "delete")


def inbox_gap(store: StoreReader, inbox: Path, name: str) -> Gap | None:
    """An original that was hidden before its move and then left. Every other file in the inbox is a new drop."""
    base = name.rpartition("/")[2]
    if not base.startswith(TEMP_PREFIX):
        return None
    task_id = base[len(TEMP_PREFIX) : -len(HIDDEN)]
    with contextlib.suppress(KeyError):
        if is_utf8(task_id) and store.get_task(task_id).placed is Placement.WAITING:
            return None
    return Gap("original_hidden", name, f"{name!r} in the inbox should have been removed or given back.")


def temporary_gap(outbox: Path, name: str) -> Gap | None:
    """A temporary file in the outbox."""
    return Gap(
        "temporary_left", str(outbox / name), f"{name!r} is a temporary file of a write that was cut off.", "delete"
    )


def sidecar_gap(store: StoreReader, outbox: Path, name: str) -> Gap | None:
    """A sidecar that is not any task's: a second one of a known task, or an unfinished one of an unknown task.

    A finished sidecar of a task that was forgotten is history.
    """
    if is_utf8(name) and store.is_shown(name.removesuffix(STATUS)):
        return None
    try:
        status = json.loads(read_file(outbox, name, limit=SIDECAR_LIMIT) or b"")
    except (ValueError, RecursionError):
        return None
    if not isinstance(status, dict) or not isinstance(task_id := status.get("task_id"), str) or not is_utf8(task_id):
        return None  # somebody else's file
    with contextlib.suppress(KeyError):
        store.get_task(task_id)
        return Gap("sidecar_twice", name, f"{name!r} is a second sidecar of task {task_id}.")
    if status.get("status") in (Status.COMPLETED, Status.FAILED):
        return None
    return Gap("sidecar_orphan", name, f"{name!r} says {status.get('status')}, but the store does not know its task.")


def overview_gaps(store: StoreReader, outbox: Path) -> list[Gap]:
    """The pages of contents, which are there once a contract was published."""
    if not store.any_published():
        return []
    return [
        Gap("overview_missing", name, f"{name} is not in the outbox.", "overview")
        for name in (INDEX, CSV)
        if not is_there(outbox, name)
    ]
