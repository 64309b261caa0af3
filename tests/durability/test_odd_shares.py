"""Shares that do not know all that a local disk does: each call has a fallback, and `doctor` names what is missing."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakes.faulty_files import FAULTY_DAEMON, Faults
from harness import Site, wait_for
from tclp_daemon.admin.capabilities import lacking
from tclp_daemon.system import files
from tclp_daemon.system.files import exists, open_folder, open_regular, rename_noreplace, sync_file, write_atomic

GOOD = "The Supplier shall reach net zero by 2040.\n"
REFUSALS = ("ENOSYS", "EOPNOTSUPP", "EINVAL", "EPERM", "ENOTTY")
# What an odd share refuses, and how `doctor` calls it.
CALLS = {
    "fchmod": "permissions",
    "fsync": "fsync of files",
    "fsync_folder": "fsync of directories",
    "noreplace": "rename without replacing",
    "link": "hard links",
    "utime": "setting file times",
    "nofollow": "O_NOFOLLOW",
}


def refused(site: Site, fault: str, *calls: str) -> list[dict[str, Any]]:
    """Rules under which inbox and outbox know none of these calls."""
    return [{"call": c, "under": str(root), "fault": fault} for c in calls for root in (site.inbox, site.outbox)]


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_share_that_knows_none_of_them(make_site: Callable[..., Site], faults: Faults, fault: str) -> None:
    site = make_site(program=FAULTY_DAEMON)
    faults.set(*refused(site, fault, *CALLS))
    (site.outbox / "nda.txt").mkdir()
    (site.outbox / "nda.txt" / "keep.txt").write_text("a user's own")
    (site.outbox / "nda.txt.result.json").symlink_to(site.root / "nowhere")
    site.start(**faults.environment)
    site.drop("nda.txt", GOOD)
    first = site.finished("nda.txt")
    assert first["status"] == "completed"
    assert (site.outbox / "nda.txt").read_text() == GOOD
    site.drop("nda.txt", "Another.\n")  # the older one steps aside
    wait_for(lambda: (site.status("nda.txt") or first)["task_id"] != first["task_id"], "the newer takes the name")
    site.finished("nda.txt")
    site.drop("acme/sub/nda.txt", GOOD)
    assert site.finished("acme/sub/nda.txt")["status"] == "completed"
    os.link(site.config, site.root / "other")  # has two names, so it is copied
    (site.inbox / "linked.txt").hardlink_to(site.root / "other")
    assert site.finished("linked.txt")["status"] == "completed"
    assert (site.outbox / "linked.txt").stat().st_nlink == 1
    assert [path.read_text() for path in site.outbox.rglob("keep.txt")] == ["a user's own"]
    assert not list(site.inbox.rglob("*.txt"))
    assert not site.events("part_failed")
    assert not site.events("outbox_unavailable")
    assert site.stop() == 0
    verified = site.cli("verify")
    assert verified.returncode == 0, verified.stdout
    left = [p for p in site.root.rglob("*") if p.name.startswith(".tclp-") and p.name != ".tclp-outbox"]
    assert left == []


@pytest.mark.parametrize("call", CALLS)
def test_doctor_names_what_is_missing(
    make_site: Callable[..., Site], faults: Faults, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    site = make_site(program=FAULTY_DAEMON)
    monkeypatch.setenv("TCLP_FAULTS", str(faults.path))
    # Hard links are missed only where a rename cannot do without them.
    faults.set(*refused(site, "EOPNOTSUPP", call, *(["noreplace"] if call == "link" else [])))
    done = site.cli("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert done.returncode == 0, done.stdout
    for name in ("inbox", "outbox"):
        assert checks[name]["health"] == "ok"
        assert checks[f"{name} features"]["health"] == "warning"
        assert CALLS[call] in checks[f"{name} features"]["message"]
    assert not list(site.root.rglob("*canary*"))


def test_nothing_is_missing_on_a_local_disk(tmp_path: Path) -> None:
    assert lacking(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def fails(code: int) -> Callable[..., Any]:
    def refuse(*arguments: object, **named: object) -> None:
        raise OSError(code, os.strerror(code))

    return refuse


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Takes functions of the system away."""

    def take(code: int, *names: str) -> None:
        for name in names:
            if name == "noreplace":
                monkeypatch.setattr(files, "_renameat2", lambda *arguments: code)
            else:
                monkeypatch.setattr(os, name, fails(code))

    return take


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
@pytest.mark.parametrize("fault", REFUSALS)
def test_a_rename_never_replaces_whatever_is_missing(
    tmp_path: Path, without: Callable[..., None], fault: str, kind: str, linked: bool
) -> None:
    without(getattr(errno, fault), "noreplace", *([] if linked else ["link"]))
    source, taken = tmp_path / "source", tmp_path / "taken"
    match kind:
        case "file":
            source.write_text("mine")
        case "folder":
            source.mkdir()
            (source / "inner").write_text("mine")
        case "link":
            source.symlink_to("nowhere")
    taken.write_text("theirs")
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    with open_folder(tmp_path) as folder:
        for name in ("taken", "empty", "folder"):
            with pytest.raises(FileExistsError):
                rename_noreplace("source", folder, name, folder)
        assert exists("source", folder)
        rename_noreplace("source", folder, "free", folder)
        with pytest.raises(FileNotFoundError):
            rename_noreplace("source", folder, "other", folder)
    assert taken.read_text() == "theirs"
    assert sorted(os.listdir(tmp_path)) == ["empty", "folder", "free", "taken"]
    free = tmp_path / "free"
    assert (free.is_symlink(), free.is_dir()) == (kind == "link", kind == "folder")
    if kind != "link":
        assert (free / "inner" if kind == "folder" else free).read_text() == "mine"


