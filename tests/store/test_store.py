"""The store: what each method promises, one by one."""

from __future__ import annotations

import hashlib
import math
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tclp_daemon.errors import ConfigError, ContractError, ErrorCode
from tclp_daemon.store import DATABASE, ReadOnlyStore, Store, name_aside
from tclp_daemon.store.connection import journal_mode
from tclp_daemon.store.rows import to_task
from tclp_daemon.task import FileIdentity, Placement, Status, Task

IDENTITY = FileIdentity(12, 1_700_000_000_000_000_000, 42)
IDENTITY_REST = (IDENTITY.mtime_ns, IDENTITY.inode)
SHA = "a" * 64
CORRUPT = ContractError(ErrorCode.CORRUPT, detail="test")


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with Store(tmp_path, clock=clock) as found:
        yield found


def create(store: Store, file: str = "acme/nda.pdf", **more: object) -> Task:
    return store.create_task(file, size=12, sha256=SHA, identity=IDENTITY, **more)  # type: ignore[arg-type]


def finish(store: Store, task: Task) -> Task:
    claimed = store.claim_task()
    assert claimed is not None
    assert claimed.task_id == task.task_id
    assert store.complete_task(claimed.task_id, claimed.attempt, {"findings": []}, "<p>report</p>")
    return store.get_task(task.task_id)


def test_a_new_task_is_pending_and_unpublished(store: Store) -> None:
    task = create(store)
    assert (task.status, task.progress, task.stage, task.attempt) == (Status.PENDING, 0, "queued", 0)
    assert task.outbox_name == "acme/nda.pdf"
    assert store.unpublished() == [task]


def test_claim_takes_the_oldest_and_each_only_once(store: Store) -> None:
    first, second = create(store, "a.txt"), create(store, "b.txt")
    claimed = [store.claim_task(), store.claim_task(), store.claim_task()]
    assert [c.task_id if c else None for c in claimed] == [first.task_id, second.task_id, None]
    assert claimed[0] is not None
    assert (claimed[0].status, claimed[0].attempt, claimed[0].progress) == (Status.PROCESSING, 1, 10)


def test_progress_never_goes_backwards(store: Store) -> None:
    task = create(store)
    store.claim_task()
    assert store.update_task(task.task_id, 1, progress=60, stage="classifying", page=3)
    assert store.update_task(task.task_id, 1, progress=40, stage="classifying")
    now = store.get_task(task.task_id)
    assert (now.progress, now.page) == (60, 3)


def test_a_stale_attempt_changes_nothing(store: Store) -> None:
    task = create(store)
    store.claim_task()
    assert store.release_task(task.task_id, 1, why="worker_crashed", crashed=True)
    second = store.claim_task()
    assert second is not None
    assert second.attempt == 2
    before = store.get_task(task.task_id)
    assert not store.update_task(task.task_id, 1, progress=80, stage="writing")
    assert not store.complete_task(task.task_id, 1, {"findings": []}, "stale")
    assert not store.fail_task(task.task_id, 1, CORRUPT)
    assert not store.release_task(task.task_id, 1, why="stale")
    assert store.get_task(task.task_id) == before
    assert store.report(task.task_id) is None


def test_complete_keeps_result_and_report(store: Store) -> None:
    done = finish(store, create(store))
    assert (done.status, done.progress, done.stage) == (Status.COMPLETED, 100, "done")
    assert done.result == {"findings": []}
    assert store.report(done.task_id) == b"<p>report</p>"
    assert not store.complete_task(done.task_id, 1, {}, ""), "finished once"


def test_failure_has_sentence_code_and_advice_and_can_be_retried(store: Store) -> None:
    task = create(store)
    store.claim_task()
    assert store.fail_task(task.task_id, 1, CORRUPT)
    failed = store.get_task(task.task_id)
    assert (failed.status, failed.error_code) == (Status.FAILED, ErrorCode.CORRUPT)
    assert failed.error == CORRUPT.message
    assert failed.advice == CORRUPT.advice
    assert store.retry_task(task.task_id)
    again = store.claim_task()
    assert again is not None
    assert (again.attempt, again.error) == (2, None)
    assert not store.retry_task(task.task_id), "only failed tasks are retried"


