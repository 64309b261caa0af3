"""Native file events through watchdog. Only a hint that wakes the scan early: with it dead everything still works."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from tclp_daemon.logs import get_logger

log = get_logger("inbox")


class _Wake(FileSystemEventHandler):
    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        # Our own scan opens and closes folders; reacting to that would scan for ever.
        if event.event_type not in ("opened", "closed_no_write"):
            self._wake()


class NativeWatcher:
    """Keeps a watchdog observer alive on the inbox.

    Args:
        root: the inbox.
        recursive: whether sub-folders are watched too.
        wake: called on any change.
    """

    def __init__(self, root: Path, *, recursive: bool, wake: Callable[[], None]) -> None:
        self._root = root
        self._recursive = recursive
        self._handler = _Wake(wake)
        self._observer: BaseObserver | None = None
        self._folder: tuple[int, int] | None = None
        self.restarts = 0

    def ensure(self) -> None:
        """Starts the observer, or restarts it where its thread died or the folder behind the name is another one."""
        try:
            status = os.stat(self._root)
        except OSError:
            return  # the scan reports it
        folder = (status.st_dev, status.st_ino)
        if self._observer is not None and self.alive and folder == self._folder:
            return
        if self._observer is not None:
            self.restarts += 1
            log.warning("watcher_restarted", reason="folder_replaced" if self.alive else "thread_died")
        self.stop()
        observer = Observer()
        try:
            observer.schedule(self._handler, str(self._root), recursive=self._recursive)
            observer.start()
        except (OSError, RuntimeError) as error:
            # Most likely the limit on inotify watches; the periodic scan carries on alone.
            log.warning("watcher_unavailable", error=str(error), advice="raise fs.inotify.max_user_watches or ignore")
            return
        self._observer, self._folder = observer, folder

    @property
    def alive(self) -> bool:
        """Whether events can arrive."""
        observer = self._observer
        return observer is not None and observer.is_alive() and all(e.is_alive() for e in observer.emitters)

    def stop(self) -> None:
        """Ends the observer."""
        if self._observer is not None:
            self._observer.stop()
            if self._observer.is_alive():
                self._observer.join(timeout=5)
            self._observer = None
