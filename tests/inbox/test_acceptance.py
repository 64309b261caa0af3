"""Rounds at a real inbox with a real store, without a thread and without waiting."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tclp_daemon.config import Config, parse_config
from tclp_daemon.errors import ErrorCode
from tclp_daemon.inbox.acceptance import Acceptance
from tclp_daemon.inbox.forget import Forgetting
from tclp_daemon.inbox.heartbeat import InboxHeartbeat
from tclp_daemon.inbox.intake import Intake
from tclp_daemon.outbox.names import name_in_outbox
from tclp_daemon.spool import Spool
from tclp_daemon.store import Store
from tclp_daemon.task import FileIdentity, Placement, Task

GOOD = "The Supplier shall reach net zero by 2040.\n"
DAY = timedelta(days=1)


class Place:
    """An inbox, a state directory, and rounds between them."""

    def __init__(self, root: Path, **inbox: Any) -> None:
        self.root, self.inbox, self.state = root, root / "inbox", root / "state"
        for folder in (self.inbox, self.state, root / "outbox"):
            folder.mkdir(exist_ok=True)
        settings = {"path": str(self.inbox), "settle_seconds": 1, "poll_seconds": 1, **inbox}
        self.config: Config = parse_config(
            {"inbox": settings, "outbox": {"path": str(root / "outbox")}, "state": {"path": str(self.state)}}
        )
        self.today = datetime(2026, 1, 1, tzinfo=UTC)
        self.store = Store(self.state, clock=lambda: self.today)
        self.now = 0.0
        self.start()

    def start(self) -> None:
        leave = self.config.inbox.when_accepted == "leave"
        self.spool = Spool(self.state)
        intake = Intake(self.inbox, self.spool, self.store, naming=name_in_outbox, file_mb=1, leave=leave)
        self.acceptance = Acceptance(self.config.inbox, self.store, intake, clock=self.clock)

    def clock(self) -> float:
        self.now += 0.001
        return self.now

    def rounds(self, count: int = 3, seconds: float = 2.0) -> None:
        for _ in range(count):
            self.now += seconds
            self.acceptance.look()
            while self.acceptance.accept(1.0):
                continue

    def tasks(self) -> list[Task]:
        return sorted(self.store.list_tasks(), key=lambda task: (task.file, task.created_at))

    def files(self) -> list[str]:
        return [task.file for task in self.tasks()]

    def leave_all(self) -> None:
        """As the outbox does with originals that stay."""
        self.store.mark_published([(task, Placement.STAYS) for task in self.tasks()])

    def forget_all(self) -> None:
        """Finishes every task and forgets it."""
        self.leave_all()
        while task := self.store.claim_task():
            self.store.complete_task(task.task_id, task.attempt, {"classification": "likely"}, "report")
        self.leave_all()
        self.today += 10 * DAY
        self.store.cleanup_old_tasks(5)
        assert self.tasks() == []


@pytest.fixture
def leaving(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, when_accepted="leave")
    yield place
    place.store.close()


def new_disk(place: Place) -> None:
    """cp -a to a new disk that is mounted in the old one's place: all dates, no inode number."""
    shutil.copytree(place.inbox, place.root / "new", symlinks=True)
    place.inbox.rename(place.root / "old")
    (place.root / "new").rename(place.inbox)


def touch(place: Place) -> None:
    for path in place.inbox.rglob("*.txt"):
        os.utime(path, (1_000_000_000, 1_000_000_000), follow_symlinks=False)


def both(place: Place) -> None:
    new_disk(place)
    touch(place)


@pytest.mark.parametrize("change", [new_disk, touch, both])
@pytest.mark.parametrize("forgotten", [False, True], ids=["remembered", "forgotten"])
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_a_file_that_stays_is_known_by_its_bytes(
    leaving: Place, change: Callable[[Place], None], forgotten: bool, restarted: bool
) -> None:
    (leaving.inbox / "acme").mkdir()
    for name in ("nda.txt", "acme/nda.txt", "other.txt"):
        (leaving.inbox / name).write_text(GOOD + name)
    (leaving.inbox / "twin.txt").write_text(GOOD + "nda.txt")
    leaving.rounds()
    assert leaving.files() == ["acme/nda.txt", "nda.txt", "other.txt", "twin.txt"]
    leaving.leave_all()
    if forgotten:
        leaving.forget_all()
    before = leaving.files()
    change(leaving)
    if restarted:
        leaving.start()
    leaving.now += 3600  # past the next full look
    leaving.rounds()
    assert leaving.files() == before
    assert not list((leaving.state / "spool").glob("*.part"))
    for name in ("nda.txt", "acme/nda.txt"):
        status = (leaving.inbox / name).stat()
        assert (status.st_mtime_ns, status.st_ino) in {
            (identity.mtime_ns, identity.inode)
            for identity in (
                [task.identity for task in leaving.tasks()] or [row[2] for row in leaving.store.left_files(0)]
            )
        }, "and under its new date and number from now on"


