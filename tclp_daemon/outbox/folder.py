"""The outbox as a place: is it there and ours, and how contracts get into it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from tclp_daemon.crashpoints import reach
from tclp_daemon.errors import ConfigError
from tclp_daemon.files import (
    NAME_MAX,
    TEMP_PREFIX,
    NotRegular,
    exists,
    fsync_folder,
    is_file,
    open_folder,
    open_regular,
    rename_noreplace,
    shorten,
    temporary_file,
    write_all,
    write_atomic,
)
from tclp_daemon.task import Placement, Task

MARKER = ".tclp-outbox"
# Its copy in the state directory.
REMEMBERED = "outbox-marker"
# An original on its way out of the inbox bears its task's id and this.
HIDDEN = ".moved"
_CHUNK = 1 << 20
_SYNC_EVERY = 16 * _CHUNK


class OutboxUnavailable(Exception):
    """The outbox cannot be written now: unmounted, full, sick. Everything waits in the store."""


class OutboxFolder:
    """The only writer of the outbox.

    Args:
        root: the outbox.
        inbox: where originals are moved from.
        spool: the daemon's own copies.
        mode: permissions of the files that are written; who may read them may enter the folders they lie in.
        leave: originals stay in the inbox.
        alive: called with each chunk of a copy: over a slow line one file may take minutes.
    """

    def __init__(
        self, root: Path, *, inbox: Path, spool: Path, mode: int, leave: bool, alive: Callable[[], None] = lambda: None
    ) -> None:
        self._root = root
        self._inbox = inbox
        self._spool = spool
        self._mode = mode
        self._folder_mode = mode | 0o700 | (mode & 0o044) >> 2
        self._leave = leave
        self._alive = alive
        self._expected: str | None = None
        self._place: tuple[int, int] | None = None  # device and inode of the folder that last bore the marker

    # -- the marker ------------------------------------------------------------------------------------------------

    def adopt(self, state: Path) -> None:
        """At start-up: marks a new outbox as this daemon's, and recognises it the next time.

        Raises:
            ConfigError, OutboxUnavailable: as `recognise`.
        """
        if self.recognise(state):
            return
        marker = os.urandom(8).hex()
        try:
            with open_folder(self._root) as folder:
                write_atomic(folder, MARKER, json.dumps({"outbox": marker}).encode(), mode=0o644)
            with open_folder(state) as folder:
                write_atomic(folder, REMEMBERED, marker.encode())
        except OSError as error:
            raise OutboxUnavailable(error.strerror or str(error)) from error
        self._expected = marker

    def recognise(self, state: Path) -> bool:
        """Whether it is the outbox that the state remembers; False where it remembers none. Changes nothing.

        A marker that the state remembers and the folder lacks means that the share is not mounted.

        Raises:
            ConfigError: the outbox belongs to another state directory.
            OutboxUnavailable: it is not the outbox that the state remembers, or is not there.
        """
        known = state / REMEMBERED
        try:
            if known.exists():
                self._expected = known.read_text("ascii")
                with self._ours():
                    return True
            with open_folder(self._root) as folder:
                found = self._marker(folder)
        except OSError as error:
            raise OutboxUnavailable(error.strerror or str(error)) from error
        if found is not None:
            raise ConfigError(
                f"The outbox {self._root} belongs to the state directory with marker {found!r}. Give this "
                "daemon an outbox of its own. If that state directory is lost, run 'tclp-daemon rebuild'."
            )
        return False

    def readopt(self, state: Path) -> None:
        """Takes an outbox over from a state directory that was lost (rebuild).

        Raises:
            ConfigError: it cannot be the outbox that the state directory remembers.
        """
        known = state / REMEMBERED
        with open_folder(self._root) as folder:
            marker = self._marker(folder)
            if known.exists() and known.read_text("ascii") != marker:
                raise ConfigError(
                    f"The outbox {self._root} does not bear the marker that {known} remembers, so its share may not be "
                    f"mounted. Mount it. If this is the right folder all the same, run: rm {known}"
                )
            if marker is None:
                marker = os.urandom(8).hex()
                write_atomic(folder, MARKER, json.dumps({"outbox": marker}).encode(), mode=0o644)
        with open_folder(state) as folder:
            write_atomic(folder, REMEMBERED, marker.encode())

    @contextlib.contextmanager
    def _ours(self) -> Iterator[int]:
        """Opens the root and looks for the marker in what was opened, so that it cannot be swapped in between.

        Raises:
            OutboxUnavailable: it is not the outbox that was adopted.
            OSError: it cannot be opened.
        """
        with open_folder(self._root) as root:
            if self._expected is not None:
                status = os.fstat(root)
                here = (status.st_dev, status.st_ino)
                found = self._marker(root)
                if found == self._expected:
                    self._place = here
                elif here == self._place:
                    # The very folder that bore it a moment ago: somebody took the marker away, not the share.
                    self._replace(root, MARKER, json.dumps({"outbox": self._expected}).encode(), mode=0o644)
                elif found is None:
                    raise OutboxUnavailable(f"its marker {MARKER} is missing; is the share mounted?")
                else:
                    raise OutboxUnavailable(f"its marker {MARKER} is another one's; is the right share mounted?")
            yield root

    def _marker(self, folder: int) -> str | None:
        try:
            fd = open_regular(MARKER, folder)
        except (FileNotFoundError, NotRegular):
            return None
        try:
            return str(json.loads(os.read(fd, 4096))["outbox"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return ""
        finally:
            os.close(fd)

    @contextlib.contextmanager
    def opened(self) -> Iterator[int]:
        """The outbox's own folder, once it is known to be ours.

        Raises:
            OutboxUnavailable, OSError: as for every write.
        """
        with self._ours() as root:
            yield root

    # -- publishing ------------------------------------------------------------------------------------------------

    def write(self, name: str, data: bytes, *, durable: bool = True) -> None:
        """Publishes a file of ours; what else bears its name (a link, a folder) is never followed, but moved aside."""
        with self._folder_of(name) as (folder, base):
            self._replace(folder, base, data, mode=self._mode, durable=durable)

    def _replace(self, folder: int, base: str, data: bytes, *, mode: int, durable: bool = True) -> None:
        try:
            write_atomic(folder, base, data, mode=mode, durable=durable)
        except (IsADirectoryError, NotADirectoryError):
            self._displace(folder, base)
            write_atomic(folder, base, data, mode=mode, durable=durable)

    def probe(self) -> None:
        """Whether a file can be written now.

        Raises:
            OutboxUnavailable: it cannot.
        """
        try:
            with self._ours() as folder, temporary_file(folder) as (fd, _):
                write_all(fd, b"probe")
                os.fsync(fd)
        except OSError as error:
            raise OutboxUnavailable(error.strerror or str(error)) from error

    def sweep(self) -> int:
        """Removes temporary files of ours that a crash cut off; returns how many."""
        swept = 0
        # From a descriptor: the root may be a link of the administrator's, which a walk would pass over. One that is
        # away is no trouble of this step.
        with contextlib.suppress(OSError), open_folder(self._root) as root:
            for _, _, names, folder in os.fwalk(".", dir_fd=root, follow_symlinks=False):
                for name in names:
                    if name.startswith(TEMP_PREFIX) and name.endswith(".tmp"):
                        with contextlib.suppress(OSError):
                            os.unlink(name, dir_fd=folder)
                            swept += 1
        return swept

    def secure_name(self, name: str, task_id: str) -> None:
        """Before a task's first publication: moves aside what a stranger left under the name, never losing it."""
        with self._folder_of(name) as (folder, base):
            if exists(base, folder):
                self._displace(folder, base, task_id[:8])

    def rename(self, old: str, new: str) -> bool:
        """Renames a file of ours within the outbox; False where it is not there (or was renamed already)."""
        with self._folder_of(old) as (source, old_base), self._folder_of(new) as (target, new_base):
            if not exists(old_base, source):
                return False
            try:
                rename_noreplace(old_base, source, new_base, target)
            except FileExistsError:
                self._displace(target, new_base)
                rename_noreplace(old_base, source, new_base, target)
            fsync_folder(source)
            return True

    def holds(self, name: str, sha256: str | None) -> bool:
        """Whether a file of ours can be read back as it was written; False where it cannot be read."""
        try:
            with self._folder_of(name, create=False) as (folder, base):
                fd = open_regular(base, folder)
        except OSError:
            return False
        try:
            return _digest(fd, self._alive) == sha256
        except OSError:
            return False
        finally:
            os.close(fd)

    def place_contract(self, task: Task) -> Placement:
        """Brings the contract from the inbox into the outbox, or finds that it already lies there.

        A rename where the filesystem allows one, since it keeps the very file; else a copy of the spooled bytes,
        fsynced and verified, before the original goes.

        Returns:
            LEFT where the original stays in the inbox (configured, read-only, or never copied), else MOVED.

        Raises:
            OSError: as the filesystem says; nothing is lost, try again.
        """
        with self._folder_of(task.outbox_name) as (target, base):
            if exists(base, target):
                if self._is_contract(target, base, task):
                    return self._remove_original(task)
                self._displace(target, base, task.task_id[:8])
            if not self._leave and self._move_original(task, target, base):
                reach("original_moved")
                return Placement.MOVED
            copied = self._copy_spool(task, target, base)
            reach("original_moved")
            return self._remove_original(task) if copied else Placement.LEFT

    def fetch_contract(self, task: Task, into: Path, alive: Callable[[], None]) -> bool:
        """Copies the contract back into the spool; False unless its bytes are the recorded ones.

        In the dispatcher's thread, so `alive` is told in place of this folder's own.
        """
        if task.sha256 is None:
            return False
        try:
            with self._folder_of(task.outbox_name, create=False) as (folder, base):
                fd = open_regular(base, folder)
        except (FileNotFoundError, NotADirectoryError, NotRegular):
            return False
        try:
            with open_folder(into.parent) as spool, temporary_file(spool) as (copy, temporary):
                if _copy(fd, copy, alive) != task.sha256:
                    return False
                os.fsync(copy)
                os.replace(temporary, into.name, src_dir_fd=spool, dst_dir_fd=spool)
        finally:
            os.close(fd)
        return True

    # -- inside ----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _folder_of(self, name: str, *, create: bool = True) -> Iterator[tuple[int, str]]:
        """The folder of an outbox name and its base name; a link planted in the way is moved aside."""
        parent, _, base = name.rpartition("/")
        with contextlib.ExitStack() as stack:
            root = stack.enter_context(self._ours())
            for _ in range(parent.count("/") + 2):
                try:
                    folder = stack.enter_context(
                        open_folder(root, parent, create=self._folder_mode if create else None)
                    )
                    break
                except OSError as error:
                    blocked = create and error.errno in (errno.ELOOP, errno.ENOTDIR)
                    if not blocked or not self._clear_way(root, parent):
                        raise
            else:
                # Somebody puts links there as fast as we move them away: this contract's trouble, not the outbox's.
                raise OSError(errno.ELOOP, "the way to it is blocked", parent)
            yield folder, base

    def _clear_way(self, root: int, path: str) -> bool:
        """Moves the first component that is no folder aside; False where there is none."""
        done: list[str] = []
        for part in path.split("/"):
            with open_folder(root, "/".join(done)) as folder:
                status = os.stat(part, dir_fd=folder, follow_symlinks=False)
                if not stat.S_ISDIR(status.st_mode):
                    self._displace(folder, part)
                    return True
            done.append(part)
        return False

    def _displace(self, folder: int, base: str, tag: str | None = None) -> None:
        """Renames what is in the way to a free name next to it: nothing in the outbox is overwritten or deleted."""
        stem, suffix = os.path.splitext(base)
        for attempt in (tag, os.urandom(4).hex(), os.urandom(8).hex()):
            if attempt is None:
                continue
            with contextlib.suppress(FileExistsError):
                tail = f".before-{attempt}{suffix}"
                room = NAME_MAX - len(os.fsencode(tail))
                # A suffix that leaves no room is none.
                aside = shorten(stem, room) + tail if room > 0 else shorten(base, 200) + f".before-{attempt}"
                rename_noreplace(base, folder, aside, folder)
                return

    def _is_contract(self, folder: int, base: str, task: Task) -> bool:
        """Whether what lies in the outbox is this task's contract: the moved file itself, or its recorded bytes."""
        try:
            fd = open_regular(base, folder)
        except OSError:
            return False
        try:
            status = os.fstat(fd)
            if is_file(status, task.identity) and task.identity.inode:
                return True
            return status.st_size == task.size and task.sha256 is not None and _digest(fd, self._alive) == task.sha256
        finally:
            os.close(fd)

    def _move_original(self, task: Task, target: int, base: str) -> bool:
        """Renames the original out of the inbox; False where it is gone, another file, or on another filesystem."""
        parent, _, name = task.source.rpartition("/")
        try:
            with open_folder(self._inbox, parent) as source:
                if not is_file(os.stat(name, dir_fd=source, follow_symlinks=False), task.identity):
                    return False
                _sync(name, source)
                rename_noreplace(name, source, base, target)
                if not is_file(os.stat(base, dir_fd=target, follow_symlinks=False), task.identity):
                    # Swapped at the last moment: what arrived is somebody's new file and goes back where it was.
                    rename_noreplace(base, target, name, source)
                    return False
                self._set_mode(target, base)
                fsync_folder(target)
                fsync_folder(source)
                return True
        except OSError as error:
            if error.errno in (
                errno.EXDEV,
                errno.ENOENT,
                errno.ENOTDIR,
                errno.ELOOP,
                errno.EROFS,
                errno.EPERM,
                errno.EACCES,
            ):
                return False
            raise

    def _set_mode(self, folder: int, base: str) -> None:
        with contextlib.suppress(OSError):
            os.chmod(base, self._mode, dir_fd=folder)

    def _copy_spool(self, task: Task, target: int, base: str) -> bool:
        try:
            spool = os.open(self._spool / task.task_id, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            # Refused before it was copied (too large, unreadable) and its original is gone or cannot be moved.
            return False
        try:
            with temporary_file(target, self._mode) as (fd, temporary):
                digest = _copy(spool, fd, self._alive)
                if digest != task.sha256:
                    raise OSError(errno.EIO, "the spooled copy changed")
                os.fsync(fd)
                os.lseek(fd, 0, os.SEEK_SET)
                if _digest(fd, self._alive) != digest:
                    raise OSError(errno.EIO, "the copy in the outbox differs from what was written")
                with contextlib.suppress(OSError):
                    os.utime(fd, ns=(task.identity.mtime_ns, task.identity.mtime_ns))
                rename_noreplace(temporary, target, base, target)
            fsync_folder(target)
        finally:
            os.close(spool)
        return True

    def _remove_original(self, task: Task) -> Placement:
        """Removes the original once its bytes are copied: hidden first, so that only the file that was read goes."""
        if self._leave:
            return Placement.LEFT
        parent, _, name = task.source.rpartition("/")
        hidden = f"{TEMP_PREFIX}{task.task_id}{HIDDEN}"
        try:
            with open_folder(self._inbox, parent) as folder:
                if not exists(hidden, folder):
                    if not is_file(os.stat(name, dir_fd=folder, follow_symlinks=False), task.identity):
                        return Placement.MOVED  # replaced since: the new file is a new drop
                    rename_noreplace(name, folder, hidden, folder)
                if is_file(os.stat(hidden, dir_fd=folder, follow_symlinks=False), task.identity):
                    os.unlink(hidden, dir_fd=folder)
                else:
                    rename_noreplace(hidden, folder, name, folder)
                fsync_folder(folder)
        except (FileNotFoundError, NotADirectoryError):
            return Placement.MOVED
        except OSError as error:
            if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
                return Placement.LEFT
            raise
        return Placement.MOVED


def _sync(name: str, folder: int) -> None:
    """Makes a file's content last: who dropped it need not have, and soon its spooled copy goes."""
    try:
        fd = open_regular(name, folder)
    except PermissionError:
        return  # never read, so never analysed: there is no copy of it that could go
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.EROFS):
            raise
    finally:
        os.close(fd)


def _copy(source: int, target: int, alive: Callable[[], None]) -> str:
    """Copies one descriptor to the other; returns the sha256 of what was read."""
    digest = hashlib.sha256()
    unsynced = 0
    while chunk := os.read(source, _CHUNK):
        alive()
        digest.update(chunk)
        write_all(target, chunk)
        unsynced += len(chunk)
        if unsynced >= _SYNC_EVERY:
            os.fsync(target)  # in portions, or the last one could take minutes in which nobody hears of us
            unsynced = 0
    return digest.hexdigest()


def _digest(fd: int, alive: Callable[[], None]) -> str:
    digest = hashlib.sha256()
    while chunk := os.read(fd, _CHUNK):
        alive()
        digest.update(chunk)
    return digest.hexdigest()
