"""How a contract gets from the inbox into the outbox, and back into the spool when its copy there is lost.

A rename keeps the very file (decision 3). Where it is refused, or the file has other names through which somebody could
still change it (decision 14), the recorded bytes become a new file, and then the original goes.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tclp_daemon.outbox.copying import LOST, SourceBroken, copy_bytes, digest_of
from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.system.crashpoints import reach
from tclp_daemon.system.files import (
    NAME_MAX,
    TEMP_PREFIX,
    UNSUPPORTED,
    NotRegular,
    exists,
    fsync_folder,
    is_file,
    move_aside,
    open_folder,
    open_nofollow,
    open_regular,
    rename_noreplace,
    set_mode,
    shorten,
    sync_file,
    temporary_file,
)
from tclp_daemon.task import Placement, Task

# An original on its way out of the inbox bears its task's id and this.
HIDDEN = ".moved"
# So says a note of an original that was not moved; `rebuild` looks for it.
STAYS = "it stays in the inbox"
_HELD = (errno.EBUSY, errno.ETXTBSY)
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_NO_RENAME = frozenset({errno.EXDEV, errno.EMLINK, *_GONE, *_FORBIDDEN, *_HELD, *UNSUPPORTED})


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the original is now; `note` tells its owner what did not go as usual."""

    placement: Placement
    note: str | None = None


class InboxAway(OSError):
    """The inbox itself cannot be opened, which says nothing about the files in it."""


