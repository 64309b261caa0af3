"""Small filesystems of their own for tests: full, read-only, and unmounted under the daemon's feet."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def mount(path: Path, *, size: str = "16m") -> None:
    """Mounts a tmpfs; skips the calling test where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("mounting a tmpfs needs root")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no permission to mount a tmpfs here: {done.stderr.strip()}")


def unmount(path: Path) -> None:
    """Takes the filesystem away at once, as a lost share does: whoever has it open keeps a dead end."""
    subprocess.run(["umount", "--lazy", path], check=True, capture_output=True)


@contextmanager
def held(file: Path) -> Iterator[None]:
    """A file that nobody can replace for a while, as one that a spreadsheet has open on a Windows share (EBUSY)."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    done = subprocess.run(["mount", "--bind", file, file], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no permission to mount here: {done.stderr.strip()}")
    try:
        yield
    finally:
        unmount(file)


def remount(path: Path, how: str) -> None:
    """`ro` or `rw`."""
    subprocess.run(["mount", "-o", f"remount,{how}", path], check=True, capture_output=True)


@contextmanager
def tmpfs(path: Path, *, size: str = "16m") -> Iterator[None]:
    """A tmpfs on a folder, gone at the end whatever the test did with it."""
    mount(path, size=size)
    try:
        yield
    finally:
        while os.path.ismount(path):
            unmount(path)
