"""Tells the service manager's watchdog that the daemon is alive, as long as every part of it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from tclp_daemon.service.notify import Notifier
from tclp_daemon.service.parts import Part
from tclp_daemon.system.logs import get_logger

log = get_logger("daemon")

# A part that has been silent for this long is stuck: a single look or copy on a slow share may take a while.
STUCK_SECONDS = 150.0
_LOOK_SECONDS = 10.0
# Looks that come later than this were held up together with the process (SIGSTOP, a frozen cgroup).
_HELD_UP_SECONDS = 5.0


class Watchdog:
    """Looks at the parts and tells the service manager.

    Args:
        parts: the parts of the daemon.
        notifier: the way to the service manager.
        clock: seconds, monotonic.

    Attributes:
        interval: seconds between two looks.
    """

    def __init__(
        self, parts: Sequence[Part], notifier: Notifier, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._parts = parts
        self._notifier = notifier
        self._clock = clock
        self._looked = clock()
        self._stuck: list[str] = []
        self.interval = min(_LOOK_SECONDS, (notifier.watchdog_seconds or _LOOK_SECONDS * 3) / 3)

    def look(self, pause: float) -> None:
        """Tells the service manager that all is well if every part runs and none is stuck.

        Args:
            pause: seconds that were meant to pass since the last look.
        """
        now = self._clock()
        if (late := now - self._looked - pause) > _HELD_UP_SECONDS:
            for part in self._parts:
                part.forgive(late)
            log.info("held_up", seconds=round(late, 1))
        self._looked = now
        if (silent := self._silent(now)) != self._stuck:
            self._stuck = silent
            if silent:
                log.error("stuck", parts=silent, advice="the service manager will restart the daemon")
        if all(part.is_alive() for part in self._parts):
            self.ping()

    def ping(self) -> None:
        """Tells the service manager that all is well unless a part is stuck; one may have ended."""
        if not self._silent(self._clock()):
            self._notifier.send(WATCHDOG=1)

    def _silent(self, now: float) -> list[str]:
        return sorted(part.name for part in self._parts if part.silent(now) > STUCK_SECONDS)
