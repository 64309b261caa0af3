"""Does everything balance? Inbox, spool, store and outbox compared: each task with its files, each file with its task.

What the user did on purpose (a contract edited or deleted in the outbox) shows up too: the tool says what it sees, and
repairs only what the store can give back.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from tclp_daemon.config import Config
from tclp_daemon.errors import ConfigError
from tclp_daemon.files import TEMP_PREFIX, open_folder, open_regular
from tclp_daemon.outbox.marker import OutboxMarker, OutboxUnavailable
from tclp_daemon.outbox.placing import HIDDEN
from tclp_daemon.outbox.publisher import Publisher
from tclp_daemon.outbox.sidecar import QUARTET, REPORT, RESULT, STATUS, result_of, sidecar_of
from tclp_daemon.startup import StateLock
from tclp_daemon.store import Store
from tclp_daemon.task import Placement, Status, Task

# With a running daemon, how long a repair waits to see it publish.
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that does not balance.

    Attributes:
        kind: stable, snake_case.
        where: a task id or a path.
        message: one sentence.
        repair: "republish", "requeue", "delete" or None where only a person can decide.
    """

    kind: str
    where: str
    message: str
    repair: str | None = None


def find_gaps(config: Config, store: Store) -> Iterator[Gap]:
    """Everything that does not balance, task by task, then what belongs to no task.

    Raises:
        OutboxUnavailable: the outbox is away, which says nothing about what belongs there.
    """
    recognise_outbox(config)
    outbox, spool = config.outbox.path, config.state.path / "spool"
    tasks = store.list_tasks()
    for task in tasks:
        yield from _task_gaps(task, store, outbox, spool)
    yield from _spool_gaps(spool, store)
    yield from _inbox_gaps(config.inbox.path, {t.task_id for t in tasks if t.placed is Placement.WAITING})
    owned = {f"{t.published_name or t.outbox_name}{suffix}" for t in tasks for suffix in QUARTET}
    yield from _outbox_gaps(outbox, owned, {t.task_id for t in tasks})
    recognise_outbox(config)  # it may have gone away meanwhile


def repair(gaps: list[Gap], store: Store, config: Config) -> int:
    """Mends what can be mended from the store. Where a daemon runs it publishes, else this does. Returns how many.

    What lies about is deleted only while no daemon runs: one that does may have written it just now.
    """
    mended, asked = 0, dict[str, list[Gap]]()
    with _no_daemon(config.state.path) as alone:
        for gap in gaps:
            match gap.repair:
                case "republish":
                    store.republish(gap.where)
                    asked.setdefault(gap.where, []).append(gap)
                case "requeue":
                    store.requeue_task(gap.where)
                    mended += 1
                case "delete" if alone:
                    mended += _delete(gap.where, config, store)
        if alone:
            _publish(config, store)
        deadline = time.monotonic() + (0 if alone else _PATIENCE_SECONDS)
        while asked:
            for task_id in [task_id for task_id in asked if _is_published(store, task_id)]:
                mended += len(asked.pop(task_id))
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
    return mended


def recognise_outbox(config: Config) -> None:
    """Tells an empty mount point from an empty outbox. Changes nothing: only a daemon that starts marks an outbox.

    Raises:
        ConfigError: it is the outbox of another state directory.
        OutboxUnavailable: it is not the outbox.
    """
    OutboxMarker(config.outbox.path, config.state.path).recognise()


@contextlib.contextmanager
def _no_daemon(state: Path) -> Iterator[bool]:
    """Whether no daemon runs on the state directory; then none can start meanwhile."""
    try:
        lock = StateLock(state)
    except ConfigError:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _delete(path: str, config: Config, store: Store) -> bool:
    """Deletes a file of ours below its root; a folder that was swapped for a link meanwhile leads nowhere."""
    for root in (config.outbox.path, config.inbox.path, config.state.path):
        if Path(path).is_relative_to(root):
            folder, _, base = Path(path).relative_to(root).as_posix().rpartition("/")
            if root == config.state.path and base in store.known_spool():
                return False  # a task of it was recorded since
            with contextlib.suppress(OSError), open_folder(root, folder) as parent:
                os.unlink(base, dir_fd=parent)
                return True
    return False


def _publish(config: Config, store: Store) -> None:
    """Publishes what a repair asked for, where no daemon does it, round by round while that helps."""
    publisher = Publisher(config, lambda: store, alive=lambda: None)
    due = -1
    with contextlib.suppress(OutboxUnavailable):
        publisher.adopt()
        while (left := len(store.unpublished(-1))) and left != due:
            due = left
            publisher.round(store)


def _is_published(store: Store, task_id: str) -> bool:
    try:
        task = store.get_task(task_id)
    except KeyError:
        return True  # forgotten meanwhile, which a task is only once it is published
    return task.published >= task.revision