def test_a_released_task_waits_for_its_time(store: Store, clock: Clock) -> None:
    task = create(store)
    store.claim_task()
    store.release_task(task.task_id, 1, why="timeout", delay=30, crashed=True)
    assert store.claim_task() is None
    assert store.next_due() == pytest.approx(clock.now.timestamp() + 30, abs=1)
    clock.now += timedelta(seconds=31)
    claimed = store.claim_task()
    assert claimed is not None
    assert (claimed.attempt, claimed.crashes, claimed.errors) == (2, 1, 0)


def test_suspects_come_after_the_others_and_can_be_passed_over(store: Store) -> None:
    suspect, other, third = (create(store, name) for name in ("suspect.txt", "other.txt", "third.txt"))
    claimed = store.claim_task()
    assert claimed is not None
    assert claimed.task_id == suspect.task_id
    store.release_task(suspect.task_id, 1, why="timeout", crashed=True)
    for expected in (other, third):
        claimed = store.claim_task()
        assert claimed is not None
        assert claimed.task_id == expected.task_id
    assert store.claim_task(suspects=False) is None
    claimed = store.claim_task()
    assert claimed is not None
    assert claimed.task_id == suspect.task_id


def test_a_pause_set_by_a_clock_that_was_wrong_ends_at_once(store: Store, clock: Clock) -> None:
    task = create(store)
    store.claim_task()
    store.release_task(task.task_id, 1, why="timeout", delay=30, crashed=True)
    clock.now -= timedelta(days=365)
    claimed = store.claim_task(longest_pause=3600)
    assert claimed is not None
    assert claimed.task_id == task.task_id


def test_recover_queues_what_ran_and_gives_up_on_a_daemon_killer(store: Store) -> None:
    task = create(store)
    for attempt in range(1, 4):
        claimed = store.claim_task()
        assert claimed is not None
        assert claimed.attempt == attempt
        assert [t.task_id for t in store.recover(max_interruptions=4)] == [task.task_id]
    store.claim_task()
    store.recover(max_interruptions=4)
    assert store.get_task(task.task_id).error_code is ErrorCode.WORKER_CRASHED


def test_a_second_drop_takes_the_name_and_the_first_steps_aside(store: Store) -> None:
    first = create(store)
    store.take_names([first])
    store.mark_published([(first, Placement.MOVED)])
    second = create(store)
    aside = store.get_task(first.task_id)
    assert aside.outbox_name == f"acme/nda.{first.task_id[:8]}.pdf"
    assert second.outbox_name == "acme/nda.pdf"
    assert store.name_occupied(second), "the older files still bear the name"
    assert store.unpublished()[0].task_id == first.task_id, "the one that makes room comes first"
    store.mark_published([(aside, Placement.MOVED)])
    assert not store.name_occupied(second)


def test_revisions_count_what_the_outbox_lags_behind(store: Store) -> None:
    task = create(store)
    store.mark_published([(task, Placement.MOVED)])
    assert store.unpublished() == []
    store.claim_task()
    (lagging,) = store.unpublished()
    store.update_task(task.task_id, 1, progress=50, stage="classifying")
    store.mark_published([(lagging, Placement.MOVED)])
    assert len(store.unpublished()) == 1, "what changed since it was read is still due"


def test_known_source_distinguishes_waiting_left_and_moved(store: Store) -> None:
    task = create(store, "nda.pdf")
    assert store.known_sources([("nda.pdf", IDENTITY)])
    assert not store.known_sources([("nda.pdf", FileIdentity(12, IDENTITY.mtime_ns + 1, 42))])
    assert not store.known_sources([("other.pdf", IDENTITY)])
    store.mark_published([(task, Placement.MOVED)])
    assert not store.known_sources([("nda.pdf", IDENTITY)]), "moved away and back: a new drop"
    left = create(store, "left.pdf")
    store.mark_published([(left, Placement.STAYS)])
    assert store.known_sources([("left.pdf", IDENTITY)])


