"""The inbox thread: scan, settle, accept, again. Events wake it early; the periodic scan is the truth."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tclp_daemon.config import Config
from tclp_daemon.inbox.intake import Intake, NotYet, StateUnavailable, Unreadable
from tclp_daemon.inbox.native import NativeWatcher
from tclp_daemon.inbox.scan import InboxUnavailable, Kind, Seen, scan
from tclp_daemon.inbox.settle import SettleTracker
from tclp_daemon.logs import get_logger
from tclp_daemon.mounts import filesystem_of, is_network
from tclp_daemon.store import Store

log = get_logger("inbox")

# How many settle times a file without read permission is waited for: a copy often sets permissions last.
_PATIENCE = 5
_MAX_BACKOFF = 60.0
# The longest sleep at a stretch: the watchdog and the heartbeat want to hear of us however seldom the inbox is polled.
_LONGEST_SLEEP = 5.0
# The shortest, and how many times as long as a look took: events wake no sooner.
_SHORTEST_SLEEP, _REST = 0.05, 4.0


class InboxLoop:
    """Watches one inbox until told to stop.

    Args:
        config: the whole configuration.
        store: opens this thread's connection to the store.
        accepted: called after each acceptance, to wake the others.
        alive: called at each look, for the watchdog.
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
        self._waiting: dict[str, str] = {}
        # Files that could not be read: when to try again, and the pause after that.
        self._sick: dict[str, tuple[float, float]] = {}
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
        intake = Intake(self._inbox.path, self._state, store, file_mb=self._file_mb, alive=self._tick)
        tracker = SettleTracker(self._inbox.settle_seconds)
        if swept := intake.sweep():
            log.info("spool_swept", files=swept)
        backoff = self._inbox.poll_seconds
        try:
            while not self._stop.is_set():
                self._alive()  # without the claim, which the look itself must judge
                self._wake.clear()
                began = time.monotonic()
                try:
                    pause = self._look(intake, tracker)
                    if not self._sick:
                        self._available(True)
                    backoff = self._inbox.poll_seconds
                except (InboxUnavailable, StateUnavailable) as problem:
                    self._available(False, problem)
                    pause = backoff = min(_MAX_BACKOFF, backoff * 2)
                self.first_scan_done.set()
                looked = time.monotonic() - began
                # A file that is being copied raises events without end, and a look at a full inbox takes its time.
                self._stop.wait(max(_SHORTEST_SLEEP, _REST * looked))
                self._sleep(pause)
        finally:
            if self._native:
                self._native.stop()
            store.close()

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._wake.wait(min(left, _LONGEST_SLEEP)):
            self._tick()

    def _tick(self) -> None:
        self._alive()
        self._keep()

    def _look(self, intake: Intake, tracker: SettleTracker) -> float:
        """One scan and what follows from it; returns how long to sleep."""
        if (other := self._keep()) is not None:
            raise InboxUnavailable(other)
        if (now_on := filesystem_of(self._inbox.path)) != self._filesystem:
            if is_network(self._filesystem):
                raise InboxUnavailable(
                    f"{self._inbox.path} was on {self._filesystem} and is now on {now_on}: unmounted?"
                )
            self._filesystem = now_on  # the share was mounted after the daemon had started
        if self._native and (self._inbox.watch == "native" or not is_network(self._filesystem)):
            self._native.ensure()
        seen = scan(
            self._inbox.path,
            recursive=self._inbox.recursive,
            ignore=self._inbox.ignore,
            inodes_last=not is_network(self._filesystem),
        )
        new = [item for item in seen if not intake.is_known(item)]
        readable, unreadable = 0, None
        for item in tracker.observe(new, time.monotonic()):
            if self._stop.is_set():
                break
            self._tick()
            not_before, delay = self._sick.get(item.source, (0.0, self._inbox.poll_seconds))
            if time.monotonic() < not_before:
                continue
            try:
                self._accept(intake, tracker, item)
                self._sick.pop(item.source, None)
                readable += 1
            except Unreadable as problem:
                self._sick[item.source] = (time.monotonic() + delay, min(_MAX_BACKOFF, delay * 2))
                self._wait_for(item, str(problem))
                unreadable = problem
        self._waiting = {source: why for source, why in self._waiting.items() if tracker.age(source, time.monotonic())}
        self._sick = {source: when for source, when in self._sick.items() if tracker.age(source, time.monotonic())}
        if unreadable is not None and not readable:
            # One bad file among good ones costs only itself; nothing but bad ones means that the share is sick.
            raise InboxUnavailable(str(unreadable))
        until_settled = tracker.next_settled(time.monotonic())
        return (
            self._inbox.poll_seconds if until_settled is None else min(self._inbox.poll_seconds, until_settled + 0.01)
        )

    def _accept(self, intake: Intake, tracker: SettleTracker, item: Seen) -> None:
        patient = tracker.age(item.source, time.monotonic()) < _PATIENCE * self._inbox.settle_seconds
        try:
            task = intake.accept(item, patient=patient)
        except NotYet as reason:
            if str(reason) != "no permission to read it":
                tracker.restart(item.source, time.monotonic())
            self._wait_for(item, str(reason))
            return
        log.info(
            "accepted",
            task_id=task.task_id,
            file=ascii(task.file),
            size=task.size,
            status=task.status,
            left_in_inbox=item.kind is not Kind.FILE or self._inbox.when_accepted == "leave",
        )
        self._accepted()

    def _wait_for(self, item: Seen, reason: str) -> None:
        if self._waiting.get(item.source) != reason:
            self._waiting[item.source] = reason
            log.info("waiting_for_file", file=ascii(item.source), reason=reason)

    def _available(self, available: bool, problem: Exception | None = None) -> None:
        if available == (not self._unavailable):
            return
        self._unavailable = not available
        if available:
            log.info("inbox_available_again", inbox=str(self._inbox.path))
        else:
            log.warning("inbox_unavailable", inbox=str(self._inbox.path), problem=str(problem), advice="waiting for it")
