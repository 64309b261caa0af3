"""Forgets old tasks, in its own thread and only by a clock that can be trusted.

Otherwise one start with a clock far in the future would forget every contract there ever was. So nothing is forgotten
before the wall clock has run in step with the monotonic one for hours (a wrong one has been corrected by then), and
never more than a share at once.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Self

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
        """Takes a look; returns for how many seconds looks have shown no jump."""
        wall, now = self._wall(), self._monotonic()
        if abs((wall - self._last[0]) - (now - self._last[1])) > _JUMP_SECONDS:
            self._since = now
        self._last = (wall, now)
        return now - self._since


class Housekeeper:
    """Cleans the store up every hour (`parts.Work`). Entered, it holds a connection to the store.

    Args:
        retention: how long finished tasks are remembered.
        store: opens a connection to the store.
        clock: says how long the clock has been steady.
        now: seconds that never jump.
    """

    def __init__(
        self,
        retention: Retention,
        store: Callable[[], Store],
        *,
        clock: SteadyClock | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._retention = retention
        self._open_store = store
        self._clock = clock or SteadyClock()
        self._now = now
        self._next = now()
        self._stopped = False
        self.woken = threading.Event()

    def __enter__(self) -> Self:
        self._store = self._open_store()
        return self

    def __exit__(self, *exception: object) -> None:
        self._store.close()

    def stop(self) -> None:
        """No further round."""
        self._stopped = True
        self.woken.set()

    def round(self) -> float | None:
        """Looks at the clock and, when that is due, forgets one share of the old tasks.

        Returns:
            Seconds until the next round, None once it is stopped.
        """
        if self._stopped:
            return None
        steady = self._clock.steady_seconds() >= STEADY_SECONDS
        if steady and self._now() >= self._next:
            self._next = self._now() + min(_EVERY_SECONDS, STEADY_SECONDS)
            self._clean_up()
        return min(_LOOK_SECONDS, STEADY_SECONDS)

    def _clean_up(self) -> None:
        try:
            removed = self._store.cleanup_old_tasks(*self._retention.ages, limit=_AT_ONCE)
        except sqlite3.OperationalError as error:
            # A full disk or a long reader: housekeeping can wait, contracts cannot.
            log.warning("cleanup_postponed", problem=str(error), advice="retried automatically")
            return
        if removed:
            log.info("cleaned_up", tasks=removed)
