"""The daemon's own copies: complete or not there, private, and nobody else's business."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest

from tclp_daemon.spool import Spool, StateUnavailable
from tclp_daemon.system.copying import SourceBroken

GOOD = b"The Supplier shall reach net zero by 2040.\n"
SHA256 = hashlib.sha256(GOOD).hexdigest()
TASK = "5b0f1a2c-0000-4000-8000-000000000000"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    found = Spool(tmp_path / "state")
    found.prepare()
    return found


def add(spool: Spool, content: bytes = GOOD) -> None:
    with spool.add(TASK) as write:
        write(content[:10])
        assert not spool.holds(TASK), "not before it is complete"
        write(content[10:])


def test_a_copy_is_private_and_complete(spool: Spool) -> None:
    add(spool)
    assert stat.S_IMODE(spool.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(spool.path_of(TASK).stat().st_mode) == 0o600
    with spool.open(TASK) as fd:
        assert os.read(fd, 100) == GOOD
    assert spool.holds(TASK)
    assert spool.holds(TASK, SHA256)
    assert not spool.holds(TASK, hashlib.sha256(b"").hexdigest())
    spool.forget(TASK)
    spool.forget(TASK)
    assert not spool.holds(TASK)
    with pytest.raises(FileNotFoundError), spool.open(TASK):
        pass


def test_whatever_goes_wrong_leaves_nothing_behind(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        with spool.add(TASK) as write:
            write(GOOD)
            raise ValueError

    with pytest.raises(ValueError):
        interrupted()
    with pytest.raises(PermissionError), spool.add(TASK):
        raise PermissionError(errno.EACCES, "the caller's own trouble stays what it is")

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StateUnavailable, match="No space left"):
            add(spool)
    assert list(spool.path.iterdir()) == []


def test_no_link_is_followed_and_no_file_replaced(spool: Spool, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("another's")
    part = spool.path / f"{TASK}.part"
    for plant in (lambda: part.symlink_to(victim), lambda: part.write_text("left")):
        plant()
        with pytest.raises(StateUnavailable):
            add(spool)
        part.unlink()
    spool.path_of(TASK).symlink_to(victim)
    with pytest.raises(OSError), spool.open(TASK):
        pass
    assert victim.read_text() == "another's"


@pytest.mark.parametrize("before", ["nothing", "damaged", "a directory"])
def test_a_lost_copy_is_restored(spool: Spool, tmp_path: Path, before: str) -> None:
    if before == "damaged":
        add(spool, b"x" * len(GOOD))
    elif before == "a directory":
        spool.path_of(TASK).mkdir()
    source = tmp_path / "source"
    beats: list[None] = []
    for content in (GOOD[::-1], GOOD):
        source.write_bytes(content)
        fd = os.open(source, os.O_RDONLY)
        try:
            if content == GOOD:
                spool.restore(TASK, fd, SHA256, lambda: beats.append(None))
            else:
                with pytest.raises(SourceBroken):
                    spool.restore(TASK, fd, SHA256, lambda: beats.append(None))
                assert not spool.holds(TASK, SHA256)
        finally:
            os.close(fd)
    assert spool.holds(TASK, SHA256)
    assert len(beats) == 2


def test_only_what_no_task_needs_is_swept(spool: Spool) -> None:
    add(spool)
    (spool.path / f"{TASK}.part").write_text("left by a crash")
    (spool.path / "other").write_text("forgotten")
    (spool.path / "lost+found").mkdir()
    assert spool.sweep({TASK}) == 2
    assert sorted(path.name for path in spool.path.iterdir()) == sorted([TASK, "lost+found"])