def test_before_the_outbox_has_it_a_file_that_stays_is_known_by_its_bytes_too(leaving: Place) -> None:
    (leaving.inbox / "nda.txt").write_text(GOOD)
    leaving.rounds()
    touch(leaving)
    leaving.rounds()
    assert leaving.files() == ["nda.txt"]


def test_other_bytes_under_the_name_are_a_new_task(leaving: Place) -> None:
    (leaving.inbox / "nda.txt").write_text(GOOD)
    leaving.rounds()
    leaving.leave_all()
    (leaving.inbox / "nda.txt").write_text(GOOD[::-1])
    leaving.rounds()
    assert leaving.files() == ["nda.txt", "nda.txt"]
    (leaving.inbox / "nda.txt").rename(leaving.inbox / "elsewhere.txt")
    leaving.rounds()
    assert leaving.files() == ["elsewhere.txt", "nda.txt", "nda.txt"], "a name of its own is a contract of its own"


def test_what_is_never_read_is_reported_once(leaving: Place) -> None:
    (leaving.inbox / "large.txt").write_bytes(b"x" * 1_000_001)
    (leaving.inbox / "empty.txt").touch()
    (leaving.inbox / "link.txt").symlink_to("/etc/passwd")
    (leaving.inbox / "folder.txt").mkdir()
    (leaving.inbox / "film.mov").write_bytes(b"x" * 2_000_000)
    leaving.rounds(50)
    codes = {task.file: task.error_code for task in leaving.tasks()}
    assert codes == {
        "large.txt": ErrorCode.TOO_LARGE,
        "empty.txt": ErrorCode.EMPTY_FILE,
        "link.txt": ErrorCode.UNREADABLE,
        "folder.txt": ErrorCode.UNREADABLE,
        "film.mov": ErrorCode.UNSUPPORTED_TYPE,
    }
    sizes = [path.stat().st_size for path in (leaving.state / "spool").iterdir()]
    assert sizes == [0], "what is over the limit is not copied, whatever else is wrong with it"
    leaving.leave_all()
    new_disk(leaving)
    leaving.rounds(50)
    assert len(leaving.tasks()) == 5


def test_where_originals_are_moved_the_same_bytes_again_are_a_new_drop(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.inbox / "nda.txt").write_text(GOOD)
    place.rounds()
    place.store.mark_published([(task, Placement.MOVED) for task in place.tasks()])
    touch(place)
    place.rounds()
    assert place.files() == ["nda.txt", "nda.txt"]


def test_a_placeholder_without_a_byte_waits_and_holds_up_nobody(tmp_path: Path) -> None:
    place = Place(tmp_path, empty_seconds=60)
    (place.inbox / "placeholder.txt").touch()
    (place.inbox / "empty.txt").touch()
    (place.inbox / "nda.txt").write_text(GOOD)
    place.rounds(10)  # 20 seconds
    assert place.files() == ["nda.txt"]
    (place.inbox / "placeholder.txt").write_text(GOOD)  # the sync tool has fetched it
    place.rounds()
    assert place.files() == ["nda.txt", "placeholder.txt"]
    assert place.acceptance.next_settled() is not None
    place.rounds(30)
    assert [task.error_code for task in place.tasks() if task.file == "empty.txt"] == [ErrorCode.EMPTY_FILE]


def test_a_writer_that_opens_and_closes_between_pauses(tmp_path: Path) -> None:
    """Only settling can tell here; the pauses are longer than the scan interval and shorter than the settle time."""
    place = Place(tmp_path, settle_seconds=3)
    for part in range(4):
        with (place.inbox / "nda.txt").open("a") as file:
            file.write(f"{GOOD}Part {part}.\n")
        place.rounds(5, seconds=0.5)
        assert place.files() == []
    place.rounds(5, seconds=0.5)
    (task,) = place.tasks()
    assert (place.spool.path_of(task.task_id)).read_text().count("Part") == 4


def test_files_that_fail_again_and_again_cost_the_others_ever_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    tried = []
    real = Intake.accept

    def accept(self: Intake, seen: Any, **options: Any) -> Task | None:
        tried.append(seen.source)
        return real(self, seen, **options)

    monkeypatch.setattr(Intake, "accept", accept)
    with (place.inbox / "open.txt").open("w") as file:
        file.write(GOOD)
        file.flush()
        place.rounds(60)  # two minutes
        assert place.files() == []
        assert 5 < tried.count("open.txt") < 15
        (place.inbox / "nda.txt").write_text(GOOD)
        place.rounds()
        assert place.files() == ["nda.txt"]
    place.acceptance.hint(["open.txt"])  # an event says that it was closed
    place.rounds()
    assert place.files() == ["nda.txt", "open.txt"]


