"""`tclp-daemon watch`: what the daemon does now. A live table on a terminal, a line for each change in a pipe."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tclp_daemon.cli.app import ConfigOption, app, settings
from tclp_daemon.cli.tasks import age, findings, noun, printable, verdict

if TYPE_CHECKING:
    from tclp_daemon.store import StoreReader
    from tclp_daemon.task import Task

_SECONDS = 0.5
_BAR = 20
_REMEMBERED = 10_000


@app.command()
def watch(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many contracts in the table.")] = 20,
    once: Annotated[bool, typer.Option("--once", help="Show the state once and end.")] = False,
    config: ConfigOption = None,
) -> None:
    """Follow the contracts live; q or Ctrl-C ends it. In a pipe, print a line for each change."""
    store = settings(ctx, config).store()
    with contextlib.suppress(KeyboardInterrupt):
        if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
            _live(store, limit, once)
        else:
            follow_lines(store, once)


def follow_lines(store: StoreReader, once: bool, seen: dict[str, tuple[str, ...]] | None = None) -> None:
    """Prints a line for each change.

    Args:
        store: is asked again and again.
        once: print a line for each task, and end.
        seen: what was last printed of the tasks that changed last, and of no more than that.
    """
    seen = {} if seen is None else seen
    since = None
    while True:
        for task in store.iterate(updated_since=since):
            since = max(since or task.updated_at, task.updated_at)
            state = (task.status.value, task.stage, str(task.attempt))
            before = seen.pop(task.task_id, None)
            seen[task.task_id] = state
            if len(seen) > _REMEMBERED:
                del seen[next(iter(seen))]
            if before == state:
                continue
            typer.echo("\t".join(_fields(task)))
        if once:
            return
        time.sleep(_SECONDS)


def _fields(task: Task) -> tuple[str, ...]:
    words = task.stage if task.status == "processing" else task.status.value
    tail = f"{verdict(task)}, {findings(task)} {noun(findings(task))}" if task.result else printable(task.error or "")
    return (task.task_id[:8], words, f"{task.progress}%", printable(task.file), tail)


def _live(store: StoreReader, limit: int, once: bool) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False, no_color=True if "NO_COLOR" in os.environ else None)
    if once:
        console.print(_table(store, limit, caption=None))
        return
    with _keys() as pressed, Live(_table(store, 3), console=console, auto_refresh=False, screen=False) as live:
        while not pressed(_SECONDS):
            live.update(_table(store, min(limit, max(3, console.height - 8))), refresh=True)


def _table(store: StoreReader, limit: int, caption: str | None = "q ends") -> Any:
    """The newest contracts, those in work first."""
    from rich.box import SIMPLE_HEAD
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    from tclp_daemon.task import Status

    counts = store.counts()
    summary = ", ".join(
        f"{counts.get(status, 0)} {status}" for status in ("pending", "processing", "completed", "failed")
    )
    table = Table(title=summary, caption=caption, box=SIMPLE_HEAD, expand=True)
    table.title_justify = table.caption_justify = "left"
    table.title_style = "bold"
    table.add_column("Contract", ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column("Stage", no_wrap=True)
    table.add_column("Progress", width=_BAR + 5, no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Findings", justify="right")
    table.add_column("Age", justify="right")
    running = store.list_tasks(status=Status.PROCESSING, limit=limit)
    shown = {task.task_id for task in running}
    rest = [task for task in store.list_tasks(limit=limit) if task.task_id not in shown]
    styles = {Status.COMPLETED: "green", Status.FAILED: "red", Status.PENDING: "dim", Status.PROCESSING: "bold"}
    for task in [*running, *rest][:limit]:
        bar: Any = Text("")
        if not task.finished:
            bar = Table.grid(padding=(0, 1))
            bar.add_row(ProgressBar(total=100, completed=task.progress, width=_BAR), Text(f"{task.progress:>2}%"))
        stage = task.stage if task.status is Status.PROCESSING else task.status.value
        table.add_row(
            Text(printable(task.file)),
            Text(stage, style=styles[task.status]),
            bar,
            Text(verdict(task)),
            Text(str(findings(task))),
            Text(age(task)),
        )
    return table


@contextlib.contextmanager
def _keys() -> Iterator[Any]:
    """A function that waits so many seconds and says whether q was pressed; the terminal is restored at the end."""
    if not sys.stdin.isatty():

        def sleep(seconds: float) -> bool:
            time.sleep(seconds)
            return False

        yield sleep
        return
    import termios
    import tty

    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)

    def pressed(seconds: float) -> bool:
        ready, _, _ = select.select([fd], [], [], seconds)
        return bool(ready) and b"q" in os.read(fd, 64).lower()

    try:
        tty.setcbreak(fd)
        yield pressed
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
