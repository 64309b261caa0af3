"""`tclp-daemon analyze`: the same pipeline in worker processes, without a daemon, an inbox or an outbox."""

from __future__ import annotations

import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tclp_daemon.cli.base import ConfigOption, Exit, JsonOption, local_config, settings
from tclp_daemon.cli.outcome import in_words, lines
from tclp_daemon.cli.output import JsonList
from tclp_daemon.cli.words import count, printable
from tclp_daemon.errors import ContractError, UsageError
from tclp_daemon.system.files import NAME_MAX, shorten

if TYPE_CHECKING:
    from tclp_daemon.config import Config
    from tclp_daemon.pipeline import Outcome
    from tclp_daemon.task import Job
    from tclp_daemon.workers.base import Executor

_LOOK_SECONDS = 0.2
# How long to wait for a worker that cannot be started; then the remaining files fail.
_PATIENCE_SECONDS = 60.0

Answer = tuple[Path, "Outcome | ContractError"]


def analyze(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Contracts.")],
    as_json: JsonOption = False,
    report: Annotated[
        Path | None, typer.Option(file_okay=False, help="Write the HTML reports into this directory.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Worker processes; 0 for one per core.")] = 1,
    config: ConfigOption = None,
) -> None:
    """Analyse contracts here and now, without the daemon. Exit code 3 if one failed.

    Example: tclp-daemon analyze nda.pdf --report reports
    """
    loaded = local_config(settings(ctx, config))
    if report is not None:
        _check_names(files)
    failed = False
    listed = JsonList()
    for path, outcome in run_all(loaded, files, jobs, quiet=as_json):
        failed |= isinstance(outcome, ContractError)
        if report is not None and not isinstance(outcome, ContractError):
            _write_report(report, path.name, outcome.report)
        if as_json:
            listed.add(_answer(path, outcome))
        elif isinstance(outcome, ContractError):
            typer.echo(f"{printable(path.name)}: failed ({outcome.code}): {outcome.message} {outcome.advice}")
        else:
            _panel(path, outcome)
    if as_json:
        listed.end()
    if failed:
        raise typer.Exit(Exit.TASK_FAILED)


def _check_names(files: list[Path]) -> None:
    for name, times in Counter(path.name for path in files).items():
        if times > 1:
            raise UsageError(
                f"{times} of the files are named {printable(name)}, so one's report would overwrite the other's. "
                "Analyse them one after the other, each with its own --report directory."
            )


def _write_report(directory: Path, name: str, report: str) -> None:
    from tclp_daemon.outbox.names import REPORT

    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{shorten(name, NAME_MAX - len(REPORT))}{REPORT}"
    path.write_text(report, encoding="utf-8")


def _answer(path: Path, outcome: Outcome | ContractError) -> dict[str, Any]:
    """One element of the JSON answer."""
    if isinstance(outcome, ContractError):
        return {
            "file": str(path), "status": "failed", "error": outcome.message, "error_code": outcome.code.value,
            "advice": outcome.advice,
        }  # fmt: skip
    result = outcome.result.model_dump(mode="json", exclude={"result_file", "report_file"})
    return {"file": str(path), "status": "completed", "result": result}


def run_all(config: Config, files: list[Path], jobs: int, *, quiet: bool) -> Iterator[Answer]:
    """Runs all files through worker processes, with a progress bar on a terminal.

    Yields each answer as soon as it is there, so that nothing is kept: with several jobs not in the order given.
    """
    from rich.console import Console
    from rich.progress import Progress

    from tclp_daemon.workers.local import LocalPool

    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal) as bars:
        overall = bars.add_task("loading the model", total=100 * len(files))
        with LocalPool(config, count=min(jobs or config.workers.processes, len(files))) as pool:
            pool.start()
            batch = _Batch(pool, config, files)
            while not batch.finished:
                yield from batch.round()
                bars.update(overall, completed=batch.percent, description=batch.names or "done")


class _Batch:
    """Files on their way through a pool.

    Args:
        pool: started already.
        config: the complete configuration.
        files: paths of contracts.
    """

    def __init__(self, pool: Executor, config: Config, files: list[Path]) -> None:
        self._pool = pool
        self._config = config
        self._count = len(files)
        self._waiting = deque(files)
        self._running: dict[Future[Outcome], tuple[Path, Job]] = {}
        self._alive_at = time.monotonic()

    @property
    def finished(self) -> bool:
        """True when each file has its answer."""
        return not self._waiting and not self._running

    @property
    def percent(self) -> int:
        """The progress of all files together, in per cent of one file."""
        steps = (self._pool.progress(job) for _, job in self._running.values())
        answered = self._count - len(self._waiting) - len(self._running)
        return 100 * answered + sum(step.percent for step in steps if step)

    @property
    def names(self) -> str:
        """The files that are being analysed."""
        return ", ".join(printable(job.display_name) for _, job in self._running.values())

    def round(self) -> Iterator[Answer]:
        """Gives the pool what it takes, waits a moment, and yields the answers that are there."""
        yield from self._submit()
        if not self._running and self._waiting:
            time.sleep(_LOOK_SECONDS)
        done, _ = wait(self._running, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
        for future in done:
            path, job = self._running.pop(future)
            yield path, _outcome(future, self._pool, job, self._config)
            self._pool.forget(job)

    def _submit(self) -> Iterator[Answer]:
        """Starts the next files; yields those that cannot even be opened."""
        if self._running or self._pool.available():
            self._alive_at = time.monotonic()
        # A worker that cannot be had any more: the pool answers each file with the reason.
        late = time.monotonic() > self._alive_at + _PATIENCE_SECONDS
        while self._waiting and len(self._running) < self._pool.slots and (self._pool.available() or late):
            path = self._waiting.popleft()
            try:
                job = _job(path, self._config)
            except ContractError as error:
                yield path, error
            else:
                self._running[self._pool.submit(job)] = (path, job)


def _outcome(future: Future[Outcome], pool: Executor, job: Job, config: Config) -> Outcome | ContractError:
    from tclp_daemon.workers.base import WorkerCrashed, WorkerTimeout
    from tclp_daemon.workers.failures import error_of

    try:
        return future.result()
    except (ContractError, WorkerCrashed, WorkerTimeout) as failure:
        return error_of(failure, pool.progress(job), config.workers.timeout_seconds)


def _job(path: Path, config: Config) -> Job:
    from tclp_daemon.api import open_contract
    from tclp_daemon.task import Job

    contract = open_contract(path, None, config.limits)
    return Job(
        task_id=str(uuid.uuid4()), attempt=1, spool=path.resolve(), suffix=contract.suffix, display_name=contract.name,
        sha256=contract.sha256, size=len(contract.data),
    )  # fmt: skip


def _panel(path: Path, outcome: Outcome) -> None:
    result = outcome.result
    pages = [count(result.statistics.page_count, "page")] if result.statistics.page_count else []
    size = (count(result.statistics.word_count, "word"), *pages)
    typer.echo(f"{printable(path.name)}: {in_words(result, *size, f'{result.statistics.analysis_time:.1f} s')}")
    for warning in result.warnings:
        typer.echo(f"  note: {printable(warning.message)} {warning.advice}".rstrip())
    for line in lines(result):
        typer.echo(line)
