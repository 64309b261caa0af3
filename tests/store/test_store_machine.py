"""A state machine over the store: whatever happens in whatever order, no task is lost, owned twice or goes back."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.store import Store
from tclp_daemon.task import FileIdentity, Placement, Status, Task

NAMES = st.sampled_from(["a.txt", "b.txt", "deep/a.txt"])
FAILURE = ContractError(ErrorCode.CORRUPT, detail="machine")


class StoreMachine(RuleBasedStateMachine):
    """Drives a real store; `model` holds what must be true of each task."""

    tasks = Bundle("tasks")
    attempts = Bundle("attempts")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="tclp-machine-"))
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.store = Store(self.folder, clock=lambda: self.now)
        self.model: dict[str, Status] = {}
        self.current: dict[str, int] = {}
        self.progress: dict[tuple[str, int], int] = {}
        self.due: dict[str, datetime] = {}
        self.created = 0

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(target=tasks, name=NAMES, failed=st.booleans())
    def create(self, name: str, failed: bool) -> str:
        self.now += timedelta(milliseconds=1)
        self.created += 1
        task = self.store.create_task(
            name,
            size=1,
            sha256="0" * 64,
            identity=FileIdentity(1, self.created, 0),
            failure=FAILURE if failed else None,
        )
        self.model[task.task_id] = Status.FAILED if failed else Status.PENDING
        self.current[task.task_id] = 0
        self.due[task.task_id] = self.now
        return task.task_id

    @rule(target=attempts)
    def claim(self) -> tuple[str, int]:
        claimed = self.store.claim_task()
        ready = [t for t, status in self.model.items() if status is Status.PENDING and self.due[t] <= self.now]
        assert (claimed is None) == (not ready)
        if claimed is None:
            return ("nobody", 0)
        assert claimed.task_id in ready
        assert claimed.attempt == self.current[claimed.task_id] + 1
        self.model[claimed.task_id] = Status.PROCESSING
        self.current[claimed.task_id] = claimed.attempt
        return (claimed.task_id, claimed.attempt)

    def owns(self, attempt: tuple[str, int]) -> bool:
        return self.model.get(attempt[0]) is Status.PROCESSING and self.current[attempt[0]] == attempt[1]

    @rule(attempt=attempts, progress=st.integers(0, 100))
    def update(self, attempt: tuple[str, int], progress: int) -> None:
        changed = self.store.update_task(*attempt, progress=progress, stage="classifying")
        assert changed == self.owns(attempt)

    @rule(attempt=attempts)
    def complete(self, attempt: tuple[str, int]) -> None:
        changed = self.store.complete_task(*attempt, {"attempt": attempt[1]}, "report")
        assert changed == self.owns(attempt)
        if changed:
            self.model[attempt[0]] = Status.COMPLETED
            assert self.store.get_task(attempt[0]).result == {"attempt": attempt[1]}

    @rule(attempt=attempts)
    def fail(self, attempt: tuple[str, int]) -> None:
        changed = self.store.fail_task(*attempt, FAILURE)
        assert changed == self.owns(attempt)
        if changed:
            self.model[attempt[0]] = Status.FAILED

    @rule(attempt=attempts, delay=st.sampled_from([0.0, 60.0]), crashed=st.booleans())
    def release(self, attempt: tuple[str, int], delay: float, crashed: bool) -> None:
        changed = self.store.release_task(*attempt, why="test", delay=delay, crashed=crashed)
        assert changed == self.owns(attempt)
        if changed:
            self.model[attempt[0]] = Status.PENDING
            self.due[attempt[0]] = self.now + timedelta(seconds=delay)

    @rule(task=tasks)
    def retry(self, task: str) -> None:
        if task not in self.model:
            return
        assert self.store.retry_task(task) == (self.model[task] is Status.FAILED)
        if self.model[task] is Status.FAILED:
            self.model[task] = Status.PENDING
            self.due[task] = self.now

    @rule()
    def daemon_dies(self) -> None:
        self.store.close()
        self.store = Store(self.folder, clock=lambda: self.now)
        for task in self.store.recover(max_interruptions=1000):
            self.model[task.task_id] = Status.PENDING
            self.due[task.task_id] = self.now if task.not_before <= self.now.timestamp() else self.due[task.task_id]

    @rule(seconds=st.integers(1, 120))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def publish(self) -> None:
        for task in self.store.unpublished():
            if task.published_name is None and self.store.name_occupied(task):
                continue
            self.store.take_names([task])
            if not self.store.name_occupied(task):
                self.store.mark_published([(task, Placement.MOVED)])

    @rule()
    def cleanup(self) -> None:
        before = {t.task_id: t for t in self.store.list_tasks()}
        self.store.cleanup_old_tasks(days=0.001)
        gone = before.keys() - {t.task_id for t in self.store.list_tasks()}
        for task_id in gone:
            assert before[task_id].finished
            assert before[task_id].published == before[task_id].revision
            del self.model[task_id]

    @invariant()
    def nothing_is_lost_or_confused(self) -> None:
        rows: dict[str, Task] = {t.task_id: t for t in self.store.list_tasks()}
        assert {t: task.status for t, task in rows.items()} == self.model
        names = [t.outbox_name for t in rows.values()]
        assert len(names) == len(set(names)), "two contracts under one name"
        for task_id, task in rows.items():
            assert task.attempt == self.current[task_id]
            key = (task_id, task.attempt)
            if task.status is Status.PROCESSING:
                assert task.progress >= self.progress.get(key, 0)
                self.progress[key] = task.progress


StoreMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestStoreMachine = StoreMachine.TestCase
