"""Looks at the inbox: what is there that is not a task yet, without following any link.

Absence means nothing here: a look that finds no file changes no task, so an unmounted share is never mistaken for an
empty one.

An inbox whose originals stay holds ever more files that are done with, and a look must not cost more for each of them.
So a folder is looked at in one of three ways:

* *untouched*: its times are those of the last listing, and were old enough then to be believed. Only the files that
  still wait are looked at.
* *changed*: its names are listed. A name with the inode number it had before is passed over; all others are looked at.
* *in full*: every file is looked at and asked for in the store. That sees a file that was overwritten in place
  where nobody tells of it, or anything at all where a filesystem does not keep its folders' times. Full looks take
  `1 / _FULL_SHARE` of the time at most: each look is one in a small inbox, one in some minutes with 50,000 files. That
  also sees a file that was removed and made again, between two looks, with the inode number that had become free.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from tclp_daemon.formats import SUFFIXES
from tclp_daemon.inbox.ignored import is_ignored
from tclp_daemon.system.files import TEMP_PREFIX, identity_of, open_folder
from tclp_daemon.task import FileIdentity

__all__ = ["MAX_DEPTH", "EntryKind", "InboxUnavailable", "Scanner", "Seen", "is_ignored", "scan"]

MAX_DEPTH = 32
_FULL_SHARE = 500.0
_FULL_AT_LEAST = 3600.0
# The coarsest times that a filesystem keeps are two seconds apart (FAT). Within that two changes may show one time.
_COARSEST_SECONDS = 3.0
_BATCH = 256
# A name that was listed and is gone, or has turned into something else, costs nothing and is no trouble.
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
# These change on remote sides without a word to us, or never move (object stores): their folders' times prove nothing.
_NO_TIMES = ("fuse", "9p", "davfs", "vboxsf", "drvfs", "virtiofs")


class EntryKind(StrEnum):
    """What bears a name."""

    FILE = "file"
    LINK = "link"
    FOLDER = "folder"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry, as one look saw it. `change_ns` moves with any write, rename or chmod, so settling watches it too."""

    source: str
    kind: EntryKind
    identity: FileIdentity
    change_ns: int


class InboxUnavailable(Exception):
    """The inbox cannot be read now: unmounted, stale, no permission. Never the same as empty."""


@dataclass(slots=True)
class _Folder:
    """What is remembered of a folder.

    Attributes:
        times: device, inode, mtime, ctime at the last listing.
        since: when those times were first seen.
        listed: when it was last listed; None for one that could not be listed to its end.
        passed: hashes of (name, inode number, whether it is a folder) of what needs no further look.
        waiting: base names that are not tasks yet, or that somebody said have changed, with that hash (0: not known).
        folders: base names of the folders in it, in the order in which they were found.
    """

    times: tuple[int, int, int, int] | None = None
    since: float = 0.0
    listed: float | None = None
    passed: set[int] = field(default_factory=set)
    waiting: dict[str, int] = field(default_factory=dict)
    folders: dict[str, None] = field(default_factory=dict)


