"""The outbox thread: makes the outbox show what the store says. Every step can be repeated after a crash."""

from __future__ import annotations

import errno
import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from tclp_daemon.config import Config
from tclp_daemon.errors import ConfigError
from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.outbox.marker import OutboxMarker, OutboxUnavailable
from tclp_daemon.outbox.overview import Overview
from tclp_daemon.outbox.placing import ContractPlacer
from tclp_daemon.outbox.sidecar import QUARTET, REPORT, RESULT, STATUS, result_of, sidecar_of
from tclp_daemon.store import Store
from tclp_daemon.system.crashpoints import reach
from tclp_daemon.system.logs import get_logger
from tclp_daemon.task import Placement, Status, Task

log = get_logger("outbox")

_MAX_BACKOFF = 60.0
_IDLE_SECONDS = 1.0
_ROUND = 100
# How often an idle daemon looks whether the outbox is there and still bears its marker.
_LOOK_SECONDS = 10.0
# How long one step of the sweep through the outbox may keep contracts waiting.
_SWEEP_SECONDS = 0.5
# How many unreadable entries the log names.
_NAMED = 20


class Publisher:
    """Publishes rows until told to stop.

    Args:
        config: the whole configuration.
        store: opens this thread's connection to the store.
        alive: called at each round, for the watchdog.
    """

    def __init__(self, config: Config, store: Callable[[], Store], *, alive: Callable[[], None]) -> None:
        self._spool = config.state.path / "spool"
        self._open_store = store
        self._alive = alive
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._unavailable = False
        # Revisions of running tasks that were published: not worth a write to the store for each step of progress.
        self._shown: dict[str, int] = {}
        # Tasks of this round whose report was read back from the outbox, so that the store need not keep it.
        self._verified: set[str] = set()
        # Tasks that could not be published: when to try again, and the pause after that.
        self._waiting: dict[str, tuple[float, float]] = {}
        # Rows that cannot be read, by id, so that each is told of once.
        self._damaged: set[str] = set()
        self._marker = OutboxMarker(config.outbox.path, config.state.path)
        self._folder = OutboxFolder(self._marker, mode=config.outbox.mode, alive=alive)
        self._placer = ContractPlacer(
            self._folder,
            inbox=config.inbox.path,
            spool=self._spool,
            leave=config.inbox.when_accepted == "leave",
        )
        self._next_look = float("-inf")
        self._overview = Overview(self._folder)
        self._overview_delay = _IDLE_SECONDS

    def wake(self) -> None:
        """Something changed in the store."""
        self._wake.set()

    def stop(self) -> None:
        """Asks the loop to end after one last round."""
        self._stop.set()
        self._wake.set()

    def adopt(self) -> None:
        """Recognises or marks the outbox.

        Raises:
            ConfigError: it is another daemon's.
            OutboxUnavailable: it is not there.
        """
        self._marker.adopt()

    def run(self) -> None:
        """Runs until `stop`."""
        store = self._open_store()
        backoff = _IDLE_SECONDS
        sweep = self._sweep()
        try:
            while True:
                last = self._stop.is_set()
                self._alive()
                self._wake.clear()
                try:
                    self.round(store, last=last)
                    self._available(True)
                    next(sweep, None)
                    backoff, pause = _IDLE_SECONDS, _IDLE_SECONDS
                except OutboxUnavailable as problem:
                    self._available(False, problem)
                    pause = backoff = min(_MAX_BACKOFF, backoff * 2)
                    if not last:
                        self._stop.wait(pause)
                        continue
                if last:
                    return
                self._wake.wait(self._overview.pause(pause))
        finally:
            store.close()

    def _sweep(self) -> Iterator[None]:
        """Removes what a crash cut off, a step at each round, so that no contract waits for a large outbox."""
        swept = unreadable = 0

        def tell(path: str, error: OSError) -> None:
            nonlocal unreadable
            unreadable += 1
            if unreadable <= _NAMED:
                log.warning("outbox_entry_unreadable", file=ascii(path), problem=_problem(error), advice="passed over")

        until = time.monotonic() + _SWEEP_SECONDS
        for count in self._folder.sweep(tell):
            swept += count
            self._alive()
            if time.monotonic() >= until:
                yield
                until = time.monotonic() + _SWEEP_SECONDS
        if swept:
            log.info("temporary_files_swept", files=swept)
        if unreadable > _NAMED:
            log.warning("outbox_entries_unreadable", files=unreadable, advice="only the first were named")

    def round(self, store: Store, *, last: bool = False) -> None:
        """Publishes whatever is due; `last` where the daemon stops after it.

        Raises:
            OutboxUnavailable: nothing can be written now.
        """
        due = [task for task in self._due(store) if self._shown.get(task.task_id) != task.revision]
        if due or last or time.monotonic() >= self._next_look:
            self._recognise()
        due = self._take_names(store, due)
        done: list[tuple[Task, Placement]] = []
        self._verified.clear()
        try:
            for task in due:
                self._alive()
                placed = self._try_publish(store, task)
                if placed is None:
                    continue
                if task.status is Status.PROCESSING and task.published:
                    self._shown[task.task_id] = task.revision
                    self._waiting.pop(task.task_id, None)
                else:
                    done.append((task, placed))
                    self._shown.pop(task.task_id, None)
        finally:
            if done:
                marked = self._mark_published(store, done)
                reach("published")
                for task in marked:
                    self._waiting.pop(task.task_id, None)
                    # Not where `retry` has queued it since, and a worker may be about to read the copy.
                    if task.finished and not store.wants_spool(task.task_id):
                        self._forget_copy(task)
        self._refresh_overview(store, changed=bool(due), last=last)

    def _refresh_overview(self, store: Store, *, changed: bool, last: bool) -> None:
        """Brings the pages of contents up to date. One that somebody holds (a spreadsheet) keeps nothing else waiting.

        Raises:
            OutboxUnavailable: it is the outbox's trouble, not one page's.
        """
        try:
            if self._overview.refresh(store, changed=changed, check=self._recognise, last=last):
                self._overview_delay = _IDLE_SECONDS
        except Exception as error:
            if not _is_its_own(error):
                raise
            self._folder.probe()
            if self._overview_delay == _IDLE_SECONDS:
                log.warning("overview_not_written", problem=_problem(error), advice="tried again by itself")
            self._overview_delay = min(_MAX_BACKOFF, self._overview_delay * 2)
            self._overview.postpone(self._overview_delay)

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

    def restore_spool(self, task: Task, alive: Callable[[], None] = lambda: None) -> bool:
        """Brings a task's bytes back into the spool where they are gone or, after an error, damaged.

        They come from the inbox or the outbox. In the dispatcher's thread, so the outbox is only read. False unless
        they are the recorded ones. `alive` is called with each chunk of the copy.

        Raises:
            OutboxUnavailable: it is away, which says nothing about the contract.
            OSError: the inbox is away, or the spool cannot take the copy.
        """
        copy = self._spool / task.task_id
        if copy.is_file() and (task.errors == 0 or _sha256(copy) == task.sha256):
            return True
        try:
            marked = self._marker.recognise()
        except ConfigError as error:
            raise OutboxUnavailable(str(error)) from error
        return self._placer.fetch(task, copy, alive, from_outbox=marked)

    def _due(self, store: Store) -> list[Task]:
        """What is due. However many tasks wait for reasons of their own, they keep no other out of the round.

        A row that cannot be read costs nobody else anything.
        """
        limit, now = _ROUND + len(self._shown), time.monotonic()
        try:
            new = store.unpublished(limit, self._waiting)
        except Exception as error:
            if not _is_its_own(error):
                raise
            new = self._read(store, store.unpublished_ids(limit + len(self._damaged), self._waiting))
        again = sorted((at, task_id) for task_id, (at, _) in self._waiting.items() if at <= now)[:_ROUND]
        return new + self._read(store, [task_id for _, task_id in again])

    def _read(self, store: Store, task_ids: list[str]) -> list[Task]:
        tasks = []
        for task_id in task_ids:
            try:
                task = store.get_task(task_id)
            except KeyError:
                self._waiting.pop(task_id, None)  # forgotten meanwhile
            except Exception as error:
                if not _is_its_own(error):
                    raise
                if task_id not in self._damaged:
                    self._damaged.add(task_id)
                    log.error("row_damaged", task_id=task_id, problem=_problem(error), advice="see 'verify'")
            else:
                self._damaged.discard(task_id)
                if task.published < task.revision:
                    tasks.append(task)
                else:
                    self._waiting.pop(task_id, None)
        return tasks

    def _mark_published(self, store: Store, done: list[tuple[Task, Placement]]) -> list[Task]:
        """Records what the outbox shows now; a row that the schema refuses waits alone. Returns the others."""
        try:
            store.mark_published(done, self._verified)
            return [task for task, _ in done]
        except sqlite3.IntegrityError:
            marked = []
            for task, placed in done:
                try:
                    store.mark_published([(task, placed)], self._verified)
                    marked.append(task)
                except sqlite3.IntegrityError as error:
                    self._postpone(task, error)
            return marked

    def _take_name(self, store: Store, task: Task) -> bool:
        try:
            store.take_names([task])
            return True
        except sqlite3.IntegrityError as error:
            self._postpone(task, error)
            return False

    def _forget_copy(self, task: Task) -> None:
        """Removes the spooled copy of a contract that lies in the outbox; where that fails the next start sweeps it."""
        try:
            (self._spool / task.task_id).unlink(missing_ok=True)
        except OSError as error:
            log.warning("copy_not_removed", task_id=task.task_id, problem=_problem(error))

    def _take_names(self, store: Store, due: list[Task]) -> list[Task]:
        """Moves what strangers left under the names of new tasks aside, and only then records that the names are ours.

        After a crash in between, nothing of ours lies there yet; after one later, what lies there is ours to replace.
        Returns the tasks that can go on.
        """
        now = time.monotonic()
        ready, new = [], []
        for task in due:
            if now < self._waiting.get(task.task_id, (0.0, 0.0))[0]:
                continue
            if task.published_name is None:
                try:
                    if not store.name_occupied(task):
                        for suffix in QUARTET[1:]:
                            self._folder.secure_name(task.outbox_name + suffix, task.task_id)
                except Exception as error:
                    if not _is_its_own(error):
                        raise
                    self._postpone(task, error)
                    continue
                new.append(task)
            ready.append(task)
        try:
            store.take_names(new)
        except sqlite3.IntegrityError:
            refused = {task.task_id for task in new if not self._take_name(store, task)}
            ready = [task for task in ready if task.task_id not in refused]
        return ready

    def _try_publish(self, store: Store, task: Task) -> Placement | None:
        """Publishes one task; None where it has to wait for a reason of its own."""
        try:
            if store.name_occupied(task):
                raise OSError(errno.EEXIST, "an older contract of that name has not stepped aside yet")
            return self._publish(store, task)
        except Exception as error:
            if not _is_its_own(error):
                raise
            self._postpone(task, error)
            return None

    def _postpone(self, task: Task, error: Exception) -> None:
        """Lets a task wait for a reason of its own, whatever it is: a name, a folder, a damaged row.

        Raises:
            OutboxUnavailable: it is the outbox's trouble: nothing else can be written next to it either.
        """
        self._folder.probe()
        _, delay = self._waiting.get(task.task_id, (0.0, _IDLE_SECONDS))
        self._waiting[task.task_id] = (time.monotonic() + delay, min(_MAX_BACKOFF, delay * 2))
        if delay == _IDLE_SECONDS:
            log.warning("not_published", task_id=task.task_id, problem=_problem(error), advice="tried again by itself")

    def _publish(self, store: Store, task: Task) -> Placement:
        if task.published_name not in (None, task.outbox_name):
            for suffix in QUARTET:
                self._folder.rename(f"{task.published_name}{suffix}", task.outbox_name + suffix)
                reach("old_quartet_renamed")
        placed = task.placed
        if placed is Placement.WAITING:
            task, placed = self._place(store, task)
        if (result := result_of(task)) is not None:
            self._folder.write(task.outbox_name + RESULT, result.model_dump_json(indent=1).encode("utf-8"))
            reach("result_written")
            report = store.report(task.task_id)
            if report is not None:
                self._folder.write(task.outbox_name + REPORT, report)
                if self._folder.holds(task.outbox_name + REPORT, task.report_sha256):
                    self._verified.add(task.task_id)
            reach("report_written")
        sidecar = sidecar_of(task).model_dump_json(indent=1).encode("utf-8")
        self._folder.write(task.outbox_name + STATUS, sidecar, durable=task.status is not Status.PROCESSING)
        if task.finished:
            reach("sidecar_written")
        return placed

    def _place(self, store: Store, task: Task) -> tuple[Task, Placement]:
        """Brings the contract in; what did not go as usual is told in log and sidecar."""
        done = self._placer.place(task)
        if done.note is not None:
            log.warning("original_stays", task_id=task.task_id, problem=done.note)
            noted = store.add_note(task.task_id, done.note)
            task = replace(task, note=noted.note, updated_at=noted.updated_at)
        return task, done.placement

    def _available(self, available: bool, problem: Exception | None = None) -> None:
        if available == (not self._unavailable):
            return
        self._unavailable = not available
        if available:
            log.info("outbox_available_again")
        else:
            log.warning("outbox_unavailable", problem=str(problem), advice="results wait in the store until it is back")


def _is_its_own(error: Exception) -> bool:
    """Whether an exception is one task's or one page's trouble, rather than the outbox's or the store's."""
    if isinstance(error, sqlite3.Error):
        # A row that the schema refuses, or whose text is damaged; the store itself is well.
        return isinstance(error, sqlite3.IntegrityError) or "Could not decode" in str(error)
    return not isinstance(error, OutboxUnavailable)


def _problem(error: Exception) -> str:
    """What went wrong, without a word of any contract: other exceptions than the system's quote what they choke on."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return type(error).__name__


def _sha256(path: Path) -> str | None:
    """None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
