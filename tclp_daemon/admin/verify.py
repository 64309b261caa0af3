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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tclp_daemon.admin.trees import is_text, is_there, open_file, read_file, sha256_of, walk
from tclp_daemon.config import Config
from tclp_daemon.errors import ConfigError
from tclp_daemon.outbox.marker import OutboxMarker, OutboxUnavailable
from tclp_daemon.outbox.names import CSV, INDEX, REPORT, RESULT, STATUS
from tclp_daemon.outbox.originals import HIDDEN
from tclp_daemon.outbox.publisher import Publisher
from tclp_daemon.outbox.sidecar import result_of, sidecar_of
from tclp_daemon.service.startup import StateLock, running_pid
from tclp_daemon.spool import Spool
from tclp_daemon.store import Store
from tclp_daemon.system.files import TEMP_PREFIX, open_folder
from tclp_daemon.task import Placement, Status, Task

# With a running daemon, how long a repair waits to see it publish.
_PATIENCE_SECONDS = 30.0
# With a running daemon, how long something must look wrong before it is a gap.
_SETTLE_SECONDS = 3.0
# So many are waited for at a time.
_DOUBTFUL = 1000
# A sidecar has some hundred bytes; what is longer is not one of ours.
SIDECAR_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that does not balance.

    Attributes:
        kind: stable, snake_case.
        where: a task id or a path.
        message: one sentence.
        repair: "republish", "requeue", "delete", "overview" or None where only a person can decide.
    """

    kind: str
    where: str
    message: str
    repair: str | None = None


def find_gaps(config: Config, store: Store) -> Iterator[Gap]:
    """Everything that does not balance, task by task, then what belongs to no task.

    Nothing is held in memory but the page of tasks that is being looked at. Where a daemon runs, tasks and files change
    meanwhile, so only that counts as a gap which is still there after a while.

    Raises:
        OutboxUnavailable: the outbox is away, which says nothing about what belongs there.
    """
    recognise_outbox(config)
    running = running_pid(config.state.path) is not None
    doubtful: list[_Look] = []
    for look in _looks(config, store, running):
        # Twice, because the first look is at a row of a page that may be old by now.
        if not look() or not (found := look()):
            continue
        if not running:
            yield from found
            continue
        doubtful.append(look)
        if len(doubtful) == _DOUBTFUL:
            yield from _that_stay(doubtful)
            doubtful.clear()
    yield from _that_stay(doubtful)
    recognise_outbox(config)  # it may have gone away meanwhile


def _that_stay(looks: list[_Look]) -> Iterator[Gap]:
    """The gaps that a running daemon does not close by itself: it has time as long as it closes any."""
    pause, since = 0.1, time.monotonic()
    while looks:
        found = [(look, gaps) for look in looks if (gaps := look())]
        # What waits to be published may stand behind many others, or before a slow share.
        waits = any(gap.kind == "unpublished" for _, gaps in found for gap in gaps)
        if len(found) < len(looks):
            pause, since = 0.1, time.monotonic()
        elif time.monotonic() - since > (_PATIENCE_SECONDS if waits else _SETTLE_SECONDS):
            for _, gaps in found:
                yield from gaps
            return
        looks = [look for look, _ in found]
        time.sleep(pause)
        pause = min(2.0, 2 * pause)


def repair(gaps: list[Gap], store: Store, config: Config) -> int:
    """Mends what can be mended from the store. Where a daemon runs it publishes, else this does. Returns how many.

    What lies about is deleted only while no daemon runs: one that does may have written it just now.
    """
    mended, asked, pages = 0, dict[str, list[Gap]](), set[str]()
    with _no_daemon(config.state.path) as alone:
        for gap in gaps:
            match gap.repair:
                case "republish":
                    store.republish(gap.where)
                    asked.setdefault(gap.where, []).append(gap)
                case "requeue":
                    mended += store.requeue_task(gap.where)
                case "overview":
                    pages.add(gap.where)
                case "delete" if alone:
                    mended += _delete(gap.where, config, store)
        if alone:
            _publish(config, store, overview=bool(pages))
        deadline = time.monotonic() + (0 if alone else _PATIENCE_SECONDS)
        while asked or pages:
            for task_id in [task_id for task_id in asked if _is_published(store, task_id)]:
                mended += len(asked.pop(task_id))
            for page in [page for page in pages if is_there(config.outbox.path, page)]:
                pages.discard(page)
                mended += 1
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
            if root == config.state.path and store.wants_spool(base):
                return False  # a task of it was recorded since
            with contextlib.suppress(OSError), open_folder(root, folder) as parent:
                os.unlink(base, dir_fd=parent)
                return True
    return False


def _publish(config: Config, store: Store, *, overview: bool) -> None:
    """Publishes what a repair asked for, where no daemon does it, round by round while that helps."""
    publisher = Publisher(config, lambda: store, alive=lambda: None)
    due = -1
    with contextlib.suppress(OutboxUnavailable):
        publisher.adopt()
        if overview:
            publisher.publish(store, last=True)
        while (left := store.count_unpublished()) and left != due:
            due = left
            publisher.publish(store)


def _is_published(store: Store, task_id: str) -> bool:
    try:
        task = store.get_task(task_id)
    except KeyError:
        return True  # forgotten meanwhile, which a task is only once it is published
    return task.published >= task.revision


# Looks at one thing, again each time it is called.
_Look = Callable[[], list[Gap]]


def _looks(config: Config, store: Store, running: bool) -> Iterator[_Look]:
    """All there is to look at, one by one."""
    outbox, spool, inbox = config.outbox.path, Spool(config.state.path).path, config.inbox.path
    for task in store.iterate():
        yield _TaskLook(task, store, outbox, spool, running)
    yield from (_FileLook(partial(_spool_gap, store), spool, name) for name in walk(spool))
    yield from (_FileLook(partial(_inbox_gap, store), inbox, name) for name in walk(inbox) if name.endswith(HIDDEN))
    for name in walk(outbox):
        base = name.rpartition("/")[2]
        if base.startswith(TEMP_PREFIX) and base.endswith(".tmp"):
            yield _FileLook(_temporary_gap, outbox, name)
        elif base.endswith(STATUS):
            yield _FileLook(partial(_sidecar_gap, store), outbox, name)
    yield lambda: _overview_gaps(store, outbox)


class _TaskLook:
    """One task and its files. The first look is at the row that is given, the next at what it has become."""

    def __init__(self, task: Task, store: Store, outbox: Path, spool: Path, running: bool) -> None:
        self._id, self._row = task.task_id, [task]
        self._store, self._outbox, self._spool, self._running = store, outbox, spool, running

    def __call__(self) -> list[Gap]:
        try:
            task = self._row.pop() if self._row else self._store.get_task(self._id)
        except KeyError:
            return []  # forgotten meanwhile
        if self._running and task.status is Status.PROCESSING:
            return []  # in good hands, and its sidecar follows by itself
        return list(_task_gaps(task, self._store, self._outbox, self._spool))


class _FileLook:
    """One file. One that was written since the first look is somebody's work, not left lying about."""

    def __init__(self, look: Callable[[Path, str], Gap | None], root: Path, name: str) -> None:
        self._look, self._root, self._name = look, root, name
        self._first: tuple[int, int] | None = None

    def __call__(self) -> list[Gap]:
        if (gap := self._look(self._root, self._name)) is None or (file := open_file(self._root, self._name)) is None:
            return []
        with file:
            status = os.fstat(file.fileno())
        now = (status.st_size, status.st_mtime_ns)
        self._first = self._first or now
        return [gap] if now == self._first else []


