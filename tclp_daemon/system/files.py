"""How files are opened, written and renamed in directories that other people can write to.

Threat model: anyone who can write to the share can swap a file for a symlink, or a directory for a symlink to another
one, or plant anything under a name that we are about to use, at any moment. So every path below a root is walked one
component at a time, relative to directory descriptors, with O_NOFOLLOW; temporary files are created with O_EXCL and
random names in the directory of the target; and nothing is replaced unless the caller says that the name is ours.

Inbox, outbox and `admin` reach those directories through `open_folder` only. The few system calls that they make
themselves (listing, removing, renaming under our own names) are relative to the descriptor that it gives.

Accepted risk: between the last check of a file's identity and its rename, another writer can swap it.
`rename_noreplace` moves what is there without following or losing it, and callers check what arrived.

Shares differ in what they can do. Each call that some of them refuse (fchmod, fsync, RENAME_NOREPLACE, hard links,
O_NOFOLLOW) has a fallback here; `admin/capabilities.py` finds out for `doctor` which ones a directory needs.
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
_DIR_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_RENAME_NOREPLACE = 1
# A name that is gone, or refers to something else now, is not a fault: other people use these directories, too.
GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
# How filesystems answer a call that they do not support.
UNSUPPORTED = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOTTY})
# The same for calls that need a permission as well.
_REFUSED = UNSUPPORTED | {errno.EPERM, errno.EACCES}


class NotRegular(OSError):
    """The name refers to a symlink, a directory, a pipe or a device."""

    def __init__(self, name: str) -> None:
        super().__init__(errno.EINVAL, "not a regular file", name)


@contextlib.contextmanager
def open_folder(root: Path | int, relative: str = "", *, create: int | None = None) -> Iterator[int]:
    """Opens a directory below `root` without following symlinks below it; `root` may be the administrator's symlink.

    Args:
        root: a trusted absolute path, or the descriptor of a directory that is open already.
        relative: "/"-separated path below it, "" for the root.
        create: make missing directories, with these permissions whatever the umask. In a setgid directory, which a team
            shares, they get its group and permissions instead.

    Yields:
        The descriptor of the directory, closed at the end.

    Raises:
        OSError: ELOOP or ENOTDIR where a component is a symlink or not a directory; EINVAL where the path leaves root.
    """
    if isinstance(root, int):
        fd = open_nofollow(".", _DIR_FLAGS, root)
    else:
        fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in [p for p in relative.split("/") if p]:
            if part in (".", ".."):
                raise OSError(errno.EINVAL, "path leaves its root", relative)
            parent, fd = fd, _open_child(part, fd, create)
            os.close(parent)
        yield fd
    finally:
        os.close(fd)


def _open_child(name: str, parent: int, create: int | None) -> int:
    """Opens a directory in a directory; makes it first where it is missing and `create` gives permissions for it."""
    if create is None:
        return open_nofollow(name, _DIR_FLAGS, parent)
    mode = _mode_for_folder_in(parent, create)
    made = False
    with contextlib.suppress(FileExistsError):
        # A setgid directory passes the bit on by itself; asking for it is refused under RestrictSUIDSGID= and the like.
        os.mkdir(name, mode & ~stat.S_ISGID, dir_fd=parent)
        made = True
    fd = open_nofollow(name, _DIR_FLAGS, parent)
    if made:
        try:
            _settle_folder(fd, os.fstat(parent), mode)
            fsync_folder(parent)
        except BaseException:
            os.close(fd)
            raise
    return fd


def _mode_for_folder_in(parent: int, mode: int) -> int:
    """The permissions of a new directory: in a setgid directory, which a team shares, those of that directory."""
    above = os.fstat(parent).st_mode
    return above & 0o3777 | 0o700 if above & stat.S_ISGID else mode


def _settle_folder(fd: int, above: os.stat_result, mode: int) -> None:
    """Gives a new directory its permissions, whatever the umask, and in a team's directory the team's group.

    Somebody may have put another directory in its place meanwhile, so only an empty directory that we own is touched.
    """
    status = os.fstat(fd)
    if status.st_uid != os.geteuid() or os.listdir(fd):
        return
    if mode & stat.S_ISGID and status.st_gid != above.st_gid:
        with contextlib.suppress(OSError):
            os.fchown(fd, -1, above.st_gid)
    # The kernel removes setgid when the permissions are set by a user who is not in the directory's group.
    ours = os.geteuid() == 0 or above.st_gid in (os.getegid(), *os.getgroups())
    if stat.S_IMODE(status.st_mode) != mode and (ours or not mode & stat.S_ISGID):
        with contextlib.suppress(OSError):  # a share may have no permissions
            os.fchmod(fd, mode)


def open_nofollow(name: str, flags: int, folder: int, mode: int = 0o600) -> int:
    """open(2) that never follows a symlink at `name`, even where the share does not support O_NOFOLLOW.

    Args:
        name: one path component.
        flags: as for open(2).
        folder: descriptor of the directory.
        mode: permissions of a new file.

    Raises:
        OSError: as open(2); ELOOP or ENOTDIR for a symlink.
    """
    try:
        return os.open(name, flags | os.O_NOFOLLOW, mode, dir_fd=folder)
    except OSError as error:
        if error.errno not in UNSUPPORTED | {errno.EPERM}:
            raise
    if flags & os.O_EXCL:  # creates what it opens, so there is no symlink that it could follow
        return os.open(name, flags, mode, dir_fd=folder)
    before = os.lstat(name, dir_fd=folder)
    if stat.S_ISLNK(before.st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
    fd = os.open(name, flags, mode, dir_fd=folder)
    after = os.fstat(fd)
    if not os.path.samestat(before, after):
        os.close(fd)
        raise OSError(errno.ELOOP, "it was replaced while it was opened", name)
    return fd


def open_regular(name: str, folder: int) -> int:
    """Opens a regular file for reading; the caller closes the descriptor.

    O_NONBLOCK keeps a pipe that was planted under the name from blocking us.

    Raises:
        NotRegular: it is a symlink, or not a regular file.
        OSError: as open(2).
    """
    try:
        fd = open_nofollow(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise NotRegular(name) from None
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotRegular(name)
    return fd


def identity_of(status: os.stat_result, *, inodes_last: bool = True) -> FileIdentity:
    """What distinguishes this file from the next one under its name.

    Filesystems can have dates and inode numbers that do not fit SQLite's 64-bit integers; those are wrapped around.

    Args:
        status: of the file.
        inodes_last: false where the filesystem gives a file a new inode number each time it is mounted.
    """
    inode = _fold(status.st_ino) if inodes_last else 0
    return FileIdentity(status.st_size, _fold(status.st_mtime_ns), inode)


def _fold(number: int) -> int:
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def is_file(status: os.stat_result, identity: FileIdentity) -> bool:
    """Whether a status is that of the same file that was seen before, and of a regular file."""
    return stat.S_ISREG(status.st_mode) and identity == identity_of(status, inodes_last=identity.inode != 0)


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Writes every byte; a short write is continued."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def sync_file(fd: int) -> None:
    """Makes a file's content durable. Where fsync is not supported, broader calls are tried; then the server decides.

    Raises:
        OSError: EIO, ENOSPC and the like: the content may be lost.
    """
    for sync in (os.fsync, os.fdatasync, _syncfs):
        try:
            sync(fd)
            return
        except OSError as error:
            if error.errno not in _REFUSED | {errno.EBADF, errno.EROFS}:
                raise


def fsync_folder(fd: int) -> None:
    """Makes a rename or a new name durable. Some network filesystems refuse; there the server decides."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _REFUSED | {errno.EBADF, errno.EROFS, errno.EISDIR}:
            raise


