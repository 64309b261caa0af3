"""The outbox as a place that is written to: what is in the way steps aside, and nothing is followed or overwritten."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from tclp_daemon.outbox.marker import OutboxMarker, OutboxUnavailable
from tclp_daemon.system.files import (
    TEMP_PREFIX,
    exists,
    fsync_folder,
    move_aside,
    open_folder,
    open_regular,
    rename_noreplace,
    replace_file,
    sync_file,
    temporary_file,
    write_all,
)

# How many entries `sweep` looks at before it lets the caller do something else.
_PORTION = 500
_CHUNK = 1 << 20


class OutboxFolder:
    """The only writer of the outbox.

    Args:
        marker: opens the outbox, and tells it from an empty mount point.
        mode: permissions of the files that are written; who may read them may enter the folders they lie in.
        alive: called while something takes long.
    """

    def __init__(self, marker: OutboxMarker, *, mode: int, alive: Callable[[], None] = lambda: None) -> None:
        self.marker = marker
        self.mode = mode
        self.alive = alive
        self._folder_mode = mode | 0o700 | (mode & 0o044) >> 2

    def write(self, name: str, data: bytes, *, durable: bool = True) -> None:
        """Publishes a file of ours; what else bears its name (a link, a folder) is never followed, but moved aside."""
        with self.folder_of(name) as (folder, base):
            replace_file(folder, base, data, mode=self.mode, durable=durable)

    def probe(self) -> None:
        """Whether a file can be written now.

        Raises:
            OutboxUnavailable: it cannot.
        """
        try:
            with self.marker.opened() as folder, temporary_file(folder) as (fd, _):
                write_all(fd, b"probe")
                sync_file(fd)
        except OSError as error:
            raise OutboxUnavailable(error.strerror or str(error)) from error

    def sweep(self, unreadable: Callable[[str, OSError], None] = lambda path, error: None) -> Iterator[int]:
        """Removes temporary files of ours that a crash cut off.

        A step at a time, since a large outbox on a slow share takes minutes: yields after each portion how many were
        removed in it. Nothing else may write to the outbox during a step.

        Args:
            unreadable: told of a folder or entry that cannot be looked at; the rest is swept all the same.
        """
        waiting = [""]
        while waiting:
            path = waiting.pop()
            try:
                # From the root again, by descriptors: one for each level of a deep tree would be too many. The root
                # may be a link of the administrator's.
                with self.marker.opened(mend=False) as root, open_folder(root, path) as folder:
                    yield from self._sweep_folder(folder, path, waiting, unreadable)
            except (OSError, OutboxUnavailable) as error:
                if path:
                    unreadable(path, error if isinstance(error, OSError) else OSError(errno.ENODEV, str(error)))
            yield 0

    def _sweep_folder(
        self, folder: int, path: str, waiting: list[str], unreadable: Callable[[str, OSError], None]
    ) -> Iterator[int]:
        looked = swept = 0
        with os.scandir(folder) as entries:
            for entry in entries:
                looked += 1
                if looked % _PORTION == 0:
                    self.alive()
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

    def secure_name(self, name: str, task_id: str) -> None:
        """Before a task's first publication: moves aside what a stranger left under the name, never losing it."""
        with self.folder_of(name) as (folder, base):
            if exists(base, folder):
                move_aside(folder, base, task_id[:8])

    def rename(self, old: str, new: str) -> bool:
        """Renames a file of ours within the outbox; False where it is not there (or was renamed already)."""
        with self.folder_of(old) as (source, old_base), self.folder_of(new) as (target, new_base):
            if not exists(old_base, source):
                return False
            try:
                rename_noreplace(old_base, source, new_base, target)
            except FileExistsError:
                move_aside(target, new_base)
                rename_noreplace(old_base, source, new_base, target)
            fsync_folder(source)
            return True

    def holds(self, name: str, sha256: str | None) -> bool:
        """Whether a file of ours can be read back as it was written; False where it cannot be read."""
        digest = hashlib.sha256()
        try:
            with self.folder_of(name) as (folder, base):
                fd = open_regular(base, folder)
            try:
                while chunk := os.read(fd, _CHUNK):
                    self.alive()
                    digest.update(chunk)
            finally:
                os.close(fd)
        except OSError:
            return False
        return digest.hexdigest() == sha256

    @contextlib.contextmanager
    def folder_of(self, name: str) -> Iterator[tuple[int, str]]:
        """The folder of an outbox name, made where it is missing, and its base name.

        A link planted in the way is moved aside.

        Raises:
            OutboxUnavailable: it is not the outbox that was adopted.
            OSError: as the filesystem says.
        """
        parent, _, base = name.rpartition("/")
        with contextlib.ExitStack() as stack:
            root = stack.enter_context(self.marker.opened())
            for _ in range(parent.count("/") + 2):
                try:
                    folder = stack.enter_context(open_folder(root, parent, create=self._folder_mode))
                    break
                except OSError as error:
                    if error.errno not in (errno.ELOOP, errno.ENOTDIR) or not _clear_way(root, parent):
                        raise
            else:
                # Somebody puts links there as fast as we move them away: this contract's trouble, not the outbox's.
                raise OSError(errno.ELOOP, "the way to it is blocked", parent)
            yield folder, base


def _clear_way(root: int, path: str) -> bool:
    """Moves the first component that is no folder aside; False where there is none."""
    done: list[str] = []
    for part in path.split("/"):
        with open_folder(root, "/".join(done)) as folder:
            status = os.stat(part, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode):
                move_aside(folder, part)
                return True
        done.append(part)
    return False
