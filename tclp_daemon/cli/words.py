"""Words for people: how commands say numbers, ages, names and verdicts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tclp_daemon.report.words import count as count
from tclp_daemon.report.words import found as found
from tclp_daemon.report.words import place as place

if TYPE_CHECKING:
    from tclp_daemon.task import Task


def age(since: datetime, now: datetime | None = None) -> str:
    """How long ago that was, in the largest unit that fits: `3d`, `5h`, `2m`, `40s`."""
    seconds = max(0, int(((now or datetime.now(UTC)) - since).total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def printable(text: str) -> str:
    """A name on one line, without control or direction characters that could deceive a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def verdict(task: Task) -> str:
    """The verdict on a completed task, the error code of a failed one, else `-`.

    "in part" follows the verdict where not all of the contract was judged.
    """
    if task.result is not None:
        part = "" if task.result.get("coverage", {}).get("complete", True) else ", in part"
        return f"{task.result['classification']}{part}"
    return task.error_code.value if task.error_code else "-"


def findings(task: Task) -> str:
    """The number of findings of a completed task that the verdict counts, else `-`."""
    return "-" if task.result is None else str(_counted(task.result))


def found_in(result: dict[str, Any]) -> str:
    """`7 findings in 3 clauses`, of a result as the store has it."""
    return found(_counted(result), result.get("counts", {}).get("clauses"))


def _counted(result: dict[str, Any]) -> int:
    """Version 1 of the result counted all findings."""
    number: int = result.get("counts", {}).get("counted", len(result["findings"]))
    return number
