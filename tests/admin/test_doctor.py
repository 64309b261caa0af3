"""`doctor` finds what is wrong, says what to do, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mounting import remount, tmpfs

from fakes.next_version import NEXT_VERSION
from fakes.tiny_models import judge as tiny_judge
from harness import Site


def examined(site: Site) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and checks by name."""
    done = site.cli("doctor", "--json")
    return done.returncode, {check["name"]: check for check in json.loads(done.stdout)}


@pytest.mark.smoke
def test_all_is_well_with_and_without_a_daemon(make_site: Callable[..., Site]) -> None:
    site = make_site()
    code, checks = examined(site)
    assert code == 0, checks
    assert {"config", "inbox", "outbox", "state", "clock", "database", "daemon", "watcher", "model"} <= checks.keys()
    assert all(check["health"] in ("ok", "warning") for check in checks.values())
    assert "No daemon" in checks["daemon"]["message"]
    site.start()
    code, checks = examined(site)
    assert code == 0, checks
    assert site.process is not None
    assert str(site.process.pid) in checks["daemon"]["message"]
    assert "sound" in checks["database"]["message"]
    left = [p.name for folder in (site.inbox, site.outbox, site.state) for p in folder.rglob("*canary*")]
    assert left == []


def test_everything_that_is_wrong_is_told_with_advice(make_site: Callable[..., Site]) -> None:
    site = make_site(model=f'path = "{os.devnull}"')
    site.state.mkdir()
    (site.state / "tasks.sqlite3").write_bytes(b"no database" * 1000)
    site.outbox.rmdir()
    (site.inbox / ".tclp-daemon.heartbeat").write_text(json.dumps({"host": "elsewhere", "pid": 4242}))
    os.utime(site.inbox / ".tclp-daemon.heartbeat", (time.time(), time.time()))
    code, checks = examined(site)
    assert code == 1
    failed = {name for name, check in checks.items() if check["health"] == "failed"}
    assert {"outbox", "database", "daemon"} <= failed
    assert "pid 4242 on elsewhere" in checks["daemon"]["message"]
    assert all(check["advice"] for check in checks.values() if check["health"] == "failed")
    assert (site.state / "tasks.sqlite3").read_bytes() == b"no database" * 1000
    table = site.cli("doctor")
    assert table.returncode == 1
    assert "FAILED" in table.stdout
    assert "-> " in table.stdout


def test_the_judge_is_shown_and_tested(make_site: Callable[..., Site], tmp_path: Path) -> None:
    folder = tiny_judge(tmp_path / "judge")
    (folder / "tclp.json").write_text('{"name": "Solomon", "scale": 0.001, "classifier_weight": 1.0}')
    site = make_site(model=f'judge_path = "{folder}"')
    _, checks = examined(site)
    assert checks["model"]["health"] == "ok"
    assert "and the judge Solomon" in checks["model"]["message"]
    (folder / "model.safetensors").write_bytes(b"no tensors")
    code, checks = examined(site)
    assert (code, checks["model"]["health"]) == (1, "failed")
    assert str(folder) in checks["model"]["message"]
    assert "model.judge_path" in checks["model"]["advice"]


def test_a_state_folder_that_is_not_there_yet(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.state.write_text("not a folder, which stands for one that this user may not make")
    code, checks = examined(site)
    assert code == 1
    advice = checks["state"]["advice"]
    assert f"install -d -o tclp-daemon -g tclp-daemon -m 700 {site.state}" in advice
    program = re.search(r"sudo -u tclp-daemon (\S+) doctor", advice)
    assert program
    assert os.access(program[1], os.X_OK), "sudo has a path of its own"


def test_what_keeps_a_daemon_from_starting_is_told(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.start()
    site.stop()
    assert examined(site)[0] == 0
    database, marker = site.state / "tasks.sqlite3", site.outbox / ".tclp-outbox"

    sound = marker.read_bytes()
    for wrong in (None, b'{"outbox": "another"}'):
        marker.unlink()
        if wrong is not None:
            marker.write_bytes(wrong)
        code, checks = examined(site)
        assert (code, checks["marker"]["health"]) == (1, "failed")
        assert "mounted" in checks["marker"]["message"]
        marker.write_bytes(sound)

    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO migrations VALUES ('9999_of_tomorrow', '2099-01-01')")
    code, checks = examined(site)
    assert (code, checks["database"]["health"]) == (1, "failed")
    assert "newer version" in checks["database"]["message"]

    database.unlink()
    code, checks = examined(site)
    assert (code, checks["database"]["health"]) == (1, "failed")
    assert "is lost" in checks["database"]["message"]


def test_a_database_that_waits_for_its_upgrade_is_not_told_as_damaged(make_site: Callable[..., Site]) -> None:
    """pip was run, and the doctor is asked before the start."""
    site = make_site()
    site.start()
    site.stop()
    site.program = NEXT_VERSION
    code, checks = examined(site)
    assert (code, checks["database"]["health"]) == (0, "warning")
    assert "older version" in checks["database"]["message"]
    assert "damaged" not in checks["database"]["advice"]


def test_an_outbox_of_another_daemon_is_told_with_advice(make_site: Callable[..., Site]) -> None:
    site = make_site()
    (site.outbox / ".tclp-outbox").write_text('{"outbox": "another"}')
    code, checks = examined(site)
    assert (code, checks["marker"]["health"]) == (1, "failed")
    assert "belongs to the state directory with marker 'another'" in checks["marker"]["message"]
    assert "rebuild" in checks["marker"]["advice"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who may write everywhere")
def test_root_does_not_write_what_the_daemon_could_not_replace(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.start()
    site.stop()
    os.chown(site.state, 65534, 65534)
    for command in (["verify", "--repair"], ["rebuild"]):
        refused = site.cli(*command)
        assert refused.returncode == 2
        assert "runuser -u nobody -- tclp-daemon" in refused.stderr
    assert examined(site)[1]["user"]["health"] == "warning"


@pytest.mark.parametrize("when_accepted", ["move", "leave"])
def test_a_read_only_inbox(make_site: Callable[..., Site], when_accepted: str) -> None:
    site = make_site(inbox=f'when_accepted = "{when_accepted}"')
    with tmpfs(site.inbox):
        remount(site.inbox, "ro")
        code, checks = examined(site)
    assert checks["inbox"]["health"] == ("failed" if when_accepted == "move" else "ok")
    assert code == (1 if when_accepted == "move" else 0)
