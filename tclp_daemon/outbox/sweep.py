"""Removes the temporary files that a crash left in the outbox, in portions, so that no contract has to wait."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from tclp_daemon.outbox.marker import OutboxMarker, OutboxUnavailable
from tclp_daemon.outbox.trouble import problem_of
from tclp_daemon.system.files import TEMP_PREFIX, open_folder
from tclp_daemon.system.logs import get_logger

log = get_logger("outbox")

# How many entries are looked at before the caller may do something else.
_PORTION = 500
# How long one step may keep contracts waiting.
_STEP_SECONDS = 0.5
# How many unreadable entries the log names.
_NAMED = 20

Unreadable = Callable[[str, OSError], None]


class Sweep:
    """One walk through the outbox, a step at a time. Nothing else may write to the outbox during a step.

    Args:
        marker: opens the outbox.
        alive: called often.
    """

    def __init__(self, marker: OutboxMarker, alive: Callable[[], None]) -> None:
        self._alive = alive
        self._portions = sweep(marker, alive, self._note)
        self._swept = self._unreadable = 0
        self._done = False

    def step(self) -> None:
        """Goes on for a moment; does nothing once the walk is done."""
        if self._done:
            return
        until = time.monotonic() + _STEP_SECONDS
        for count in self._portions:
            self._swept += count
            self._alive()
            if time.monotonic() >= until:
                return
        self._done = True
        if self._swept:
            log.info("temporary_files_swept", files=self._swept)
        if self._unreadable > _NAMED:
            log.warning("outbox_entries_unreadable", files=self._unreadable, advice="only the first were named")

    def _note(self, path: str, error: OSError) -> None:
        self._unreadable += 1
        if self._unreadable <= _NAMED:
            log.warning("outbox_entry_unreadable", file=ascii(path), problem=problem_of(error), advice="skipped")


def sweep(
    marker: OutboxMarker,
    alive: Callable[[], None] = lambda: None,
    unreadable: Unreadable = lambda path, error: None,
) -> Iterator[int]:
    """Removes our temporary files; yields after each portion how many were removed in it.

    Args:
        marker: opens the outbox.
        alive: called within a large directory.
        unreadable: called for a directory or entry that cannot be looked at; the rest is swept all the same.
    """
    waiting = [""]
    while waiting:
        path = waiting.pop()
        try:
            # From the root again, by descriptors: one for each level of a deep tree would be too many. The root may be
            # one of the administrator's symlinks.
            with marker.opened(mend=False) as root, open_folder(root, path) as folder:
                yield from _sweep_folder(folder, path, waiting, alive, unreadable)
        except (OSError, OutboxUnavailable) as error:
            if path:
                unreadable(path, error if isinstance(error, OSError) else OSError(errno.ENODEV, str(error)))
        yield 0


def _sweep_folder(
    folder: int, path: str, waiting: list[str], alive: Callable[[], None], unreadable: Unreadable
) -> Iterator[int]:
    looked = swept = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            looked += 1
            if looked % _PORTION == 0:
                alive()
                yield swept
                swept = 0
            try:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{path}/{entry.name}" if path else entry.name)
                elif entry.name.startswith(TEMP_PREFIX) and entry.name.endswith(".tmp"):
                    os.unlink(entry.name, dir_fd=folder)
                    swept += 1
            except FileNotFoundError:
                continue
            except OSError as error:
                unreadable(str(PurePosixPath(path, entry.name)), error)
    yield swept
