"""Publishes one task: takes its name, brings its contract in, writes result, report and sidecar, in this order."""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace

from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.outbox.names import QUARTET, REPORT, RESULT, STATUS
from tclp_daemon.outbox.placing import ContractPlacer
from tclp_daemon.outbox.sidecar import result_of, sidecar_of
from tclp_daemon.store import Store
from tclp_daemon.system.crashpoints import reach
from tclp_daemon.system.logs import get_logger
from tclp_daemon.task import Placement, Status, Task

log = get_logger("outbox")


@dataclass(frozen=True, slots=True)
class Published:
    """What came of it.

    Attributes:
        placement: where the original is now.
        verified: the report was read back from the outbox, so that the store need not keep it.
    """

    placement: Placement
    verified: bool = False


class TaskPublisher:
    """Makes the outbox show a task as its row says. Every step can be repeated after a crash.

    Args:
        folder: the outbox.
        placer: brings contracts in.
    """

    def __init__(self, folder: OutboxFolder, placer: ContractPlacer) -> None:
        self._folder = folder
        self._placer = placer

    def clear_names(self, store: Store, task: Task) -> None:
        """Moves whatever strangers left under a new task's names aside; only then may they be recorded as ours.

        After a crash in between, none of our files is there yet; after a later one, what is there is ours to replace.

        Raises:
            OutboxUnavailable, OSError: as `OutboxFolder`.
        """
        if not store.name_occupied(task):
            for suffix in QUARTET[1:]:
                self._folder.secure_name(task.outbox_name + suffix, task.task_id)

    def publish(self, store: Store, task: Task) -> Published:
        """Publishes a task whose name is recorded.

        Raises:
            FileExistsError: an older contract of that name has not stepped aside yet.
            OutboxUnavailable, OSError: as `OutboxFolder`.
        """
        if store.name_occupied(task):
            raise FileExistsError(errno.EEXIST, "an older contract of that name has not stepped aside yet")
        self._step_aside(task)
        placement = task.placed
        if placement is Placement.WAITING:
            task, placement = self._place(store, task)
        verified = self._write_result(store, task)
        sidecar = sidecar_of(task).model_dump_json(indent=1).encode("utf-8")
        self._folder.write(task.outbox_name + STATUS, sidecar, durable=task.status is not Status.PROCESSING)
        if task.finished:
            reach("sidecar_written")
        return Published(placement, verified)

    def _step_aside(self, task: Task) -> None:
        """Renames the quartet of a task whose name a newer one has taken."""
        if task.published_name not in (None, task.outbox_name):
            for suffix in QUARTET:
                self._folder.rename(f"{task.published_name}{suffix}", task.outbox_name + suffix)
                reach("old_quartet_renamed")

    def _place(self, store: Store, task: Task) -> tuple[Task, Placement]:
        """Brings the contract in; log and sidecar say what did not go as usual."""
        done = self._placer.place(task)
        if done.note is not None:
            log.warning("original_stays", task_id=task.task_id, problem=done.note)
            noted = store.add_note(task.task_id, done.note)
            task = replace(task, note=noted.note, updated_at=noted.updated_at)
        return task, done.placement

    def _write_result(self, store: Store, task: Task) -> bool:
        """Writes result and report of a completed task; whether the report could be read back."""
        result = result_of(task)
        if result is None:
            return False
        self._folder.write(task.outbox_name + RESULT, result.model_dump_json(indent=1).encode("utf-8"))
        reach("result_written")
        verified = False
        report = store.report(task.task_id)
        if report is not None:
            self._folder.write(task.outbox_name + REPORT, report)
            verified = self._folder.holds(task.outbox_name + REPORT, task.report_sha256)
        reach("report_written")
        return verified
