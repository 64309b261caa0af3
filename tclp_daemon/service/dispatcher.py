"""The middle: claim -> submit -> record. Decides what a failed attempt costs; writes nothing but the store."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from tclp_daemon.config import Config
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.inbox.names import suffix_of
from tclp_daemon.outbox.marker import OutboxUnavailable
from tclp_daemon.pipeline import METERED, REUSE_KEYS, REUSE_NUMBERS, Outcome
from tclp_daemon.spool import Spool
from tclp_daemon.store import Store
from tclp_daemon.system.crashpoints import reach
from tclp_daemon.system.logs import get_logger
from tclp_daemon.task import STARTING, Job, Progress, Status, Task
from tclp_daemon.workers.base import Executor, WorkerCrashed, WorkerTimeout

log = get_logger("dispatcher")

_RUNNING_SECONDS = 0.1
_IDLE_SECONDS = 1.0
_MAX_RETRY_SECONDS = 3600.0
# When the only copy of a contract lies in an outbox that is away: how long until the next look. Costs no attempt.
_AWAY_SECONDS = 15.0
_READING = (STARTING, *METERED)
_READING_ATTEMPTS = 2


@dataclass(slots=True)
class _Running:
    task: Task
    job: Job
    future: Future[Outcome]
    began: float
    last: Progress | None = None


class Dispatcher:
    """Keeps the workers busy until told to stop.

    Args:
        config: the whole configuration.
        store: opens this thread's connection to the store.
        executor: started already.
        identity: what a result must agree with to be used again (`Executor.start`).
        changed: called after each change of a row, to wake the outbox.
        alive: called at each round, for the watchdog.
        restore_spool: brings a task's bytes back into the spool where they are gone; raises where that must wait.
        jitter: seconds added to a retry's pause.
    """

    def __init__(
        self,
        config: Config,
        store: Callable[[], Store],
        executor: Executor,
        identity: dict[str, str],
        *,
        changed: Callable[[], None],
        alive: Callable[[], None],
        restore_spool: Callable[[Task, Callable[[], None]], bool],
        jitter: Callable[[], float] = lambda: random.uniform(0, 5),  # noqa: S311 - spreads retries, guards nothing
    ) -> None:
        self._config = config
        self._open_store = store
        self._executor = executor
        self._reuse: dict[str, object] = {key: identity[key] for key in REUSE_KEYS}
        self._reuse |= {key: float(identity[key]) for key in REUSE_NUMBERS}
        self._changed = changed
        self._alive = alive
        self._restore_spool = restore_spool
        self._jitter = jitter
        self._longest_pause = (_MAX_RETRY_SECONDS + _AWAY_SECONDS) * config.workers.retry_scale
        self._wake = threading.Event()
        self._drain_until: float | None = None
        self._running: dict[str, _Running] = {}

    def wake(self) -> None:
        """A task may be due."""
        self._wake.set()

    def drain(self, seconds: float) -> None:
        """Claims nothing more, waits so long for what runs, then hands it back. Again with 0 to stop waiting."""
        self._drain_until = time.monotonic() + seconds
        self._wake.set()

    @property
    def running(self) -> int:
        """How many tasks are with the workers."""
        return len(self._running)

    def run(self) -> None:
        """Runs until drained."""
        store = self._open_store()
        try:
            self._release_strays(store)
            while True:
                self._alive()
                self._wake.clear()
                self._collect(store)
                if self._drain_until is not None:
                    if not self._running:
                        return
                    if time.monotonic() >= self._drain_until:
                        self._hand_back(store)
                        return
                else:
                    if healed := self._executor.heal():
                        log.warning("workers_healed", count=healed)
                    self._fill(store)
                self._wake.wait(self._pause(store))
        finally:
            store.close()

    def _release_strays(self, store: Store) -> None:
        """After a restart of this part: what was claimed but never reached a worker goes back to the queue."""
        for task in store.list_tasks(status=Status.PROCESSING):
            if task.task_id not in self._running:
                store.release_task(task.task_id, task.attempt, why="dispatcher_restarted")

    def _pause(self, store: Store) -> float:
        if self._running or not self._executor.available():
            return _RUNNING_SECONDS
        due = store.next_due()
        return _IDLE_SECONDS if due is None else min(_IDLE_SECONDS, max(0.01, due - time.time()))

    def _fill(self, store: Store) -> None:
        while len(self._running) < self._executor.slots and self._executor.available():
            # One suspect at a time, so that the others go on beside it whatever it does to its worker.
            suspects = not any(running.task.crashes for running in self._running.values())
            task = store.claim_task(self._longest_pause, suspects=suspects)
            if task is None:
                return
            reach("claimed")
            self._changed()
            try:
                restored = self._restore_spool(task, self._alive)
            except (OSError, OutboxUnavailable) as problem:
                pause = _AWAY_SECONDS * self._config.workers.retry_scale
                store.release_task(task.task_id, task.attempt, why="outbox_unavailable", delay=pause)
                log.warning("copy_unavailable", task_id=task.task_id, problem=str(problem), advice="waiting for it")
                self._wake.set()
                return  # thousands may be without a copy; between two of them the rest of a round has its turn
            if not restored:
                self._fail(store, task, ContractError(ErrorCode.SPOOL_MISSING))
                self._wake.set()
                return
            suffix = suffix_of(task.file)
            job = Job(
                task_id=task.task_id,
                attempt=task.attempt,
                spool=Spool(self._config.state.path).path_of(task.task_id),
                suffix=suffix,
                display_name=task.file,
                sha256=task.sha256 or "",
                size=task.size,
                threads=self._threads(store),
                prior_result=store.find_result(task.sha256 or "", suffix, self._reuse),
            )
            future = self._executor.submit(job)
            future.add_done_callback(lambda _: self._wake.set())
            self._running[task.task_id] = _Running(task, job, future, time.monotonic())

    def _threads(self, store: Store) -> int:
        """Workers x threads = cores, where only those workers count that have something to do."""
        busy = len(self._running) + 1 + store.counts().get(Status.PENDING, 0)
        return max(1, len(os.sched_getaffinity(0)) // min(busy, self._executor.slots))

    def _collect(self, store: Store) -> None:
        for task_id, running in list(self._running.items()):
            if not running.future.done():
                self._note_progress(store, running)
                continue
            self._note_progress(store, running)
            self._finish(store, running)
            # Only now: had the store refused (disk full), the next round would record the same outcome.
            del self._running[task_id]
            self._executor.forget(running.job)
            self._changed()

    def _note_progress(self, store: Store, running: _Running) -> None:
        progress = self._executor.progress(running.job)
        if progress is None or progress == running.last:
            return
        running.last = progress
        store.update_task(
            running.task.task_id,
            running.task.attempt,
            progress=progress.percent,
            stage=progress.stage,
            page=progress.page,
        )
        self._changed()

    def _finish(self, store: Store, running: _Running) -> None:
        task, stage = running.task, running.last.stage if running.last else STARTING
        where = f"{stage}, page {running.last.page}" if running.last and running.last.page else stage
        try:
            outcome = running.future.result()
        except ContractError as failure:
            if failure.code is ErrorCode.MODEL_UNAVAILABLE:
                # The worker's trouble, not the contract's: it costs no attempt.
                pause = _AWAY_SECONDS * self._config.workers.retry_scale
                store.release_task(task.task_id, task.attempt, why=failure.code, delay=pause)
                log.warning("model_unavailable", task_id=task.task_id, problem=failure.message, advice=failure.advice)
            elif failure.transient:
                self._again(store, task, failure, erred=True)
            else:
                self._fail(store, task, failure)
            return
        except WorkerTimeout:
            limit = f"{self._config.workers.timeout_seconds:g}"
            # Classifying takes longer beside others. What a reader could not do twice it will not do.
            attempts = _READING_ATTEMPTS if stage in _READING else None
            late = ContractError(ErrorCode.TIMEOUT, limit_s=limit, stage=where)
            self._again(store, task, late, crashed=True, attempts=attempts)
            return
        except WorkerCrashed as crash:
            log.warning("worker_crashed", task_id=task.task_id, attempt=task.attempt, stage=where, cause=str(crash))
            self._again(store, task, ContractError(ErrorCode.WORKER_CRASHED, stage=where), crashed=True)
            return
        reach("computed")
        result = outcome.result
        if not store.complete_task(task.task_id, task.attempt, result.model_dump(mode="json"), outcome.report):
            log.warning("stale_result_dropped", task_id=task.task_id, attempt=task.attempt)
            return
        reach("row_finished")
        log.info(
            "contract",
            task_id=task.task_id,
            file=ascii(task.file),
            status="completed",
            classification=result.classification,
            pages=result.statistics.page_count,
            sentences=result.counts.sentences,
            findings=result.counts.findings,
            reused=running.job.prior_result is not None,
            seconds=outcome.seconds | {"total": round(time.monotonic() - running.began, 3)},
            attempt=task.attempt,
        )

    def _again(
        self,
        store: Store,
        task: Task,
        failure: ContractError,
        *,
        crashed: bool = False,
        erred: bool = False,
        attempts: int | None = None,
    ) -> None:
        """Another attempt after a pause, while attempts are left: `workers.max_attempts`, or fewer."""
        spent = task.crashes + task.errors + 1
        most = self._config.workers.max_attempts
        if spent >= (most if attempts is None else min(most, attempts)):
            self._fail(store, task, failure)
            return
        delay = retry_delay(spent, self._config.workers.retry_scale, self._jitter())
        if store.release_task(task.task_id, task.attempt, why=failure.code, delay=delay, crashed=crashed, erred=erred):
            log.warning(
                "retry", task_id=task.task_id, attempt=task.attempt, error_code=failure.code, seconds=round(delay, 1)
            )

    def _fail(self, store: Store, task: Task, failure: ContractError) -> None:
        if not store.fail_task(task.task_id, task.attempt, failure):
            log.warning("stale_result_dropped", task_id=task.task_id, attempt=task.attempt)
            return
        reach("row_finished")
        self._changed()
        log.warning(
            "contract",
            task_id=task.task_id,
            file=ascii(task.file),
            status="failed",
            error_code=failure.code,
            error=failure.message,
            attempt=task.attempt,
        )

    def _hand_back(self, store: Store) -> None:
        for running in self._running.values():
            store.release_task(running.task.task_id, running.task.attempt, why="drained")
            log.info("handed_back", task_id=running.task.task_id, attempt=running.task.attempt)
        self._running.clear()
        self._changed()


def retry_delay(spent: int, scale: float, jitter: float) -> float:
    """Seconds before the next attempt: attempts^4 + 15 + jitter, capped at an hour, scaled.

    The curve is Sidekiq's (https://github.com/sidekiq/sidekiq/wiki/Error-Handling).
    """
    return float(min(_MAX_RETRY_SECONDS, spent**4 + 15 + jitter) * scale)
