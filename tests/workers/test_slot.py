"""One slot of the pool on its own: how it waits, and what it concludes when it is late itself."""

from __future__ import annotations

import importlib
import threading
import time
from concurrent.futures import Future
from multiprocessing import active_children
from pathlib import Path

import pytest
from workers.test_executors import CLIMATE, configured, failure, job, outcome

from harness import wait_for
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.pipeline import Outcome
from tclp_daemon.task import Job, Progress
from tclp_daemon.workers import local, slot
from tclp_daemon.workers.base import WorkerTimeout
from tclp_daemon.workers.local import LocalPool
from tclp_daemon.workers.messages import Done, Note, Ready, Run
from tclp_daemon.workers.slot import Slot
from tclp_daemon.workers.usage import processor_seconds


class _AwayWorker:
    """A worker whose model is there at first, then away for as long as `away` is set."""

    away = threading.Event()
    begun = 0

    def __init__(self, _: object) -> None:
        type(self).begun += 1
        if self.away.is_set():
            raise OSError("away")
        self._ready = False

    def receive(self, timeout: float | None, _: object) -> Ready | None:
        if not self._ready:
            self._ready = True
            return Ready({"model": "fake"}, 0)
        time.sleep(0.01)
        if self.away.is_set():
            raise slot.WorkerDied(None)
        return None

    def settle(self) -> None:
        pass

    def kill(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_slot_outlives_a_model_that_is_away_for_a_weekend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot, "Worker", _AwayWorker)
    monkeypatch.setattr(slot, "_LONGEST_REST", 0.0)
    found = Slot(configured(tmp_path), lambda job, progress: None)
    try:
        assert found.first.result(timeout=30) == {"model": "fake"}
        _AwayWorker.away.set()
        # At one try a minute, 1,100 are eighteen hours: more than the largest exponent of a float.
        wait_for(lambda: _AwayWorker.begun > 1100 or (not found.usable and not found._thread.is_alive()), "many tries")
        _AwayWorker.away.clear()
        wait_for(lambda: found.usable or not found._thread.is_alive(), "the model is back")
        assert found.usable
    finally:
        _AwayWorker.away.clear()
        found.close()
        found.join(10)


def test_a_worker_that_loads_while_a_contract_waits_is_not_stuck(
    tmp_path: Path, keyword_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_STUCK_SECONDS", 2.0)
    loading = tmp_path / "loading"
    monkeypatch.setenv("TCLP_LOADING", str(loading))
    with LocalPool(configured(tmp_path, workers={"recycle_after": 1}), count=1) as pool:
        pool.start()
        loading.touch()
        assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings
        waiting: Future[Outcome] = pool.submit(job(tmp_path, CLIMATE))
        end = time.monotonic() + 5  # the model loads for longer than a slot may be stuck
        wait_for(lambda: pool.heal() or time.monotonic() > end or waiting.done(), "it would have been called stuck")
        assert not waiting.done()
        loading.unlink()
        assert outcome(waiting).result.findings


class _LatePool(LocalPool):
    """A daemon that is stopped (SIGSTOP) at the first word of a contract, while its worker goes on."""

    def _hear(self, job: Job, progress: Progress) -> None:
        if self.progress(job) is None:
            (worker,) = active_children()
            assert worker.pid is not None
            pid, begun = worker.pid, processor_seconds(worker.pid)
            wait_for(lambda: processor_seconds(pid) > begun + 2.9, "the worker computes")
        super()._hear(job, progress)


def test_a_daemon_that_was_stopped_finds_no_contract_too_slow(
    tmp_path: Path, keyword_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot, "_CPU_GRACE_SECONDS", 0.5)
    config = configured(tmp_path, limits={"cpu_seconds": 1, "cpu_seconds_per_mb": 0})
    with _LatePool(config, count=1) as pool:
        pool.start()
        assert outcome(pool.submit(job(tmp_path, f"MISBEHAVE-BUSY. {CLIMATE}"))).result.findings


def test_a_contract_does_not_wait_for_a_worker_that_loads_beside_one_that_is_idle(
    tmp_path: Path, keyword_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading = tmp_path / "loading"
    monkeypatch.setenv("TCLP_LOADING", str(loading))
    with LocalPool(configured(tmp_path), count=2) as pool:
        pool.start()
        loading.touch()
        pool._slots[0].kill()
        wait_for(lambda: pool._slots[0].replaced, "its successor loads, for as long as the file is there")
        assert pool.submit(job(tmp_path, CLIMATE)).result(timeout=60).result.findings


def test_a_daemon_and_a_worker_of_two_versions_cost_no_attempt(
    tmp_path: Path, keyword_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalPool(configured(tmp_path), count=1) as pool:
        pool.start()
        (tmp_path / "from_the_old_version.py").write_text("class Suffix(str):\n    pass\n")
        monkeypatch.syspath_prepend(tmp_path)
        suffix = importlib.import_module("from_the_old_version").Suffix(".txt")
        failed = failure(pool.submit(job(tmp_path, CLIMATE, suffix)))
        assert isinstance(failed, ContractError)
        assert failed.code is ErrorCode.MODEL_UNAVAILABLE
        wait_for(pool.available, "the worker was replaced")
        assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings


class _PagedWorker(_AwayWorker):
    """A worker that reports a page of a stage every few milliseconds for longer than a job may take."""

    stage = ""

    def __init__(self, _: object) -> None:
        super().__init__(_)
        self._end = 0.0

    def send(self, message: object) -> None:
        self._end = time.monotonic() + 1.5

    def receive(self, timeout: float | None, _: object) -> object:
        if not self._end:
            return super().receive(timeout, _)
        time.sleep(0.01)
        return Note(Progress(50, self.stage, 1)) if time.monotonic() < self._end else Done("done", 0)

    def has_said_more(self) -> bool:
        return False

    def grown(self) -> int:
        return 0

    def processor_seconds(self) -> float:
        return 0.0


@pytest.mark.parametrize("stage", ["recognising", "classifying"])
def test_the_time_limit_begins_again_with_each_recognised_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    monkeypatch.setattr(slot, "Worker", _PagedWorker)
    monkeypatch.setattr(_PagedWorker, "stage", stage)
    found = Slot(configured(tmp_path, workers={"timeout_seconds": 1}), lambda job, progress: None)
    try:
        given = job(tmp_path, CLIMATE)
        request = slot.Request(Run(given), Future(), given)
        found.submit(request)
        if stage == "recognising":
            assert request.future.result(timeout=30) == "done"
        else:
            with pytest.raises(WorkerTimeout):
                request.future.result(timeout=30)
    finally:
        found.close()
        found.join(10)