def set_mode(fd: int, mode: int) -> bool:
    """Sets the permissions of the open file, whatever its name refers to by now.

    Returns:
        Whether that could be done. Some shares refuse; there the server decides.
    """
    try:
        os.fchmod(fd, mode)
    except OSError as error:
        if error.errno == errno.EBADF:  # it was opened with O_PATH
            with contextlib.suppress(OSError):
                os.chmod(f"/proc/self/fd/{fd}", mode)
                return True
            return False
        if error.errno not in _REFUSED | {errno.EROFS}:
            raise
        return False
    return True


def make_private(path: Path) -> None:
    """Lets only its owner read and write one of the daemon's own files.

    O_PATH follows no symlink and leaves SQLite its locks, which an ordinary descriptor would not: a process loses its
    POSIX locks on a file as soon as it closes any descriptor of that file.
    """
    with open_folder(path.parent) as folder:
        fd = open_nofollow(path.name, os.O_PATH | os.O_CLOEXEC, folder)
        try:
            set_mode(fd, 0o600)
        finally:
            os.close(fd)


@contextlib.contextmanager
def temporary_file(folder: int, mode: int = 0o600) -> Iterator[tuple[int, str]]:
    """A new file with a random hidden name in `folder`, as (descriptor, name); removed unless renamed away."""
    name = f"{TEMP_PREFIX}{secrets.token_hex(8)}.tmp"
    fd = open_nofollow(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, folder, mode)
    try:
        set_mode(fd, mode)  # the administrator configured it; the umask must not change it
        yield fd, name
    finally:
        os.close(fd)
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)


