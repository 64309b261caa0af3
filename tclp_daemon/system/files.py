"""The only module that creates, renames or opens files in folders that other people can write to.

Threat model: anyone who can write to the share can swap a file for a link, a folder for a link to another folder, or
plant anything under a name we are about to use, at any moment. So every path below a root is walked one component at a
time relative to directory descriptors with O_NOFOLLOW, temporary files are created O_EXCL with random names in the
folder of the target, and nothing is ever replaced unless the caller says that the name is ours.

Accepted risk: between the last check of a file's identity and its rename another writer can swap it. `rename_noreplace`
moves what is there without following or losing it, and callers check what arrived.

Shares differ in what they can do. Each call that some of them refuse (fchmod, fsync, RENAME_NOREPLACE, hard links,
O_NOFOLLOW) has a fallback here; `capabilities.py` finds out for `doctor` which ones a folder needs.
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
# How filesystems answer a call that they do not know.
UNSUPPORTED = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOTTY})
# The same for calls that need a right as well.
_REFUSED = UNSUPPORTED | {errno.EPERM, errno.EACCES}


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
        create: make missing folders, with these permissions whatever the umask. In a setgid folder, which a team
            shares, they get its group and permissions instead.

    Raises:
        OSError: ELOOP or ENOTDIR where a component is a link or no folder.
    """
    if isinstance(root, int):
        fd = open_nofollow(".", _DIR_FLAGS, root)
    else:
        fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in [p for p in relative.split("/") if p]:
            if part in (".", ".."):
                raise OSError(errno.EINVAL, "path leaves its root", relative)
            mode = None if create is None else _mode_for_folder_in(fd, create)
            made = False
            if mode is not None:
                with contextlib.suppress(FileExistsError):
                    # A setgid folder passes that on by itself; asked for, it is refused under RestrictSUIDSGID= and its
                    # like.
                    os.mkdir(part, mode & ~stat.S_ISGID, dir_fd=fd)
                    made = True
            parent, fd = fd, open_nofollow(part, _DIR_FLAGS, fd)
            try:
                if made and mode is not None:
                    _settle_folder(fd, os.fstat(parent), mode)
                    fsync_folder(parent)
            finally:
                os.close(parent)
        yield fd
    finally:
        os.close(fd)


def _mode_for_folder_in(parent: int, mode: int) -> int:
    """The permissions of a new folder: in a setgid folder, which a team shares, those of that folder."""
    above = os.fstat(parent).st_mode
    return above & 0o3777 | 0o700 if above & stat.S_ISGID else mode


def _settle_folder(fd: int, above: os.stat_result, mode: int) -> None:
    """Gives a folder that was just made its permissions whatever the umask and, in a team's folder, the team's group.

    Somebody may have put another folder in its place meanwhile: only an empty one of our own is touched.
    """
    status = os.fstat(fd)
    if status.st_uid != os.geteuid() or os.listdir(fd):
        return
    if mode & stat.S_ISGID and status.st_gid != above.st_gid:
        with contextlib.suppress(OSError):
            os.fchown(fd, -1, above.st_gid)
    # The kernel takes setgid away from a folder whose permissions are set by one who is not in its group.
    ours = os.geteuid() == 0 or above.st_gid in (os.getegid(), *os.getgroups())
    if stat.S_IMODE(status.st_mode) != mode and (ours or not mode & stat.S_ISGID):
        with contextlib.suppress(OSError):  # a share may know no permissions
            os.fchmod(fd, mode)


def open_nofollow(name: str, flags: int, folder: int, mode: int = 0o600) -> int:
    """open(2) that never follows a link at `name`, also where the share does not know O_NOFOLLOW.

    Raises:
        OSError: as open(2); ELOOP or ENOTDIR for a link.
    """
    try:
        return os.open(name, flags | os.O_NOFOLLOW, mode, dir_fd=folder)
    except OSError as error:
        if error.errno not in UNSUPPORTED | {errno.EPERM}:
            raise
    if flags & os.O_EXCL:  # creates what it opens, so there is no link that it could follow
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

    O_NONBLOCK keeps a pipe that was planted under the name from stopping us.

    Raises:
        NotRegular: it is a link or no regular file.
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


def sync_file(fd: int) -> None:
    """Makes a file's content last; where the share knows no fsync, by blunter means, and at the end the server decides.

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
    """Makes a rename or a new name last; some network filesystems refuse, and there the server decides."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _REFUSED | {errno.EBADF, errno.EROFS, errno.EISDIR}:
            raise


