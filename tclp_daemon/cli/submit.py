"""`tclp-daemon submit`: a copy into the inbox under a temporary name, a rename, then the task id."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tclp_daemon.cli.app import ConfigOption, Exit, Settings, app, fail, settings
from tclp_daemon.cli.tasks import printable
from tclp_daemon.errors import ConfigError, UsageError
from tclp_daemon.formats import SUFFIXES
from tclp_daemon.inbox.drop import Dropped, drop
from tclp_daemon.inbox.scan import is_ignored
from tclp_daemon.store import DATABASE
from tclp_daemon.system.files import is_file, readable
from tclp_daemon.task import Placement

if TYPE_CHECKING:
    from tclp_daemon.config import Inbox
    from tclp_daemon.store import Store
    from tclp_daemon.task import Task

_POLL_SECONDS = 0.2
# As long as the scripts of docs/howto/poll-from-a-script.md wait.
_PATIENCE_SECONDS = 900.0
# More contracts than this share one bar, and of more late ones than this only the first are named.
_BARS = 20
_NAMED = 5


@app.command()
def submit(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Contracts, or folders of them.", exists=True)],
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait for the results, with progress bars.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for the daemon to accept.")] = 60,
    config: ConfigOption = None,
) -> None:
    """Put contracts into the inbox and print their task ids. With --wait, exit code 3 if one failed."""
    options = settings(ctx, config)
    inbox = options.config().inbox
    since = datetime.now(UTC)
    found = _collect(files, inbox)
    store = _existing(options)
    leave = inbox.when_accepted == "leave"
    known = [task for item in found if store and leave and (task := _known(store, inbox.path, item)) is not None]
    names = {task.file for task in known}
    new = [item for item in found if readable(item.name) not in names]
    _drop(new, inbox.path, store, leave=leave)
    for task in known:
        typer.echo(f"{task.task_id}  {printable(task.file)}  (analysed before)")
    accepted = known + list(_accepted(options, [readable(item.name) for item in new], since, timeout))
    if not wait:
        return
    finished = follow(options, [t.task_id for t in accepted])
    for task in finished:
        outcome = task.result["classification"] if task.result else f"failed: {task.error} {task.advice}"
        typer.echo(f"{printable(task.file)}: {outcome}")
    if any(task.status == "failed" for task in finished):
        raise typer.Exit(Exit.TASK_FAILED)


def follow(options: Settings, task_ids: list[str], patience: float = _PATIENCE_SECONDS) -> list[Task]:
    """Shows progress until all tasks are finished; returns them. Fails where nothing moves for `patience` seconds.

    What moves may be another contract: these may have to wait for their turn.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    store = options.store()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    finished: dict[str, Task] = {}
    before, deadline = None, 0.0
    with Progress(*columns, console=Console(stderr=True)) as bars:
        overall = bars.add_task("", total=len(task_ids), visible=len(task_ids) > _BARS)
        rows: dict[str, Any] = {}
        while True:
            running = [store.get_task(task_id) for task_id in task_ids if task_id not in finished]
            for task in running:
                if task.finished:
                    finished[task.task_id] = task
                if len(task_ids) > _BARS:
                    continue
                if task.task_id not in rows:
                    rows[task.task_id] = bars.add_task(printable(task.file), total=100)
                text = f"{printable(task.file)} [{task.stage if not task.finished else task.status}]"
                bars.update(rows[task.task_id], completed=100 if task.finished else task.progress, description=text)
            description = f"{len(finished)} of {len(task_ids)} finished"
            bars.update(overall, completed=len(finished), description=description)
            if len(finished) == len(task_ids):
                return [finished[task_id] for task_id in task_ids]
            now = (running, store.counts())
            if now != before:
                before, deadline = now, time.monotonic() + patience
            elif time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
    fail(
        f"Nothing moved for {patience / 60:g} minutes; not finished: {_some([task.file for task in running])}.",
        "Check that the daemon runs: systemctl status tclp-daemon",
    )


