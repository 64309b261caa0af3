"""One daemon per inbox, even when two hosts mount the same share: a heartbeat file with host and pid."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
from pathlib import Path

from tclp_daemon.errors import ConfigError
from tclp_daemon.files import open_folder, open_regular, temporary_file, write_atomic

HEARTBEAT = ".tclp-daemon.heartbeat"
BEAT_SECONDS = 10.0
STALE_SECONDS = 60.0


class InboxHeartbeat:
    """Claims an inbox and keeps the claim fresh.

    Ages are taken from the share's own clock (the mtime of a file just written there), so that hosts whose clocks
    differ agree.

    Args:
        inbox: the inbox root.
    """

    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox
        self._me = {"host": socket.gethostname(), "pid": os.getpid()}

    def claim(self) -> bool:
        """Claims the inbox; False where it is read-only, so that nobody can.

        Raises:
            ConfigError: another daemon's heartbeat is fresh; names it.
        """
        with open_folder(self._inbox) as folder:
            owner = self._owner(folder)
            if owner:
                raise ConfigError(
                    f"The inbox {self._inbox} is already watched by the daemon with pid {owner['pid']} on "
                    f"{owner['host']}. "
                    "Stop that one first, or give this one an inbox of its own."
                )
        return self.beat()

    def beat(self) -> bool:
        """Renews the claim; False where the inbox is read-only or away."""
        try:
            with open_folder(self._inbox) as folder:
                write_atomic(folder, HEARTBEAT, json.dumps(self._me).encode(), mode=0o644)
        except OSError as error:
            if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ESTALE, errno.EIO):
                raise
            return False
        return True

    def release(self) -> None:
        """Gives the inbox up, if it is still ours."""
        with contextlib.suppress(OSError, ValueError), open_folder(self._inbox) as folder:
            if _read(folder) == self._me:
                os.unlink(HEARTBEAT, dir_fd=folder)

    def _owner(self, folder: int) -> dict[str, object] | None:
        try:
            content = _read(folder)
            age = _now(folder) - os.stat(HEARTBEAT, dir_fd=folder, follow_symlinks=False).st_mtime
        except (OSError, ValueError):
            return None
        if not isinstance(content, dict) or not {"host", "pid"} <= content.keys() or content == self._me:
            return None
        if age > STALE_SECONDS:
            return None
        if content["host"] == self._me["host"] and not _alive(content["pid"]):
            return None
        return content


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


def _alive(pid: object) -> bool:
    """Whether a process of that number runs here and looks like a daemon of ours; numbers are used again."""
    try:
        command = Path(f"/proc/{int(str(pid))}/cmdline").read_bytes()
    except (OSError, ValueError):
        return False
    return b"tclp" in command
