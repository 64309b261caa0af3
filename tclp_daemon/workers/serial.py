"""Runs each job at once in the calling process: for tests, and the reference for what other executors must do."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from tclp_daemon.config import Config
from tclp_daemon.errors import ConfigError, ContractError
from tclp_daemon.pipeline import Outcome, Pipeline
from tclp_daemon.task import Job, Progress
from tclp_daemon.workers.base import Executor, StartCancelled, never
from tclp_daemon.workers.failures import failed


class SerialExecutor(Executor):
    """An executor without processes; nothing protects the caller from a crash or an endless job."""

    def __init__(self, config: Config) -> None:
        self._limits = config.limits
        self._pipeline = Pipeline(config.model, config.limits, config.classification, config.ocr)
        self._progress: dict[tuple[str, int], Progress] = {}

    @property
    def slots(self) -> int:
        return 1

    def start(self, stopping: Callable[[], bool] = never) -> dict[str, str]:
        if stopping():
            raise StartCancelled
        try:
            self._pipeline.load()
        except ContractError as error:
            raise ConfigError(f"{error.message} {error.advice}") from None
        return self._pipeline.identity()

    def submit(self, job: Job) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        try:
            future.set_result(self._pipeline.process_contract(job, lambda p: self._note(job, p)))
        except Exception as error:
            future.set_exception(failed(error, job, self._limits).failure)
        return future

    def _note(self, job: Job, progress: Progress) -> None:
        self._progress[job.task_id, job.attempt] = progress

    def progress(self, job: Job) -> Progress | None:
        return self._progress.get((job.task_id, job.attempt))

    def forget(self, job: Job) -> None:
        self._progress.pop((job.task_id, job.attempt), None)

    def heal(self) -> int:
        return 0

    def shutdown(self) -> None:
        self._progress.clear()
