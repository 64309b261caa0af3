"""`verify` sees every kind of gap, `--repair` mends from the store what the store can give back, and nothing else."""

from __future__ import annotations

import json
import sqlite3
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mounting import remount, tmpfs
from valid import as_version_1

from benchmarks.fill import fill
from harness import Site, wait_for
from tclp_daemon.admin.repair import repair
from tclp_daemon.admin.verify import find_gaps
from tclp_daemon.config import load_config
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.store import Store
from tclp_daemon.task import FileIdentity, Placement

GOOD = "The Supplier shall reach net zero by 2040.\n"


def gaps(site: Site, *options: str) -> dict[str, list[str]]:
    """Kinds of gaps to where they are."""
    done = site.cli("verify", "--json", *options)
    found: dict[str, list[str]] = {}
    told: list[dict[str, Any]] = json.loads(done.stdout)["gaps"]
    for gap in told:
        found.setdefault(gap["kind"], []).append(gap["where"])
    if not options:
        assert done.returncode == (1 if found else 0)
    return found


@pytest.mark.smoke
def test_every_kind_of_gap(served: Site) -> None:
    names = [f"{word}.txt" for word in ("sound", "sidecar", "result", "report", "lost", "contract", "edited", "twice")]
    for name in names:
        served.drop(f"acme/{name}", GOOD + name)
    served.drop("failed.pdf", b"%PDF-1.4 broken")
    ids = {name: served.finished(f"acme/{name}")["task_id"] for name in names}
    failed = served.finished("failed.pdf")["task_id"]
    assert served.stop() == 0
    assert gaps(served) == {}

    acme = served.outbox / "acme"
    before = {p: p.read_bytes() for p in acme.iterdir()}
    (acme / "sidecar.txt.status.json").unlink()
    (acme / "result.txt.result.json").write_text("{}")
    (acme / "report.txt.report.html").unlink()
    with sqlite3.connect(served.state / "tasks.sqlite3") as database:
        database.execute("UPDATE tasks SET report_sha256 = NULL WHERE task_id = ?", (ids["lost.txt"],))
    (served.outbox / "index.html").unlink()
    (served.outbox / "contracts.csv").unlink()
    (acme / "contract.txt").unlink()
    (acme / "edited.txt").write_text("Another contract.\n")
    (acme / "copy.txt.status.json").write_bytes((acme / "twice.txt.status.json").read_bytes())
    (served.outbox / "failed.pdf.report.html").write_text("from an earlier life")
    orphan = served.state / "spool" / "00000000-0000-4000-8000-000000000000"
    orphan.write_text("nobody's")
    temporary = acme / ".tclp-0123456789abcdef.tmp"
    temporary.write_text("cut off")
    waiting = json.loads((acme / "sound.txt.status.json").read_text())
    waiting |= {"task_id": "11111111-1111-4111-8111-111111111111", "status": "pending"}
    (served.outbox / "unknown.txt.status.json").write_text(json.dumps(waiting))
    hidden = f".tclp-{ids['sound.txt']}.moved"
    (served.inbox / hidden).write_text("an original that was not removed")

    expected = {
        "sidecar_missing": [ids["sidecar.txt"]],
        "result_differs": [ids["result.txt"]],
        "report_missing": [ids["report.txt"]],
        "report_lost": [ids["lost.txt"]],
        "contract_missing": [ids["contract.txt"]],
        "contract_changed": [ids["edited.txt"]],
        "sidecar_twice": ["acme/copy.txt.status.json"],
        "sidecar_orphan": ["unknown.txt.status.json"],
        "output_of_failed": [failed],
        "spool_orphan": [str(orphan)],
        "temporary_left": [str(temporary)],
        "original_hidden": [hidden],
        "overview_missing": ["index.html", "contracts.csv"],
    }
    assert gaps(served) == expected
    assert gaps(served, "--repair") == expected, "told once more, and mended"
    only_people = ("contract_missing", "contract_changed", "sidecar_twice", "sidecar_orphan", "output_of_failed")
    left = {kind: expected[kind] for kind in (*only_people, "original_hidden")}
    assert not orphan.exists()
    assert not temporary.exists()
    assert (served.outbox / "index.html").exists()
    assert (served.outbox / "contracts.csv").exists()
    for name in ("sidecar.txt.status.json", "result.txt.result.json"):
        assert (acme / name).exists()
        assert (acme / name).read_bytes() == before[acme / name] or name.endswith("status.json")
    again = ("lost.txt", "report.txt")
    for name in again:
        assert json.loads((acme / f"{name}.status.json").read_text())["status"] == "pending", "its report is made again"

    served.start()
    for name in again:
        wait_for(lambda name=name: served.finished(f"acme/{name}")["status"] == "completed", "made again")
    assert served.stop() == 0
    assert [event["reused"] for event in served.events("contract")[-2:]] == [True, True], "not classified again"
    assert gaps(served) == left
    assert "net zero" in (acme / "report.txt.report.html").read_text()


