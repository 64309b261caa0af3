"""What lists ask of the store: always what the tasks say, and never by reading them all."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from report.bigdoc import big_document

from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.report.portfolio import row_from, row_of
from tclp_daemon.store import Store
from tclp_daemon.store.listing import Listing
from tclp_daemon.task import FileIdentity, Placement, Status, Task

RESULT = big_document(4)[1].model_dump(mode="json")
FAILURE = ContractError(ErrorCode.CORRUPT, name="PDF", suffix=".pdf")


class Clock:
    """A clock that a test sets; each look is a millisecond later."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Store:
    return Store(tmp_path, clock=clock)


def create(store: Store, name: str, **more: Any) -> Task:
    return store.create_task(name, size=3, sha256="a" * 64, identity=FileIdentity(3, 1, 1), **more)


def finish(store: Store, **changes: Any) -> Task:
    task = store.claim_task()
    assert task
    assert store.complete_task(task.task_id, task.attempt, RESULT | changes, "<p>")
    return store.get_task(task.task_id)


def check(store: Store) -> None:
    """Counts and rows agree with the tasks themselves."""
    tasks = list(store.iterate())
    assert store.counts() == Counter(task.status for task in tasks)
    verdicts = Counter(task.result["classification"] for task in tasks if task.result)
    assert store.listing.verdicts() == verdicts
    listed = [row_from(record) for record in store.listing.rows(1)]
    assert sorted(listed, key=lambda row: row.task_id) == sorted(map(row_of, tasks), key=lambda row: row.task_id)


def test_lists_agree_with_the_tasks_whatever_happens(store: Store, clock: Clock) -> None:
    chance = random.Random(20261127)
    for step in range(400):
        running = store.list_tasks(status=Status.PROCESSING)
        tasks = store.list_tasks()
        match chance.randrange(10):
            case 0 | 1 | 2:
                create(store, f"{step}.txt", failure=FAILURE if chance.random() < 0.2 else None)
            case 3 | 4:
                store.claim_task()
            case 5 if running:
                store.update_task(running[0].task_id, running[0].attempt, progress=50, stage="classifying", page=2)
            case 6 if running:
                verdict = chance.choice(["likely", "unlikely"])
                store.complete_task(running[0].task_id, running[0].attempt, RESULT | {"classification": verdict}, "<p>")
            case 7 if running:
                store.fail_task(running[0].task_id, running[0].attempt, FAILURE)
            case 8 if tasks:
                task = chance.choice(tasks)
                store.retry_task(task.task_id) if chance.random() < 0.5 else store.requeue_task(task.task_id)
            case 9 if tasks:
                store.mark_published([(task, Placement.MOVED) for task in tasks[:20]])
                clock.now += timedelta(hours=1)
                store.cleanup_old_tasks(chance.choice([0.01, 1]))
        if step % 10 == 0:
            check(store)
    check(store)


@pytest.mark.parametrize("change", ["step_aside", "progress", "finish", "forget", "note"])
def test_each_change_that_is_shown_ticks(store: Store, clock: Clock, change: str) -> None:
    task = create(store, "nda.txt")
    if change in ("progress", "finish"):
        task = store.claim_task() or task
    elif change == "forget":
        finish(store)
        store.mark_published([(store.get_task(task.task_id), Placement.MOVED)])
        clock.now += timedelta(days=9)
    before = store.listing.ticks()
    match change:
        case "step_aside":
            create(store, "nda.txt")
        case "progress":
            store.update_task(task.task_id, task.attempt, progress=60, stage="classifying")
        case "finish":
            store.complete_task(task.task_id, task.attempt, RESULT, "<p>")
        case "forget":
            assert store.cleanup_old_tasks(7) == 1
        case "note":
            with sqlite3.connect(store._db.execute("PRAGMA database_list").fetchone()[2]) as other:
                other.execute("UPDATE tasks SET note = 'said by somebody else'")
            other.close()
    after = store.listing.ticks()
    assert after.changed > before.changed
    assert (after.listed > before.listed) == (change != "progress")
    assert (after.removed > before.removed) == (change == "forget")
    assert store.listing.changed_blocks(500, before.changed) == (set() if change == "forget" else {0})


def test_what_is_not_shown_does_not_tick(store: Store) -> None:
    create(store, "nda.txt")
    task = finish(store)
    before = store.listing.ticks()
    store.take_names([task])
    store.mark_published([(task, Placement.MOVED)])
    store.republish(task.task_id)
    assert store.listing.ticks() == before


