"""The only module that creates, renames or opens files in folders that other people can write to.

Threat model: anyone who can write to the share can swap a file for a link, a folder for a link to another folder, or
plant anything under a name we are about to use, at any moment. So every path below a root is walked one component at a
time relative to directory descriptors with O_NOFOLLOW, temporary files are created O_EXCL with random names in the
folder of the target, and nothing is ever replaced unless the caller says that the name is ours.

Accepted risk: between the last check of a file's identity and its rename another writer can swap it. `rename_noreplace`
moves what is there without following or losing it, and callers check what arrived.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from tclp_daemon.task import FileIdentity

TEMP_PREFIX = ".tclp-"
NAME_MAX = 255
_DIR_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_RENAME_NOREPLACE = 1


class NotRegular(OSError):
    """What bears the name is a link, a folder, a pipe or a device."""

    def __init__(self, name: str) -> None:
        super().__init__(errno.EINVAL, "not a regular file", name)


@contextlib.contextmanager
def open_folder(root: Path | int, relative: str = "", *, create: int | None = None) -> Iterator[int]:
    """Opens a folder below `root` without following links below it; `root` itself may be a link (the administrator's).

    Args:
        root: a trusted absolute path, or the descriptor of a folder that is open already.
        relative: "/"-separated path below it, "" for the root.
        create: make missing folders, with these permissions whatever the umask.

    Raises:
        OSError: ELOOP or ENOTDIR where a component is a link or no folder.
    """
    if isinstance(root, int):
        fd = os.open(".", _DIR_FLAGS, dir_fd=root)
    else:
        fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in [p for p in relative.split("/") if p]:
            if part in (".", ".."):
                raise OSError(errno.EINVAL, "path leaves its root", relative)
            if create is not None:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, create, dir_fd=fd)
                    with contextlib.suppress(OSError):  # a share may know no permissions
                        os.chmod(part, create, dir_fd=fd)
                    fsync_folder(fd)
            nested = os.open(part, _DIR_FLAGS, dir_fd=fd)
            os.close(fd)
            fd = nested
        yield fd
    finally:
        os.close(fd)


def open_regular(name: str, folder: int) -> int:
    """Opens a regular file for reading; the caller closes the descriptor.

    O_NONBLOCK keeps a pipe that was planted under the name from stopping us.

    Raises:
        NotRegular: it is a link or no regular file.
        OSError: as open(2).
    """
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise NotRegular(name) from None
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotRegular(name)
    return fd


def identity_of(status: os.stat_result, *, inodes_last: bool = True) -> FileIdentity:
    """What tells this file from the next under its name.

    Filesystems hold dates and inode numbers that SQLite's 64-bit integers do not; what does not fit is folded in.
    """
    inode = _fold(status.st_ino) if inodes_last else 0
    return FileIdentity(status.st_size, _fold(status.st_mtime_ns), inode)


def _fold(number: int) -> int:
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def is_file(status: os.stat_result, identity: FileIdentity) -> bool:
    """Whether a status is that of the very file that was seen before, and a regular one."""
    return stat.S_ISREG(status.st_mode) and identity == identity_of(status, inodes_last=identity.inode != 0)


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Writes every byte; a short write is continued."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def fsync_folder(fd: int) -> None:
    """Makes a rename or a new name last; some network filesystems refuse, and there the server decides."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EROFS):
            raise


@contextlib.contextmanager
def temporary_file(folder: int, mode: int = 0o600) -> Iterator[tuple[int, str]]:
    """A new file with a random hidden name in `folder`, as (descriptor, name); removed unless it was renamed away."""
    name = f"{TEMP_PREFIX}{secrets.token_hex(8)}.tmp"
    fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=folder)
    try:
        # The umask must not decide what the administrator configured; some shares refuse, and there the server decides.
        with contextlib.suppress(PermissionError, NotImplementedError):
            os.fchmod(fd, mode)
        yield fd, name
    finally:
        os.close(fd)
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)


def write_atomic(
    folder: int, name: str, data: bytes, *, mode: int = 0o600, replace: bool = True, durable: bool = True
) -> None:
    """Publishes `data` under `name`: temporary file, fsync, rename, fsync of the folder.

    Args:
        folder: descriptor of the target folder.
        name: one path component.
        data: the whole content.
        mode: permissions.
        replace: whether a file of that name may be replaced (a folder or link never is followed).
        durable: false for what is worth nothing after a crash, such as a progress note: no fsync then.

    Raises:
        FileExistsError: the name is taken and `replace` is false.
        OSError: ENOSPC, EIO and the like; then nothing has changed under `name`.
    """
    with temporary_file(folder, mode) as (fd, temporary):
        write_all(fd, data)
        if durable:
            os.fsync(fd)
        if replace:
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            rename_noreplace(temporary, folder, name, folder)
    if durable:
        fsync_folder(folder)


def rename_noreplace(source: str, source_folder: int, target: str, target_folder: int) -> None:
    """Renames without ever replacing: renameat2(RENAME_NOREPLACE), else link and unlink where that flag is unknown.

    Raises:
        FileExistsError: `target` exists.
        OSError: EXDEV and others as rename(2).
    """
    result = _renameat2(source_folder, os.fsencode(source), target_folder, os.fsencode(target), _RENAME_NOREPLACE)
    if result == 0:
        return
    if result not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        raise OSError(result, os.strerror(result), source, None, target)
    os.link(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder, follow_symlinks=False)
    os.unlink(source, dir_fd=source_folder)


def exists(name: str, folder: int) -> bool:
    """Whether anything bears the name, a broken link included."""
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def shorten(name: str, room: int) -> str:
    """Cuts a name to `room` bytes without breaking a character, keeping its suffix where that is short."""
    if len(os.fsencode(name)) <= room:
        return name
    stem, suffix = os.path.splitext(name)
    if len(os.fsencode(suffix)) > 16:
        stem, suffix = name, ""
    while len(os.fsencode(stem + suffix)) > room:
        stem = stem[:-1]
    return stem + suffix


def _renameat2(source_folder: int, source: bytes, target_folder: int, target: bytes, flags: int) -> int:
    """Returns 0 or an errno. The standard library has no renameat2."""
    function = getattr(_LIBC, "renameat2", None)
    if function is None:  # a C library older than glibc 2.28
        return errno.ENOSYS
    if function(source_folder, source, target_folder, target, ctypes.c_uint(flags)) == 0:
        return 0
    return ctypes.get_errno()


_LIBC = ctypes.CDLL(None, use_errno=True)
