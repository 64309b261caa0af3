"""Copies bytes from one descriptor to another and hashes them; tells a lost source from a fault that may pass."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable

from tclp_daemon.system.files import sync_file, write_all

_CHUNK = 1 << 20
_SYNC_EVERY = 16 * _CHUNK
# These say that the bytes are not there, or damaged. Anything else (no free descriptor, a share that is going away) may
# pass, and no contract must be given up for it.
LOST = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.EINVAL, errno.EIO, errno.EBADMSG, errno.EUCLEAN)


class SourceBroken(Exception):
    """The bytes cannot be read from there, or are not the recorded ones."""


def copy_bytes(source: int, target: int, alive: Callable[[], None]) -> str:
    """Copies one descriptor to the other.

    Returns:
        The sha256 of what was read, in hexadecimal.

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
            sync_file(target)  # in portions, or the last one could take minutes without a sign of life
            unsynced = 0
    return digest.hexdigest()


def digest_of(fd: int, alive: Callable[[], None]) -> str:
    """The sha256 of what is left to read, in hexadecimal.

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
