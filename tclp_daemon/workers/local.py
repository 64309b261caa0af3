"""A pool of worker processes on this machine, on pebble.

Each slot is a pebble pool of its own with one process. A shared pool has one pipe and one lock for all its workers, and
a worker that is killed while it holds that lock stops its siblings; a slot's lock can stop only the slot, which is then
thrown away. It also means that a job runs the moment it is submitted, so its time-out is its own.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pebble import ProcessExpired, ProcessPool

from tclp_daemon.config import Config
from tclp_daemon.errors import ConfigError, ContractError
from tclp_daemon.logs import get_logger
from tclp_daemon.pipeline import Outcome
from tclp_daemon.task import Job, Progress
from tclp_daemon.workers import process
from tclp_daemon.workers.base import Executor, WorkerCrashed, WorkerTimeout

T = TypeVar("T")
log = get_logger("workers")

# Loading torch and a large model from a cold disk.
_START_SECONDS = 300.0
# How long after its own time-out pebble may take before the slot counts as stuck.
_GRACE_SECONDS = 30.0


@dataclass(slots=True)
class _Slot:
    pool: ProcessPool
    job: Job | None = None
    since: float = 0.0


class LocalPool(Executor):
    """`workers.count` processes, each with its share of the cores.

    Args:
        config: the whole configuration.
        count: overrides `workers.count`.
        work: a folder for progress files.
    """

    def __init__(self, config: Config, work: Path, *, count: int | None = None) -> None:
        self._config = config
        self._count = count or config.workers.processes
        self._work = work
        self._slots: list[_Slot] = []
        self.replaced = 0

    @property
    def slots(self) -> int:
        return self._count

    def start(self) -> dict[str, str]:
        self._work.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in self._work.iterdir():
            leftover.unlink(missing_ok=True)
        self._slots = [_Slot(self._new_pool()) for _ in range(self._count)]
        identities = [slot.pool.schedule(process.identify, timeout=_START_SECONDS) for slot in self._slots]
        try:
            # pebble's time-out starts with the job, and a worker that never starts would never start it.
            loaded: list[dict[str, str]] = [identity.result(timeout=_START_SECONDS) for identity in identities]
            return loaded[0]
        except ContractError as error:
            self.shutdown()
            raise ConfigError(f"{error.message} {error.advice}") from None
        except (ProcessExpired, BrokenProcessPool, TimeoutError, RuntimeError) as error:
            self.shutdown()
            raise ConfigError(f"The workers could not be started ({error}). Run 'tclp-daemon doctor'.") from None

    def call(self, function: Callable[..., T], *arguments: object) -> T:
        """Runs a function in the first worker and waits for its answer; for the doctor and for evaluations."""
        answer: T = self._slots[0].pool.schedule(function, args=arguments, timeout=_START_SECONDS).result()
        return answer

    def submit(self, job: Job) -> Future[Outcome]:
        slot = next((s for s in self._slots if s.job is None), None)
        if slot is None:
            raise RuntimeError("no free slot")  # the dispatcher never submits more than `slots`
        progress_file = self._progress_file(job)
        progress_file.unlink(missing_ok=True)
        timeout = self._config.workers.timeout_seconds
        try:
            inner = slot.pool.schedule(process.run, args=(job, progress_file), timeout=timeout)
        except RuntimeError:  # the pool broke while it was idle
            self._replace(slot)
            inner = slot.pool.schedule(process.run, args=(job, progress_file), timeout=timeout)
        slot.job, slot.since = job, time.monotonic()
        outer: Future[Outcome] = Future()
        inner.add_done_callback(lambda done: self._finish(slot, job, done, outer))
        return outer

    def _finish(self, slot: _Slot, job: Job, inner: Future[Outcome], outer: Future[Outcome]) -> None:
        """Runs in a pebble thread: translates what can go wrong and frees the slot."""
        if slot.job is job:
            slot.job = None
        self._progress_file(job).with_suffix(".new").unlink(missing_ok=True)
        if outer.done():
            return
        try:
            outer.set_result(inner.result())
        except ContractError as error:
            outer.set_exception(error)
        except TimeoutError:
            outer.set_exception(WorkerTimeout())
        except (CancelledError, ProcessExpired, BrokenProcessPool, RuntimeError, OSError) as error:
            outer.set_exception(WorkerCrashed(f"{type(error).__name__}: {getattr(error, 'exitcode', '')}"))
        except BaseException as error:
            outer.set_exception(WorkerCrashed(type(error).__name__))

    def progress(self, job: Job) -> Progress | None:
        return process.read_progress(self._progress_file(job))

    def forget(self, job: Job) -> None:
        self._progress_file(job).unlink(missing_ok=True)

    def heal(self) -> int:
        sick = 0
        for slot in self._slots:
            stuck = slot.job is not None and (
                time.monotonic() - slot.since > self._config.workers.timeout_seconds + _GRACE_SECONDS
            )
            if stuck or not slot.pool.active:
                self._replace(slot)
                sick += 1
        return sick

    def shutdown(self) -> None:
        for slot in self._slots:
            slot.pool.stop()
        for slot in self._slots:
            slot.pool.join()
        self._slots = []

    def _replace(self, slot: _Slot) -> None:
        """Throws a slot's pool away, its running job with it, and starts another."""
        log.warning("worker_replaced", task_id=slot.job.task_id if slot.job else None)
        self.replaced += 1
        old = slot.pool
        slot.pool, slot.job = self._new_pool(), None
        old.stop()
        old.join()

    def _new_pool(self) -> ProcessPool:
        pool = ProcessPool(
            max_workers=1,
            max_tasks=self._config.workers.recycle_after,
            initializer=process.initialize,
            initargs=(self._config,),
            context=multiprocessing.get_context("spawn"),
        )
        assert pool.active  # pebble starts a pool when it is first asked for its state
        return pool

    def _progress_file(self, job: Job) -> Path:
        return self._work / f"{job.task_id}.{job.attempt}.json"
