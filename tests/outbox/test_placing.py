"""How a contract gets into the outbox: other names of the file, lost copies, originals that cannot be removed."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tclp_daemon.outbox import originals as module
from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.outbox.marker import OutboxMarker
from tclp_daemon.outbox.placing import ContractPlacer
from tclp_daemon.spool import Spool
from tclp_daemon.store import Store
from tclp_daemon.system import files
from tclp_daemon.system.files import identity_of
from tclp_daemon.task import Placement, Task

GOOD = b"The Supplier shall reach net zero by 2040.\n"


@dataclass
class Place:
    """Inbox, spool and outbox around a placer."""

    root: Path
    store: Store
    tasks: list[Task] = field(default_factory=list)

    @property
    def placer(self) -> ContractPlacer:
        folder = OutboxFolder(OutboxMarker(self.root / "outbox", self.root / "state"), mode=0o640)
        return ContractPlacer(folder, inbox=self.root / "inbox", spool=Spool(self.root / "state"), leave=False)

    def accept(self, name: str = "nda.txt", content: bytes = GOOD) -> Task:
        """Records what lies in the inbox, and spools it."""
        path = self.root / "inbox" / name
        if not path.exists():
            path.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        task = self.store.create_task(name, size=len(content), sha256=sha256, identity=identity_of(path.stat()))
        self.spooled(task).write_bytes(content)
        return task

    def spooled(self, task: Task) -> Path:
        return self.root / "state" / "spool" / task.task_id

    def inbox(self, name: str = "nda.txt") -> Path:
        return self.root / "inbox" / name

    def outbox(self, name: str = "nda.txt") -> Path:
        return self.root / "outbox" / name


@pytest.fixture
def place(tmp_path: Path) -> Place:
    for name in ("inbox", "outbox", "state", "state/spool"):
        (tmp_path / name).mkdir()
    return Place(tmp_path, Store(tmp_path / "state"))


@pytest.fixture
def two_filesystems(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rename leads from the inbox to the outbox."""
    real = files.rename_noreplace

    def rename(source: str, source_folder: int, target: str, target_folder: int) -> None:
        if not os.path.samestat(os.fstat(source_folder), os.fstat(target_folder)):
            raise OSError(18, "Invalid cross-device link")
        real(source, source_folder, target, target_folder)

    monkeypatch.setattr(module, "rename_noreplace", rename)


def test_a_lone_file_is_renamed(place: Place) -> None:
    task = place.accept()
    before = place.inbox().stat().st_ino
    assert place.placer.place(task).placement is Placement.MOVED
    assert place.outbox().stat().st_ino == before
    assert stat.S_IMODE(place.outbox().stat().st_mode) == 0o640
    assert list(place.root.glob("inbox/*")) == []


def test_who_keeps_another_link_neither_sees_its_mode_changed_nor_edits_the_contract(place: Place) -> None:
    secret = place.root / "secret.txt"
    secret.write_bytes(GOOD)
    secret.chmod(0o600)
    os.link(secret, place.inbox())
    task = place.accept()
    assert place.placer.place(task).placement is Placement.MOVED
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert not place.inbox().exists()
    assert place.outbox().stat().st_ino != secret.stat().st_ino
    assert place.outbox().stat().st_nlink == 1
    secret.write_text("edited after it was accepted")
    assert place.outbox().read_bytes() == GOOD