def _task_gaps(task: Task, store: Store, outbox: Path, spool: Path) -> Iterator[Gap]:
    if task.published < task.revision:
        yield Gap(
            "unpublished", task.task_id, f"{task.file!r}: the outbox does not show its last change yet.", "republish"
        )
        return
    if task.status is Status.PROCESSING:
        yield Gap("in_progress", task.task_id, f"{task.file!r}: still {task.status}, attempt {task.attempt}.")
    kept = sha256_of(outbox, task.outbox_name)
    spooled = sha256_of(spool, task.task_id)
    if task.sha256 is not None:
        if kept is None:
            where = "its only copy is in the spool" if spooled == task.sha256 else "its bytes are nowhere"
            yield Gap("contract_missing", task.task_id, f"{task.file!r} is not in the outbox; {where}.")
        elif kept != task.sha256:
            yield Gap("contract_changed", task.task_id, f"{task.file!r} in the outbox differs from what was analysed.")
        if not task.finished and task.sha256 not in (kept, spooled):
            yield Gap(
                "input_missing", task.task_id, f"{task.file!r} waits, but neither spool nor outbox holds its bytes."
            )
    elif kept is None and task.placed is Placement.MOVED:
        yield Gap("contract_missing", task.task_id, f"{task.file!r} is not in the outbox.")
    yield from _output_gaps(task, store, outbox)


def _output_gaps(task: Task, store: Store, outbox: Path) -> Iterator[Gap]:
    def compare(kind: str, suffix: str, expected: bytes) -> Iterator[Gap]:
        found = read_file(outbox, task.outbox_name + suffix)
        if found is None:
            yield Gap(f"{kind}_missing", task.task_id, f"{task.file!r}: its {kind} is not in the outbox.", "republish")
        elif not same_content(found, expected):
            yield Gap(
                f"{kind}_differs", task.task_id, f"{task.file!r}: its {kind} is not what the store says.", "republish"
            )

    yield from compare("sidecar", STATUS, sidecar_of(task).model_dump_json().encode())
    if (result := result_of(task)) is not None:
        yield from compare("result", RESULT, result.model_dump_json().encode())
        report = store.report(task.task_id)
        if report is None:
            yield Gap("report_lost", task.task_id, f"{task.file!r}: the store has no report of it.", "requeue")
        else:
            yield from compare("report", REPORT, report)
    else:
        for suffix in (RESULT, REPORT):
            if read_file(outbox, task.outbox_name + suffix) is not None and task.status is Status.FAILED:
                name = task.outbox_name + suffix
                yield Gap("output_of_failed", task.task_id, f"{name!r} is there though the task failed.")


def same_content(found: bytes, expected: bytes) -> bool:
    """Equal bytes, or equal JSON however it is laid out."""
    if found == expected:
        return True
    try:
        return bool(json.loads(found) == json.loads(expected))
    except (ValueError, RecursionError):
        return False


def _spool_gaps(spool: Path, store: Store) -> Iterator[Gap]:
    found = sorted(spool.iterdir())
    wanted = store.known_spool()  # after the look at the spool, since a file is there before its task
    for path in found:
        if path.name not in wanted and path.exists():
            yield Gap(
                "spool_orphan", str(path), f"{path.name} in the spool belongs to no task that needs it.", "delete"
            )


def _inbox_gaps(inbox: Path, waiting: set[str]) -> Iterator[Gap]:
    """What our own moves may leave behind. Anything else in the inbox is a question that was not asked yet."""
    for folder, _, files in os.walk(inbox):
        for name in files:
            if not name.startswith(TEMP_PREFIX):
                continue
            relative = (Path(folder) / name).relative_to(inbox).as_posix()
            if name.endswith(HIDDEN) and name[len(TEMP_PREFIX) : -len(HIDDEN)] not in waiting:
                yield Gap("original_hidden", relative, f"{relative!r} in the inbox was to be removed or given back.")


def _outbox_gaps(outbox: Path, owned: set[str], task_ids: set[str]) -> Iterator[Gap]:
    for folder, _, files in os.walk(outbox):
        for name in files:
            path = Path(folder) / name
            relative = path.relative_to(outbox).as_posix()
            if name.startswith(TEMP_PREFIX) and name.endswith(".tmp"):
                yield Gap(
                    "temporary_left",
                    str(path),
                    f"{relative!r} is a temporary file of a write that was cut off.",
                    "delete",
                )
            elif name.endswith(STATUS) and relative not in owned:
                yield from _sidecar_orphan(outbox, relative, task_ids)


def _sidecar_orphan(outbox: Path, relative: str, task_ids: set[str]) -> Iterator[Gap]:
    """A finished sidecar of a forgotten task is history; one that waits, or a second one of a task, is a gap."""
    try:
        status = json.loads(read_file(outbox, relative) or b"")
    except (ValueError, RecursionError):
        status = {}
    if not isinstance(status, dict) or "task_id" not in status:
        return  # a stranger's file
    if status["task_id"] in task_ids:
        yield Gap("sidecar_twice", relative, f"{relative!r} is a second sidecar of task {status['task_id']}.")
    elif status.get("status") not in (Status.COMPLETED, Status.FAILED):
        yield Gap(
            "sidecar_orphan", relative, f"{relative!r} says {status.get('status')}, but the store knows no such task."
        )


def sha256_of(root: Path, name: str) -> str | None:
    """sha256 of a regular file below a root, None where there is none; links are not followed."""
    if (file := _open(root, name)) is None:
        return None
    with file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_file(root: Path, name: str) -> bytes | None:
    """A regular file below a root, None where there is none; links are not followed."""
    if (file := _open(root, name)) is None:
        return None
    with file:
        return file.read()


def _open(root: Path, name: str) -> BufferedReader | None:
    folder, _, base = name.rpartition("/")
    try:
        with open_folder(root, folder) as parent:
            return os.fdopen(open_regular(base, parent), "rb")
    except OSError:
        return None
