"""From a name in the inbox to a task: look, let settle, accept in slices. The loop says when."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tclp_daemon.config import Inbox
from tclp_daemon.inbox.entry import EntryKind, Seen
from tclp_daemon.inbox.forget import Forgetting
from tclp_daemon.inbox.intake import Intake
from tclp_daemon.inbox.reading import NotPermitted, NotYet, Unreadable
from tclp_daemon.inbox.scan import InboxUnavailable, Scanner
from tclp_daemon.inbox.settle import SettleTracker
from tclp_daemon.inbox.turns import take_turns
from tclp_daemon.store import Store
from tclp_daemon.system.logs import get_logger

log = get_logger("inbox")

# For how many settle times we wait for permission to read a file: a copy often sets permissions last.
_PATIENCE = 5
# The longest pause before a file is tried again: one that was open, changed, or may not be read yet; and one whose
# reading failed.
_LONGEST_NOT_YET, _LONGEST_SICK = 15.0, 60.0
# The longest slice of accepting between two looks, in seconds, and the shortest, however long a look takes.
_LONGEST_SLICE, _SHORTEST_SLICE = 2.0, 0.05
# How many troubles the log names at a look.
_TROUBLES_NAMED = 20


@dataclass(slots=True)
class _Retry:
    """A file that could not be accepted.

    Attributes:
        seen: as it looked then; once it looks different it is not put off any more.
        at: when to try again, monotonic.
        pause: seconds to wait if that fails, too.
        sick: reading it failed.
    """

    seen: Seen
    at: float
    pause: float
    sick: bool


class Acceptance:
    """Everything between a name in the inbox and a task, except when to look next.

    A burst is accepted in slices, with a look after each, so that a file that comes later is seen while the others
    still wait; `take_turns` says which is next. Listing and slice together take `poll_seconds` at most: a single new
    drop is accepted within twice that and the time to settle.

    Args:
        settings: the inbox.
        store: this thread's connection.
        intake: turns a settled file into a task.
        accepted: called after each acceptance.
        alive: called often.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        settings: Inbox,
        store: Store,
        intake: Intake,
        *,
        accepted: Callable[[], None] = lambda: None,
        alive: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._intake = intake
        self._accepted = accepted
        self._clock = clock
        self._tracker = SettleTracker(settings.settle_seconds, settings.empty_seconds)
        self._forgetting = Forgetting(settings.path, store)
        self._retries: dict[str, _Retry] = {}
        self._settled: dict[str, Seen] = {}
        self._named: dict[str, str] = {}
        self._waiting: dict[str, str] = {}
        self.scanner = Scanner(
            settings.path,
            known=intake.known,
            recursive=settings.recursive,
            ignore=settings.ignore,
            alive=alive,
            clock=clock,
        )

    @property
    def sick(self) -> bool:
        """Whether a file waits that could not be read."""
        return any(retry.sick for retry in self._retries.values())

    def look(self, *, inodes_last: bool = True, filesystem: str = "unknown") -> None:
        """Looks at the inbox once, and notes what has settled and what is gone.

        Raises:
            InboxUnavailable: it cannot be read.
        """
        seen = self.scanner.look(inodes_last=inodes_last, filesystem=filesystem)
        self._settled = {item.source: item for item in self._tracker.observe(seen, self._clock())}
        self._log_troubles()
        there = {item.source: item for item in seen}
        self._retries = {s: retry for s, retry in self._retries.items() if there.get(s) == retry.seen}
        self._waiting = {source: why for source, why in self._waiting.items() if source in there}
        if not self.scanner.empty:
            self._forgetting.step()

    def accept(self, seconds: float, stopped: Callable[[], bool] = lambda: False) -> bool:
        """Accepts what has settled, a slice at a time.

        Args:
            seconds: how long the slice may take, within bounds.
            stopped: asked before each file.

        Returns:
            Whether some of it still waits for its turn.

        Raises:
            InboxUnavailable: of the files that were tried, not one could be read.
            StateUnavailable: the spool or the store is full.
        """
        began = self._clock()
        due = [item for item in self._settled.values() if self._is_due(item, began)]
        end = began + min(_LONGEST_SLICE, max(_SHORTEST_SLICE, seconds))
        readable, unreadable = 0, None
        for number, item in enumerate(take_turns(due, self._tracker.since)):
            if stopped():
                break
            if number and self._clock() >= end:
                return True
            del self._settled[item.source]
            try:
                self._accept(item)
                readable += 1
            except Unreadable as problem:
                self._put_off(item, str(problem), sick=True)
                unreadable = problem
        if unreadable is not None and not readable:
            # One bad file among good ones costs only itself; nothing but bad ones means that the share is sick.
            raise InboxUnavailable(str(unreadable))
        return False

    def next_settled(self) -> float | None:
        """Seconds until something more can be accepted; None if nothing waits."""
        now = self._clock()
        waits = [wait for retry in self._retries.values() if (wait := retry.at - now) > 0]
        if (settled := self._tracker.next_settled(now)) is not None:
            waits.append(settled)
        return min(waits, default=None)

    def hint(self, sources: Iterable[str], lost: bool = False) -> None:
        """Native events named these: they are looked at, and what was put off is tried again.

        Args:
            sources: names, relative to the inbox.
            lost: whether events were lost, so that the next look must be a full one.
        """
        sources = set(sources)
        if lost:
            self.scanner.doubt_all()
        self.scanner.doubt(sources)
        for source in sources & self._retries.keys():
            if not self._retries[source].sick:
                self._retries[source].at = self._clock()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _is_due(self, item: Seen, now: float) -> bool:
        retry = self._retries.get(item.source)
        return retry is None or now >= retry.at

    def _accept(self, item: Seen) -> None:
        patient = self._tracker.age(item.source, self._clock()) < _PATIENCE * self._settings.settle_seconds
        try:
            task = self._intake.accept(item, patient=patient)
        except NotYet as reason:
            if not isinstance(reason, NotPermitted):
                self._tracker.restart(item.source, self._clock())
            self._put_off(item, str(reason), sick=False)
            return
        self._retries.pop(item.source, None)
        if task is None:
            log.debug("known_by_its_bytes", file=ascii(item.source))
            return
        log.info(
            "accepted",
            task_id=task.task_id,
            file=ascii(task.file),
            size=task.size,
            status=task.status,
            left_in_inbox=item.kind is not EntryKind.FILE or self._settings.when_accepted == "leave",
        )
        self._accepted()

    def _put_off(self, item: Seen, reason: str, *, sick: bool) -> None:
        """A file that cannot be accepted is tried less and less often, so that it costs the others less and less."""
        first, longest = (
            (self._settings.poll_seconds, _LONGEST_SICK) if sick else (self._settings.settle_seconds, _LONGEST_NOT_YET)
        )
        before = self._retries.get(item.source)
        pause = before.pause if before else first
        self._retries[item.source] = _Retry(item, self._clock() + pause, min(max(first, longest), pause * 2), sick)
        if self._waiting.get(item.source) != reason:
            self._waiting[item.source] = reason
            log.info("waiting_for_file", file=ascii(item.source), reason=reason)

    def _log_troubles(self) -> None:
        """Logs each entry that cannot be looked at once, for as long as its trouble lasts."""
        troubles = self.scanner.troubles
        new = {source: why for source, why in troubles.items() if self._named.get(source) != why}
        self._named = dict(troubles)
        for source, why in list(new.items())[:_TROUBLES_NAMED]:
            log.warning(
                "passed_over", file=ascii(source), reason=why, advice="it stays in the inbox until that is fixed"
            )
        if len(new) > _TROUBLES_NAMED:
            log.warning("passed_over", more=len(new) - _TROUBLES_NAMED, advice="see the lines before")
