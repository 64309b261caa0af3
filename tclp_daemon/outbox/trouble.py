"""Who has to wait after a failure? One contract or one page alone, or everything, because the outbox is at fault."""

from __future__ import annotations

import sqlite3

from tclp_daemon.outbox.marker import OutboxUnavailable

# Pauses before another try, in seconds: the first, and the longest after doubling.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


def is_local(error: Exception) -> bool:
    """Whether an exception concerns one task or one page only, rather than the outbox or the store."""
    if isinstance(error, sqlite3.Error):
        # A row that the schema refuses, or whose text is damaged; the store itself is well.
        return isinstance(error, sqlite3.IntegrityError) or "Could not decode" in str(error)
    return not isinstance(error, OutboxUnavailable)


def problem_of(error: Exception) -> str:
    """What went wrong, without a word of any contract: only the system's own exceptions do not quote their input."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return type(error).__name__
