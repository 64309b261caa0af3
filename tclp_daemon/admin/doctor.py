"""Is everything in place? One check after the other, each with a health, a sentence, and advice where it fails."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tclp_daemon.admin.capabilities import canary, lacking
from tclp_daemon.admin.verify import recognise_outbox
from tclp_daemon.config import Config
from tclp_daemon.errors import ConfigError, ContractError
from tclp_daemon.inbox.heartbeat import InboxHeartbeat
from tclp_daemon.inbox.native import NativeWatcher
from tclp_daemon.inbox.process import Process
from tclp_daemon.outbox.marker import OutboxUnavailable
from tclp_daemon.service.startup import check_database, owner_to_run_as, running_pid
from tclp_daemon.store import DATABASE, OlderDatabase, Store
from tclp_daemon.store.schema import journal_mode
from tclp_daemon.system.mounts import filesystem_of, is_network
from tclp_daemon.workers.local import LocalPool

# Ours, and beyond doubt: what every model that is worth using must tell apart.
KNOWN_CLIMATE = "The Supplier shall reduce its greenhouse gas emissions to net zero by 2040 and report them each year."
KNOWN_OTHER = "This Agreement may be executed in any number of counterparts."
_LOW_SPACE = 1_000_000_000


class Health(StrEnum):
    """How a check went."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding of the doctor."""

    name: str
    health: Health
    message: str
    advice: str = ""


def examine(config: Config) -> Iterator[Check]:
    """Runs every check that makes sense, in an order in which the first failure explains the later ones."""
    yield Check("config", Health.OK, "The configuration is sound.")
    yield from _user(config.state.path)
    yield from _folder("inbox", config.inbox.path, writable=config.inbox.when_accepted == "move")
    yield from _folder("outbox", config.outbox.path, writable=True)
    yield from _marker(config)
    yield from _same_filesystem(config)
    yield _state(config.state.path)
    yield from _space(config)
    yield _clock(config)
    yield _database(config.state.path)
    yield _instances(config)
    yield _watcher(config)
    yield _model(config)


def _user(state: Path) -> Iterator[Check]:
    if (owner := owner_to_run_as(state)) is not None:
        yield Check(
            "user", Health.WARNING, f"You are root, but the daemon's user is {owner}: these checks reflect root's "
            "permissions, not the daemon's.", f"Run it as: runuser -u {owner} -- tclp-daemon doctor",
        )  # fmt: skip


def _marker(config: Config) -> Iterator[Check]:
    try:
        recognise_outbox(config)
    except OutboxUnavailable as problem:
        yield Check(
            "marker", Health.FAILED, f"{config.outbox.path}: {problem}",
            "Mount the share. If it is mounted, see 'The outbox's marker is missing' in docs/howto/administer.md.",
        )  # fmt: skip
    except ConfigError as error:
        advice = "Set outbox.path to a folder of its own, or, if the other state directory is lost: tclp-daemon rebuild"
        yield Check("marker", Health.FAILED, str(error), advice)


def _folder(name: str, path: Path, *, writable: bool) -> Iterator[Check]:
    if not path.is_dir():
        yield Check(name, Health.FAILED, f"{path} is not a folder.", f"Mount the share, or create it: mkdir -p {path}")
        return
    filesystem = filesystem_of(path)
    kind = "network, polled" if is_network(filesystem) else "local, native events"
    if not writable:
        readable = os.access(path, os.R_OK | os.X_OK)
        health = Health.OK if readable else Health.FAILED
        yield Check(name, health, f"{path} ({filesystem}, {kind}) is {'readable' if readable else 'not readable'}.")
        return
    try:
        canary(path)
        missing = lacking(path)
    except OSError as error:
        yield Check(
            name, Health.FAILED, f"{path} ({filesystem}): a test file failed: {error.strerror or error}.",
            "Give the daemon's user read and write access there; check that the share is mounted read-write.",
        )  # fmt: skip
        return
    yield Check(name, Health.OK, f"{path} ({filesystem}, {kind}): create, rename, replace, fsync and read back work.")
    if missing:
        told = "; ".join(f"{capability.name} ({capability.without})" for capability in missing)
        yield Check(
            f"{name} features", Health.WARNING, f"{path} ({filesystem}) does not know: {told}.",
            "The daemon works all the same. Where another way to mount the share knows more (Samba or NFS instead of "
            "FUSE), use that.",
        )  # fmt: skip


def _same_filesystem(config: Config) -> Iterator[Check]:
    try:
        same = config.inbox.path.stat().st_dev == config.outbox.path.stat().st_dev
    except OSError:
        return
    if not same and config.inbox.when_accepted == "move":
        yield Check(
            "move", Health.WARNING, "Inbox and outbox are on different filesystems, so contracts are copied, "
            "not renamed.",
            "It works, only slower. Put both into the same share if you can.",
        )  # fmt: skip