def _task_gaps(task: Task, store: Store, outbox: Path, spool: Path) -> Iterator[Gap]:
    if task.published < task.revision:
        yield Gap(
            "unpublished", task.task_id, f"{task.file!r}: the outbox does not show its last change yet.", "republish"
        )
        return
    if task.status is Status.PROCESSING:
        yield Gap(
            "in_progress", task.task_id,
            f"{task.file!r}: attempt {task.attempt} was cut off when the daemon ended; the next start goes on.",
        )  # fmt: skip
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
    yield from _json_gaps("sidecar", STATUS, sidecar_of(task).model_dump_json().encode(), task, outbox)
    if (result := result_of(task)) is not None:
        yield from _json_gaps("result", RESULT, result.model_dump_json().encode(), task, outbox)
        yield from _report_gaps(task, store, outbox, at_hand=task.sha256 in (kept, spooled))
    elif task.status is Status.FAILED:
        for suffix in (RESULT, REPORT):
            if is_there(outbox, task.outbox_name + suffix):
                name = task.outbox_name + suffix
                yield Gap("output_of_failed", task.task_id, f"{name!r} is there though the task failed.")


def _json_gaps(kind: str, suffix: str, expected: bytes, task: Task, outbox: Path) -> Iterator[Gap]:
    # However it is laid out, it is not many times as long.
    found = read_file(outbox, task.outbox_name + suffix, limit=8 * len(expected) + 65536)
    if found is None:
        yield Gap(f"{kind}_missing", task.task_id, f"{task.file!r}: its {kind} is not in the outbox.", "republish")
    elif not same_content(found, expected):
        yield Gap(
            f"{kind}_differs", task.task_id, f"{task.file!r}: its {kind} is not what the store says.", "republish"
        )


