"""A share that goes away, fills up, turns read-only or fails call by call: everything waits, nothing is charged."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mounting import held, remount, tmpfs, unmount

from fakes.faulty_files import FAULTY_DAEMON, Faults
from harness import Site, wait_for

GOOD = "The Supplier shall reach net zero by 2040.\n"
SLOW = "MISBEHAVE-SLOW\n\n" + GOOD


def uncharged(site: Site, name: str, content: str = GOOD) -> None:
    """The contract completes in its first attempt and is complete in the outbox."""
    status = site.finished(name)
    assert (status["status"], status["attempt"]) == ("completed", 1), status
    assert (site.outbox / name).read_text() == content


def calm(site: Site) -> None:
    """Whatever was away is back, and the log has said so: the next trouble is logged again."""
    for part in ("inbox", "outbox"):
        wait_for(
            lambda part=part: len(site.events(f"{part}_unavailable")) == len(site.events(f"{part}_available_again")),
            f"the {part} is back",
        )


def balanced(site: Site) -> None:
    assert site.stop() == 0
    verified = site.cli("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.mark.parametrize("stand_in", ["nothing", "empty folder"])
def test_outbox_renamed_away_and_back(served: Site, stand_in: str) -> None:
    away = served.root / "outbox-away"
    served.outbox.rename(away)
    if stand_in == "empty folder":
        served.outbox.mkdir()
    served.drop("nda.txt", GOOD)
    wait_for(lambda: served.events("outbox_unavailable"), "the outbox is noticed to be away")
    wait_for(lambda: served.events("contract"), "the work goes on meanwhile")
    if stand_in == "empty folder":
        assert list(served.outbox.iterdir()) == [], "nothing is written where the marker is missing"
        served.outbox.rmdir()
    away.rename(served.outbox)
    uncharged(served, "nda.txt")
    wait_for(lambda: served.events("outbox_available_again"), "the log says so")
    assert not served.events("part_failed")
    balanced(served)


def test_both_away_at_the_start_and_back(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.start()
    site.stop()
    site.drop("nda.txt", GOOD)
    for folder in (site.inbox, site.outbox):
        folder.rename(folder.with_name(folder.name + "-away"))
    site.start()  # ready all the same, for the service manager must not kill what waits
    wait_for(lambda: site.events("inbox_unavailable") and site.events("outbox_unavailable"), "both are away")
    for folder in (site.inbox, site.outbox):
        folder.with_name(folder.name + "-away").rename(folder)
    uncharged(site, "nda.txt")
    assert not site.events("part_failed")
    balanced(site)


def test_share_unmounted_and_back(make_site: Callable[..., Site], tmp_path: Path) -> None:
    """inbox and outbox on one share; what is left after the unmount are empty mount points."""
    server, mounted = tmp_path / "server", tmp_path / "mounted"
    server.mkdir()
    for name in ("inbox", "outbox"):
        (mounted / name).mkdir(parents=True)
    with tmpfs(server):
        bind = ["mount", "--bind", server, mounted]
        subprocess.run(bind, check=True)
        try:
            for name in ("inbox", "outbox"):
                (server / name).mkdir()
            site = make_site()
            site.inbox, site.outbox = mounted / "inbox", mounted / "outbox"
            site.configure()
            site.start()
            site.drop("before.txt", GOOD)
            uncharged(site, "before.txt")
            site.drop("during.txt", SLOW)
            wait_for(lambda: site.status("during.txt"), "accepted")
            unmount(mounted)
            (server / "inbox" / "meanwhile.txt").write_text(GOOD)
            wait_for(lambda: site.events("outbox_unavailable"), "the outbox is noticed to be away")
            assert [p for p in mounted.rglob("*") if p.is_file() and p.name != ".tclp-daemon.heartbeat"] == []
            subprocess.run(bind, check=True)
            uncharged(site, "meanwhile.txt")
            uncharged(site, "during.txt", SLOW)
            assert not site.events("part_failed")
            balanced(site)
        finally:
            while os.path.ismount(mounted):
                unmount(mounted)


def test_full_outbox_on_another_filesystem_and_freed(make_site: Callable[..., Site]) -> None:
    site = make_site()
    with tmpfs(site.outbox, size="1m"):
        site.start()
        ballast = site.outbox / "ballast"
        with pytest.raises(OSError) as full:
            fill(ballast)
        assert full.value.errno == errno.ENOSPC
        content = GOOD + "More text. " * 2000
        site.drop("nda.txt", content)
        wait_for(lambda: site.events("outbox_unavailable"), "the outbox is noticed to be full")
        wait_for(lambda: site.events("contract"), "the work goes on meanwhile")
        ballast.unlink()
        uncharged(site, "nda.txt", content)
        wait_for(lambda: not (site.inbox / "nda.txt").exists(), "the original leaves when its copy is verified")
        balanced(site)


def test_a_csv_that_a_spreadsheet_holds_keeps_nothing_else_waiting(served: Site) -> None:
    served.drop("one.txt", GOOD)
    served.finished("one.txt")
    csv, index = served.outbox / "contracts.csv", served.outbox / "index.html"
    wait_for(lambda: csv.exists() and "one.txt" in csv.read_text("utf-8"), "the first contract is in the list")
    with held(csv):
        for name in ("two.txt", "three.txt"):
            served.drop(name, f"{GOOD}{name}")
            assert served.finished(name)["status"] == "completed"
            wait_for(lambda name=name: name in index.read_text("utf-8"), "the dashboard goes on")
            wait_for(lambda: served.events("overview_not_written"), "the log says what is wrong")
        assert not served.events("outbox_unavailable")
    wait_for(lambda: "three.txt" in csv.read_text("utf-8"), "the list is made up for")
    assert len(served.events("overview_not_written")) == 1
    balanced(served)


def fill(path: Path) -> None:
    """Writes until the filesystem is full."""
    with path.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            continue


@pytest.mark.parametrize("when_accepted", ["leave", "move"])
def test_read_only_inbox(make_site: Callable[..., Site], when_accepted: str) -> None:
    site = make_site(inbox=f'when_accepted = "{when_accepted}"')
    with tmpfs(site.inbox):
        site.drop("nda.txt", GOOD)
        remount(site.inbox, "ro")
        site.start()
        uncharged(site, "nda.txt")
        site.stop()
        site.start()  # a persistent identity: the same file is not a new contract
        remount(site.inbox, "rw")
        site.drop("other.txt", GOOD)
        uncharged(site, "other.txt")
        balanced(site)
        files = [line["file"] for line in site.events("accepted")]
        assert files == ["'nda.txt'", "'other.txt'"], "each is accepted once"
        assert (site.inbox / "nda.txt").read_text() == GOOD


OUTBOX_FAULTS = [("write", "ENOSPC"), ("fsync", "EIO"), ("open", "ESTALE"), ("*", "EACCES"), ("rename", "EIO")]


def test_faults_of_the_outbox_pass(faulty: Site, faults: Faults) -> None:
    for number, (call, fault) in enumerate(OUTBOX_FAULTS):
        name = f"{number}.txt"
        told = len(faulty.events("outbox_unavailable") + faulty.events("not_published"))
        faults.set({"call": call, "under": str(faulty.outbox), "fault": fault})
        faulty.drop(name, GOOD + fault)
        wait_for(
            lambda told=told: len(faulty.events("outbox_unavailable") + faulty.events("not_published")) > told,
            f"{call} {fault} is noticed",
        )
        faults.set()
        uncharged(faulty, name, GOOD + fault)
        calm(faulty)
    assert not faulty.events("part_failed")
    balanced(faulty)


def inbox_faults(site: Site) -> list[tuple[str, dict[str, Any]]]:
    inbox, spool = str(site.inbox), str(site.state / "spool")
    return [
        ("inbox_unavailable", {"call": "scandir", "under": inbox, "fault": "ESTALE"}),
        ("inbox_unavailable", {"call": "*", "under": inbox, "fault": "EACCES"}),
        ("inbox_unavailable", {"call": "read", "under": inbox, "fault": "EIO"}),
        ("inbox_unavailable", {"call": "write", "under": spool, "fault": "ENOSPC"}),
        ("inbox_unavailable", {"call": "fsync", "under": spool, "fault": "EIO"}),
    ]


def test_faults_of_inbox_and_spool_pass(faulty: Site, faults: Faults) -> None:
    for number, (event, rule) in enumerate(inbox_faults(faulty)):
        name = f"{number}.txt"
        told = len(faulty.events(event))
        faults.set(rule)
        faulty.drop(name, GOOD + str(number))
        wait_for(lambda told=told, event=event: len(faulty.events(event)) > told, f"{rule} is noticed")
        faults.set()
        uncharged(faulty, name, GOOD + str(number))
        calm(faulty)
    assert not faulty.events("part_failed")
    balanced(faulty)
    assert list((faulty.state / "spool").iterdir()) == []


def test_one_unreadable_file_does_not_hold_up_the_others(faulty: Site, faults: Faults) -> None:
    faults.set({"call": "read", "under": str(faulty.inbox), "name": "a-bad.txt", "fault": "EIO"})
    faulty.drop("a-bad.txt", GOOD)
    wait_for(lambda: faulty.events("waiting_for_file"), "the bad file is noticed")
    faulty.drop("b-good.txt", GOOD)
    uncharged(faulty, "b-good.txt")
    assert faulty.status("a-bad.txt") is None
    faults.set()
    uncharged(faulty, "a-bad.txt")


@pytest.mark.parametrize("fault", ["EIO", "EINVAL", "EPERM", "ESTALE"])
def test_one_entry_that_cannot_be_looked_at_is_named_once(faulty: Site, faults: Faults, fault: str) -> None:
    faulty.drop("before.txt", GOOD)
    uncharged(faulty, "before.txt")
    faults.set(
        {"call": "stat", "under": str(faulty.inbox), "name": "bad.txt", "fault": fault},
        {"call": "open", "under": str(faulty.inbox), "name": "bad", "fault": fault},
    )
    faulty.drop("bad.txt", GOOD)
    faulty.drop("bad/in.txt", GOOD)
    faulty.drop("good/in.txt", GOOD)
    uncharged(faulty, "good/in.txt")
    faulty.drop("after.txt", GOOD)
    uncharged(faulty, "after.txt")
    named = [line["file"] for line in faulty.events("passed_over")]
    assert sorted(named) == ["'bad'", "'bad.txt'"]
    assert not faulty.events("inbox_unavailable")
    faults.set()
    uncharged(faulty, "bad.txt")
    uncharged(faulty, "bad/in.txt")


def test_folders_where_files_are_expected_stop_nothing(make_site: Callable[..., Site]) -> None:
    """lost+found, where spool and inbox are filesystems of their own."""
    site = make_site()
    for folder in (site.state / "spool" / "lost+found", site.inbox / "lost+found", site.inbox / ".tclp-x.tmp"):
        folder.mkdir(parents=True)
        (folder / "inside.txt").write_text("x")
    site.start()
    site.drop("nda.txt", GOOD)
    uncharged(site, "nda.txt")
    assert not site.events("part_failed")
    assert len(site.events("spool_not_swept")) == 1


def test_one_unwritable_name_does_not_hold_up_the_others(faulty: Site, faults: Faults) -> None:
    (faulty.outbox / "acme").mkdir()
    faults.set({"call": "*", "under": f"{faulty.outbox}/acme/", "fault": "EACCES"})
    for number in range(3):
        faulty.drop(f"acme/{number}.txt", GOOD)
    wait_for(lambda: len(faulty.events("not_published")) == 3, "the folder is noticed")
    faulty.drop("good.txt", GOOD)
    uncharged(faulty, "good.txt")
    assert not faulty.events("outbox_unavailable")
    faults.set()
    for number in range(3):
        uncharged(faulty, f"acme/{number}.txt")


def test_short_writes_refused_renames_and_no_folder_fsync(make_site: Callable[..., Site], faults: Faults) -> None:
    site = make_site(program=FAULTY_DAEMON)
    root = str(site.root)
    faults.set(
        {"call": "write", "under": root, "fault": "SHORT", "chance": 0.7},
        {"call": "fsync_folder", "under": root, "fault": "EINVAL"},
        {"call": "rename", "under": str(site.outbox), "name": "nda.txt", "fault": "EXDEV", "times": 1},
    )
    site.start(**faults.environment)
    content = GOOD * 3_000
    site.drop("nda.txt", content)
    uncharged(site, "nda.txt", content)
    wait_for(lambda: not (site.inbox / "nda.txt").exists(), "the original leaves when its copy is verified")
    balanced(site)


def test_a_retry_waits_for_an_outbox_that_holds_the_only_copy(make_site: Callable[..., Site], tmp_path: Path) -> None:
    site = make_site(workers="max_attempts = 1\n")
    site.start()
    content = f"MISBEHAVE-IO-ONCE:{tmp_path / 'once'}\n\n{GOOD}"
    site.drop("nda.txt", content)
    failed = site.finished("nda.txt")
    assert failed["error_code"] == "io_error"
    wait_for(lambda: not list((site.state / "spool").iterdir()), "the spooled copy is gone")
    away = site.root / "outbox-away"
    site.outbox.rename(away)
    assert site.cli("retry", failed["task_id"]).returncode == 0
    wait_for(lambda: site.events("copy_unavailable"), "the retry waits")
    away.rename(site.outbox)
    wait_for(lambda: (site.status("nda.txt") or failed)["status"] == "completed", "the retry succeeds")
