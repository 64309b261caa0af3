"""A part of the daemon that fails is restarted, waits, or is given up: never healthy by mistake, no contract lost."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from mounting import tmpfs

from fakes.faulty_files import FAULTY_DAEMON
from harness import DEADLINE, Site, wait_for
from tclp_daemon.config import parse_config
from tclp_daemon.errors import ConfigError
from tclp_daemon.outbox.marker import REMEMBERED
from tclp_daemon.service import parts
from tclp_daemon.service.daemon import Daemon
from tclp_daemon.service.parts import Part, passes
from tclp_daemon.store import DATABASE, is_damage

GOOD = "The Supplier shall reach net zero by 2040.\n"
SLOW = "MISBEHAVE-SLOW\n\n" + GOOD


def broken(site: Site, sql: str) -> None:
    """Runs a statement past the daemon's own code."""
    database = sqlite3.connect(site.state / "tasks.sqlite3", timeout=30)
    with database:
        database.execute(sql)
    database.close()


def daemon_of(folder: Path) -> Daemon:
    config = parse_config({name: {"path": str(folder / name)} for name in ("inbox", "outbox", "state")})
    config.state.path.mkdir()
    return Daemon(config, {})


def test_a_part_that_fails_for_ever_ends_the_daemon(make_site: Callable[..., Site]) -> None:
    site = make_site(program=FAULTY_DAEMON)
    process = site.start(TCLP_FIRST_PAUSE="0.01")
    broken(site, "ALTER TABLE tasks RENAME TO tasks_elsewhere")
    # Not zero: the service manager must see it.
    assert process.wait(timeout=DEADLINE) == 1, site.log_tail()
    assert site.events("part_given_up")
    assert "cannot continue" in site.log_tail()
    pauses = [float(e["advice"].split()[2]) for e in site.events("part_failed") if e["failed_part"] == "dispatcher"]
    assert pauses == sorted(pauses)
    assert pauses[-1] > pauses[0], "each pause is longer than the one before"
    broken(site, "ALTER TABLE tasks_elsewhere RENAME TO tasks")
    site.drop("nda.txt", GOOD)
    site.start()
    assert site.finished("nda.txt")["status"] == "completed"


def test_a_damaged_database_ends_the_daemon_at_once(make_site: Callable[..., Site]) -> None:
    site = make_site(program=FAULTY_DAEMON)
    process = site.start()
    database = site.state / "tasks.sqlite3"
    with database.open("r+b") as file:  # in place, as a sick disk does it
        file.write(b"\xff" * database.stat().st_size)
    site.drop("nda.txt", GOOD)
    assert process.wait(timeout=DEADLINE) == 1, site.log_tail()
    (given_up, *_) = site.events("part_given_up")
    assert "rebuild" in given_up["advice"]
    assert len(site.events("part_failed")) == 0, "no restart could help"


def test_a_database_that_was_deleted_ends_the_daemon_at_once(make_site: Callable[..., Site]) -> None:
    site = make_site()
    process = site.start()
    for path in site.state.glob("tasks.sqlite3*"):
        path.unlink()
    dropped = site.drop("nda.txt", GOOD)
    assert process.wait(timeout=DEADLINE) == 1, site.log_tail()
    assert "rebuild" in site.events("part_given_up")[0]["advice"]
    assert dropped.exists(), "it was not accepted"


def test_a_part_that_finds_no_descriptor_free_for_its_database_waits(tmp_path: Path) -> None:
    daemon = daemon_of(tmp_path)
    daemon._open_store().close()
    taken: list[int] = []
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        with pytest.raises(sqlite3.Error) as caught:
            daemon._open_store()
    finally:
        for number in taken:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert passes(caught.value)


def test_a_part_that_finds_a_damaged_database_when_it_starts_again_is_given_up(tmp_path: Path) -> None:
    daemon = daemon_of(tmp_path)
    (tmp_path / "state" / DATABASE).write_bytes(b"no database" * 1000)
    with pytest.raises(sqlite3.Error) as caught:
        daemon._open_store()
    assert is_damage(caught.value)


