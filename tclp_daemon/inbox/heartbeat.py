"""One daemon per inbox, even when two hosts mount the same share: a heartbeat file that says who watches it.

A daemon that starts and finds another's fresh heartbeat is refused. A daemon that holds the inbox and finds another
heartbeat in place of its own accepts nothing more and says so, for two daemons would make two tasks of each contract.
But anybody who can write to the share can plant such a file, so it must be renewed, as a living daemon does every ten
seconds: one that was not renewed for `RENEWED_SECONDS` is overwritten, and the work goes on.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tclp_daemon.errors import ConfigError
from tclp_daemon.inbox.process import Process
from tclp_daemon.system.files import (
    TEMP_PREFIX,
    NotRegular,
    open_folder,
    open_regular,
    temporary_file,
    write_all,
    write_atomic,
)
from tclp_daemon.system.logs import get_logger

log = get_logger("inbox")

HEARTBEAT = ".tclp-daemon.heartbeat"
BEAT_SECONDS = 10.0
STALE_SECONDS = 60.0
# A living daemon renews its heartbeat within this time, even if one beat fails.
RENEWED_SECONDS = 25.0
_LOOK_SECONDS = 0.5
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Claim:
    """A heartbeat that another daemon wrote, and the file's date and inode, of which one changes when it is renewed."""

    owner: Process
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class _Contest:
    """A claim that was found in place of our own, and since when."""

    claim: Claim
    since: float


