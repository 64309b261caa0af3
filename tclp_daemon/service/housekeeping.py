"""Forgets old tasks, in a thread of its own and only by a clock that can be believed.

One start with a clock far in the future would otherwise forget every contract there ever was. So nothing is forgotten
before the clock on the wall has run in step with the monotonic one for hours (a wrong one is set right by then), and
never more than a share at once.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable

from tclp_daemon.config import Retention
from tclp_daemon.store import Store
from tclp_daemon.system.logs import get_logger

log = get_logger("housekeeping")

# How long the clock must have run without a jump.
STEADY_SECONDS = 6 * 3600.0
_EVERY_SECONDS = 3600.0
_AT_ONCE = 1000
_LOOK_SECONDS = 5.0
# What counts as a jump between two looks; a clock that is merely slewed gains at most 0.05 % (adjtime(3)).
_JUMP_SECONDS = 2.0


class SteadyClock:
    """Watches the wall clock for jumps.

    Args:
        wall: seconds since the epoch.
        monotonic: seconds that never jump.
    """

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._last = (wall(), monotonic())
        self._since = self._last[1]

    def steady_seconds(self) -> float:
        """Takes a look; for how many seconds looks have shown no jump."""
        wall, now = self._wall(), self._monotonic()
        if abs((wall - self._last[0]) - (now - self._last[1])) > _JUMP_SECONDS:
            self._since = now
        self._last = (wall, now)
        return now - self._since


class Housekeeper:
    """Cleans the store up now and then until told to stop.

    Args:
        retention: how long finished tasks are remembered.
        store: opens this thread's connection to the store.
        alive: called at each look.
    """

    def __init__(self, retention: Retention, store: Callable[[], Store], *, alive: Callable[[], None]) -> None:
        self._retention = retention
        self._open_store = store
        self._alive = alive
        self._clock = SteadyClock()
        self._stop = threading.Event()

    def stop(self) -> None:
        """Asks the loop to end."""
        self._stop.set()

    def run(self) -> None:
        """Runs until `stop`."""
        next_time = time.monotonic()
        while not self._stop.wait(min(_LOOK_SECONDS, STEADY_SECONDS)):
            self._alive()
            if self._clock.steady_seconds() >= STEADY_SECONDS and time.monotonic() >= next_time:
                next_time = time.monotonic() + min(_EVERY_SECONDS, STEADY_SECONDS)
                self.clean_up()

    def clean_up(self) -> int:
        """Forgets one share of what is old enough; returns how many tasks."""
        store = self._open_store()
        try:
            removed = store.cleanup_old_tasks(*self._retention.ages, limit=_AT_ONCE)
        except sqlite3.OperationalError as error:
            # A full disk or a long reader: housekeeping can wait, contracts cannot.
            log.warning("cleanup_postponed", problem=str(error))
            return 0
        finally:
            store.close()
        if removed:
            log.info("cleaned_up", tasks=removed)
        return removed
