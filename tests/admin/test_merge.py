"""A backup of the state directory that is older than the outbox: `rebuild --merge` adds what happened since."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from harness import Site, wait_for

GOOD = "The Supplier shall reach net zero by 2040.\n"


@pytest.fixture
def worker_count() -> int:
    """Contracts run side by side here."""
    return 2


def tasks(site: Site) -> dict[str, dict[str, Any]]:
    """Every task by its id."""
    listed = json.loads(site.cli("list", "--json", "--limit", "0", check=True).stdout)
    found = {task["task_id"]: task for task in listed}
    assert len(found) == len(listed)
    return found


def back_up(site: Site) -> None:
    shutil.copytree(site.state, site.root / "backup")


def restore(site: Site) -> None:
    shutil.rmtree(site.state)
    shutil.copytree(site.root / "backup", site.state)


def slow(name: str) -> str:
    """A contract that is being analysed for long."""
    return f"MISBEHAVE-HANG\n\n{GOOD}{name}"


@pytest.mark.smoke
def test_what_happened_since_the_backup_is_brought_in(make_site: Callable[..., Site]) -> None:
    site = make_site(workers="max_attempts = 1\ntimeout_seconds = 600\n")
    site.start()
    site.drop("old.txt", GOOD)
    old = site.finished("old.txt")["task_id"]
    site.drop("again.txt", "The first text under this name.\n")
    first = site.finished("again.txt")["task_id"]
    once = site.root / "once"
    site.drop("failed.txt", f"MISBEHAVE-CRASH-ONCE:{once}\n\n{GOOD}")
    failed = site.finished("failed.txt")
    assert failed["status"] == "failed"
    # In the backup these wait or run.
    running = {}
    for name in ("one.txt", "two.txt", "three.txt"):
        gate = site.root / f"gate {name}".replace(" ", "-")
        site.drop(name, f"MISBEHAVE-CRASH-ONCE:{gate}\n\n{GOOD}{name}")
        running[name] = site.finished(name)["task_id"]
    site.stop()
    with sqlite3.connect(site.state / "tasks.sqlite3") as database:
        for task_id, status in zip(running.values(), ("processing", "pending", "processing"), strict=True):
            database.execute(
                "UPDATE tasks SET status = 'pending', progress = 0, stage = 'queued', error = NULL, error_code = NULL, "
                "advice = NULL, finished_at = NULL, published = 1 WHERE task_id = ?",
                (task_id,),
            )
            if status == "processing":
                database.execute("UPDATE tasks SET status = 'processing', progress = 40 WHERE task_id = ?", (task_id,))
    back_up(site)

    site.start()
    for name in running:
        assert site.finished(name)["task_id"] == running[name]
        wait_for(lambda name=name: (site.status(name) or {})["status"] == "completed", name)
    site.drop("again.txt", "Another text under this name.\n")
    second = wait_for(lambda: (s := site.status("again.txt")) and s["task_id"] != first and s["task_id"], "replaced")
    site.finished("again.txt")
    assert site.cli("retry", failed["task_id"]).returncode == 0
    wait_for(lambda: (site.status("failed.txt") or {})["status"] == "completed", "retried")
    site.drop("acme/new.txt", GOOD)
    site.drop("bad.pdf", b"%PDF-1.4 broken")
    new = {site.finished(name)["task_id"] for name in ("acme/new.txt", "bad.pdf")}
    site.drop("waits.txt", slow("waits"))
    site.drop("waits too.txt", slow("waits too"))
    unfinished = {wait_for(lambda n=n: site.status(n), n)["task_id"]: n for n in ("waits.txt", "waits too.txt")}
    wait_for(lambda: all((site.outbox / name).exists() for name in unfinished.values()), "moved")
    site.stop(signal.SIGKILL)
    # Somebody keeps copies.
    for name in ("one.txt", "acme/new.txt"):
        for path in (site.outbox / name).parent.glob(f"{name.rpartition('/')[2]}*"):
            (site.outbox / "0").mkdir(exist_ok=True)
            shutil.copy(path, site.outbox / "0" / path.name)
    before = {p: p.read_bytes() for p in site.outbox.rglob("*") if p.suffix == ".txt" or p.name.endswith(".html")}
    restore(site)

    merged = site.cli("rebuild", "--merge")
    assert merged.returncode == 0, merged.stderr
    assert merged.stderr == ""
    assert "3 finished tasks added, 5 updated, 2 queued, 0 without a file, 0 sidecars" in merged.stdout
    with sqlite3.connect(site.state / "tasks.sqlite3") as database:
        assert not database.execute("SELECT 1 FROM tasks WHERE outbox_name LIKE '0/%'").fetchall()
    again = site.cli("rebuild", "--merge")
    assert "0 finished tasks added, 0 updated, 0 queued, 0 without a file" in again.stdout, "it can be repeated"
    found = tasks(site)
    assert set(found) == {old, first, second, failed["task_id"], *running.values(), *new, *unfinished}
    assert {found[i]["status"] for i in (*running.values(), failed["task_id"], first, second, old)} == {"completed"}
    assert {found[i]["status"] for i in unfinished} == {"pending"}
    assert found[second]["result"]["result_file"] == "again.txt.result.json"
    assert found[first]["result"]["result_file"] == f"again.{first[:8]}.txt.result.json"

    # Nothing that was finished runs again.
    site.log.unlink()
    site.start()
    wait_for(lambda: len(site.workers()) == 2, "the two that waited run")
    site.stop(signal.SIGKILL)
    assert not site.events("contract")
    with sqlite3.connect(site.state / "tasks.sqlite3") as database:
        for task_id in unfinished:
            database.execute("UPDATE tasks SET status = 'pending' WHERE task_id = ?", (task_id,))
    verified = json.loads(site.cli("verify", "--repair", "--json").stdout)
    left = json.loads(site.cli("verify", "--json").stdout)["gaps"]
    assert {gap["where"] for gap in left} == {"0/one.txt.status.json", "0/new.txt.status.json"}, (left, verified)
    for path, content in before.items():
        if path.name not in ("index.html", *unfinished.values()):
            assert path.read_bytes() == content, path


def test_a_contract_whose_bytes_are_nowhere_does_not_wait_for_ever(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.start()
    site.drop("old.txt", GOOD)
    site.finished("old.txt")
    site.stop()
    back_up(site)
    site.start()
    site.drop("gone.txt", slow("gone"))
    task_id = wait_for(lambda: site.status("gone.txt"), "accepted")["task_id"]
    wait_for(lambda: (site.outbox / "gone.txt").exists(), "moved")
    site.stop(signal.SIGKILL)
    restore(site)
    (site.outbox / "gone.txt").unlink()
    merged = site.cli("rebuild", "--merge")
    assert merged.returncode == 0, merged.stderr
    assert "1 without a file" in merged.stdout
    site.start()
    wait_for(lambda: (site.status("gone.txt") or {})["status"] == "failed", "told")
    told = site.finished("gone.txt")
    assert (told["task_id"], told["error_code"]) == (task_id, "spool_missing")
    site.stop()
    assert {task["status"] for task in tasks(site).values()} == {"completed", "failed"}


def test_a_task_whose_files_are_gone_makes_way(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.start()
    site.drop("nda.txt", "The first.\n")
    first = site.finished("nda.txt")["task_id"]
    site.stop()
    back_up(site)
    for path in site.outbox.glob("nda.txt*"):
        path.unlink()
    shutil.rmtree(site.state)
    (site.outbox / ".tclp-outbox").unlink()
    site.start()
    site.drop("nda.txt", "The second.\n")
    second = site.finished("nda.txt")["task_id"]
    site.stop()
    marker = json.loads((site.outbox / ".tclp-outbox").read_text())["outbox"]
    restore(site)
    (site.state / "outbox-marker").write_text(marker)
    assert "1 finished task added" in site.cli("rebuild", "--merge", check=True).stdout
    site.start()
    site.stop()
    found = tasks(site)
    assert set(found) == {first, second}
    assert (site.status("nda.txt") or {})["task_id"] == second
    assert (site.outbox / "nda.txt").read_text() == "The second.\n"
    assert "report_missing" in site.cli("verify").stdout, "of the first nothing is left but its row"


def test_what_the_store_knows_better_stays(make_site: Callable[..., Site]) -> None:
    """A sidecar that was copied from an older backup of the share, and one of somebody's making."""
    site = make_site()
    site.start()
    site.drop("nda.txt", GOOD)
    site.finished("nda.txt")
    site.stop()
    sidecar = site.outbox / "nda.txt.status.json"
    told = json.loads(sidecar.read_text())
    before = tasks(site)
    for change in (
        {"status": "processing", "progress": 40, "stage": "reading", "result": None, "finished_at": None,
         "updated_at": "2001-01-01T00:00:00.000Z"},
        {"status": "failed", "progress": 0, "result": None, "error": "x", "error_code": "corrupt",
         "updated_at": "2001-01-01T00:00:00.000Z"},
        {"sha256": "b" * 64, "updated_at": "2999-01-01T00:00:00.000Z"},
    ):  # fmt: skip
        sidecar.write_text(json.dumps(told | change))
        assert site.cli("rebuild", "--merge").returncode == 0
        assert tasks(site) == before


