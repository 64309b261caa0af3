"""A budget of processor seconds for one job, kept by the process itself.

The kernel's profiling timer (setitimer(2), ITIMER_PROF) counts the processor time of all threads and, unlike a hard
RLIMIT_CPU, can be set again for the next job. It interrupts anything that runs Python code. A loop inside a C library
lets no signal handler run, so the daemon knows the budget too and kills the worker a little later (`slot.py`).
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType


class TooSlow(BaseException):
    """The budget is used up. Not an Exception, because readers catch those and would call the file damaged."""


class Meter:
    """Counts while it is entered; `paused` excludes what has a limit of its own.

    Args:
        seconds: the budget.
        announce: called with the process's processor time at which the budget ends, with None while it does not count.
    """

    def __init__(self, seconds: float, announce: Callable[[float | None], None]) -> None:
        self._left = seconds
        self._announce = announce

    def __enter__(self) -> Meter:
        signal.signal(signal.SIGPROF, _ring)
        self._count()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._rest()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What happens inside does not count."""
        self._rest()
        try:
            yield
        finally:
            self._count()

    def _count(self) -> None:
        if self._left <= 0:
            raise TooSlow
        self._announce(time.process_time() + self._left)
        signal.setitimer(signal.ITIMER_PROF, self._left)

    def _rest(self) -> None:
        self._left, _ = signal.setitimer(signal.ITIMER_PROF, 0)
        self._announce(None)


def _ring(number: int, frame: FrameType | None) -> None:
    raise TooSlow
