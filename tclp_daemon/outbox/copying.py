"""Copies bytes from one descriptor to another and says what they were; tells a lost source from a passing trouble."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable

from tclp_daemon.system.files import sync_file, write_all

_CHUNK = 1 << 20
_SYNC_EVERY = 16 * _CHUNK
# What says that bytes are not there, or damaged. Anything else (no descriptor free, a share that is going away) may
# pass, and a contract must not be given up for it.
LOST = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.EINVAL, errno.EIO, errno.EBADMSG, errno.EUCLEAN)


class SourceBroken(Exception):
    """The bytes cannot be read from there, or are not the recorded ones."""


def copy_bytes(source: int, target: int, alive: Callable[[], None]) -> str:
    """Copies one descriptor to the other; returns the sha256 of what was read.

    Raises:
        SourceBroken: the source is lost.
        OSError: it cannot be read for a reason that may pass, or the target cannot be written.
    """
    digest = hashlib.sha256()
    unsynced = 0
    while chunk := _read(source):
        alive()
        digest.update(chunk)
        write_all(target, chunk)
        unsynced += len(chunk)
        if unsynced >= _SYNC_EVERY:
            sync_file(target)  # in portions, or the last one could take minutes in which nobody hears of us
            unsynced = 0
    return digest.hexdigest()


def digest_of(fd: int, alive: Callable[[], None]) -> str:
    """The sha256 of what is left to read.

    Raises:
        SourceBroken, OSError: as `copy_bytes`.
    """
    digest = hashlib.sha256()
    while chunk := _read(fd):
        alive()
        digest.update(chunk)
    return digest.hexdigest()


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, _CHUNK)
    except OSError as error:
        if error.errno in LOST:
            raise SourceBroken from error
        raise
