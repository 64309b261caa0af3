"""The inbox part: watch, look, settle, accept, again. Events wake it early; the periodic look is the truth.

`InboxLoop.round` does whatever is due and says when to come back, so whoever paces it (a thread, a test) only needs to
call it. A call that comes too early does no harm.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Self

from tclp_daemon.config import Config
from tclp_daemon.inbox.acceptance import Acceptance
from tclp_daemon.inbox.intake import Intake, Naming
from tclp_daemon.inbox.native import NativeWatcher
from tclp_daemon.inbox.scan import InboxUnavailable
from tclp_daemon.spool import Spool, StateUnavailable
from tclp_daemon.store import Store
from tclp_daemon.system.logs import get_logger
from tclp_daemon.system.mounts import filesystem_of, has_mounts_below, is_network

log = get_logger("inbox")

_MAX_BACKOFF = 60.0
# The longest rest: the watchdog and the heartbeat need a sign of life however rarely the inbox is polled.
_LONGEST_REST = 5.0
# How long the first look may keep the daemon from being ready.
_WATCHING_SECONDS = 2.0
# Between two looks, and within a long look or copy, the claim on the inbox is checked this often at most.
_KEEP_SECONDS = 1.0
# The shortest rest after a look, and how many times as long as the listing took: events wake no sooner. A file that is
# being copied raises events without end.
_SHORTEST_REST, _REST = 0.05, 4.0


class InboxLoop:
    """Watches one inbox. A context manager: within the block `round` can be called, at its end all is closed.

    Args:
        config: the complete configuration.
        store: opens this thread's connection to the store.
        naming: decides under which name a contract goes to the outbox.
        accepted: called after each acceptance, to wake the others.
        alive: called often, for the watchdog.
        keep: renews this daemon's claim on the inbox; says why the inbox is another daemon's, None if it is not.

    Attributes:
        watching: set after the first look, whatever it found (a daemon that waits for its share is up, too), or once
            that has gone on for two seconds: in an inbox of a million files it takes minutes.
        unavailable: why the inbox cannot be used now; None while it can.
        woken: set when the next round is due early.
    """

    def __init__(
        self,
        config: Config,
        store: Callable[[], Store],
        *,
        naming: Naming,
        accepted: Callable[[], None],
        alive: Callable[[], None],
        keep: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._inbox = config.inbox
        self._spool = Spool(config.state.path)
        self._file_mb = config.limits.file_mb
        self._open_store = store
        self._naming = naming
        self._accepted = accepted
        self._alive = alive
        self._keep = keep
        self._stop = threading.Event()
        self.woken = threading.Event()
        self._event = threading.Event()  # a change was reported since the last look
        self.unavailable: str | None = None
        self._next_keep = 0.0
        self._lost = False  # to another daemon
        # When to look next: not before the first, and after the second at the latest; in between an event decides.
        self._look_from = self._look_at = 0.0
        self._backoff = self._inbox.poll_seconds
        self._filesystem = filesystem_of(self._inbox.path)
        self.watching = threading.Event()
        self._entered = 0.0
        native = self._inbox.watch == "native" or (self._inbox.watch == "auto" and not is_network(self._filesystem))
        self._native = (
            NativeWatcher(self._inbox.path, recursive=self._inbox.recursive, wake=self.hint) if native else None
        )

    def __enter__(self) -> Self:
        self._entered = time.monotonic()
        with contextlib.ExitStack() as stack:
            store = stack.enter_context(contextlib.closing(self._open_store()))
            if self._native:
                stack.enter_context(self._native)
            intake = Intake(
                self._inbox.path,
                self._spool,
                store,
                naming=self._naming,
                file_mb=self._file_mb,
                leave=self._inbox.when_accepted == "leave",
                alive=self._tick,
            )
            self._acceptance = Acceptance(self._inbox, store, intake, accepted=self._accepted, alive=self._tick)
            self._sweep(store)
            self._look_from = self._look_at = 0.0
            self._backoff = self._inbox.poll_seconds
            self._resources = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._resources.close()

    def hint(self) -> None:
        """Something changed in the inbox: the next look need not wait longer than it must."""
        self._event.set()
        # Not within the rest, for events come by the thousand while a file is copied; the round after it will see.
        if time.monotonic() >= self._look_from:
            self.woken.set()

    def stop(self) -> None:
        """Asks for no more rounds."""
        self._stop.set()
        self.woken.set()

    def round(self) -> float | None:
        """Keeps the claim; if a look is due, looks at the inbox and accepts a slice of what has settled.

        Returns:
            Seconds until the next round, None after `stop`. One that comes earlier does no harm.
        """
        if self._stop.is_set():
            return None
        self._alive()
        now = time.monotonic()
        due = self._look_from if self._event.is_set() else self._look_at
        if now < due and not self._given_back(now):
            return self._rest(now)
        self._event.clear()
        try:
            shortest, longest = self._look()
            if not self._acceptance.sick:
                self._available()
            self._backoff = self._inbox.poll_seconds
        except (InboxUnavailable, StateUnavailable) as problem:
            self._available(problem)
            shortest, longest = 0.0, min(_MAX_BACKOFF, self._backoff * 2)
            self._backoff = longest
        self.watching.set()
        now = time.monotonic()
        self._look_from = now + max(_SHORTEST_REST, shortest)
        self._look_at = max(self._look_from, now + longest)
        return self._rest(now)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _rest(self, now: float) -> float:
        due = self._look_from if now < self._look_from else self._look_at
        return min(_LONGEST_REST, max(0.0, due - now))

    def _given_back(self, now: float) -> bool:
        """Keeps the claim between two looks; whether the daemon that had the inbox has just given it up."""
        if now < self._next_keep:
            return False
        self._next_keep = now + _KEEP_SECONDS
        was_lost = self._lost
        return self._other() is None and was_lost

    def _look(self) -> tuple[float, float]:
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
        acceptance = self._acceptance
        network, told = is_network(self._filesystem), False
        if self._native:
            # What is mounted below raises its events elsewhere, or none at all.
            told = not network and not has_mounts_below(self._inbox.path)
            told = told and self._native.hears(acceptance.scanner.directories)
            acceptance.hint(*self._native.changed())
        began = time.monotonic()
        acceptance.look(inodes_last=not network, filesystem=self._filesystem, told=told)
        looked = time.monotonic() - began
        more = False
        try:
            more = acceptance.accept(self._inbox.poll_seconds - looked, self._stop.is_set)
        except InboxUnavailable as problem:
            # What was tried cannot be read, and is put off. The listing could be, so what comes next need not wait.
            self._available(problem)
        # The listing only: accepting was no load on the share that needs a rest.
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

    def _sweep(self, store: Store) -> None:
        try:
            if swept := self._spool.sweep(store.known_spool(), self._tick):
                log.info("spool_swept", files=swept)
        except (OSError, InboxUnavailable) as error:
            log.warning("spool_not_swept", problem=str(error), advice="the next start tries again")

    def _tick(self) -> None:
        """Called within long looks and copies.

        Raises:
            InboxUnavailable: another daemon has the inbox now.
        """
        self._alive()
        now = time.monotonic()
        if now >= self._entered + _WATCHING_SECONDS:
            self.watching.set()
        if now >= self._next_keep:
            self._next_keep = now + _KEEP_SECONDS
            if (other := self._other()) is not None:
                raise InboxUnavailable(other)

    def _other(self) -> str | None:
        """Keeps the claim; says why the inbox is another daemon's, None if it is not."""
        other = self._keep()
        self._lost = other is not None
        return other

    def _available(self, problem: Exception | None = None) -> None:
        """Notes whether the inbox is available; logs it when that changes."""
        was, self.unavailable = self.unavailable, None if problem is None else str(problem)
        if problem is None and was is not None:
            log.info("inbox_available_again", inbox=str(self._inbox.path))
        elif problem is not None and was is None:
            log.warning("inbox_unavailable", inbox=str(self._inbox.path), problem=str(problem), advice="waiting for it")
