"""One place in the pool: a thread that keeps one worker process alive and gives it one job after the other.

If the worker is at fault and not the contract, it is put right here, at no cost to the contract: the slot waits for a
worker that cannot be started, and a job that ran out of memory is run once more in a fresh worker, because the memory
may have been taken by the contracts before it. Only that second failure counts. See docs/decisions/0010.
"""

from __future__ import annotations

import math
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tclp_daemon.config import Config
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.pipeline import PAGED
from tclp_daemon.system.logs import get_logger
from tclp_daemon.task import STARTING, Job, Progress
from tclp_daemon.workers.base import WorkerCrashed, WorkerTimeout
from tclp_daemon.workers.failures import too_slow
from tclp_daemon.workers.messages import Call, Done, Failed, Note, Ready, Run, TimeBudget
from tclp_daemon.workers.worker import Worker, WorkerDied

log = get_logger("workers")

# Loading torch and a large model from a cold disk.
START_SECONDS = 300.0
# How often a running job's time, processor time and memory are checked.
_TICK_SECONDS = 0.05
# A tick that took longer does not count in full: the daemon or the machine was asleep, and so was the worker.
_LONGEST_TICK = 1.0
# How much longer than its own budget a worker may compute; it is late only inside a C library.
_CPU_GRACE_SECONDS = 2.0
_LONGEST_REST = 60.0
# How many idle workers may die one after the other before the next has to wait: somebody may have killed one or two.
_DEATHS_AT_ONCE = 2
# A worker that keeps more bytes than this after a job is replaced; with torch the first contracts always leave some.
_KEPT_AT_LEAST = 200_000_000


@dataclass(slots=True)
class Request:
    """What a worker is to do, and the future for its answer.

    Attributes:
        job: None for a `Call`.
        lost: it was given to a worker that died before it began.
        again: it ran out of memory once, and has a fresh worker now.
    """

    message: Run | Call
    future: Future[Any]
    job: Job | None = None
    lost: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class _End:
    """How a request ended in one worker: with a value, with an error, or not at all.

    Attributes:
        again: it has not ended: it is to run in another worker.
        unfit: it has not ended: no worker can be started that works, for this reason.
        fit: the worker may go on.
    """

    value: Any = None
    error: BaseException | None = None
    again: bool = False
    unfit: ContractError | None = None
    fit: bool = False


