"""When the service manager hears that all is well, and when it does not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from harness import DEADLINE
from tclp_daemon.service.notify import Notifier
from tclp_daemon.service.parts import Part
from tclp_daemon.service.watchdog import STUCK_SECONDS, Watchdog


class Told(Notifier):
    """Counts the pings."""

    def __init__(self, **environ: str) -> None:
        super().__init__(environ)
        self.pings = 0

    def send(self, **values: object) -> None:
        self.pings += 1


class Clock:
    """Moves on by hand, from when the parts began."""

    def __init__(self, parts: list[Part]) -> None:
        self.now = parts[0]._beaten

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def end() -> Iterator[threading.Event]:
    found = threading.Event()
    yield found
    found.set()


@pytest.fixture
def parts(end: threading.Event) -> list[Part]:
    made = [Part("inbox", end), Part("outbox", end)]
    for part in made:
        part.start(lambda: bool(end.wait(DEADLINE)))  # type: ignore[arg-type]
    return made


@pytest.fixture
def watched(parts: list[Part]) -> tuple[Watchdog, Clock, Told, Callable[[float], bool]]:
    clock, told = Clock(parts), Told()
    watchdog = Watchdog(parts, told, clock=clock)

    def pinged_after(seconds: float) -> bool:
        before, clock.now = told.pings, clock.now + seconds
        watchdog.look(seconds)
        return told.pings > before

    return watchdog, clock, told, pinged_after


def test_a_ping_at_each_look_while_all_parts_live(
    watched: tuple[Watchdog, Clock, Told, Callable[[float], bool]],
) -> None:
    *_, pinged_after = watched
    assert pinged_after(0)
    assert pinged_after(10)


def test_no_ping_while_a_part_is_stuck(
    parts: list[Part], watched: tuple[Watchdog, Clock, Told, Callable[[float], bool]]
) -> None:
    _, clock, _, pinged_after = watched
    assert not pinged_after(STUCK_SECONDS + 1)
    for part in parts:
        part._beaten = clock.now
    assert pinged_after(10)


def test_a_process_that_stood_still_has_no_stuck_parts(
    watched: tuple[Watchdog, Clock, Told, Callable[[float], bool]],
) -> None:
    watchdog, clock, told, _ = watched
    clock.now += 2 * STUCK_SECONDS
    watchdog.look(10)
    assert told.pings == 1


def test_a_part_that_has_ended_is_missed_while_it_should_run_but_not_in_the_drain(
    parts: list[Part], end: threading.Event, watched: tuple[Watchdog, Clock, Told, Callable[[float], bool]]
) -> None:
    watchdog, _, told, pinged_after = watched
    end.set()
    for part in parts:
        part.join(DEADLINE)
    assert not pinged_after(1)
    watchdog.ping()
    assert told.pings == 1


@pytest.mark.parametrize(("usec", "interval"), [("", 10.0), ("300000", 0.1), ("60000000", 10.0)])
def test_three_pings_fit_into_the_managers_patience(parts: list[Part], usec: str, interval: float) -> None:
    assert Watchdog(parts, Told(WATCHDOG_USEC=usec)).interval == pytest.approx(interval)
