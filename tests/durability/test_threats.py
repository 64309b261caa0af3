"""Whoever can write to the share plants links, folders and files at any moment: nothing outside is read or written."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from harness import Site, wait_for

GOOD = "The Supplier shall reach net zero by 2040.\n"
SECRET = "SECRET-OF-ANOTHER-PLACE"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A place that has nothing to do with the daemon, with a secret in it."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("nda.txt", "shadow", "nda.txt.status.json"):
        (folder / name).write_text(SECRET)
    return folder


def untouched(elsewhere: Path, site: Site) -> None:
    """Nothing was written there, and nothing of it shows in outbox or spool."""
    assert {p.name: p.read_text() for p in elsewhere.iterdir()} == dict.fromkeys(
        ("nda.txt", "shadow", "nda.txt.status.json"), SECRET
    )
    for root in (site.outbox, site.state):
        for path in root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert SECRET.encode() not in path.read_bytes(), path


def test_what_was_planted_before(make_site: Callable[..., Site], elsewhere: Path) -> None:
    site = make_site()
    plant = {
        "acme": elsewhere,  # the folder that a contract's files go to
        "a.txt.status.json": elsewhere / "shadow",
        "b.txt.result.json": elsewhere / "shadow",
        "c.txt.report.html": elsewhere / "not there yet",
        "d.txt": elsewhere / "shadow",
        "index.html": elsewhere / "shadow",
        "contracts.csv": elsewhere / "shadow",
    }
    for name, target in plant.items():
        (site.outbox / name).symlink_to(target)
    for name in ("e.txt.status.json", "f.txt.report.html", "g.txt"):
        (site.outbox / name).mkdir()
        (site.outbox / name / "keep.txt").write_text("a user's own")
    (site.inbox / ".tclp-daemon.heartbeat").symlink_to(elsewhere / "shadow")
    site.start()
    names = ["acme/nda.txt", *(f"{letter}.txt" for letter in "abcdefg")]
    for name in names:
        site.drop(name, GOOD + name)
    for name in names:
        sidecar = site.outbox / f"{name}.status.json"
        wait_for(
            lambda s=sidecar: s.exists() and not s.is_symlink() and not s.parent.is_symlink(), "a sidecar of our own"
        )
        assert site.finished(name)["status"] == "completed"
        assert (site.outbox / name).read_text() == GOOD + name
        for suffix in (".status.json", ".result.json", ".report.html"):
            path = site.outbox / (name + suffix)
            assert path.is_file()
            assert not path.is_symlink()
    wait_for(lambda: (site.outbox / "index.html").is_file() and not (site.outbox / "index.html").is_symlink(), "index")
    assert sum(1 for p in site.outbox.rglob("keep.txt")) == 3, "what users had there is moved aside, not lost"
    assert not site.events("part_failed")
    assert site.stop() == 0
    untouched(elsewhere, site)


def test_links_and_pipes_in_the_inbox_are_never_followed(served: Site, elsewhere: Path) -> None:
    (served.inbox / "link.txt").symlink_to(elsewhere / "nda.txt")
    (served.inbox / "folder").symlink_to(elsewhere)
    (served.inbox / "dangling.txt").symlink_to(elsewhere / "nowhere")
    os.mkfifo(served.inbox / "pipe.txt")
    (served.inbox / "folder.txt").mkdir()
    os.link(elsewhere / "shadow", served.root / "hard")
    for name in ("link.txt", "dangling.txt", "pipe.txt", "folder.txt"):
        assert served.finished(name)["error_code"] == "unreadable"
    served.drop("nda.txt", GOOD)
    assert served.finished("nda.txt")["status"] == "completed"
    assert not (served.outbox / "folder").exists()
    assert served.stop() == 0
    untouched(elsewhere, served)


def test_a_hard_link_neither_opens_a_file_elsewhere_nor_edits_an_accepted_contract(served: Site) -> None:
    foreign = served.root / "foreign.txt"
    foreign.write_text(GOOD)
    foreign.chmod(0o600)
    os.link(foreign, served.inbox / "nda.txt")
    assert served.finished("nda.txt")["status"] == "completed"
    assert not (served.inbox / "nda.txt").exists()
    foreign.write_text("edited after it was accepted")
    assert foreign.stat().st_mode & 0o777 == 0o600
    assert (served.outbox / "nda.txt").read_text() == GOOD


def test_a_folder_swapped_for_a_link_while_its_contract_is_processed(served: Site, elsewhere: Path) -> None:
    served.drop("acme/nda.txt", "MISBEHAVE-SLOW\n\n" + GOOD)
    wait_for(lambda: (s := served.status("acme/nda.txt")) and s["stage"] == "classifying", "it is classified")
    shutil.move(served.outbox / "acme", served.root / "stolen")
    (served.outbox / "acme").symlink_to(elsewhere)
    wait_for(
        lambda: not (served.outbox / "acme").is_symlink() and (served.outbox / "acme/nda.txt.result.json").exists(),
        "the result is written into a folder of its own",
    )
    served.finished("acme/nda.txt")
    assert served.stop() == 0
    untouched(elsewhere, served)


def test_a_sidecar_replaced_by_a_link_between_two_writes(served: Site, elsewhere: Path) -> None:
    served.drop("nda.txt", "MISBEHAVE-SLOW\n\n" + GOOD)
    wait_for(lambda: (s := served.status("nda.txt")) and s["stage"] == "classifying", "it is classified")
    with suppress(FileNotFoundError):
        (served.outbox / "nda.txt.status.json").unlink()
    (served.outbox / "nda.txt.status.json").symlink_to(elsewhere / "shadow")
    wait_for(lambda: (served.outbox / "nda.txt.result.json").exists(), "the result")
    wait_for(lambda: not (served.outbox / "nda.txt.status.json").is_symlink(), "a sidecar of our own")
    assert served.finished("nda.txt")["status"] == "completed"
    assert served.stop() == 0
    untouched(elsewhere, served)


# More levels of JSON than a parser that calls itself can take.
NESTED = "[" * 4096


def test_a_heartbeat_that_no_parser_can_take_does_not_keep_it_from_starting(make_site: Callable[..., Site]) -> None:
    site = make_site()
    (site.inbox / ".tclp-daemon.heartbeat").write_text(NESTED)
    site.start()
    site.drop("nda.txt", GOOD)
    assert site.finished("nda.txt")["status"] == "completed"


@pytest.mark.parametrize("instead", ["nothing", "link", "folder", "another", "nested"])
def test_a_marker_that_is_taken_away_does_not_stop_the_daemon(served: Site, elsewhere: Path, instead: str) -> None:
    """The folder that bore it a moment ago is still the outbox; only an empty mount point in its place is not."""
    served.drop("before.txt", GOOD)
    served.finished("before.txt")
    marker = served.outbox / ".tclp-outbox"
    content = marker.read_text()
    marker.unlink()
    match instead:
        case "link":
            marker.symlink_to(elsewhere / "shadow")
        case "folder":
            marker.mkdir()
        case "another":
            marker.write_text('{"outbox": "0000000000000000"}')
        case "nested":
            marker.write_text(NESTED)
    served.drop("after.txt", GOOD)
    assert served.finished("after.txt")["status"] == "completed"
    assert not marker.is_symlink()
    assert marker.read_text() == content
    assert served.stop() == 0
    untouched(elsewhere, served)


@contextmanager
def busy(attack: Callable[[], None]) -> Iterator[None]:
    """An attack that is repeated in a thread of its own, as fast as it goes."""
    over = threading.Event()

    def repeat() -> None:
        while not over.is_set():
            with suppress(OSError):
                attack()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def swap(path: Path, link_to: Path) -> Callable[[], None]:
    """Swaps a folder for a link and back."""
    kept = path.with_name(f".{path.name}.kept")

    def attack() -> None:
        if path.is_symlink():
            path.unlink()
            if kept.exists():
                kept.rename(path)
        elif path.is_dir():
            path.rename(kept)
            path.symlink_to(link_to)
        else:
            path.symlink_to(link_to)

    return attack


def test_folders_swapped_for_links_without_end(make_site: Callable[..., Site], elsewhere: Path) -> None:
    site = make_site()
    (site.inbox / "race").mkdir()
    (site.outbox / "race").mkdir()
    for number in range(20):
        (site.inbox / "race" / f"{number}.txt").write_text(GOOD + str(number))
        (site.outbox / "race" / f"{number}.txt.status.json").symlink_to(elsewhere / "shadow")
    with busy(swap(site.inbox / "race", elsewhere)), busy(swap(site.outbox / "race", elsewhere)):
        site.start()
        for number in range(5):
            site.drop(f"calm-{number}.txt", GOOD)
            assert site.finished(f"calm-{number}.txt")["status"] == "completed", "neighbours do not notice"
    # The attack may have ended with the folder set aside; its owner puts it back.
    if (site.inbox / "race").is_symlink():
        (site.inbox / "race").unlink()
    if (site.inbox / ".race.kept").exists():
        (site.inbox / ".race.kept").rename(site.inbox / "race")
    wait_for(lambda: not list((site.inbox / "race").glob("*.txt")), "the inbox is empty in the end")
    wait_for(lambda: len(site.events("contract")) >= 25, "every contract is finished")
    assert not site.events("part_failed"), site.log_tail()
    assert site.stop() == 0
    untouched(elsewhere, site)


def test_opening_for_writing_at_the_moment_of_the_lease_does_not_stop_the_daemon(served: Site) -> None:
    """The kernel tells a lease's holder with SIGIO, which ends a process that does not expect it."""
    path = served.inbox / "nda.txt"

    def attack() -> None:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))

    with busy(attack), busy(attack):
        for number in range(20):
            path.write_text(f"{GOOD}{number}")
            served.drop(f"calm-{number}.txt", GOOD)
        served.finished("calm-19.txt")
        assert served.process is not None
        assert served.process.poll() is None, served.log_tail()
    wait_for(lambda: not path.exists(), "accepted in the end")
    assert served.finished("nda.txt")["status"] == "completed"


def test_verify_and_rebuild_follow_no_link_either(served: Site, elsewhere: Path) -> None:
    served.drop("nda.txt", GOOD)
    served.finished("nda.txt")
    assert served.stop() == 0
    (served.outbox / "nda.txt.result.json").unlink()
    (served.outbox / "nda.txt.result.json").symlink_to(elsewhere / "shadow")
    (served.outbox / "linked").symlink_to(elsewhere)
    assert served.cli("verify", "--repair").returncode == 0
    assert not (served.outbox / "nda.txt.result.json").is_symlink()
    assert served.cli("verify").returncode == 0
    (served.state / "tasks.sqlite3").unlink()
    assert served.cli("rebuild").returncode == 0
    untouched(elsewhere, served)