def _report_gaps(task: Task, store: Store, outbox: Path, *, at_hand: bool) -> Iterator[Gap]:
    """The report, which the store keeps only until it is published; after that it is made again from the contract."""
    held = store.report(task.task_id)
    expected = hashlib.sha256(held).hexdigest() if held is not None else task.report_sha256
    found = sha256_of(outbox, task.outbox_name + REPORT)
    if expected is not None and found == expected:
        return
    repair = "republish" if held is not None else "requeue" if at_hand else None
    lost = "" if repair else " It cannot be made again without the contract."
    if expected is None:
        yield Gap("report_lost", task.task_id, f"{task.file!r}: the store knows no report of it.{lost}", repair)
    elif found is None:
        yield Gap("report_missing", task.task_id, f"{task.file!r}: its report is not in the outbox.{lost}", repair)
    else:
        yield Gap("report_differs", task.task_id, f"{task.file!r}: its report is not what was made.{lost}", repair)


def same_content(found: bytes, expected: bytes) -> bool:
    """Equal bytes, or equal JSON however it is laid out."""
    if found == expected:
        return True
    try:
        return bool(json.loads(found) == json.loads(expected))
    except (ValueError, RecursionError):
        return False


def _spool_gap(store: Store, spool: Path, name: str) -> Gap | None:
    if is_text(name) and store.wants_spool(name):
        return None
    return Gap("spool_orphan", str(spool / name), f"{name} in the spool belongs to no task that needs it.", "delete")


def _inbox_gap(store: Store, inbox: Path, name: str) -> Gap | None:
    """What our own moves may leave behind. Anything else in the inbox is a question that was not asked yet."""
    base = name.rpartition("/")[2]
    if not base.startswith(TEMP_PREFIX):
        return None
    task_id = base[len(TEMP_PREFIX) : -len(HIDDEN)]
    with contextlib.suppress(KeyError):
        if is_text(task_id) and store.get_task(task_id).placed is Placement.WAITING:
            return None
    return Gap("original_hidden", name, f"{name!r} in the inbox was to be removed or given back.")


def _temporary_gap(outbox: Path, name: str) -> Gap | None:
    return Gap(
        "temporary_left", str(outbox / name), f"{name!r} is a temporary file of a write that was cut off.", "delete"
    )


def _sidecar_gap(store: Store, outbox: Path, name: str) -> Gap | None:
    """A finished sidecar of a forgotten task is history; one that waits, or a second one of a task, is a gap."""
    if is_text(name) and store.is_shown(name.removesuffix(STATUS)):
        return None
    try:
        status = json.loads(read_file(outbox, name, limit=SIDECAR_LIMIT) or b"")
    except (ValueError, RecursionError):
        return None
    if not isinstance(status, dict) or not isinstance(task_id := status.get("task_id"), str) or not is_text(task_id):
        return None  # a stranger's file
    with contextlib.suppress(KeyError):
        store.get_task(task_id)
        return Gap("sidecar_twice", name, f"{name!r} is a second sidecar of task {task_id}.")
    if status.get("status") in (Status.COMPLETED, Status.FAILED):
        return None
    return Gap("sidecar_orphan", name, f"{name!r} says {status.get('status')}, but the store knows no such task.")


def _overview_gaps(store: Store, outbox: Path) -> list[Gap]:
    """The pages of contents, which are there once a contract was published."""
    if not store.any_published():
        return []
    return [
        Gap("overview_missing", name, f"{name} is not in the outbox.", "overview")
        for name in (INDEX, CSV)
        if not is_there(outbox, name)
    ]
