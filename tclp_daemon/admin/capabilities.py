"""What the filesystem of a directory supports, found out by trying. `system/files.py` has a fallback for each lack."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tclp_daemon.system.files import (
    fsync_folder,
    open_folder,
    open_nofollow,
    open_regular,
    rename_noreplace,
    rename_noreplace_natively,
    sync_file,
    write_all,
)

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that the daemon uses if it can, and what it means if it cannot."""

    name: str
    without: str


PERMISSIONS = Capability("permissions", "files get those that the mount decides, not outbox.file_mode")
FILE_SYNC = Capability("fsync of files", "the complete filesystem is synced instead, which is slower")
FOLDER_SYNC = Capability(
    "fsync of directories",
    "a new name may be lost when the server loses power; 'verify --repair' writes results again",
)
NOREPLACE = Capability("rename without replacing", "names are taken by a hard link or a placeholder first")
LINKS = Capability(
    "hard links",
    "together with the above: a file that somebody writes under the same name at the same moment may be overwritten",
)
TIMES = Capability("setting file times", "a contract that had to be copied has the time of the copy")
NOFOLLOW = Capability("O_NOFOLLOW", "what is opened is compared with what had the name before")


def canary(path: Path) -> None:
    """Creates, renames, replaces, syncs and reads back a file, as the daemon does, fallbacks included.

    Raises:
        OSError: the step that failed.
    """
    token = secrets.token_hex(8)
    first, second = f".tclp-canary-{token}.a", f".tclp-canary-{token}.b"
    with open_folder(path) as directory:
        try:
            for name, content in ((first, b"one"), (second, token.encode())):
                fd = open_nofollow(name, _NEW, directory)
                try:
                    write_all(fd, content)
                    sync_file(fd)
                finally:
                    os.close(fd)
            try:
                rename_noreplace(first, directory, second, directory)
                raise OSError("a rename replaced a file although it must not")
            except FileExistsError:
                os.replace(second, first, src_dir_fd=directory, dst_dir_fd=directory)
            rename_noreplace(first, directory, second, directory)
            fsync_folder(directory)
            # Read back by its path, as another program would.
            if (path / second).read_bytes() != token.encode():
                raise OSError("what was read back differs from what was written")
            os.close(open_regular(second, directory))
        finally:
            for name in (first, second):
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=directory)


def lacking(path: Path) -> list[Capability]:
    """What the filesystem of a directory does not support, in the order of the list above.

    Raises:
        OSError: not even a file can be created there.
    """
    token = secrets.token_hex(8)
    names = [f".tclp-canary-{token}.{letter}" for letter in "abc"]
    first, second, third = names
    with open_folder(path) as directory:
        fd = os.open(first, _NEW, 0o600, dir_fd=directory)
        try:
            trials: list[tuple[Capability, Callable[[], bool | None]]] = [
                (PERMISSIONS, lambda: _permissions(fd)),
                (FILE_SYNC, lambda: os.fsync(fd)),
                (FOLDER_SYNC, lambda: os.fsync(directory)),
                (
                    LINKS,
                    lambda: os.link(first, second, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False),
                ),
                (TIMES, lambda: _times(fd)),
                (NOFOLLOW, lambda: os.close(os.open(first, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=directory))),
                # Last, because it takes the name away.
                (NOREPLACE, lambda: rename_noreplace_natively(first, directory, third, directory)),
            ]
            missing = [capability for capability, trial in trials if not _works(trial)]
        finally:
            os.close(fd)
            for name in names:
                with suppress(OSError):
                    os.unlink(name, dir_fd=directory)
    order = (PERMISSIONS, FILE_SYNC, FOLDER_SYNC, NOREPLACE, LINKS, TIMES, NOFOLLOW)
    # Hard links are only the fallback for NOREPLACE.
    return [c for c in order if c in missing and (c is not LINKS or NOREPLACE in missing)]


def _works(trial: Callable[[], bool | None]) -> bool:
    try:
        return trial() is not False
    except OSError as error:
        if error.errno in (errno.EIO, errno.ESTALE, errno.ENOSPC, errno.EDQUOT):
            raise  # it is broken or full, which says nothing about what it supports
        return False


def _permissions(fd: int) -> bool:
    os.fchmod(fd, 0o640)
    return stat.S_IMODE(os.fstat(fd).st_mode) == 0o640


def _times(fd: int) -> bool:
    then = time.time() - 86_400
    os.utime(fd, (then, then))
    return abs(os.fstat(fd).st_mtime - then) < 3  # FAT counts in steps of two seconds
