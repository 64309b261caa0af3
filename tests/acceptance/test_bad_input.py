"""Bad input gets one clear sentence where the user can see it, and costs nothing but its own task."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import Site, site, wait_for
from tclp_daemon.errors import ERRORS, ErrorCode

pytestmark = pytest.mark.daemon

GOOD = "The Supplier shall reach net zero by 2040.\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One daemon for the tests whose files have names and bytes that no other test drops."""
    with site(tmp_path_factory.mktemp("site"), count=1) as found:
        found.start()
        yield found


def neighbour_is_well(site: Site, name: str = "neighbour.txt") -> None:
    """Whatever the bad file did, the next good one, of a name and bytes of its own, goes through."""
    assert site.status(name) is None
    site.drop(name, GOOD + name)
    assert site.finished(name)["status"] == "completed"


def test_unsupported_name(shared: Site) -> None:
    shared.drop("photo.png", b"\x89PNG\r\n")
    status = shared.finished("photo.png")
    assert status["error"] == ERRORS[ErrorCode.UNSUPPORTED_TYPE].message
    assert status["error_code"] == "unsupported_type"
    assert status["advice"]
    assert (shared.outbox / "photo.png").read_bytes() == b"\x89PNG\r\n"
    assert not (shared.inbox / "photo.png").exists()
    neighbour_is_well(shared, "beside a photo.txt")


def test_no_suffix_at_all(shared: Site) -> None:
    shared.drop("README", GOOD)
    assert shared.finished("README")["error_code"] == "unsupported_type"


@pytest.mark.parametrize("suffix", [".txt", ".pdf", ".docx", ".doc", ".md"])
def test_empty_file(shared: Site, suffix: str) -> None:
    shared.drop(f"empty{suffix}", b"")
    status = shared.finished(f"empty{suffix}")
    assert status["error_code"] == "empty_file"
    assert status["error"] == "The file is empty."


def test_only_white_space(shared: Site) -> None:
    shared.drop("blank.txt", " \n\t \n")
    assert shared.finished("blank.txt")["error_code"] == "no_text"


@pytest.mark.parametrize("suffix", [".pdf", ".docx", ".doc"])
def test_damaged_file(shared: Site, suffix: str) -> None:
    shared.drop(f"broken{suffix}", b"%PDF-1.7 broken" if suffix == ".pdf" else b"PK\x03\x04 broken" + b"\0" * 600)
    status = shared.finished(f"broken{suffix}")
    assert status["status"] == "failed"
    assert status["error_code"] in ("corrupt", "content_mismatch")
    assert status["attempt"] == 1, "what cannot succeed is not tried again"
    assert shared.cli("task", f"broken{suffix}").returncode == 3
    neighbour_is_well(shared, f"beside a broken {suffix[1:]}.txt")


def test_unreadable_file(make_site: Callable[..., Site]) -> None:
    """Root reads everything, so the daemon runs without that privilege here."""
    site = make_site()
    secret = site.drop("secret.txt", GOOD)
    os.chmod(secret, 0)
    privileges = "-dac_override,-dac_read_search"
    site.start(
        wrapper=("setpriv", f"--bounding-set={privileges}", f"--inh-caps={privileges}") if os.geteuid() == 0 else ()
    )
    status = site.finished("secret.txt")
    assert status["error_code"] == "unreadable"
    assert "no permission" in status["error"]
    os.chmod(site.outbox / "secret.txt", 0o600)
    assert (site.outbox / "secret.txt").read_text() == GOOD, "its bytes are kept"


def test_a_folder_named_like_a_contract(served: Site) -> None:
    (served.inbox / "x.pdf").mkdir()
    served.drop("x.pdf/inside.txt", GOOD)
    status = served.finished("x.pdf")
    assert status["error_code"] == "unreadable"
    assert "directory" in status["error"]
    assert served.finished("x.pdf/inside.txt")["status"] == "completed"
    assert (served.inbox / "x.pdf").is_dir()
    # Their completion proves that the inbox was scanned again after files had moved in and out of the folder.
    served.drop("x.pdf/later.txt", GOOD)
    assert served.finished("x.pdf/later.txt")["status"] == "completed"
    neighbour_is_well(served)
    tasks = json.loads(served.cli("list", "--json").stdout)
    assert len([t for t in tasks if t["file"] == "x.pdf"]) == 1, "told once, though files move in and out of it"