def test_a_part_that_starts_again_makes_no_new_database(tmp_path: Path) -> None:
    daemon = daemon_of(tmp_path)
    (tmp_path / "state" / REMEMBERED).touch()
    with pytest.raises(ConfigError, match="is lost"):
        daemon._open_store()
    assert not (tmp_path / "state" / DATABASE).exists()


def test_a_full_state_disk_is_one_line_and_work_goes_on_when_there_is_room(make_site: Callable[..., Site]) -> None:
    site = make_site(program=FAULTY_DAEMON)
    site.state.mkdir()
    with tmpfs(site.state, size="8m"):
        site.start(TCLP_FIRST_PAUSE="0.05")
        site.drop("nda.txt", SLOW)
        wait_for(lambda: (site.status("nda.txt") or {}).get("stage") == "classifying", "the contract is being judged")
        ballast = site.state / "ballast"
        with pytest.raises(OSError, match="No space"):
            ballast.write_bytes(bytes(9_000_000))
        wait_for(lambda: site.events("part_waits"), "the full disk is noticed")
        ballast.unlink()
        status = site.finished("nda.txt")
        assert (status["status"], status["attempt"]) == ("completed", 1), status
        wait_for(lambda: site.events("part_works_again"), "the log says that it is over")
        assert not site.events("part_failed"), "no traceback for a full disk"
        waits = [event["waiting_part"] for event in site.events("part_waits")]
        assert len(waits) == len(set(waits)), "one line for each part"
        assert site.stop() == 0


class Rounds:
    """Work whose rounds return, or raise, what the test says; None, the last round, after that."""

    def __init__(self, *results: float | Exception) -> None:
        self.woken = threading.Event()
        self.entered = self.left = self.done = 0
        self._results = list(results)

    def __enter__(self) -> None:
        self.entered += 1

    def __exit__(self, *exception: object) -> None:
        self.left += 1

    def round(self) -> float | None:
        assert not self.woken.is_set(), "cleared before the round, so that nothing is missed"
        self.done += 1
        result = self._results.pop(0) if self._results else None
        if isinstance(result, Exception):
            raise result
        return result


def test_rounds_follow_until_the_last_one() -> None:
    work = Rounds(0.0, 0.001, 0.0)
    part = Part("inbox", threading.Event())
    part.drive(work)
    part.join(DEADLINE)
    assert (work.done, work.entered, work.left) == (4, 1, 1)


def test_a_rest_ends_early_for_who_is_woken() -> None:
    work = Rounds(2 * DEADLINE)
    part = Part("inbox", threading.Event())
    part.drive(work)
    wait_for(lambda: work.done == 1, "it rests")
    assert part.is_alive()
    work.woken.set()
    part.join(DEADLINE)
    assert work.done == 2


def test_a_part_that_rests_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_BEAT_SECONDS", 0.01)
    work = Rounds(2 * DEADLINE)
    part = Part("inbox", threading.Event())
    part.drive(work)
    wait_for(lambda: work.done == 1, "it rests")
    first = part._beaten
    wait_for(lambda: part._beaten > first, "it beats while it rests")
    work.woken.set()
    part.join(DEADLINE)


def test_after_a_failure_the_work_is_entered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "FIRST_PAUSE", 0.001)
    work = Rounds(0.0, RuntimeError("a bug"), 0.0)
    part = Part("inbox", threading.Event())
    part.drive(work)
    part.join(DEADLINE)
    assert (work.done, work.entered, work.left) == (4, 2, 2)
    assert part.given_up is None


def test_a_part_that_fails_too_often_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "FIRST_PAUSE", 0.0)
    work = Rounds(*(RuntimeError(f"a bug, {number}") for number in range(20)))
    part = Part("inbox", threading.Event())
    part._pause = 0.0
    part.drive(work)
    part.join(DEADLINE)
    assert str(part.given_up) == f"a bug, {parts.RESTARTS}"
    assert work.left == work.entered


