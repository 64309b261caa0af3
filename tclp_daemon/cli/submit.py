"""`tclp-daemon submit`: a copy into the inbox under a temporary name, a rename, then the task id."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tclp_daemon.cli.app import ConfigOption, Exit, Settings, app, fail, settings
from tclp_daemon.cli.tasks import printable
from tclp_daemon.errors import ConfigError, UsageError
from tclp_daemon.files import is_file
from tclp_daemon.inbox.names import readable
from tclp_daemon.store import DATABASE
from tclp_daemon.task import Placement

if TYPE_CHECKING:
    from tclp_daemon.store import Store
    from tclp_daemon.task import Task

_POLL_SECONDS = 0.2
# As long as the scripts of docs/howto/poll-from-a-script.md wait.
_PATIENCE_SECONDS = 900.0


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
    store = _existing(options)
    _check(files, inbox, store, leave=options.config().inbox.when_accepted == "leave")
    _drop(files, inbox)
    accepted = list(_accepted(options, [readable(file.name) for file in files], since, timeout))
    if not wait:
        return
    finished = follow(options, [t.task_id for t in accepted])
    for task in finished:
        outcome = task.result["classification"] if task.result else f"failed: {task.error} {task.advice}"
        typer.echo(f"{printable(task.file)}: {outcome}")
    if any(task.status == "failed" for task in finished):
        raise typer.Exit(Exit.TASK_FAILED)


def follow(options: Settings, task_ids: list[str], patience: float = _PATIENCE_SECONDS) -> list[Task]:
    """Shows progress bars until all tasks are finished; returns them. Fails where nothing moves for `patience` seconds.

    What moves may be another contract: these may have to wait for their turn.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    store = options.store()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    before, deadline = None, 0.0
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
            now = (tasks, store.counts())
            if now != before:
                before, deadline = now, time.monotonic() + patience
            elif time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
    late = ", ".join(printable(task.file) for task in tasks if not task.finished)
    fail(
        f"Nothing moved for {patience / 60:g} minutes; not finished: {late}.",
        "Check that the daemon runs: systemctl status tclp-daemon",
    )


def _existing(options: Settings) -> Store | None:
    """The store, None before the daemon's first start and while it makes one.

    Raises:
        ConfigError: it is damaged; then nothing is dropped.
    """
    from tclp_daemon.startup import running_pid

    state = options.config().state.path
    if not (state / DATABASE).exists():
        return None
    try:
        return options.store()
    except ConfigError:
        if running_pid(state) is None:
            raise
        return None


def _check(files: list[Path], inbox: Path, store: Store | None, *, leave: bool) -> None:
    """Before anything is dropped: each file has a name of its own that is free in the inbox.

    Where originals stay in the inbox, a name is free again once the file that bears it was taken in.

    Raises:
        UsageError: not so.
    """
    if not inbox.is_dir():
        raise UsageError(f"The inbox {inbox} is not there. Is the share mounted?")
    for name, times in Counter(file.name for file in files).items():
        if times > 1:
            raise UsageError(f"{times} of the files are named {printable(name)}. Submit one after the other.")
        try:
            status = (inbox / name).lstat()
        except FileNotFoundError:
            continue
        tasks = store.find_tasks(readable(name)) if store is not None and leave else []
        if not any(is_file(status, t.identity) and t.sha256 and t.placed is not Placement.MOVED for t in tasks):
            raise UsageError(
                f"{printable(name)} lies in the inbox already and waits to be accepted. Is the daemon running?"
            )


def _drop(files: list[Path], inbox: Path) -> None:
    """Copies all, then renames all: what cannot be copied leaves the inbox as it was."""
    parts = [inbox / f".submit-{os.getpid()}-{number}.part" for number in range(len(files))]
    try:
        for file, part in zip(files, parts, strict=True):
            shutil.copyfile(file, part)
        for file, part in zip(files, parts, strict=True):
            part.rename(inbox / file.name)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _accepted(options: Settings, names: list[str], since: datetime, timeout: float) -> Iterator[Task]:
    """Prints and yields each task once the store has it."""
    deadline = time.monotonic() + timeout
    waiting = list(names)
    store = None
    while waiting:
        store = store or _existing(options)
        for name in list(waiting):
            found = [t for t in store.find_tasks(name, since=since) if t.file == name] if store else []
            if found:
                waiting.remove(name)
                typer.echo(f"{found[0].task_id}  {printable(name)}")
                yield found[0]
        if waiting and time.monotonic() > deadline:
            late = ", ".join(map(printable, waiting))
            fail(
                f"The daemon did not accept {late} within {timeout:g} s; the files wait in the inbox.",
                "Check that it runs: systemctl status tclp-daemon",
            )
        time.sleep(_POLL_SECONDS)