class Scanner:
    """Looks at one inbox again and again.

    Args:
        root: the inbox.
        known: of these files, the names of those that are tasks already.
        recursive: whether to look into sub-folders.
        ignore: more patterns of names to pass over.
        alive: called often, also within a long look.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        root: Path,
        *,
        known: Callable[[Sequence[Seen]], set[str]] = lambda seen: set(),
        recursive: bool = True,
        ignore: tuple[str, ...] = (),
        alive: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._known = known
        self._recursive = recursive
        self._ignore = ignore
        self._alive = alive
        self._clock = clock
        self._folders: dict[str, _Folder] = {}
        self._found: list[Seen] = []
        self._inodes_last = True
        self._full = True
        self._next_full = -1.0
        # Devices that were caught with a new name in a folder whose times had not moved.
        self._untimely: set[int] = set()
        self.troubles: dict[str, str] = {}
        """Entries that cannot be looked at, and why; everything else is looked at all the same."""
        self.looked_at = 0
        """How many entries the last look asked the filesystem for."""

    @property
    def empty(self) -> bool:
        """Whether the last look found nothing at all, as it does at the mount point of a share that is away."""
        root = self._folders.get("", _Folder())
        return not (root.passed or root.waiting or root.folders)

    def doubt(self, sources: Iterable[str]) -> None:
        """Somebody says that these have changed: the next look looks at them, whatever their folder's times say."""
        for source in sources:
            folder, _, name = source.rpartition("/")
            if folder in self._folders and not is_ignored(name, self._ignore):
                self._folders[folder].waiting.setdefault(name, 0)

    def doubt_all(self) -> None:
        """Asks for a full look next."""
        self._next_full = -1.0

    def look(self, *, inodes_last: bool = True, filesystem: str = "unknown") -> list[Seen]:
        """Everything that is not a task yet.

        Args:
            inodes_last: false on filesystems whose inode numbers change between mounts.
            filesystem: its type; on some the times of folders prove nothing.

        Raises:
            InboxUnavailable: the root cannot be read, or nothing in it can.
        """
        began = self._clock()
        self._full = began >= self._next_full
        self._inodes_last = inodes_last
        timely = not filesystem.startswith(_NO_TIMES)
        before, self._folders = self._folders, {}
        self._found, self.troubles = [], {}
        self.looked_at = self._fine = 0
        try:
            with open_folder(self._root) as root:
                stack = [""]
                while stack:
                    path = stack.pop()
                    folder = self._visit(root, path, before.get(path) or _Folder(), timely)
                    if folder is None:
                        continue
                    self._folders[path] = folder
                    if not self._recursive or not folder.folders or path in self.troubles:
                        continue
                    if len(path.split("/")) < MAX_DEPTH:
                        stack.extend(f"{path}/{name}" if path else name for name in folder.folders)
                    else:
                        self.troubles[path] = f"folders in it lie more than {MAX_DEPTH} deep; move them up"
        except OSError as error:
            self._folders = before  # what was learnt of the folders still holds when the share is back
            raise InboxUnavailable(error.strerror or str(error)) from error
        except BaseException:
            self._folders = before
            raise
        if self.troubles and not self._fine:
            # One bad entry among good ones costs only itself; nothing but bad ones means that the share is sick.
            raise InboxUnavailable(next(iter(self.troubles.values())))
        if self._full:
            self._next_full = self._clock() + min(_FULL_AT_LEAST, (self._clock() - began) * _FULL_SHARE)
        return self._found

    # -- inside ----------------------------------------------------------------------------------------------------

    def _visit(self, root: int, path: str, folder: _Folder, timely: bool) -> _Folder | None:
        """Looks at one folder; None where it is gone.

        Raises:
            OSError: it is the root, and cannot be read.
        """
        self._alive()
        try:
            times = _times_of(os.stat(path or ".", dir_fd=root, follow_symlinks=False))
            now = self._clock()
            same = times == folder.times
            believed = (
                same and folder.listed is not None and folder.listed - folder.since >= _COARSEST_SECONDS
                and timely and times[0] not in self._untimely
            )  # fmt: skip
            if believed and not self._full:
                if folder.waiting:
                    with open_folder(root, path) as fd:
                        waiting = list(folder.waiting.items())
                        for start in range(0, len(waiting), _BATCH):
                            self._look_at(fd, path, folder, dict(waiting[start : start + _BATCH]))
                else:
                    self._fine += 1
                return folder
            fresh = _Folder(times, folder.since if same else now)
            with open_folder(root, path) as fd:
                if (opened := _times(fd)) != times:  # times and names must be those of one folder
                    fresh.times, fresh.since = opened, now
                self._list(fd, path, folder, fresh)
                news = fresh.waiting.items() - folder.waiting.items()
                if believed and any(mark not in folder.passed for _, mark in news) and _times(fd) == times:
                    self._untimely.add(times[0])
            fresh.listed = now
            return fresh
        except OSError as error:
            if not path:
                raise
            if error.errno not in _GONE:
                self.troubles[path] = error.strerror or str(error)
                return replace(folder, listed=None)
            return None

    def _list(self, fd: int, path: str, before: _Folder, folder: _Folder) -> None:
        """Lists a folder into `folder`; what has not changed since `before` is passed over, but in a full look."""
        names: dict[str, int] = {}
        with os.scandir(fd) as entries:
            for number, entry in enumerate(entries):
                if number % _BATCH == 0:
                    self._alive()
                name = entry.name
                is_folder = _is_folder(entry)
                mark = hash((name, entry.inode(), is_folder))
                if not self._full and mark in before.passed and name not in before.waiting:
                    folder.passed.add(mark)
                    self._fine += 1
                    if is_folder and not is_ignored(name, self._ignore):
                        folder.folders[name] = None
                elif name.startswith(TEMP_PREFIX):
                    continue  # our heartbeat makes no mount point look full
                elif is_ignored(name, self._ignore):
                    folder.passed.add(mark)
                else:
                    names[name] = mark
                    if len(names) == _BATCH:  # in portions, so that a large inbox costs no memory
                        self._look_at(fd, path, folder, names)
                        names = {}
        self._look_at(fd, path, folder, names)

    def _look_at(self, fd: int, path: str, folder: _Folder, names: dict[str, int]) -> None:
        """Looks at these names of a folder, and sorts them into what waits and what can be passed over."""
        self._alive()
        seen: dict[str, Seen] = {}
        for name, mark in names.items():
            source = f"{path}/{name}" if path else name
            self.looked_at += 1
            try:
                status = os.stat(name, dir_fd=fd, follow_symlinks=False)
            except OSError as error:
                if error.errno in _GONE:
                    folder.waiting.pop(name, None)
                else:
                    self.troubles[source] = error.strerror or str(error)
                    folder.waiting[name] = mark
                continue
            self._fine += 1
            item = seen_as(source, status, self._inodes_last)
            folder.waiting[name] = mark or hash((name, status.st_ino, stat.S_ISDIR(status.st_mode)))
            seen[name] = item
            if item.kind is EntryKind.FOLDER:
                folder.folders[name] = None
        asked = [item for item in seen.values() if not _is_plain_folder(item)]
        known = self._known(asked) if asked else set()
        for name, item in seen.items():
            if item.source in known or _is_plain_folder(item):
                folder.passed.add(folder.waiting.pop(name))
            else:
                self._found.append(item)


