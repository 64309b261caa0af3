"""Which of our pages somebody deleted, truncated or replaced since they were written."""

from __future__ import annotations

import contextlib
import os
import stat

from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.outbox.marker import OutboxUnavailable


class WatchedPages:
    """Remembers size and date of each page as it was written. A look costs one stat per page.

    Some network filesystems set a file's date only after it was closed. So for a page of which only the date was once
    different, the date of the first look after it was written is taken.

    Args:
        folder: the outbox; the pages are at its top.
    """

    def __init__(self, folder: OutboxFolder) -> None:
        self._folder = folder
        self._known: dict[str, tuple[int, int | None]] = {}
        self._late_dates: set[str] = set()

    def wrote(self, name: str, size: int) -> None:
        """A page was written, with `size` bytes."""
        date = None
        if name not in self._late_dates:
            with contextlib.suppress(OSError, OutboxUnavailable), self._folder.marker.opened() as root:
                date = os.stat(name, dir_fd=root, follow_symlinks=False).st_mtime_ns
        self._known[name] = (size, date)

    @property
    def known(self) -> dict[str, tuple[int, int | None]]:
        """Size and date of each page."""
        return dict(self._known)

    def know(self, known: dict[str, tuple[int, int | None]]) -> None:
        """Takes over what was `known` before a restart."""
        self._known = dict(known)

    def forget(self, name: str) -> None:
        """A page need not be there any more."""
        self._known.pop(name, None)

    def lost(self) -> list[str]:
        """The pages that are missing or changed; none if the outbox is away."""
        lost = []
        try:
            with self._folder.marker.opened() as root:
                for name, (size, date) in self._known.items():
                    try:
                        found = os.stat(name, dir_fd=root, follow_symlinks=False)
                    except FileNotFoundError:
                        lost.append(name)
                        continue
                    if not stat.S_ISREG(found.st_mode) or found.st_size != size:
                        lost.append(name)
                    elif date is None:
                        self._known[name] = (size, found.st_mtime_ns)
                    elif found.st_mtime_ns != date:
                        self._late_dates.add(name)
                        lost.append(name)
        except (OSError, OutboxUnavailable):
            return []
        return lost
