"""`tclp-daemon analyze`: the same pipeline in worker processes, without a daemon, an inbox or an outbox."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tclp_daemon.cli.app import ConfigOption, Exit, Settings, app, settings
from tclp_daemon.cli.tasks import JsonOption, printable
from tclp_daemon.errors import ContractError, ErrorCode, UsageError
from tclp_daemon.formats import SUFFIXES
from tclp_daemon.system.files import NAME_MAX, shorten

if TYPE_CHECKING:
    from tclp_daemon.config import Config
    from tclp_daemon.pipeline import Outcome
    from tclp_daemon.task import Job
    from tclp_daemon.workers.base import Executor

_LOOK_SECONDS = 0.2
# How long a worker that cannot be started is waited for; then the files that are left are told as failed.
_PATIENCE_SECONDS = 60.0

_REPORT = ".report.html"


@app.command()
def analyze(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Contracts.")],
    as_json: JsonOption = False,
    report: Annotated[
        Path | None, typer.Option(file_okay=False, help="Write the HTML reports into this folder.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Worker processes; 0 for one per core.")] = 1,
    config: ConfigOption = None,
) -> None:
    """Analyse contracts here and now, without the daemon. Exit code 3 if one failed."""
    import json

    loaded = local_config(settings(ctx, config))
    for name, times in Counter(path.name for path in files if report is not None).items():
        if times > 1:
            raise UsageError(
                f"{times} of the files are named {printable(name)}, so one's report would overwrite the other's. "
                "Analyse them one after the other, each with a --report folder of its own."
            )
    failed = False
    separator = "[\n"
    for path, outcome in run_all(loaded, files, jobs, quiet=as_json):
        failed |= isinstance(outcome, ContractError)
        if report is not None and not isinstance(outcome, ContractError):
            report.mkdir(parents=True, exist_ok=True)
            (report / f"{shorten(path.name, NAME_MAX - len(_REPORT))}{_REPORT}").write_text(
                outcome.report, encoding="utf-8"
            )
        if as_json:
            typer.echo(separator + json.dumps(_answer(path, outcome), indent=2), nl=False)
            separator = ",\n"
        elif isinstance(outcome, ContractError):
            typer.echo(f"{printable(path.name)}: failed ({outcome.code}): {outcome.message} {outcome.advice}")
        else:
            _panel(path, outcome)
    if as_json:
        typer.echo("\n]")
    if failed:
        raise typer.Exit(Exit.TASK_FAILED)


def _answer(path: Path, outcome: Outcome | ContractError) -> dict[str, Any]:
    """One element of the JSON answer."""
    if isinstance(outcome, ContractError):
        return {
            "file": str(path), "status": "failed", "error": outcome.message, "error_code": outcome.code.value,
            "advice": outcome.advice,
        }  # fmt: skip
    result = outcome.result.model_dump(mode="json", exclude={"result_file", "report_file"})
    return {"file": str(path), "status": "completed", "result": result}


def run_all(
    config: Config, files: list[Path], jobs: int, *, quiet: bool
) -> Iterator[tuple[Path, Outcome | ContractError]]:
    """Runs all files through worker processes, with a progress bar on a terminal.

    Yields each answer as soon as it is there, so that nothing is kept: with several jobs not in the order given.
    """
    from rich.console import Console
    from rich.progress import Progress

    from tclp_daemon.workers.local import LocalPool

    answered = 0
    pool = LocalPool(config, count=min(jobs or config.workers.processes, len(files)))
    bars = Progress(console=Console(stderr=True), disable=quiet or not Console(stderr=True).is_terminal)
    with bars:
        overall = bars.add_task("loading the model", total=100 * len(files))
        pool.start()
        try:
            running: dict[Future[Outcome], tuple[Path, Job]] = {}
            queued = deque(files)
            end = 0.0
            while queued or running:
                if running or pool.available():
                    end = time.monotonic() + _PATIENCE_SECONDS
                late = time.monotonic() > end
                while queued and len(running) < pool.slots and (pool.available() or late):
                    path = queued.popleft()
                    try:
                        job = _job(path, config)
                    except ContractError as error:
                        answered += 1
                        yield path, error
                        continue
                    running[pool.submit(job)] = (path, job)
                if not running and queued:
                    time.sleep(_LOOK_SECONDS)
                done, _ = wait(running, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    path, job = running.pop(future)
                    answered += 1
                    yield path, _outcome(future, pool, job, config)
                    pool.forget(job)
                steps = [pool.progress(job) for _, job in running.values()]
                names = ", ".join(printable(job.display_name) for _, job in running.values())
                completed = 100 * answered + sum(step.percent for step in steps if step)
                bars.update(overall, completed=completed, description=names or "done")
        finally:
            pool.shutdown()


def _outcome(future: Future[Outcome], pool: Executor, job: Job, config: Config) -> Outcome | ContractError:
    from tclp_daemon.workers.base import WorkerCrashed, WorkerTimeout

    try:
        return future.result()
    except ContractError as error:
        return error
    except WorkerTimeout:
        limit = f"{config.workers.timeout_seconds:g}"
        return ContractError(ErrorCode.TIMEOUT, limit_s=limit, stage=_stage(pool, job))
    except WorkerCrashed:
        return ContractError(ErrorCode.WORKER_CRASHED, stage=_stage(pool, job))


def _job(path: Path, config: Config) -> Job:
    from tclp_daemon.task import Job

    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ContractError(ErrorCode.UNSUPPORTED_TYPE)
    try:
        if not path.is_file():
            raise ContractError(
                ErrorCode.UNREADABLE, detail="it is not a regular file" if path.exists() else "it is not there"
            )
        size = path.stat().st_size
        if size > config.limits.file_mb * 1_000_000:
            raise ContractError(
                ErrorCode.TOO_LARGE, found_mb=round(size / 1_000_000, 1), limit_mb=config.limits.file_mb
            )
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ContractError(ErrorCode.UNREADABLE, detail=error.strerror) from None
    return Job(
        task_id=str(uuid.uuid4()), attempt=1, spool=path.resolve(), suffix=suffix, display_name=path.name,
        sha256=sha256, size=size,
    )  # fmt: skip


def _stage(pool: Executor, job: Job) -> str:
    progress = pool.progress(job)
    return str(progress.stage) if progress else "starting"


def local_config(options: Settings) -> Config:
    """The configuration; the defaults where none was named and none is installed, since no folders are needed here.

    Raises:
        ConfigError: there is one, or should be one, that cannot be read or is wrong.
    """
    from tclp_daemon.config import DEFAULT_CONFIG, parse_config

    if options.config_path is None and not os.environ.get("TCLP_CONFIG"):
        try:
            DEFAULT_CONFIG.lstat()
        except FileNotFoundError:
            root = Path("/nonexistent")  # the three folders are not used
            return parse_config({name: {"path": str(root / f"tclp-{name}")} for name in ("inbox", "outbox", "state")})
        except OSError:
            pass  # it may be there; reading it says what is wrong
    return options.config()


def _panel(path: Path, outcome: Outcome) -> None:
    from tclp_daemon.report.words import count

    result = outcome.result
    pages = f", {count(result.statistics.page_count, 'page')}" if result.statistics.page_count else ""
    typer.echo(
        f"{printable(path.name)}: {result.classification} ({count(len(result.findings), 'finding')}, "
        f"{count(result.statistics.word_count, 'word')}{pages}, {result.statistics.analysis_time:.1f} s)"
    )
    for warning in result.warnings:
        typer.echo(f"  note: {warning.message}")
    for finding in result.findings:
        place = [f"page {finding.page}" if finding.page else f"paragraph {finding.paragraph}"]
        if finding.clause:
            place.append(f"clause {finding.clause}")
        topics = f" [{', '.join(finding.topics)}]" if finding.topics else ""
        typer.echo(f"  {finding.probability:>4.0%}  {', '.join(place)}{topics}: {printable(finding.text[:160])}")