def test_a_part_given_up_during_the_stop_is_not_restarted() -> None:
    ending = threading.Event()
    runs = []

    def target() -> None:
        runs.append(1)
        ending.set()
        raise RuntimeError("too late")

    part = Part("inbox", ending)
    part.start(target)
    part.join(DEADLINE)
    assert len(runs) == 1
    assert part.given_up is None


def test_a_log_that_cannot_be_written_ends_nothing(make_site: Callable[..., Site]) -> None:
    site = make_site()
    with open("/dev/full", "w") as full:
        site.process = subprocess.Popen([*site.command, "run"], stdin=subprocess.DEVNULL, stdout=full, stderr=full)
    site.drop("nda.txt", GOOD)
    site.drop("broken.pdf", b"%PDF-1.4 broken")
    assert site.finished("nda.txt")["status"] == "completed"
    assert site.finished("broken.pdf")["status"] == "failed"
    assert site.stop() == 0


def test_the_journal_goes_away(make_site: Callable[..., Site]) -> None:
    site = make_site()
    reading, writing = os.pipe()
    site.process = subprocess.Popen([*site.command, "run"], stdin=subprocess.DEVNULL, stdout=writing, stderr=writing)
    os.close(writing)
    site.drop("first.txt", GOOD)
    site.finished("first.txt")
    os.close(reading)
    site.drop("second.txt", GOOD)
    assert site.finished("second.txt")["status"] == "completed"
    assert site.stop() == 0


def test_a_hangup_does_not_end_it(served: Site) -> None:
    assert served.process is not None
    served.drop("nda.txt", SLOW)
    wait_for(lambda: (served.status("nda.txt") or {}).get("status") == "processing", "it is being processed")
    served.process.send_signal(signal.SIGHUP)
    assert served.finished("nda.txt")["attempt"] == 1
    assert served.process.poll() is None
    assert served.stop() == 0


def test_a_daemon_that_was_stopped_and_continued_is_not_stuck(make_site: Callable[..., Site]) -> None:
    site = make_site(program=FAULTY_DAEMON)
    process = site.start(TCLP_STUCK_SECONDS="20")
    process.send_signal(signal.SIGSTOP)
    end = time.monotonic() + 32  # longer than a look and than STUCK_SECONDS
    wait_for(lambda: time.monotonic() > end, "it stands still")
    process.send_signal(signal.SIGCONT)
    wait_for(lambda: site.events("held_up"), "the pause is noticed")
    site.drop("nda.txt", GOOD)
    assert site.finished("nda.txt")["status"] == "completed"
    assert not site.events("stuck")


def test_a_clock_far_in_the_future_forgets_nothing(make_site: Callable[..., Site]) -> None:
    site = make_site(retention="completed_days = 30\nfailed_days = 30\n")
    site.start()
    for number in range(3):
        site.drop(f"{number}.txt", GOOD + str(number))
        site.finished(f"{number}.txt")
    site.stop()
    # The same as a clock that is ten years ahead, without a clock.
    broken(site, "UPDATE tasks SET finished_at = '2016' || substr(finished_at, 5)")
    site.start()
    site.drop("new.txt", GOOD)
    site.finished("new.txt")
    site.stop()
    assert len(site.cli("list", "--json", "--limit", "0").stdout.split('"task_id"')) - 1 == 4


def test_a_stop_while_the_state_disk_is_sick(make_site: Callable[..., Site], tmp_path: Path) -> None:
    """A part that rests after a failure must not hold up the stop."""
    site = make_site(program=FAULTY_DAEMON)
    site.start(TCLP_FIRST_PAUSE="3600")
    broken(site, "ALTER TABLE tasks RENAME TO tasks_elsewhere")
    wait_for(lambda: {"dispatcher", "outbox"} <= {e["failed_part"] for e in site.events("part_failed")}, "both failed")
    assert site.stop() in (0, 1)
    broken(site, "ALTER TABLE tasks_elsewhere RENAME TO tasks")
