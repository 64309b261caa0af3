"""How a contract gets from the inbox into the outbox.

A rename keeps the very file (decision 3). If that is refused, or if the file has other names through which somebody
could still change it (decision 14), the recorded bytes become a new file, and then the original goes.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.outbox.originals import NOTE_STAYS, Originals, Placed
from tclp_daemon.outbox.sources import Sources
from tclp_daemon.spool import Spool
from tclp_daemon.system.copying import SourceBroken, copy_bytes, digest_of
from tclp_daemon.system.crashpoints import reach
from tclp_daemon.system.files import (
    NotRegular,
    exists,
    fsync_folder,
    is_file,
    move_aside,
    open_regular,
    rename_noreplace,
    sync_file,
    temporary_file,
)
from tclp_daemon.task import Placement, Task


class ContractPlacer:
    """Moves contracts from the inbox to the outbox.

    Args:
        folder: the outbox.
        inbox: where originals are moved from.
        spool: the daemon's own copies.
        leave: originals stay in the inbox.

    Attributes:
        sources: where a contract's bytes may still be.
    """

    def __init__(self, folder: OutboxFolder, *, inbox: Path, spool: Spool, leave: bool) -> None:
        self._folder = folder
        self._originals = Originals(inbox, mode=folder.mode)
        self._leave = leave
        self.sources = Sources(folder, self._originals, spool)

    def place(self, task: Task) -> Placed:
        """Brings the contract from the inbox into the outbox, or finds that it is there already.

        Returns:
            STAYS if the original stays in the inbox (configured, cannot be removed, never copied, or its bytes are
            lost),
            WAITING if a program holds it and removing it is worth another try, else MOVED.

        Raises:
            OSError: as the filesystem says; nothing is lost, try again.
        """
        with self._folder.folder_of(task.outbox_name) as (target, base):
            names = self._names(target, base, task)
            if names == 1:
                return self._remove_original(task)
            if names:
                return self._free_of_other_names(task, target, base)
            if exists(base, target):
                move_aside(target, base, task.task_id[:8])
            if not self._leave and self._originals.move(task, target, base):
                reach("original_moved")
                return Placed(Placement.MOVED)
            if not self._copy_in(task, target, base):
                return self._not_copied(task)
            reach("original_moved")
            return self._remove_original(task)

    def _names(self, folder: int, base: str, task: Task) -> int:
        """How many names the file has that is there already; 0 if it is not the task's contract.

        It is, if it is the moved file itself or holds the recorded bytes.
        """
        try:
            status = os.stat(base, dir_fd=folder, follow_symlinks=False)
            if is_file(status, task.identity) and task.identity.inode:
                return max(1, status.st_nlink)
            fd = open_regular(base, folder)
        except (FileNotFoundError, PermissionError, NotRegular):
            return 0
        try:
            status = os.fstat(fd)
            ours = status.st_size == task.size and task.sha256 is not None
            return max(1, status.st_nlink) if ours and digest_of(fd, self._folder.alive) == task.sha256 else 0
        except SourceBroken:
            return 0
        finally:
            os.close(fd)

    def _free_of_other_names(self, task: Task, target: int, base: str) -> Placed:
        """The contract is there, but has other names (hard links), which must not lead to what we publish.

        One of them may be the original's own, after a crash between link and unlink.
        """
        removed = self._remove_original(task)
        if self._names(target, base, task) > 1:
            self._copy_in(task, target, base, replace=True)
        return removed

    def _remove_original(self, task: Task) -> Placed:
        return Placed(Placement.STAYS) if self._leave else self._originals.remove(task)

    def _copy_in(self, task: Task, target: int, base: str, *, replace: bool = False) -> bool:
        """Writes the recorded bytes as a new file, from wherever they still are; False if they are nowhere."""
        if task.sha256 is None:
            return False
        sources = self.sources
        for source in (sources.spooled, sources.original, *((sources.kept,) if replace else ())):
            try:
                with source(task) as fd:
                    self._write_copy(fd, task, target, base, replace=replace)
                return True
            except SourceBroken:
                continue
        return False

    def _write_copy(self, source: int, task: Task, target: int, base: str, *, replace: bool) -> None:
        with temporary_file(target, self._folder.mode) as (fd, temporary):
            digest = copy_bytes(source, fd, self._folder.alive)
            if digest != task.sha256:
                raise SourceBroken
            sync_file(fd)
            os.lseek(fd, 0, os.SEEK_SET)
            try:
                same = digest_of(fd, self._folder.alive) == digest
            except SourceBroken:
                same = False
            if not same:
                raise OSError(errno.EIO, "the copy in the outbox differs from what was written")
            with suppress(OSError):
                os.utime(fd, ns=(task.identity.mtime_ns, task.identity.mtime_ns))
            if replace:
                os.replace(temporary, base, src_dir_fd=target, dst_dir_fd=target)
            else:
                rename_noreplace(temporary, target, base, target)
        fsync_folder(target)

    def _not_copied(self, task: Task) -> Placed:
        if task.sha256 is not None:
            return Placed(
                Placement.STAYS,
                "The contract itself is not here: the daemon's copy of it is gone or damaged, and so is the original. "
                "Whatever is in the inbox was left as it is.",
            )
        if self._leave:
            return Placed(Placement.STAYS)
        return Placed(Placement.STAYS, f"The file was never copied, so {NOTE_STAYS}.")
