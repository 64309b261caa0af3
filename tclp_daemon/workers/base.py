"""What the dispatcher asks of any executor: a local pool of processes now, a cluster later."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from typing import Self

from tclp_daemon.pipeline import Outcome
from tclp_daemon.task import Job, Progress


class WorkerCrashed(Exception):
    """The process that ran a job died; costs one attempt of that job."""


class WorkerTimeout(Exception):
    """A job exceeded `workers.timeout_seconds` and was stopped; costs one attempt of that job."""


class StartCancelled(Exception):
    """The daemon was asked to stop while the executor was starting."""


def never() -> bool:
    """For a start that nobody cancels."""
    return False


class Executor(ABC):
    """Runs jobs; a context manager that shuts down at its end.

    One suite tests every implementation: tests/workers/test_executors.py.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many jobs may run at once; the dispatcher never submits more."""

    def available(self) -> bool:
        """False while no worker can take another job, for example between two attempts to load the model."""
        return True

    @abstractmethod
    def start(self, stopping: Callable[[], bool] = never) -> dict[str, str]:
        """Loads the model; returns what identifies it (see `pipeline.Pipeline.identity`).

        Args:
            stopping: asked at least once, then several times a second; True gives up.

        Raises:
            ConfigError: the model cannot be loaded.
            StartCancelled: `stopping` returned True. Nothing is left running.
        """

    @abstractmethod
    def submit(self, job: Job) -> Future[Outcome]:
        """Starts a job. The future raises ContractError, WorkerCrashed or WorkerTimeout.

        A ContractError `model_unavailable` means that the executor is at fault, not the contract.

        Raises:
            RuntimeError: all slots are taken.
        """

    @abstractmethod
    def progress(self, job: Job) -> Progress | None:
        """How far a running job is; None before its first report."""

    @abstractmethod
    def forget(self, job: Job) -> None:
        """Drops what is kept of a job whose outcome has been recorded."""

    @abstractmethod
    def heal(self) -> int:
        """How many workers died or hung and were replaced since the last call. Called regularly; never waits."""

    @abstractmethod
    def shutdown(self) -> None:
        """Stops at once; running jobs end with WorkerCrashed. May be called twice."""
