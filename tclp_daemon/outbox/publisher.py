"""The outbox part: makes the outbox show what the store says. Every step can be repeated after a crash.

`Publisher.round` does whatever is due and says when to come back, so whoever paces it (a thread, a test) only needs to
call it. A call that comes too early does no harm.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Self

from tclp_daemon.config import Config
from tclp_daemon.errors import ConfigError
from tclp_daemon.outbox.due import DueTasks
from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.outbox.marker import OutboxMarker, OutboxUnavailable
from tclp_daemon.outbox.overview import Overview
from tclp_daemon.outbox.placing import ContractPlacer
from tclp_daemon.outbox.publication import Published, TaskPublisher
from tclp_daemon.outbox.sweep import Sweep
from tclp_daemon.outbox.trouble import FIRST_PAUSE, LONGEST_PAUSE, is_local, problem_of
from tclp_daemon.spool import Spool
from tclp_daemon.store import Store
from tclp_daemon.system.crashpoints import reach
from tclp_daemon.system.logs import get_logger
from tclp_daemon.task import Task

log = get_logger("outbox")

_IDLE_SECONDS = 1.0
# How often an idle daemon checks that the outbox is there and still has its marker.
_LOOK_SECONDS = 10.0


class Publisher:
    """Publishes rows. A context manager: within the block `round` can be called, at its end the store is closed.

    Args:
        config: the complete configuration.
        store: opens this thread's connection to the store.
        alive: called often, for the watchdog.

    Attributes:
        unavailable: why the outbox cannot be used now; None while it can.
        woken: set when the next round is due early.
    """

    def __init__(self, config: Config, store: Callable[[], Store], *, alive: Callable[[], None]) -> None:
        self._open_store = store
        self._alive = alive
        self._stop = threading.Event()
        self.woken = threading.Event()
        self._spool = Spool(config.state.path)
        self._marker = OutboxMarker(config.outbox.path, config.state.path)
        self._folder = OutboxFolder(self._marker, mode=config.outbox.mode, alive=alive)
        leave = config.inbox.when_accepted == "leave"
        self._placer = ContractPlacer(self._folder, inbox=config.inbox.path, spool=self._spool, leave=leave)
        self._tasks = TaskPublisher(self._folder, self._placer)
        self._due = DueTasks()
        self._overview = Overview(self._folder)
        self._overview_pause = FIRST_PAUSE
        self.unavailable: str | None = None
        self._backoff = FIRST_PAUSE
        self._not_before = float("-inf")  # while the outbox is unavailable: when to try again
        self._next_look = float("-inf")

    def __enter__(self) -> Self:
        self._store = self._open_store()
        self._sweep = Sweep(self._marker, self._alive)
        self._backoff, self._not_before = FIRST_PAUSE, float("-inf")
        return self

    def __exit__(self, *exception: object) -> None:
        self._store.close()

    def wake(self) -> None:
        """Something changed in the store."""
        self.woken.set()

    def stop(self) -> None:
        """Asks for one last round."""
        self._stop.set()
        self.woken.set()

    def adopt(self) -> None:
        """Recognises or marks the outbox.

        Raises:
            ConfigError: it is another daemon's.
            OutboxUnavailable: it is not there.
        """
        self._marker.adopt()

    def round(self) -> float | None:
        """Publishes whatever is due, unless the outbox was unavailable a moment ago.

        Returns:
            Seconds until the next round, None if this was the last one, after `stop`.
        """
        self._alive()
        last = self._stop.is_set()
        if (wait := self._not_before - time.monotonic()) > 0 and not last:
            return wait
        try:
            self.publish(self._store, last=last)
        except OutboxUnavailable as problem:
            self._available(problem)
            self._backoff = min(LONGEST_PAUSE, self._backoff * 2)
            self._not_before = time.monotonic() + self._backoff
            return None if last else self._backoff
        self._available()
        self._backoff = FIRST_PAUSE
        self._sweep.step()
        return None if last else self._overview.pause(_IDLE_SECONDS)

    def publish(self, store: Store, *, last: bool = False) -> None:
        """Publishes whatever is due.

        Args:
            store: says what to show.
            last: nobody comes again, so nothing waits.

        Raises:
            OutboxUnavailable: nothing can be written now.
        """
        due = self._due.find(store)
        if due or last or time.monotonic() >= self._next_look:
            self._recognise()
        self._publish_tasks(store, self._take_names(store, due))
        self._refresh_overview(store, changed=bool(due), last=last)

    def restore_spool(self, task: Task, alive: Callable[[], None] = lambda: None) -> bool:
        """Brings a task's bytes back into the spool if they are gone or, after an error, damaged.

        They come from the inbox or the outbox. In the dispatcher's thread, so the outbox is only read.

        Args:
            task: whose bytes.
            alive: called with each chunk of the copy.

        Returns:
            False if nobody has the recorded bytes any more.

        Raises:
            OutboxUnavailable: it is away, which says nothing about the contract.
            OSError: the inbox is away, or the spool cannot take the copy.
        """
        if self._spool.holds(task.task_id, task.sha256 if task.errors else None):
            return True
        try:
            marked = self._marker.recognise()
        except ConfigError as error:
            raise OutboxUnavailable(str(error)) from error
        return self._placer.sources.restore(task, alive, from_outbox=marked)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _recognise(self) -> None:
        """Makes sure that this is the outbox, not an empty mount point in its place.

        Raises:
            OutboxUnavailable: it is not.
        """
        try:
            self._marker.adopt()
        except ConfigError as error:
            raise OutboxUnavailable(str(error)) from error
        self._next_look = time.monotonic() + _LOOK_SECONDS

    def _take_names(self, store: Store, due: list[Task]) -> list[Task]:
        """Records that the names of new tasks are taken; returns the tasks that can go on."""
        ready, new = [], []
        for task in due:
            if self._due.must_wait(task):
                continue
            if task.published_name is None:
                try:
                    self._tasks.clear_names(store, task)
                except Exception as error:
                    self._postpone(task, error)
                    continue
                new.append(task)
            ready.append(task)
        refused = {task.task_id for task in new} - {task.task_id for task in self._record(new, store.take_names)}
        return [task for task in ready if task.task_id not in refused]

    def _publish_tasks(self, store: Store, ready: list[Task]) -> None:
        done: dict[str, tuple[Task, Published]] = {}
        try:
            for task in ready:
                self._alive()
                try:
                    published = self._tasks.publish(store, task)
                except Exception as error:
                    self._postpone(task, error)
                    continue
                if not self._due.shown(task):
                    done[task.task_id] = (task, published)
        finally:
            if done:
                self._mark_published(store, done)

    def _mark_published(self, store: Store, done: dict[str, tuple[Task, Published]]) -> None:
        """Records what the outbox shows now, and removes the copies that are not needed any more."""

        def record(tasks: list[Task]) -> None:
            pairs = [done[task.task_id] for task in tasks]
            verified = {task.task_id for task, published in pairs if published.verified}
            store.mark_published([(task, published.placement) for task, published in pairs], verified)

        marked = self._record([task for task, _ in done.values()], record)
        reach("published")
        for task in marked:
            self._due.settle(task)
            # Not if `retry` has queued it since, and a worker may be about to read the copy.
            if task.finished and not store.wants_spool(task.task_id):
                self._forget_copy(task)

    def _record(self, tasks: list[Task], record: Callable[[list[Task]], None]) -> list[Task]:
        """Records tasks in the store together; a row that the schema refuses waits alone. Returns the others."""
        try:
            record(tasks)
            return tasks
        except sqlite3.IntegrityError:
            recorded = []
            for task in tasks:
                try:
                    record([task])
                    recorded.append(task)
                except sqlite3.IntegrityError as error:
                    self._postpone(task, error)
            return recorded

    def _postpone(self, task: Task, error: Exception) -> None:
        """Lets a task wait for a reason of its own, whatever it is: a name, a directory, a damaged row.

        Raises:
            OutboxUnavailable: the outbox is at fault: nothing else can be written next to the task either.
            Exception: the error, if it is not the task's own.
        """
        if not is_local(error):
            raise error
        self._folder.probe()
        self._due.postpone(task, error)

    def _forget_copy(self, task: Task) -> None:
        """Removes the spooled copy of a contract that is in the outbox; if that fails the next start sweeps it."""
        try:
            self._spool.forget(task.task_id)
        except OSError as error:
            log.warning("copy_not_removed", task_id=task.task_id, problem=problem_of(error))

    def _refresh_overview(self, store: Store, *, changed: bool, last: bool) -> None:
        """Brings the pages of contents up to date. One that is held open (by a spreadsheet) keeps nothing else waiting.

        Raises:
            OutboxUnavailable: the outbox is at fault, not one page.
        """
        try:
            if self._overview.refresh(store, changed=changed, check=self._recognise, last=last):
                self._overview_pause = FIRST_PAUSE
        except Exception as error:
            if not is_local(error):
                raise
            self._folder.probe()
            if self._overview_pause == FIRST_PAUSE:
                log.warning("overview_not_written", problem=problem_of(error), advice="retried automatically")
            self._overview_pause = min(LONGEST_PAUSE, self._overview_pause * 2)
            self._overview.postpone(self._overview_pause)

    def _available(self, problem: Exception | None = None) -> None:
        """Notes whether the outbox is available; logs it when that changes."""
        was, self.unavailable = self.unavailable, None if problem is None else str(problem)
        if problem is None and was is not None:
            log.info("outbox_available_again")
        elif problem is not None and was is None:
            log.warning("outbox_unavailable", problem=str(problem), advice="results wait in the store until it is back")