def scan(root: Path, *, recursive: bool = True, ignore: tuple[str, ...] = (), inodes_last: bool = True) -> list[Seen]:
    """Lists the whole inbox once, in a stable order.

    Raises:
        InboxUnavailable: the root cannot be read.
    """
    found = Scanner(root, recursive=recursive, ignore=ignore).look(inodes_last=inodes_last)
    return sorted(found, key=lambda seen: seen.source)


def _times(fd: int) -> tuple[int, int, int, int]:
    return _times_of(os.fstat(fd))


def _times_of(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # some filesystems must be asked for it
        return False


def _is_plain_folder(item: Seen) -> bool:
    """A folder that only is walked into; one that is named like a contract is somebody's mistake, and told of."""
    return item.kind is EntryKind.FOLDER and not item.source.lower().endswith(SUFFIXES)


def seen_as(source: str, status: os.stat_result, inodes_last: bool) -> Seen:
    """An entry of this status, as a look sees it."""
    identity = identity_of(status, inodes_last=inodes_last)
    if stat.S_ISDIR(status.st_mode):
        # A folder's times change with every drop into it; only which folder it is counts.
        return Seen(source, EntryKind.FOLDER, FileIdentity(0, 0, identity.inode), 0)
    kind = (
        EntryKind.FILE
        if stat.S_ISREG(status.st_mode)
        else EntryKind.LINK
        if stat.S_ISLNK(status.st_mode)
        else EntryKind.SPECIAL
    )
    if kind is not EntryKind.FILE:
        identity = replace(identity, size=0)
    return Seen(source, kind, identity, status.st_ctime_ns)
