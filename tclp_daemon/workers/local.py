"""A pool of worker processes on this machine: `workers.count` slots, each on its own (`slot.py`)."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from typing import Any

from tclp_daemon.config import Config
from tclp_daemon.errors import ConfigError, ContractError
from tclp_daemon.pipeline import Outcome
from tclp_daemon.system.logs import get_logger
from tclp_daemon.task import Job, Progress
from tclp_daemon.workers.base import Executor, StartCancelled, never
from tclp_daemon.workers.messages import Call, Run
from tclp_daemon.workers.slot import Request, Slot

log = get_logger("workers")

_LOOK_SECONDS = 0.05
# How long a slot's thread may be stuck in the pipe of a worker that began a message and did not finish it.
_STUCK_SECONDS = 30.0
_STOP_SECONDS = 10.0


class LocalPool(Executor):
    """`workers.count` processes, each with its share of the cores.

    Args:
        config: the complete configuration.
        count: overrides `workers.count`.
    """

    def __init__(self, config: Config, *, count: int | None = None) -> None:
        self._config = config
        self._count = count or config.workers.processes
        self._slots: list[Slot] = []
        self._progress: dict[tuple[str, int], Progress] = {}
        self._stuck: dict[int, tuple[int, float]] = {}
        self._healed_at = time.monotonic()

    @property
    def slots(self) -> int:
        return self._count

    def available(self) -> bool:
        return any(slot.free and slot.usable for slot in self._slots)

    def start(self, stopping: Callable[[], bool] = never) -> dict[str, str]:
        self._slots = [Slot(self._config, self._hear) for _ in range(self._count)]
        try:
            identities = [self._first(slot, stopping) for slot in self._slots]
            return identities[0]
        except ContractError as error:
            self.shutdown()
            raise ConfigError(f"{error.message} {error.advice}") from None
        except BaseException:
            self.shutdown()
            raise

    def _first(self, slot: Slot, stopping: Callable[[], bool]) -> dict[str, str]:
        while True:
            if stopping():
                raise StartCancelled
            try:
                return slot.first.result(timeout=_LOOK_SECONDS)
            except TimeoutError:
                continue

    def call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """Calls a function with the loaded `Pipeline` in a worker and waits for its answer; for the doctor.

        Raises:
            ContractError: it failed.
        """
        return self._give(Request(Call(function, arguments), Future())).result()

    def submit(self, job: Job) -> Future[Outcome]:
        self._progress.pop((job.task_id, job.attempt), None)
        return self._give(Request(Run(job), Future(), job))

    def _give(self, request: Request) -> Future[Any]:
        free = sorted((slot for slot in self._slots if slot.free), key=lambda slot: (not slot.ready, not slot.usable))
        if not free:
            raise RuntimeError("no free slot")  # the dispatcher never submits more than `slots`
        free[0].submit(request)
        return request.future

    def _hear(self, job: Job, progress: Progress) -> None:
        self._progress[job.task_id, job.attempt] = progress

    def progress(self, job: Job) -> Progress | None:
        return self._progress.get((job.task_id, job.attempt))

    def forget(self, job: Job) -> None:
        self._progress.pop((job.task_id, job.attempt), None)

    def heal(self) -> int:
        now = time.monotonic()
        self._end_stuck(min(now - self._healed_at, 1.0))  # more is a daemon that was asleep itself
        self._healed_at = now
        replaced = sum(slot.replaced for slot in self._slots)
        for slot in self._slots:
            slot.replaced = 0
        return replaced

    def _end_stuck(self, passed: float) -> None:
        """The slots replace their workers by themselves, unless one hangs in the middle of a message."""
        for number, slot in enumerate(self._slots):
            rounds, silent = self._stuck.get(number, (-1, 0.0))
            silent = silent + passed if not slot.free and slot.rounds == rounds else 0.0
            if silent > _STUCK_SECONDS:
                log.warning("worker_stuck", advice="it is replaced")
                slot.kill()
                silent = 0.0  # the slot has as long again before the next kill
            self._stuck[number] = (slot.rounds, silent)

    def shutdown(self) -> None:
        for slot in self._slots:
            slot.close()
        for slot in self._slots:
            slot.join(_STOP_SECONDS)
        self._slots = []
