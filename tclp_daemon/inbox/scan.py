"""One look at the inbox: what is there, without following any link.

Absence means nothing here: a scan that finds no file changes no task, so an unmounted share is never mistaken for an
empty one.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import stat
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from tclp_daemon.files import identity_of, open_folder
from tclp_daemon.task import FileIdentity

# What editors, browsers, copy programs and file managers leave lying about while they work. DESIGN.md, "Inbox".
IGNORED = (
    *(".*", "~$*", "*.tmp", "*.part", "*.partial", "*.crdownload", "*.filepart", "thumbs.db", "desktop.ini"),
    *("*.swp", "*~", "$recycle.bin", "system volume information"),
)
SUPPORTED = (".txt", ".pdf", ".docx", ".doc", ".md")
MAX_DEPTH = 32


class Kind(StrEnum):
    """What bears a name."""

    FILE = "file"
    LINK = "link"
    FOLDER = "folder"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry, as one look saw it. `change_ns` moves with any write, rename or chmod, so settling watches it too."""

    source: str
    kind: Kind
    identity: FileIdentity
    change_ns: int


class InboxUnavailable(Exception):
    """The inbox cannot be read now: unmounted, stale, no permission. Never the same as empty."""


def is_ignored(name: str, patterns: tuple[str, ...] = ()) -> bool:
    """Whether a base name is passed over in silence."""
    lower = name.lower()
    return any(fnmatch.fnmatchcase(lower, pattern.lower()) for pattern in (*IGNORED, *patterns))


def scan(root: Path, *, recursive: bool = True, ignore: tuple[str, ...] = (), inodes_last: bool = True) -> list[Seen]:
    """Lists the inbox in a stable order.

    Args:
        root: the inbox.
        recursive: whether to look into sub-folders.
        ignore: more patterns of names to pass over.
        inodes_last: false on filesystems whose inode numbers change between mounts.

    Raises:
        InboxUnavailable: the root cannot be read.
    """
    found: list[Seen] = []
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with open_folder(root, folder) as fd, os.scandir(fd) as entries:
                children = sorted(entries, key=lambda e: e.name)
                for entry in children:
                    if is_ignored(entry.name, ignore):
                        continue
                    source = f"{folder}/{entry.name}" if folder else entry.name
                    try:
                        seen = _look(source, os.stat(entry.name, dir_fd=fd, follow_symlinks=False), inodes_last)
                    except OSError as error:
                        if error.errno in (errno.ENOENT, errno.EACCES):
                            continue  # gone since, or not ours to see
                        raise
                    if seen.kind is Kind.FOLDER:
                        if recursive and source.count("/") < MAX_DEPTH:
                            folders.append(source)
                        if not source.lower().endswith(SUPPORTED):
                            continue
                    found.append(seen)
        except OSError as error:
            # A sub-folder that went away or turned into a link costs nothing; the root, or a sick share, everything.
            if folder and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EPERM):
                continue
            raise InboxUnavailable(error.strerror or str(error)) from error
    return found


def _look(source: str, status: os.stat_result, inodes_last: bool) -> Seen:
    identity = identity_of(status, inodes_last=inodes_last)
    if stat.S_ISDIR(status.st_mode):
        # A folder's times change with every drop into it; only which folder it is counts.
        return Seen(source, Kind.FOLDER, FileIdentity(0, 0, identity.inode), 0)
    kind = Kind.FILE if stat.S_ISREG(status.st_mode) else Kind.LINK if stat.S_ISLNK(status.st_mode) else Kind.SPECIAL
    if kind is not Kind.FILE:
        identity = replace(identity, size=0)
    return Seen(source, kind, identity, status.st_ctime_ns)
