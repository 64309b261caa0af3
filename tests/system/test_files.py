"""Atomic writes and safe opens, on a real filesystem with planted links."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from tclp_daemon.system import files
from tclp_daemon.system.files import NotRegular, open_folder, open_regular, rename_noreplace, shorten, write_atomic


def test_write_atomic_replaces_and_sets_the_mode(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        with open_folder(tmp_path) as folder:
            write_atomic(folder, "a.json", b"one", mode=0o640)
            write_atomic(folder, "a.json", b"two", mode=0o640)
    finally:
        os.umask(old)
    assert (tmp_path / "a.json").read_bytes() == b"two"
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["a.json"]


def test_write_atomic_never_writes_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.json").symlink_to(outside)
    with open_folder(out) as folder:
        write_atomic(folder, "a.json", b"mine")
    assert outside.read_text() == "precious"
    assert not (out / "a.json").is_symlink()


def test_write_atomic_without_replace(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("theirs")
    with open_folder(tmp_path) as folder, pytest.raises(FileExistsError):
        write_atomic(folder, "a", b"mine", replace=False)
    assert (tmp_path / "a").read_text() == "theirs"
    assert os.listdir(tmp_path) == ["a"]


def test_folders_below_the_root_are_never_links(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "root" / "acme").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError) as error, open_folder(tmp_path / "root", "acme", create=True):
        pass
    assert error.value.errno in (errno.ELOOP, errno.ENOTDIR)
    for path in ("..", "a/../b", "."):
        with pytest.raises(OSError), open_folder(tmp_path / "root", path):
            pass


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with open_folder(tmp_path) as folder:
        for name in ("link", "pipe", "folder"):
            with pytest.raises(NotRegular):
                open_regular(name, folder)


@pytest.mark.parametrize("flag_unknown", [False, True])
def test_rename_never_replaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag_unknown: bool) -> None:
    if flag_unknown:  # as on NFS
        monkeypatch.setattr(files, "_renameat2", lambda *args: errno.EINVAL)
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    with open_folder(tmp_path) as folder:
        with pytest.raises(FileExistsError):
            rename_noreplace("a", folder, "b", folder)
        rename_noreplace("a", folder, "c", folder)
        with pytest.raises(FileNotFoundError):
            rename_noreplace("a", folder, "d", folder)
    assert (tmp_path / "b").read_text() == "b"
    assert (tmp_path / "c").read_text() == "a"


def test_shorten_keeps_characters_and_suffix() -> None:
    assert shorten("nda.pdf", 255) == "nda.pdf"
    short = shorten("ä" * 200 + ".pdf", 100)
    assert len(short.encode()) <= 100
    assert short.endswith("ä.pdf")
    assert len(shorten("x." + "y" * 300, 50).encode()) <= 50