def _state(path: Path) -> Check:
    filesystem = filesystem_of(path)
    if is_network(filesystem):
        return Check(
            "state", Health.FAILED, f"{path} is on {filesystem}, a network filesystem.", "Write a local state.path."
        )
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        canary(path)
    except OSError as error:
        program = Path(sys.executable).with_name("tclp-daemon")  # sudo need not have it in its path
        return Check(
            "state", Health.FAILED, f"{path} cannot be written: {error.strerror or error}.",
            f"Run doctor as the daemon's user: sudo -u tclp-daemon {program} doctor. On a new machine make the folder "
            f"first: install -d -o tclp-daemon -g tclp-daemon -m 700 {path}",
        )  # fmt: skip
    return Check("state", Health.OK, f"{path} ({filesystem}) is local and writable.")


def _space(config: Config) -> Iterator[Check]:
    for name, path in (("state", config.state.path), ("outbox", config.outbox.path)):
        if not path.is_dir():
            continue
        free = shutil.disk_usage(path).free
        text = f"{free / 1e9:.1f} GB free for the {name}."
        if free < _LOW_SPACE:
            yield Check(f"{name} space", Health.WARNING, text, "Free some space; below it contracts wait.")
        else:
            yield Check(f"{name} space", Health.OK, text)


def _clock(config: Config) -> Check:
    """The share's clock against ours: sidecar times and ages come from both."""
    try:
        with tempfile.NamedTemporaryFile(dir=config.outbox.path, prefix=".tclp-canary-") as file:
            before = time.time()
            file.write(b"now")
            file.flush()
            drift = os.fstat(file.fileno()).st_mtime - before
    except OSError:
        return Check("clock", Health.WARNING, "The outbox's clock could not be read.", "See the outbox check.")
    if time.time() < 1_750_000_000:
        return Check(
            "clock", Health.FAILED, "The system clock is years behind.", "Set the clock: timedatectl set-ntp true"
        )
    if abs(drift) > 5:
        return Check(
            "clock",
            Health.WARNING,
            f"The outbox's clock differs from ours by {drift:.0f} s.",
            "Synchronise both: timedatectl",
        )
    return Check("clock", Health.OK, "The outbox's clock agrees with ours.")


def _database(state: Path) -> Check:
    version = sqlite3.sqlite_version
    mode = "WAL" if journal_mode() == "WAL" else "rollback"
    try:
        check_database(state)
        if not (state / DATABASE).exists():
            return Check("database", Health.OK, f"SQLite {version}, {mode} journal; no database yet.")
        store = Store(state, read_only=True)
        store.check()
        counts = store.counts()
        store.close()
    except OlderDatabase as error:
        return Check("database", Health.WARNING, str(error), "Start it: systemctl start tclp-daemon")
    except ConfigError as error:
        return Check(
            "database", Health.FAILED, str(error), "See 'The database is damaged or lost' in docs/howto/administer.md."
        )
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "no tasks"
    return Check("database", Health.OK, f"SQLite {version}, {mode} journal; sound; {told}.")


def _instances(config: Config) -> Check:
    pid = running_pid(config.state.path)
    with contextlib.suppress(OSError):
        rival = InboxHeartbeat(config.inbox.path).rival()
        other = rival.owner if rival else None
        if other is not None and not (other.is_here(Process.current()) and other.pid == pid):
            return Check(
                "daemon", Health.FAILED, f"The daemon with pid {other.pid} on {other.host} watches this inbox.",
                "Stop that one, or give this one an inbox of its own.",
            )  # fmt: skip
    if pid is None:
        return Check(
            "daemon", Health.OK, "No daemon runs on this state directory.", "Start it: systemctl start tclp-daemon"
        )
    return Check("daemon", Health.OK, f"A daemon runs with pid {pid}.")


def _watcher(config: Config) -> Check:
    if config.inbox.watch == "poll" or is_network(filesystem_of(config.inbox.path)):
        return Check("watcher", Health.OK, "The inbox is polled; native events are not used.")
    woken = threading.Event()
    with tempfile.TemporaryDirectory(prefix="tclp-doctor-") as folder:
        watcher = NativeWatcher(Path(folder), recursive=True, wake=woken.set)
        watcher.ensure()
        (Path(folder) / "canary.txt").write_text("x", encoding="ascii")
        heard = woken.wait(5)
        watcher.stop()
    if heard:
        return Check("watcher", Health.OK, "Native file events arrive.")
    return Check(
        "watcher", Health.WARNING, "Native file events do not arrive; the periodic scan works without them.",
        "Raise fs.inotify.max_user_watches, or set inbox.watch = 'poll'.",
    )  # fmt: skip


def _model(config: Config) -> Check:
    """In a worker process, as the daemon does it: the doctor itself never imports torch."""
    from tclp_daemon.workers.process import score

    pool = LocalPool(config, count=1)
    try:
        identity = pool.start()
        climate, other = pool.call(score, [KNOWN_CLIMATE, KNOWN_OTHER])
    except (ConfigError, ContractError) as error:
        return Check("model", Health.FAILED, str(error), "Check model.path, or leave it out for the embedded model.")
    finally:
        pool.shutdown()
    threshold = float(identity["threshold"])
    model = f"{identity['model']} ({identity['precision']}, threshold {threshold:g})"
    told = f"{model}: {climate:.3f} and {other:.3f} on known sentences."
    if climate >= threshold > other:
        return Check("model", Health.OK, told)
    return Check(
        "model", Health.FAILED, told, "This model does not tell climate language; use another, or the embedded one."
    )
