"""A part of the daemon: a thread that works in rounds, restarted when it fails and given up when that does not help.

Three kinds of failure end a run of rounds:

* one that passes by itself, above all a full disk: one line in the log, then retries without limit, at most a minute
  apart;
* a database that is damaged or gone: only a person can help, so the part is given up at once;
* anything else, most likely a bug: a traceback and a restart, at most `RESTARTS` times. A part that has then run well
  for `WELL_SECONDS` gets its restarts back.

A part that is given up ends the daemon (`daemon.Daemon.run`), so that the service manager notices.
"""

from __future__ import annotations

import errno
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Protocol

from tclp_daemon.store import is_damage
from tclp_daemon.system.logs import get_logger

log = get_logger("daemon")

RESTARTS = 6
WELL_SECONDS = 300.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
# The watchdog hears from a resting part at least this often.
_BEAT_SECONDS = 5.0
_PASSING_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
# https://sqlite.org/rescode.html; the low byte of an extended code is its primary code.
_PASSING_SQLITE = (
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_NOMEM,
)  # fmt: skip


class Work(Protocol):
    """What a part does, round by round.

    A context manager that opens what belongs to the part's thread, such as a connection to the store, and closes it
    again. It is entered once for each run of rounds, so again after a failure.

    Attributes:
        woken: set by anybody when the next round is due early; cleared before each round.
    """

    woken: threading.Event

    def __enter__(self) -> object: ...

    def __exit__(self, *exception: object) -> None: ...

    def round(self) -> float | None:
        """Does what is due. A call that comes too early does no harm.

        Returns:
            Seconds until the next round, None if this was the last one.
        """


class Part:
    """One thread of the daemon.

    Args:
        name: for the log.
        ending: set when the daemon stops: nothing is restarted any more.

    Attributes:
        given_up: why the part is no longer restarted; None while it is.
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

    def drive(self, work: Work) -> None:
        """Starts the thread, which does one round of the work after the other."""
        self.start(lambda: self._do_rounds(work))

    def start(self, target: Callable[[], None]) -> None:
        """Starts the thread.

        Args:
            target: runs until it is told to stop, by its own means; after an exception it is called again.
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
        """Seconds since the last beat; 0 for a part that has ended."""
        return now - self._beaten if self.is_alive() else 0.0

    def forgive(self, seconds: float) -> None:
        """The process stood still for that long, so the part could not beat."""
        self._beaten += seconds

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def join(self, timeout: float) -> None:
        """Waits for the thread's end."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _do_rounds(self, work: Work) -> None:
        with work:
            while True:
                self.beat()
                work.woken.clear()
                seconds = work.round()
                if seconds is None:
                    return
                self._wait(work.woken, seconds)

    def _wait(self, event: threading.Event, seconds: float) -> None:
        """Waits for the event, at most that long. Counts as alive, for it waits on purpose."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not event.wait(min(_BEAT_SECONDS, left)):
            self._beaten = time.monotonic()

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
            self._wait(self._ending, self._pause)

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
                    advice="free space on the disk of state.path, or check that disk; nothing is lost meanwhile",
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
                "part_given_up", failed_part=self.name, restarts=RESTARTS, advice="the daemon stops; report this bug"
            )
            return False
        log.exception("part_failed", failed_part=self.name, advice=f"restarted in {self._pause:g} s")
        return True


def passes(error: Exception) -> bool:
    """Whether a failure passes by itself: a disk that is full or failing, no descriptors or memory left."""
    if isinstance(error, sqlite3.Error):
        return _primary(error) in _PASSING_SQLITE and not is_damage(error)
    return isinstance(error, OSError) and error.errno in _PASSING_ERRNOS


def _primary(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
