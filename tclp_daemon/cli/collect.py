"""Which contracts the arguments of `submit` name, and what each is called in the inbox."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tclp_daemon.cli.words import printable
from tclp_daemon.errors import UsageError
from tclp_daemon.formats import SUFFIXES, suffix_of
from tclp_daemon.inbox.drop import Dropped
from tclp_daemon.inbox.scan import is_ignored

if TYPE_CHECKING:
    from tclp_daemon.config import Inbox


def collect(paths: Sequence[Path], inbox: Inbox) -> list[Dropped]:
    """The files, and the contracts in the directories, under the directory's own name.

    Raises:
        UsageError: something that the inbox would not accept, or two of the same name.
    """
    found: list[Dropped] = []
    for path in paths:
        name = path.resolve().name if path.is_dir() else path.name
        if is_ignored(name, inbox.ignore):
            raise UsageError(f"{printable(name)} would be ignored in the inbox because of its name. Rename it.")
        found += _in_directory(path, inbox) if path.is_dir() else [_single(path)]
    for name, times in Counter(item.name for item in found).items():
        if times > 1:
            raise UsageError(f"{times} of the files are named {printable(name)}. Submit them one after the other.")
    return found


def _single(path: Path) -> Dropped:
    if path.is_file() and path.stat().st_size == 0:
        raise UsageError(f"{printable(path.name)} is empty. Check that it was saved.")
    return Dropped(path, path.name)


def _in_directory(path: Path, inbox: Inbox) -> list[Dropped]:
    if not inbox.recursive:
        raise UsageError(
            f"{printable(str(path))} is a directory, and inbox.recursive is false. Submit its files instead."
        )
    found = list(_walk(path, inbox.ignore))
    if not found:
        raise UsageError(
            f"There is no contract in {printable(str(path))}. Name a directory with files that end in "
            f"{', '.join(SUFFIXES)}."
        )
    return found


def _walk(directory: Path, ignore: tuple[str, ...]) -> Iterator[Dropped]:
    """The contracts in a directory. What is skipped is named on stderr, except what the inbox ignores anyway."""
    root = directory.resolve()
    for parent, directories, names in os.walk(root):
        directories[:] = sorted(name for name in directories if not is_ignored(name, ignore))
        for name in sorted(names):
            path = Path(parent) / name
            if is_ignored(name, ignore):
                continue
            if suffix_of(name) not in SUFFIXES or path.is_symlink() or not path.is_file():
                typer.echo(f"Skipped: {printable(str(path))} is not a contract.", err=True)
            elif path.stat().st_size == 0:
                typer.echo(f"Skipped: {printable(str(path))} is empty.", err=True)
            else:
                yield Dropped(path, f"{root.name}/{path.relative_to(root).as_posix()}")
