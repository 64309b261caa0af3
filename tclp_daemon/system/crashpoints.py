"""Named points at which the kill tests end the process; without TCLP_CRASH_AT they do nothing.

With `TCLP_CRASH_AT=spooled` the process kills itself (SIGKILL) when it reaches that point for the first time, with
`spooled:3` the third time.
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "marker_chosen",
    "outbox_marked",
    "spooled",
    "task_recorded",
    "original_moved",
    "claimed",
    "computed",
    "row_finished",
    "result_written",
    "report_written",
    "sidecar_written",
    "published",
    "old_quartet_renamed",
)
_armed: dict[str, int] = {}


def arm(setting: str | None) -> None:
    """Arms one point from the environment's setting.

    Raises:
        ValueError: the setting does not name a point.
    """
    if not setting:
        return
    point, _, count = setting.partition(":")
    if point not in POINTS:
        raise ValueError(f"TCLP_CRASH_AT: {point!r} is not a crash point; known: {', '.join(POINTS)}")
    _armed[point] = int(count or 1)


def reach(point: str) -> None:
    """Passes a crash point."""
    if point not in _armed:
        return
    _armed[point] -= 1
    if _armed[point] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
