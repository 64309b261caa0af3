"""What the dispatcher asks of any executor: a local pool of processes now, a cluster later."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future

from tclp_daemon.pipeline import Outcome
from tclp_daemon.task import Job, Progress


class WorkerCrashed(Exception):
    """The process that ran a job died; costs one attempt of that job."""


class WorkerTimeout(Exception):
    """A job ran longer than it may and was stopped; costs one attempt of that job."""


class StartCancelled(Exception):
    """The daemon was asked to stop while the executor was starting."""


def never() -> bool:
    """For a start that nobody cancels."""
    return False


class Executor(ABC):
    """Runs jobs. One implementation-independent suite tests them all: tests/workers/test_executors.py."""

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many jobs may run at once; the dispatcher never submits more."""

    def available(self) -> bool:
        """False while no worker can be had for another job, such as between two tries to load the model."""
        return True

    @abstractmethod
    def start(self, stopping: Callable[[], bool] = never) -> dict[str, str]:
        """Makes ready, model loaded; returns what identifies the model (see `pipeline.Pipeline.identity`).

        Args:
            stopping: asked several times a second; True gives up.

        Raises:
            ConfigError: the model cannot be loaded.
            StartCancelled: `stopping` said so. Nothing is left running.
        """

    @abstractmethod
    def submit(self, job: Job) -> Future[Outcome]:
        """Starts a job. The future raises ContractError, WorkerCrashed or WorkerTimeout.

        A ContractError `model_unavailable` says that the executor, not the contract, is in trouble.

        Raises:
            RuntimeError: all slots are taken.
        """

    @abstractmethod
    def progress(self, job: Job) -> Progress | None:
        """How far a running job is; None before its first word."""

    @abstractmethod
    def forget(self, job: Job) -> None:
        """Drops what is left of a job whose outcome is recorded."""

    @abstractmethod
    def heal(self) -> int:
        """How many workers died or hung and were replaced since the last call. Called now and then; never waits."""

    @abstractmethod
    def shutdown(self) -> None:
        """Stops at once; running jobs are lost (the dispatcher has handed them back)."""