class ContractPlacer:
    """Moves contracts between inbox, spool and outbox.

    Args:
        folder: the outbox.
        inbox: where originals are moved from.
        spool: the daemon's own copies.
        leave: originals stay in the inbox.
    """

    def __init__(self, folder: OutboxFolder, *, inbox: Path, spool: Path, leave: bool) -> None:
        self._folder = folder
        self._inbox = inbox
        self._spool = spool
        self._leave = leave

    def place(self, task: Task) -> Placed:
        """Brings the contract from the inbox into the outbox, or finds that it already lies there.

        Returns:
            STAYS where the original stays in the inbox (configured, not removable, never copied, or its bytes are
            lost),
            WAITING where a program holds it and removing it is worth another try, else MOVED.

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
            if not self._leave and self._move_original(task, target, base):
                reach("original_moved")
                return Placed(Placement.MOVED)
            if not self._copy_in(task, target, base):
                return self._not_copied(task)
            reach("original_moved")
            return self._remove_original(task)

    def fetch(self, task: Task, into: Path, alive: Callable[[], None], *, from_outbox: bool) -> bool:
        """Brings the contract's bytes back into the spool; False where nobody has the recorded ones any more.

        In the dispatcher's thread, so `alive` is told in place of the folder's own, and the outbox is only read.

        Args:
            task: whose contract.
            into: its file in the spool.
            alive: called with each chunk.
            from_outbox: whether it may lie there already.

        Raises:
            OutboxUnavailable, InboxAway: that place cannot be asked now, and no other has them.
            OSError: the spool cannot take them.
        """
        away: InboxAway | None = None
        if task.sha256 is None:
            return False
        if task.placed is not Placement.MOVED:
            try:
                with self._original(task) as fd:
                    return self._into_spool(fd, into, task.sha256, alive)
            except SourceBroken:
                pass
            except InboxAway as error:
                away = error
        if from_outbox:
            try:
                with self._kept(task) as fd:
                    return self._into_spool(fd, into, task.sha256, alive)
            except SourceBroken:
                pass
        if away is not None:
            raise away
        return False

    # -- the outbox's side -----------------------------------------------------------------------------------------

    def _names(self, folder: int, base: str, task: Task) -> int:
        """How many names the task's contract has that lies there already; 0 where that is not it.

        It is, where it is the moved file itself or holds the recorded bytes.
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
        """What lies there is the contract, but has other names (hard links), which must not lead to what we publish.

        One of them may be the original's own, after a crash between link and unlink.
        """
        removed = self._remove_original(task)
        if self._names(target, base, task) > 1:
            self._copy_in(task, target, base, replace=True)
        return removed

    def _copy_in(self, task: Task, target: int, base: str, *, replace: bool = False) -> bool:
        """Writes the recorded bytes as a new file, from wherever they still are; False where they are nowhere."""
        if task.sha256 is None:
            return False
        for source in (self._spooled, self._original, *((self._kept,) if replace else ())):
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
                "Whatever lies in the inbox was left as it is.",
            )
        if self._leave:
            return Placed(Placement.STAYS)
        return Placed(Placement.STAYS, f"The file was never copied, so {STAYS}.")

    # -- where bytes are read from ---------------------------------------------------------------------------------

    @contextmanager
    def _spooled(self, task: Task) -> Iterator[int]:
        # Not allowed to read one's own copy: that is the administrator's trouble, and no loss.
        with self._source(open_folder(self._spool), task.task_id, LOST) as fd:
            yield fd

    @contextmanager
    def _original(self, task: Task) -> Iterator[int]:
        parent, _, name = task.source.rpartition("/")
        with self._source(self._open_inbox(parent), name) as fd:
            yield fd

    @contextmanager
    def _kept(self, task: Task) -> Iterator[int]:
        parent, _, base = task.outbox_name.rpartition("/")
        with self._folder.marker.opened(mend=False) as root, self._source(open_folder(root, parent), base) as fd:
            yield fd

    @contextmanager
    def _source(
        self,
        folder: AbstractContextManager[int],
        name: str,
        lost: tuple[int, ...] = (*LOST, errno.EACCES, errno.EPERM),
    ) -> Iterator[int]:
        """A file to read the contract's bytes from.

        Raises:
            SourceBroken: it is lost.
            InboxAway: the whole inbox cannot be opened.
            OSError: it cannot be opened for a reason that may pass.
        """
        try:
            with folder as parent:
                fd = open_regular(name, parent)
        except InboxAway:
            raise
        except OSError as error:
            if error.errno in lost:
                raise SourceBroken from error
            raise
        try:
            yield fd
        finally:
            os.close(fd)

    @contextmanager
    def _open_inbox(self, parent: str) -> Iterator[int]:
        """A folder below the inbox.

        Raises:
            InboxAway: the inbox itself is not there.
            OSError: as `open_folder`, of what is below it.
        """
        try:
            root = os.open(self._inbox, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise InboxAway(error.errno, f"the inbox is away: {error.strerror}") from error
        try:
            with open_folder(root, parent) as folder:
                yield folder
        finally:
            os.close(root)

    # -- the original ----------------------------------------------------------------------------------------------

    def _move_original(self, task: Task, target: int, base: str) -> bool:
        """Renames the original out of the inbox.

        False where it is gone, another file, on another filesystem, or has other names (hard links): whoever holds one
        could change the contract in the outbox, and permissions that are set there would be those of a file elsewhere.
        """
        parent, _, name = task.source.rpartition("/")
        try:
            with self._open_inbox(parent) as source, _opened_original(name, source) as fd:
                if not _is_alone(fd, task):
                    return False
                sync_file(fd)  # who dropped it need not have, and soon its spooled copy goes
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

    def _settle_rights(self, fd: int, target: int) -> None:
        """Gives a moved file the permissions of all others there and, in a team's folder, the team's group."""
        above = os.fstat(target)
        if above.st_mode & stat.S_ISGID and os.fstat(fd).st_gid != above.st_gid:
            with suppress(OSError):
                os.fchown(fd, -1, above.st_gid)
        with suppress(OSError):
            set_mode(fd, self._folder.mode)

    def _remove_original(self, task: Task) -> Placed:
        """Removes the original once its bytes are copied: hidden first, so that only the file that was read goes."""
        if self._leave:
            return Placed(Placement.STAYS)
        parent, _, name = task.source.rpartition("/")
        hidden = f"{TEMP_PREFIX}{task.task_id}{HIDDEN}"
        try:
            with self._open_inbox(parent) as folder:
                if exists(hidden, folder) and not self._finish_hidden(task, folder, hidden, name):
                    return Placed(Placement.MOVED)
                if not is_file(os.stat(name, dir_fd=folder, follow_symlinks=False), task.identity):
                    return Placed(Placement.MOVED)  # replaced since: the new file is a new drop
                rename_noreplace(name, folder, hidden, folder)
                self._finish_hidden(task, folder, hidden, name)
        except InboxAway as error:
            return self._not_removed(task, error)
        except OSError as error:
            if error.errno in _GONE:
                return Placed(Placement.MOVED)
            if error.errno in (*_FORBIDDEN, *_HELD):
                return self._not_removed(task, error)
            raise
        return Placed(Placement.MOVED)

    def _finish_hidden(self, task: Task, folder: int, hidden: str, name: str) -> bool:
        """Deletes the hidden original, or gives back what is not it; whether the original may still be there."""
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
            try:
                rename_noreplace(hidden, folder, name, folder)
            except FileExistsError:
                # Under a visible name, or nobody would ever see it again.
                stem, suffix = os.path.splitext(shorten(name, NAME_MAX - 10))
                rename_noreplace(hidden, folder, f"{stem}.{os.urandom(4).hex()}{suffix}", folder)
        fsync_folder(folder)
        return not ours

    def _not_removed(self, task: Task, error: OSError) -> Placed:
        if not task.finished and (isinstance(error, InboxAway) or error.errno in _HELD):
            return Placed(Placement.WAITING)  # the next publication tries again
        return Placed(
            Placement.STAYS,
            f"The original could not be removed ({error.strerror or error}), so {STAYS} and is not analysed again.",
        )

    def _into_spool(self, source: int, into: Path, sha256: str, alive: Callable[[], None]) -> bool:
        with open_folder(into.parent) as spool:
            with temporary_file(spool) as (copy, temporary):
                if copy_bytes(source, copy, alive) != sha256:
                    raise SourceBroken
                sync_file(copy)
                try:
                    os.replace(temporary, into.name, src_dir_fd=spool, dst_dir_fd=spool)
                except IsADirectoryError:
                    move_aside(spool, into.name)
                    os.replace(temporary, into.name, src_dir_fd=spool, dst_dir_fd=spool)
            fsync_folder(spool)
        return True


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
    """Whether it is the file that was accepted, and has one name only."""
    status = os.fstat(fd)
    return is_file(status, task.identity) and status.st_nlink <= 1
