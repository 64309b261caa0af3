"""The real daemon while workers are in trouble: it costs no contract that is not at fault, and none blocks others."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import Site, wait_for

GOOD = "The Supplier shall reach net zero by 2040.\n"


@pytest.fixture
def worker_count() -> int:
    """Contracts run side by side here."""
    return 2


def events(site: Site, file: str) -> list[tuple[int, str, str | None]]:
    """(attempt, event, detail) of a contract, in order."""
    with sqlite3.connect(site.state / "tasks.sqlite3", timeout=30) as db:
        return db.execute(
            "SELECT e.attempt, e.event, e.detail FROM events e JOIN tasks t USING (task_id) "
            "WHERE t.file = ? ORDER BY event_id",
            (file,),
        ).fetchall()


def test_contracts_wait_for_a_module_that_is_missing_during_an_upgrade(make_site: Callable[..., Site]) -> None:
    # Each contract has a worker of its own, and one failure would be final.
    site = make_site(workers="count = 1\nrecycle_after = 1\nmax_attempts = 1\nretry_scale = 0.05\n")
    missing = site.root / "missing"
    site.start(TCLP_MISSING=str(missing))
    site.drop("before.txt", GOOD)
    assert site.finished("before.txt")["status"] == "completed"
    missing.touch()
    for number in range(3):  # the waiting worker may have loaded everything already
        site.drop(f"during-{number}.txt", f"{GOOD}{number}")
    wait_for(lambda: len(site.events("model_unavailable")) > 2, "it is tried again and again")
    missing.unlink()
    for number in range(3):
        assert site.finished(f"during-{number}.txt")["status"] == "completed"
    last = site.events("model_unavailable")[-1]
    assert "tclp_daemon.extract.word.rtf" in last["problem"]


def test_a_module_that_goes_missing_within_a_contract_is_not_damage(make_site: Callable[..., Site]) -> None:
    site = make_site(workers="count = 1\nmax_attempts = 1\nretry_scale = 0.05\n")
    site.start()
    site.drop("nda.txt", f"READING-IMPORT-ONCE:{site.root}/once\n{GOOD}")
    assert site.finished("nda.txt")["status"] == "completed"
    assert ("released", "model_unavailable") in [event[1:] for event in events(site, "nda.txt")]


def test_a_bug_is_not_damage(make_site: Callable[..., Site]) -> None:
    site = make_site(workers="count = 1\nmax_attempts = 1\n")
    site.start()
    site.drop("nda.txt", f"READING-BUG\n{GOOD}")
    assert site.finished("nda.txt")["error_code"] == "internal"


@pytest.mark.parametrize("word", ["MEMORY-ONCE", "PRIMITIVE-ONCE"])
def test_memory_that_other_contracts_took_costs_nothing(make_site: Callable[..., Site], word: str) -> None:
    site = make_site(workers="count = 1\nmax_attempts = 1\n", limits="memory_mb = 256\n")
    site.start()
    site.drop("nda.txt", f"MISBEHAVE-{word}:{site.root}/once {GOOD}")
    assert site.finished("nda.txt")["status"] == "completed"
    assert [event[1] for event in events(site, "nda.txt")] == ["created", "claimed", "completed"]


@pytest.mark.parametrize("word", ["MEMORY", "ABORT"])
def test_out_of_memory_is_final_after_a_fresh_worker(make_site: Callable[..., Site], word: str) -> None:
    site = make_site(workers="count = 1\n", limits="memory_mb = 256\n")
    site.start()
    site.drop("nda.txt", f"MISBEHAVE-{word} {GOOD}")
    failed = site.finished("nda.txt")
    assert failed["error_code"] == "out_of_memory"
    assert "save it as a new file" in failed["advice"]
    assert [event[1] for event in events(site, "nda.txt")] == ["created", "claimed", "failed"]
    site.drop("next.txt", GOOD)
    assert site.finished("next.txt")["status"] == "completed"


def test_others_flow_beside_a_contract_that_computes_without_end(make_site: Callable[..., Site]) -> None:
    site = make_site(limits="cpu_seconds = 5\n")
    site.start()
    for word in ("SPIN", "SPIN-C"):
        site.drop(f"{word}.txt", f"READING-{word}\n{GOOD}")
    for number in range(6):
        site.drop(f"{number}.txt", f"{GOOD}{number}")
    for number in range(6):
        assert site.finished(f"{number}.txt")["status"] == "completed"
    for word in ("SPIN", "SPIN-C"):
        failed = site.finished(f"{word}.txt")
        assert failed["error_code"] == "too_slow"
        assert [event[1] for event in events(site, f"{word}.txt")] == ["created", "claimed", "failed"]


def test_suspects_wait_for_the_others_and_run_one_at_a_time(make_site: Callable[..., Site]) -> None:
    site = make_site(workers="count = 2\nmax_attempts = 3\ntimeout_seconds = 3\n")
    site.start()
    suspects = ("a.txt", "b.txt", "c.txt")
    for name in suspects:
        site.drop(name, f"READING-HANG {name}\n{GOOD}")
    # A suspect is one that has already taken a worker once.
    wait_for(lambda: sum("released" in [e[1] for e in events(site, n)] for n in suspects) == 3, "all are suspects")
    for number in range(5):
        site.drop(f"{number}.txt", f"{GOOD}{number}")
    for number in range(5):
        assert site.finished(f"{number}.txt")["status"] == "completed"
    for name in suspects:
        failed = site.finished(name)
        assert failed["error_code"] == "timeout"
        assert [e[1] for e in events(site, name)].count("claimed") == 2, "reading is not tried three times"
    with sqlite3.connect(site.state / "tasks.sqlite3") as db:
        second = db.execute(
            "SELECT event FROM events JOIN tasks USING (task_id) WHERE file IN ('a.txt', 'b.txt', 'c.txt') "
            "AND events.attempt = 2 ORDER BY event_id"
        ).fetchall()
    assert [row[0] for row in second] == ["claimed", "failed"] * 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_the_model_loads_is_obeyed(make_site: Callable[..., Site], number: int) -> None:
    site = make_site()
    loading = site.root / "loading"
    loading.touch()
    process = site.start(ready=False, TCLP_LOADING=str(loading))
    wait_for(site.workers, "the workers load the model")
    # The model never loads: only a stop that does not wait for it ends.
    assert site.stop(number) == 0
    assert process.returncode == 0
    assert site.events("stopped")
    assert not site.events("ready")


def test_a_worker_that_never_listens_dies_with_the_daemon(make_site: Callable[..., Site]) -> None:
    site = make_site(workers="count = 1\n")
    process = site.start()
    site.drop("nda.txt", f"READING-SPIN-C\n{GOOD}")
    wait_for(lambda: (site.status("nda.txt") or {}).get("stage") == "reading", "the reader computes")
    workers = site.workers()
    assert workers
    process.kill()
    process.wait()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "no orphan")


def test_workers_that_die_idle_are_replaced(served: Site) -> None:
    before = served.workers()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(set(served.workers()) - set(before)) == 2, "both are replaced")
    served.drop("nda.txt", GOOD)
    assert served.finished("nda.txt")["status"] == "completed"


def without_folders(root: Path) -> tuple[str, ...]:
    """Runs a command where nothing can be written to /dev/shm and the temporary folders, `root` within them apart."""
    script = (
        "for folder in /dev/shm /tmp /var/tmp /usr/tmp; do [ ! -d $folder ] || "
        "{ mount --bind $folder $folder && mount -o remount,bind,ro $folder; } || exit 77; done; "
        'mount --bind "$0" "$0" && mount -o remount,bind,rw "$0" || exit 77; cd /proc; exec "$@"'
    )
    wrapper = ("unshare", "-m", "sh", "-c", script, str(root))
    if os.geteuid() != 0 or subprocess.run([*wrapper, "true"], capture_output=True).returncode:
        pytest.skip("no permission to mount here")
    assert subprocess.run([*wrapper, "touch", "/dev/shm/x"], capture_output=True).returncode
    return wrapper


def test_no_shared_memory_and_no_temporary_folder_are_needed(make_site: Callable[..., Site], tmp_path: Path) -> None:
    site = make_site(workers="count = 1\n")
    site.start(wrapper=without_folders(tmp_path), TMPDIR="/nonexistent")
    site.drop("nda.txt", GOOD)
    assert site.finished("nda.txt")["status"] == "completed"


def test_the_real_model_needs_no_temporary_folder(
    make_site: Callable[..., Site], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)  # torch sets it once it is imported in this process
    site = make_site(keyword=False, workers="count = 1\n")
    site.start(wrapper=without_folders(tmp_path), TMPDIR="/nonexistent")
    site.drop("nda.txt", GOOD)
    assert site.finished("nda.txt")["status"] == "completed"
