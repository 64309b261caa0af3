"""When the service manager is told that all is well, and when it is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from harness import DEADLINE
from tclp_daemon.service.notify import Notifier
from tclp_daemon.service.parts import Part
from tclp_daemon.service.watchdog import STUCK_SECONDS, Watchdog


class Watched(Notifier):
    """Two parts that do nothing until the end, a watchdog with a clock set by hand, and the number of its pings."""

    def __init__(self) -> None:
        super().__init__({})
        self.end = threading.Event()
        self.parts = [Part("inbox", self.end), Part("outbox", self.end)]
        for part in self.parts:
            part.start(self._wait)
        self.now = self.parts[0]._beaten
        self.pings = 0
        self.watchdog = Watchdog(self.parts, self, clock=lambda: self.now)

    def _wait(self) -> None:
        self.end.wait(DEADLINE)

    def send(self, **values: object) -> None:
        self.pings += 1

    def pinged_after(self, seconds: float, *, planned: float | None = None) -> bool:
        before, self.now = self.pings, self.now + seconds
        self.watchdog.look(seconds if planned is None else planned)
        return self.pings > before


@pytest.fixture
def watched() -> Iterator[Watched]:
    found = Watched()
    yield found
    found.end.set()
    for part in found.parts:
        part.join(DEADLINE)


def test_a_ping_at_each_look_while_all_parts_live(watched: Watched) -> None:
    assert watched.pinged_after(0)
    assert watched.pinged_after(10)


def test_no_ping_while_a_part_is_stuck(watched: Watched) -> None:
    assert not watched.pinged_after(STUCK_SECONDS + 1)
    for part in watched.parts:
        part._beaten = watched.now
    assert watched.pinged_after(10)


def test_after_the_process_stood_still_no_part_is_stuck(watched: Watched) -> None:
    assert watched.pinged_after(2 * STUCK_SECONDS, planned=10)


def test_a_part_that_has_ended_is_missed_unless_the_daemon_drains(watched: Watched) -> None:
    watched.end.set()
    for part in watched.parts:
        part.join(DEADLINE)
    assert not watched.pinged_after(1)
    watched.watchdog.ping()
    assert watched.pings == 1


@pytest.mark.parametrize(("usec", "interval"), [("", 10.0), ("300000", 0.1), ("60000000", 10.0)])
def test_three_pings_fit_into_the_managers_patience(usec: str, interval: float) -> None:
    assert Watchdog([], Notifier({"WATCHDOG_USEC": usec})).interval == pytest.approx(interval)
