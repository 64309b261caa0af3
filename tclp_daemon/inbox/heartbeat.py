"""One daemon per inbox, even when two hosts mount the same share: a heartbeat file with host and pid."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

from tclp_daemon.errors import ConfigError
from tclp_daemon.files import TEMP_PREFIX, open_folder, open_regular, temporary_file, write_atomic

HEARTBEAT = ".tclp-daemon.heartbeat"
BEAT_SECONDS = 10.0
STALE_SECONDS = 60.0


class InboxHeartbeat:
    """Claims an inbox and keeps the claim fresh.

    Ages are taken from the share's own clock (the mtime of a file just written there), so that hosts whose clocks
    differ agree. A claim that is held is simply written again, so that a file planted under the heartbeat's name cannot
    stop a running daemon; one that was lost because the share went away or a call hung has to be won anew.

    Args:
        inbox: the inbox root.
        clock: seconds, monotonic.
    """

    def __init__(self, inbox: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._inbox = inbox
        self._me = {"host": socket.gethostname(), "pid": os.getpid(), "started": _started(os.getpid())}
        self._clock = clock
        self._held = False
        self._place: tuple[int, int] | None = None
        self._beaten = self._next_beat = clock()

    def claim(self) -> bool:
        """Claims the inbox; False where it is read-only, so that nobody can.

        Raises:
            ConfigError: another daemon's heartbeat is fresh; names it.
        """
        owner = self.rival()
        if owner is not None:
            raise ConfigError(f"{_watched(self._inbox, owner)} Stop that one first, or give this one its own inbox.")
        held = self.beat()
        if held:
            self._sweep()
        return held

    def keep(self) -> str | None:
        """Called at every look: renews the claim when that is due; says why the inbox is another's, None if it is not.

        In the inbox's own thread, so that a share that hangs can hang nothing else.
        """
        now = self._clock()
        if now - self._beaten > STALE_SECONDS:
            self._held = False  # a call hung for so long that another daemon may have claimed the inbox
        if self._held and self._place != _place(self._inbox):
            self._held = False  # the claim lies in another folder: a share was mounted over it, or unmounted
            self._next_beat = now
        if not self._held:
            with contextlib.suppress(OSError):
                if (owner := self.rival()) is not None:
                    return _watched(self._inbox, owner)
        if now >= self._next_beat:
            # Where it cannot be written (full, read-only) not at each look either, for the attempt is a change, too.
            self._next_beat = now + BEAT_SECONDS
            self.beat()
        return None

    def beat(self) -> bool:
        """Writes the claim; False where the inbox is read-only, full or away: no reason to stop."""
        try:
            with open_folder(self._inbox) as folder:
                write_atomic(folder, HEARTBEAT, json.dumps(self._me).encode(), mode=0o644)
                status = os.fstat(folder)
            self._held, self._beaten, self._place = True, self._clock(), (status.st_dev, status.st_ino)
        except OSError:
            self._held = False
        return self._held

    def rival(self) -> dict[str, object] | None:
        """The host and pid of another daemon whose heartbeat is fresh.

        Raises:
            OSError: the inbox is away.
        """
        with open_folder(self._inbox) as folder:
            return self._owner(folder)

    def release(self) -> None:
        """Gives the inbox up, if it is still ours."""
        with contextlib.suppress(OSError, ValueError, RecursionError), open_folder(self._inbox) as folder:
            if _read(folder) == self._me:
                os.unlink(HEARTBEAT, dir_fd=folder)

    def _sweep(self) -> None:
        """Removes what a heartbeat that was cut off left; nobody else writes such names while the claim is ours."""
        with contextlib.suppress(OSError), open_folder(self._inbox) as folder:
            for name in os.listdir(folder):
                if name.startswith(TEMP_PREFIX) and name.endswith(".tmp"):
                    os.unlink(name, dir_fd=folder)

    def _owner(self, folder: int) -> dict[str, object] | None:
        try:
            content = _read(folder)
            if not isinstance(content, dict) or not {"host", "pid"} <= content.keys() or content == self._me:
                return None
            age = _now(folder) - os.stat(HEARTBEAT, dir_fd=folder, follow_symlinks=False).st_mtime
        except (OSError, ValueError, RecursionError):
            return None
        if abs(age) > STALE_SECONDS:  # one from the future was made by no daemon
            return None
        if content["host"] == self._me["host"] and not _alive(content):
            return None
        return content


def _place(folder: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _watched(inbox: Path, owner: dict[str, object]) -> str:
    return f"The inbox {inbox} is already watched by the daemon with pid {owner['pid']} on {owner['host']}."


def _read(folder: int) -> dict[str, object]:
    fd = open_regular(HEARTBEAT, folder)
    try:
        content: dict[str, object] = json.loads(os.read(fd, 4096))
    finally:
        os.close(fd)
    return content


def _now(folder: int) -> float:
    with temporary_file(folder) as (fd, _):
        os.write(fd, b"now")
        return os.fstat(fd).st_mtime


def _alive(owner: dict[str, object]) -> bool:
    """Whether the process that wrote a heartbeat on this host still runs; process numbers are used again."""
    started = _started(owner["pid"])
    return started is not None and owner.get("started") in (None, started)


def _started(pid: object) -> int | None:
    """When a process of this host began, in ticks since boot (proc_pid_stat(5), field 22); None where it is gone."""
    try:
        return int(Path(f"/proc/{int(str(pid))}/stat").read_bytes().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
