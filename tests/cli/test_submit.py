"""submit among others who write to the inbox: nothing is written through a link, nothing replaced; folders too."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import Site
from tclp_daemon.inbox.drop import Dropped, drop

GOOD = "The Supplier shall reach net zero by 2040.\n"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim"
    path.write_text("mine")
    return path


def test_nothing_is_written_through_a_link_with_a_name_that_can_be_guessed(
    served: Site, contract: Path, victim: Path
) -> None:
    # exec keeps the process number, so the link's name is the one that a temporary file with it would have.
    command = " ".join(f"'{part}'" for part in [*served.command, "submit", str(contract)])
    plant = f"ln -s '{victim}' '{served.inbox}/.submit-'$$'-0.part'"
    done = subprocess.run(f"{plant}; exec {command}", shell=True, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert victim.read_text() == "mine"
    assert served.finished("nda.txt")["status"] == "completed"


@pytest.mark.parametrize("leave", [False, True])
def test_a_link_in_the_inbox_is_left_alone(
    make_site: Callable[..., Site], contract: Path, victim: Path, leave: bool
) -> None:
    site = make_site(inbox='when_accepted = "leave"' if leave else "")
    (site.inbox / "nda.txt").symlink_to(victim)
    done = site.cli("submit", "--timeout", "1", str(contract))
    assert done.returncode == 2
    assert "is already in the inbox" in done.stderr
    assert (site.inbox / "nda.txt").is_symlink()
    assert victim.read_text() == "mine"
    assert [path.name for path in site.inbox.iterdir()] == ["nda.txt"], "no part is left"


def test_a_linked_folder_in_the_inbox_is_not_entered(
    make_site: Callable[..., Site], contract: Path, tmp_path: Path
) -> None:
    site = make_site()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (site.inbox / "mine").symlink_to(elsewhere)
    done = site.cli("submit", "--timeout", "1", str(contract.parent))
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert list(elsewhere.iterdir()) == []


def test_what_took_the_name_meanwhile_is_not_replaced(tmp_path: Path, contract: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "nda.txt").write_text("somebody else's")
    with pytest.raises(FileExistsError) as taken:
        drop(inbox, [Dropped(contract, "new.txt"), Dropped(contract, "nda.txt")])
    assert taken.value.filename == "nda.txt"
    assert (inbox / "nda.txt").read_text() == "somebody else's"
    assert sorted(path.name for path in inbox.iterdir()) == ["nda.txt", "new.txt"]


def test_a_file_swapped_in_for_an_accepted_one_is_put_back(tmp_path: Path, contract: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "nda.txt").write_text("accepted")
    answers = iter([True, False])  # it is swapped between the look and the rename
    with pytest.raises(FileExistsError):
        drop(inbox, [Dropped(contract, "nda.txt")], is_accepted=lambda name, status: next(answers))
    assert (inbox / "nda.txt").read_text() == "accepted"
    drop(inbox, [Dropped(contract, "nda.txt")], is_accepted=lambda name, status: True)
    assert [path.read_text() for path in inbox.iterdir()] == [GOOD]


def test_a_file_that_cannot_be_read_leaves_the_inbox_as_it_was(tmp_path: Path, contract: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with pytest.raises(OSError):
        drop(inbox, [Dropped(contract, "nda.txt"), Dropped(tmp_path / "gone.txt", "gone.txt")])
    assert list(inbox.iterdir()) == []


def test_a_folder(served: Site, contract: Path, victim: Path) -> None:
    folder = contract.parent
    (folder / "2019").mkdir()
    for number in range(30):
        (folder / "2019" / f"lease-{number}.txt").write_text(f"{GOOD}Lease {number}.\n")
    (folder / "holiday.jpg").write_bytes(b"\xff\xd8")
    (folder / "~$nda.docx").write_bytes(b"lock")
    (folder / "link.txt").symlink_to(victim)
    done = served.cli("submit", "--wait", str(folder))
    assert done.returncode == 0, done.stderr
    assert served.finished("mine/2019/lease-7.txt")["result"]["classification"] == "possible"
    assert len(done.stdout.splitlines()) == 2 * 31
    assert "mine/nda.txt: possible" in done.stdout
    assert "holiday" not in done.stdout
    assert "holiday.jpg is not a contract" in done.stderr


def test_the_same_bytes_again_where_originals_stay(make_site: Callable[..., Site], contract: Path) -> None:
    site = make_site(inbox='when_accepted = "leave"')
    site.start()
    first = site.cli("submit", "--wait", str(contract))
    again = site.cli("submit", "--wait", str(contract))
    assert again.returncode == 0, again.stderr
    assert again.stdout.split()[0] == first.stdout.split()[0], "the task that is there, not one that never comes"
    assert "already submitted" in again.stdout
    assert "nda.txt: possible" in again.stdout


def test_an_empty_file_is_refused_at_once(make_site: Callable[..., Site], tmp_path: Path) -> None:
    site = make_site()
    (tmp_path / "empty.txt").touch()
    done = site.cli("submit", str(tmp_path / "empty.txt"))
    assert done.returncode == 2
    assert "empty.txt is empty" in done.stderr
    assert list(site.inbox.iterdir()) == []


def test_an_empty_folder_says_what_was_looked_for(served: Site, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = served.cli("submit", str(tmp_path / "empty"))
    assert done.returncode == 2
    assert ".docx" in done.stderr


@pytest.mark.parametrize("name", [".hidden.pdf", "~$nda.docx", "nda.draft.txt", "@eaDir"])
def test_what_the_daemon_would_ignore_is_refused_at_once(
    make_site: Callable[..., Site], tmp_path: Path, name: str
) -> None:
    site = make_site(inbox='ignore = ["*.draft.*"]\n')
    path = tmp_path / "mine" / name
    path.parent.mkdir()
    if name == "@eaDir":
        path.mkdir()
        (path / "nda.txt").write_text(GOOD)
    else:
        path.write_text(GOOD)
    done = site.cli("submit", "--timeout", "1", str(path))
    assert done.returncode == 2
    assert "would be ignored" in done.stderr
    assert list(site.inbox.iterdir()) == []


def test_a_folder_is_submitted_without_what_the_daemon_would_ignore(
    make_site: Callable[..., Site], contract: Path
) -> None:
    site = make_site(inbox='ignore = ["*.draft.*"]\n')
    site.start()
    (contract.parent / "nda.draft.txt").write_text(GOOD)
    done = site.cli("submit", "--timeout", "5", str(contract.parent))
    assert done.returncode == 0, done.stderr
    assert site.finished("mine/nda.txt")["status"] == "completed"
