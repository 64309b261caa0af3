"""A new store from what the old one left: sidecars, results and reports in the outbox, bytes in the spool.

The outbox is never believed while a store exists. Here the administrator says that none does; still, a sidecar counts
only if it is well-formed, names the file it lies next to, and the bytes have the sha256 it gives.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from tclp_daemon.config import Config
from tclp_daemon.errors import ConfigError
from tclp_daemon.files import fsync_folder, identity_of, open_folder
from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.outbox.sidecar import REPORT, RESULT, STATUS
from tclp_daemon.result import ContractResult, StatusSidecar
from tclp_daemon.store import DATABASE, Store
from tclp_daemon.task import FileIdentity, Placement, Status, Task
from tclp_daemon.verify import read_file, sha256_of


@dataclass(slots=True)
class Rebuilt:
    """What came of it."""

    finished: int = 0
    queued: int = 0
    recovered_from_spool: int = 0
    passed_over: int = 0


def rebuild(config: Config) -> Rebuilt:
    """Makes a new store.

    Raises:
        ConfigError: there is a database already.
    """
    state, outbox, spool = config.state.path, config.outbox.path, config.state.path / "spool"
    if (state / DATABASE).exists():
        raise ConfigError(
            f"{state / DATABASE} exists. If it is damaged, move it away first: mv {state / DATABASE} "
            f"{state / DATABASE}.damaged"
        )
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    OutboxFolder(outbox, inbox=config.inbox.path, spool=spool, mode=config.outbox.mode, leave=True).readopt(state)
    # Built next to its place and moved there whole, so that a rebuild that was cut off is simply run again.
    building = state / "rebuilding"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700)
    store = Store(building)
    done = Rebuilt()
    for folder, _, files in sorted(os.walk(outbox)):
        for name in sorted(files):
            if name.endswith(STATUS):
                relative = (Path(folder) / name).relative_to(outbox).as_posix()
                _take(store, config, relative.removesuffix(STATUS), done)
    _take_spool(store, spool, done)
    store.number_by_time()
    store.close()
    for suffix in ("-journal", "-wal", "-shm"):
        # What belonged to the lost database: SQLite would play it back into the new one.
        with contextlib.suppress(FileNotFoundError):
            os.replace(state / f"{DATABASE}{suffix}", state / f"{DATABASE}{suffix}.damaged")
    os.replace(building / DATABASE, state / DATABASE)
    with open_folder(state) as state_folder:
        fsync_folder(state_folder)
    shutil.rmtree(building)
    return done


def _take(store: Store, config: Config, contract: str, done: Rebuilt) -> None:
    outbox, spool = config.outbox.path, config.state.path / "spool"
    try:
        sidecar = StatusSidecar.model_validate_json(read_file(outbox, contract + STATUS) or b"")
        result = None
        if sidecar.status is Status.COMPLETED:
            result = ContractResult.model_validate_json(read_file(outbox, contract + RESULT) or b"")
    except ValidationError:
        # No sidecar of ours, or a completed one without a sound result: its contract, if any, can be dropped again.
        done.passed_over += 1
        return
    here = sidecar.sha256 is not None and sidecar.sha256 in (
        sha256_of(outbox, contract),
        sha256_of(spool, sidecar.task_id),
    )
    if sidecar.status not in (Status.COMPLETED, Status.FAILED) and not here:
        done.passed_over += 1
        return
    identity, placed = _original(config, contract, sidecar.size_bytes)
    task = Task(
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
        created_at=datetime.fromisoformat(sidecar.created_at),
        updated_at=datetime.fromisoformat(sidecar.updated_at),
        finished_at=datetime.fromisoformat(sidecar.finished_at) if sidecar.finished_at else None,
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
    )
    try:
        store.import_task(task, read_file(outbox, contract + REPORT))
    except sqlite3.IntegrityError:
        done.passed_over += 1
        return
    if task.finished:
        done.finished += 1
    else:
        done.queued += 1


def _original(config: Config, contract: str, size: int) -> tuple[FileIdentity, Placement]:
    """What is known of the file that was dropped. One that stays in the inbox must not be taken for a new one.

    Its copy in the outbox has its date.
    """
    if config.inbox.when_accepted == "move":
        return FileIdentity(size, 0, 0), Placement.MOVED
    folder, _, base = contract.rpartition("/")
    try:
        with open_folder(config.outbox.path, folder) as parent:
            status = os.stat(base, dir_fd=parent, follow_symlinks=False)
    except OSError:
        return FileIdentity(size, 0, 0), Placement.LEFT
    return replace(identity_of(status, inodes_last=False), size=size), Placement.LEFT


def _take_spool(store: Store, spool: Path, done: Rebuilt) -> None:
    """Bytes whose sidecar is gone: without a name, but not without a place."""
    known = {task.task_id for task in store.list_tasks()}
    for path in sorted(spool.iterdir()):
        if path.name in known or path.suffix:
            continue
        digest = sha256_of(spool, path.name)
        if digest is None or len(path.name) != 36:
            continue
        size = path.stat().st_size
        name = f"recovered/{path.name}{_suffix(path)}"
        store.create_task(
            name, task_id=path.name, size=size, sha256=digest, identity=FileIdentity(size, 0, 0),
            note="The daemon lost its database; this is the copy it had of a contract whose name is not known.",
        )  # fmt: skip
        done.recovered_from_spool += 1


def _suffix(path: Path) -> str:
    """The suffix that the first bytes call for."""
    with path.open("rb") as file:
        head = file.read(8)
    for magic, suffix in ((b"%PDF", ".pdf"), (b"PK\x03\x04", ".docx"), (b"\xd0\xcf\x11\xe0", ".doc")):
        if head.startswith(magic):
            return suffix
    return ".txt"
