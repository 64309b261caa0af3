"""What the sidecars in the outbox say about their tasks, for `rebuild` and `merge`.

Anyone can write to the outbox, so a sidecar counts only if it is well-formed and, where it says that the task is
completed, lies next to the result for the bytes whose sha256 it gives.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tclp_daemon.admin.trees import is_there, is_utf8, read_file, sha256_of, walk
from tclp_daemon.config import Config
from tclp_daemon.inbox.entry import seen_as
from tclp_daemon.outbox.names import REPORT, RESULT, STATUS
from tclp_daemon.outbox.originals import NOTE_STAYS
from tclp_daemon.result import ContractResult, StatusSidecar
from tclp_daemon.spool import Spool
from tclp_daemon.system.files import open_folder
from tclp_daemon.task import FileIdentity, Placement, Status, Task, iso

# Called with the name of a sidecar that is skipped, and why.
Skipped = Callable[[str, str], None]
# A sidecar has some hundred bytes; a longer file is not one.
SIDECAR_LIMIT = 1 << 20
# A result has some hundred bytes for each finding.
_RESULT_LIMIT = 1 << 28


class Unsound(Exception):
    """A sidecar that cannot be believed; the message is a clause that says why."""


def sidecars(outbox: Path, skipped: Skipped) -> list[str]:
    """Names of the contracts in the outbox that have a sidecar, in order."""
    names = walk(outbox, lambda name: skipped(name, "it cannot be listed"))
    return sorted(name.removesuffix(STATUS) for name in names if name.endswith(STATUS))


def read_task(config: Config, contract: str) -> Task:
    """The task that the sidecar of a contract in the outbox describes.

    Raises:
        Unsound: there is nothing that can be believed, whatever has the sidecar's name.
    """
    outbox = config.outbox.path
    sidecar = _read_sidecar(outbox, contract)
    result = _read_result(outbox, contract, sidecar) if sidecar.status is Status.COMPLETED else None
    identity, placed = _original(config, contract, sidecar)
    return Task(
        task_id=sidecar.task_id,
        file=sidecar.file, source=sidecar.file, outbox_name=contract, published_name=contract,
        sha256=sidecar.sha256, size=sidecar.size_bytes, identity=identity, placed=placed,
        status=sidecar.status, progress=sidecar.progress, stage=sidecar.stage, page=None,
        attempt=sidecar.attempt, crashes=0, errors=0, interruptions=0, not_before=0,
        created_at=datetime.fromisoformat(sidecar.created_at),
        updated_at=datetime.fromisoformat(sidecar.updated_at),
        finished_at=datetime.fromisoformat(sidecar.finished_at) if sidecar.finished_at else None,
        result=result.named("", "").model_dump(mode="json") if result else None,
        report_sha256=sha256_of(outbox, contract + REPORT) if result else None,
        error=sidecar.error, error_code=sidecar.error_code, advice=sidecar.advice, note=sidecar.note,
        revision=1, published=0,
    )  # fmt: skip


def _read_sidecar(outbox: Path, contract: str) -> StatusSidecar:
    if not is_utf8(contract):
        raise Unsound("its name is not UTF-8, as the name of each of our files is")
    raw = read_file(outbox, contract + STATUS, limit=SIDECAR_LIMIT)
    if raw is None:
        raise Unsound("it cannot be read")
    try:
        sidecar = StatusSidecar.model_validate_json(raw)
        sound = _is_sound(sidecar)
    except (ValueError, OverflowError, RecursionError):
        sound = False
    if not sound:
        raise Unsound("it is damaged, or not a sidecar of tclp-daemon")
    return sidecar


def _is_sound(sidecar: StatusSidecar) -> bool:
    """Whether the store can hold it: a canonical id, numbers that fit, text that is UTF-8, and times.

    Raises:
        ValueError, OverflowError: an id or time that is not one.
    """
    for at in filter(None, (sidecar.created_at, sidecar.updated_at, sidecar.finished_at)):
        iso(datetime.fromisoformat(at))
    texts = filter(None, (sidecar.file, sidecar.error, sidecar.advice, sidecar.note))
    return (
        str(uuid.UUID(sidecar.task_id)) == sidecar.task_id
        and max(sidecar.size_bytes, sidecar.attempt) < 1 << 62
        and all(map(is_utf8, texts))
    )


def _read_result(outbox: Path, contract: str, sidecar: StatusSidecar) -> ContractResult:
    try:
        result = ContractResult.model_validate_json(read_file(outbox, contract + RESULT, limit=_RESULT_LIMIT) or b"")
    except (ValueError, RecursionError):
        raise Unsound("it is completed, but its result is missing or damaged") from None
    if result.provenance.sha256 != sidecar.sha256:
        raise Unsound("the result next to it belongs to another contract")
    return result


def _original(config: Config, contract: str, sidecar: StatusSidecar) -> tuple[FileIdentity, Placement]:
    """What is known of the file that was dropped. One that stays in the inbox must not be taken for a new drop.

    Its copy in the outbox has its date. What was never read (a symlink, a file over the limit) has no copy there.
    """
    size = sidecar.size_bytes
    moved = config.inbox.when_accepted == "move" and NOTE_STAYS not in (sidecar.note or "")
    if moved and (sidecar.sha256 is not None or is_there(config.outbox.path, contract)):
        return FileIdentity(size, 0, 0), Placement.MOVED
    root, name = (config.inbox.path, sidecar.file) if sidecar.sha256 is None else (config.outbox.path, contract)
    directory, _, base = name.rpartition("/")
    try:
        with open_folder(root, directory) as parent:
            status = os.stat(base, dir_fd=parent, follow_symlinks=False)
    except OSError:
        return FileIdentity(size, 0, 0), Placement.STAYS
    return replace(seen_as(name, status, False).identity, size=size), Placement.STAYS


def has_bytes(config: Config, task: Task) -> bool:
    """Whether the task's contract is in the outbox or the spool."""
    return task.sha256 is not None and task.sha256 in (
        sha256_of(config.outbox.path, task.outbox_name),
        sha256_of(Spool(config.state.path).path, task.task_id),
    )
