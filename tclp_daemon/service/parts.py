"""A part of the daemon: a thread that is restarted with growing pauses, and given up when that does not help.

Three kinds of trouble end a part's run:

* what passes by itself, above all a full disk: one line in the log, then tries without end, at most a minute apart;
* a database that is damaged or gone: nothing but a person can help, so the part is given up at once;
* anything else, most likely a bug: a traceback and a restart, `RESTARTS` times. A part that has then run well for
  `WELL_SECONDS` has its restarts back.

A part that is given up ends the daemon (`daemon.Daemon.run`), so that the service manager sees it.
"""

from __future__ import annotations

import errno
import sqlite3
import threading
import time
from collections.abc import Callable

from tclp_daemon.store import is_damage
from tclp_daemon.system.logs import get_logger

log = get_logger("daemon")

RESTARTS = 6
WELL_SECONDS = 300.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
_BEAT_SECONDS = 1.0
_PASSING_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
# https://sqlite.org/rescode.html; the low byte of an extended code is its primary code.
_PASSING_SQLITE = (
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_NOMEM,
)  # fmt: skip


class Part:
    """One thread of the daemon.

    Args:
        name: for the log.
        ending: set when the daemon stops, so that nothing is restarted any more.

    Attributes:
        given_up: why the part is not restarted any more; None while it is.
    """

    def __init__(self, name: str, ending: threading.Event) -> None:
        self.name = name
        self.given_up: BaseException | None = None
        self._ending = ending
        self._beaten = self._began = time.monotonic()
        self._trouble: str | None = None
        self._failures = 0
        self._pause = FIRST_PAUSE
        self._thread: threading.Thread | None = None

    def start(self, target: Callable[[], None]) -> None:
        """Starts the thread.

        Args:
            target: runs until it is told to stop, by means of its own; an exception starts it again.
        """
        self.beat()
        self._thread = threading.Thread(target=self._keep_running, args=(target,), name=self.name, daemon=True)
        self._thread.start()

    def beat(self) -> None:
        """Called by the part itself at each step: it is alive."""
        self._beaten = time.monotonic()
        if self._trouble is not None and self._beaten - self._began > self._pause:
            log.info("part_works_again", works_again=self.name)
            self._trouble = None

    def silent(self, now: float) -> float:
        """Seconds since the part was last heard of; 0 for one that has ended."""
        return now - self._beaten if self.is_alive() else 0.0

    def forgive(self, seconds: float) -> None:
        """The whole process stood still for that long, so the part could not be heard of."""
        self._beaten += seconds

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def join(self, timeout: float) -> None:
        """Waits for the thread's end."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _keep_running(self, target: Callable[[], None]) -> None:
        while True:
            self._began = time.monotonic()
            self.beat()
            try:
                target()
                return
            except Exception as error:
                if self._ending.is_set():
                    log.exception("part_failed", failed_part=self.name, advice="the daemon stops")
                    return
                if not self._may_restart(error, time.monotonic() - self._began):
                    self.given_up = error
                    return
            self._rest()

    def _may_restart(self, error: Exception, ran: float) -> bool:
        """Decides about one failure, and logs it; sets the pause before the next run."""
        if ran > WELL_SECONDS:
            self._failures, self._pause = 0, FIRST_PAUSE
        else:
            self._pause = min(LONGEST_PAUSE, self._pause * 2 if self._failures or self._trouble else FIRST_PAUSE)
        if passes(error):
            if self._trouble != str(error):
                self._trouble = str(error)
                log.warning(
                    "part_waits", waiting_part=self.name, problem=str(error),
                    advice="free space on the disk of state.path, or see to that disk; nothing is lost meanwhile",
                )  # fmt: skip
            return True
        self._failures += 1
        if is_damage(error):
            log.error(
                "part_given_up", failed_part=self.name, problem=str(error),
                advice="the task database is damaged or gone: move away what is left and run 'tclp-daemon rebuild'",
            )  # fmt: skip
            return False
        if self._failures > RESTARTS:
            log.exception(
                "part_given_up", failed_part=self.name, restarts=RESTARTS, advice="the daemon stops; report it"
            )
            return False
        log.exception("part_failed", failed_part=self.name, advice=f"restarted in {self._pause:g} s")
        return True

    def _rest(self) -> None:
        end = time.monotonic() + self._pause
        while (left := end - time.monotonic()) > 0 and not self._ending.wait(min(_BEAT_SECONDS, left)):
            self._beaten = time.monotonic()  # it waits on purpose


def passes(error: Exception) -> bool:
    """Whether a failure is one that passes by itself: a disk that is full or sick, descriptors or memory used up."""
    if isinstance(error, sqlite3.Error):
        return _primary(error) in _PASSING_SQLITE and not is_damage(error)
    return isinstance(error, OSError) and error.errno in _PASSING_ERRNOS


def _primary(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
