"""Accepts one settled file: copies it to the spool, then records the task. The outbox moves the original later.

Order matters: the task is recorded only once its bytes are safe in the spool, and the original leaves the inbox only
once the task is recorded. A crash in between leaves a spool file that no task knows (swept at the next start) and the
original where it was.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.formats import SUFFIXES, suffix_of
from tclp_daemon.inbox.entry import EntryKind, Seen
from tclp_daemon.inbox.reading import NO_PERMISSION, NotPermitted, NotYet, opened
from tclp_daemon.spool import Spool, StateUnavailable
from tclp_daemon.store import Store, is_damage
from tclp_daemon.system.crashpoints import reach
from tclp_daemon.task import OutboxName, Placement, Task

# (source, task id, store) -> the name; the outbox decides (`outbox.names.name_in_outbox`).
Naming = Callable[[str, str, Store], OutboxName]

_NOT_A_FILE = {
    EntryKind.LINK: "it is a symlink, and symlinks are never followed; drop the file itself",
    EntryKind.FOLDER: "it is a directory; drop the contracts in it, they are read from there",
    EntryKind.SPECIAL: "it is not a regular file",
}


class Intake:
    """Turns settled files into tasks.

    Args:
        inbox: the inbox root.
        spool: takes the copies.
        store: this thread's connection.
        naming: decides under which name a contract goes to the outbox.
        file_mb: the size limit in MB; larger files are refused without being copied.
        leave: originals stay in the inbox, so a file may be a known one under a new date or inode number.
        alive: called with each chunk of a copy: over a slow line one file may take minutes.
    """

    def __init__(
        self,
        inbox: Path,
        spool: Spool,
        store: Store,
        *,
        naming: Naming,
        file_mb: float,
        leave: bool = False,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._inbox = inbox
        self._spool = spool
        self._store = store
        self._naming = naming
        self._file_mb = file_mb
        self._leave = leave
        self._alive = alive
        spool.prepare()

    def known(self, seen: Sequence[Seen]) -> set[str]:
        """Which of these are tasks already: those that wait to be moved, and those whose originals stay."""
        return self._store.known_sources([(item.source, item.identity) for item in seen])

    def accept(self, seen: Seen, *, patient: bool) -> Task | None:
        """Accepts one file.

        Args:
            seen: a settled entry.
            patient: whether a file that may not be read yet (no permission) is worth waiting for.

        Returns:
            The task; None for a file that stays in the inbox and turns out to be a known one.

        Raises:
            NotYet: it changed, vanished, or is still being written.
            Unreadable: reading it fails; only the other files can tell whether the file or the share is sick.
            StateUnavailable: the spool or the store is full.
        """
        if seen.kind is not EntryKind.FILE:
            return self._refuse(seen, ContractError(ErrorCode.UNREADABLE, detail=_NOT_A_FILE[seen.kind]), stays=True)
        failure = _unsupported(seen)
        if seen.identity.size > self._file_mb * 1_000_000:
            return self._refuse(seen, failure or self._too_large(seen))
        task_id = str(uuid.uuid4())
        try:
            sha256 = self._copy(seen, task_id)
        except NotPermitted:
            if patient:
                raise
            return self._refuse(seen, ContractError(ErrorCode.UNREADABLE, detail=NO_PERMISSION))
        if sha256 is None:
            return None
        reach("spooled")
        return self._record(seen, task_id, sha256, failure)

    def _copy(self, seen: Seen, task_id: str) -> str | None:
        """Copies a file to the spool; its sha256, or None if it is known by its bytes and was not copied."""
        with opened(self._inbox, seen, self._alive) as file:
            # A file that is not the known one after all is read twice, but what a new disk brings fills no spool.
            if (
                self._leave
                and self._store.may_be_left(seen.source, seen.identity.size)
                and self._recognised(seen, file.read())
            ):
                return None
            with self._spool.add(task_id) as write:
                return file.read(write)

    def _too_large(self, seen: Seen) -> ContractError:
        found = round(seen.identity.size / 1_000_000, 1)
        return ContractError(ErrorCode.TOO_LARGE, found_mb=found, limit_mb=self._file_mb)

    def _refuse(self, seen: Seen, failure: ContractError, *, stays: bool = False) -> Task | None:
        """Records what is never read; None if it stays in the inbox and was refused before."""
        if self._leave and self._recognised(seen, None):
            return None
        return self._record(seen, str(uuid.uuid4()), None, failure, stays=stays)

    def _record(
        self, seen: Seen, task_id: str, sha256: str | None, failure: ContractError | None, *, stays: bool = False
    ) -> Task:
        name = self._naming(seen.source, task_id, self._store)
        with self._not_recorded(task_id):
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
        reach("task_recorded")
        return task

    @contextmanager
    def _not_recorded(self, task_id: str) -> Iterator[None]:
        """After a full or locked store, or a row that it refuses: the copy must not stay.

        Otherwise each new try would add one to a full disk. If the task was recorded all the same, the copy is kept;
        then the inbox knows the file and does not try again.
        """
        try:
            yield
        except (sqlite3.OperationalError, sqlite3.IntegrityError) as error:
            with suppress(sqlite3.Error, OSError):
                if task_id not in self._store.known_spool():
                    self._spool.forget(task_id)
            if isinstance(error, sqlite3.IntegrityError):
                raise NotYet(f"it cannot be recorded: {error}") from error
            if is_damage(error):
                raise
            raise StateUnavailable(str(error)) from error

    def _recognised(self, seen: Seen, sha256: str | None) -> bool:
        try:
            return self._store.recognise(seen.source, seen.identity, sha256)
        except sqlite3.OperationalError as error:
            if is_damage(error):
                raise
            raise StateUnavailable(str(error)) from error


def _unsupported(seen: Seen) -> ContractError | None:
    """Why a file cannot be analysed that is accepted all the same, so that its owner is told."""
    if suffix_of(seen.source) not in SUFFIXES:
        return ContractError(ErrorCode.UNSUPPORTED_TYPE)
    return ContractError(ErrorCode.EMPTY_FILE) if seen.identity.size == 0 else None
