"""The dispatcher's pace where contracts wait, or cannot be begun."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from harness import wait_for
from tclp_daemon.config import Config, parse_config
from tclp_daemon.pipeline import Outcome
from tclp_daemon.service.dispatcher import Dispatcher
from tclp_daemon.store import Store
from tclp_daemon.task import FileIdentity, Job, Status, Task
from tclp_daemon.workers.base import Executor
from tclp_daemon.workers.serial import SerialExecutor

IDENTITY = dict.fromkeys(("model_fingerprint", "precision", "version"), "1") | {"threshold": "1", "lone_threshold": "1"}


class _Away(SerialExecutor):
    """All workers wait for the model to come back."""

    def available(self) -> bool:
        return False

    def submit(self, job: Job) -> Future[Outcome]:
        raise AssertionError("nobody could take it")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    found = parse_config({name: {"path": str(tmp_path / name)} for name in ("inbox", "outbox", "state")})
    found.state.path.mkdir()
    return found


@pytest.fixture
def store(config: Config) -> Iterator[Store]:
    opened = Store(config.state.path)
    yield opened
    opened.close()


def dispatcher(
    config: Config, executor: Executor, alive: Callable[[], None], restore: Callable[[], bool]
) -> Dispatcher:
    return Dispatcher(
        config,
        lambda: Store(config.state.path),
        executor,
        IDENTITY,
        changed=lambda: None,
        alive=alive,
        restore_spool=lambda task, alive: restore(),
    )


def accept(store: Store, name: str) -> Task:
    return store.create_task(name, size=1, sha256="0" * 64, identity=FileIdentity(1, 1, 1))


def test_contracts_that_wait_for_the_model_keep_no_core_busy(config: Config, store: Store) -> None:
    task = accept(store, "nda.txt")
    rounds: list[float] = []
    found = dispatcher(config, _Away(config), lambda: rounds.append(time.monotonic()), lambda: True)
    thread = threading.Thread(target=found.run)
    thread.start()
    try:
        wait_for(lambda: len(rounds) > 20, "some rounds")
        # A slow machine only makes this longer.
        assert rounds[20] - rounds[0] > 1.5
    finally:
        found.drain(0)
        thread.join()
    assert store.get_task(task.task_id).status is Status.PENDING


def test_a_stop_does_not_wait_for_all_whose_copy_is_gone(config: Config, store: Store) -> None:
    tasks = [accept(store, f"{number}.txt") for number in range(20)]
    beats: list[float] = []

    def gone() -> bool:
        if len(beats) > 3:
            found.drain(0)
        return False

    found = dispatcher(config, SerialExecutor(config), lambda: beats.append(0.0), gone)
    timer = threading.Timer(30, found.drain, (0,))
    timer.start()
    found.run()
    timer.cancel()
    failed = [task for task in tasks if store.get_task(task.task_id).status is Status.FAILED]
    assert 0 < len(failed) < 10
    assert len(beats) > len(failed), "the watchdog hears of each"
