"""Which tasks are due to be published, and which wait for a reason of their own."""

from __future__ import annotations

import time

from tclp_daemon.outbox.trouble import FIRST_PAUSE, LONGEST_PAUSE, is_local, problem_of
from tclp_daemon.store import Store
from tclp_daemon.system.logs import get_logger
from tclp_daemon.task import Status, Task

log = get_logger("outbox")

# How many tasks a round publishes.
_ROUND = 100


class DueTasks:
    """What the publisher has to do next.

    However many tasks wait for a reason of their own (a name, a directory, a damaged row), they never keep another one
    out of a round.
    """

    def __init__(self) -> None:
        # Revisions of running tasks that were published: not worth a write to the store for each step of progress.
        self._shown: dict[str, int] = {}
        # Tasks that could not be published: when to try again, monotonic, and the pause after that.
        self._waiting: dict[str, tuple[float, float]] = {}
        # Ids of rows that cannot be read, so that each is logged once.
        self._damaged: set[str] = set()

    def find(self, store: Store) -> list[Task]:
        """The tasks that a round should publish."""
        limit, now = _ROUND + len(self._shown), time.monotonic()
        try:
            new = store.unpublished(limit, self._waiting)
        except Exception as error:
            if not is_local(error):
                raise
            new = self._read(store, store.unpublished_ids(limit + len(self._damaged), self._waiting))
        again = sorted((at, task_id) for task_id, (at, _) in self._waiting.items() if at <= now)[:_ROUND]
        found = new + self._read(store, [task_id for _, task_id in again])
        return [task for task in found if self._shown.get(task.task_id) != task.revision]

    def must_wait(self, task: Task) -> bool:
        """Whether it is too early for another try."""
        return time.monotonic() < self._waiting.get(task.task_id, (0.0, 0.0))[0]

    def postpone(self, task: Task, error: Exception) -> None:
        """Lets a task wait, twice as long each time."""
        _, pause = self._waiting.get(task.task_id, (0.0, FIRST_PAUSE))
        self._waiting[task.task_id] = (time.monotonic() + pause, min(LONGEST_PAUSE, pause * 2))
        if pause == FIRST_PAUSE:
            log.warning(
                "not_published", task_id=task.task_id, problem=problem_of(error), advice="retried automatically"
            )

    def shown(self, task: Task) -> bool:
        """Notes that the outbox shows a task now; whether that is enough, so that the store need not know.

        It is for the progress of a running task.
        """
        if task.status is Status.PROCESSING and task.published:
            self._shown[task.task_id] = task.revision
            self.settle(task)
            return True
        self._shown.pop(task.task_id, None)
        return False

    def settle(self, task: Task) -> None:
        """A task need not wait any more."""
        self._waiting.pop(task.task_id, None)

    def _read(self, store: Store, task_ids: list[str]) -> list[Task]:
        """Reads tasks one by one, so that a row that cannot be read costs nobody else anything."""
        tasks = []
        for task_id in task_ids:
            try:
                task = store.get_task(task_id)
            except KeyError:
                self._waiting.pop(task_id, None)  # forgotten meanwhile
            except Exception as error:
                if not is_local(error):
                    raise
                if task_id not in self._damaged:
                    self._damaged.add(task_id)
                    log.error("row_damaged", task_id=task_id, problem=problem_of(error), advice="see 'verify'")
            else:
                self._damaged.discard(task_id)
                if task.published < task.revision:
                    tasks.append(task)
                else:
                    self._waiting.pop(task_id, None)
        return tasks