def set_mode(fd: int, mode: int) -> bool:
    """Sets the permissions of the very file that is open, whatever its name refers to by now.

    Returns whether that could be done; some shares refuse, and there the server decides.
    """
    try:
        os.fchmod(fd, mode)
    except OSError as error:
        if error.errno == errno.EBADF:  # opened with O_PATH, since it cannot be read
            with contextlib.suppress(OSError):
                os.chmod(f"/proc/self/fd/{fd}", mode)
                return True
            return False
        if error.errno not in _REFUSED | {errno.EROFS}:
            raise
        return False
    return True


def make_private(path: Path) -> None:
    """Closes a file of our own to others.

    By O_PATH, which follows no link and, unlike a descriptor that is opened and closed, leaves SQLite its locks (POSIX
    locks go with the first descriptor of a file that a process closes).
    """
    with open_folder(path.parent) as folder:
        fd = open_nofollow(path.name, os.O_PATH | os.O_CLOEXEC, folder)
        try:
            set_mode(fd, 0o600)
        finally:
            os.close(fd)


@contextlib.contextmanager
def temporary_file(folder: int, mode: int = 0o600) -> Iterator[tuple[int, str]]:
    """A new file with a random hidden name in `folder`, as (descriptor, name); removed unless it was renamed away."""
    name = f"{TEMP_PREFIX}{secrets.token_hex(8)}.tmp"
    fd = open_nofollow(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, folder, mode)
    try:
        set_mode(fd, mode)  # the umask must not decide what the administrator configured
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
            sync_file(fd)
        if replace:
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            rename_noreplace(temporary, folder, name, folder)
    if durable:
        fsync_folder(folder)


def rename_noreplace(source: str, source_folder: int, target: str, target_folder: int) -> None:
    """Renames without ever replacing what is there.

    renameat2(RENAME_NOREPLACE); where the share does not know that flag, link and unlink; where it knows no hard links
    either (or `source` is a folder), a placeholder takes the name, which only one can do, and is replaced.

    Raises:
        FileExistsError: `target` exists.
        OSError: EXDEV and others as rename(2); then `source` is where it was.
    """
    try:
        rename_noreplace_natively(source, source_folder, target, target_folder)
    except OSError as error:
        if error.errno not in UNSUPPORTED | {errno.EPERM}:
            raise
        # EPERM is either a share's word for an unknown flag or a want of rights, which no link must get round.
        if error.errno == errno.EPERM or not _relink(source, source_folder, target, target_folder):
            _rename_over_placeholder(source, source_folder, target, target_folder)


def rename_noreplace_natively(source: str, source_folder: int, target: str, target_folder: int) -> None:
    """The same by renameat2(RENAME_NOREPLACE) or not at all.

    Raises:
        OSError: one of `UNSUPPORTED`, as a rule, where the share does not know the flag.
    """
    result = _renameat2(source_folder, os.fsencode(source), target_folder, os.fsencode(target), _RENAME_NOREPLACE)
    if result != 0:
        raise OSError(result, os.strerror(result), source, None, target)


def _relink(source: str, source_folder: int, target: str, target_folder: int) -> bool:
    """Renames by link and unlink; False where there are no hard links to this."""
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
                os.rmdir(target, dir_fd=target_folder)  # refuses a folder in which somebody has put something
            elif os.lstat(target, dir_fd=target_folder).st_size == 0:
                os.unlink(target, dir_fd=target_folder)
        raise


def move_aside(folder: int, base: str, tag: str | None = None) -> str:
    """Renames what bears a name to a free one next to it, which is returned: nothing is overwritten or deleted.

    Args:
        folder: descriptor of the folder.
        base: the name.
        tag: becomes part of the new name, unless that is taken as well.

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
        # A suffix that leaves no room is none.
        aside = shorten(stem, room) + tail if room > 0 else shorten(base, 200) + f".before-{attempt}"
        # Some shares take shorter names than others.
        for name in (aside, f"before-{attempt}{suffix if len(os.fsencode(suffix)) <= 16 else ''}"):
            try:
                rename_noreplace(base, folder, name, folder)
                return name
            except FileExistsError:
                break
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG or name != aside:
                    raise
    raise FileExistsError(errno.EEXIST, "what is in the way finds no free name", base)


def replace_file(folder: int, base: str, data: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """`write_atomic` under a name of ours; a folder that bears it is moved aside with all that is in it."""
    try:
        write_atomic(folder, base, data, mode=mode, durable=durable)
    except OSError as error:
        # Shares differ in what they say then.
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
    """Whether anything bears the name, a broken link included."""
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def readable(name: str) -> str:
    """A name as it is stored and shown: bytes that are not UTF-8 appear as \\xNN."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


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


def _syncfs(fd: int) -> None:
    """Makes all that was written to the filesystem of a descriptor last."""
    function = getattr(_LIBC, "syncfs", None)
    if function is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if function(fd) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


_LIBC = ctypes.CDLL(None, use_errno=True)
