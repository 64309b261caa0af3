"""A new store from what the old one left: sidecars, results and reports in the outbox, bytes in the spool.

The outbox is never believed while a store exists. Here the administrator says that none does; still, a sidecar counts
only if it is well-formed, names the file it lies next to, and the bytes have the sha256 it gives.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tclp_daemon.admin.trees import is_text, is_there, read_file, sha256_of, walk
from tclp_daemon.admin.verify import SIDECAR_LIMIT, recognise_outbox
from tclp_daemon.config import Config
from tclp_daemon.errors import ConfigError
from tclp_daemon.formats import suffix_for
from tclp_daemon.inbox.entry import seen_as
from tclp_daemon.outbox.marker import OutboxMarker
from tclp_daemon.outbox.names import REPORT, RESULT, STATUS
from tclp_daemon.outbox.originals import STAYS
from tclp_daemon.result import ContractResult, StatusSidecar
from tclp_daemon.spool import Spool
from tclp_daemon.store import DATABASE, Store
from tclp_daemon.system.files import fsync_folder, open_folder
from tclp_daemon.task import FileIdentity, Placement, Status, Task, iso

# Told of the name of a sidecar that is passed over, and why.
PassedOver = Callable[[str, str], None]
# A result has some hundred bytes for each finding.
_RESULT_LIMIT = 1 << 28


class Unsound(Exception):
    """A sidecar that says nothing which can be believed; the message is a clause that says why."""


@dataclass(slots=True)
class Rebuilt:
    """What came of it."""

    finished: int = 0
    queued: int = 0
    recovered_from_spool: int = 0
    passed_over: int = 0


def rebuild(config: Config, passed_over: PassedOver = lambda name, why: None) -> Rebuilt:
    """Makes a new store. Who calls holds the `StateLock`.

    Raises:
        ConfigError: there is a database already, or the outbox is not the one that belongs to the state directory.
        OutboxUnavailable: the outbox went away meanwhile.
    """
    state, outbox, spool = config.state.path, config.outbox.path, Spool(config.state.path)
    if (state / DATABASE).exists():
        raise ConfigError(
            f"{state / DATABASE} exists. If it is damaged, move it away first: mv {state / DATABASE} "
            f"{state / DATABASE}.damaged. If it is a backup, add what is newer: tclp-daemon rebuild --merge"
        )
    spool.prepare()
    OutboxMarker(outbox, state).readopt()
    # Built next to its place and moved there whole, so that a rebuild that was cut off is simply run again.
    building = state / "rebuilding"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700)
    store = Store(building)
    done = Rebuilt()

    def unsound(contract: str, why: str) -> None:
        done.passed_over += 1
        passed_over(contract + STATUS, why)

    # Somebody may have copied what belongs to a task. So first come those under their own name and next to their bytes,
    # then those that stepped aside, and last those of which there is nothing but the sidecar.
    left = sidecars(outbox, passed_over)
    for likely in (_is_original, has_bytes, lambda config, task: True):
        later = []
        for contract in left:
            try:
                task = told_of(config, contract)
                if not likely(config, task):
                    later.append(contract)
                elif task.finished or has_bytes(config, task):
                    _take(store, task, done)
                else:
                    raise Unsound("it waits, but its bytes are neither in the outbox nor in the spool")
            except Unsound as reason:
                unsound(contract, str(reason))
        left = later
    _take_spool(store, spool.path, done)
    store.number_by_time()
    store.close()
    recognise_outbox(config)  # one that went away meanwhile looks like one with few contracts
    for suffix in ("-journal", "-wal", "-shm"):
        # What belonged to the lost database: SQLite would play it back into the new one.
        with contextlib.suppress(FileNotFoundError):
            os.replace(state / f"{DATABASE}{suffix}", state / f"{DATABASE}{suffix}.damaged")
    os.replace(building / DATABASE, state / DATABASE)
    with open_folder(state) as state_folder:
        fsync_folder(state_folder)
    shutil.rmtree(building)
    return done


def sidecars(outbox: Path, passed_over: PassedOver) -> list[str]:
    """Names of the contracts in the outbox that have a sidecar, in order."""
    names = walk(outbox, lambda folder: passed_over(folder, "it cannot be listed"))
    return sorted(name.removesuffix(STATUS) for name in names if name.endswith(STATUS))


def told_of(config: Config, contract: str) -> Task:
    """What a sidecar tells of its task.

    Raises:
        Unsound: nothing that can be believed, whatever it is that bears the name.
    """
    outbox = config.outbox.path
    if not is_text(contract):
        raise Unsound("its name is not UTF-8, as each name of ours is")
    raw = read_file(outbox, contract + STATUS, limit=SIDECAR_LIMIT)
    if raw is None:
        raise Unsound("it cannot be read")
    try:
        sidecar = StatusSidecar.model_validate_json(raw)
        known_as = str(uuid.UUID(sidecar.task_id))
        times = [datetime.fromisoformat(at) for at in (sidecar.created_at, sidecar.updated_at)]
        finished_at = datetime.fromisoformat(sidecar.finished_at) if sidecar.finished_at else None
        for at in filter(None, (*times, finished_at)):
            iso(at)
        sound = known_as == sidecar.task_id and max(sidecar.size_bytes, sidecar.attempt) < 1 << 62
        sound = sound and all(map(is_text, filter(None, (sidecar.file, sidecar.error, sidecar.advice, sidecar.note))))
    except (ValueError, OverflowError, RecursionError):
        sound = False
    if not sound:
        raise Unsound("it is not a sidecar of tclp-daemon's, or damaged")
    result = _result_of(outbox, contract, sidecar) if sidecar.status is Status.COMPLETED else None
    identity, placed = _original(config, contract, sidecar)
    return Task(
        task_id=sidecar.task_id,
        file=sidecar.file,
        source=sidecar.file,
        outbox_name=contract,
        sha256=sidecar.sha256,
        size=sidecar.size_bytes,
        identity=identity,
        status=sidecar.status,
        progress=sidecar.progress,
        stage=sidecar.stage,
        attempt=sidecar.attempt,
        crashes=0,
        errors=0,
        interruptions=0,
        not_before=0,
        created_at=times[0],
        updated_at=times[1],
        finished_at=finished_at,
        result=result.named("", "").model_dump(mode="json") if result else None,
        error=sidecar.error,
        error_code=sidecar.error_code,
        advice=sidecar.advice,
        note=sidecar.note,
        page=None,
        placed=placed,
        revision=1,
        published=0,
        published_name=contract,
        report_sha256=sha256_of(outbox, contract + REPORT) if result else None,
    )


def _result_of(outbox: Path, contract: str, sidecar: StatusSidecar) -> ContractResult:
    try:
        result = ContractResult.model_validate_json(read_file(outbox, contract + RESULT, limit=_RESULT_LIMIT) or b"")
    except (ValueError, RecursionError):
        raise Unsound("it is completed, but its result is missing or damaged") from None
    if result.provenance.sha256 != sidecar.sha256:
        raise Unsound("the result next to it is that of another contract")
    return result


def has_bytes(config: Config, task: Task) -> bool:
    """Whether the contract of a task that was told of lies in the outbox or the spool."""
    return task.sha256 is not None and task.sha256 in (
        sha256_of(config.outbox.path, task.outbox_name),
        sha256_of(Spool(config.state.path).path, task.task_id),
    )


def _is_original(config: Config, task: Task) -> bool:
    return task.outbox_name == task.file and has_bytes(config, task)


def import_task(store: Store, task: Task) -> None:
    """Adds a task that was told of.

    Raises:
        Unsound: it makes no sense, or its id or name is there already.
    """
    try:
        store.import_task(task)
    except sqlite3.IntegrityError as error:
        unique = "UNIQUE" in str(error)
        raise Unsound("there is another one of its task" if unique else "what it says makes no sense") from None


def _take(store: Store, task: Task, done: Rebuilt) -> None:
    import_task(store, task)
    if task.finished:
        done.finished += 1
    else:
        done.queued += 1


def _original(config: Config, contract: str, sidecar: StatusSidecar) -> tuple[FileIdentity, Placement]:
    """What is known of the file that was dropped. One that stays in the inbox must not be taken for a new one.

    Its copy in the outbox has its date. What was never read (a link, a file over the limit) has no copy there.
    """
    size = sidecar.size_bytes
    moved = config.inbox.when_accepted == "move" and STAYS not in (sidecar.note or "")
    if moved and (sidecar.sha256 is not None or is_there(config.outbox.path, contract)):
        return FileIdentity(size, 0, 0), Placement.MOVED
    root, name = (config.inbox.path, sidecar.file) if sidecar.sha256 is None else (config.outbox.path, contract)
    folder, _, base = name.rpartition("/")
    try:
        with open_folder(root, folder) as parent:
            status = os.stat(base, dir_fd=parent, follow_symlinks=False)
    except OSError:
        return FileIdentity(size, 0, 0), Placement.STAYS
    return replace(seen_as(name, status, False).identity, size=size), Placement.STAYS


def _take_spool(store: Store, spool: Path, done: Rebuilt) -> None:
    """Bytes whose sidecar is gone: without a name, but not without a place."""
    for name in sorted(walk(spool)):
        try:
            if str(uuid.UUID(name)) != name:
                continue
            store.get_task(name)
        except ValueError:
            continue
        except KeyError:
            pass
        else:
            continue
        digest = sha256_of(spool, name)
        if digest is None:
            continue
        size = (spool / name).stat().st_size
        store.create_task(
            f"recovered/{name}{_suffix(spool / name)}",
            task_id=name, size=size, sha256=digest, identity=FileIdentity(size, 0, 0),
            note="The daemon lost its database; this is the copy it had of a contract whose name is not known.",
        )  # fmt: skip
        done.recovered_from_spool += 1


def _suffix(path: Path) -> str:
    with path.open("rb") as file:
        return suffix_for(file.read(8))