class Slot:
    """A place for one job.

    Args:
        config: the complete configuration.
        hear: called with each report of a job, in the slot's thread.

    Attributes:
        first: what identifies the model of the first worker, or why it could not be started.
        replaced: workers that died or hung since this was last set to 0.
        rounds: grows while the thread is not stuck in the pipe.
    """

    def __init__(self, config: Config, hear: Callable[[Job, Progress], None]) -> None:
        self._config = config
        self._hear = hear
        self.first: Future[dict[str, str]] = Future()
        self.replaced = 0
        self.rounds = 0
        self._resting = False
        self._loaded = False
        self._request: Request | None = None
        self._worker: Worker | None = None
        self._failures = 0
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._wake, self._waker = multiprocessing.Pipe(duplex=False)
        self._thread = threading.Thread(target=self._look_after, name="worker-slot", daemon=True)
        self._thread.start()

    @property
    def free(self) -> bool:
        """Whether there is room for a job."""
        return self._request is None

    @property
    def usable(self) -> bool:
        """Whether there is a worker, or one is starting that has not failed yet."""
        return not self._resting and self._thread.is_alive()

    @property
    def ready(self) -> bool:
        """Whether a worker with a loaded model waits for a job."""
        return self.free and self.usable and self._loaded

    def submit(self, request: Request) -> None:
        """Gives it something to do; it must be free."""
        with self._lock:
            if not self.usable:
                request.future.set_exception(_unavailable("no worker could be started; the next try follows"))
                return
            self._request = request
        self._poke()

    def kill(self) -> None:
        """Ends the worker, from any thread; its job ends as crashed."""
        worker = self._worker
        if worker is not None:
            worker.kill()

    def close(self) -> None:
        """Stops at once; `join` waits for it."""
        self._closing.set()
        self._poke()
        self.kill()

    def join(self, seconds: float) -> None:
        """Waits for the thread, at most that long."""
        self._thread.join(seconds)

    def _poke(self) -> None:
        with suppress(OSError):
            self._waker.send_bytes(b"!")

    # -- the slot's thread -----------------------------------------------------------------------------------------

    def _look_after(self) -> None:
        try:
            while not self._closing.is_set():
                try:
                    if (loaded := self._start()) is not None:
                        self._serve(loaded)
                except Exception as error:
                    # A bug. It costs the contract an attempt, since only this contract may run into it.
                    log.exception("part_failed", failed_part="workers", advice="report this bug")
                    self._refuse(ContractError(ErrorCode.INTERNAL, detail=type(error).__name__))
                self._drop_worker()
                if self._resting:
                    self._closing.wait(rest_seconds(self._failures) * self._config.workers.retry_scale)
        finally:
            self._drop_worker()
            with self._lock:
                self._resting = True
                request, self._request = self._request, None
            if request is not None:
                request.future.set_exception(WorkerCrashed("the pool was stopped"))
            if not self.first.done():
                self.first.set_exception(_unavailable("it was stopped"))

    def _start(self) -> int | None:
        """Starts a worker that loads the model; returns the bytes that it holds then, None if that failed."""
        try:
            ready = self._load()
        except ContractError as problem:
            self._refuse(problem)
            return None
        if ready is None:
            return None
        self._resting, self._loaded = False, True
        if not self.first.done():
            self.first.set_result(ready.identity)
        return ready.data

    def _load(self) -> Ready | None:
        try:
            worker = self._worker = Worker(self._config)
            end = time.monotonic() + START_SECONDS
            while not self._closing.is_set():
                # In steps, so that `rounds` grows: a request may wait here, and a model may take its time to load.
                message = self._receive(worker, min(_LONGEST_TICK, max(0.0, end - time.monotonic())))
                if isinstance(message, Ready):
                    worker.settle()
                    return message
                if isinstance(message, Failed):
                    raise message.failure
                if message is None and time.monotonic() >= end:
                    raise _unavailable(f"it was not ready within {START_SECONDS:g} s")
            return None
        except WorkerDied as died:
            raise _unavailable(f"the worker process ended while it started ({died})") from None
        except OSError as error:
            raise _unavailable(f"no worker process can be started ({error.strerror or error})") from None

    def _refuse(self, problem: ContractError) -> None:
        """A worker could not be started: the very first time that is the end, later it is tried again."""
        if self._closing.is_set():
            return  # it was killed
        if self.first.done():
            self._rest(problem)
        else:
            self.first.set_exception(problem)
            self._closing.set()

    def _rest(self, problem: ContractError) -> None:
        """The worker itself is at fault: a pause follows, longer each time, and whoever waits for this slot is told."""
        self._failures += 1
        log.warning("model_unavailable", problem=problem.message, advice=problem.advice, failures=self._failures)
        with self._lock:
            self._resting = True
            request, self._request = self._request, None
        if request is not None:
            request.future.set_exception(problem)

    def _serve(self, loaded: int) -> None:
        """Answers requests until the worker has to go."""
        worker = self._worker
        assert worker is not None
        served = 0
        while not self._closing.is_set():
            request = self._request
            if request is None:
                if not self._idle(worker):
                    return
                continue
            end = self._answer(worker, request, loaded)
            if not end.fit:
                self._drop_worker()  # before anybody learns of the end, so that nothing of it still runs then
            if end.unfit is not None:
                self._rest(end.unfit)
                return
            self._failures = 0
            if end.again:
                return
            self._deliver(request, end)
            served += 1
            if not end.fit or served >= self._config.workers.recycle_after:
                return

    def _idle(self, worker: Worker) -> bool:
        """Waits until there is something to do; False if the worker has died meanwhile."""
        try:
            self._receive(worker, None)
        except WorkerDied as died:
            log.warning("worker_replaced", reason=f"died idle ({died})")
            self.replaced += 1
            self._failures += 1
            if self._failures > _DEATHS_AT_ONCE:
                self._rest(_unavailable(f"the worker process dies before it has a contract ({died})"))
            return False
        return True

    def _deliver(self, request: Request, end: _End) -> None:
        with self._lock:
            self._request = None
        if end.error is None:
            request.future.set_result(end.value)
        else:
            request.future.set_exception(end.error)

    def _answer(self, worker: Worker, request: Request, loaded: int) -> _End:
        """Runs one request in the worker, within its limits."""
        limit = self._config.workers.timeout_seconds if request.job else START_SECONDS
        until, stage = math.inf, STARTING
        spent, last = 0.0, time.monotonic()
        begun = False
        try:
            worker.send(request.message)
            while not self._closing.is_set():
                message = self._receive(worker, _TICK_SECONDS)
                now = time.monotonic()
                spent, last = spent + min(now - last, _LONGEST_TICK), now
                begun = begun or message is not None
                if isinstance(message, Done):
                    return _End(message.value, fit=self._is_fit(message.data - loaded))
                if isinstance(message, Failed):
                    return self._failed(request, message, loaded)
                if isinstance(message, Note) and request.job:
                    stage = message.progress.stage
                    if stage in PAGED:
                        spent = 0.0  # many pages may take their time; none may take more than all other stages
                    self._hear(request.job, message.progress)
                elif isinstance(message, TimeBudget):
                    until = math.inf if message.until is None else message.until
                worker.grown()
                if worker.has_said_more():
                    continue  # this thread is late; the budget it knows may be out of date
                if spent > limit:
                    return _End(error=WorkerTimeout())
                if worker.processor_seconds() > until + _CPU_GRACE_SECONDS and request.job:
                    return _End(error=too_slow(self._config.limits.cpu_budget(request.job.size), stage))
        except WorkerDied as died:
            return self._died(worker, request, died, begun)
        return _End(error=WorkerCrashed("the pool was stopped"))

    def _failed(self, request: Request, message: Failed, loaded: int) -> _End:
        if message.unfit:
            return _End(unfit=message.failure)
        if message.memory and not request.again:
            request.again = True
            log.warning(
                "worker_replaced", task_id=_id(request), reason="memory", advice="tried again in a fresh worker"
            )
            return _End(again=True)
        return _End(error=message.failure, fit=not message.memory and self._is_fit(message.data - loaded))

    def _died(self, worker: Worker, request: Request, died: WorkerDied, begun: bool) -> _End:
        """A process that cannot get more memory rarely says so: it aborts. What is concluded here is a guess."""
        self.replaced += 1
        if died.garbled:
            return _End(unfit=_unavailable("worker and daemon do not understand each other; was it upgraded?"))
        if not begun and not request.lost:
            request.lost = True
            log.warning("worker_replaced", reason=f"died idle ({died})")
            return _End(again=True)
        allowed = self._config.limits.memory_mb
        # A buffer that cannot grow to twice its size holds a third of the limit at that moment.
        near = worker.grown() > allowed * 1_000_000 / 3
        if died.exitcode == -signal.SIGABRT or near:
            if not request.again:
                request.again = True
                log.warning("worker_replaced", task_id=_id(request), reason=f"memory ({died})")
                return _End(again=True)
            return _End(error=ContractError(ErrorCode.OUT_OF_MEMORY, limit_mb=allowed))
        log.warning("worker_replaced", task_id=_id(request), reason=f"died ({died})")
        return _End(error=WorkerCrashed(str(died)))

    def _is_fit(self, kept: int) -> bool:
        """Whether the memory that the worker has not given back leaves the next contract most of its share."""
        fit = kept < max(self._config.limits.memory_mb * 1_000_000 / 4, _KEPT_AT_LEAST)
        if not fit:
            log.info("worker_recycled", kept_mb=kept // 1_000_000)
        return fit

    def _receive(self, worker: Worker, timeout: float | None) -> Any:
        message = worker.receive(timeout, self._wake)
        self.rounds += 1
        while self._wake.poll():
            self._wake.recv_bytes()
        return message

    def _drop_worker(self) -> None:
        self._loaded = False
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()


def rest_seconds(failures: int) -> float:
    """How long a slot rests after that many failures in a row."""
    return min(_LONGEST_REST, 2.0 ** min(failures - 1, 10))  # an exponent of 1,024 is too large for a float


def _unavailable(detail: str) -> ContractError:
    return ContractError(ErrorCode.MODEL_UNAVAILABLE, detail=detail)


def _id(request: Request) -> str | None:
    return request.job.task_id if request.job else None