def test_a_rename_that_fails_leaves_no_second_name(tmp_path: Path, without: Callable[..., None]) -> None:
    """A sticky folder on NFS: the link can be made, the old name not be removed."""
    (tmp_path / "a").write_text("a")
    real, refused = os.unlink, []

    def unlink(name: str, **named: Any) -> None:
        if name == "a" and not refused:
            refused.append(name)
            raise PermissionError(errno.EPERM, "sticky")
        real(name, **named)

    without(errno.EINVAL, "noreplace")
    os.unlink = unlink  # type: ignore[assignment]
    try:
        with open_folder(tmp_path) as folder, pytest.raises(PermissionError):
            rename_noreplace("a", folder, "b", folder)
    finally:
        os.unlink = real
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_placeholder_is_taken_back_where_the_rename_fails(
    tmp_path: Path, without: Callable[..., None], fault: str
) -> None:
    (tmp_path / "a").write_text("a")
    without(getattr(errno, fault), "noreplace", "link")
    without(errno.EXDEV, "replace")
    with open_folder(tmp_path) as folder, pytest.raises(OSError) as error:
        rename_noreplace("a", folder, "b", folder)
    assert error.value.errno == errno.EXDEV
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("fault", REFUSALS)
def test_writing_without_permissions_and_syncs(tmp_path: Path, without: Callable[..., None], fault: str) -> None:
    without(getattr(errno, fault), "fchmod", "fsync", "fdatasync")
    with open_folder(tmp_path, "acme/sub", create=0o750) as folder:
        write_atomic(folder, "a", b"mine", mode=0o640)
    assert (tmp_path / "acme/sub/a").read_bytes() == b"mine"


def test_a_sync_that_fails_is_not_taken_for_an_unknown_one(tmp_path: Path, without: Callable[..., None]) -> None:
    without(errno.EIO, "fsync")
    with (tmp_path / "a").open("wb") as file, pytest.raises(OSError):
        sync_file(file.fileno())


@pytest.mark.parametrize("fault", REFUSALS)
def test_no_link_is_followed_where_the_flag_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    real = os.open

    def opened(path: Any, flags: int, *arguments: Any, **named: Any) -> int:
        if flags & os.O_NOFOLLOW:
            raise OSError(getattr(errno, fault), fault)
        return real(path, flags, *arguments, **named)

    (tmp_path / "secret").write_text("a secret")
    (tmp_path / "link").symlink_to("secret")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sublink").symlink_to("sub")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(os, "open", opened)
    with open_folder(tmp_path) as folder:
        os.close(open_regular("secret", folder))
        for name in ("link", "pipe", "sub"):
            with pytest.raises(OSError):
                open_regular(name, folder)
    with open_folder(tmp_path, "sub") as folder:
        write_atomic(folder, "a", b"mine")
    with pytest.raises(OSError), open_folder(tmp_path, "sublink"):
        pass


def test_folders_of_a_team_stay_the_teams(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to be in any group")
    os.chown(tmp_path, -1, 4242)
    tmp_path.chmod(0o2770)
    old = os.umask(0o077)
    try:
        with open_folder(tmp_path, "acme/sub", create=0o750):
            pass
    finally:
        os.umask(old)
    for path in (tmp_path / "acme", tmp_path / "acme/sub"):
        assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_gid) == (0o2770, 4242)


def test_a_sandbox_that_forbids_setgid_keeps_no_contract_out_of_a_teams_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RestrictSUIDSGID= of systemd refuses the bit wherever a mode is given (systemd.exec(5))."""
    tmp_path.chmod(0o2770)
    mkdir, fchmod = os.mkdir, os.fchmod

    def refuse(mode: int) -> None:
        if mode & (stat.S_ISGID | stat.S_ISUID):
            raise PermissionError(errno.EPERM, "Operation not permitted")

    def guarded_mkdir(path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        refuse(mode)
        mkdir(path, mode, dir_fd=dir_fd)

    def guarded_fchmod(fd: int, mode: int) -> None:
        refuse(mode)
        fchmod(fd, mode)

    monkeypatch.setattr(os, "mkdir", guarded_mkdir)
    monkeypatch.setattr(os, "fchmod", guarded_fchmod)
    with open_folder(tmp_path, "acme/sub", create=0o750):
        pass
    for path in (tmp_path / "acme", tmp_path / "acme/sub"):
        assert path.stat().st_mode & stat.S_ISGID


def test_who_is_not_in_the_teams_group_leaves_it_the_teams_all_the_same(tmp_path: Path) -> None:
    """The kernel takes setgid away when such a one sets permissions."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to be somebody else")
    os.chown(tmp_path, 65534, 4242)
    tmp_path.chmod(0o2770)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            root = os.open(tmp_path, os.O_RDONLY)
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            with open_folder(root, "acme", create=0o750):
                code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    status = (tmp_path / "acme").stat()
    assert status.st_mode & stat.S_ISGID
    assert status.st_gid == 4242


def test_an_outbox_that_is_not_a_teams_has_the_configured_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with open_folder(tmp_path, "acme", create=0o705):
        pass
    assert stat.S_IMODE((tmp_path / "acme").stat().st_mode) == 0o705


def test_a_folder_that_is_swapped_in_keeps_its_permissions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.mkdir(mode=0o700)
    (secret / "file").touch()
    root = tmp_path / "root"
    root.mkdir()
    real = os.mkdir

    def mkdir(name: str, *arguments: Any, **named: Any) -> None:
        real(name, *arguments, **named)
        (root / name).rmdir()
        secret.rename(root / name)

    monkeypatch.setattr(os, "mkdir", mkdir)
    with open_folder(root, "acme", create=0o755):
        pass
    assert stat.S_IMODE((root / "acme").stat().st_mode) == 0o700