class InboxHeartbeat:
    """Claims an inbox and keeps the claim fresh. A context manager: at the end of its block the claim is released.

    Ages are taken from the share's own clock (the mtime of a file just written there), so that hosts whose clocks
    differ agree. A claim that was lost because the share went away or a call hung has to be won again.

    Args:
        inbox: the inbox root.
        clock: seconds, monotonic.
        me: who claims it.
    """

    def __init__(self, inbox: Path, *, clock: Callable[[], float] = time.monotonic, me: Process | None = None) -> None:
        self._inbox = inbox
        self._me = me or Process.current()
        self._content = json.dumps(self._me.as_dict()).encode()
        self._clock = clock
        self._held = False
        self._contest: _Contest | None = None
        self._place: tuple[int, int] | None = None  # device and inode of the directory with our claim
        self._beaten = self._next_beat = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()

    def claim(self, pause: Callable[[float], None] = time.sleep) -> bool:
        """Claims the inbox; False if it is read-only, so that nobody can.

        Raises:
            ConfigError: another daemon's heartbeat is fresh; names it.
            OSError: the inbox is away.
        """
        claim = self.rival()
        if claim is not None and claim.owner.may_be_a_predecessor(self._me):
            # Most likely this machine was restarted, or this container replaced, within a minute; to refuse would lock
            # us out. A clone that is alive renews its claim.
            log.info("waiting_for_heartbeat", pid=claim.owner.pid, host=claim.owner.host, seconds=RENEWED_SECONDS)
            claim = self._renewed(claim, pause)
        if claim is not None:
            raise ConfigError(f"{_watched(self._inbox, claim)} Stop that one first, or give this one its own inbox.")
        held = self.beat()
        if held:
            self._sweep()
        return held

    def keep(self) -> str | None:
        """Called often: renews the claim when that is due; says why the inbox is another daemon's, None if it is not.

        In the inbox's own thread, so that a share that hangs can hang nothing else.
        """
        now = self._clock()
        if now - self._beaten > STALE_SECONDS:
            self._held = False  # a call hung for so long that another daemon may have claimed the inbox
        if self._held and self._place != _place(self._inbox):
            self._held = False  # the claim is in another directory: a share was mounted over it, or unmounted
            self._next_beat = now
        try:
            claim = self.rival()
        except OSError:
            claim = None  # away; the look that follows reports it
        if claim is not None and (not self._held or self._stands(claim, now)):
            return _watched(self._inbox, claim)
        if self._contest is not None:
            self._contest, self._next_beat = None, now
        if now >= self._next_beat:
            # If it cannot be written (full, read-only), do not try at each look either: the attempt is a change, too.
            self._next_beat = now + BEAT_SECONDS
            self.beat()
        return None

    def beat(self) -> bool:
        """Writes the claim; False if the inbox is read-only, full or away, which is not a reason to stop."""
        try:
            with open_folder(self._inbox) as folder:
                if not self._renew(folder):
                    write_atomic(folder, HEARTBEAT, self._content, mode=0o644)
                status = os.fstat(folder)
            self._held, self._beaten, self._place = True, self._clock(), (status.st_dev, status.st_ino)
        except OSError:
            self._held = False
        return self._held

    def rival(self) -> Claim | None:
        """Another daemon's claim that is fresh.

        Raises:
            OSError: the inbox is away.
        """
        with open_folder(self._inbox) as folder:
            try:
                claim = _read(folder)
                if claim is None or claim.owner == self._me or claim.owner.is_dead(self._me):
                    return None
                age = _now(folder) - claim.mtime_ns / 1e9
            except OSError:
                return None
        return claim if abs(age) <= STALE_SECONDS else None  # no daemon makes one from the future

    def release(self) -> None:
        """Gives the inbox up, if the claim on it is still ours."""
        with contextlib.suppress(OSError), open_folder(self._inbox) as folder:
            claim = _read(folder)
            if claim is not None and claim.owner == self._me:
                os.unlink(HEARTBEAT, dir_fd=folder)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _stands(self, claim: Claim, now: float) -> bool:
        """Whether a claim that was found in place of our own must be respected: it is new, or it was renewed."""
        contest = self._contest
        if contest is None or contest.claim.owner != claim.owner:
            self._contest = _Contest(claim, now)
            return True
        if contest.claim != claim:
            self._held, self._contest = False, None  # it lives; we have to win the inbox again once it is gone
            return True
        return now - contest.since <= RENEWED_SECONDS

    def _renewed(self, claim: Claim, pause: Callable[[float], None]) -> Claim | None:
        """Waits for a claim to be renewed; None if it is not, or is given up."""
        end = self._clock() + RENEWED_SECONDS
        while self._clock() < end:
            pause(_LOOK_SECONDS)
            now = self.rival()
            if now is None or now != claim:
                return now
        return None

    def _renew(self, folder: int) -> bool:
        """Writes our heartbeat over itself; False if it is not there.

        In place, since a new file would change the directory's times, which tell a look that nothing has happened. The
        bytes stay the same, so whoever reads it meanwhile reads all of them.
        """
        try:
            fd = os.open(HEARTBEAT, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        except OSError:
            return False
        try:
            if os.read(fd, _LONGEST) != self._content:
                return False
            os.lseek(fd, 0, os.SEEK_SET)
            write_all(fd, self._content)
            return True
        except OSError:
            return False
        finally:
            os.close(fd)

    def _sweep(self) -> None:
        """Removes what an interrupted heartbeat left; nobody else writes such names while the claim is ours."""
        with contextlib.suppress(OSError), open_folder(self._inbox) as folder:
            for name in os.listdir(folder):
                if name.startswith(TEMP_PREFIX) and name.endswith(".tmp"):
                    with contextlib.suppress(OSError):  # somebody's directory
                        os.unlink(name, dir_fd=folder)


def _place(folder: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _watched(inbox: Path, claim: Claim) -> str:
    return f"The inbox {inbox} is already watched by the daemon with pid {claim.owner.pid} on {claim.owner.host}."


def _read(folder: int) -> Claim | None:
    """The heartbeat in the inbox; None if there is none that a daemon can have written.

    Raises:
        OSError: it cannot be read.
    """
    try:
        fd = open_regular(HEARTBEAT, folder)
    except (FileNotFoundError, NotRegular):
        return None
    try:
        status = os.fstat(fd)
        owner = Process.parse(json.loads(os.read(fd, _LONGEST)))
    except (ValueError, RecursionError):
        return None
    finally:
        os.close(fd)
    return None if owner is None else Claim(owner, status.st_mtime_ns, status.st_ino)


def _now(folder: int) -> float:
    with temporary_file(folder) as (fd, _):
        os.write(fd, b"now")
        return os.fstat(fd).st_mtime
