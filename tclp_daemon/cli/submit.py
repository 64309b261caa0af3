"""`tclp-daemon submit`: a copy into the inbox under a temporary name, a rename, then the task id."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tclp_daemon.cli.app import ConfigOption, Exit, Settings, app, fail, settings
from tclp_daemon.errors import UsageError

if TYPE_CHECKING:
    from tclp_daemon.task import Task

_POLL_SECONDS = 0.2


@app.command()
def submit(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Contracts.", exists=True, dir_okay=False)],
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait for the results, with progress bars.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for the daemon to accept.")] = 60,
    config: ConfigOption = None,
) -> None:
    """Put contracts into the inbox and print their task ids. With --wait, exit code 3 if one failed."""
    options = settings(ctx, config)
    inbox = options.config().inbox.path
    since = datetime.now(UTC)
    names = [_drop(file, inbox) for file in files]
    accepted = list(_accepted(options, names, since, timeout))
    if not wait:
        return
    finished = follow(options, [t.task_id for t in accepted])
    for task in finished:
        outcome = task.result["classification"] if task.result else f"failed: {task.error} {task.advice}"
        typer.echo(f"{task.file}: {outcome}")
    if any(task.status == "failed" for task in finished):
        raise typer.Exit(Exit.TASK_FAILED)


def follow(options: Settings, task_ids: list[str]) -> list[Task]:
    """Shows progress bars until all tasks are finished; returns them."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from tclp_daemon.cli.tasks import printable

    store = options.store()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        rows = {}
        while True:
            tasks = [store.get_task(task_id) for task_id in task_ids]
            for task in tasks:
                if task.task_id not in rows:
                    rows[task.task_id] = bars.add_task(printable(task.file), total=100)
                text = f"{printable(task.file)} [{task.stage if not task.finished else task.status}]"
                bars.update(rows[task.task_id], completed=100 if task.finished else task.progress, description=text)
            if all(task.finished for task in tasks):
                return tasks
            time.sleep(_POLL_SECONDS)


def _drop(file: Path, inbox: Path) -> str:
    if not inbox.is_dir():
        raise UsageError(f"The inbox {inbox} is not there. Is the share mounted?")
    target = inbox / file.name
    temporary = inbox / f".{file.name[:200]}.part"
    if target.exists():
        raise UsageError(f"{file.name} lies in the inbox already and waits to be accepted. Is the daemon running?")
    shutil.copyfile(file, temporary)
    temporary.rename(target)
    return file.name


def _accepted(options: Settings, names: list[str], since: datetime, timeout: float) -> Iterator[Task]:
    """Prints and yields each task once the store has it."""
    deadline = time.monotonic() + timeout
    waiting = list(names)
    store = None
    while waiting:
        if store is None and (options.config().state.path / "tasks.sqlite3").exists():
            store = options.store()
        for name in list(waiting):
            found = [t for t in store.find_tasks(name) if t.created_at >= since and t.file == name] if store else []
            if found:
                waiting.remove(name)
                typer.echo(f"{found[0].task_id}  {name}")
                yield found[0]
        if waiting and time.monotonic() > deadline:
            fail(
                f"The daemon did not accept {', '.join(waiting)} within {timeout:g} s; the files wait in the inbox.",
                "Check that it runs: systemctl status tclp-daemon",
            )
        time.sleep(_POLL_SECONDS)
