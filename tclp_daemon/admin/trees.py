"""Looking at what lies in a directory that other people can write to: names and contents. Nothing is changed.

Symlinks are never followed, neither at a name nor on the way to it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path

from tclp_daemon.config import Config
from tclp_daemon.outbox.marker import OutboxMarker
from tclp_daemon.system.files import open_folder, open_regular


def recognise_outbox(config: Config) -> None:
    """Tells an empty mount point from an empty outbox. Only a starting daemon marks a new outbox; this never does.

    Raises:
        ConfigError: the outbox belongs to another state directory.
        OutboxUnavailable: this directory is not the outbox.
    """
    OutboxMarker(config.outbox.path, config.state.path).recognise()


def walk(root: Path, unreadable: Callable[[str], None] = lambda name: None) -> Iterator[str]:
    """Names of the files below a root, relative to it, in the order in which the directories list them.

    Args:
        root: where to begin.
        unreadable: called with each directory or entry that cannot be looked at; the walk goes on.
    """
    directories = [""]
    while directories:
        directory = directories.pop()
        try:
            with open_folder(root, directory) as fd, os.scandir(fd) as entries:
                for entry in entries:
                    name = f"{directory}/{entry.name}" if directory else entry.name
                    try:
                        is_directory = entry.is_dir(follow_symlinks=False)
                    except OSError:
                        unreadable(name)
                        continue
                    if is_directory:
                        directories.append(name)
                    else:
                        yield name
        except OSError:
            unreadable(directory)


def is_there(root: Path, name: str) -> bool:
    """Whether there is a regular file of this name below a root."""
    if (file := open_file(root, name)) is None:
        return False
    file.close()
    return True


def sha256_of(root: Path, name: str) -> str | None:
    """sha256 of a regular file below a root; None where none can be read."""
    if (file := open_file(root, name)) is None:
        return None
    with file, contextlib.suppress(OSError):
        return hashlib.file_digest(file, "sha256").hexdigest()
    return None


def read_file(root: Path, name: str, *, limit: int) -> bytes | None:
    """The bytes of a regular file below a root; None where none can be read.

    Of a longer file only the first `limit` bytes: whoever can write to the share may leave anything there.
    """
    if (file := open_file(root, name)) is None:
        return None
    with file, contextlib.suppress(OSError):
        return file.read(limit)
    return None


def is_utf8(name: str) -> bool:
    """Whether the store can be asked for a name. A name whose bytes are not UTF-8 belongs to no task."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def open_file(root: Path, name: str) -> BufferedReader | None:
    """A regular file below a root, open for reading; None where none can be opened."""
    directory, _, base = name.rpartition("/")
    try:
        with open_folder(root, directory) as parent:
            return os.fdopen(open_regular(base, parent), "rb")
    except OSError:
        return None
