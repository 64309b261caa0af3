"""`tclp-daemon submit`: copies contracts into the inbox, prints their task ids, and may wait for the results."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tclp_daemon.cli.base import ConfigOption, Exit, Settings, fail, settings
from tclp_daemon.cli.collect import collect
from tclp_daemon.cli.follow import POLL_SECONDS, Stall, first_of, follow
from tclp_daemon.cli.outcome import in_words
from tclp_daemon.cli.words import printable
from tclp_daemon.errors import ConfigError, UsageError
from tclp_daemon.inbox.drop import Dropped, drop
from tclp_daemon.store import DATABASE
from tclp_daemon.system.files import is_file, readable
from tclp_daemon.task import Placement, Status

if TYPE_CHECKING:
    from tclp_daemon.store import StoreReader
    from tclp_daemon.task import Task

IsAccepted = Callable[[str, os.stat_result], bool]


def submit(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Contracts, or directories of contracts.", exists=True)
    ],
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait for the results, with progress bars.")] = False,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for the daemon to accept the next contract.")
    ] = 60,
    config: ConfigOption = None,
) -> None:
    """Copy contracts into the inbox and print their task ids. With --wait, exit code 3 if one failed.

    Example: tclp-daemon submit --wait nda.pdf
    """
    options = settings(ctx, config)
    inbox = options.config().inbox
    since = datetime.now(UTC)
    drops = collect(files, inbox)
    store = _existing_store(options)
    left = _Left(store, inbox.path) if store and inbox.when_accepted == "leave" else None
    known = [task for item in drops if left and (task := left.same_contract(item))]
    names = {task.file for task in known}
    new = [item for item in drops if readable(item.name) not in names]
    _drop(new, inbox.path, left.is_accepted if left else lambda name, status: False)
    for task in known:
        typer.echo(f"{task.task_id}  {printable(task.file)}  (already submitted)")
    accepted = known + list(_accepted(options, [readable(item.name) for item in new], since, timeout))
    if wait:
        _results(follow(options, [task.task_id for task in accepted]))


def _results(finished: Sequence[Task]) -> None:
    from tclp_daemon.outbox.sidecar import result_of

    for task in finished:
        result = result_of(task)
        words = in_words(result) if result else f"failed: {task.error} {task.advice}"
        typer.echo(f"{printable(task.file)}: {words}")
    if any(task.status is Status.FAILED for task in finished):
        raise typer.Exit(Exit.TASK_FAILED)


def _existing_store(options: Settings) -> StoreReader | None:
    """The store; None before the daemon's first start and while it creates the store.

    Raises:
        ConfigError: it is damaged; then nothing is dropped.
    """
    from tclp_daemon.service.startup import running_pid

    state = options.config().state.path
    if not (state / DATABASE).exists():
        return None
    try:
        return options.store()
    except ConfigError:
        if running_pid(state) is None:
            raise
        return None


@dataclass(frozen=True, slots=True)
class _Left:
    """The accepted contracts that stay in the inbox, where inbox.when_accepted is "leave"."""

    store: StoreReader
    inbox: Path

    def _tasks(self, name: str) -> list[Task]:
        tasks = self.store.find_tasks(readable(name))
        return [t for t in tasks if t.file == readable(name) and t.sha256 and t.placed is not Placement.MOVED]

    def is_accepted(self, name: str, status: os.stat_result) -> bool:
        """Whether the file that has this name in the inbox was accepted, so that another may take its place."""
        return any(is_file(status, task.identity) for task in self._tasks(name))

    def same_contract(self, item: Dropped) -> Task | None:
        """The task of the same bytes under the same name: the daemon would not make a second one."""
        tasks = self._tasks(item.name)
        if not tasks:
            return None
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            status = (self.inbox / item.name).lstat()
            if not any(is_file(status, task.identity) for task in tasks):
                return None  # another file waits under that name
        with item.file.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return next((task for task in tasks if task.sha256 == sha256), None)


def _drop(files: Sequence[Dropped], inbox: Path, is_accepted: IsAccepted) -> None:
    """Puts the files into the inbox: all of them, or none if a name is taken when it looks.

    Raises:
        UsageError: a name is taken, or there is no inbox.
    """
    if not inbox.is_dir():
        raise UsageError(f"There is no inbox {inbox}. Mount the share, or correct inbox.path.")
    for item in files:
        try:
            status = (inbox / item.name).lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        if not is_accepted(item.name, status):
            raise UsageError(_taken(item.name))
    try:
        drop(inbox, files, is_accepted=is_accepted)
    except FileExistsError as error:
        raise UsageError(_taken(str(error.filename))) from None


def _taken(name: str) -> str:
    return (
        f"{printable(name)} is already in the inbox and has not been accepted yet. "
        "Check that the daemon is running: systemctl status tclp-daemon"
    )


def _accepted(options: Settings, names: Sequence[str], since: datetime, timeout: float) -> Iterator[Task]:
    """Prints and yields each task once the store has it; fails if none is added for `timeout` seconds."""
    waiting = dict.fromkeys(names)
    stall = Stall(timeout)
    store: StoreReader | None = None
    while waiting:
        store = store or _existing_store(options)
        for task in _newly_accepted(store, list(waiting), since) if store else ():
            del waiting[task.file]
            typer.echo(f"{task.task_id}  {printable(task.file)}")
            yield task
        if stall.noticed(len(waiting)):
            fail(
                f"The daemon did not accept {first_of(list(waiting))} within {timeout:g} s. What was not accepted is "
                "still in the inbox.",
                "Check that the daemon is running: systemctl status tclp-daemon",
            )
        time.sleep(POLL_SECONDS if waiting else 0)


def _newly_accepted(store: StoreReader, names: Sequence[str], since: datetime) -> Iterator[Task]:
    for name in names:
        task = next((task for task in store.find_tasks(name, since=since) if task.file == name), None)
        if task is not None:
            yield task
