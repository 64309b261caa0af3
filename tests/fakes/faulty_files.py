"""The keyword daemon on files that fail on purpose: the one place where file operations are made to go wrong.

Run as a script with the command line's arguments. `TCLP_FAULTS` names a JSON file with a list of rules; the tests write
and empty it while the daemon runs (`Faults`). A rule:

    call      open, read, write, fsync, fsync_folder, rename, link, mkdir, stat, scandir or unlink; "*" for any of them;
              what not all shares know: noreplace (renameat2's flag), nofollow (open's flag), fchmod, utime
    under     the absolute path must start with this (paths are found through the descriptors, as the kernel sees them)
    name      a pattern that the base name must match, "*" where left out
    fault     an errno's name (ENOSPC, EIO, ESTALE, EACCES, EXDEV, EINVAL…), "SHORT" for a write of half the bytes,
              "HANG" for a call that does not return while the rule stands
    chance    a probability, 1 where left out
    times     how often at most, without end where left out

It also answers signals, for what files cannot do: SIGUSR1 kills the threads of the native watcher, SIGUSR2 sets the
daemon's clock forward by a day. Of the environment it takes more than `TCLP_FAULTS`:

    TCLP_REAL_MODEL      the classifier is the real one
    TCLP_STUCK_SECONDS   calls a silent part stuck after this many seconds
    TCLP_FIRST_PAUSE     restarts a failed part after this many seconds
    TCLP_STEADY_SECONDS  trusts the clock, and cleans up, after this many seconds
"""

from __future__ import annotations

import errno
import fnmatch
import json
import os
import random
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

FAULTY_DAEMON = Path(__file__)


class Faults:
    """The tests' side: sets the rules of a running faulty daemon.

    Args:
        path: the file that TCLP_FAULTS names.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set()

    def set(self, *rules: dict[str, Any]) -> None:
        """Replaces the rules; none heals everything."""
        temporary = self.path.with_suffix(".new")
        temporary.write_text(json.dumps([rule | {"id": random.getrandbits(60)} for rule in rules]))
        temporary.replace(self.path)

    @property
    def environment(self) -> dict[str, str]:
        """For the daemon's environment."""
        return {"TCLP_FAULTS": str(self.path)}


_OPTIONAL = ("noreplace", "nofollow", "fchmod", "utime")


class _Rules:
    """The daemon's side: the rules as they are now."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._rules: list[dict[str, Any]] = []
        self._used: dict[int, int] = {}
        self._lock = threading.Lock()
        self._stat, self._open = os.stat, open

    def now(self) -> list[dict[str, Any]]:
        with self._lock:
            status = self._stat(self._path)
            if (status.st_mtime_ns, status.st_ino) != self._seen:
                self._seen = (status.st_mtime_ns, status.st_ino)
                with self._open(self._path) as file:
                    self._rules = json.load(file)
            return self._rules

    def meet(self, call: str, path: str) -> str | None:
        """The fault that this call on this path suffers, None where it goes through."""
        for rule in self.now():
            if (rule["call"] != call and (rule["call"] != "*" or call in _OPTIONAL)) or not path.startswith(
                rule["under"]
            ):
                continue
            if not fnmatch.fnmatchcase(os.path.basename(path), rule.get("name", "*")):
                continue
            with self._lock:
                used = self._used.get(rule["id"], 0)
                if used >= rule.get("times", sys.maxsize) or random.random() >= rule.get("chance", 1):
                    continue
                self._used[rule["id"]] = used + 1
            if rule["fault"] == "HANG":
                while rule in self.now():
                    time.sleep(0.02)
                return None
            return str(rule["fault"])
        return None


def _where(path: Any, dir_fd: int | None = None) -> str:
    """The absolute path of a call's argument: a path, a descriptor, or a name relative to a descriptor."""
    if isinstance(path, int):
        return _readlink(f"/proc/self/fd/{path}")
    name = os.fsdecode(path)
    if dir_fd is not None and not name.startswith("/"):
        return f"{_readlink(f'/proc/self/fd/{dir_fd}')}/{name}"
    return os.path.abspath(name)


_readlink = os.readlink