def write_atomic(
    folder: int, name: str, data: bytes, *, mode: int = 0o600, replace: bool = True, durable: bool = True
) -> None:
    """Publishes `data` under `name`: temporary file, fsync, rename, fsync of the directory.

    Args:
        folder: descriptor of the target directory.
        name: one path component.
        data: the complete content.
        mode: permissions.
        replace: whether a file of that name may be replaced. A symlink is never followed.
        durable: false, for no fsync, if the content is worthless after a crash, as a progress note is.

    Raises:
        FileExistsError: the name is taken and `replace` is false.
        OSError: ENOSPC, EIO and the like; then nothing has changed under `name`.
    """
    with temporary_file(folder, mode) as (fd, temporary):
        write_all(fd, data)
        if durable:
            sync_file(fd)
        if replace:
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            rename_noreplace(temporary, folder, name, folder)
    if durable:
        fsync_folder(folder)


def rename_noreplace(source: str, source_folder: int, target: str, target_folder: int) -> None:
    """Renames without ever replacing what is there.

    By renameat2(RENAME_NOREPLACE); where the share does not support that flag, by link and unlink; where it does not
    support hard links either (or `source` is a directory), by a placeholder, which only one process can create and
    which is then replaced.

    Args:
        source: the present name.
        source_folder: descriptor of its directory.
        target: the new name.
        target_folder: descriptor of its directory.

    Raises:
        FileExistsError: `target` exists.
        OSError: EXDEV and others as rename(2); then `source` is where it was.
    """
    try:
        rename_noreplace_natively(source, source_folder, target, target_folder)
    except OSError as error:
        if error.errno not in UNSUPPORTED | {errno.EPERM}:
            raise
        # EPERM means an unsupported flag on some shares, else missing permission, which a symlink must not circumvent.
        if error.errno == errno.EPERM or not _relink(source, source_folder, target, target_folder):
            _rename_over_placeholder(source, source_folder, target, target_folder)


def rename_noreplace_natively(source: str, source_folder: int, target: str, target_folder: int) -> None:
    """The same, by renameat2(RENAME_NOREPLACE) or not at all.

    Raises:
        OSError: usually one of `UNSUPPORTED` where the share does not support the flag.
    """
    result = _renameat2(source_folder, os.fsencode(source), target_folder, os.fsencode(target), _RENAME_NOREPLACE)
    if result != 0:
        raise OSError(result, os.strerror(result), source, None, target)


