"""Brings a store that was restored from a backup up to what the outbox shows.

Since the backup contracts were accepted, analysed, retried and renamed. Their sidecars say so, and they are believed as
`rebuild` believes them; of a task that the store knows only where they are newer, and never that it is less finished.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto

from tclp_daemon.admin.rebuild import PassedOver, Unsound, has_bytes, import_task, sidecars, told_of
from tclp_daemon.admin.verify import recognise_outbox
from tclp_daemon.config import Config
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.outbox.names import STATUS
from tclp_daemon.store import Store
from tclp_daemon.task import Status, Task


class _Stage(Enum):
    ORIGINALS = auto()
    ALL = auto()
    LAST = auto()


@dataclass(slots=True)
class Merged:
    """What came of it.

    Attributes:
        finished: tasks that the store did not know.
        taken_over: tasks that it knew, and that have ended or moved since.
        queued: tasks that it did not know, and that have to be done.
        lost: tasks that it did not know, and whose bytes are nowhere; they are failed, and say so.
        passed_over: sidecars.
    """

    finished: int = 0
    taken_over: int = 0
    queued: int = 0
    lost: int = 0
    passed_over: int = 0


def merge(config: Config, store: Store, passed_over: PassedOver = lambda name, why: None) -> Merged:
    """Adds to the store what the outbox knows. Who calls holds the `StateLock`. It can be repeated.

    Raises:
        ConfigError: it is the outbox of another state directory.
        OutboxUnavailable: it is away.
    """
    recognise_outbox(config)
    done = Merged()
    left = sidecars(config.outbox.path, passed_over)
    # What is known, and what lies under its own name, comes before what may be a copy. A name may still be that of a
    # task whose own new name comes later, so what does not fit is tried again; in the end a task whose files are no
    # longer where the store has them makes way.
    for stage in _Stage:
        while left:
            held = [contract for contract in left if not _take(config, store, contract, done, passed_over, stage)]
            if len(held) == len(left):
                break
            left = held
    for contract in left:
        done.passed_over += 1
        passed_over(contract + STATUS, "another contract has its name")
    store.number_by_time()  # what was added is older than what was there
    recognise_outbox(config)
    return done


def _take(config: Config, store: Store, contract: str, done: Merged, passed_over: PassedOver, stage: _Stage) -> bool:
    """Takes over what one sidecar tells; False where another task still has its name."""
    try:
        told = told_of(config, contract)
        try:
            known = store.get_task(told.task_id)
        except KeyError:
            if stage is _Stage.ORIGINALS and told.file != contract:
                return False
            _add(config, store, told, done, make_way=stage is _Stage.LAST)
        else:
            _overrule(config, store, known, told, done)
    except Unsound as reason:
        done.passed_over += 1
        passed_over(contract + STATUS, str(reason))
    except sqlite3.IntegrityError:
        return False
    return True


def _add(config: Config, store: Store, told: Task, done: Merged, *, make_way: bool) -> None:
    if store.is_taken(told.outbox_name):
        if not make_way:
            raise sqlite3.IntegrityError
        store.make_way(told.outbox_name)
    here = told.finished or has_bytes(config, told)
    if not here:
        # A sidecar that waits for ever helps nobody. Where the original is still in the inbox it is taken in again.
        failure = ContractError(ErrorCode.SPOOL_MISSING)
        told = replace(
            told, status=Status.FAILED, finished_at=datetime.now(UTC), result=None,
            error=failure.message, error_code=failure.code, advice=failure.advice,
        )  # fmt: skip
    import_task(store, told)
    if not here:
        done.lost += 1
    elif told.finished:
        done.finished += 1
    else:
        done.queued += 1


def _overrule(config: Config, store: Store, known: Task, told: Task, done: Merged) -> None:
    if (told.sha256, told.size) != (known.sha256, known.size):
        raise Unsound("its task is that of other bytes")
    if told.updated_at <= known.updated_at:
        return  # the same, a copy of it, or older than what the store knows
    place = known.published_name or known.outbox_name
    if told.outbox_name != place:
        with contextlib.suppress(Unsound):
            there = told_of(config, place)
            if there.task_id == told.task_id and there.updated_at >= told.updated_at:
                return  # a copy
    if told.finished:
        store.overrule_task(told)
    else:
        store.relocate_task(told)
    done.taken_over += 1
