"""Brings a store that was restored from a backup up to what the outbox shows.

Since the backup, contracts were accepted, analysed, retried and renamed. Their sidecars say so, and they are believed
as `rebuild` believes them. For a task that the store knows, only a newer sidecar is believed, and never one that says
that a finished task is not finished.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto

from tclp_daemon.admin.rebuild import import_task
from tclp_daemon.admin.sidecars import Skipped, Unsound, has_bytes, read_task, sidecars
from tclp_daemon.admin.trees import recognise_outbox
from tclp_daemon.config import Config
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.outbox.names import STATUS
from tclp_daemon.store import Store
from tclp_daemon.task import Status, Task


class _Turn(Enum):
    """Whose turn it is: known tasks and originals, then what may be a copy, then what others must make way for."""

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
        lost: tasks that it did not know, and whose bytes are lost; they are failed, and say so.
        skipped: sidecars.
    """

    finished: int = 0
    taken_over: int = 0
    queued: int = 0
    lost: int = 0
    skipped: int = 0


def merge(config: Config, store: Store, skipped: Skipped = lambda name, why: None) -> Merged:
    """Adds to the store what the outbox knows. The caller holds the `StateLock`. It can be repeated.

    Raises:
        ConfigError: the outbox belongs to another state directory.
        OutboxUnavailable: it is away.
    """
    recognise_outbox(config)
    done = Merged()
    left = sidecars(config.outbox.path, skipped)
    # A name may still be that of a task whose own new name comes later, so what does not fit is tried again. In the
    # end, a task whose files are no longer where the store has them makes way.
    for turn in _Turn:
        while left:
            held = [contract for contract in left if not _take(config, store, contract, done, skipped, turn)]
            if len(held) == len(left):
                break
            left = held
    for contract in left:
        done.skipped += 1
        skipped(contract + STATUS, "another contract has its name")
    store.number_by_time()  # what was added is older than what was there
    recognise_outbox(config)
    return done


def _take(config: Config, store: Store, contract: str, done: Merged, skipped: Skipped, turn: _Turn) -> bool:
    """Takes over what one sidecar says; False where another task still has its name."""
    try:
        task = read_task(config, contract)
        try:
            known = store.get_task(task.task_id)
        except KeyError:
            if turn is _Turn.ORIGINALS and task.file != contract:
                return False
            _add(config, store, task, done, make_way=turn is _Turn.LAST)
        else:
            _overrule(config, store, known, task, done)
    except Unsound as reason:
        done.skipped += 1
        skipped(contract + STATUS, str(reason))
    except sqlite3.IntegrityError:
        return False
    return True


def _add(config: Config, store: Store, task: Task, done: Merged, *, make_way: bool) -> None:
    """Adds a task that the store does not know.

    Raises:
        sqlite3.IntegrityError: another task has its name.
        Unsound: it makes no sense.
    """
    if store.is_taken(task.outbox_name):
        if not make_way:
            raise sqlite3.IntegrityError
        store.make_way(task.outbox_name)
    if task.finished:
        import_task(store, task)
        done.finished += 1
    elif has_bytes(config, task):
        import_task(store, task)
        done.queued += 1
    else:
        import_task(store, _lost(task))
        done.lost += 1


def _lost(task: Task) -> Task:
    """A task whose bytes are lost, as failed: a sidecar that waits for ever helps nobody.

    If the original is still in the inbox, it is accepted again.
    """
    failure = ContractError(ErrorCode.SPOOL_MISSING)
    return replace(
        task, status=Status.FAILED, finished_at=datetime.now(UTC), result=None,
        error=failure.message, error_code=failure.code, advice=failure.advice,
    )  # fmt: skip


def _overrule(config: Config, store: Store, known: Task, task: Task, done: Merged) -> None:
    """Takes over what a newer sidecar says about a task that the store knows.

    Raises:
        sqlite3.IntegrityError: another task has its name.
        Unsound: the sidecar is about other bytes.
    """
    if (task.sha256, task.size) != (known.sha256, known.size):
        raise Unsound("its task is about other bytes")
    if task.updated_at <= known.updated_at:
        return  # the same, a copy of it, or older than what the store knows
    place = known.published_name or known.outbox_name
    if task.outbox_name != place:
        with contextlib.suppress(Unsound):
            there = read_task(config, place)
            if there.task_id == task.task_id and there.updated_at >= task.updated_at:
                return  # a copy
    if task.finished:
        store.overrule_task(task)
    else:
        store.relocate_task(task)
    done.taken_over += 1
