"""Follows tasks in the store until they are finished, with progress bars."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tclp_daemon.cli.base import Settings, fail
from tclp_daemon.cli.words import printable

if TYPE_CHECKING:
    from rich.progress import Progress

    from tclp_daemon.task import Task

POLL_SECONDS = 0.2
# As long as the scripts of docs/howto/poll-from-a-script.md wait.
_PATIENCE_SECONDS = 900.0
# More tasks than this share one bar.
_BARS = 20
# Of more names than this only the first are shown.
_NAMED = 5


class Stall:
    """Notices that what it is shown has stayed the same for some seconds.

    Args:
        seconds: how long it may stay the same.
        clock: seconds that never go back.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._last: object = None
        self._since = clock()

    def noticed(self, state: object) -> bool:
        """Whether the state has been equal to this one for longer than the given seconds."""
        if state != self._last:
            self._last, self._since = state, self._clock()
        return self._clock() - self._since > self._seconds


def follow(options: Settings, task_ids: Sequence[str], patience: float = _PATIENCE_SECONDS) -> list[Task]:
    """Shows progress until all tasks are finished; returns them in the given order.

    Fails if nothing in the store changes for `patience` seconds. Other contracts count, because these may have to wait
    for their turn.
    """
    store = options.store()
    finished: dict[str, Task] = {}
    stall = Stall(patience)
    with _bars() as bars:
        shown = _OneBar(bars, len(task_ids)) if len(task_ids) > _BARS else _BarEach(bars)
        while True:
            tasks = [store.get_task(task_id) for task_id in task_ids if task_id not in finished]
            finished |= {task.task_id: task for task in tasks if task.finished}
            shown.update(tasks)
            late = [task.file for task in tasks if not task.finished]
            if not late:
                return [finished[task_id] for task_id in task_ids]
            if stall.noticed((tasks, store.counts())):
                break
            time.sleep(POLL_SECONDS)
    fail(
        f"No progress for {patience / 60:g} minutes. Not finished: {first_of(late)}.",
        "Check that the daemon is running: systemctl status tclp-daemon",
    )


def first_of(names: Sequence[str]) -> str:
    """`a, b, c, d, e and 7 more`."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(printable, names[:_NAMED])) + more


class _BarEach:
    """A bar for each task."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._rows: dict[str, Any] = {}

    def update(self, tasks: Sequence[Task]) -> None:
        """Shows how far these tasks are; the others stay as they are."""
        for task in tasks:
            if task.task_id not in self._rows:
                self._rows[task.task_id] = self._bars.add_task("", total=100)
            state = task.status if task.finished else task.stage
            self._bars.update(
                self._rows[task.task_id],
                completed=100 if task.finished else task.progress,
                description=f"{printable(task.file)} [{state}]",
            )


class _OneBar:
    """One bar for many tasks, of which it counts the finished ones."""

    def __init__(self, bars: Progress, total: int) -> None:
        self._bars = bars
        self._total = total
        self._finished = 0
        self._row = bars.add_task("", total=total)

    def update(self, tasks: Sequence[Task]) -> None:
        """Counts those of these tasks that have finished since the last call."""
        self._finished += sum(task.finished for task in tasks)
        description = f"{self._finished} of {self._total} finished"
        self._bars.update(self._row, completed=self._finished, description=description)


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))
