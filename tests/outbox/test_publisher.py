"""The outbox thread: one task's trouble, whatever its kind, is that task's alone."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from fakes.faulty_files import FAULTY_DAEMON, Faults
from harness import Site, wait_for
from tclp_daemon.config import parse_config
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.outbox.marker import OutboxMarker
from tclp_daemon.outbox.publication import Published
from tclp_daemon.outbox.publisher import Publisher
from tclp_daemon.outbox.sweep import sweep
from tclp_daemon.store import Store
from tclp_daemon.system.files import NAME_MAX, TEMP_PREFIX, move_aside, open_folder
from tclp_daemon.task import FileIdentity, Task

GOOD = "The Supplier shall reach net zero by 2040.\n"

# What a damaged row may hold, and with what Python then refuses it.
DAMAGES = {
    "a NUL in the name": "outbox_name = 'a' || char(0) || 'b.txt'",  # ValueError
    "a lone surrogate": "outbox_name = CAST(x'eda080' AS TEXT)",  # UnicodeDecodeError, or EncodeError
    "a name without end": f"outbox_name = '{'x' * 5000}'",  # ENAMETOOLONG
    "a name that leaves": "outbox_name = '../../escaped.txt'",
    "an unknown code": "error_code = 'no_such_code'",  # ValueError
    "a date that is none": "created_at = 'yesterday'",  # ValueError
    "another result": "result = '{\"classification\": 5}'",  # pydantic.ValidationError
    "a result that is a list": "result = '[1]'",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_row_that_cannot_be_published_costs_no_other(make_site: Callable[..., Site], damage: str) -> None:
    site = make_site()
    site.start()
    site.drop("bad.xyz" if "code" in damage else "bad.txt", GOOD)
    bad = site.finished("bad.xyz" if "code" in damage else "bad.txt")
    assert site.stop() == 0
    with closing(sqlite3.connect(site.state / "tasks.sqlite3")) as database, database:
        database.create_function("name_key", 1, str)
        database.execute(
            f"UPDATE tasks SET {DAMAGES[damage]}, revision = revision + 1 WHERE task_id = ?", (bad["task_id"],)
        )
    site.start()
    for number in range(3):
        site.drop(f"{number}.txt", GOOD + str(number))
    for number in range(3):
        assert site.finished(f"{number}.txt")["status"] == "completed"
    told = wait_for(lambda: site.events("not_published") + site.events("row_damaged"), "the row is named")
    assert {line["task_id"] for line in told} == {bad["task_id"]}
    assert len(told) == 1, "once, not at each round"
    assert not [line for line in site.events("part_failed") if line["failed_part"] == "outbox"]
    assert not site.events("outbox_unavailable")
    assert not (site.root.parent / "escaped.txt").exists()


@pytest.mark.parametrize("when", ["BEFORE UPDATE OF published_name", "BEFORE UPDATE OF published"])
def test_a_row_that_the_schema_refuses_costs_no_other(make_site: Callable[..., Site], when: str) -> None:
    site = make_site()
    site.start()
    assert site.stop() == 0
    with closing(sqlite3.connect(site.state / "tasks.sqlite3")) as database, database:
        database.execute(
            f"CREATE TRIGGER sick {when} ON tasks WHEN OLD.file = 'bad.txt' BEGIN SELECT RAISE(ABORT, 'sick'); END"
        )
    for name in ("bad.txt", "good.txt"):
        site.drop(name, GOOD + name)
    site.start()
    assert site.finished("good.txt")["status"] == "completed"
    site.drop("later.txt", GOOD)
    assert site.finished("later.txt")["status"] == "completed"
    assert len(site.events("not_published")) == 1
    assert not site.events("part_failed")
    wait_for(lambda: len(list((site.state / "spool").iterdir())) == 1, "the copies of the others go")


def test_a_folder_in_the_spool_stops_nothing(make_site: Callable[..., Site]) -> None:
    """A disk's root has a lost+found; here a folder even has the name of a contract's copy."""
    site = make_site(program=FAULTY_DAEMON)
    site.drop("nda.txt", GOOD)
    site.start(ready=False, TCLP_CRASH_AT="task_recorded:1").wait(timeout=60)
    (copy,) = (site.state / "spool").iterdir()
    copy.unlink()
    (copy / "inner").mkdir(parents=True)
    site.start()
    assert site.finished("nda.txt")["status"] == "completed"
    site.drop("other.txt", GOOD + "Other.")
    assert site.finished("other.txt")["status"] == "completed"
    assert not [line for line in site.events("part_failed") if line["failed_part"] == "outbox"]


@pytest.mark.parametrize("original", ["there", "gone", "replaced"])
@pytest.mark.parametrize("loss", ["damaged", "gone"])
def test_a_lost_copy_on_two_filesystems_ends_with_a_sidecar(
    make_site: Callable[..., Site], faults: Faults, loss: str, original: str
) -> None:
    site = make_site(program=FAULTY_DAEMON)
    faults.set({"call": "rename", "under": str(site.outbox), "name": "nda.txt", "fault": "EXDEV", "times": 1})
    site.drop("nda.txt", GOOD)
    site.start(ready=False, TCLP_CRASH_AT="task_recorded:1", **faults.environment).wait(timeout=60)
    (copy,) = (site.state / "spool").iterdir()
    copy.unlink() if loss == "gone" else copy.write_text("damaged")
    match original:
        case "gone":
            (site.inbox / "nda.txt").unlink()
        case "replaced":
            site.drop("nda.txt", "Another contract, without any such promise.\n")
    if original == "replaced":
        site.start(**faults.environment)
        wait_for(lambda: len(site.events("contract")) == 2, "the lost one fails, the new one is analysed")
        by_code = {line.get("error_code"): line["status"] for line in site.events("contract")}
        assert by_code == {"spool_missing": "failed", None: "completed"}
        assert wait_for(lambda: list(site.outbox.glob("nda.*.txt.status.json")), "the lost one's sidecar")
        return
    site.start(**faults.environment)
    status = site.finished("nda.txt")
    if original == "there":
        assert status["status"] == "completed"
        assert (site.outbox / "nda.txt").read_text() == GOOD
        assert not (site.inbox / "nda.txt").exists()
    else:
        assert status["error_code"] == "spool_missing"
        assert "gone or damaged" in status["note"]
        assert site.events("original_stays")
        assert not (site.outbox / "nda.txt").exists()
    assert not site.events("part_failed")


@pytest.mark.parametrize("fault", ["EPERM", "EACCES", "EROFS", "EBUSY", "ETXTBSY"])
def test_an_original_that_stays_is_reported_in_sidecar_and_log(
    make_site: Callable[..., Site], faults: Faults, fault: str
) -> None:
    site = make_site(program=FAULTY_DAEMON)
    faults.set(
        {"call": "rename", "under": str(site.outbox), "name": "nda.txt", "fault": "EXDEV", "times": 1},
        {"call": "rename", "under": str(site.inbox), "fault": fault},
        {"call": "unlink", "under": str(site.inbox), "name": "nda.txt", "fault": fault},
    )
    site.start(**faults.environment)
    (site.inbox / "nda.txt").write_text(GOOD)
    status = site.finished("nda.txt")
    assert status["status"] == "completed"
    assert os.strerror(getattr(errno, fault)) in status["note"]
    assert (site.outbox / "nda.txt").read_text() == GOOD
    assert [line["task_id"] for line in site.events("original_stays")] == [status["task_id"]]
    assert [path.name for path in site.inbox.glob("*.txt")] == ["nda.txt"]
    faults.set()
    assert site.stop() == 0
    site.start()
    site.drop("other.txt", GOOD)
    site.finished("other.txt")
    assert len(site.events("accepted")) == 2, "the original is not taken for a new contract"
    assert site.stop() == 0
    assert site.cli("verify").returncode == 0


def test_a_busy_original_is_removed_once_it_is_free(make_site: Callable[..., Site], faults: Faults) -> None:
    """As one that Word has open on a Windows share: its contract does not wait."""
    site = make_site(program=FAULTY_DAEMON)
    faults.set(
        {"call": "rename", "under": str(site.outbox), "name": "nda.txt", "fault": "EBUSY", "times": 1},
        {"call": "rename", "under": str(site.inbox), "fault": "EBUSY", "times": 1},
    )
    site.start(**faults.environment)
    (site.inbox / "nda.txt").write_text(GOOD)
    wait_for(lambda: site.status("nda.txt"), "its sidecar is there")
    faults.set()
    status = site.finished("nda.txt")
    assert (status["status"], status["note"]) == ("completed", None)
    wait_for(lambda: not (site.inbox / "nda.txt").exists(), "it goes in the end")


def test_a_large_outbox_is_swept_in_portions_and_unreadable_folders_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = tmp_path / "outbox"
    (outbox / "sick").mkdir(parents=True)
    (outbox / "acme" / "deep").mkdir(parents=True)
    (outbox / f"{TEMP_PREFIX}folder.tmp").mkdir()
    for folder in (outbox, outbox / "acme" / "deep", outbox / "sick", outbox / f"{TEMP_PREFIX}folder.tmp"):
        (folder / f"{TEMP_PREFIX}0.tmp").touch()
    for number in range(2_000):
        (outbox / "acme" / f"{number}.txt").touch()
    (outbox / "link").symlink_to(tmp_path)
    (tmp_path / f"{TEMP_PREFIX}elsewhere.tmp").touch()
    real = os.scandir

    def scandir(path: Any) -> Any:
        if os.readlink(f"/proc/self/fd/{path}").endswith("/sick"):
            raise OSError(errno.EIO, "sick")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    beats: list[None] = []
    skipped: list[str] = []
    marker = OutboxMarker(outbox, tmp_path)
    steps = list(sweep(marker, lambda: beats.append(None), lambda path, error: skipped.append(path)))
    assert sum(steps) == 3
    assert len(steps) >= 8
    assert len(beats) >= 4
    assert skipped == ["sick"]
    monkeypatch.undo()
    assert sorted(p.name for p in outbox.rglob(f"{TEMP_PREFIX}*")) == [
        f"{TEMP_PREFIX}0.tmp",
        f"{TEMP_PREFIX}folder.tmp",
    ]
    assert (tmp_path / f"{TEMP_PREFIX}elsewhere.tmp").exists()


def test_what_finds_no_free_name_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").touch()

    def taken(*arguments: object) -> None:
        raise FileExistsError(errno.EEXIST, "taken")

    monkeypatch.setattr("tclp_daemon.system.files.rename_noreplace", taken)
    with open_folder(tmp_path) as folder, pytest.raises(FileExistsError):
        move_aside(folder, "a.txt", "tag")


@pytest.mark.parametrize("name", ["x" * NAME_MAX, "x" * 200 + ".pdf", "a.txt"])
def test_a_share_that_takes_short_names_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / name).write_text("a stranger's")
    from tclp_daemon.system import files

    real = files.rename_noreplace

    def rename(source: str, source_folder: int, target: str, target_folder: int) -> None:
        if len(os.fsencode(target)) > 143:  # as on eCryptfs
            raise OSError(errno.ENAMETOOLONG, "too long")
        real(source, source_folder, target, target_folder)

    monkeypatch.setattr(files, "rename_noreplace", rename)
    with open_folder(tmp_path) as folder:
        aside = move_aside(folder, name)
    assert (tmp_path / aside).read_text() == "a stranger's"


def alone(root: Path) -> tuple[Store, Publisher]:
    """A publisher without a daemon."""
    for name in ("inbox", "outbox", "state", "state/spool"):
        (root / name).mkdir()
    config = parse_config({name: {"path": str(root / name)} for name in ("inbox", "outbox", "state")})
    store = Store(root / "state")
    publisher = Publisher(config, lambda: store, alive=lambda: None)
    publisher.adopt()
    return store, publisher


def accepted(store: Store, root: Path, name: str) -> Task:
    """A contract that lies in the spool only."""
    identity = FileIdentity(len(GOOD), 1, 1)
    task = store.create_task(name, size=len(GOOD), sha256=sha256(GOOD.encode()).hexdigest(), identity=identity)
    (root / "state" / "spool" / task.task_id).write_text(GOOD)
    return task


def test_contracts_that_cannot_be_published_are_not_read_at_each_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands may wait for one folder, each with its complete result."""
    store, publisher = alone(tmp_path)
    for number in range(110):
        accepted(store, tmp_path, f"closed/{number}.txt")

    def closed(store: Store, task: Task) -> Published:
        if task.file.startswith("closed/"):
            raise PermissionError("closed")
        return published(store, task)

    published = publisher._tasks.publish
    monkeypatch.setattr(publisher._tasks, "publish", closed)
    read: list[Task] = []
    unpublished = store.unpublished

    def counted(*given: Any) -> list[Task]:
        read[:] = unpublished(*given)
        return read

    monkeypatch.setattr(store, "unpublished", counted)
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for _ in range(3):
        publisher.publish(store)
    publisher.publish(store)
    assert read == []
    accepted(store, tmp_path, "open/nda.txt")
    publisher.publish(store)
    assert (tmp_path / "outbox/open/nda.txt.status.json").exists()
    now[0] += 2
    monkeypatch.setattr(publisher._tasks, "publish", published)
    for _ in range(3):
        publisher.publish(store)
    assert len(list((tmp_path / "outbox/closed").glob("*.status.json"))) == 110