def test_what_is_forgotten_is_forgotten_only_when_long_gone(leaving: Place) -> None:
    for name in ("stays.txt", "goes.txt", "comes back.txt", "last.txt"):
        (leaving.inbox / name).write_text(GOOD + name)
    (leaving.inbox / "link.txt").symlink_to("nowhere")
    leaving.rounds()
    leaving.forget_all()
    start = leaving.today.date()

    def day(number: int, *, steps: int = 9) -> set[str]:
        leaving.today = datetime.combine(start + number * DAY, datetime.min.time(), UTC)
        for _ in range(2):  # restarted on the same day: no day counts twice
            walk = Forgetting(leaving.inbox, leaving.store, today=leaving.today.date, page=2)
            for _ in range(steps):
                walk.step()
        return {source for _, source, _ in leaving.store.left_files(0)}

    everything = day(0)
    assert everything == {"stays.txt", "goes.txt", "comes back.txt", "last.txt", "link.txt"}
    (leaving.inbox / "goes.txt").unlink()
    (leaving.inbox / "comes back.txt").rename(leaving.root / "kept")
    for number in range(1, 29):
        assert day(number) == everything
    (leaving.root / "kept").rename(leaving.inbox / "comes back.txt")
    assert day(5000) == everything, "a clock that jumps ahead is one day"
    assert day(5001) == everything - {"goes.txt"}
    leaving.inbox.rename(leaving.root / "away")
    for number in range(6000, 6040):
        assert day(number) == everything - {"goes.txt"}, "away is not gone"


def test_an_empty_mount_point_forgets_nothing(leaving: Place) -> None:
    (leaving.inbox / "nda.txt").write_text(GOOD)
    leaving.rounds()
    leaving.forget_all()
    (leaving.inbox / "nda.txt").rename(leaving.root / "nda.txt")
    assert InboxHeartbeat(leaving.inbox).beat(), "the daemon's own claim says nothing"
    leaving.acceptance._forgetting = Forgetting(leaving.inbox, leaving.store, today=lambda: leaving.today.date())
    for _ in range(40):
        leaving.today += DAY
        leaving.rounds(1)
    assert len(leaving.store.left_files(0)) == 1


def test_a_folder_in_the_spool_stops_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for name in ("lost+found", "old", "zz"):
        (place.state / "spool" / name).mkdir()
    (place.state / "spool" / "lost+found" / "inside").write_text("x")
    orphans = [place.state / "spool" / f"{number}.part" for number in range(3)]
    for orphan in orphans:
        orphan.write_text("left by a crash")
    assert place.spool.sweep(place.store.known_spool()) == 3
    assert not [orphan for orphan in orphans if orphan.exists()]
    (place.inbox / "nda.txt").write_text(GOOD)
    place.rounds()
    assert place.files() == ["nda.txt"]


def test_a_burst_is_accepted_in_slices_and_what_comes_later_is_not_last(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for number in range(120):
        (place.inbox / f"{number}.txt").write_text(GOOD)
    place.clock = place.acceptance._clock = lambda: place.now  # type: ignore[method-assign]
    real = Intake.accept

    def slow(self: Intake, seen: Any, **options: Any) -> Task | None:
        place.now += 0.1
        return real(self, seen, **options)

    place.acceptance._intake = type("Slow", (Intake,), {"accept": slow})(
        place.inbox, place.spool, place.store, naming=name_in_outbox, file_mb=1
    )
    for _ in range(2):
        place.now += 1.0
        place.acceptance.look()
    assert place.acceptance.accept(1.0), "more wait"
    done = len(place.files())
    assert done <= 11, "one second's worth"
    (place.inbox / "single.txt").write_text(GOOD)
    looks = 0
    while "single.txt" not in place.files():
        looks += 1
        place.acceptance.look()
        assert place.acceptance.accept(1.0)
    assert looks <= 3, "seen at the first look, settled by the second"
    while place.acceptance.accept(1.0):
        place.acceptance.look()
    assert len(place.files()) == 121


def test_known_sources_is_one_search_by_an_index_for_many_files(leaving: Place) -> None:
    """At every look at a full inbox."""
    statements: list[str] = []
    leaving.store._db.set_trace_callback(statements.append)
    identity = FileIdentity(1, 1, 1)
    leaving.store.known_sources([(f"{number}.txt", identity) for number in range(500)])
    leaving.store.may_be_left("0.txt", 1)
    leaving.store._db.set_trace_callback(None)
    assert len(statements) == 2
    for statement in statements:
        plan = [row["detail"] for row in leaving.store._db.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert [line for line in plan if line.startswith("SEARCH")]
        assert not [line for line in plan if line.startswith("SCAN")], plan
        assert "tasks_in_the_inbox" in "".join(plan), "so that a name dropped a thousand times is as cheap as once"