def test_a_newer_sidecar_that_waits_does_not_undo_what_is_finished(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.start()
    site.drop("nda.txt", GOOD)
    site.finished("nda.txt")
    site.stop()
    back_up(site)
    (site.outbox / "nda.txt.report.html").unlink()
    assert site.cli("verify", "--repair").returncode == 0
    assert (site.status("nda.txt") or {})["status"] == "pending"
    restore(site)
    assert site.cli("rebuild", "--merge").returncode == 0
    site.start()
    wait_for(lambda: (site.status("nda.txt") or {})["status"] == "completed", "as the store knows")
    site.stop()
    assert len(site.events("contract")) == 1, "and nothing was analysed again"


def test_merge_wants_a_database_and_no_daemon(served: Site) -> None:
    refused = served.cli("rebuild", "--merge")
    assert refused.returncode == 2
    assert served.process is not None
    assert str(served.process.pid) in refused.stderr
    served.stop()
    (served.state / "tasks.sqlite3").unlink()
    refused = served.cli("rebuild", "--merge")
    assert refused.returncode == 2
    assert "rebuild" in refused.stderr
    assert not (served.state / "tasks.sqlite3").exists()
    away = served.outbox.rename(served.root / "away")
    served.outbox.mkdir()
    assert served.cli("rebuild").returncode == 2
    served.outbox.rmdir()
    away.rename(served.outbox)
    assert served.cli("rebuild").returncode == 0
    away = served.outbox.rename(served.root / "away")
    assert served.cli("rebuild", "--merge").returncode == 1


@pytest.mark.parametrize("option", [(), ("--merge",)])
def test_rebuilding_holds_the_lock(make_site: Callable[..., Site], option: tuple[str, ...]) -> None:
    """Or a daemon that starts meanwhile would work on a store that is about to change under it."""
    from tclp_daemon.service.startup import StateLock

    site = make_site()
    site.start()
    site.stop()
    lock = StateLock(site.state)
    refused = site.cli("rebuild", *option)
    lock.release()
    assert refused.returncode == 2
    assert "in use by" in refused.stderr