def install(path: str) -> None:
    """Replaces the functions of `os` that the daemon writes and reads shared folders with."""
    from tclp_daemon.system import files

    rules = _Rules(path)

    def suffer(call: str, where: Callable[[], str]) -> str | None:
        if not rules.now():
            return None
        fault = rules.meet(call, where())
        if fault is None or fault == "SHORT":
            return fault
        raise OSError(getattr(errno, fault), os.strerror(getattr(errno, fault)))

    def wrap(name: str, call: str, folder: str = "dir_fd") -> None:
        real = getattr(os, name)

        def faulty(path: Any, *arguments: Any, **named: Any) -> Any:
            suffer(call, lambda: _where(path, named.get(folder)))
            return real(path, *arguments, **named)

        setattr(os, name, faulty)

    wrap("open", "open")
    wrap("mkdir", "mkdir")
    wrap("stat", "stat")
    wrap("unlink", "unlink")
    wrap("scandir", "scandir")
    wrap("read", "read")
    wrap("replace", "rename", "src_dir_fd")
    wrap("link", "link", "src_dir_fd")
    wrap("fchmod", "fchmod")
    wrap("utime", "utime")

    real_write, real_fsync, real_fdatasync, real_rename = os.write, os.fsync, os.fdatasync, files._renameat2
    real_open = os.open

    def write(fd: int, data: Any) -> int:
        if suffer("write", lambda: _where(fd)) == "SHORT" and len(data) > 1:
            return real_write(fd, memoryview(data)[: len(data) // 2])
        return real_write(fd, data)

    def fsync(fd: int) -> None:
        folder = stat.S_ISDIR(os.fstat(fd).st_mode)
        suffer("fsync_folder" if folder else "fsync", lambda: _where(fd))
        real_fsync(fd)

    def fdatasync(fd: int) -> None:
        suffer("fsync", lambda: _where(fd))
        real_fdatasync(fd)

    def open_(path: Any, flags: int, *arguments: Any, **named: Any) -> int:
        if flags & os.O_NOFOLLOW:
            suffer("nofollow", lambda: _where(path, named.get("dir_fd")))
        return int(real_open(path, flags, *arguments, **named))

    def renameat2(source_folder: int, source: bytes, target_folder: int, target: bytes, flags: int) -> int:
        try:
            if flags:
                suffer("noreplace", lambda: _where(target, target_folder))
            suffer("rename", lambda: _where(target, target_folder))
        except OSError as error:
            return error.errno or errno.EIO
        return real_rename(source_folder, source, target_folder, target, flags)

    os.write, os.fsync, os.fdatasync, os.open = write, fsync, fdatasync, open_  # type: ignore[assignment]
    files._renameat2 = renameat2


def _kill_watcher(number: int, frame: object) -> None:
    from watchdog.observers.api import BaseObserver

    for thread in threading.enumerate():
        if isinstance(thread, BaseObserver):
            for emitter in thread.emitters:
                emitter.stop()


def _set_clock_forward(number: int, frame: object) -> None:
    real = time.time
    time.time = lambda: real() + 86_400  # type: ignore[assignment]


# As the script, and in the workers, which import it under another name; never in the tests, which import `Faults`.
if __name__ in ("__main__", "__mp_main__"):
    from fakes.keyword_daemon import install as install_keyword

    if not os.environ.get("TCLP_REAL_MODEL"):
        install_keyword()
    if os.environ.get("TCLP_FAULTS"):
        install(os.environ["TCLP_FAULTS"])

if __name__ == "__main__":
    from tclp_daemon.cli.app import main
    from tclp_daemon.service import housekeeping, parts, watchdog

    signal.signal(signal.SIGUSR1, _kill_watcher)
    signal.signal(signal.SIGUSR2, _set_clock_forward)
    if "TCLP_STUCK_SECONDS" in os.environ:
        watchdog.STUCK_SECONDS = float(os.environ["TCLP_STUCK_SECONDS"])
    if "TCLP_FIRST_PAUSE" in os.environ:
        parts.FIRST_PAUSE = float(os.environ["TCLP_FIRST_PAUSE"])
    if "TCLP_STEADY_SECONDS" in os.environ:
        housekeeping.STEADY_SECONDS = float(os.environ["TCLP_STEADY_SECONDS"])
    main()
