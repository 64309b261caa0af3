"""When does a file count as complete? When two looks, far enough apart on the monotonic clock, see the very same file.

A pure rule without threads or clocks of its own, so that it is tested without waiting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tclp_daemon.inbox.entry import EntryKind, Seen


@dataclass(slots=True)
class _Look:
    seen: Seen
    since: float


class SettleTracker:
    """Remembers for how long each file has been unchanged.

    Args:
        settle_seconds: how long a file must stay unchanged.
        empty_seconds: the same for an empty file, at least: a sync tool or a slow copy may only have made its name.
    """

    def __init__(self, settle_seconds: float, empty_seconds: float = 0.0) -> None:
        self._settle = settle_seconds
        self._empty = max(settle_seconds, empty_seconds)
        self._looks: dict[str, _Look] = {}

    def observe(self, seen: Iterable[Seen], now: float) -> list[Seen]:
        """Takes one look at everything; returns what has settled. What is no longer there is forgotten."""
        before, self._looks = self._looks, {}
        settled = []
        for item in seen:
            look = before.get(item.source)
            if look is None or look.seen != item:
                look = _Look(item, now)
            elif now - look.since >= self._needs(item):
                settled.append(item)
            self._looks[item.source] = look
        return settled

    def restart(self, source: str, now: float) -> None:
        """Makes a file settle again: a writer still has it open, or it changed while it was copied."""
        if source in self._looks:
            self._looks[source].since = now

    def since(self, source: str) -> float:
        """When a file began to look as it does, on the clock of `observe`."""
        look = self._looks.get(source)
        return 0.0 if look is None else look.since

    def age(self, source: str, now: float) -> float:
        """Seconds for which the file has been unchanged."""
        look = self._looks.get(source)
        return 0.0 if look is None else now - look.since

    def next_settled(self, now: float) -> float | None:
        """Seconds until the next file can settle; None if nothing is settling."""
        waits = [wait for look in self._looks.values() if (wait := look.since + self._needs(look.seen) - now) > 0]
        return min(waits, default=None)

    def _needs(self, seen: Seen) -> float:
        return self._empty if seen.kind is EntryKind.FILE and seen.identity.size == 0 else self._settle
