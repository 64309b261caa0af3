"""Is the outbox there, and is it ours? A marker in it and a copy of the marker in the state directory say so.

A new marker is set in three steps, each of which is on disk before the next begins, so that the next start finishes
what a crash interrupted:

1. the state directory holds the marker as `outbox-marker.chosen`
2. the outbox holds it
3. the state directory's copy is renamed to `outbox-marker`: it is confirmed

Only if the outbox lacks a confirmed marker is the share taken to be unmounted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tclp_daemon.errors import ConfigError
from tclp_daemon.system.crashpoints import reach
from tclp_daemon.system.files import NotRegular, fsync_folder, open_folder, open_regular, replace_file, write_atomic

MARKER = ".tclp-outbox"
# Its copy in the state directory, once the outbox has been seen with it; before that, with the suffix.
REMEMBERED = "outbox-marker"
CHOSEN = REMEMBERED + ".chosen"


class OutboxUnavailable(Exception):
    """The outbox cannot be written now: unmounted, full, faulty. Everything waits in the store."""


class OutboxMarker:
    """Tells the outbox from an empty mount point, and from the outbox of another state directory.

    Args:
        outbox: the root of the outbox.
        state: the state directory.
    """

    def __init__(self, outbox: Path, state: Path) -> None:
        self._outbox = outbox
        self._state = state
        self._expected: str | None = None
        self._place: tuple[int, int] | None = None  # device and inode of the directory that last had the marker

    def adopt(self) -> None:
        """Recognises the outbox, or marks a new one as this state directory's.

        Only for the owner of the outbox: the daemon at its start, and its outbox thread.

        Raises:
            ConfigError, OutboxUnavailable: as `recognise`.
        """
        try:
            if (confirmed := self._copy(REMEMBERED)) is not None:
                self._expected = confirmed
                with self.opened():
                    return
            if not self.recognise():
                chosen = self._copy(CHOSEN) or self._choose()
                reach("marker_chosen")
                with open_folder(self._outbox) as root:
                    _write_marker(root, chosen)
                reach("outbox_marked")
            self._confirm()
            self._expected = self._copy(REMEMBERED)
            with self.opened():
                return
        except OSError as error:
            raise OutboxUnavailable(error.strerror or str(error)) from error

    def recognise(self) -> bool:
        """Whether it is the outbox that the state directory remembers; False if it is not marked yet. Changes nothing.

        Raises:
            ConfigError: the outbox belongs to another state directory.
            OutboxUnavailable: it is not the outbox that the state directory remembers, or is not there.
        """
        try:
            if (confirmed := self._copy(REMEMBERED)) is not None:
                self._expected = confirmed
                with self.opened(mend=False):
                    return True
            with open_folder(self._outbox) as root:
                found = _read_marker(root)
        except OSError as error:
            raise OutboxUnavailable(error.strerror or str(error)) from error
        if found is None:
            return False
        if found == self._copy(CHOSEN):
            return True
        raise ConfigError(
            f"The outbox {self._outbox} belongs to the state directory with marker {found!r}. Give this "
            "daemon an outbox of its own. If that state directory is lost, run 'tclp-daemon rebuild'."
        )

    def readopt(self) -> None:
        """Takes over an outbox whose state directory was lost (rebuild).

        Raises:
            ConfigError: it cannot be the outbox that the state directory remembers.
            OSError: it cannot be read or marked.
        """
        confirmed = self._copy(REMEMBERED)
        with open_folder(self._outbox) as root:
            found = _read_marker(root)
            if confirmed is not None and confirmed != found:
                known = self._state / REMEMBERED
                raise ConfigError(
                    f"The outbox {self._outbox} does not have the marker that {known} remembers, so its share may not "
                    f"be mounted. Mount it. If this is the right directory all the same, run: rm {known}"
                )
            if confirmed is None:
                chosen = self._choose(found)
                if found != chosen:
                    _write_marker(root, chosen)
                self._confirm()

    @contextmanager
    def opened(self, *, mend: bool = True) -> Iterator[int]:
        """Opens the outbox and checks the marker in the very directory that was opened, so that it cannot be swapped.

        Args:
            mend: write the marker again if somebody removed it from the directory that had it a moment ago.

        Raises:
            OutboxUnavailable: it is not the outbox that was adopted.
            OSError: it cannot be opened.
        """
        with open_folder(self._outbox) as root:
            if self._expected is not None:
                self._check(root, self._expected, mend)
            yield root

    def _check(self, root: int, expected: str, mend: bool) -> None:
        status = os.fstat(root)
        here = (status.st_dev, status.st_ino)
        found = _read_marker(root)
        if found == expected:
            self._place = here
        elif here == self._place:
            # The very directory that had it a moment ago: somebody removed the marker, not the share.
            if mend:
                _write_marker(root, expected)
        elif found is None:
            raise OutboxUnavailable(f"its marker {MARKER} is missing; is the share mounted?")
        else:
            raise OutboxUnavailable(f"its marker {MARKER} belongs to another outbox; is the right share mounted?")

    def _copy(self, name: str) -> str | None:
        """The marker as the state directory knows it, None if it knows none.

        Raises:
            ConfigError: the file is there, but empty.
        """
        path = self._state / name
        try:
            marker = path.read_text("ascii", errors="replace").strip()
        except FileNotFoundError:
            return None
        if marker:
            return marker
        if name == CHOSEN:
            return None
        raise ConfigError(
            f"{path} is empty. Write the value of {self._outbox / MARKER} into it, or remove it and run "
            "'tclp-daemon rebuild'."
        )

    def _choose(self, marker: str | None = None) -> str:
        marker = marker or os.urandom(8).hex()
        with open_folder(self._state) as folder:
            write_atomic(folder, CHOSEN, marker.encode())
        return marker

    def _confirm(self) -> None:
        with open_folder(self._state) as folder:
            os.replace(CHOSEN, REMEMBERED, src_dir_fd=folder, dst_dir_fd=folder)
            fsync_folder(folder)


def _write_marker(root: int, marker: str) -> None:
    replace_file(root, MARKER, json.dumps({"outbox": marker}).encode(), mode=0o644)


def _read_marker(root: int) -> str | None:
    """The outbox's marker; None if there is none, "" if it cannot be understood."""
    try:
        fd = open_regular(MARKER, root)
    except (FileNotFoundError, NotRegular):
        return None
    try:
        return str(json.loads(os.read(fd, 4096))["outbox"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    finally:
        os.close(fd)