def test_a_link_made_at_the_last_moment(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    task = place.accept()
    real = files.rename_noreplace

    def rename(source: str, source_folder: int, target: str, target_folder: int) -> None:
        if source == "nda.txt":
            os.link(place.inbox(), place.root / "kept")
            monkeypatch.setattr(module, "rename_noreplace", real)
        real(source, source_folder, target, target_folder)

    monkeypatch.setattr(module, "rename_noreplace", rename)
    assert place.placer.place(task).placement is Placement.MOVED
    (place.root / "kept").write_text("edited")
    assert place.outbox().read_bytes() == GOOD
    assert list(place.root.glob("inbox/*")) == []


@pytest.mark.parametrize("others", [0, 1])
def test_a_crash_between_link_and_unlink_is_finished(place: Place, others: int) -> None:
    """On a share without RENAME_NOREPLACE the original has two names for a moment; others may have made a third."""
    task = place.accept()
    os.link(place.inbox(), place.outbox())
    for _ in range(others):
        os.link(place.inbox(), place.root / "kept")
    assert place.placer.place(task).placement is Placement.MOVED
    assert not place.inbox().exists()
    assert place.outbox().read_bytes() == GOOD
    assert place.outbox().stat().st_nlink == 1


def test_permissions_are_set_on_what_was_moved_not_on_what_has_its_name(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = place.root / "secret.txt"
    secret.write_text("another's")
    secret.chmod(0o600)
    task = place.accept()
    real = module.set_mode

    def swapped(fd: int, mode: int) -> bool:
        place.outbox().unlink()
        place.outbox().symlink_to(secret)
        return real(fd, mode)

    monkeypatch.setattr(module, "set_mode", swapped)
    place.placer.place(task)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be in any group")
@pytest.mark.parametrize("links", [1, 2])
def test_in_a_teams_outbox_the_contract_is_the_teams(place: Place, links: int) -> None:
    os.chown(place.outbox("."), -1, 4242)
    place.outbox(".").chmod(0o2770)
    task = place.accept()
    if links == 2:
        os.link(place.inbox(), place.root / "kept")
    place.placer.place(task)
    assert (place.outbox().stat().st_gid, stat.S_IMODE(place.outbox().stat().st_mode)) == (4242, 0o640)
    if links == 2:
        assert (place.root / "kept").stat().st_gid != 4242


def damaged(place: Place, task: Task) -> None:
    place.spooled(task).write_bytes(GOOD[:-1] + b"!")


def gone(place: Place, task: Task) -> None:
    place.spooled(task).unlink()


def a_folder(place: Place, task: Task) -> None:
    place.spooled(task).unlink()
    place.spooled(task).mkdir()


LOSSES = [damaged, gone, a_folder]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.usefixtures("two_filesystems")
def test_a_lost_copy_is_made_up_for_from_the_original(place: Place, loss: Callable[[Place, Task], None]) -> None:
    task = place.accept()
    loss(place, task)
    assert place.placer.place(task).placement is Placement.MOVED
    assert place.outbox().read_bytes() == GOOD
    assert not place.inbox().exists()
    assert place.placer.sources.restore(task, lambda: None, from_outbox=True)
    assert place.spooled(task).read_bytes() == GOOD


@pytest.mark.parametrize("original", ["gone", "other bytes"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.usefixtures("two_filesystems")
def test_bytes_that_nobody_has_any_more_are_reported(
    place: Place, loss: Callable[[Place, Task], None], original: str
) -> None:
    task = place.accept()
    loss(place, task)
    if original == "gone":
        place.inbox().unlink()
    else:
        with place.inbox().open("r+b") as file:
            file.write(b"t")
        os.utime(place.inbox(), ns=(task.identity.mtime_ns, task.identity.mtime_ns))
    placed = place.placer.place(task)
    assert placed.placement is Placement.STAYS
    assert placed.note is not None
    assert "gone or damaged" in placed.note
    assert not place.outbox().exists()
    assert place.inbox().exists() == (original == "other bytes")
    assert not place.placer.sources.restore(task, lambda: None, from_outbox=True)


@pytest.mark.parametrize("fault", [errno.EMFILE, errno.ENOMEM, errno.EACCES])
@pytest.mark.usefixtures("two_filesystems")
def test_no_contract_is_given_up_for_a_trouble_that_may_pass(
    place: Place, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    task = place.accept()
    place.inbox().unlink()
    real = os.open

    def opened(path: str | Path, *arguments: Any, **named: Any) -> int:
        if str(path).endswith(task.task_id):
            raise OSError(fault, os.strerror(fault))
        return real(path, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", opened)
        with pytest.raises(OSError):
            place.placer.place(task)
    assert place.placer.place(task).placement is Placement.MOVED
    assert place.outbox().read_bytes() == GOOD


@pytest.mark.usefixtures("two_filesystems")
def test_an_inbox_that_is_away_is_not_one_whose_file_is_gone(place: Place) -> None:
    """Else the file would be taken for a new contract when the share is back."""
    task = place.accept()
    (place.root / "inbox").rename(place.root / "away")
    assert place.placer.place(task).placement is Placement.WAITING
    assert place.outbox().read_bytes() == GOOD
    (place.root / "away").rename(place.root / "inbox")
    assert place.placer.place(task).placement is Placement.MOVED
    assert not place.inbox().exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_an_original_that_may_not_be_removed_is_reported(place: Place) -> None:
    """A sticky folder, as /tmp: only the owner of a file removes it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            task = place.accept()
            for path in (place.inbox(), place.root / "inbox"):
                os.chown(path, 1234, 1234)
            os.chmod(place.root / "inbox", 0o1777)
            for path in (place.root / "outbox", place.root / "state", place.root / "state/spool", place.spooled(task)):
                os.chown(path, 65534, 65534)
            for above in place.root.parents:
                if above.stat().st_uid == 0 and str(above).startswith("/tmp/"):
                    os.chmod(above, 0o755)
            os.chmod(place.root, 0o755)
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            placed = place.placer.place(task)
            assert placed.placement is Placement.STAYS, placed
            assert "could not be removed" in str(placed.note), placed
            assert place.outbox().read_bytes() == GOOD
            assert place.inbox().read_bytes() == GOOD
            assert [path.name for path in (place.root / "inbox").iterdir()] == ["nda.txt"]
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_stranger_under_the_hidden_name_is_given_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    task = place.accept()
    hidden = place.inbox(f".tclp-{task.task_id}.moved")
    hidden.write_text("a stranger's")
    os.link(place.inbox(), place.root / "kept")  # so that it is copied
    assert place.placer.place(task).placement is Placement.MOVED
    left = list((place.root / "inbox").iterdir())
    assert [path.read_text() for path in left] == ["a stranger's"]
    assert not left[0].name.startswith(".")
    assert left[0].suffix == ".txt"
    assert place.outbox().read_bytes() == GOOD
