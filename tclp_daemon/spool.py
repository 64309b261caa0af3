"""The spool: the daemon's own copies of contracts, kept until the outbox holds them.

Each task has one private file there, named after its id. A file gets that name only when its bytes are safely on disk,
so whatever has a task's name is complete. Nobody else builds the spool's path.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tclp_daemon.system.copying import SourceBroken, copy_bytes
from tclp_daemon.system.files import (
    fsync_folder,
    move_aside,
    open_folder,
    open_regular,
    sync_file,
    temporary_file,
    write_all,
)
from tclp_daemon.system.logs import get_logger

log = get_logger("spool")

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class StateUnavailable(Exception):
    """The state directory cannot take anything now, most likely because its disk is full."""


class Spool:
    """The copies of one state directory.

    Args:
        state: the state directory.

    Attributes:
        path: the directory that holds the copies.
    """

    def __init__(self, state: Path) -> None:
        self.path = state / "spool"

    def prepare(self) -> None:
        """Makes the directory, private to the daemon, if it is missing.

        Raises:
            OSError: it cannot be made.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path_of(self, task_id: str) -> Path:
        """Where a task's copy is, or would be."""
        return self.path / task_id

    @contextmanager
    def add(self, task_id: str) -> Iterator[Callable[[bytes], None]]:
        """A new copy: yields the function that writes its bytes; at the end of the block the copy gets its name.

        If anything fails, in the block or after it, nothing is left behind.

        Raises:
            StateUnavailable: the disk cannot take it. An OSError from the block is the caller's own.
        """
        part, target = self.path / f"{task_id}.part", self.path_of(task_id)
        with _own_trouble():
            fd = os.open(part, _NEW, 0o600)
        try:
            try:
                yield lambda chunk: _write(fd, chunk)
                with _own_trouble():
                    os.fsync(fd)
            finally:
                os.close(fd)
            with _own_trouble():
                part.rename(target)
                with open_folder(self.path) as folder:
                    fsync_folder(folder)
        except BaseException:
            for path in (part, target):
                with suppress(OSError):  # the next start sweeps it
                    path.unlink(missing_ok=True)
            raise

    @contextmanager
    def open(self, task_id: str) -> Iterator[int]:
        """Opens a task's copy for reading; yields the descriptor.

        Raises:
            OSError: it cannot be opened; `NotRegular` if it is not a regular file.
        """
        with open_folder(self.path) as folder:
            fd = open_regular(task_id, folder)
        try:
            yield fd
        finally:
            os.close(fd)

    def holds(self, task_id: str, sha256: str | None = None) -> bool:
        """Whether there is a copy; if `sha256` is given, also whether the copy can be read and has that hash."""
        copy = self.path_of(task_id)
        if not copy.is_file() or sha256 is None:
            return copy.is_file()
        try:
            with copy.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except OSError:
            return False

    def restore(self, task_id: str, source: int, sha256: str, alive: Callable[[], None]) -> None:
        """Replaces a copy that is lost or damaged; a directory in its place is moved aside.

        Args:
            task_id: whose copy.
            source: a descriptor to read the bytes from.
            sha256: of the recorded bytes, in hexadecimal.
            alive: called with each chunk.

        Raises:
            SourceBroken: these are not the recorded bytes.
            OSError: they cannot be read for a reason that may pass, or the disk cannot take them.
        """
        with open_folder(self.path) as folder:
            with temporary_file(folder) as (copy, temporary):
                if copy_bytes(source, copy, alive) != sha256:
                    raise SourceBroken
                sync_file(copy)
                try:
                    os.replace(temporary, task_id, src_dir_fd=folder, dst_dir_fd=folder)
                except IsADirectoryError:
                    move_aside(folder, task_id)
                    os.replace(temporary, task_id, src_dir_fd=folder, dst_dir_fd=folder)
            fsync_folder(folder)

    def forget(self, task_id: str) -> None:
        """Removes a task's copy, if there is one.

        Raises:
            OSError: it cannot be removed.
        """
        self.path_of(task_id).unlink(missing_ok=True)

    def sweep(self, wanted: Container[str], alive: Callable[[], None] = lambda: None) -> int:
        """Removes every file that no task needs.

        Anything that cannot be removed (a directory such as lost+found, a bad block) is logged and left: it does no
        harm.

        Args:
            wanted: ids of the tasks that need their copy.
            alive: called for each entry.

        Returns:
            How many files were removed.

        Raises:
            OSError: the spool cannot be listed.
        """
        removed = 0
        left: list[str] = []
        with os.scandir(self.path) as entries:
            for entry in entries:
                alive()
                if entry.name in wanted:
                    continue
                try:
                    os.unlink(entry.path)
                    removed += 1
                except OSError as error:
                    left.append(f"{entry.name!a}: {error.strerror}")
        if left:
            log.warning("spool_not_swept", entries=len(left), first=left[0], advice="remove what is not the daemon's")
        return removed


def _write(fd: int, chunk: bytes) -> None:
    with _own_trouble():
        write_all(fd, chunk)


@contextmanager
def _own_trouble() -> Iterator[None]:
    """Keeps the spool's own failures apart from those of the file that is copied, or of its share."""
    try:
        yield
    except OSError as error:
        raise StateUnavailable(error.strerror or str(error)) from error