def _existing(options: Settings) -> Store | None:
    """The store, None before the daemon's first start and while it makes one.

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


def _collect(paths: list[Path], inbox: Inbox) -> list[Dropped]:
    """What is to be dropped under which name; of a folder all contracts in it, under the folder's own name.

    Raises:
        UsageError: a folder, where the inbox is not looked into folder by folder, two of the same name, or a name that
            the daemon passes over.
    """
    found: list[Dropped] = []
    for path in paths:
        name = path.resolve().name if path.is_dir() else path.name
        if is_ignored(name, inbox.ignore):
            raise UsageError(f"{printable(name)} would be ignored in the inbox because of its name. Rename it.")
        if not path.is_dir():
            if path.is_file() and path.stat().st_size == 0:
                raise UsageError(f"{printable(path.name)} is empty. Check that it was saved.")
            found.append(Dropped(path, path.name))
            continue
        if not inbox.recursive:
            raise UsageError(f"{printable(str(path))} is a folder, and inbox.recursive is false. Submit its files.")
        inside = list(_contracts_in(path, inbox.ignore))
        if not inside:
            raise UsageError(
                f"No contract in {printable(str(path))}: no file whose name ends in {', '.join(SUFFIXES)}."
            )
        found += inside
    for name, times in Counter(item.name for item in found).items():
        if times > 1:
            raise UsageError(f"{times} of the files are named {printable(name)}. Submit one after the other.")
    return found


def _contracts_in(folder: Path, ignore: tuple[str, ...]) -> Iterator[Dropped]:
    """The contracts in a folder; what is passed over is named on stderr, but for what programs leave lying about."""
    root = folder.resolve()
    for parent, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not is_ignored(name, ignore))
        for name in sorted(names):
            path = Path(parent) / name
            if is_ignored(name, ignore):
                continue
            if path.suffix.lower() not in SUFFIXES or path.is_symlink() or not path.is_file():
                typer.echo(f"Passed over: {printable(str(path))} is no contract.", err=True)
            elif path.stat().st_size == 0:
                typer.echo(f"Passed over: {printable(str(path))} is empty.", err=True)
            else:
                yield Dropped(path, f"{root.name}/{path.relative_to(root).as_posix()}")


def _stays(store: Store, name: str) -> list[Task]:
    """The tasks of files of this name that were read and stay in the inbox."""
    tasks = store.find_tasks(readable(name))
    return [t for t in tasks if t.file == readable(name) and t.sha256 and t.placed is not Placement.MOVED]


def _known(store: Store, inbox: Path, item: Dropped) -> Task | None:
    """The task of the same bytes under the same name, where originals stay: the daemon makes no second one of them."""
    tasks = _stays(store, item.name)
    if not tasks:
        return None
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        status = (inbox / item.name).lstat()
        if not any(is_file(status, task.identity) for task in tasks):
            return None  # another file waits under that name
    with item.file.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return next((task for task in tasks if task.sha256 == sha256), None)


def _drop(found: list[Dropped], inbox: Path, store: Store | None, *, leave: bool) -> None:
    """Puts the files into the inbox.

    Where originals stay in the inbox, a name is free again once the file that has it was accepted.

    Raises:
        UsageError: a name is taken, or the inbox is not there.
    """

    def is_accepted(name: str, status: os.stat_result) -> bool:
        return store is not None and leave and any(is_file(status, task.identity) for task in _stays(store, name))

    if not inbox.is_dir():
        raise UsageError(f"The inbox {inbox} is not there. Is the share mounted?")
    for item in found:
        try:
            status = (inbox / item.name).lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        if not is_accepted(item.name, status):
            raise UsageError(_taken(item.name))
    try:
        drop(inbox, found, is_accepted=is_accepted)
    except FileExistsError as error:
        raise UsageError(_taken(str(error.filename))) from None


def _taken(name: str) -> str:
    return f"{printable(name)} lies in the inbox already and waits to be accepted. Is the daemon running?"


def _accepted(options: Settings, names: list[str], since: datetime, timeout: float) -> Iterator[Task]:
    """Prints and yields each task once the store has it; fails where none has come for `timeout` seconds."""
    deadline = time.monotonic() + timeout
    waiting = dict.fromkeys(names)
    store = None
    while waiting:
        store = store or _existing(options)
        for name in list(waiting) if store else []:
            found = [t for t in store.find_tasks(name, since=since) if t.file == name] if store else []
            if found:
                del waiting[name]
                deadline = time.monotonic() + timeout
                typer.echo(f"{found[0].task_id}  {printable(name)}")
                yield found[0]
        if waiting and time.monotonic() > deadline:
            fail(
                f"The daemon did not accept {_some(list(waiting))} within {timeout:g} s; the files wait in the inbox.",
                "Check that it runs: systemctl status tclp-daemon",
            )
        time.sleep(_POLL_SECONDS if waiting else 0)


def _some(names: list[str]) -> str:
    """The first few of many names."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(printable, names[:_NAMED])) + more