def _relink(source: str, source_folder: int, target: str, target_folder: int) -> bool:
    """Renames by link and unlink; False where this cannot have hard links."""
    try:
        os.link(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder, follow_symlinks=False)
    except OSError as error:
        if error.errno in _REFUSED | {errno.EMLINK}:
            return False
        raise
    try:
        os.unlink(source, dir_fd=source_folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(target, dir_fd=target_folder)
        raise
    return True


def _rename_over_placeholder(source: str, source_folder: int, target: str, target_folder: int) -> None:
    if os.fstat(source_folder).st_dev != os.fstat(target_folder).st_dev:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source, None, target)
    folder = stat.S_ISDIR(os.lstat(source, dir_fd=source_folder).st_mode)
    if folder:
        os.mkdir(target, 0o700, dir_fd=target_folder)
    else:
        os.close(open_nofollow(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, target_folder))
    try:
        placeholder = os.lstat(target, dir_fd=target_folder)
        if not folder and placeholder.st_size:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        os.replace(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder)
    except OSError:
        with contextlib.suppress(OSError):
            if folder:
                os.rmdir(target, dir_fd=target_folder)  # fails if somebody has put something into it
            elif os.lstat(target, dir_fd=target_folder).st_size == 0:
                os.unlink(target, dir_fd=target_folder)
        raise


def move_aside(folder: int, base: str, tag: str | None = None) -> str:
    """Renames what is under a name to a free name next to it, so that nothing is overwritten or deleted.

    Args:
        folder: descriptor of the directory.
        base: the name.
        tag: becomes part of the new name, unless that name is taken as well.

    Returns:
        The new name.

    Raises:
        FileExistsError: no free name was found.
        OSError: as rename(2); then it is where it was.
    """
    stem, suffix = os.path.splitext(base)
    for attempt in (tag, *(secrets.token_hex(4) for _ in range(8))):
        if attempt is None:
            continue
        tail = f".before-{attempt}{suffix}"
        room = NAME_MAX - len(os.fsencode(tail))
        # A suffix that leaves no room does not count as one.
        aside = shorten(stem, room) + tail if room > 0 else shorten(base, 200) + f".before-{attempt}"
        # Some shares allow only shorter names.
        for name in (aside, f"before-{attempt}{suffix if len(os.fsencode(suffix)) <= 16 else ''}"):
            try:
                rename_noreplace(base, folder, name, folder)
                return name
            except FileExistsError:
                break
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG or name != aside:
                    raise
    raise FileExistsError(errno.EEXIST, "no free name to move it to", base)


def replace_file(folder: int, base: str, data: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """`write_atomic` under one of our own names; a directory of that name is moved aside with everything in it."""
    try:
        write_atomic(folder, base, data, mode=mode, durable=durable)
    except OSError as error:
        # Shares differ in the error they give for a directory.
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE) or not _is_folder(base, folder):
            raise
        move_aside(folder, base)
        write_atomic(folder, base, data, mode=mode, durable=durable)


def _is_folder(name: str, folder: int) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode)
    except OSError:
        return False


def exists(name: str, folder: int) -> bool:
    """Whether the name is taken, by a broken symlink too."""
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def readable(name: str) -> str:
    """A name as it is stored and shown: bytes that are not UTF-8 appear as \\xNN."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def shorten(name: str, room: int) -> str:
    """Cuts a name to `room` bytes without splitting a character, and keeps its suffix if that is short."""
    if len(os.fsencode(name)) <= room:
        return name
    stem, suffix = os.path.splitext(name)
    if len(os.fsencode(suffix)) > 16:
        stem, suffix = name, ""
    while len(os.fsencode(stem + suffix)) > room:
        stem = stem[:-1]
    return stem + suffix


def _renameat2(source_folder: int, source: bytes, target_folder: int, target: bytes, flags: int) -> int:
    """renameat2(2), which the standard library lacks; 0 or an errno."""
    function = getattr(_LIBC, "renameat2", None)
    if function is None:  # a C library older than glibc 2.28
        return errno.ENOSYS
    if function(source_folder, source, target_folder, target, ctypes.c_uint(flags)) == 0:
        return 0
    return ctypes.get_errno()


def _syncfs(fd: int) -> None:
    """Makes all that was written to the filesystem of a descriptor durable."""
    function = getattr(_LIBC, "syncfs", None)
    if function is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if function(fd) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


_LIBC = ctypes.CDLL(None, use_errno=True)
