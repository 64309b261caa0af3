"""Looking at what lies below a folder that other people can write to: names and contents, no links, nothing changed."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path

from tclp_daemon.system.files import open_folder, open_regular


def walk(root: Path, unreadable: Callable[[str], None] = lambda name: None) -> Iterator[str]:
    """Names of the files below a root, relative to it, as the folders list them; links are not followed.

    Args:
        root: of the walk.
        unreadable: told of each folder or entry that cannot be looked at; the walk goes on.
    """
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with open_folder(root, folder) as fd, os.scandir(fd) as entries:
                for entry in entries:
                    name = f"{folder}/{entry.name}" if folder else entry.name
                    try:
                        is_folder = entry.is_dir(follow_symlinks=False)
                    except OSError:
                        unreadable(name)
                        continue
                    if is_folder:
                        folders.append(name)
                    else:
                        yield name
        except OSError:
            unreadable(folder)


def is_there(root: Path, name: str) -> bool:
    """Whether there is a regular file of this name below a root."""
    if (file := open_file(root, name)) is None:
        return False
    file.close()
    return True


def sha256_of(root: Path, name: str) -> str | None:
    """sha256 of a regular file below a root, None where none can be read; links are not followed."""
    if (file := open_file(root, name)) is None:
        return None
    with file, contextlib.suppress(OSError):
        return hashlib.file_digest(file, "sha256").hexdigest()
    return None


def read_file(root: Path, name: str, *, limit: int) -> bytes | None:
    """A regular file below a root, None where none can be read; links are not followed.

    Of one that is longer than the limit only so much: whoever can write to the share may leave anything there.
    """
    if (file := open_file(root, name)) is None:
        return None
    with file, contextlib.suppress(OSError):
        return file.read(limit)
    return None


def is_text(name: str) -> bool:
    """Whether the store can be asked for a name: not one with bytes that are no UTF-8, which no task of ours has."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def open_file(root: Path, name: str) -> BufferedReader | None:
    """A regular file below a root for reading, None where none can be opened; links are not followed."""
    folder, _, base = name.rpartition("/")
    try:
        with open_folder(root, folder) as parent:
            return os.fdopen(open_regular(base, parent), "rb")
    except OSError:
        return None