def test_a_copy_that_is_wanted_again_by_now_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`retry` comes, and is claimed, while the outbox still publishes the failure."""
    store, publisher = alone(tmp_path)
    task = accepted(store, tmp_path, "nda.txt")
    copy = tmp_path / "state" / "spool" / task.task_id
    claimed = store.claim_task()
    assert claimed
    store.fail_task(task.task_id, claimed.attempt, ContractError(ErrorCode.CORRUPT, detail="test"))
    real = store.mark_published

    def mark_published(*given: Any) -> None:
        real(*given)
        store.retry_task(task.task_id)
        assert store.claim_task()

    with monkeypatch.context() as patch:
        patch.setattr(store, "mark_published", mark_published)
        publisher.publish(store)
    assert copy.exists()
    store.fail_task(task.task_id, claimed.attempt + 1, ContractError(ErrorCode.CORRUPT, detail="test"))
    publisher.publish(store)
    assert not copy.exists()


def test_rounds_wait_longer_and_longer_for_an_outbox_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, publisher = alone(tmp_path)
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with publisher:
        assert publisher.round() == 1.0
        accepted(store, tmp_path, "nda.txt")
        (tmp_path / "outbox").rename(tmp_path / "away")
        waited = []
        for _ in range(8):
            rest = publisher.round()
            assert rest is not None
            waited.append(rest)
            publisher.wake()
            now[0] += rest / 2
            assert publisher.round() == pytest.approx(rest / 2), "too early"
            now[0] += rest / 2 + 0.001
        assert waited == [2, 4, 8, 16, 32, 60, 60, 60]
        (tmp_path / "away").rename(tmp_path / "outbox")
        publisher.round()
        assert (tmp_path / "outbox/nda.txt.status.json").exists()
        publisher.stop()
        assert publisher.woken.is_set()
        assert publisher.round() is None
