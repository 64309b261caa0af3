"""Accepts one settled file: copy to the spool, sha256, fsync, then the task. The outbox moves the original later.

Order matters: the task is recorded only when the spool holds its bytes for good, and the original leaves the inbox only
when the task is recorded. A crash in between leaves a spool file that nobody knows (swept at the next start) and the
original where it was.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.formats import SUFFIXES
from tclp_daemon.inbox.names import choose_name, suffix_of
from tclp_daemon.inbox.scan import EntryKind, Seen
from tclp_daemon.store import Store, is_damage
from tclp_daemon.system.crashpoints import reach
from tclp_daemon.system.files import NotRegular, fsync_folder, is_file, open_folder, open_regular, write_all
from tclp_daemon.system.logs import get_logger
from tclp_daemon.task import Placement, Task

log = get_logger("inbox")

SPOOL = "spool"
_NO_PERMISSION = "no permission to read it"
_CHUNK = 1 << 20
_SICK = (errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENOTCONN, errno.ENODEV)
_WHAT = {
    EntryKind.LINK: "it is a link, and links are never followed; drop the file itself",
    EntryKind.FOLDER: "it is a folder; drop the contracts in it, they are read from there",
    EntryKind.SPECIAL: "it is not a regular file",
}


class NotYet(Exception):
    """The file is not whole, or not there any more; look again later."""


class NotPermitted(NotYet):
    """The file may not be read yet; some programs set its permissions after they have written it."""


class Unreadable(Exception):
    """The file cannot be read for a reason that may pass: a bad block, or a share that is going away."""


class StateUnavailable(Exception):
    """The spool cannot take the file now, most likely because the disk is full."""


class Intake:
    """Turns settled files into tasks.

    Args:
        inbox: the inbox root.
        state: the state directory.
        store: this thread's connection.
        file_mb: the size limit in MB; larger files are refused without being copied.
        leave: originals stay in the inbox, so a file may be one that is known under a new date or inode number.
        alive: called with each chunk of a copy: over a slow line one file may take minutes.
    """

    def __init__(
        self,
        inbox: Path,
        state: Path,
        store: Store,
        *,
        file_mb: float,
        leave: bool = False,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._inbox = inbox
        self._spool = state / SPOOL
        self._store = store
        self._file_mb = file_mb
        self._leave = leave
        self._alive = alive
        self._spool.mkdir(mode=0o700, parents=True, exist_ok=True)

    def sweep(self) -> int:
        """At start-up: removes spool files that no task wants; returns how many.

        What cannot be removed (a folder such as lost+found, a bad block) is named and stays: it is in nobody's way.
        """
        wanted = self._store.known_spool()
        removed, stays = 0, []
        with os.scandir(self._spool) as entries:
            for entry in entries:
                self._alive()
                if entry.name in wanted:
                    continue
                try:
                    os.unlink(entry.path)
                    removed += 1
                except OSError as error:
                    stays.append(f"{entry.name!a}: {error.strerror}")
        if stays:
            log.warning("spool_not_swept", entries=len(stays), first=stays[0], advice="remove what is not the daemon's")
        return removed

    def known(self, seen: Sequence[Seen]) -> set[str]:
        """Which of these are tasks already: those that wait to be moved, and those whose originals stay."""
        return self._store.known_sources([(item.source, item.identity) for item in seen])

    def accept(self, seen: Seen, *, patient: bool) -> Task | None:
        """Accepts one file; None where it stays in the inbox and turns out to be one that is known.

        Args:
            seen: a settled entry.
            patient: whether a file that may not be read yet (no permission) is worth waiting for.

        Raises:
            NotYet: it changed, vanished, or is still being written.
            Unreadable: reading it fails; whether the file or the share is sick, only the other files can tell.
            StateUnavailable: the spool or the store is full.
        """
        if seen.kind is not EntryKind.FILE:
            return self._refuse(seen, ContractError(ErrorCode.UNREADABLE, detail=_WHAT[seen.kind]), stays=True)
        failure = None
        if suffix_of(seen.source) not in SUFFIXES:
            failure = ContractError(ErrorCode.UNSUPPORTED_TYPE)
        elif seen.identity.size == 0:
            failure = ContractError(ErrorCode.EMPTY_FILE)
        if seen.identity.size > self._file_mb * 1_000_000:
            found = round(seen.identity.size / 1_000_000, 1)
            too_large = ContractError(ErrorCode.TOO_LARGE, found_mb=found, limit_mb=self._file_mb)
            return self._refuse(seen, failure or too_large)
        task_id = str(uuid.uuid4())
        try:
            with self._open(seen) as source:
                # Read twice where it is not the known one after all, but what a new disk brings is not spooled for it.
                if self._leave and self._store.may_be_left(seen.source, seen.identity.size):
                    if self._recognised(seen, self._read(source, seen, lambda chunk: None)):
                        return None
                    os.lseek(source, 0, os.SEEK_SET)
                with self._new_spool_file(task_id) as target:
                    sha256 = self._read(source, seen, lambda chunk: _write(target, chunk))
        except PermissionError as error:
            if patient:
                raise NotPermitted(_NO_PERMISSION) from error
            return self._refuse(seen, ContractError(ErrorCode.UNREADABLE, detail=_NO_PERMISSION))
        except NotRegular as error:
            raise NotYet("it was replaced while it was accepted") from error
        except FileNotFoundError as error:
            raise NotYet("it is gone") from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise (Unreadable(reason) if error.errno in _SICK else NotYet(reason)) from error
        reach("spooled")
        return self._record(seen, sha256, failure, task_id=task_id)

    def _refuse(self, seen: Seen, failure: ContractError, *, stays: bool = False) -> Task | None:
        """Records what is never read; None where it stays in the inbox and was refused before."""
        if self._leave and self._recognised(seen, None):
            return None
        return self._record(seen, None, failure, stays=stays)

    def _record(
        self,
        seen: Seen,
        sha256: str | None,
        failure: ContractError | None,
        *,
        task_id: str | None = None,
        stays: bool = False,
    ) -> Task:
        task_id = task_id or str(uuid.uuid4())
        name = choose_name(
            seen.source, task_id, is_task=self._store.is_outbox_name, is_folder=self._store.is_outbox_folder
        )
        try:
            task = self._store.create_task(
                name.file,
                task_id=task_id,
                source=seen.source,
                outbox_name=name.outbox_name,
                note=name.note,
                size=seen.identity.size,
                sha256=sha256,
                identity=seen.identity,
                placed=Placement.STAYS if stays else Placement.WAITING,
                failure=failure,
            )
        except (sqlite3.OperationalError, sqlite3.IntegrityError) as error:
            # Full or locked, or a row that cannot be. The copy must not stay, or each new try would add one to a full
            # disk; unless the task was recorded all the same, and then the inbox knows the file and tries no more.
            with contextlib.suppress(sqlite3.Error, OSError):
                if task_id not in self._store.known_spool():
                    (self._spool / task_id).unlink(missing_ok=True)
            if isinstance(error, sqlite3.IntegrityError):
                raise NotYet(f"it cannot be recorded: {error}") from error
            if is_damage(error):
                raise
            raise StateUnavailable(str(error)) from error
        reach("task_recorded")
        return task

    def _recognised(self, seen: Seen, sha256: str | None) -> bool:
        try:
            return self._store.recognise(seen.source, seen.identity, sha256)
        except sqlite3.OperationalError as error:
            if is_damage(error):
                raise
            raise StateUnavailable(str(error)) from error

    @contextmanager
    def _open(self, seen: Seen) -> Iterator[int]:
        folder, _, name = seen.source.rpartition("/")
        with open_folder(self._inbox, folder) as parent:
            source = open_regular(name, parent)
        try:
            _refuse_open_for_writing(source)
            yield source
        finally:
            os.close(source)

    def _read(self, source: int, seen: Seen, take: Callable[[bytes], None]) -> str:
        """Reads the file, hands each chunk on, and returns its sha256 in hexadecimal."""
        before = os.fstat(source)
        if not is_file(before, seen.identity):
            raise NotYet("it changed")
        digest = hashlib.sha256()
        total = 0
        while chunk := os.read(source, _CHUNK):
            self._alive()
            digest.update(chunk)
            total += len(chunk)
            if total > seen.identity.size:
                raise NotYet("it grew while it was copied")
            take(chunk)
        after = os.fstat(source)
        if total != before.st_size or after.st_mtime_ns != before.st_mtime_ns or after.st_size != before.st_size:
            raise NotYet("it changed while it was copied")
        return digest.hexdigest()

    @contextmanager
    def _new_spool_file(self, task_id: str) -> Iterator[int]:
        part = self._spool / f"{task_id}.part"
        try:
            fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateUnavailable(error.strerror) from error
        try:
            try:
                yield fd
                with _state_errors():
                    os.fsync(fd)
            finally:
                os.close(fd)
            with _state_errors():
                part.rename(self._spool / task_id)
                with open_folder(self._spool) as folder:
                    fsync_folder(folder)
        except BaseException:
            for path in (part, self._spool / task_id):
                with contextlib.suppress(OSError):  # the next start sweeps it
                    path.unlink(missing_ok=True)
            raise


def _write(target: int, chunk: bytes) -> None:
    with _state_errors():
        write_all(target, chunk)


@contextmanager
def _state_errors() -> Iterator[None]:
    """What goes wrong with the spool is not the fault of the file or the share."""
    try:
        yield
    except OSError as error:
        raise StateUnavailable(error.strerror or str(error)) from error


def _refuse_open_for_writing(fd: int) -> None:
    """A read lease is granted only while nobody has the file open for writing (fcntl(2), F_SETLEASE).

    It needs a local filesystem and either ownership of the file or CAP_LEASE; without them settling alone decides.
    """
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        if error.errno == errno.EAGAIN:
            raise NotYet("a program still has it open for writing") from error
    else:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
