"""A file of the outbox that is written in portions and appears under its name only when it is complete.

Between two portions nothing stays open, so that the share can be unmounted. Until then it has a hidden name, which the
next beginning replaces: it may be there for minutes, so it must not look like a temporary file that was left behind.
"""

from __future__ import annotations

import errno
import os
import stat

from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.system.files import TEMP_PREFIX, write_all


class GrowingFile:
    """One file that is being written.

    Args:
        folder: the outbox; the file is at its top.
        name: of the file once it is complete.
    """

    def __init__(self, folder: OutboxFolder, name: str) -> None:
        self._folder = folder
        self._name = name
        self._part = f"{TEMP_PREFIX}{name}.part"
        self._size = 0

    def begin(self, data: bytes) -> None:
        """Writes the first portion; an unfinished file from before is replaced.

        Raises:
            OSError: it cannot be written.
        """
        self._folder.write(self._part, data, durable=False)
        self._size = len(data)

    def add(self, data: bytes) -> None:
        """Writes a further portion.

        Raises:
            OSError: it cannot be written, or somebody changed what was written so far; begin again.
        """
        flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with self._folder.marker.opened() as root:
            fd = os.open(self._part, flags, dir_fd=root)
            try:
                found = os.fstat(fd)
                # A hard link that was planted there leads to somebody's file.
                if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1 or found.st_size != self._size:
                    raise OSError(errno.ESTALE, "it was changed while it was written", self._part)
                write_all(fd, data)
            finally:
                os.close(fd)
        self._size += len(data)

    def finish(self) -> int:
        """Gives it its name, in place of the one before; returns its size in bytes.

        Raises:
            OSError: the name cannot be taken, for example while a spreadsheet holds the file open.
        """
        with self._folder.marker.opened() as root:
            try:
                os.replace(self._part, self._name, src_dir_fd=root, dst_dir_fd=root)
            except IsADirectoryError:
                self._folder.write(self._name, b"", durable=False)  # moves the directory aside
                os.replace(self._part, self._name, src_dir_fd=root, dst_dir_fd=root)
        return self._size
