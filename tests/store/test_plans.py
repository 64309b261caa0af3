"""Nothing that is asked often reads every task: by SQLite's own plans, and by the steps it then takes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.store import Store
from tclp_daemon.task import FileIdentity, Placement, Status, Task

CORRUPT = ContractError(ErrorCode.CORRUPT, detail="test")
START = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
KNOWN = "0" * 8 + "-0000-4000-8000-" + "0" * 12


class Clock:
    """A second later each time."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def add(store: Store, file: str, number: int, **more: object) -> Task:
    return store.create_task(
        file, size=number, sha256=f"{number:064x}", identity=FileIdentity(number, number, number), **more
    )  # type: ignore[arg-type]


def finished(count: int, folder: Path) -> Store:
    """A store with that many finished, published contracts, the work of years, and a few that are on their way."""
    store = Store(folder, clock=Clock())
    store._db.execute("PRAGMA synchronous = OFF")
    done = []
    for number in range(1, count + 1):
        task = add(store, f"client/{number}/contract.pdf" if number % 2 else f"{number}.pdf", number)
        claimed = store.claim_task()
        assert claimed is not None
        if number % 10:
            store.complete_task(task.task_id, claimed.attempt, {"provenance": {}, "findings": []}, "report")
        else:
            store.fail_task(task.task_id, claimed.attempt, CORRUPT)
        done.append((store.get_task(task.task_id), Placement.STAYS if number % 3 else Placement.MOVED))
    store.mark_published(done)
    add(store, "known.pdf", 10**6, task_id=KNOWN)
    for number in range(5):
        add(store, f"waiting {number}.pdf", 10**6 + number)
    store.claim_task()
    return store


def new(store: Store) -> Task:
    return add(store, f"{uuid.uuid4()}.pdf", 10**7)


def claimed(store: Store) -> Task:
    task = store.claim_task(3600)
    assert task is not None
    return task


def published(store: Store) -> None:
    (task,) = store.unpublished(1)
    store.take_names([task])
    store.mark_published([(task, Placement.MOVED)], verified={task.task_id})


