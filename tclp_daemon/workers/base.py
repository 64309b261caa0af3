"""What the dispatcher asks of any executor: a local pool of processes now, a cluster later."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import Future

from tclp_daemon.pipeline import Outcome
from tclp_daemon.task import Job, Progress


class WorkerCrashed(Exception):
    """The process that ran a job died; costs one attempt of that job."""


class WorkerTimeout(Exception):
    """A job ran longer than it may and was stopped; costs one attempt of that job."""


class Executor(ABC):
    """Runs jobs. One implementation-independent suite tests them all: tests/workers/test_executors.py."""

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many jobs may run at once; the dispatcher never submits more."""

    @abstractmethod
    def start(self) -> dict[str, str]:
        """Makes ready, model loaded; returns what identifies the model (see `pipeline.Analyser.identity`).

        Raises:
            ConfigError: the model cannot be loaded.
        """

    @abstractmethod
    def submit(self, job: Job) -> Future[Outcome]:
        """Starts a job. The future raises ContractError, WorkerCrashed or WorkerTimeout."""

    @abstractmethod
    def progress(self, job: Job) -> Progress | None:
        """How far a running job is; None before its first word."""

    @abstractmethod
    def forget(self, job: Job) -> None:
        """Drops what is left of a job whose outcome is recorded."""

    @abstractmethod
    def heal(self) -> int:
        """Replaces workers that died idle; returns how many. Called now and then."""

    @abstractmethod
    def shutdown(self) -> None:
        """Stops at once; running jobs are lost (the dispatcher has handed them back)."""
