"""Do they agree? Inbox, spool, store and outbox compared: each task with its files, each file with its task.

A running daemon changes tasks and files during the comparison, so everything is looked at again before it counts as a
gap. What a look finds is in `gaps.py`; what repairs it, in `repair.py`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tclp_daemon.admin.gaps import Gap, inbox_gap, overview_gaps, sidecar_gap, spool_gap, task_gaps, temporary_gap
from tclp_daemon.admin.trees import open_file, recognise_outbox, walk
from tclp_daemon.config import Config
from tclp_daemon.outbox.names import STATUS
from tclp_daemon.outbox.originals import HIDDEN
from tclp_daemon.service.startup import running_pid
from tclp_daemon.spool import Spool
from tclp_daemon.store import StoreReader
from tclp_daemon.system.files import TEMP_PREFIX
from tclp_daemon.task import Status, Task

# How long something must look wrong beside a running daemon before it is a gap.
_SETTLE_SECONDS = 3.0
# The same for what waits to be published, which may stand behind many others, or before a slow share.
_PUBLISH_SECONDS = 30.0
# How many doubtful things are waited for at a time.
_DOUBTFUL = 1000

# Looks at one thing, again each time it is called.
_Look = Callable[[], list[Gap]]


def find_gaps(config: Config, store: StoreReader) -> Iterator[Gap]:
    """All gaps: first task by task, then what belongs to no task.

    Only a page of tasks is in memory at a time. Beside a running daemon a gap must still be there after a while.

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
    """The gaps that a running daemon does not close by itself. It has time as long as it closes any."""
    pause, since = 0.1, time.monotonic()
    while looks:
        found = [(look, gaps) for look in looks if (gaps := look())]
        publishing = any(gap.kind == "unpublished" for _, gaps in found for gap in gaps)
        if len(found) < len(looks):
            pause, since = 0.1, time.monotonic()
        elif time.monotonic() - since > (_PUBLISH_SECONDS if publishing else _SETTLE_SECONDS):
            for _, gaps in found:
                yield from gaps
            return
        looks = [look for look, _ in found]
        time.sleep(pause)
        pause = min(2.0, 2 * pause)


def _looks(config: Config, store: StoreReader, running: bool) -> Iterator[_Look]:
    """Everything there is to look at, one by one."""
    outbox, spool, inbox = config.outbox.path, Spool(config.state.path).path, config.inbox.path
    for task in store.iterate():
        yield _TaskLook(task, store, outbox, spool, running)
    yield from (_FileLook(partial(spool_gap, store), spool, name) for name in walk(spool))
    yield from (_FileLook(partial(inbox_gap, store), inbox, name) for name in walk(inbox) if name.endswith(HIDDEN))
    for name in walk(outbox):
        base = name.rpartition("/")[2]
        if base.startswith(TEMP_PREFIX) and base.endswith(".tmp"):
            yield _FileLook(temporary_gap, outbox, name)
        elif base.endswith(STATUS):
            yield _FileLook(partial(sidecar_gap, store), outbox, name)
    yield lambda: overview_gaps(store, outbox)


class _TaskLook:
    """One task and its files. The first look is at the row that is given, the next at what it has become."""

    def __init__(self, task: Task, store: StoreReader, outbox: Path, spool: Path, running: bool) -> None:
        self._id, self._row = task.task_id, [task]
        self._store, self._outbox, self._spool, self._running = store, outbox, spool, running

    def __call__(self) -> list[Gap]:
        try:
            task = self._row.pop() if self._row else self._store.get_task(self._id)
        except KeyError:
            return []  # forgotten meanwhile
        if self._running and task.status is Status.PROCESSING:
            return []  # the daemon is working on it, and its sidecar will follow
        return list(task_gaps(task, self._store, self._outbox, self._spool))


class _FileLook:
    """One file. If it was written since the first look, somebody is using it: it was not left behind."""

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
