"""A database that is damaged or lost is refused with advice, never overwritten; `rebuild` makes a new one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.faulty_files import FAULTY_DAEMON, Faults
from harness import Site, wait_for

GOOD = "The Supplier shall reach net zero by 2040.\n"


@pytest.fixture
def worker_count() -> int:
    """Contracts run side by side here."""
    return 2


def populated(site: Site) -> dict[str, str]:
    """A site that was stopped with two completed, one failed and two waiting contracts; names to task ids."""
    site.start()
    for name, content in {"acme/one.txt": GOOD, "two.txt": "Nothing.\n", "bad.pdf": "%PDF-1.4 broken"}.items():
        site.drop(name, content)
    ids = {name: site.finished(name)["task_id"] for name in ("acme/one.txt", "two.txt", "bad.pdf")}
    for name in ("hang-a.txt", "hang-b.txt"):
        site.drop(name, f"MISBEHAVE-SLOW\n\nMISBEHAVE-SLOW\n\n{GOOD}{name}")
        found = wait_for(lambda name=name: site.status(name), "accepted")
        ids[name] = found["task_id"]
    assert site.process is not None
    site.process.send_signal(signal.SIGTERM)
    wait_for(lambda: site.events("draining"), "draining")
    assert site.stop() == 0
    return ids


def refused(site: Site) -> str:
    """What a daemon says that does not start."""
    before = {p.name: p.read_bytes() for p in site.state.iterdir() if p.name.startswith("tasks")}
    started = site.cli("run")
    assert started.returncode == 2, started.stderr
    after = {p.name: p.read_bytes() for p in site.state.iterdir() if p.name.startswith("tasks")}
    assert after == before, "not touched"
    return started.stderr


def overwrite_the_middle(database: Path) -> None:
    data = bytearray(database.read_bytes())
    data[4096 : 4096 * 4] = b"\xa5" * (4096 * 3)
    database.write_bytes(data)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "middle": overwrite_the_middle,
    "header": lambda database: database.write_bytes(b"no database at all" * 1000),
    "cut": lambda database: database.write_bytes(database.read_bytes()[: 4096 * 3 + 100]),
    "empty": lambda database: database.write_bytes(b""),
    "gone": lambda database: database.unlink(),
}


@pytest.mark.smoke
def test_refused_with_advice_then_rebuilt(make_site: Callable[..., Site]) -> None:
    site = make_site()
    ids = populated(site)
    database = site.state / "tasks.sqlite3"
    sound = database.read_bytes()
    for name, damage in DAMAGES.items():
        database.write_bytes(sound)
        damage(database)
        assert "rebuild" in refused(site), name

    overwrite_the_middle(database) if database.exists() else database.write_bytes(sound)
    again = site.cli("rebuild")
    assert again.returncode == 2
    assert "move it away" in again.stderr, "an existing database is never replaced"
    database.rename(site.state / "tasks.sqlite3.damaged")
    # The sidecar of a waiting contract is gone, too: its bytes are in the spool.
    (site.outbox / "hang-b.txt.status.json").unlink()

    rebuilt = site.cli("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert "3 finished tasks restored, 1 queued again, 1 recovered from the spool" in rebuilt.stdout
    site.start()
    assert site.finished("hang-a.txt")["task_id"] == ids["hang-a.txt"]
    recovered = site.finished(f"recovered/{ids['hang-b.txt']}.txt")
    assert recovered["status"] == "completed"
    assert "lost its database" in recovered["note"]
    site.drop("two.txt", GOOD)
    wait_for(lambda: (site.status("two.txt") or {}).get("task_id") != ids["two.txt"], "a new drop under an old name")
    site.finished("two.txt")
    assert site.stop() == 0
    tasks = json.loads(site.cli("list", "--json", "--limit", "0").stdout)
    assert len(tasks) == 6
    assert {ids[name] for name in ids} <= {task["task_id"] for task in tasks}
    verified = site.cli("verify")
    assert verified.returncode == 0, verified.stdout


def test_an_empty_mount_point_is_not_taken_for_the_outbox(make_site: Callable[..., Site]) -> None:
    site = make_site()
    populated(site)
    (site.state / "tasks.sqlite3").unlink()
    marker = (site.state / "outbox-marker").read_bytes()
    away = site.outbox.rename(site.root / "away")
    site.outbox.mkdir()
    refused = site.cli("rebuild")
    assert refused.returncode == 2
    assert "Mount it" in refused.stderr
    assert list(site.outbox.iterdir()) == []
    assert (site.state / "outbox-marker").read_bytes() == marker
    site.outbox.rmdir()
    away.rename(site.outbox)
    assert "3 finished tasks restored, 2 queued again" in site.cli("rebuild").stdout


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_command_tells_of_a_damaged_database_in_one_sentence(make_site: Callable[..., Site], damage: str) -> None:
    site = make_site()
    site.start()
    for number in range(20):
        site.drop(f"{number}.txt", GOOD + "word " * 2000)
    site.finished("0.txt")
    site.stop()
    database = site.state / "tasks.sqlite3"
    DAMAGES[damage](database)
    before = database.read_bytes() if database.exists() else None
    told = set()
    for command in (
        ["retry", "0.txt"], ["cleanup"], ["list"], ["list", "--json"], ["task", "0.txt"], ["export"],
        ["watch", "--once"], ["verify"], ["verify", "--repair"],
    ):  # fmt: skip
        done = site.cli(*command)
        assert done.returncode == 2, (command, done.stderr)
        assert "Traceback" not in done.stderr
        assert done.stderr.count("\n") == 1, (command, done.stderr)
        assert "rebuild" in done.stderr
        told.add(done.stderr)
    assert len(told) == 1
    assert (database.read_bytes() if database.exists() else None) == before, "not touched, and none made in its place"


def test_a_rebuild_that_was_cut_off_is_run_again(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.start()
    site.drop("nda.txt", GOOD)
    site.finished("nda.txt")
    site.stop()
    (site.state / "tasks.sqlite3").unlink()
    (site.state / "rebuilding").mkdir()
    (site.state / "rebuilding" / "tasks.sqlite3").write_bytes(b"half of one")
    assert "rebuild" in refused(site)
    assert site.cli("rebuild").returncode == 0
    assert not (site.state / "rebuilding").exists()
    site.start()
    site.stop()
    assert site.cli("verify").returncode == 0


def test_files_that_stay_in_the_inbox_are_not_analysed_again(make_site: Callable[..., Site]) -> None:
    site = make_site(inbox='when_accepted = "leave"')
    site.start()
    names = ["acme/nda.txt", "two.txt", "bad.pdf"]
    for name in names:
        site.drop(name, GOOD if name.endswith("txt") else "%PDF-1.4 broken")
    ids = {site.finished(name)["task_id"] for name in names}
    site.stop()
    (site.state / "tasks.sqlite3").unlink()
    assert site.cli("rebuild").returncode == 0
    site.start()
    site.drop("new.txt", GOOD)
    new = site.finished("new.txt")["task_id"]
    # Replaced in the inbox, the same name is a new drop.
    site.drop("two.txt", "Another contract.\n")
    wait_for(lambda: (site.status("two.txt") or {}).get("task_id") not in (None, *ids), "the replaced file")
    site.finished("two.txt")
    site.stop()
    tasks = {task["task_id"] for task in json.loads(site.cli("list", "--json", "--limit", "0").stdout)}
    assert ids | {new} < tasks
    assert len(tasks) == 5
    assert site.cli("verify").returncode == 0
    for name in names:
        assert (site.inbox / name).exists()


@pytest.mark.parametrize("leave", [False, True], ids=["move", "leave"])
def test_originals_that_could_not_be_moved_are_not_analysed_again(
    make_site: Callable[..., Site], faults: Faults, leave: bool
) -> None:
    """A sticky folder whose files are other people's, and a link, which stays where it is."""
    site = make_site(program=FAULTY_DAEMON, inbox='when_accepted = "leave"' if leave else "")
    faults.set(
        {"call": "rename", "under": str(site.outbox), "name": "nda.txt", "fault": "EXDEV", "times": 1},
        {"call": "rename", "under": str(site.inbox), "name": "*.moved", "fault": "EACCES"},
    )
    site.start(**faults.environment)
    site.drop("acme/nda.txt", GOOD)
    (site.inbox / "link.txt").symlink_to("nowhere")
    ids = {site.finished(name)["task_id"] for name in ("acme/nda.txt", "link.txt")}
    assert (site.inbox / "acme/nda.txt").exists()
    site.stop()
    (site.state / "tasks.sqlite3").unlink()
    assert site.cli("rebuild").returncode == 0
    site.start()
    site.drop("new.md", GOOD)
    ids.add(site.finished("new.md")["task_id"])
    site.stop()
    assert {task["task_id"] for task in json.loads(site.cli("list", "--json", "--limit", "0").stdout)} == ids


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_what_sqlite_left_beside_a_lost_database_is_not_played_into_the_new_one(
    make_site: Callable[..., Site], mode: str
) -> None:
    site = make_site()
    site.start()
    for number in range(8):
        site.drop(f"{number}.txt", GOOD)
    ids = {site.finished(f"{number}.txt")["task_id"] for number in range(8)}
    site.stop()
    database = site.state / "tasks.sqlite3"
    end = "db.execute('COMMIT'); " if mode == "wal" else ""
    # Dies in a transaction, or after one that is only in the log, and leaves what SQLite needs to go back or to go on.
    code = (
        "import os, sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None); "
        f"db.execute('PRAGMA journal_mode = {mode}'); db.execute('PRAGMA cache_size = 1'); db.execute('BEGIN'); "
        "db.execute('DELETE FROM events'); db.execute('DELETE FROM tasks'); "
        f"{end}"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(database)], check=True)
    left = {path.name for path in site.state.glob("tasks.sqlite3-*")}
    assert left == ({"tasks.sqlite3-journal"} if mode == "delete" else {"tasks.sqlite3-wal", "tasks.sqlite3-shm"})
    database.rename(site.state / "tasks.sqlite3.damaged")
    rebuilt = site.cli("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert {f"{name}.damaged" for name in left} <= {path.name for path in site.state.iterdir()}
    listed = site.cli("list", "--json", "--limit", "0")
    assert listed.returncode == 0, listed.stderr
    assert {task["task_id"] for task in json.loads(listed.stdout)} == ids
    site.start()
    site.stop()
    assert site.cli("verify").returncode == 0


def test_what_strangers_left_in_the_outbox_is_passed_over(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.start()
    site.drop("nda.txt", GOOD)
    mine = site.finished("nda.txt")
    site.stop()
    forged = json.loads((site.outbox / "nda.txt.status.json").read_text())
    for number, change in enumerate(
        (
            {"task_id": "no id"},
            {"status": "completed", "task_id": "22222222-2222-4222-8222-222222222222"},  # no result next to it
            {"status": "pending", "result": None, "progress": 0, "stage": "queued", "finished_at": None},  # no bytes
        )
    ):
        (site.outbox / f"forged-{number}.txt.status.json").write_text(json.dumps(forged | change))
    (site.outbox / "noise.txt.status.json").write_bytes(b"\xff\x00")
    (site.state / "tasks.sqlite3").unlink()
    rebuilt = site.cli("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert "1 finished task restored, 0 queued again, 0 recovered from the spool, 4 sidecars" in rebuilt.stdout
    tasks = json.loads(site.cli("list", "--json").stdout)
    assert [task["task_id"] for task in tasks] == [mine["task_id"]]


def test_one_bad_sidecar_is_named_and_the_others_are_taken_over(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.start()
    names = ("a.txt", "b/c.txt", "z.txt")
    for name in names:
        site.drop(name, GOOD + name)
    ids = {site.finished(name)["task_id"] for name in names}
    site.stop()
    sound = json.loads((site.outbox / "a.txt.status.json").read_text())
    result = (site.outbox / "a.txt.result.json").read_text()
    fresh = {"task_id": "22222222-2222-4222-8222-222222222222"}
    changes: dict[str, dict[str, object]] = {
        "date": {"created_at": "yesterday"},
        "early": {"created_at": "0001-01-01T00:00:00+14:00"},
        "number": {"size_bytes": 10**30},
        "attempts": {"attempt": 10**30},
        "type": {"progress": {"per": "cent"}},
        "way out": {"task_id": "../../../../../etc/cron.d/something1"},
        "surrogate": {"note": "\ud800"},
        "progress": {"progress": 7},
        "code": {"status": "failed", "error_code": None, "result": None},
        "none": {"status": "completed", "result": None, "finished_at": None},
    }
    for name, change in changes.items():
        (site.outbox / f"{name}.txt.status.json").write_text(json.dumps(sound | fresh | change))
        (site.outbox / f"{name}.txt.result.json").write_text(result)
    (site.outbox / "nested.txt.status.json").write_bytes(b"[" * 200_000)
    (site.outbox / "list.txt.status.json").write_bytes(b"[]")
    (site.outbox / "empty.txt.status.json").touch()
    with (site.outbox / "huge.txt.status.json").open("wb") as huge:
        huge.truncate(1 << 40)
    (site.outbox / "no result.txt.status.json").write_text(json.dumps(sound | fresh))
    (site.outbox / "other result.txt.status.json").write_text(json.dumps(sound | fresh | {"sha256": "b" * 64}))
    (site.outbox / "other result.txt.result.json").write_text(result)
    (site.outbox / "red\x1b[31m.txt.status.json").write_text("{}")
    os.symlink("/etc/passwd", site.outbox / "link.txt.status.json")
    os.mkfifo(site.outbox / "pipe.txt.status.json")
    (site.outbox / "0").mkdir()
    for name in ("", ".status.json", ".result.json", ".report.html"):
        shutil.copy(site.outbox / f"a.txt{name}", site.outbox / "0" / f"a.txt{name}")
    (site.outbox / "copy of a.txt.status.json").write_text(json.dumps(sound))
    (site.outbox / "copy of a.txt.result.json").write_text(result)
    (site.outbox / os.fsdecode(b"na\xefve.txt.status.json")).write_text(json.dumps(sound | fresh))
    (site.outbox / "folder.txt.status.json").mkdir()
    (site.state / "spool" / "lost+found").mkdir()
    (site.state / "tasks.sqlite3").unlink()

    rebuilt = site.cli("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    bad = len(changes) + 12
    assert f"3 finished tasks restored, 0 queued again, 0 recovered from the spool, {bad} sidecars" in rebuilt.stdout
    told = rebuilt.stderr.splitlines()
    assert len(told) == bad
    assert all(line.startswith("Skipped: ") for line in told)
    assert any("0/a.txt.status.json: its task or its name was taken over already" in line for line in told)
    assert "\x1b" not in rebuilt.stderr
    tasks = json.loads(site.cli("list", "--json").stdout)
    assert {task["task_id"] for task in tasks} == ids
    assert {task["result"]["result_file"] for task in tasks} == {
        "a.txt.result.json",
        "c.txt.result.json",
        "z.txt.result.json",
    }
    site.start()
    site.drop("new.txt")
    site.finished("new.txt")
    assert site.stop() == 0


@pytest.mark.parametrize("command", ["rebuild", "run"])
def test_not_while_a_daemon_runs(served: Site, command: str) -> None:
    done = served.cli(command)
    assert done.returncode == 2
    assert served.process is not None
    assert str(served.process.pid) in done.stderr
