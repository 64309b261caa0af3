"""Native file events through watchdog. They only wake the scan early: without them everything still works."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from tclp_daemon.inbox.heartbeat import HEARTBEAT
from tclp_daemon.system.files import TEMP_PREFIX
from tclp_daemon.system.logs import get_logger

log = get_logger("inbox")

# Opening and closing a directory is left out: our own scan does that to each of them, and in an inbox of thousands of
# directories those events alone would fill the kernel's queue.
_EVENTS: list[type[FileSystemEvent]] = [
    DirCreatedEvent, DirDeletedEvent, DirMovedEvent, FileAttribEvent,
    FileClosedEvent, FileCreatedEvent, FileDeletedEvent, FileModifiedEvent, FileMovedEvent,
]  # fmt: skip
# Directories that are not watched are looked for at most this often.
_COUNT_SECONDS = 10.0
# After the kernel refused a watcher: when to ask it again.
_RETRY_SECONDS = 60.0
# More changes than this between two looks are not named one by one.
_MOST_CHANGES = 2000


class _Wake(FileSystemEventHandler):
    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._changed: set[str] = set()

    def on_any_event(self, event: FileSystemEvent) -> None:
        # Our heartbeat comes and goes; reacting to that would scan for ever.
        names = [os.path.basename(os.fsdecode(path)) for path in (event.src_path, event.dest_path) if path]
        if not all(name.startswith((TEMP_PREFIX, HEARTBEAT)) for name in names):
            with self._lock:
                if len(self._changed) < _MOST_CHANGES:
                    self._changed.update(os.fsdecode(path) for path in (event.src_path, event.dest_path) if path)
            self._wake()

    def take(self) -> set[str]:
        with self._lock:
            changed, self._changed = self._changed, set()
        return changed


class _Warnings(logging.Handler):
    """Puts watchdog's own warnings into our log. One of them is the only sign that the kernel's queue ran full."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.queue_full = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if "queue overflowed" in message:
            self.queue_full.set()
        else:
            log.warning("watcher_warns", message=message)


class NativeWatcher:
    """Keeps a watchdog observer alive on the inbox. A context manager: at the end of its block the observer is ended.

    Args:
        root: the inbox.
        recursive: whether sub-directories are watched too.
        wake: called on any change.

    Attributes:
        restarts: how often the observer was replaced.
    """

    def __init__(self, root: Path, *, recursive: bool, wake: Callable[[], None]) -> None:
        self._root = root
        self._recursive = recursive
        self._handler = _Wake(wake)
        self._observer: BaseObserver | None = None
        self._folder: tuple[int, int] | None = None
        self._watched = root
        self._refused_at: float | None = None
        self._warnings = _Warnings()
        self.restarts = 0
        self._lost = False  # events, which nobody will report again
        self._deaf = False  # there was no observer for a while
        self._watches, self._counted_at = 0, -_COUNT_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def ensure(self) -> None:
        """Starts the observer; restarts it if its thread died, its queue ran full or the directory is another one."""
        try:
            status = os.stat(self._root)
        except OSError:
            return  # the scan reports it
        folder = (status.st_dev, status.st_ino)
        if self._observer is not None:
            reason = self._reason_to_restart(folder)
            if reason is None:
                return
            self.restarts += 1
            self._deaf = True
            log.warning("watcher_restarted", reason=reason)
        elif self._refused_at is not None and time.monotonic() < self._refused_at + _RETRY_SECONDS:
            return
        self._end()
        # Here, because `stop` takes it away, and a part that failed starts again with this very watcher.
        logging.getLogger("watchdog").addHandler(self._warnings)
        # Whatever the old queue lost, the scan that follows finds.
        self._warnings.queue_full.clear()
        try:
            self._observer = self._observing()
        except (OSError, RuntimeError) as error:
            self._refused(error)
        else:
            # Whatever happened while nobody watched was reported to nobody.
            self._lost, self._deaf = self._lost or self._deaf, False
            self._folder, self._refused_at = folder, None

    def _observing(self) -> BaseObserver:
        observer = Observer()
        # A link would be watched itself, and nothing ever happens to that.
        self._watched = self._root.resolve()
        try:
            observer.schedule(self._handler, str(self._watched), recursive=self._recursive, event_filter=_EVENTS)
            observer.start()
        except BaseException:
            observer.stop()  # it holds a thread and descriptors from the moment it is made
            raise
        return observer

    def _refused(self, error: Exception) -> None:
        """Most likely a limit on inotify instances or watches; the periodic scan carries on alone."""
        self._deaf = True
        if self._refused_at is None:
            log.warning(
                "watcher_unavailable",
                error=str(error),
                advice="raise fs.inotify.max_user_instances and max_user_watches, or ignore it",
            )
        self._refused_at = time.monotonic()

    def _reason_to_restart(self, folder: tuple[int, int]) -> str | None:
        if not self.alive:
            return "thread_died"
        if folder != self._folder:
            return "folder_replaced"
        if self._warnings.queue_full.is_set():
            return "queue_full"
        return None

    @property
    def alive(self) -> bool:
        """Whether events can arrive."""
        observer = self._observer
        return observer is not None and observer.is_alive() and all(e.is_alive() for e in observer.emitters)

    def hears(self, directories: int) -> bool:
        """Whether as many directories as that are watched.

        Where the kernel grants no more watches, watchdog goes on without them and says nothing.
        """
        if not self.alive:
            return False
        now = time.monotonic()
        if directories > self._watches and now >= self._counted_at + _COUNT_SECONDS:
            self._watches, self._counted_at = _count_watches(), now
        return directories <= self._watches

    def changed(self) -> tuple[set[str], bool]:
        """What was reported since the last call, relative to the inbox, and whether more was lost; only a hint."""
        root = f"{self._watched}/"
        reported = self._handler.take()
        lost, self._lost = self._lost or len(reported) >= _MOST_CHANGES, False
        return {path.removeprefix(root) for path in reported if path.startswith(root)}, lost

    def rest(self) -> None:
        """Ends the observer while the inbox is on a filesystem without events; `ensure` starts another."""
        if self._observer is not None:
            log.info("watcher_rests", reason="the inbox is on a network filesystem now, which reports no changes")
            self._deaf = True
            self._end()

    def stop(self) -> None:
        """Ends the observer until `ensure`."""
        self._end()
        logging.getLogger("watchdog").removeHandler(self._warnings)

    def _end(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            if self._observer.is_alive():
                self._observer.join(timeout=5)
            self._observer = None


def _count_watches() -> int:
    """The directories that this process watches (proc_pid_fdinfo(5), "inotify")."""
    count = 0
    for path in Path("/proc/self/fdinfo").iterdir():
        with contextlib.suppress(OSError), path.open("rb") as file:
            count += sum(line.startswith(b"inotify ") for line in file)
    return count