def test_that_the_contract_of_a_refused_task_is_in_the_outbox_ticks(store: Store) -> None:
    """Of one that was never read nothing else tells it."""
    task = store.create_task("large.txt", size=3, sha256=None, identity=FileIdentity(3, 1, 1), failure=FAILURE)
    before = store.listing.ticks()
    store.mark_published([(task, Placement.MOVED)])
    assert store.listing.ticks().listed == before.listed + 1
    check(store)


ASKED: list[Callable[[Listing], object]] = [
    Listing.counts,
    Listing.verdicts,
    Listing.ticks,
    lambda listing: listing.newest_from(500),
    lambda listing: listing.blocks(500, 1, 2),
    lambda listing: listing.changed_blocks(500, 10_000),
    lambda listing: listing.rows(100_000),
    lambda listing: listing.rows_before(None, 20),
    lambda listing: listing.rows_of(Status.FAILED, 20, newest_first=True),
    lambda listing: listing.rows_of(Status.PROCESSING, 20),
]


@pytest.mark.parametrize("number", range(len(ASKED)))
def test_no_list_takes_more_steps_the_more_tasks_there_are(store: Store, number: int) -> None:
    def steps() -> int:
        counted = [0]

        def count() -> None:
            counted[0] += 1

        store._db.set_progress_handler(count, 1)
        ASKED[number](store.listing)
        store._db.set_progress_handler(None, 1)
        return counted[0]

    create(store, "0.txt")
    finish(store)
    fill(store, 1000)
    before = steps()
    fill(store, 9000)
    assert store.counts()["completed"] == 10_001
    assert steps() <= 1.2 * before + 50


def fill(store: Store, number: int) -> None:
    """Adds copies of a finished task."""
    names = "file, source, sha256, size, mtime_ns, inode, status, progress, stage, attempt, result, placed, revision"
    store._db.execute(
        f"INSERT INTO tasks (task_id, outbox_name, created_at, updated_at, finished_at, published, {names}) "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "SELECT printf('%08d-%027d', (SELECT count(*) FROM tasks), i), hex(randomblob(16)), created_at, updated_at, "
        f"finished_at, revision, {names} FROM n, (SELECT * FROM tasks LIMIT 1)",
        (number,),
    )


def test_a_block_keeps_its_tasks_when_others_are_forgotten(store: Store, clock: Clock) -> None:
    for number in range(12):
        create(store, f"{number}.txt", failure=None if number % 4 else FAILURE)
    while store.claim_task():
        pass
    for task in store.list_tasks(status=Status.PROCESSING)[3:]:
        store.complete_task(task.task_id, task.attempt, RESULT, "<p>")
    store.mark_published([(task, Placement.MOVED) for task in store.list_tasks()])
    last = store.listing.rows(9)
    clock.now += timedelta(days=10)
    assert store.cleanup_old_tasks(days=99, failed_days=7) == 3
    assert [row["file"] for row in store.listing.rows(1, 4)] == ["1.txt", "2.txt", "3.txt"]
    assert [row["seq"] for row in store.listing.rows(9)] == [row["seq"] for row in last][1:]
    assert store.listing.ticks().renumbered == 0


def test_numbers_can_be_given_again_once_most_are_gaps(store: Store, clock: Clock) -> None:
    for number in range(10):
        create(store, f"{number}.txt")
        task = finish(store)
        if number not in (4, 9):
            store.mark_published([(task, Placement.MOVED)])
    clock.now += timedelta(days=10)
    assert not store.listing.is_sparse()
    assert store.cleanup_old_tasks(7) == 8
    assert store.listing.is_sparse()
    store.number_by_time()
    assert not store.listing.is_sparse()
    assert [(row["seq"], row["file"]) for row in store.listing.rows(1)] == [(1, "4.txt"), (2, "9.txt")]
    assert store.listing.ticks().renumbered == 1
    create(store, "new.txt")
    assert [row["seq"] for row in store.listing.rows(3)] == [3]
    check(store)


def test_an_import_in_any_order_can_be_numbered_by_time(store: Store, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        create(store, name)
    tasks = list(store.iterate())
    (tmp_path / "other").mkdir()
    other = Store(tmp_path / "other")
    for task in (tasks[2], tasks[0], tasks[1]):
        other.import_task(task)
    assert [row["file"] for row in other.listing.rows(1)] == ["c.txt", "a.txt", "b.txt"]
    other.number_by_time()
    assert [row["file"] for row in other.listing.rows(1)] == ["a.txt", "b.txt", "c.txt"]
    check(other)