def test_a_repair_while_the_daemon_runs_is_published_by_it(served: Site) -> None:
    served.drop("nda.txt", GOOD)
    served.finished("nda.txt")
    report = served.outbox / "nda.txt.report.html"
    wait_for(report.exists, "the report")
    (served.outbox / "nda.txt.status.json").unlink()
    report.unlink()
    served.cli("verify", "--repair")
    assert served.finished("nda.txt")["status"] == "completed"
    wait_for(report.exists, "the report again")
    wait_for(lambda: served.cli("verify").returncode == 0, "balance")


@pytest.mark.parametrize("away", ["empty", "gone"])
@pytest.mark.parametrize("options", [(), ("--repair",), ("--json",)])
def test_an_outbox_that_is_away_is_not_an_empty_one(served: Site, away: str, options: tuple[str, ...]) -> None:
    served.drop("nda.txt", GOOD)
    served.finished("nda.txt")
    served.stop()
    database = served.state / "tasks.sqlite3"
    before = database.read_bytes()
    served.outbox.rename(served.root / "elsewhere")
    if away == "empty":
        served.outbox.mkdir()
    done = served.cli("verify", *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be compared" in done.stderr
    assert "Traceback" not in done.stderr
    assert database.read_bytes() == before
    if away == "empty":
        assert list(served.outbox.iterdir()) == []
        served.outbox.rmdir()
    (served.root / "elsewhere").rename(served.outbox)
    assert served.cli("verify").returncode == 0


def test_what_cannot_be_mended_is_not_counted(make_site: Callable[..., Site]) -> None:
    site = make_site()
    with tmpfs(site.outbox):
        site.start()
        for name in ("a.txt", "b.txt"):
            site.drop(name, GOOD)
            site.finished(name)
        site.stop()
        (site.outbox / "a.txt.result.json").unlink()
        remount(site.outbox, "ro")
        done = site.cli("verify", "--repair")
        assert done.returncode == 1
        assert "2 tasks, 1 gap, 0 repaired." in done.stdout
        remount(site.outbox, "rw")
        done = site.cli("verify", "--repair")
        assert done.returncode == 0, done.stdout
        assert "2 tasks, 1 gap, 1 repaired." in done.stdout
        assert (site.outbox / "a.txt.result.json").exists()


def test_however_much_is_to_be_published_all_of_it_is(served: Site) -> None:
    served.stop()
    store = Store(served.state)
    for number in range(130):  # more than a round of the publisher
        store.create_task(
            f"{number}.png", size=1, sha256=None, identity=FileIdentity(1, 1, 1), placed=Placement.STAYS,
            failure=ContractError(ErrorCode.UNSUPPORTED_TYPE),
        )  # fmt: skip
    store.close()
    done = served.cli("verify", "--repair")
    assert done.returncode == 0, done.stderr
    assert "130 gaps, 130 repaired." in done.stdout
    assert gaps(served) == {}


def test_nothing_is_deleted_under_a_running_daemon(served: Site) -> None:
    served.drop("nda.txt", GOOD)
    served.finished("nda.txt")
    orphan = served.state / "spool" / "00000000-0000-4000-8000-000000000000"
    orphan.write_text("a contract whose task is recorded in a moment")
    temporary = served.outbox / ".tclp-0123456789abcdef.tmp"
    temporary.write_text("renamed in a moment")
    wait_for(lambda: gaps(served).keys() == {"spool_orphan", "temporary_left"}, "only those")
    done = served.cli("verify", "--repair")
    assert done.returncode == 1
    assert "2 gaps, 0 repaired." in done.stdout
    assert orphan.exists()
    assert temporary.exists()
    served.stop()
    done = served.cli("verify", "--repair")
    assert done.returncode == 0, done.stdout
    assert not orphan.exists()
    assert not temporary.exists()


def test_a_spooled_copy_whose_task_came_later_is_not_deleted(served: Site) -> None:
    served.stop()
    task_id = "00000000-0000-4000-8000-000000000000"
    spooled = served.state / "spool" / task_id
    spooled.write_text(GOOD)
    config = load_config(served.config)
    store = Store(served.state)
    found = list(find_gaps(config, store))
    assert [gap.kind for gap in found] == ["spool_orphan"]
    store.create_task("nda.txt", size=1, sha256="a" * 64, identity=FileIdentity(1, 1, 1), task_id=task_id)
    assert repair(found, store, config) == 0
    assert spooled.exists()
    store.close()


def test_files_nested_without_end_are_only_strangers(served: Site) -> None:
    served.drop("nda.txt", GOOD)
    task_id = served.finished("nda.txt")["task_id"]
    served.stop()
    nested = b"[" * 200_000
    (served.outbox / "planted.txt.status.json").write_bytes(nested)
    (served.outbox / "nda.txt.result.json").write_bytes(nested)
    assert gaps(served) == {"result_differs": [task_id]}


def test_what_version_1_wrote_is_no_gap(served: Site) -> None:
    served.drop("nda.txt", GOOD)
    task_id = served.finished("nda.txt")["task_id"]
    served.stop()
    path = served.outbox / "nda.txt.result.json"
    old = as_version_1(json.loads(path.read_text()))
    unnamed = json.dumps(old | {"result_file": "", "report_file": ""})
    with sqlite3.connect(served.state / "tasks.sqlite3") as database:
        database.execute("UPDATE tasks SET result = ?, published = revision", (unnamed,))
    path.write_text(json.dumps(old))
    assert gaps(served) == {}
    path.write_text(json.dumps(old | {"classification": "unlikely"}))
    assert gaps(served) == {"result_differs": [task_id]}


def test_a_report_is_not_asked_for_where_the_contract_is_gone(served: Site) -> None:
    served.drop("nda.txt", GOOD)
    task_id = served.finished("nda.txt")["task_id"]
    served.stop()
    (served.outbox / "nda.txt.report.html").unlink()
    (served.outbox / "nda.txt").unlink()
    assert gaps(served) == {"contract_missing": [task_id], "report_missing": [task_id]}
    assert served.cli("verify", "--repair").returncode == 1
    assert (served.status("nda.txt") or {})["status"] == "completed", "its result is not given up for a report"


def test_a_repair_that_fails_takes_no_result_away(served: Site) -> None:
    served.drop("nda.txt", GOOD)
    served.finished("nda.txt")
    served.stop()
    (served.outbox / "nda.txt.report.html").unlink()
    assert served.cli("verify", "--repair").returncode == 0
    (served.outbox / "nda.txt").write_text("Edited before the daemon came to it.\n")
    served.start()
    wait_for(lambda: (served.status("nda.txt") or {}).get("status") == "completed", "its result is back")
    assert served.stop() == 0
    assert set(gaps(served)) == {"contract_changed", "report_missing"}


def test_what_changes_while_it_is_looked_at_is_no_gap(served: Site) -> None:
    """Contracts are accepted, analysed, replaced and step aside in front of verify's eyes."""
    stop = threading.Event()

    def drop() -> None:
        number = 0
        while not stop.is_set() and number < 200:
            name = f"{number % 20}.txt"
            if not (served.inbox / name).exists():
                served.drop(name, f"{GOOD}{number}")
                number += 1
            stop.wait(0.03)

    dropping = threading.Thread(target=drop)
    dropping.start()
    try:
        for _ in range(4):
            assert gaps(served) == {}
    finally:
        stop.set()
        dropping.join()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tclp_daemon.store.reading._BATCH", 50)
    peaks = []
    for count in (100, 1000):
        (tmp_path / str(count)).mkdir()
        site = Site(tmp_path / str(count))
        fill(site.state, count, outbox=site.outbox, report_bytes=2000)
        (site.state / "spool").mkdir()
        (site.outbox / ".tclp-outbox").write_text('{"outbox": "it"}')
        (site.state / "outbox-marker").write_text("it")
        for name in ("index.html", "contracts.csv"):
            (site.outbox / name).touch()
        store = Store(site.state)
        config = load_config(site.config)
        measured = []
        for _ in range(3):  # what is imported or collected at such a time is none of it
            tracemalloc.start()
            assert list(find_gaps(config, store)) == []
            measured.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        peaks.append(min(measured))
        store.close()
    assert peaks[1] < 1.5 * peaks[0], peaks
