"""Signals: a handler only notes that one came; the main thread acts on it."""

from __future__ import annotations

import queue
import signal
from typing import Self

_STOP = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """SIGTERM and SIGINT, for the main thread to wait for.

    A context manager. After it they are ignored: nothing is left to hurry, and the end of the interpreter would give
    them back their deadly default.
    """

    def __init__(self) -> None:
        # A signal can interrupt the main thread anywhere, even within its wait, where a threading.Event would be locked
        # already. SimpleQueue.put is the one that may come between a get of its own thread (queue, "SimpleQueue").
        self._arrived: queue.SimpleQueue[int] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        for number in _STOP:
            signal.signal(number, lambda number, frame: self._arrived.put(number))
        # If a writer opens a file at the moment when intake holds a lease on it, the kernel sends this, and its default
        # action is to end the process (fcntl(2), "Leases").
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        # A terminal that closes, or a log rotation made for another program, must not end it undrained.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        return self

    def __exit__(self, *exception: object) -> None:
        for number in _STOP:
            signal.signal(number, signal.SIG_IGN)

    @property
    def pending(self) -> bool:
        """Whether one has come that `wait` has not returned for."""
        return not self._arrived.empty()

    def wait(self, seconds: float) -> bool:
        """Waits for a signal, at most that long; whether one came."""
        try:
            self._arrived.get(timeout=seconds)
        except queue.Empty:
            return False
        return True
