"""Reads one settled file of the inbox: the very file that was seen, and only while nobody is writing to it."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tclp_daemon.inbox.entry import Seen
from tclp_daemon.system.files import NotRegular, is_file, open_folder, open_regular

NO_PERMISSION = "no permission to read it"
_CHUNK = 1 << 20
_SICK = (errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENOTCONN, errno.ENODEV)


class NotYet(Exception):
    """The file is not complete, or is gone; look again later."""


class NotPermitted(NotYet):
    """The file may not be read yet; some programs set its permissions after they have written it."""


class Unreadable(Exception):
    """The file cannot be read for a reason that may pass: a bad block, or a share that is going away."""


class SettledFile:
    """A file that is open for reading; use `opened`.

    Args:
        fd: its descriptor.
        seen: the entry that was seen.
        alive: called with each chunk.
    """

    def __init__(self, fd: int, seen: Seen, alive: Callable[[], None]) -> None:
        self._fd = fd
        self._seen = seen
        self._alive = alive

    def read(self, take: Callable[[bytes], None] = lambda chunk: None) -> str:
        """Reads the file from its beginning and hands each chunk on.

        Returns:
            The sha256 of the content, in hexadecimal.

        Raises:
            NotYet: it is not the file that was seen, or it changes.
            OSError: it cannot be read.
        """
        os.lseek(self._fd, 0, os.SEEK_SET)
        before = os.fstat(self._fd)
        if not is_file(before, self._seen.identity):
            raise NotYet("it changed")
        digest = hashlib.sha256()
        total = 0
        while chunk := os.read(self._fd, _CHUNK):
            self._alive()
            digest.update(chunk)
            total += len(chunk)
            if total > self._seen.identity.size:
                raise NotYet("it grew while it was copied")
            take(chunk)
        after = os.fstat(self._fd)
        if total != before.st_size or after.st_mtime_ns != before.st_mtime_ns or after.st_size != before.st_size:
            raise NotYet("it changed while it was copied")
        return digest.hexdigest()


@contextmanager
def opened(inbox: Path, seen: Seen, alive: Callable[[], None]) -> Iterator[SettledFile]:
    """Opens a file for reading, and says what goes wrong with it within the block, too.

    Args:
        inbox: the inbox root.
        seen: the entry.
        alive: called with each chunk that is read.

    Raises:
        NotYet: it was replaced, is gone, or is still open for writing.
        NotPermitted: it may not be read.
        Unreadable: reading it fails for a reason that may pass.
    """
    try:
        folder, _, name = seen.source.rpartition("/")
        with open_folder(inbox, folder) as parent:
            fd = open_regular(name, parent)
        try:
            _refuse_open_for_writing(fd)
            yield SettledFile(fd, seen, alive)
        finally:
            os.close(fd)
    except PermissionError as error:
        raise NotPermitted(NO_PERMISSION) from error
    except NotRegular as error:
        raise NotYet("it was replaced while it was accepted") from error
    except FileNotFoundError as error:
        raise NotYet("it is gone") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise (Unreadable(reason) if error.errno in _SICK else NotYet(reason)) from error


def _refuse_open_for_writing(fd: int) -> None:
    """Raises `NotYet` while a program has the file open for writing, as far as the kernel says so (decision 4).

    A read lease is granted only while nobody does (fcntl(2), F_SETLEASE). It needs a local filesystem and either
    ownership of the file or CAP_LEASE; without them settling alone decides.
    """
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        if error.errno == errno.EAGAIN:
            raise NotYet("a program still has it open for writing") from error
    else:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
