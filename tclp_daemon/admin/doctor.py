"""Is everything in place? One check after the other, each with a health, a sentence, and advice where it fails.

To add a check, write a function that yields what it found, and put it into `CHECKS`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tclp_daemon.admin.capabilities import canary, lacking
from tclp_daemon.admin.trees import recognise_outbox
from tclp_daemon.config import Config
from tclp_daemon.errors import ConfigError, ContractError
from tclp_daemon.inbox.heartbeat import InboxHeartbeat
from tclp_daemon.inbox.native import NativeWatcher
from tclp_daemon.inbox.process import Process
from tclp_daemon.ocr import EngineMissing, find_engine
from tclp_daemon.outbox.marker import OutboxUnavailable
from tclp_daemon.service.startup import check_database, owner_to_run_as, running_pid
from tclp_daemon.store import DATABASE, OlderDatabase, ReadOnlyStore, journal_mode
from tclp_daemon.system.mounts import filesystem_of, is_network
from tclp_daemon.workers.local import LocalPool
from tclp_daemon.workers.process import score

# Our own sentences, and clear cases: any useful model must tell them apart.
KNOWN_CLIMATE = "The Supplier shall reduce its greenhouse gas emissions to net zero by 2040 and report them each year."
KNOWN_OTHER = "This Agreement may be executed in any number of counterparts."
_LOW_SPACE = 1_000_000_000  # bytes
_CLOCK_DRIFT = 5  # seconds
_CLOCK_BEHIND = 1_750_000_000  # POSIX time in June 2025, before the first release
_EVENT_SECONDS = 5  # how long a native event may take to arrive
_START = "Start it: systemctl start tclp-daemon"


class Health(StrEnum):
    """How a check went."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a check found.

    Attributes:
        name: of what was checked; stable, for scripts.
        health: how it is.
        message: one sentence.
        advice: what to do about it.
    """

    name: str
    health: Health
    message: str
    advice: str = ""


def examine(config: Config) -> Iterator[Diagnosis]:
    """Runs every check that applies. Their order is such that the first failure explains the later ones."""
    for check in CHECKS:
        yield from check(config)


def _ok(name: str, message: str, advice: str = "") -> Diagnosis:
    return Diagnosis(name, Health.OK, message, advice)


def _warning(name: str, message: str, advice: str) -> Diagnosis:
    return Diagnosis(name, Health.WARNING, message, advice)


def _failed(name: str, message: str, advice: str) -> Diagnosis:
    return Diagnosis(name, Health.FAILED, message, advice)


def _config(config: Config) -> Iterator[Diagnosis]:
    yield _ok("config", "The configuration is sound.")  # or there would be no `Config`


def _user(config: Config) -> Iterator[Diagnosis]:
    if (owner := owner_to_run_as(config.state.path)) is not None:
        yield _warning(
            "user",
            f"You are root, but the daemon's user is {owner}: these checks reflect root's permissions, not the "
            "daemon's.",
            f"Run it as: runuser -u {owner} -- tclp-daemon doctor",
        )


def _inbox(config: Config) -> Iterator[Diagnosis]:
    path = config.inbox.path
    if config.inbox.when_accepted == "move" or not path.is_dir():
        yield from _shared_directory("inbox", path)
    elif os.access(path, os.R_OK | os.X_OK):
        yield _ok("inbox", f"{_described(path)} is readable.")
    else:
        yield _failed("inbox", f"{_described(path)} is not readable.", "Give the daemon's user read access there.")


def _outbox(config: Config) -> Iterator[Diagnosis]:
    yield from _shared_directory("outbox", config.outbox.path)


def _shared_directory(name: str, path: Path) -> Iterator[Diagnosis]:
    """A directory that the daemon writes to: does it work, and what does its filesystem lack?"""
    if not path.is_dir():
        yield _failed(name, f"{path} is not a directory.", f"Mount the share, or create it: mkdir -p {path}")
        return
    filesystem = filesystem_of(path)
    try:
        canary(path)
        missing = lacking(path)
    except OSError as error:
        yield _failed(
            name,
            f"{path} ({filesystem}): a test file failed: {error.strerror or error}.",
            "Give the daemon's user read and write access there; check that the share is mounted read-write.",
        )
        return
    yield _ok(name, f"{_described(path)}: create, rename, replace, fsync and read back work.")
    if missing:
        listed = "; ".join(f"{capability.name} ({capability.without})" for capability in missing)
        yield _warning(
            f"{name} features",
            f"{path} ({filesystem}) does not support: {listed}.",
            "The daemon works all the same. If the share can be mounted in a way that supports more (Samba or NFS "
            "instead of FUSE), use that.",
        )


def _described(path: Path) -> str:
    filesystem = filesystem_of(path)
    return f"{path} ({filesystem}, {'network, polled' if is_network(filesystem) else 'local, native events'})"


def _marker(config: Config) -> Iterator[Diagnosis]:
    try:
        recognise_outbox(config)
    except OutboxUnavailable as problem:
        yield _failed(
            "marker",
            f"{config.outbox.path}: {problem}",
            "Mount the share. If it is mounted, see 'The outbox's marker is missing' in docs/howto/administer.md.",
        )
    except ConfigError as error:
        yield _failed(
            "marker",
            str(error),
            "Give outbox.path a directory of its own, or, if the other state directory is lost: tclp-daemon rebuild",
        )


def _move(config: Config) -> Iterator[Diagnosis]:
    try:
        same = config.inbox.path.stat().st_dev == config.outbox.path.stat().st_dev
    except OSError:
        return
    if not same and config.inbox.when_accepted == "move":
        yield _warning(
            "move",
            "Inbox and outbox are on different filesystems, so contracts are copied, not renamed.",
            "It works, but more slowly. Put both on the same share if you can.",
        )


def _state(config: Config) -> Iterator[Diagnosis]:
    path = config.state.path
    filesystem = filesystem_of(path)
    if is_network(filesystem):
        yield _failed("state", f"{path} is on {filesystem}, a network filesystem.", "Set state.path to a local path.")
        return
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        canary(path)
    except OSError as error:
        program = Path(sys.executable).with_name("tclp-daemon")  # sudo need not have it in its path
        yield _failed(
            "state",
            f"{path} cannot be written: {error.strerror or error}.",
            f"Run doctor as the daemon's user: sudo -u tclp-daemon {program} doctor. On a new machine make the "
            f"directory first: install -d -o tclp-daemon -g tclp-daemon -m 700 {path}",
        )
        return
    yield _ok("state", f"{path} ({filesystem}) is local and writable.")


def _space(config: Config) -> Iterator[Diagnosis]:
    for name, path in (("state", config.state.path), ("outbox", config.outbox.path)):
        if not path.is_dir():
            continue
        free = shutil.disk_usage(path).free
        message = f"{free / 1e9:.1f} GB free for the {name}."
        if free < _LOW_SPACE:
            yield _warning(f"{name} space", message, "Free some space: when there is none left, contracts wait.")
        else:
            yield _ok(f"{name} space", message)


def _clock(config: Config) -> Iterator[Diagnosis]:
    """The share's clock against this machine's: times in sidecars and ages of files come from both."""
    try:
        with tempfile.NamedTemporaryFile(dir=config.outbox.path, prefix=".tclp-canary-") as file:
            before = time.time()
            file.write(b"now")
            file.flush()
            drift = os.fstat(file.fileno()).st_mtime - before
    except OSError:
        yield _warning("clock", "The outbox's clock could not be read.", "See the outbox check.")
        return
    if time.time() < _CLOCK_BEHIND:
        yield _failed("clock", "The system clock is years behind.", "Set the clock: timedatectl set-ntp true")
    elif abs(drift) > _CLOCK_DRIFT:
        yield _warning(
            "clock",
            f"The outbox's clock differs from this machine's by {drift:.0f} s.",
            "Synchronise both: timedatectl",
        )
    else:
        yield _ok("clock", "The outbox's clock agrees with this machine's.")


def _database(config: Config) -> Iterator[Diagnosis]:
    state = config.state.path
    sqlite = f"SQLite {sqlite3.sqlite_version}, {'WAL' if journal_mode() == 'WAL' else 'rollback'} journal"
    try:
        check_database(state)
        if not (state / DATABASE).exists():
            yield _ok("database", f"{sqlite}; no database yet.")
            return
        with ReadOnlyStore(state) as store:
            store.check()
            counts = store.counts()
    except OlderDatabase as error:
        yield _warning("database", str(error), _START)
    except ConfigError as error:
        yield _failed("database", str(error), "See 'The database is damaged or lost' in docs/howto/administer.md.")
    else:
        listed = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "no tasks"
        yield _ok("database", f"{sqlite}; sound; {listed}.")


def _daemon(config: Config) -> Iterator[Diagnosis]:
    pid = running_pid(config.state.path)
    with contextlib.suppress(OSError):
        rival = InboxHeartbeat(config.inbox.path).rival()
        other = rival.owner if rival else None
        if other is not None and not (other.is_here(Process.current()) and other.pid == pid):
            yield _failed(
                "daemon",
                f"The daemon with pid {other.pid} on {other.host} watches this inbox.",
                "Stop that one, or give this one an inbox of its own.",
            )
            return
    if pid is None:
        yield _ok("daemon", "No daemon runs on this state directory.", _START)
    else:
        yield _ok("daemon", f"A daemon runs with pid {pid}.")


def _watcher(config: Config) -> Iterator[Diagnosis]:
    if config.inbox.watch == "poll" or is_network(filesystem_of(config.inbox.path)):
        yield _ok("watcher", "The inbox is polled; native events are not used.")
        return
    woken = threading.Event()
    with tempfile.TemporaryDirectory(prefix="tclp-doctor-") as directory:
        watcher = NativeWatcher(Path(directory), recursive=True, wake=woken.set)
        watcher.ensure()
        (Path(directory) / "canary.txt").write_text("x", encoding="ascii")
        heard = woken.wait(_EVENT_SECONDS)
        watcher.stop()
    if heard:
        yield _ok("watcher", "Native file events arrive.")
    else:
        yield _warning(
            "watcher",
            "Native file events do not arrive; the periodic scan works without them.",
            "Raise fs.inotify.max_user_watches, or set inbox.watch = 'poll'.",
        )


def _model(config: Config) -> Iterator[Diagnosis]:
    """In a worker process, as in the daemon: the doctor itself never imports torch."""
    try:
        with LocalPool(config, count=1) as pool:
            identity = pool.start()
            climate, other = pool.call(score, [KNOWN_CLIMATE, KNOWN_OTHER])
    except (ConfigError, ContractError) as error:
        yield _failed(
            "model", str(error), "Check model.path and model.judge_path, or leave them out for the embedded models."
        )
        return
    threshold = float(identity["threshold"])
    model = f"{identity['model']} ({identity['precision']}, threshold {threshold:g})"
    model += f" and the judge {identity['judge']}" if identity["judge"] else ", without a judge"
    message = f"{model}: {climate:.3f} and {other:.3f} on known sentences."
    if climate >= threshold > other:
        yield _ok("model", message)
    else:
        yield _failed(
            "model", message, "This model does not recognise climate language; use another, or the embedded one."
        )


def _ocr(config: Config) -> Iterator[Diagnosis]:
    if config.ocr.mode == "off":
        yield _ok("ocr", "Text recognition is off (ocr.mode): scans are not read.")
        return
    try:
        yield _ok("ocr", f"Scans are read by {find_engine(config.ocr).name}.")
    except EngineMissing as missing:
        say = _failed if config.ocr.mode == "require" else _warning
        yield say(
            "ocr",
            f"Scans are not read: {missing}.",
            "Install it: apt-get install tesseract-ocr, and tesseract-ocr-deu and the like for languages. "
            "Or set ocr.mode = 'off'.",
        )


CHECKS: tuple[Callable[[Config], Iterator[Diagnosis]], ...] = (
    _config, _user, _inbox, _outbox, _marker, _move, _state, _space, _clock, _database, _daemon, _watcher, _ocr, _model,
)  # fmt: skip
