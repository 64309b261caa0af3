"""Writers as they are in the wild: slow, careful, careless, in a hurry; and users who delete things at any moment."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from fakes.faulty_files import FAULTY_DAEMON
from harness import Site, wait_for

GOOD = "The Supplier shall reach net zero by 2040.\n"


def tasks(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(site.cli("list", "--json", "--limit", "0").stdout)
    return found


def balanced(site: Site, count: int) -> None:
    """This many tasks, and everything in its place."""
    assert site.stop() == 0
    verified = site.cli("verify")
    assert verified.returncode == 0, verified.stdout
    assert len(tasks(site)) == count


def test_a_writer_that_pauses_for_many_scans_with_the_file_open(served: Site) -> None:
    with (served.inbox / "nda.txt").open("w") as file:
        file.write(GOOD)
        file.flush()
        wait_for(lambda: served.events("waiting_for_file"), "it is seen to be open")
        assert served.status("nda.txt") is None
        file.write("The end.\n")
    assert served.finished("nda.txt")["status"] == "completed"
    assert (served.outbox / "nda.txt").read_text() == GOOD + "The end.\n"
    balanced(served, 1)


def test_copies_that_preserve_times_and_editors_that_rename_or_rewrite(served: Site) -> None:
    # cp -p: the modification time is old from the start
    original = served.root / "old.txt"
    original.write_text(GOOD + "Old.\n")
    os.utime(original, (1_000_000_000, 1_000_000_000))
    shutil.copy2(original, served.inbox / "preserved.txt")
    # LibreOffice and Word: a lock file next to the document
    (served.inbox / ".~lock.office.docx#").write_text(",user,host,;")
    (served.inbox / "~$office.docx").write_bytes(b"\x04user")
    # vim: swap file, backup, then a new file under the name
    (served.inbox / ".vim.txt.swp").write_bytes(b"b0VIM")
    (served.inbox / "vim.txt~").write_text("the old text")
    (served.inbox / "4913").touch()
    (served.inbox / "4913").unlink()
    (served.inbox / "vim.txt").write_text(GOOD + "Vim.\n")
    # a browser: the file first arrives under another name
    (served.inbox / "download.txt.crdownload").write_text(GOOD)
    (served.inbox / "download.txt.crdownload").rename(served.inbox / "download.txt")
    # truncate and rewrite, in one breath
    with (served.inbox / "rewritten.txt").open("w") as file:
        file.write("draft " * 1000)
        file.flush()
        file.seek(0)
        file.truncate()
        file.write(GOOD + "Final.\n")
    for name, end in {
        "preserved.txt": "Old.",
        "vim.txt": "Vim.",
        "download.txt": "",
        "rewritten.txt": "Final.",
    }.items():
        assert served.finished(name)["status"] == "completed"
        assert end in (served.outbox / name).read_text()
    assert (served.outbox / "preserved.txt").stat().st_mtime == 1_000_000_000
    assert (served.inbox / ".~lock.office.docx#").exists()
    balanced(served, 4)


def test_same_name_again_while_the_first_is_processed_and_twins(make_site: Callable[..., Site]) -> None:
    served = make_site(count=2)
    served.start()
    first = "MISBEHAVE-SLOW\n\nFirst. Net zero.\n"
    served.drop("nda.txt", first)
    wait_for(lambda: (s := served.status("nda.txt")) and s["stage"] == "classifying", "the first is classified")
    served.drop("nda.txt", "Second.\n")
    wait_for(lambda: len(list(served.outbox.glob("nda*.result.json"))) == 2, "two results")
    (aside,) = served.outbox.glob("nda.*.txt")
    assert aside.read_text() == first
    assert served.finished(aside.name)["result"]["classification"] == "possible"
    assert (served.outbox / "nda.txt").read_text() == "Second.\n"
    assert served.finished("nda.txt")["result"]["classification"] == "unlikely"
    # The same bytes under two names: two sidecars, the second from the first's result.
    served.drop("twin-a.txt", GOOD)
    served.finished("twin-a.txt")
    served.drop("twin-b.txt", GOOD)
    served.finished("twin-b.txt")
    line = next(line for line in served.events("contract") if line["file"] == "'twin-b.txt'")
    assert line["reused"] is True
    a, b = (json.loads((served.outbox / f"twin-{x}.txt.result.json").read_text()) for x in "ab")
    assert a["findings"] == b["findings"]
    balanced(served, 4)


def test_names_that_differ_only_in_case(served: Site) -> None:
    """One name on a Windows or Samba share: the older contract must be out of the way before the newer takes it."""
    served.drop("Acme/NDA.TXT", "First. Net zero.\n")
    first = served.finished("Acme/NDA.TXT")
    served.drop("acme/nda.txt", "Second.\n")
    served.finished("acme/nda.txt")
    aside = f"Acme/NDA.{first['task_id'][:8]}.TXT"
    assert served.finished(aside)["task_id"] == first["task_id"]
    assert (served.outbox / aside).read_text() == "First. Net zero.\n"
    assert (served.outbox / "acme/nda.txt").read_text() == "Second.\n"
    names = [str(p.relative_to(served.outbox)).casefold() for p in served.outbox.rglob("*") if p.is_file()]
    assert len(names) == len(set(names))
    balanced(served, 2)


def test_names_that_others_step_aside_to_are_taken(served: Site) -> None:
    served.drop("nda.txt", "First.\n")
    first = served.finished("nda.txt")["task_id"]
    for name in (f"nda.{first[:8]}.txt", f"nda.{first}.txt"):
        served.drop(name, name)
        served.finished(name)
    served.drop("nda.txt", "Second.\n")
    wait_for(lambda: (served.status("nda.txt") or {}).get("task_id") not in (None, first), "the second has the name")
    served.finished("nda.txt")
    assert (served.outbox / "nda.txt").read_text() == "Second.\n"
    assert "First.\n" in [p.read_text() for p in served.outbox.glob("nda.*.txt")]
    balanced(served, 4)


def test_the_longest_names(served: Site) -> None:
    """255 bytes, the most a filesystem takes, in one-byte and in three-byte characters, and folders as long."""
    ascii_name, wide_name, folder = "a" * 251 + ".txt", "条" * 83 + "ab.txt", "f" * 255
    for name in (ascii_name, wide_name, f"{folder}/nda.txt"):
        assert len(os.fsencode(name.rpartition("/")[2])) in (255, 7)
        (served.inbox / name).parent.mkdir(exist_ok=True)
        (served.inbox / name).write_text(GOOD)
    assert served.finished(f"{folder}/nda.txt")["status"] == "completed"
    wait_for(lambda: len(list(served.outbox.rglob("*.result.json"))) == 3, "three results")
    notes = [json.loads(p.read_text()) for p in served.outbox.glob("*.status.json")]
    assert {status["file"] for status in notes} == {ascii_name, wide_name}
    assert all("too long" in status["note"] for status in notes)
    balanced(served, 3)


def test_files_that_arrive_while_the_daemon_is_down(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.start()
    site.drop("before.txt", GOOD)
    site.finished("before.txt")
    site.stop()
    site.drop("during.txt", GOOD)
    site.drop("before.txt", "Another.\n")
    site.start()
    site.finished("during.txt")
    wait_for(lambda: len(list(site.outbox.glob("before*.result.json"))) == 2, "both drops of one name")
    balanced(site, 3)


SEED = int(os.environ.get("TCLP_DELETION_SEED", "5"))


def test_a_user_who_deletes_things_at_any_moment(served: Site, record_property: Callable[[str, object], None]) -> None:
    """Whatever is deleted, the daemon goes on, and what was not deleted is there."""
    record_property("seed", SEED)
    chance = random.Random(SEED)
    for round_ in range(25):
        served.drop(f"acme/{round_}.txt", f"{GOOD}Contract {round_}.\n")
        victims = [p for p in (*served.outbox.rglob("*"), *served.inbox.rglob("*")) if not p.name.startswith(".")]
        if victims:
            victim = chance.choice(victims)
            if victim.is_dir():
                shutil.rmtree(victim, ignore_errors=True)
            else:
                victim.unlink(missing_ok=True)
    served.drop("last.txt", GOOD)
    assert served.finished("last.txt")["status"] == "completed"
    wait_for(lambda: not list(served.inbox.rglob("*.txt")), "the inbox is empty")
    assert not served.events("part_failed"), served.log_tail()
    assert served.stop() == 0
    found = tasks(served)
    assert len({task["task_id"] for task in found}) == len(found)
    assert {task["status"] for task in found} == {"completed"}
    # The store can give sidecars, results and reports back; a contract that its owner deleted stays deleted.
    served.cli("verify", "--repair")
    gaps = json.loads(served.cli("verify", "--json").stdout)["gaps"]
    assert {gap["kind"] for gap in gaps} <= {"contract_missing"}


@pytest.mark.parametrize("kind", ["spool", "rows"])
def test_housekeeping(make_site: Callable[..., Site], kind: str) -> None:
    """The spool is emptied as contracts are finished; old rows are forgotten in time, the outbox is kept."""
    site = make_site(
        program=FAULTY_DAEMON, retention="completed_days = 0.000001\nfailed_days = 30\n" if kind == "rows" else ""
    )
    site.start()
    site.drop("nda.txt", GOOD)
    site.drop("bad.pdf", b"%PDF-1.4 broken")
    site.finished("nda.txt")
    site.finished("bad.pdf")
    wait_for(lambda: not list((site.state / "spool").iterdir()), "an empty spool")
    site.stop()
    if kind == "rows":
        files = {p: p.read_bytes() for p in site.outbox.rglob("*") if p.is_file() and not p.name.startswith("index")}
        site.start(TCLP_STEADY_SECONDS="0.2")
        wait_for(lambda: site.events("cleaned_up"), "cleaned up")
        site.stop()
        assert [task["file"] for task in tasks(site)] == ["bad.pdf"], "a failed one is kept for its own time"
        for path, content in files.items():
            if path.name != "contracts.csv":
                assert path.read_bytes() == content, path
    assert site.cli("verify").returncode == 0
