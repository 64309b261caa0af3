"""`tclp-daemon watch`: what the daemon is doing now. A live table on a terminal, a line for each change in a pipe."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tclp_daemon.cli.base import ConfigOption, settings
from tclp_daemon.cli.words import age, findings, found_in, printable, verdict
from tclp_daemon.task import Status

if TYPE_CHECKING:
    from rich.table import Table

    from tclp_daemon.store import StoreReader
    from tclp_daemon.task import Task

_SECONDS = 0.5
_BAR = 20
_STYLES = {Status.COMPLETED: "green", Status.FAILED: "red", Status.PENDING: "dim", Status.PROCESSING: "bold"}
# Lines of a terminal that the table's title, heads, rules and caption take, with a line to spare.
_FRAME = 8


def watch(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Maximum number of contracts in the table.")] = 20,
    once: Annotated[bool, typer.Option("--once", help="Show the current state once and exit.")] = False,
    config: ConfigOption = None,
) -> None:
    """Follow the contracts live; q or Ctrl-C quits. In a pipe, print a line for each change.

    Example: tclp-daemon watch --limit 40
    """
    store = settings(ctx, config).store()
    with contextlib.suppress(KeyboardInterrupt):
        if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
            _show_table(store, limit, once)
        else:
            _print_lines(store, once)


class Changes:
    """The tasks whose status, stage or attempt changed since the last look.

    Args:
        store: is asked at each look.
        remembered: of this many tasks, those that changed last, the state is remembered. One of which it is forgotten
            may be yielded again, with the same state.
    """

    def __init__(self, store: StoreReader, remembered: int = 10_000) -> None:
        self._store = store
        self._remembered = remembered
        self._since: Any = None
        self.seen: dict[str, tuple[str, str, int]] = {}

    def look(self) -> Iterator[Task]:
        """Yields each task that changed, the first time every task."""
        for task in self._store.iterate(updated_since=self._since):
            self._since = max(self._since or task.updated_at, task.updated_at)
            state = (task.status.value, task.stage, task.attempt)
            before = self.seen.pop(task.task_id, None)
            self.seen[task.task_id] = state
            if len(self.seen) > self._remembered:
                del self.seen[next(iter(self.seen))]
            if state != before:
                yield task


def _print_lines(store: StoreReader, once: bool) -> None:
    changes = Changes(store)
    while True:
        for task in changes.look():
            typer.echo("\t".join(_fields(task)))
        if once:
            return
        time.sleep(_SECONDS)


def _fields(task: Task) -> tuple[str, ...]:
    """The line for a pipe: id, state, progress, file, and the verdict or the error."""
    outcome = f"{verdict(task)}, {found_in(task.result)}" if task.result else printable(task.error or "")
    return (task.task_id[:8], _state(task), f"{task.progress}%", printable(task.file), outcome)


def _state(task: Task) -> str:
    return task.stage if task.status is Status.PROCESSING else task.status.value


def _show_table(store: StoreReader, limit: int, once: bool) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False, no_color=True if "NO_COLOR" in os.environ else None)
    if once:
        console.print(_table(store, limit))
        return
    with _keys() as is_q_pressed, Live(_table(store, 3), console=console, auto_refresh=False, screen=False) as live:
        while not is_q_pressed(_SECONDS):
            table = _table(store, min(limit, max(3, console.height - _FRAME)))
            table.caption = "press q to quit"
            live.update(table, refresh=True)


def _table(store: StoreReader, limit: int) -> Table:
    """The newest contracts, after those that are being processed."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    counts = store.counts()
    table = Table(
        title=", ".join(f"{counts.get(status.value, 0)} {status.value}" for status in Status),
        box=SIMPLE_HEAD, expand=True, title_justify="left", title_style="bold", caption_justify="left",
    )  # fmt: skip
    table.add_column("Contract", ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column("Stage", no_wrap=True)
    table.add_column("Progress", width=_BAR + 5, no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Findings", justify="right")
    table.add_column("Age", justify="right")
    for task in _running_first(store, limit):
        table.add_row(*_cells(task))
    return table


def _running_first(store: StoreReader, limit: int) -> list[Task]:
    running = store.list_tasks(status=Status.PROCESSING, limit=limit)
    shown = {task.task_id for task in running}
    newest = [task for task in store.list_tasks(limit=limit) if task.task_id not in shown]
    return [*running, *newest][:limit]


def _cells(task: Task) -> list[Any]:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    bar: Any = ""
    if not task.finished:
        bar = Table.grid(padding=(0, 1))
        bar.add_row(ProgressBar(total=100, completed=task.progress, width=_BAR), f"{task.progress:>2}%")
    # As Text, because rich would take square brackets in a string, as in a file name, for its markup.
    state = Text(_state(task), style=_STYLES[task.status])
    return [
        Text(printable(task.file)),
        state,
        bar,
        Text(verdict(task)),
        Text(findings(task)),
        Text(age(task.created_at)),
    ]


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[float], bool]]:
    """A function that waits for a number of seconds and says whether q was pressed; the terminal is restored after."""
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

    def is_q_pressed(seconds: float) -> bool:
        ready, _, _ = select.select([fd], [], [], seconds)
        return bool(ready) and b"q" in os.read(fd, 64).lower()

    try:
        tty.setcbreak(fd)
        yield is_q_pressed
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
