"""The middle: claim, submit, record. What a failed attempt costs is decided in `retry.py`; this acts on it."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Self

from tclp_daemon.config import Config
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.formats import suffix_of
from tclp_daemon.outbox.marker import OutboxUnavailable
from tclp_daemon.pipeline import REUSE_KEYS, REUSE_NUMBERS, Outcome
from tclp_daemon.service.retry import Again, Complete, Fail, HandBack, away_delay, decide, longest_delay
from tclp_daemon.spool import Spool
from tclp_daemon.store import Store
from tclp_daemon.system.crashpoints import reach
from tclp_daemon.system.logs import get_logger
from tclp_daemon.task import Job, Progress, Status, Task
from tclp_daemon.workers.base import Executor, WorkerCrashed
from tclp_daemon.workers.failures import stage_reached

log = get_logger("dispatcher")

_RUNNING_SECONDS = 0.1
_IDLE_SECONDS = 1.0


@dataclass(slots=True)
class _Running:
    task: Task
    job: Job
    future: Future[Outcome]
    began: float
    last: Progress | None = None


class Dispatcher:
    """Keeps the workers busy, round by round (`parts.Work`). Entered, it holds a connection to the store.

    Args:
        config: the complete configuration.
        store: opens a connection to the store.
        executor: already started.
        identity: what a result must agree with to be used again (`Executor.start`).
        changed: called after each change of a row, to wake the outbox.
        alive: called within long steps, for the watchdog.
        restore_spool: brings a task's bytes back into the spool if they are gone; raises if that has to wait.
        jitter: seconds added to the pause before another attempt.
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
        self._drain_until: float | None = None
        self._running: dict[str, _Running] = {}
        self.woken = threading.Event()

    def __enter__(self) -> Self:
        self._store = self._open_store()
        try:
            self._release_strays()
        except BaseException:
            self._store.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._store.close()

    def wake(self) -> None:
        """A task may be due."""
        self.woken.set()

    def drain(self, seconds: float) -> None:
        """Claims nothing more, waits that long for what runs, then hands it back. Again with 0 to stop waiting."""
        self._drain_until = time.monotonic() + seconds
        self.wake()

    @property
    def running(self) -> int:
        """How many tasks are with the workers."""
        return len(self._running)

    def round(self) -> float | None:
        """Records what the workers have done and gives them what is due.

        Returns:
            Seconds until the next round, None once it is drained.
        """
        self._collect()
        if self._drain_until is None:
            if healed := self._executor.heal():
                log.warning("workers_healed", count=healed)
            self._fill()
        elif time.monotonic() >= self._drain_until or not self._running:
            self._hand_back()
            return None
        return self._rest()

    def _release_strays(self) -> None:
        """After a restart of this part: what was claimed but never reached a worker goes back to the queue."""
        for task in self._store.list_tasks(status=Status.PROCESSING):
            if task.task_id not in self._running:
                self._store.release_task(task.task_id, task.attempt, why="dispatcher_restarted")

    def _rest(self) -> float:
        if self._running or not self._executor.available():
            return _RUNNING_SECONDS
        due = self._store.next_due()
        return _IDLE_SECONDS if due is None else min(_IDLE_SECONDS, max(0.01, due - time.time()))

    # -- claim and submit ------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        scale = self._config.workers.retry_scale
        while len(self._running) < self._executor.slots and self._executor.available():
            # One suspect at a time, so that the others go on beside it whatever it does to its worker.
            suspects = not any(running.task.crashes for running in self._running.values())
            task = self._store.claim_task(longest_delay(scale), suspects=suspects)
            if task is None:
                return
            reach("claimed")
            self._changed()
            if not self._has_copy(task):
                # Thousands may be without a copy; between two of them the rest of a round has its turn.
                self.wake()
                return
            self._submit(task)

    def _has_copy(self, task: Task) -> bool:
        """Whether the task's bytes are in the spool; where they are not, the task waits or fails."""
        try:
            restored = self._restore_spool(task, self._alive)
        except (OSError, OutboxUnavailable) as problem:
            delay = away_delay(self._config.workers.retry_scale)
            self._store.release_task(task.task_id, task.attempt, why="outbox_unavailable", delay=delay)
            log.warning("copy_unavailable", task_id=task.task_id, problem=str(problem), advice="waiting for it")
            return False
        if not restored:
            self._fail(task, ContractError(ErrorCode.SPOOL_MISSING))
        return restored

    def _submit(self, task: Task) -> None:
        suffix = suffix_of(task.file)
        job = Job(
            task_id=task.task_id,
            attempt=task.attempt,
            spool=Spool(self._config.state.path).path_of(task.task_id),
            suffix=suffix,
            display_name=task.file,
            sha256=task.sha256 or "",
            size=task.size,
            threads=self._threads(),
            prior_result=self._store.find_result(task.sha256 or "", suffix, self._reuse),
        )
        future = self._executor.submit(job)
        future.add_done_callback(lambda _: self.wake())
        self._running[task.task_id] = _Running(task, job, future, time.monotonic())

    def _threads(self) -> int:
        """Workers x threads = cores, counting only workers that have something to do."""
        busy = len(self._running) + 1 + self._store.counts().get(Status.PENDING, 0)
        return max(1, len(os.sched_getaffinity(0)) // min(busy, self._executor.slots))

    # -- record ----------------------------------------------------------------------------------------------------

    def _collect(self) -> None:
        for task_id, running in list(self._running.items()):
            ended = running.future.done()  # before the progress, which is the last one then
            self._note_progress(running)
            if not ended:
                continue
            self._finish(running)
            # Only now: had the store refused (disk full), the next round would record the same outcome.
            del self._running[task_id]
            self._executor.forget(running.job)
            self._changed()

    def _note_progress(self, running: _Running) -> None:
        progress = self._executor.progress(running.job)
        if progress is None or progress == running.last:
            return
        running.last = progress
        self._store.update_task(
            running.task.task_id,
            running.task.attempt,
            progress=progress.percent,
            stage=progress.stage,
            page=progress.page,
        )
        self._changed()

    def _finish(self, running: _Running) -> None:
        task, ended = running.task, running.future.exception() or running.future.result()
        if isinstance(ended, WorkerCrashed):
            stage = stage_reached(running.last)
            log.warning("worker_crashed", task_id=task.task_id, attempt=task.attempt, stage=stage, cause=str(ended))
        spent, workers = task.crashes + task.errors, self._config.workers
        match decide(ended, last=running.last, spent=spent, workers=workers, jitter=self._jitter()):
            case Complete(outcome):
                self._complete(running, outcome)
            case Fail(error):
                self._fail(task, error)
            case Again() as again:
                self._again(task, again)
            case HandBack(seconds, error):
                self._store.release_task(task.task_id, task.attempt, why=error.code, delay=seconds)
                log.warning("model_unavailable", task_id=task.task_id, problem=error.message, advice=error.advice)

    def _complete(self, running: _Running, outcome: Outcome) -> None:
        reach("computed")
        task, result = running.task, outcome.result
        if not self._store.complete_task(task.task_id, task.attempt, result.model_dump(mode="json"), outcome.report):
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
            counted=result.counts.counted,
            clauses=result.counts.clauses,
            warnings=[warning.code for warning in result.warnings],
            reused=running.job.prior_result is not None,
            seconds=outcome.seconds | {"total": round(time.monotonic() - running.began, 3)},
            attempt=task.attempt,
        )

    def _fail(self, task: Task, error: ContractError) -> None:
        if not self._store.fail_task(task.task_id, task.attempt, error):
            log.warning("stale_result_dropped", task_id=task.task_id, attempt=task.attempt)
            return
        reach("row_finished")
        self._changed()
        log.warning(
            "contract",
            task_id=task.task_id,
            file=ascii(task.file),
            status="failed",
            error_code=error.code,
            error=error.message,
            attempt=task.attempt,
        )

    def _again(self, task: Task, again: Again) -> None:
        code = again.error.code
        if self._store.release_task(
            task.task_id, task.attempt, why=code, delay=again.seconds, crashed=again.crashed, erred=not again.crashed
        ):
            seconds = round(again.seconds, 1)
            log.warning("retry", task_id=task.task_id, attempt=task.attempt, error_code=code, seconds=seconds)

    def _hand_back(self) -> None:
        """At the end of the drain: what still runs goes back to the queue, at no cost."""
        for running in self._running.values():
            self._store.release_task(running.task.task_id, running.task.attempt, why="drained")
            log.info("handed_back", task_id=running.task.task_id, attempt=running.task.attempt)
        self._running.clear()
        self._changed()
