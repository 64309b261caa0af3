"""From what people type to what the store knows: a task, or a point in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tclp_daemon.cli.base import NotFound
from tclp_daemon.cli.words import printable
from tclp_daemon.errors import UsageError
from tclp_daemon.system.files import readable

if TYPE_CHECKING:
    from tclp_daemon.store import StoreReader
    from tclp_daemon.task import Task

# Enough to say that a key matches more than one task.
_MANY = 100
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def find_task(store: StoreReader, key: str) -> Task:
    """The one task with this id, the beginning of one, or this file name; of several with one name the newest.

    Raises:
        NotFound: there is none.
        UsageError: the key matches tasks of several files.
    """
    key = readable(key)
    found = store.find_tasks(key, limit=_MANY)
    if not found:
        raise NotFound(f"There is no task '{printable(key)}'. To see all tasks: tclp-daemon list --limit 0")
    if len({task.file for task in found}) > 1:
        several = ", ".join(task.task_id[:13] for task in found[:5])
        number = len(found) if len(found) < _MANY else "many"
        raise UsageError(f"'{printable(key)}' matches {number} tasks ({several}). Give more of the id.")
    return found[0]


def parse_since(text: str | None) -> datetime | None:
    """`2h`, `3d`, `1w` ago, or an ISO date or time; without a time zone, in the local one.

    Raises:
        UsageError: neither.
    """
    if text is None:
        return None
    try:
        if text[-1:] in _UNITS:
            return datetime.now(UTC) - timedelta(**{_UNITS[text[-1]]: float(text[:-1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise UsageError(f"Cannot parse --since {text!r}. Write 2h, 3d, 1w or a date such as 2026-01-31.") from None
    return moment if moment.tzinfo else moment.astimezone()
