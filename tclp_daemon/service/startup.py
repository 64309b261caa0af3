"""What must be true before the daemon starts, and the lock that makes it the only one of its state directory."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import socket
from pathlib import Path
from typing import Self

from tclp_daemon.config import Config, Ocr
from tclp_daemon.errors import ConfigError
from tclp_daemon.outbox.marker import REMEMBERED
from tclp_daemon.store import DATABASE
from tclp_daemon.system.files import open_folder
from tclp_daemon.system.mounts import filesystem_of, is_network

LOCK = "daemon.lock"


def prepare_state(state: Path) -> None:
    """Makes the state directory, private to the daemon.

    Raises:
        ConfigError: it is on a network filesystem or cannot be made.
    """
    filesystem = filesystem_of(state)
    if is_network(filesystem):
        raise ConfigError(
            f"state.path ({state}) is on {filesystem}, a network filesystem, where SQLite's locks cannot be trusted. "
            "Write a local directory such as /var/lib/tclp-daemon."
        )
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open_folder(state) as folder:
            os.fchmod(folder, 0o700)
        # Imported here, because commands that only ask who runs the daemon would load the log's library with it.
        from tclp_daemon.spool import Spool

        Spool(state).prepare()
    except OSError as error:
        raise ConfigError(
            f"The state directory {state} cannot be prepared ({error.strerror}). Create it and give it to the "
            "daemon's user."
        ) from None


def owner_to_run_as(state: Path) -> str | None:
    """The user that root should run a command as, because that user's daemon could not replace what root writes.

    None for anybody but root, and if the state directory is root's or does not exist yet.
    """
    try:
        owner = state.stat().st_uid
    except OSError:
        return None
    if os.geteuid() != 0 or owner == 0:
        return None
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"#{owner}"


def check_user(state: Path) -> None:
    """Call this before a command that writes to the outbox.

    Raises:
        ConfigError: root is about to write files that another user's daemon has to replace.
    """
    if (owner := owner_to_run_as(state)) is not None:
        raise ConfigError(
            f"The state directory {state} belongs to {owner}, who could not replace what root writes. "
            f"Run it as: runuser -u {owner} -- tclp-daemon ..."
        )


def check_shared_folders(config: Config) -> None:
    """On the very first start, inbox and outbox must exist: creating them would hide that a share is not mounted.

    Raises:
        ConfigError: one is missing or not a directory.
    """
    if (config.state.path / REMEMBERED).exists():
        return  # known from before; if they are away now they will come back
    for name, path in (("inbox.path", config.inbox.path), ("outbox.path", config.outbox.path)):
        if not path.is_dir():
            raise ConfigError(f"{name} ({path}) is not a directory. Mount the share, or create it: mkdir -p {path}")


def check_recognition(settings: Ocr) -> None:
    """Where text recognition is required, it must work before a scan is judged without it.

    Raises:
        ConfigError: there is no engine, or it lacks a language.
    """
    if settings.mode != "require":
        return
    # Imported here, since it loads libraries that the main process does not need otherwise.
    from tclp_daemon.ocr import EngineMissing, find_engine

    try:
        find_engine(settings)
    except EngineMissing as missing:
        raise ConfigError(
            f"ocr.mode is 'require', but {missing}. Install it (apt-get install tesseract-ocr, and tesseract-ocr-deu "
            "and the like for languages), or set ocr.mode = 'auto'."
        ) from None


def check_database(state: Path) -> None:
    """A state directory that has been in use must have its database: a new, empty one would forget every contract.

    Raises:
        ConfigError: it is gone or empty.
    """
    database = state / DATABASE
    if (state / REMEMBERED).exists() and not (database.exists() and database.stat().st_size):
        raise ConfigError(
            f"The task database {database} is lost although this state directory has been in use. Restore it from a "
            "backup, or run 'tclp-daemon rebuild', which makes a new one from the outbox and the spool."
        )


class StateLock:
    """Held while the daemon lives; the kernel releases it however the daemon ends. A context manager.

    Its file also records what the database looked like after a proper stop, so that the next start need not read all
    of it to know that it is sound.

    Args:
        state: the state directory.

    Attributes:
        untouched: the database is as the last owner left it at a proper stop.

    Raises:
        ConfigError: another daemon holds it; names that one.
    """

    def __init__(self, state: Path) -> None:
        self._fd = os.open(state / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = self._read().decode("ascii", "replace") or "another process"
            self.release()
            raise ConfigError(
                f"The state directory {state} is in use by {owner}. Stop that daemon first, or set another state.path."
            ) from None
        self._database = state / DATABASE
        self.untouched = self._read() == self._seal()
        self._write(json.dumps({"host": socket.gethostname(), "pid": os.getpid()}).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()

    def seal(self) -> None:
        """Records how the database is now, after its last connection was closed."""
        self._write(self._seal())

    def release(self) -> None:
        """Lets go."""
        os.close(self._fd)

    def _seal(self) -> bytes:
        try:
            found = self._database.stat()
        except OSError:
            return b"no database"
        return json.dumps({"stopped": [found.st_ino, found.st_size, found.st_mtime_ns]}).encode()

    def _read(self) -> bytes:
        return os.pread(self._fd, 4096, 0)

    def _write(self, content: bytes) -> None:
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, content, 0)


def running_pid(state: Path) -> int | None:
    """The pid of the daemon that holds the state directory; None if there is none, 0 if that cannot be determined."""
    try:
        fd = os.open(state / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            return int(json.loads(os.pread(fd, 4096, 0))["pid"])
        except (ValueError, KeyError):
            return 0
    else:
        return None
    finally:
        os.close(fd)