def test_a_link_is_never_followed(served: Site, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("The state secret is net zero.\n")
    (served.inbox / "link.txt").symlink_to(secret)
    (served.inbox / "folder").symlink_to(tmp_path)
    status = served.finished("link.txt")
    assert status["error_code"] == "unreadable"
    assert "link" in status["error"]
    assert status["sha256"] is None
    assert not (served.outbox / "link.txt").exists()
    assert not (served.outbox / "folder" / "secret.txt").exists()
    neighbour_is_well(served)


def test_a_pipe_stops_nobody(shared: Site) -> None:
    os.mkfifo(shared.inbox / "pipe.txt")
    assert shared.finished("pipe.txt")["error_code"] == "unreadable"
    neighbour_is_well(shared, "beside a pipe.txt")


def test_a_file_that_still_grows_is_waited_for(served: Site) -> None:
    with (served.inbox / "growing.txt").open("w") as file:
        for i in range(3):
            file.write(f"Sentence {i}.\n")
            file.flush()
            # A later drop has settled, so growing.txt has been looked at and passed over.
            served.drop(f"later-{i}.txt", GOOD)
            served.finished(f"later-{i}.txt")
            assert served.status("growing.txt") is None
        file.write(GOOD)
    status = served.finished("growing.txt")
    assert status["result"]["classification"] == "possible"
    assert GOOD in (served.outbox / "growing.txt").read_text()


def test_a_writer_that_pauses_longer_than_settling_is_noticed(served: Site) -> None:
    """The file is open for writing, which the kernel knows: settling alone would be fooled."""
    with (served.inbox / "paused.txt").open("w") as file:
        file.write("First half.\n")
        file.flush()
        # It is only said of a file that has settled.
        (event,) = wait_for(lambda: served.events("waiting_for_file"), "paused.txt is waited for")
        assert event["reason"] == "a program still has it open for writing"
        neighbour_is_well(served)
        assert served.status("paused.txt") is None
        file.write(GOOD)
    assert served.finished("paused.txt")["result"]["classification"] == "possible"


def test_a_file_that_vanishes_leaves_no_task(served: Site) -> None:
    for i in range(30):
        path = served.drop(f"gone-{i}.txt", GOOD * 1000)
        time.sleep(0.01 * (i % 15))  # each vanishes at another moment, whichever; nothing is waited for
        path.unlink(missing_ok=True)
    neighbour_is_well(served)
    for task in json.loads(served.cli("list", "--json", "--limit", "0").stdout):
        served.finished(task["file"])
        assert (served.outbox / task["file"]).exists(), "what was accepted before it went is kept"
    served.stop()
    assert served.cli("verify").returncode == 0


NAMES = {
    "spaces": "two words and more.txt",
    "quotes": 'it\'s "quoted" `here`.txt',
    "newline": "line one\nline two.txt",
    "emoji": "🌍 climate 🇬🇧.txt",
    "markup": "<img src=x onerror=alert(1)>.txt",
    "direction": "nda\u202etxt.exe.txt",
    "dash": "-rf.txt",
    "percent": "100%25 #1 ? & = .txt",
    "longest that keeps its name": "x" * (255 - 9 - 12 - 4) + ".txt",
    "backslash": "a\\b.txt",
}


@pytest.mark.parametrize("kind", NAMES)
def test_odd_names_are_kept(shared: Site, kind: str) -> None:
    name = NAMES[kind]
    content = f"{GOOD}Of a name with {kind}.\n"
    shared.drop(name, content)
    status = shared.finished(name)
    assert status["status"] == "completed"
    assert status["file"] == name
    assert (shared.outbox / name).read_text() == content
    assert (shared.outbox / f"{name}.report.html").exists()
    assert shared.cli("task", "--", name).returncode == 0
    assert shared.cli("list").returncode == 0


def kept_under_its_id(site: Site, dropped: bytes, content: str) -> dict[str, Any]:
    """Drops a file whose name cannot be used and returns its sidecar."""
    before = set(site.outbox.glob("*.status.json"))
    (site.inbox / ".new.part").write_text(content)
    os.rename(os.fsencode(site.inbox) + b"/.new.part", os.fsencode(site.inbox) + b"/" + dropped)

    def found() -> dict[str, Any] | None:
        for path in set(site.outbox.glob("*.status.json")) - before:
            status: dict[str, Any] = json.loads(path.read_text())
            if status["status"] in ("completed", "failed") and path.name.startswith(status["task_id"]):
                return status
        return None

    result: dict[str, Any] = wait_for(found, f"{dropped!r} under its task's id")
    return result


def test_a_name_of_255_bytes(shared: Site) -> None:
    content = GOOD + "Of a long name.\n"
    status = kept_under_its_id(shared, b"x" * 251 + b".txt", content)
    assert status["status"] == "completed"
    assert "too long" in status["note"]
    assert (shared.outbox / f"{status['task_id']}.txt").read_text() == content


def test_a_name_that_is_not_utf8(shared: Site) -> None:
    status = kept_under_its_id(shared, b"caf\xe9.txt", GOOD + "Of a name in Latin-1.\n")
    assert status["status"] == "completed"
    assert status["file"] == "caf\\xe9.txt"
    assert "UTF-8" in status["note"]
    assert b"caf\xe9.txt" not in os.listdir(os.fsencode(shared.inbox))


@pytest.mark.parametrize("name", ["other.txt.status.json", "other.txt.result.json", "index.html", "contracts.csv"])
def test_our_own_names_are_reserved(shared: Site, name: str) -> None:
    status = kept_under_its_id(shared, name.encode(), f"{GOOD}Of the name {name}.\n")
    assert status["error_code"] == (None if name == "index.html" else "unsupported_type")
    assert "the daemon uses itself" in status["note"]


def test_too_large(make_site: Callable[..., Site]) -> None:
    site = make_site(limits="file_mb = 0.5")
    site.start()
    site.drop("huge.txt", "x" * 600_000)
    status = site.finished("huge.txt")
    assert status["error"] == "The file is 0.6 MB; the limit (limits.file_mb) is 0.5 MB."
    assert (site.outbox / "huge.txt").stat().st_size == 600_000
    assert not (site.inbox / "huge.txt").exists()


def test_one_poisoned_contract_among_many(make_site: Callable[..., Site]) -> None:
    """It kills its worker each time, and ends failed while its neighbours complete."""
    served = make_site(count=2)
    served.start()
    names = [f"good-{i}.txt" for i in range(6)]
    served.drop(names[0], GOOD)
    served.drop("poison.txt", "MISBEHAVE-CRASH\n")
    for name in names[1:]:
        served.drop(name, GOOD + name)
    for name in names:
        assert served.finished(name)["status"] == "completed"
    status = served.finished("poison.txt")
    assert status["error_code"] == "worker_crashed"
    assert status["attempt"] == 3
    assert "classifying" in status["error"]


def test_editor_saves(served: Site) -> None:
    """Write to a temporary file and rename; lock files beside it."""
    (served.inbox / "~$nda.docx").write_text("lock")
    (served.inbox / ".~lock.nda.txt#").write_text("lock")
    (served.inbox / "nda.txt.tmp").write_text("half")
    neighbour_is_well(served)
    (served.inbox / "nda.txt.tmp").write_text(GOOD)
    (served.inbox / "nda.txt.tmp").rename(served.inbox / "nda.txt")
    assert served.finished("nda.txt")["status"] == "completed"
    assert (served.inbox / "~$nda.docx").exists()
    assert {t["file"] for t in json.loads(served.cli("list", "--json").stdout)} == {"neighbour.txt", "nda.txt"}


def test_truncate_and_rewrite(shared: Site) -> None:
    path = shared.inbox / "nda.txt"
    path.write_text("Old text.\n")
    path.write_text("")
    path.write_text(GOOD + "Rewritten.\n")
    assert shared.finished("nda.txt")["result"]["classification"] == "possible"


def test_a_date_beyond_what_a_database_holds(shared: Site) -> None:
    path = shared.root / "far.txt"
    path.write_text(GOOD + "Of a far day.\n")
    os.utime(path, (13_569_465_600, 13_569_465_600))  # the year 2400, in nanoseconds more than 63 bits
    assert path.stat().st_mtime_ns >= 1 << 63
    path.rename(shared.inbox / "far.txt")
    shared.drop("near.txt", GOOD + "Of a near day.\n")
    assert shared.finished("near.txt")["status"] == "completed"
    assert shared.finished("far.txt")["status"] == "completed"
    assert not (shared.inbox / "far.txt").exists()


def test_a_copy_that_keeps_the_old_mtime(shared: Site) -> None:
    source = shared.root / "old.txt"
    source.write_text(GOOD * 2000)
    os.utime(source, (1_000_000_000, 1_000_000_000))
    subprocess.run(["cp", "-p", str(source), str(shared.inbox / "old.txt")], check=True)
    assert shared.finished("old.txt")["size_bytes"] == len(GOOD) * 2000
