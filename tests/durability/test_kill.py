"""kill -9 at every named step, at random, of workers and of both: afterwards everything balances, once."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import DEADLINE, Site, wait_for
from tclp_daemon.pipeline import STAGE_NAMES
from tclp_daemon.system.crashpoints import POINTS

GOOD = "The Supplier shall reach net zero by 2040.\n"
# Reached once in the life of an outbox.
AT_THE_FIRST_START = ("marker_chosen", "outbox_marked")


@pytest.fixture
def worker_count() -> int:
    """Contracts run side by side here."""
    return 2


def dropped(site: Site) -> dict[str, str]:
    """What the tests dropped: name to content, three that differ, two of the same bytes, one broken."""
    contracts = {f"acme/{i}.txt": GOOD + f"Contract {i}.\n" for i in range(3)}
    contracts |= {"twin-a.txt": GOOD, "twin-b.txt": GOOD, "broken.pdf": "%PDF-1.4 broken\n"}
    for name, content in contracts.items():
        site.drop(name, content)
    return contracts


def balances(site: Site, contracts: dict[str, str]) -> None:
    """Each contract has exactly one task, one terminal sidecar and its bytes; `verify` finds no gap."""
    for name in contracts:
        site.finished(name)
    assert site.stop() == 0
    verified = site.cli("verify")
    assert verified.returncode == 0, verified.stdout + site.log_tail()
    tasks = json.loads(site.cli("list", "--json", "--limit", "0").stdout)
    assert sorted(t["file"] for t in tasks) == sorted(contracts), "one task each"
    for name, content in contracts.items():
        status = site.status(name)
        assert status is not None
        expected = "failed" if name == "broken.pdf" else "completed"
        assert status["status"] == expected, status
        assert (site.outbox / name).read_text() == content
    left = [p for p in site.root.rglob("*") if p.name.startswith(".tclp-") and p.name not in (".tclp-outbox",)]
    assert left == [], "no temporary file is left"
    assert not list((site.state / "spool").iterdir())
    assert not [p for p in site.inbox.rglob("*") if p.is_file()]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("point", [p for p in POINTS if p not in ("old_quartet_renamed", *AT_THE_FIRST_START)])
def test_killed_at(make_site: Callable[..., Site], point: str, count: int) -> None:
    site = make_site()
    contracts = dropped(site)
    process = site.start(ready=False, TCLP_CRASH_AT=f"{point}:{count}")
    assert process.wait(timeout=DEADLINE) == -signal.SIGKILL
    site.start()
    balances(site, contracts)


@pytest.mark.parametrize("point", AT_THE_FIRST_START)
def test_killed_at_the_very_first_start(make_site: Callable[..., Site], point: str) -> None:
    site = make_site()
    contracts = dropped(site)
    for _ in range(2 if point == "marker_chosen" else 1):  # the outbox is marked once
        process = site.start(ready=False, TCLP_CRASH_AT=f"{point}:1")
        assert process.wait(timeout=DEADLINE) == -signal.SIGKILL
    site.start()
    balances(site, contracts)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_killed_while_the_old_quartet_is_renamed(make_site: Callable[..., Site], count: int) -> None:
    site = make_site()
    site.start()
    site.drop("nda.txt", "First. Net zero.\n")
    first = site.finished("nda.txt")
    site.stop()
    site.drop("nda.txt", "Second.\n")
    process = site.start(ready=False, TCLP_CRASH_AT=f"old_quartet_renamed:{count}")
    assert process.wait(timeout=DEADLINE) == -signal.SIGKILL
    site.start()
    wait_for(lambda: (site.status("nda.txt") or first)["task_id"] != first["task_id"], "the second has the name")
    assert site.finished("nda.txt")["result"]["classification"] == "unlikely"
    aside = f"nda.{first['task_id'][:8]}.txt"
    assert site.finished(aside)["result"]["classification"] == "possible"
    assert (site.outbox / aside).read_text() == "First. Net zero.\n"
    assert (site.outbox / "nda.txt").read_text() == "Second.\n"
    site.stop()
    assert site.cli("verify").returncode == 0


def test_a_damaged_spooled_copy_is_fetched_again(make_site: Callable[..., Site]) -> None:
    """A result is never about other bytes than those whose sum stands in it."""
    site = make_site()
    site.drop("nda.txt", GOOD)
    assert site.start(ready=False, TCLP_CRASH_AT="claimed:1").wait(timeout=DEADLINE) == -signal.SIGKILL
    (copy,) = (site.state / "spool").iterdir()
    copy.write_text(GOOD.replace("net zero", "gross sum"))
    site.start()
    assert site.finished("nda.txt")["result"]["classification"] == "possible"
    (retry,) = site.events("retry")
    assert retry["error_code"] == "io_error"
    balances(site, {"nda.txt": GOOD})


RUNS = int(os.environ.get("TCLP_KILL_RUNS", "15"))
SEED = int(os.environ.get("TCLP_KILL_SEED", "20261124"))


def test_killed_at_random(make_site: Callable[..., Site], record_property: Callable[[str, object], None]) -> None:
    """TCLP_KILL_RUNS kills with the seed TCLP_KILL_SEED; each run starts on what the last one left."""
    record_property("seed", SEED)
    chance = random.Random(SEED)
    site = make_site()
    contracts: dict[str, str] = {}
    for run in range(RUNS):
        process = site.start(ready=False)
        for i in range(chance.randrange(1, 5)):
            name = f"run-{run}/{i}.txt"
            contracts[name] = GOOD * chance.randrange(1, 50) + f"Run {run}, contract {i}.\n"
            site.drop(name, contracts[name])
            time.sleep(chance.random() * 0.1)
        time.sleep(chance.random() * 1.2)
        process.kill()
        process.wait()
    site.start()
    balances(site, contracts)


def test_a_killed_worker_costs_one_attempt(served: Site, tmp_path: Path) -> None:
    served.drop("once.txt", f"MISBEHAVE-CRASH-ONCE:{tmp_path / 'crashed'}\n\n{GOOD}")
    served.drop("other.txt", GOOD)
    assert served.finished("once.txt")["attempt"] == 2
    assert served.finished("other.txt")["attempt"] == 1
    (retry,) = served.events("retry")
    assert retry["error_code"] == "worker_crashed"


def test_an_idle_worker_killed_is_replaced(served: Site) -> None:
    for pid in served.workers():
        os.kill(pid, signal.SIGKILL)
    served.drop("nda.txt", GOOD)
    assert served.finished("nda.txt")["status"] == "completed"


def test_a_busy_worker_killed_from_outside(served: Site) -> None:
    served.drop("slow.txt", "MISBEHAVE-SLOW\n\n" * 3 + GOOD)
    wait_for(lambda: (s := served.status("slow.txt")) and s["stage"] == "classifying", "slow.txt is classified")
    for pid in served.workers():
        os.kill(pid, signal.SIGKILL)
    status = served.finished("slow.txt")
    assert (status["status"], status["attempt"]) == ("completed", 2)


def test_workers_leave_with_a_killed_daemon(served: Site) -> None:
    served.drop("hang.txt", "MISBEHAVE-HANG\n")
    wait_for(lambda: (s := served.status("hang.txt")) and s["stage"] == "classifying", "hang.txt is classified")
    workers = served.workers()
    assert len(workers) == 2
    assert served.process is not None
    served.process.kill()
    served.process.wait()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "no orphaned worker")


def test_worker_and_daemon_killed_together(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.start()
    contracts = {"slow.txt": "MISBEHAVE-SLOW\n\n" * 2 + GOOD}
    site.drop("slow.txt", contracts["slow.txt"])
    wait_for(lambda: (s := site.status("slow.txt")) and s["stage"] == "classifying", "slow.txt is classified")
    assert site.process is not None
    for pid in [*site.workers(), site.process.pid]:
        os.kill(pid, signal.SIGKILL)
    site.process.wait()
    site.start()
    balances(site, contracts)


def test_a_worker_that_never_answers_is_timed_out(make_site: Callable[..., Site]) -> None:
    site = make_site(workers="timeout_seconds = 1\nmax_attempts = 2\n")
    site.start()
    site.drop("bad.txt", "MISBEHAVE-HANG\n")
    site.drop("good.txt", GOOD)
    status = site.finished("bad.txt")
    assert status["error_code"] == "timeout"
    assert "within 1 s" in status["error"]
    assert status["attempt"] == 2
    assert site.finished("good.txt")["status"] == "completed"


def test_a_worker_that_eats_memory_is_stopped(make_site: Callable[..., Site]) -> None:
    site = make_site(limits="memory_mb = 300", workers="max_attempts = 2\n")
    site.start()
    site.drop("greedy.txt", "MISBEHAVE-MEMORY\n")
    site.drop("good.txt", GOOD)
    assert site.finished("greedy.txt")["error_code"] == "out_of_memory"
    assert site.finished("good.txt")["status"] == "completed"


def test_transient_errors_are_counted_apart_from_crashes(make_site: Callable[..., Site], tmp_path: Path) -> None:
    site = make_site()
    site.start()
    site.drop("nda.txt", f"MISBEHAVE-IO-ONCE:{tmp_path / 'io'}\n\nMISBEHAVE-CRASH-ONCE:{tmp_path / 'crash'}\n\n{GOOD}")
    assert site.finished("nda.txt")["attempt"] == 3
    assert [line["error_code"] for line in site.events("retry")] == ["io_error", "worker_crashed"]


def test_an_unexpected_exception_leaks_no_contract_text(make_site: Callable[..., Site]) -> None:
    site = make_site(workers="max_attempts = 1\n")
    site.start()
    site.drop("nda.txt", "MISBEHAVE-RAISE the secret price is 42\n")
    status = site.finished("nda.txt")
    assert status["error_code"] == "internal"
    assert "RuntimeError" in status["error"]
    assert "secret" not in site.log.read_text()
    assert "secret" not in json.dumps(status)


STAGES = ["starting", "classifying"]


@pytest.mark.parametrize("stage", STAGES)
def test_sigterm_in_a_stage_then_the_next_start_finishes(make_site: Callable[..., Site], stage: str) -> None:
    site = make_site(workers="drain_seconds = 0\n")
    site.start()
    contracts = {"slow.txt": "MISBEHAVE-SLOW\n\n" + GOOD}
    site.drop("slow.txt", contracts["slow.txt"])
    order = STAGE_NAMES
    wait_for(
        lambda: (s := site.status("slow.txt")) and order.index(s["stage"]) >= order.index(stage), f"slow.txt is {stage}"
    )
    assert site.stop() == 0
    site.start()
    balances(site, contracts)
