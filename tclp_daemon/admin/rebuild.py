"""Makes a new store from what the old one left: sidecars, results and reports in the outbox, bytes in the spool.

The outbox is never believed while a store exists. Here the administrator says that none does; even so, each sidecar
must be sound (`sidecars.py`), and a task that waits must still have its bytes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tclp_daemon.admin.sidecars import Skipped, Unsound, has_bytes, read_task, sidecars
from tclp_daemon.admin.trees import recognise_outbox, sha256_of, walk
from tclp_daemon.config import Config
from tclp_daemon.errors import ConfigError
from tclp_daemon.formats import suffix_for
from tclp_daemon.outbox.marker import OutboxMarker
from tclp_daemon.outbox.names import STATUS
from tclp_daemon.spool import Spool
from tclp_daemon.store import DATABASE, Store
from tclp_daemon.system.files import fsync_folder, open_folder
from tclp_daemon.task import FileIdentity, Task


@dataclass(slots=True)
class Rebuilt:
    """How many tasks came from where, and how many sidecars were skipped."""

    finished: int = 0
    queued: int = 0
    recovered_from_spool: int = 0
    skipped: int = 0


def rebuild(config: Config, skipped: Skipped = lambda name, why: None) -> Rebuilt:
    """Makes a new store. The caller holds the `StateLock`.

    Raises:
        ConfigError: there is a database already, or the outbox is not the one that belongs to the state directory.
        OutboxUnavailable: the outbox went away meanwhile.
    """
    state = config.state.path
    _check_absent(state / DATABASE)
    spool = Spool(state)
    spool.prepare()
    OutboxMarker(config.outbox.path, state).readopt()
    # Built beside its place and moved there complete, so that a rebuild that was cut off can simply be run again.
    building = state / "rebuilding"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700)
    done = Rebuilt()
    with Store(building) as store:
        _add_outbox(config, store, done, skipped)
        _add_spool(store, spool.path, done)
        store.number_by_time()
    recognise_outbox(config)  # one that went away meanwhile looks like one with few contracts
    _move_into_place(building, state)
    return done


def _check_absent(database: Path) -> None:
    if database.exists():
        raise ConfigError(
            f"{database} exists. If it is damaged, move it away first: mv {database} {database}.damaged. "
            "If it is a backup, add what is newer: tclp-daemon rebuild --merge"
        )


def _add_outbox(config: Config, store: Store, done: Rebuilt, skipped: Skipped) -> None:
    """Adds the tasks that have a sidecar, the likeliest first.

    Somebody may have copied what belongs to a task. So first come those under their own name and next to their bytes,
    then those that stepped aside, and last those of which only the sidecar is left.
    """
    left = sidecars(config.outbox.path, skipped)
    likely: Callable[[Config, Task], bool]
    for likely in (_is_original, has_bytes, lambda config, task: True):
        later = []
        for contract in left:
            try:
                task = read_task(config, contract)
                if not likely(config, task):
                    later.append(contract)
                else:
                    _add(config, store, task, done)
            except Unsound as reason:
                done.skipped += 1
                skipped(contract + STATUS, str(reason))
        left = later


def _is_original(config: Config, task: Task) -> bool:
    return task.outbox_name == task.file and has_bytes(config, task)


def _add(config: Config, store: Store, task: Task, done: Rebuilt) -> None:
    """Adds one task.

    Raises:
        Unsound: it cannot be done, makes no sense, or its id or name is there already.
    """
    if not (task.finished or has_bytes(config, task)):
        raise Unsound("it waits, but its bytes are neither in the outbox nor in the spool")
    import_task(store, task)
    if task.finished:
        done.finished += 1
    else:
        done.queued += 1


def import_task(store: Store, task: Task) -> None:
    """Adds a task as its sidecar describes it.

    Raises:
        Unsound: it makes no sense, or its id or name is there already.
    """
    try:
        store.import_task(task)
    except sqlite3.IntegrityError as error:
        unique = "UNIQUE" in str(error)
        raise Unsound(
            "its task or its name was taken over already" if unique else "what it says makes no sense"
        ) from None


def _add_spool(store: Store, spool: Path, done: Rebuilt) -> None:
    """Adds the contracts in the spool whose sidecar is gone. Their names are lost, so they get others."""
    for name in sorted(walk(spool)):
        if not _is_unknown(store, name) or (digest := sha256_of(spool, name)) is None:
            continue
        size = (spool / name).stat().st_size
        store.create_task(
            f"recovered/{name}{_suffix(spool / name)}",
            task_id=name, size=size, sha256=digest, identity=FileIdentity(size, 0, 0),
            note="The daemon lost its database; this is its copy of a contract whose name is not known.",
        )  # fmt: skip
        done.recovered_from_spool += 1


def _is_unknown(store: Store, name: str) -> bool:
    """Whether this is the id of a task that the store does not have."""
    try:
        if str(uuid.UUID(name)) != name:
            return False
        store.get_task(name)
    except ValueError:
        return False
    except KeyError:
        return True
    return False


def _suffix(path: Path) -> str:
    """The suffix that fits the first bytes."""
    with path.open("rb") as file:
        return suffix_for(file.read(8))


def _move_into_place(building: Path, state: Path) -> None:
    for suffix in ("-journal", "-wal", "-shm"):
        # What belonged to the lost database: SQLite would play it back into the new one.
        with contextlib.suppress(FileNotFoundError):
            os.replace(state / f"{DATABASE}{suffix}", state / f"{DATABASE}{suffix}.damaged")
    os.replace(building / DATABASE, state / DATABASE)
    with open_folder(state) as directory:
        fsync_folder(directory)
    shutil.rmtree(building)
