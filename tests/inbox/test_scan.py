"""One look at a real folder with everything in it that people and attackers leave there."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tclp_daemon.inbox.entry import EntryKind
from tclp_daemon.inbox.scan import InboxUnavailable, is_ignored, scan


def names(root: Path, **options: object) -> dict[str, EntryKind]:
    return {s.source: s.kind for s in scan(root, **options)}  # type: ignore[arg-type]


def test_files_in_folders_and_what_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "acme" / "deep").mkdir(parents=True)
    (tmp_path / "acme" / "deep" / "b.pdf").write_text("b")
    (tmp_path / "folder.pdf").mkdir()
    (tmp_path / "folder.pdf" / "inside.md").write_text("c")
    (tmp_path / "link.pdf").symlink_to("/etc/passwd")
    (tmp_path / "linked-folder").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(os.path.relpath(tmp_path / "sock.txt"))
    assert names(tmp_path) == {
        "a.txt": EntryKind.FILE,
        "acme/deep/b.pdf": EntryKind.FILE,
        "folder.pdf": EntryKind.FOLDER,
        "folder.pdf/inside.md": EntryKind.FILE,
        "link.pdf": EntryKind.LINK,
        "linked-folder": EntryKind.LINK,
        "pipe.txt": EntryKind.SPECIAL,
        "sock.txt": EntryKind.SPECIAL,
    }
    assert "acme/deep/b.pdf" not in names(tmp_path, recursive=False)


@pytest.mark.parametrize(
    "name",
    [
        ".hidden",
        "~$nda.docx",
        ".~lock.nda.odt#",
        "x.tmp",
        "x.part",
        "x.partial",
        "x.crdownload",
        "x.filepart",
        "X.TMP",
        "Thumbs.db",
        "desktop.ini",
        "._nda.pdf",
        ".nfs0001",
        "DESKTOP.INI",
        "nda.txt~",
    ],
)
def test_ignored_in_silence(name: str) -> None:
    assert is_ignored(name)


def test_more_can_be_ignored(tmp_path: Path) -> None:
    (tmp_path / "draft-nda.pdf").write_text("a")
    assert names(tmp_path, ignore=("draft-*",)) == {}
    assert not is_ignored("nda.pdf", ("draft-*",))


def test_a_missing_inbox_is_unavailable_not_empty(tmp_path: Path) -> None:
    with pytest.raises(InboxUnavailable):
        scan(tmp_path / "gone")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InboxUnavailable):
        scan(tmp_path / "file")


def test_names_of_any_bytes(tmp_path: Path) -> None:
    raw = b"caf\xe9 \xff.txt"
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + raw)).write_text("x")
    (found,) = scan(tmp_path)
    assert os.fsencode(found.source) == raw


def test_depth_is_bounded(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(40):
        folder = folder / "d"
        folder.mkdir()
    (folder / "a.txt").write_text("a")
    assert names(tmp_path) == {}
