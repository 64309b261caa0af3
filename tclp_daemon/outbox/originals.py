"""The original in the inbox: moved to the outbox, or removed once its bytes are there."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tclp_daemon.system.files import (
    GONE,
    NAME_MAX,
    TEMP_PREFIX,
    UNSUPPORTED,
    exists,
    fsync_folder,
    is_file,
    open_folder,
    open_nofollow,
    open_regular,
    rename_noreplace,
    set_mode,
    shorten,
    sync_file,
)
from tclp_daemon.task import Placement, Task

# An original on its way out of the inbox is hidden under its task's id and this.
HIDDEN = ".moved"
# The note about an original that was not moved says so; `rebuild` looks for it.
NOTE_STAYS = "it stays in the inbox"
_HELD = (errno.EBUSY, errno.ETXTBSY)
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)
_NO_RENAME = frozenset({errno.EXDEV, errno.EMLINK, *GONE, *_FORBIDDEN, *_HELD, *UNSUPPORTED})


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the original is now; `note` tells its owner what did not go as usual."""

    placement: Placement
    note: str | None = None


class InboxAway(OSError):
    """The inbox itself cannot be opened, which says nothing about the files in it."""


class Originals:
    """The contracts in one inbox.

    Args:
        inbox: the inbox root.
        mode: permissions of a file that was moved to the outbox.
    """

    def __init__(self, inbox: Path, *, mode: int) -> None:
        self._inbox = inbox
        self._mode = mode

    @contextmanager
    def folder(self, path: str) -> Iterator[int]:
        """Opens a directory below the inbox.

        Raises:
            InboxAway: the inbox itself is not there.
            OSError: as `open_folder`, about what is below it.
        """
        try:
            root = os.open(self._inbox, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise InboxAway(error.errno, f"the inbox is away: {error.strerror}") from error
        try:
            with open_folder(root, path) as folder:
                yield folder
        finally:
            os.close(root)

    def move(self, task: Task, target: int, base: str) -> bool:
        """Renames the original into the outbox directory `target`, as `base`.

        Returns:
            False if it is gone, another file, on another filesystem, or has other names (hard links): anybody who has
            one could change the contract in the outbox, and permissions that are set there would be those of a file
            elsewhere.

        Raises:
            OSError: as the filesystem says; nothing is lost, try again.
        """
        parent, _, name = task.source.rpartition("/")
        try:
            with self.folder(parent) as source, _opened_original(name, source) as fd:
                if not _is_alone(fd, task):
                    return False
                sync_file(fd)  # the program that dropped it need not have, and soon its spooled copy goes
                rename_noreplace(name, source, base, target)
                arrived = is_file(os.stat(base, dir_fd=target, follow_symlinks=False), task.identity)
                if not arrived or not _is_alone(fd, task):
                    # Swapped or linked at the last moment: what arrived goes back where it was.
                    rename_noreplace(base, target, name, source)
                    return False
                self._settle_rights(fd, target)
                fsync_folder(target)
                fsync_folder(source)
                return True
        except InboxAway:
            return False
        except OSError as error:
            if error.errno in _NO_RENAME:
                return False
            raise

    def remove(self, task: Task) -> Placed:
        """Removes the original once its bytes are copied: hidden first, so that only the file that was read goes.

        Returns:
            MOVED if it is gone, STAYS with a note if it cannot be removed, WAITING if that is worth another try.

        Raises:
            OSError: as the filesystem says; try again.
        """
        parent, _, name = task.source.rpartition("/")
        hidden = f"{TEMP_PREFIX}{task.task_id}{HIDDEN}"
        try:
            with self.folder(parent) as folder:
                if exists(hidden, folder) and not _finish_hidden(task, folder, hidden, name):
                    return Placed(Placement.MOVED)
                if not is_file(os.stat(name, dir_fd=folder, follow_symlinks=False), task.identity):
                    return Placed(Placement.MOVED)  # replaced since: the new file is a new drop
                rename_noreplace(name, folder, hidden, folder)
                _finish_hidden(task, folder, hidden, name)
        except InboxAway as error:
            return _not_removed(task, error)
        except OSError as error:
            if error.errno in GONE:
                return Placed(Placement.MOVED)
            if error.errno in (*_FORBIDDEN, *_HELD):
                return _not_removed(task, error)
            raise
        return Placed(Placement.MOVED)

    def _settle_rights(self, fd: int, target: int) -> None:
        """Gives a moved file the permissions of all others there and, in a team's directory, the team's group."""
        above = os.fstat(target)
        if above.st_mode & stat.S_ISGID and os.fstat(fd).st_gid != above.st_gid:
            with suppress(OSError):
                os.fchown(fd, -1, above.st_gid)
        with suppress(OSError):
            set_mode(fd, self._mode)


def _finish_hidden(task: Task, folder: int, hidden: str, name: str) -> bool:
    """Deletes the hidden original, or gives back another file; whether the original may still be there."""
    status = os.stat(hidden, dir_fd=folder, follow_symlinks=False)
    ours = is_file(status, task.identity)
    # An empty one is a rename's placeholder that a crash left behind.
    if ours or status.st_size == 0:
        try:
            os.unlink(hidden, dir_fd=folder)
        except OSError:
            with suppress(OSError):
                rename_noreplace(hidden, folder, name, folder)
            raise
    else:
        _give_back(folder, hidden, name)
    fsync_folder(folder)
    return not ours


def _give_back(folder: int, hidden: str, name: str) -> None:
    """Renames a hidden file to its name, or to a visible one like it: otherwise nobody would ever see it again."""
    try:
        rename_noreplace(hidden, folder, name, folder)
    except FileExistsError:
        stem, suffix = os.path.splitext(shorten(name, NAME_MAX - 10))
        rename_noreplace(hidden, folder, f"{stem}.{os.urandom(4).hex()}{suffix}", folder)


def _not_removed(task: Task, error: OSError) -> Placed:
    if not task.finished and (isinstance(error, InboxAway) or error.errno in _HELD):
        return Placed(Placement.WAITING)  # the next publication tries again
    reason = error.strerror or error
    return Placed(
        Placement.STAYS, f"The original could not be removed ({reason}), so {NOTE_STAYS} and is not analysed again."
    )


@contextmanager
def _opened_original(name: str, folder: int) -> Iterator[int]:
    """The original, held open so that what is checked is what is changed; without reading where that is forbidden.

    A file that may not be read was never analysed: there is no copy of it that could go.
    """
    try:
        fd = open_regular(name, folder)
    except PermissionError:
        fd = open_nofollow(name, os.O_PATH | os.O_CLOEXEC, folder)
    try:
        yield fd
    finally:
        os.close(fd)


def _is_alone(fd: int, task: Task) -> bool:
    """Whether it is the file that was accepted, and has only one name."""
    status = os.fstat(fd)
    return is_file(status, task.identity) and status.st_nlink <= 1