def test_find_by_id_prefix_and_name(store: Store) -> None:
    task = create(store)
    assert store.find_tasks(task.task_id) == [task]
    assert store.find_tasks(task.task_id[:6]) == [task]
    assert store.find_tasks("acme/nda.pdf") == [task]
    assert store.find_tasks("nda.pdf") == [task]
    assert store.find_tasks("a.pdf") == []
    assert store.find_tasks("%") == []


def test_list_filters(store: Store, clock: Clock) -> None:
    create(store, "a.txt")
    clock.now += timedelta(hours=1)
    middle = clock.now
    b = create(store, "B-lease.txt")
    assert [t.file for t in store.list_tasks()] == ["B-lease.txt", "a.txt"]
    assert store.list_tasks(since=middle) == [b]
    assert store.list_tasks(name="LEASE") == [b]
    assert store.list_tasks(status=Status.FAILED) == []
    assert len(store.list_tasks(limit=1)) == 1
    assert store.list_tasks(limit=0) == []
    assert list(store.iterate(since=middle)) == [b]


def test_pages_join_without_gap_or_double(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tclp_daemon.store.reading._BATCH", 3)
    clock = store._clock()
    monkeypatch.setattr(store, "_clock", lambda: clock)  # all in one moment
    made = [create(store, f"{number}.txt", failure=CORRUPT if number % 3 else None) for number in range(11)]
    assert list(store.iterate()) == made
    assert list(store.iterate(updated_since=clock)) == made
    assert store.list_tasks() == made[::-1]
    assert store.list_tasks(status=Status.FAILED) == [t for t in made[::-1] if t.error]
    assert store.list_tasks(name="1") == [made[10], made[1]]
    assert store.list_tasks(limit=7) == made[::-1][:7]
    assert store.list_tasks(name="1", limit=1) == [made[10]]


def test_no_statement_is_open_while_a_row_is_parsed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the rollback journal it would keep every writer waiting."""
    made = [finish(store, create(store, f"{number}.txt")) for number in range(8)]
    writer = sqlite3.connect(tmp_path / DATABASE, timeout=0, isolation_level=None)

    def parse(row: sqlite3.Row) -> Task:
        writer.execute("UPDATE migrations SET applied_at = 'now'")  # fails where anybody reads
        return to_task(row)

    monkeypatch.setattr("tclp_daemon.store.reading.to_task", parse)
    monkeypatch.setattr("tclp_daemon.store.reading._BATCH", 3)
    assert len(store.list_tasks()) == len(list(store.iterate())) == len(store.unpublished()) == 8
    assert len(store.list_tasks(status=Status.COMPLETED, name="txt")) == 8
    assert len(list(store.iterate(updated_since=made[0].created_at))) == 8
    assert store.find_tasks("1.txt") == [made[1]]
    assert store.find_result(SHA, ".txt", {}) == {"findings": []}
    writer.close()


def test_a_task_found_by_name_is_the_newest(store: Store, clock: Clock) -> None:
    first = create(store, "a/nda.pdf")
    clock.now += timedelta(hours=1)
    middle = clock.now
    second = create(store, "b/nda.pdf")
    create(store, "c/other.pdf")
    assert store.find_tasks("nda.pdf") == [second, first]
    assert store.find_tasks("nda.pdf", limit=1) == [second]
    assert store.find_tasks("nda.pdf", since=middle) == [second]
    assert store.find_tasks("a/nda.pdf", since=middle) == []
    assert store.find_tasks("x/a/nda.pdf") == []
    again = create(store, "a/nda.pdf")
    assert {t.task_id for t in store.find_tasks("a/nda.pdf")} == {first.task_id, again.task_id}
    aside = store.get_task(first.task_id).outbox_name
    assert [t.task_id for t in store.find_tasks(aside)] == [first.task_id], "by its name in the outbox"


def test_cleanup_forgets_old_finished_published_tasks_only(store: Store, clock: Clock) -> None:
    old = finish(store, create(store, "old.txt"))
    failed = create(store, "failed.txt", failure=CORRUPT)
    waiting = create(store, "waiting.txt")
    unseen = finish_other(store, "unseen.txt", waiting)
    for task in (old, failed, waiting):
        store.mark_published([(store.get_task(task.task_id), Placement.MOVED)])
    clock.now += timedelta(days=8)
    assert store.cleanup_old_tasks(days=7, failed_days=30) == 1
    left = {t.file for t in store.list_tasks()}
    assert left == {"failed.txt", "waiting.txt", "unseen.txt"}
    assert store.report(old.task_id) is None
    assert unseen.published < unseen.revision


def test_room_is_given_back_only_where_most_of_it_is_empty(store: Store, clock: Clock, tmp_path: Path) -> None:
    for number in range(12):
        task = create(store, f"{number}.txt")
        claimed = store.claim_task()
        assert claimed is not None
        store.complete_task(claimed.task_id, claimed.attempt, {"findings": []}, os.urandom(50_000).hex())
        store.mark_published([(store.get_task(task.task_id), Placement.MOVED)])
        clock.now += timedelta(days=1)
    full = (tmp_path / DATABASE).stat().st_size
    assert store.cleanup_old_tasks(days=8.5) == 4
    assert not store.compact(), "a third is empty: everybody would wait for little"
    assert store.cleanup_old_tasks(days=2.5) == 6
    assert (tmp_path / DATABASE).stat().st_size == full, "forgetting does not write the complete database again"
    assert store.compact()
    assert (tmp_path / DATABASE).stat().st_size < full / 3


def test_cleanup_keeps_for_ever_where_told(store: Store, clock: Clock) -> None:
    done = finish(store, create(store, "done.txt"))
    failed = create(store, "failed.txt", failure=CORRUPT)
    store.mark_published([(done, Placement.MOVED), (failed, Placement.STAYS)])
    clock.now += timedelta(days=30_000)
    assert store.cleanup_old_tasks(math.inf, math.inf) == 0
    assert store.cleanup_old_tasks(math.inf, 90) == 1
    assert [t.file for t in store.list_tasks()] == ["done.txt"]


def test_cleanup_forgets_no_more_than_told_at_once_and_the_oldest_first(store: Store, clock: Clock) -> None:
    """So that one start with a clock far in the future forgets little."""
    for number in range(10):
        task = create(store, f"{number}.txt", failure=CORRUPT if number % 2 else None)
        store.mark_published([(finish(store, task) if number % 2 == 0 else task, Placement.MOVED)])
        clock.now += timedelta(seconds=1)
    clock.now += timedelta(days=30_000)
    assert store.cleanup_old_tasks(days=7, failed_days=7, limit=3) == 3
    assert {t.file for t in store.list_tasks()} == {f"{number}.txt" for number in (1, 3, 5, 6, 7, 8, 9)}
    assert store.cleanup_old_tasks(days=7, failed_days=7, limit=4) == 4
    assert {t.file for t in store.list_tasks()} == {"5.txt", "7.txt", "9.txt"}
    assert store.cleanup_old_tasks(days=7, limit=100) == 3
    assert store.cleanup_old_tasks(days=7, limit=100) == 0


def test_a_report_is_kept_until_it_was_read_back_from_the_outbox(store: Store) -> None:
    done = finish(store, create(store))
    assert done.report_sha256 == hashlib.sha256(b"<p>report</p>").hexdigest()
    store.mark_published([(done, Placement.MOVED)])
    assert store.report(done.task_id) == b"<p>report</p>", "written, but nobody has looked"
    store.republish(done.task_id)
    store.mark_published([(store.get_task(done.task_id), Placement.MOVED)], verified={done.task_id})
    assert store.report(done.task_id) is None
    assert store.get_task(done.task_id).report_sha256 == done.report_sha256


def test_a_newer_report_is_not_dropped_for_an_older_one(store: Store) -> None:
    older = finish(store, create(store))
    store.requeue_task(older.task_id)
    claimed = store.claim_task()
    assert claimed is not None
    store.complete_task(claimed.task_id, claimed.attempt, {"findings": []}, "<p>newer</p>")
    store.mark_published([(older, Placement.MOVED)], verified={older.task_id})
    assert store.report(older.task_id) == b"<p>newer</p>"


def test_to_make_a_report_again_takes_no_result_away(store: Store) -> None:
    task = create(store)
    store.claim_task()
    result = {"findings": [], "provenance": {"model_fingerprint": "m1"}}
    store.complete_task(task.task_id, 1, result, "report")
    before = store.get_task(task.task_id)
    assert store.requeue_task(task.task_id)
    assert not store.requeue_task(task.task_id), "it is queued already"
    queued = store.get_task(task.task_id)
    assert (queued.status, queued.result, queued.report_sha256) == (Status.PENDING, None, before.report_sha256)
    assert store.find_result(SHA, ".pdf", {"model_fingerprint": "m1"}) == result, "nothing is classified again"
    claimed = store.claim_task()
    assert claimed is not None
    assert store.fail_task(task.task_id, claimed.attempt, CORRUPT)
    after = store.get_task(task.task_id)
    assert (after.status, after.result, after.error_code) == (Status.COMPLETED, result, None)
    assert after.report_sha256 == before.report_sha256
    store.requeue_task(task.task_id)
    claimed = store.claim_task()
    assert claimed is not None
    assert store.complete_task(task.task_id, claimed.attempt, {"findings": []}, "another")
    assert store.get_task(task.task_id).report_sha256 != before.report_sha256
    assert store.find_result(SHA, ".pdf", {"model_fingerprint": "m1"}) is None, "the one that was replaced is gone"


def test_cleanup_never_forgets_a_file_that_stays_in_the_inbox(store: Store, clock: Clock) -> None:
    task = finish(store, create(store))
    store.mark_published([(task, Placement.STAYS)])
    clock.now += timedelta(days=400)
    assert store.cleanup_old_tasks(days=7) == 1
    assert store.report(task.task_id) is None, "nothing of its text is kept"
    assert store.known_sources([(task.file, IDENTITY)])
    assert not store.known_sources([(task.file, FileIdentity(13, *IDENTITY_REST))])


def finish_other(store: Store, file: str, waiting: Task) -> Task:
    """Finishes a task though another waits before it."""
    store.claim_task()
    task = create(store, file)
    done = finish(store, task)
    store.release_task(waiting.task_id, 1, why="drained")
    return done


def test_a_result_is_found_again_only_for_the_same_model_and_suffix(store: Store) -> None:
    task = create(store, "nda.PDF")
    store.claim_task()
    result = {"findings": [], "provenance": {"model_fingerprint": "m1", "version": "1"}}
    store.complete_task(task.task_id, 1, result, "")
    assert store.find_result(SHA, ".pdf", {"model_fingerprint": "m1", "version": "1"}) == result
    assert store.find_result(SHA, ".pdf", {"model_fingerprint": "m2", "version": "1"}) is None
    assert store.find_result(SHA, ".txt", {"model_fingerprint": "m1"}) is None
    assert store.find_result("b" * 64, ".pdf", {}) is None


@pytest.mark.parametrize(
    "nonsense",
    [
        "UPDATE tasks SET status = 'completed'",
        "UPDATE tasks SET status = 'done'",
        "UPDATE tasks SET progress = 101",
        "UPDATE tasks SET status = 'failed', finished_at = 'now'",
        "UPDATE tasks SET error = 'x'",
        "UPDATE tasks SET published = revision + 1",
        "UPDATE tasks SET attempt = -1",
        "UPDATE tasks SET sha256 = 'short'",
        "UPDATE tasks SET stage = ''",
        "UPDATE tasks SET stage = 'done'",
        "INSERT INTO events (task_id, at, attempt, event) VALUES ('nobody', '', 0, 'x')",
    ],
)
def test_the_schema_forbids_nonsense(store: Store, tmp_path: Path, nonsense: str) -> None:
    create(store)
    other = sqlite3.connect(tmp_path / DATABASE)
    other.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(sqlite3.IntegrityError):
        other.execute(nonsense)
    other.close()


def test_illegal_transitions_are_refused_by_the_schema(store: Store, tmp_path: Path) -> None:
    finish(store, create(store))
    other = sqlite3.connect(tmp_path / DATABASE)
    with pytest.raises(sqlite3.IntegrityError, match="illegal transition"):
        other.execute(
            "UPDATE tasks SET status = 'processing', result = NULL, progress = 0, stage = 'queued', finished_at = NULL"
        )
    other.close()


def test_a_corrupt_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    garbage = b"this is no database at all " * 100
    (tmp_path / DATABASE).write_bytes(garbage)
    with pytest.raises(ConfigError, match="rebuild"):
        Store(tmp_path)
    assert (tmp_path / DATABASE).read_bytes() == garbage


def test_the_database_is_private_and_durable(store: Store, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / DATABASE).stat().st_mode) == 0o600
    assert store._db.execute("PRAGMA synchronous").fetchone()[0] == 2


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 40, 1), "DELETE"),
        ((3, 44, 5), "DELETE"),
        ((3, 44, 6), "WAL"),
        ((3, 45, 0), "DELETE"),
        ((3, 50, 6), "DELETE"),
        ((3, 50, 7), "WAL"),
        ((3, 51, 2), "DELETE"),
        ((3, 51, 3), "WAL"),
    ],
)
def test_wal_only_where_sqlite_has_the_fix(version: tuple[int, ...], mode: str) -> None:
    assert journal_mode(version) == mode


def test_name_aside() -> None:
    assert name_aside("acme/nda.pdf", "7f3a9c2e") == "acme/nda.7f3a9c2e.pdf"
    assert name_aside("README", "x") == "README.x"


def test_two_connections_never_claim_the_same_task(
    tmp_path: Path, make_threads: Callable[..., list[list[str]]]
) -> None:
    with Store(tmp_path) as store:
        for i in range(40):
            create(store, f"{i}.txt")

    def claim_all() -> list[str]:
        with Store(tmp_path) as own:
            claimed = []
            while task := own.claim_task():
                claimed.append(task.task_id)
        return claimed

    results = make_threads(claim_all, 4)
    ids = [task_id for claimed in results for task_id in claimed]
    assert len(ids) == len(set(ids)) == 40


@pytest.fixture
def make_threads() -> Callable[..., list[list[str]]]:
    from concurrent.futures import ThreadPoolExecutor

    def run(target: Callable[[], list[str]], count: int) -> list[list[str]]:
        with ThreadPoolExecutor(count) as pool:
            return [f.result() for f in [pool.submit(target) for _ in range(count)]]

    return run


def test_what_is_overruled_leaves_nothing_of_the_older_outcome(store: Store) -> None:
    """A report of the backup must not be published over the one that was made since."""
    task = finish(store, create(store))
    assert store.report(task.task_id) is not None
    newer = replace(task, report_sha256="b" * 64, updated_at=task.updated_at + timedelta(hours=1))
    store.overrule_task(newer)
    assert store.report(task.task_id) is None
    assert store.get_task(task.task_id).report_sha256 == "b" * 64


def test_what_is_overruled_while_its_report_is_made_again_has_no_result_to_go_back_to(store: Store) -> None:
    task = finish(store, create(store))
    store.requeue_task(task.task_id)
    failed = replace(
        task, status=Status.FAILED, progress=20, stage="reading", result=None, report_sha256=None,
        error=CORRUPT.message, error_code=CORRUPT.code, advice=CORRUPT.advice,
    )  # fmt: skip
    store.overrule_task(failed)
    store.retry_task(task.task_id)
    claimed = store.claim_task()
    assert claimed is not None
    store.fail_task(claimed.task_id, claimed.attempt, CORRUPT)
    assert store.get_task(task.task_id).status is Status.FAILED


def test_a_store_is_closed_at_the_end_of_its_block(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert store.counts() == {}
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        store.counts()


def test_a_damaged_database_is_reported_with_its_path(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for number in range(200):
            create(store, f"{number}.txt")
    database = tmp_path / DATABASE
    content = bytearray(database.read_bytes())
    content[-4096 * 4 :] = b"\xa5" * (4096 * 4)
    database.write_bytes(content)
    with ReadOnlyStore(tmp_path) as reader, pytest.raises(ConfigError, match=f"{database} is damaged"):
        reader.check()
