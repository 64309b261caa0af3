"""The inbox thread: scan, settle, accept, again. Events wake it early; the periodic scan is the truth."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tclp_daemon.config import Config
from tclp_daemon.inbox.acceptance import Acceptance
from tclp_daemon.inbox.intake import Intake, StateUnavailable
from tclp_daemon.inbox.native import NativeWatcher
from tclp_daemon.inbox.scan import InboxUnavailable
from tclp_daemon.store import Store
from tclp_daemon.system.logs import get_logger
from tclp_daemon.system.mounts import filesystem_of, is_network

log = get_logger("inbox")

_MAX_BACKOFF = 60.0
# The longest sleep at a stretch: the watchdog and the heartbeat want to hear of us however seldom the inbox is polled.
_LONGEST_SLEEP = 5.0
# Within a long look or copy the claim on the inbox is looked after this often.
_KEEP_SECONDS = 1.0
# The shortest rest after a look, and how many times as long as the listing took: events wake no sooner. A file that is
# being copied raises events without end.
_SHORTEST_REST, _REST = 0.05, 4.0


class InboxLoop:
    """Watches one inbox until told to stop.

    Args:
        config: the whole configuration.
        store: opens this thread's connection to the store.
        accepted: called after each acceptance, to wake the others.
        alive: called often, for the watchdog.
        keep: renews this daemon's claim on the inbox; says why the inbox is another daemon's, None if it is not.
    """

    def __init__(
        self,
        config: Config,
        store: Callable[[], Store],
        *,
        accepted: Callable[[], None],
        alive: Callable[[], None],
        keep: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._inbox = config.inbox
        self._state = config.state.path
        self._file_mb = config.limits.file_mb
        self._open_store = store
        self._accepted = accepted
        self._alive = alive
        self._keep = keep
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._unavailable = False
        self._next_keep = 0.0
        self._lost = False  # to another daemon
        self._filesystem = filesystem_of(self._inbox.path)
        # Set after the first look, whatever it found: a daemon that waits for its share is up, too.
        self.first_scan_done = threading.Event()
        native = self._inbox.watch == "native" or (self._inbox.watch == "auto" and not is_network(self._filesystem))
        self._native = (
            NativeWatcher(self._inbox.path, recursive=self._inbox.recursive, wake=self._wake.set) if native else None
        )

    def stop(self) -> None:
        """Asks the loop to end."""
        self._stop.set()
        self._wake.set()

    def run(self) -> None:
        """Runs until `stop`."""
        store = self._open_store()
        intake = Intake(
            self._inbox.path,
            self._state,
            store,
            file_mb=self._file_mb,
            leave=self._inbox.when_accepted == "leave",
            alive=self._tick,
        )
        acceptance = Acceptance(self._inbox, store, intake, accepted=self._accepted, alive=self._tick)
        try:
            self._sweep(intake)
            backoff = self._inbox.poll_seconds
            while not self._stop.is_set():
                self._alive()  # without the claim, which the look itself must judge
                self._wake.clear()
                rest = 0.0
                try:
                    rest, pause = self.round(acceptance)
                    if not acceptance.sick:
                        self._available(True)
                    backoff = self._inbox.poll_seconds
                except (InboxUnavailable, StateUnavailable) as problem:
                    self._available(False, problem)
                    pause = backoff = min(_MAX_BACKOFF, backoff * 2)
                self.first_scan_done.set()
                rest = max(_SHORTEST_REST, rest)
                self._sleep(rest, self._stop)
                self._sleep(pause - rest, self._wake)
        finally:
            if self._native:
                self._native.stop()
            store.close()

    def round(self, acceptance: Acceptance) -> tuple[float, float]:
        """One look at the inbox and a slice of what can be accepted.

        Returns:
            How long to rest whatever happens, and how long in all unless an event comes, in seconds.

        Raises:
            InboxUnavailable: the inbox is away, or another daemon's.
            StateUnavailable: the spool or the store is full.
        """
        if (other := self._other()) is not None:
            raise InboxUnavailable(other)
        self._check_filesystem()
        if self._native:
            acceptance.hint(*self._native.changed())
        began = time.monotonic()
        acceptance.look(inodes_last=not is_network(self._filesystem), filesystem=self._filesystem)
        looked = time.monotonic() - began
        more = False
        try:
            more = acceptance.accept(self._inbox.poll_seconds - looked, self._stop.is_set)
        except InboxUnavailable as problem:
            # What was tried cannot be read, and is put off. The listing could be, so what comes next need not wait.
            self._available(False, problem)
        # The listing only: what was accepted in the meantime was no load on the share that needs a rest.
        rest = min(_REST * looked, self._inbox.poll_seconds) - (time.monotonic() - began - looked)
        if more:
            return rest, 0.0
        until_settled = acceptance.next_settled()
        poll = self._inbox.poll_seconds
        return rest, poll if until_settled is None else min(poll, until_settled + 0.01)

    def _check_filesystem(self) -> None:
        if (now_on := filesystem_of(self._inbox.path)) != self._filesystem:
            if is_network(self._filesystem):
                raise InboxUnavailable(
                    f"{self._inbox.path} was on {self._filesystem} and is now on {now_on}: unmounted?"
                )
            self._filesystem = now_on  # the share was mounted after the daemon had started
        if self._native:
            if self._inbox.watch == "native" or not is_network(self._filesystem):
                self._native.ensure()
            else:
                self._native.rest()

    def _sweep(self, intake: Intake) -> None:
        try:
            if swept := intake.sweep():
                log.info("spool_swept", files=swept)
        except (OSError, InboxUnavailable) as error:
            log.warning("spool_not_swept", problem=str(error), advice="the next start tries again")

    def _sleep(self, seconds: float, until: threading.Event) -> None:
        """Rests so long, or until the event, and keeps the claim meanwhile; that it is lost the next look will say."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not until.wait(min(left, _LONGEST_SLEEP)):
            self._alive()
            was_lost = self._lost
            if self._other() is None and was_lost:
                return  # whoever had the inbox has given it up

    def _tick(self) -> None:
        """Called within long looks and copies.

        Raises:
            InboxUnavailable: another daemon has the inbox now.
        """
        self._alive()
        if (now := time.monotonic()) >= self._next_keep:
            self._next_keep = now + _KEEP_SECONDS
            if (other := self._other()) is not None:
                raise InboxUnavailable(other)

    def _other(self) -> str | None:
        """Keeps the claim; says why the inbox is another daemon's, None if it is not."""
        other = self._keep()
        self._lost = other is not None
        return other

    def _available(self, available: bool, problem: Exception | None = None) -> None:
        if available == (not self._unavailable):
            return
        self._unavailable = not available
        if available:
            log.info("inbox_available_again", inbox=str(self._inbox.path))
        else:
            log.warning("inbox_unavailable", inbox=str(self._inbox.path), problem=str(problem), advice="waiting for it")
