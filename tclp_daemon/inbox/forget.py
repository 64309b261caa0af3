"""Forgets files that are long gone from an inbox whose originals stay, so that what is remembered is bounded.

Once a day, one page after each look, the files that `left_files` remembers are looked for. One that is missing on
thirty such days is forgotten; if it comes back, it is a new drop. An inbox that cannot be read, or that is completely
empty (as the mount point of a share that is away), forgets nothing.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from tclp_daemon.store import Store
from tclp_daemon.system.files import identity_of, open_folder
from tclp_daemon.system.logs import get_logger
from tclp_daemon.task import FileIdentity

log = get_logger("inbox")

_DAYS = 30


class Forgetting:
    """One thread's walk through `left_files`.

    Args:
        inbox: the inbox root.
        store: this thread's connection.
        today: the date.
        page: how many rows one step looks for.
    """

    def __init__(
        self,
        inbox: Path,
        store: Store,
        *,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
        page: int = 500,
    ) -> None:
        self._inbox = inbox
        self._store = store
        self._today = today
        self._page = page
        self._done: date | None = None
        self._after = 0

    def step(self) -> None:
        """Looks for the next page, unless the day's walk is done. Call it after a look that found something."""
        if self._done == self._today():
            return
        try:
            rows = self._store.left_files(self._after, self._page)
            there: list[int] = []
            gone: list[int] = []
            with open_folder(self._inbox) as root:
                for row, source, identity in rows:
                    found = _is_there(root, source, identity)
                    if found is not None:
                        (there if found else gone).append(row)
            if rows and (forgotten := self._store.note_left(there, gone, days=_DAYS)):
                log.info("forgotten", files=forgotten, reason=f"gone from the inbox on {_DAYS} days")
        except (OSError, sqlite3.OperationalError):
            return  # others report that trouble; tomorrow is soon enough
        if len(rows) < self._page:
            self._done, self._after = self._today(), 0
        else:
            self._after = rows[-1][0]


def _is_there(root: int, source: str, identity: FileIdentity) -> bool | None:
    """Whether this very file is in the inbox; None if that cannot be determined."""
    folder, _, name = source.rpartition("/")
    try:
        with open_folder(root, folder) as parent:
            found = identity_of(os.stat(name, dir_fd=parent, follow_symlinks=False))
    except OSError as error:
        return False if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP) else None
    same = (found.size, found.mtime_ns) == (identity.size, identity.mtime_ns)
    return same or identity.size == 0  # of a symlink or a directory the name is enough
