"""When the clock is believed."""

from __future__ import annotations

from tclp_daemon.service.housekeeping import SteadyClock


class Clocks:
    """A wall clock and a monotonic one, set by hand."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_800_000_000.0, 50.0

    def pass_time(self, seconds: float, *, jump: float = 0.0) -> None:
        self.monotonic += seconds
        self.wall += seconds + jump


def watched() -> tuple[Clocks, SteadyClock]:
    clocks = Clocks()
    return clocks, SteadyClock(lambda: clocks.wall, lambda: clocks.monotonic)


def test_time_that_passes_is_no_jump() -> None:
    clocks, steady = watched()
    for _ in range(100):
        clocks.pass_time(60, jump=0.03)  # slewed by 500 ppm
        steady.steady_seconds()
    assert steady.steady_seconds() == 6000


def test_a_jump_in_either_direction_starts_the_count_again() -> None:
    for jump in (3600.0, -3600.0):
        clocks, steady = watched()
        clocks.pass_time(600)
        assert steady.steady_seconds() == 600
        clocks.pass_time(60, jump=jump)
        assert steady.steady_seconds() == 0
        clocks.pass_time(60)
        assert steady.steady_seconds() == 60
