"""When the clock is trusted, and what is forgotten then."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tclp_daemon.config import Retention
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.service import housekeeping
from tclp_daemon.service.housekeeping import STEADY_SECONDS, Housekeeper, SteadyClock
from tclp_daemon.store import Store
from tclp_daemon.task import FileIdentity, Placement


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


class CountingStore(Store):
    """Counts how often it is cleaned up; fails when told to."""

    cleaned = 0
    busy = False

    def cleanup_old_tasks(self, *arguments: float, limit: int = 0) -> int:
        type(self).cleaned += 1
        if self.busy:
            raise sqlite3.OperationalError("database is locked")
        return 0


def housekeeper(clocks: Clocks, state: Path) -> Housekeeper:
    state.mkdir()
    clock = SteadyClock(lambda: clocks.wall, lambda: clocks.monotonic)
    return Housekeeper(Retention(), lambda: CountingStore(state), clock=clock, now=lambda: clocks.monotonic)


@pytest.fixture(autouse=True)
def _nothing_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CountingStore, "cleaned", 0)


def test_it_cleans_up_every_hour_once_the_clock_is_steady(tmp_path: Path) -> None:
    clocks = Clocks()
    with housekeeper(clocks, tmp_path / "state") as found:
        for _ in range(6 * 60 - 1):
            clocks.pass_time(60)
            assert found.round() == 5
        assert CountingStore.cleaned == 0
        for _ in range(2 * 60):
            clocks.pass_time(60)
            found.round()
        assert CountingStore.cleaned == 2
        clocks.pass_time(60, jump=86_400)
        for _ in range(2 * 60):
            found.round()
            clocks.pass_time(60)
        assert CountingStore.cleaned == 2, "the clock has jumped"


def test_a_busy_store_is_left_alone_until_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CountingStore, "busy", True)
    clocks = Clocks()
    with housekeeper(clocks, tmp_path / "state") as found:
        clocks.pass_time(STEADY_SECONDS)
        for _ in range(10):
            assert found.round() == 5
            clocks.pass_time(60)
    assert CountingStore.cleaned == 1


def test_a_stop_is_the_last_round(tmp_path: Path) -> None:
    with housekeeper(Clocks(), tmp_path / "state") as found:
        found.stop()
        assert found.woken.is_set()
        assert found.round() is None


def test_it_forgets_one_share_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "_AT_ONCE", 2)
    (tmp_path / "state").mkdir()
    store = Store(tmp_path / "state")
    for number in range(5):
        store.create_task(f"{number}.txt", size=1, sha256="0" * 64, identity=FileIdentity(1, 1, number))
        claimed = store.claim_task()
        assert claimed is not None
        store.fail_task(claimed.task_id, claimed.attempt, ContractError(ErrorCode.NO_TEXT, detail="blank"))
    store.mark_published([(task, Placement.MOVED) for task in store.list_tasks()])
    clocks = Clocks()
    clock = SteadyClock(lambda: clocks.wall, lambda: clocks.monotonic)
    retention = Retention(completed_days=1e-9, failed_days=1e-9)
    found = Housekeeper(retention, lambda: Store(tmp_path / "state"), clock=clock, now=lambda: clocks.monotonic)
    left = []
    with found:
        clocks.pass_time(STEADY_SECONDS)
        for _ in range(3):
            found.round()
            left.append(len(store.list_tasks()))
            clocks.pass_time(3600)
    store.close()
    assert left == [3, 1, 0]
