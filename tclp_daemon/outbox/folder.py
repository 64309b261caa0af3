"""Writing to the outbox: anything in the way steps aside, and nothing is followed or overwritten."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator

from tclp_daemon.outbox.marker import OutboxMarker, OutboxUnavailable
from tclp_daemon.system.copying import SourceBroken, digest_of
from tclp_daemon.system.files import (
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


class OutboxFolder:
    """The only writer of the outbox.

    Args:
        marker: opens the outbox, and tells it from an empty mount point.
        mode: permissions of the files that are written; whoever may read them may enter the directories they are in.
        alive: called during anything that takes long.
    """

    def __init__(self, marker: OutboxMarker, *, mode: int, alive: Callable[[], None] = lambda: None) -> None:
        self.marker = marker
        self.mode = mode
        self.alive = alive
        self._folder_mode = mode | 0o700 | (mode & 0o044) >> 2

    def write(self, name: str, data: bytes, *, durable: bool = True) -> None:
        """Publishes one of our files; a symlink or directory under its name is replaced or moved aside, never followed.

        Args:
            name: relative to the outbox, "/" separated.
            data: the complete content.
            durable: false for what is worth nothing after a crash: no fsync then.

        Raises:
            OutboxUnavailable: it is not the outbox that was adopted.
            OSError: as the filesystem says.
        """
        with self.folder_of(name) as (folder, base):
            replace_file(folder, base, data, mode=self.mode, durable=durable)

    def probe(self) -> None:
        """Makes sure that a file can be written now.

        Raises:
            OutboxUnavailable: it cannot.
        """
        try:
            with self.marker.opened() as folder, temporary_file(folder) as (fd, _):
                write_all(fd, b"probe")
                sync_file(fd)
        except OSError as error:
            raise OutboxUnavailable(error.strerror or str(error)) from error

    def secure_name(self, name: str, task_id: str) -> None:
        """Before a task's first publication: moves aside whatever a stranger left under the name; nothing is lost."""
        with self.folder_of(name) as (folder, base):
            if exists(base, folder):
                move_aside(folder, base, task_id[:8])

    def rename(self, old: str, new: str) -> bool:
        """Renames one of our files within the outbox; False if it is not there (or was renamed already)."""
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
        """Whether one of our files can be read back as it was written; False if it cannot be read."""
        try:
            with self.folder_of(name) as (folder, base):
                fd = open_regular(base, folder)
            try:
                return digest_of(fd, self.alive) == sha256
            finally:
                os.close(fd)
        except (OSError, SourceBroken):
            return False

    @contextlib.contextmanager
    def folder_of(self, name: str) -> Iterator[tuple[int, str]]:
        """Yields the directory of an outbox name, as a descriptor, and the base name.

        A missing directory is made; a symlink in the way is moved aside.

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
                # Somebody puts symlinks there as fast as we move them away: only this contract has to wait for that.
                raise OSError(errno.ELOOP, "the way to it is blocked", parent)
            yield folder, base


def _clear_way(root: int, path: str) -> bool:
    """Moves the first component that is not a directory aside; False if there is none."""
    done: list[str] = []
    for part in path.split("/"):
        with open_folder(root, "/".join(done)) as folder:
            status = os.stat(part, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode):
                move_aside(folder, part)
                return True
        done.append(part)
    return False
