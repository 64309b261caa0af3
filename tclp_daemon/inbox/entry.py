"""One entry of the inbox, as one look saw it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from enum import StrEnum

from tclp_daemon.system.files import identity_of
from tclp_daemon.task import FileIdentity


class EntryKind(StrEnum):
    """What a name refers to."""

    FILE = "file"
    LINK = "link"
    FOLDER = "folder"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look saw.

    Attributes:
        source: the name relative to the inbox, "/" separated, as the filesystem knows it.
        kind: what the name refers to.
        identity: tells this file from the next under its name.
        change_ns: changes with any write, rename or chmod, so settling watches it too.
    """

    source: str
    kind: EntryKind
    identity: FileIdentity
    change_ns: int


def seen_as(source: str, status: os.stat_result, inodes_last: bool) -> Seen:
    """The entry of a name with this status.

    Args:
        source: as in `Seen`.
        status: from lstat(2).
        inodes_last: false on filesystems whose inode numbers change between mounts.
    """
    identity = identity_of(status, inodes_last=inodes_last)
    if stat.S_ISREG(status.st_mode):
        return Seen(source, EntryKind.FILE, identity, status.st_ctime_ns)
    if stat.S_ISDIR(status.st_mode):
        # A directory's times change with every drop into it; only which directory it is counts.
        return Seen(source, EntryKind.FOLDER, FileIdentity(0, 0, identity.inode), 0)
    kind = EntryKind.LINK if stat.S_ISLNK(status.st_mode) else EntryKind.SPECIAL
    return Seen(source, kind, replace(identity, size=0), status.st_ctime_ns)