# What the daemon's threads and the commands that wait ask again and again, each of a store as `finished` left it.
HOT: dict[str, Callable[[Store], object]] = {
    "is_outbox_name": lambda store: store.is_outbox_name("KNOWN.pdf"),
    "is_outbox_folder": lambda store: store.is_outbox_folder("client"),
    "known_spool": lambda store: store.known_spool(),
    "wants_spool": lambda store: store.wants_spool(KNOWN),
    "unpublished": lambda store: store.unpublished(),
    "count_unpublished": lambda store: store.count_unpublished(),
    "any_published": lambda store: store.any_published(),
    "name_occupied": lambda store: store.name_occupied(store.get_task(KNOWN)),
    "report": lambda store: store.report(KNOWN),
    "find_result": lambda store: store.find_result(f"{7:064x}", ".pdf", {}),
    "is_shown": lambda store: store.is_shown("known.pdf"),
    "find by id": lambda store: store.find_tasks(KNOWN),
    "find by prefix": lambda store: store.find_tasks(KNOWN[:5]),
    "find by name": lambda store: store.find_tasks("known.pdf"),
    "find what is not there": lambda store: store.find_tasks("never seen.pdf"),
    "find a name that many have, as submit does": lambda store: store.find_tasks(
        "contract.pdf", since=START + timedelta(days=30)
    ),
    "find the newest of many": lambda store: store.find_tasks("contract.pdf", limit=1),
    "list": lambda store: store.list_tasks(limit=5),
    "list by status": lambda store: store.list_tasks(status=Status.FAILED, limit=5),
    "what runs": lambda store: store.list_tasks(status=Status.PROCESSING),
    "list since": lambda store: store.list_tasks(since=START + timedelta(days=30)),
    "what changed": lambda store: list(store.iterate(updated_since=START + timedelta(days=30))),
    "accepted since": lambda store: list(store.iterate(since=START + timedelta(days=30))),
    "next_due": lambda store: store.next_due(),
    "events": lambda store: store.events(KNOWN),
    "create": new,
    "create under a name that is taken": lambda store: add(store, "2.pdf", 10**8),
    "claim": claimed,
    "update": lambda store: store.update_task(KNOWN, 1, progress=50, stage="classifying"),
    "complete": lambda store: store.complete_task(KNOWN, 1, {"findings": []}, "report"),
    "fail": lambda store: store.fail_task(KNOWN, 1, CORRUPT),
    "release": lambda store: store.release_task(KNOWN, 1, why="timeout", delay=5),
    "recover": lambda store: store.recover(),
    "retry": lambda store: store.retry_task(KNOWN),
    "requeue": lambda store: store.requeue_task(KNOWN),
    "republish": lambda store: store.republish(KNOWN),
    "publish": published,
    "cleanup with nothing to forget": lambda store: store.cleanup_old_tasks(36_500, 36_500),
    "cleanup by a share": lambda store: store.cleanup_old_tasks(0, limit=5),
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = finished(40, tmp_path_factory.mktemp("small"))
    yield store
    store.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = finished(2000, tmp_path_factory.mktemp("large"))
    yield store
    store.close()


def statements(store: Store, ask: Callable[[Store], object]) -> list[str]:
    """What SQLite was told, with the values in it. What changed is rolled back."""
    told: list[str] = []
    store._db.execute("SAVEPOINT before")
    store._db.set_trace_callback(told.append)
    try:
        with_savepoints(store, ask)
    finally:
        store._db.set_trace_callback(None)
        store._db.execute("ROLLBACK TO before")
        store._db.execute("RELEASE before")
    return told


def with_savepoints(store: Store, ask: Callable[[Store], object]) -> None:
    """Within a transaction of the test's own, which the store's would collide with."""
    from contextlib import nullcontext

    write, store._write = store._write, nullcontext  # type: ignore[method-assign, assignment]
    try:
        ask(store)
    finally:
        store._write = write  # type: ignore[method-assign]


def steps(store: Store, ask: Callable[[Store], object]) -> int:
    """How many instructions of its machine SQLite needs for it."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    store._db.execute("SAVEPOINT before")
    store._db.set_progress_handler(step, 1)
    try:
        with_savepoints(store, ask)
    finally:
        store._db.set_progress_handler(None, 1)
        store._db.execute("ROLLBACK TO before")
        store._db.execute("RELEASE before")
    return count


@pytest.mark.parametrize("name", ["claim", "next_due", "publish", "is_outbox_folder", "create"])
def test_a_long_queue_is_not_read_to_its_end(tmp_path: Path, name: str) -> None:
    """In a burst of thousands, to claim one or to publish one is to look at one."""
    counts = []
    for number in (50, 1500):
        (tmp_path / str(number)).mkdir()
        store = Store(tmp_path / str(number), clock=Clock())
        store._db.execute("PRAGMA synchronous = OFF")
        for each in range(number):
            add(store, f"{each}.pdf", each)
        counts.append(steps(store, HOT[name]))
        store.close()
    assert counts[1] <= 1.5 * counts[0] + 50, counts


@pytest.mark.parametrize("name", HOT)
def test_no_plan_reads_every_task(small: Store, name: str) -> None:
    told = [sql for sql in statements(small, HOT[name]) if sql.startswith(("SELECT", "UPDATE", "DELETE", "INSERT"))]
    assert told
    for sql in told:
        for row in small._db.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall():
            detail = row[3]
            # That an index is not read from end to end is for the next test to see.
            assert detail not in ("SCAN tasks", "SCAN t", "SCAN reports", "SCAN events"), sql


@pytest.mark.slow
@pytest.mark.parametrize("name", HOT)
def test_fifty_times_the_contracts_are_hardly_more_steps(small: Store, large: Store, name: str) -> None:
    few, many = steps(small, HOT[name]), steps(large, HOT[name])
    assert many <= 1.5 * few + 50, (few, many)
