"""Looks at the inbox: what is there that is not a task yet, without following any symlink.

Absence means nothing here: a look that finds no file changes no task, so an unmounted share is never mistaken for an
empty one.

An inbox whose originals stay holds more and more files that are done with, and none of them may add to the cost of a
look. So a directory is looked at in one of three ways:

* *untouched*: its times are those of the last listing, and were old enough then to be trusted. Only the files that
  still wait are looked at.
* *changed*: its names are listed. A name with the inode number it had before is skipped; all others are looked at.
* *in full*: every file is looked at, and the store is asked about it. That finds a file that was overwritten in place
  without an event, and any change on a filesystem that does not keep its directories' times. It also finds a file that
  was removed and made again between two looks with the inode number that had become free. Full looks take
  `1 / _FULL_SHARE` of the time at most: every look at a small inbox is one; with 50,000 files, one in some minutes.

Asking for the times of thousands of directories costs something, too. While native events name whatever changes, a
look asks only for directories in which something waits or has just changed; all of them are asked now and then.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tclp_daemon.formats import SUFFIXES
from tclp_daemon.inbox.entry import EntryKind, Seen, seen_as
from tclp_daemon.inbox.ignored import is_ignored
from tclp_daemon.system.files import GONE, TEMP_PREFIX, open_folder

__all__ = ["MAX_DEPTH", "InboxUnavailable", "Scanner", "is_ignored", "scan"]

MAX_DEPTH = 32
_FULL_SHARE = 500.0
_FULL_AT_LEAST = 3600.0
# While events name what changes, all directories are asked for their times this often at least, in seconds.
_WALK_AT_LEAST = 120.0
# A name that is this old and was in no event shows that not all events are heard, as when the kernel grants no more
# watches. Then all directories are asked at each look for an hour.
_EVENT_SECONDS = 5.0
# FAT keeps the coarsest times, in steps of two seconds; two changes within one step show the same time.
_COARSEST_SECONDS = 3.0
_BATCH = 256
# Here the remote side changes things without an event, or directories' times never change (object stores), so that they
# prove nothing.
_NO_TIMES = ("fuse", "9p", "davfs", "vboxsf", "drvfs", "virtiofs")


class InboxUnavailable(Exception):
    """The inbox cannot be read now: unmounted, stale, no permission. Never the same as empty."""


@dataclass(slots=True)
class _Folder:
    """What is remembered of a directory.

    Attributes:
        times: device, inode, mtime, ctime at the last listing.
        since: when those times were first seen.
        listed: when it was last listed; None if it could not be listed to its end.
        skipped: hashes of (name, inode number, whether it is a directory) of what needs no further look.
        waiting: base names that are not tasks yet, or that an event named, with that hash (0: not known).
        folders: base names of the directories in it, in the order in which they were found.
    """

    times: tuple[int, int, int, int] | None = None
    since: float = 0.0
    listed: float | None = None
    skipped: set[int] = field(default_factory=set)
    waiting: dict[str, int] = field(default_factory=dict)
    folders: dict[str, None] = field(default_factory=dict)

    def is_listed_at(self, times: tuple[int, int, int, int]) -> bool:
        """Whether it was listed with these times, long enough after the change that set them."""
        return times == self.times and self.is_quiet()

    def is_quiet(self) -> bool:
        """Whether it was listed long enough after its last change."""
        return self.listed is not None and self.listed - self.since >= _COARSEST_SECONDS


class Scanner:
    """Looks at one inbox again and again.

    Args:
        root: the inbox.
        known: of these files, the names of those that are tasks already.
        recursive: whether to look into sub-directories.
        ignore: more patterns of names to skip.
        alive: called often, also within a long look.
        clock: seconds, monotonic.

    Attributes:
        troubles: entries that the last look could not look at, and why; it looked at everything else all the same.
        looked_at: how many entries the last look asked the filesystem for.
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
        self._busy: set[str] = set()  # those of them in which something waits or has just changed, and the inbox
        self._found: list[Seen] = []
        self._inodes_last = True
        self._timely = True  # the times of directories prove something on this filesystem
        self._full = True
        self._next_full = -1.0
        self._next_walk = -1.0
        self._told = False
        self._deaf_until = -1.0
        # Devices that were caught with a new name in a directory whose times had not changed.
        self._untimely: set[int] = set()
        self._fine = 0  # entries that could be looked at
        self.troubles: dict[str, str] = {}
        self.looked_at = 0

    @property
    def empty(self) -> bool:
        """Whether the last look found nothing at all, as it does at the mount point of a share that is away."""
        root = self._folders.get("", _Folder())
        return not (root.skipped or root.waiting or root.folders)

    @property
    def directories(self) -> int:
        """How many directories the last looks found, the inbox included."""
        return len(self._folders)

    def doubt(self, sources: Iterable[str]) -> None:
        """An event says that these have changed: the next look looks at them, whatever their directory's times say."""
        for source in sources:
            folder, _, name = source.rpartition("/")
            while folder and folder not in self._folders:
                folder, _, name = folder.rpartition("/")  # a new directory: its parent is the one that knows of it
            if folder in self._folders and not is_ignored(name, self._ignore):
                self._folders[folder].waiting.setdefault(name, 0)
                self._busy.add(folder)

    def doubt_all(self) -> None:
        """Asks for a full look next."""
        self._next_full = -1.0

    def look(self, *, inodes_last: bool = True, filesystem: str = "unknown", told: bool = False) -> list[Seen]:
        """Everything that is not a task yet.

        Args:
            inodes_last: false on filesystems whose inode numbers change between mounts.
            filesystem: its type; on some the times of directories prove nothing.
            told: native events have named everything that changed since the last look (`doubt`).

        Raises:
            InboxUnavailable: the root cannot be read, or nothing in it can.
        """
        began = self._clock()
        self._full = began >= self._next_full
        self._inodes_last = inodes_last
        self._timely = not filesystem.startswith(_NO_TIMES)
        self._told = told and began >= self._deaf_until
        everywhere = (
            self._full or not self._told or began >= self._next_walk or not self._timely or bool(self._untimely)
        )
        before, busy, troubles = self._folders, self._busy, self.troubles
        if everywhere:
            self._folders, self._busy = {}, set()
        self._found, self.troubles = [], {}
        self.looked_at = self._fine = 0
        try:
            with open_folder(self._root) as root:
                if everywhere:
                    self._walk(root, before, [""], everywhere)
                    self._next_walk = self._clock() + min(_WALK_AT_LEAST, (self._clock() - began) * _FULL_SHARE)
                else:
                    # Directories that are not asked now are as well, or as wrong, as they were.
                    self.troubles = {p: why for p, why in troubles.items() if p in before and p not in busy}
                    self._fine = len(before) - len(busy) - len(self.troubles)
                    self._walk(root, before, list(busy), everywhere)
        except BaseException as error:
            # What was learnt about the directories still holds when the share is back.
            self._folders, self._busy = before, busy
            if isinstance(error, OSError):
                raise InboxUnavailable(error.strerror or str(error)) from error
            raise
        if self.troubles and not self._fine:
            # One bad entry among good ones costs only itself; nothing but bad ones means that the share is sick.
            raise InboxUnavailable(next(iter(self.troubles.values())))
        if self._full:
            self._next_full = self._clock() + min(_FULL_AT_LEAST, (self._clock() - began) * _FULL_SHARE)
        return self._found

    # -- inside ----------------------------------------------------------------------------------------------------

    def _walk(self, root: int, before: dict[str, _Folder], stack: list[str], everywhere: bool) -> None:
        """Visits these directories, and in them all others or only those that are new or were named."""
        while stack:
            path = stack.pop()
            was = before.get(path) or _Folder()
            named = set(was.waiting)
            folder = self._visit(root, path, was)
            if folder is None:
                self._folders.pop(path, None)
                self._busy.discard(path)
                continue
            self._folders[path] = folder
            if not path or folder.waiting or not folder.is_quiet():
                self._busy.add(path)
            else:
                self._busy.discard(path)
            if not self._recursive or not folder.folders or path in self.troubles:
                continue
            if len(path.split("/")) < MAX_DEPTH:
                inside = ((name, f"{path}/{name}" if path else name) for name in folder.folders)
                stack.extend(sub for name, sub in inside if everywhere or name in named or sub not in self._folders)
            else:
                self.troubles[path] = f"directories in it are more than {MAX_DEPTH} deep; move them up"

    def _visit(self, root: int, path: str, folder: _Folder) -> _Folder | None:
        """Looks at one directory; None if it is gone.

        Raises:
            OSError: it is the root, and cannot be read.
        """
        self._alive()
        try:
            times = _times_of(os.stat(path or ".", dir_fd=root, follow_symlinks=False))
            untouched = folder.is_listed_at(times) and self._timely and times[0] not in self._untimely
            if untouched and not self._full:
                self._look_at_waiting(root, path, folder)
                return folder
            return self._list_again(root, path, folder, times, untouched)
        except OSError as error:
            if not path:
                raise
            if error.errno not in GONE:
                self.troubles[path] = error.strerror or str(error)
                return replace(folder, listed=None)
            return None

    def _look_at_waiting(self, root: int, path: str, folder: _Folder) -> None:
        """Looks only at what still waits in an untouched directory."""
        if not folder.waiting:
            self._fine += 1
            return
        waiting = list(folder.waiting.items())
        with open_folder(root, path) as fd:
            for start in range(0, len(waiting), _BATCH):
                self._look_at(fd, path, folder, dict(waiting[start : start + _BATCH]))

    def _list_again(
        self, root: int, path: str, before: _Folder, times: tuple[int, int, int, int], untouched: bool
    ) -> _Folder:
        """Lists a directory; one that looked untouched and has a new name shows that its device keeps no such times."""
        now = self._clock()
        folder = _Folder(times, before.since if times == before.times else now)
        with open_folder(root, path) as fd:
            if (opened := _times(fd)) != times:  # times and names must be those of one directory
                folder.times, folder.since = opened, now
            self._list(fd, path, before, folder)
            news = folder.waiting.items() - before.waiting.items()
            new = any(mark not in before.skipped for _, mark in news)
            if untouched and new and _times(fd) == times:
                self._untimely.add(times[0])
            if new and self._told and before.is_quiet() and time.time() - times[2] / 1e9 > _EVENT_SECONDS:
                self._deaf_until = now + _FULL_AT_LEAST
        folder.listed = now
        return folder

    def _list(self, fd: int, path: str, before: _Folder, folder: _Folder) -> None:
        """Lists a directory into `folder`; what has not changed since `before` is skipped, except in a full look."""
        names: dict[str, int] = {}
        with os.scandir(fd) as entries:
            for number, entry in enumerate(entries):
                if number % _BATCH == 0:
                    self._alive()
                name = entry.name
                is_folder = _is_folder(entry)
                mark = hash((name, entry.inode(), is_folder))
                if not self._full and mark in before.skipped and name not in before.waiting:
                    folder.skipped.add(mark)
                    self._fine += 1
                    if is_folder and not is_ignored(name, self._ignore):
                        folder.folders[name] = None
                elif name.startswith(TEMP_PREFIX):
                    continue  # our own heartbeat must not make a mount point look full
                elif is_ignored(name, self._ignore):
                    folder.skipped.add(mark)
                else:
                    names[name] = mark
                    if len(names) == _BATCH:  # in portions, so that a large inbox costs no memory
                        self._look_at(fd, path, folder, names)
                        names = {}
        self._look_at(fd, path, folder, names)

    def _look_at(self, fd: int, path: str, folder: _Folder, names: dict[str, int]) -> None:
        """Looks at these names of a directory, and sorts them into what waits and what can be skipped."""
        self._alive()
        seen: dict[str, Seen] = {}
        for name, mark in names.items():
            source = f"{path}/{name}" if path else name
            self.looked_at += 1
            try:
                status = os.stat(name, dir_fd=fd, follow_symlinks=False)
            except OSError as error:
                if error.errno in GONE:
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
                folder.skipped.add(folder.waiting.pop(name))
            else:
                self._found.append(item)


def scan(root: Path, *, recursive: bool = True, ignore: tuple[str, ...] = (), inodes_last: bool = True) -> list[Seen]:
    """Lists the complete inbox once, in a stable order.

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
    """A directory that is only walked into. One that is named like a contract becomes a failed task."""
    return item.kind is EntryKind.FOLDER and not item.source.lower().endswith(SUFFIXES)
