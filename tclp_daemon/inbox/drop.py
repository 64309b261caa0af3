"""Puts files into an inbox as a careful program does: a hidden copy with a random name first, then a rename.

Others can write to the inbox, too: nothing is ever written through a symlink, and a file is replaced only if the caller
knows that it was accepted.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tclp_daemon.system.files import open_folder, rename_noreplace, write_all

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file and the name that it takes in the inbox, "/" separated."""

    file: Path
    name: str


@dataclass(frozen=True, slots=True)
class _Copied:
    name: str
    part: str


def drop(
    inbox: Path,
    files: Sequence[Dropped],
    *,
    is_accepted: Callable[[str, os.stat_result], bool] = lambda name, status: False,
) -> None:
    """Copies all files, then gives all of them their names: if one cannot be copied, the inbox stays as it was.

    Args:
        inbox: the inbox root.
        files: what to drop; directories in the names are made where they are missing.
        is_accepted: whether the file that has a name in the inbox was accepted already and only stays there (leave
            mode).

    Raises:
        FileExistsError: a name is taken, by a symlink for example; `filename` is that name.
        OSError: a file cannot be read, or the inbox cannot take it.
    """
    copied: list[_Copied] = []
    try:
        for item in files:
            copied.append(_copy(inbox, item))
        for done in copied:
            with _folder_of(inbox, done.name) as (folder, base):
                try:
                    rename_noreplace(done.part, folder, base, folder)
                except FileExistsError:
                    _replace(folder, done, base, is_accepted)
    finally:
        for done in copied:
            with contextlib.suppress(OSError), _folder_of(inbox, done.name) as (folder, _):
                os.unlink(done.part, dir_fd=folder)


def _copy(inbox: Path, item: Dropped) -> _Copied:
    part = _hidden_name()
    with item.file.open("rb") as source, _folder_of(inbox, item.name) as (folder, _):
        # The umask decides about permissions, as it does with cp: the daemon may run as another user.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        target = os.open(part, flags, 0o666, dir_fd=folder)
        try:
            while chunk := source.read(_CHUNK):
                write_all(target, chunk)
        except BaseException:
            os.unlink(part, dir_fd=folder)
            raise
        finally:
            os.close(target)
    return _Copied(item.name, part)


def _replace(folder: int, done: _Copied, base: str, is_accepted: Callable[[str, os.stat_result], bool]) -> None:
    """Puts the new file in the place of one that was accepted: moved aside first, so that only that one can go."""
    taken = FileExistsError(f"{done.name} is in the inbox already")
    taken.filename = done.name
    if not is_accepted(done.name, os.stat(base, dir_fd=folder, follow_symlinks=False)):
        raise taken
    aside = _hidden_name()
    rename_noreplace(base, folder, aside, folder)
    if not is_accepted(done.name, os.stat(aside, dir_fd=folder, follow_symlinks=False)):
        rename_noreplace(aside, folder, base, folder)
        raise taken
    rename_noreplace(done.part, folder, base, folder)
    os.unlink(aside, dir_fd=folder)


def _hidden_name() -> str:
    return f".submit-{secrets.token_hex(8)}.part"


@contextlib.contextmanager
def _folder_of(inbox: Path, name: str) -> Iterator[tuple[int, str]]:
    parent, _, base = name.rpartition("/")
    umask = os.umask(0)
    os.umask(umask)
    with open_folder(inbox, parent, create=0o777 & ~umask) as folder:
        yield folder, base
