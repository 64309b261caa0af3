"""Puts the parts together, starts them and keeps them running; at a stop, drains them."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from tclp_daemon import __version__
from tclp_daemon.config import Config
from tclp_daemon.errors import ConfigError
from tclp_daemon.inbox.heartbeat import BEAT_SECONDS, InboxHeartbeat
from tclp_daemon.inbox.loop import InboxLoop
from tclp_daemon.outbox.marker import OutboxUnavailable
from tclp_daemon.outbox.names import name_in_outbox
from tclp_daemon.outbox.publisher import Publisher
from tclp_daemon.service.dispatcher import Dispatcher
from tclp_daemon.service.housekeeping import Housekeeper
from tclp_daemon.service.notify import Notifier
from tclp_daemon.service.parts import Part
from tclp_daemon.service.signals import StopSignals
from tclp_daemon.service.startup import (
    StateLock,
    check_database,
    check_recognition,
    check_shared_folders,
    prepare_state,
)
from tclp_daemon.service.watchdog import Watchdog
from tclp_daemon.store import Store
from tclp_daemon.system import crashpoints
from tclp_daemon.system.logs import get_logger
from tclp_daemon.workers.base import Executor, StartCancelled
from tclp_daemon.workers.local import LocalPool

log = get_logger("daemon")

# How often a daemon that is not ready yet looks whether it is.
_STARTING_SECONDS = 0.05
# How long the stop waits for a part that has been told to end.
_PART_SECONDS = 10.0


class DaemonFailed(Exception):
    """A part of the daemon cannot continue; the daemon has drained and stopped."""


class Daemon:
    """One daemon, from start to drained stop.

    Args:
        config: the complete configuration.
        environ: for systemd's socket and the kill tests' crash points.
    """

    def __init__(self, config: Config, environ: Mapping[str, str] = os.environ) -> None:
        self._config = config
        self._notifier = Notifier(environ)
        self._signals = StopSignals()
        self._ending = threading.Event()
        self._outbox, self._dispatcher, self._inbox, self._housekeeping = self._parts = [
            Part(name, self._ending) for name in ("outbox", "dispatcher", "inbox", "housekeeping")
        ]
        self._next_claim = time.monotonic() + BEAT_SECONDS
        crashpoints.arm(environ.get("TCLP_CRASH_AT"))

    def run(self) -> None:
        """Runs until SIGTERM or SIGINT, then drains.

        Raises:
            ConfigError: it cannot start.
            DaemonFailed: a part could not go on, so it stopped by itself.
        """
        state = self._config.state.path
        prepare_state(state)
        check_shared_folders(self._config)
        check_recognition(self._config.ocr)
        with StateLock(state) as lock:
            check_database(state)
            with contextlib.closing(Store(state)) as store:
                if not lock.untouched:
                    store.check()  # reads all of it, two seconds for 100,000 contracts
                interrupted = store.recover()
                with self._claimed_inbox() as heartbeat, self._signals:
                    self._log_start(store, len(interrupted))
                    self._serve(heartbeat)
            lock.seal()

    @contextlib.contextmanager
    def _claimed_inbox(self) -> Iterator[InboxHeartbeat]:
        with InboxHeartbeat(self._config.inbox.path) as heartbeat:
            try:
                if not heartbeat.claim():
                    log.warning(
                        "inbox_read_only",
                        advice="set inbox.when_accepted = 'leave'; nothing guards against a second daemon",
                    )
            except OSError as error:
                log.warning("inbox_unavailable", problem=error.strerror, advice="waiting for it")
            yield heartbeat

    def _log_start(self, store: Store, interrupted: int) -> None:
        config = self._config
        log.info(
            "starting", version=__version__, pid=os.getpid(), inbox=str(config.inbox.path),
            outbox=str(config.outbox.path), state=str(config.state.path), workers=config.workers.processes,
            interrupted=interrupted, **store.counts(),
        )  # fmt: skip

    def _serve(self, heartbeat: InboxHeartbeat) -> None:
        """From loading the model to the end of the last part."""
        self._notifier.send(STATUS="loading the model")
        publisher = Publisher(self._config, self._open_store, alive=self._outbox.beat)
        try:
            publisher.adopt()
        except OutboxUnavailable as problem:
            log.warning("outbox_unavailable", problem=str(problem), advice="results wait in the store until it is back")
        try:
            with LocalPool(self._config) as executor:
                identity = executor.start(stopping=lambda: self._stopped_while_loading(heartbeat))
                self._run_parts(publisher, executor, identity, heartbeat)
        except StartCancelled:
            pass
        finally:
            # The outbox ends last, for it shows what the others have done.
            self._inbox.join(_PART_SECONDS)
            self._housekeeping.join(_PART_SECONDS)
            publisher.stop()
            self._outbox.join(_PART_SECONDS)
        log.info("stopped")
        if failed := self._given_up():
            raise DaemonFailed(f"The part {failed[0].name!r} of the daemon cannot continue ({failed[0].given_up}).")

    def _stopped_while_loading(self, heartbeat: InboxHeartbeat) -> bool:
        """Whether a signal came. Keeps the claim on the inbox, which goes stale sooner than a large model loads."""
        now = time.monotonic()
        if now >= self._next_claim:
            self._next_claim = now + BEAT_SECONDS
            heartbeat.keep()
        return self._signals.pending

    def _run_parts(
        self, publisher: Publisher, executor: Executor, identity: dict[str, str], heartbeat: InboxHeartbeat
    ) -> None:
        """Runs the parts until a signal comes or one of them is given up; then drains all but the outbox."""
        dispatcher = Dispatcher(
            self._config, self._open_store, executor, identity,
            changed=publisher.wake, alive=self._dispatcher.beat, restore_spool=publisher.restore_spool,
        )  # fmt: skip

        def accepted() -> None:
            publisher.wake()
            dispatcher.wake()

        inbox = InboxLoop(
            self._config, self._open_store, naming=name_in_outbox,
            accepted=accepted, alive=self._inbox.beat, keep=heartbeat.keep,
        )  # fmt: skip
        housekeeper = Housekeeper(self._config.retention, self._open_store)
        self._outbox.drive(publisher)
        self._dispatcher.drive(dispatcher)
        self._inbox.drive(inbox)
        self._housekeeping.drive(housekeeper)
        watchdog = Watchdog(self._parts, self._notifier)
        try:
            self._supervise(inbox.watching, watchdog)
        finally:
            self._ending.set()
            housekeeper.stop()
            inbox.stop()
            self._drain(dispatcher, watchdog)

    def _supervise(self, watching: threading.Event, watchdog: Watchdog) -> None:
        """Tells the service manager how things are, until a signal comes or a part is given up."""
        ready, pause = False, 0.0
        while not self._signals.wait(pause) and not self._given_up():
            if not ready and watching.is_set():
                ready = True
                self._notifier.send(READY=1, STATUS="watching the inbox")
                log.info("ready")
            watchdog.look(pause)
            pause = watchdog.interval if ready else _STARTING_SECONDS

    def _drain(self, dispatcher: Dispatcher, watchdog: Watchdog) -> None:
        """Waits for the contracts that the workers have, as long as `workers.drain_seconds` allows."""
        seconds = self._config.workers.drain_seconds
        self._notifier.send(STOPPING=1, STATUS=f"draining {dispatcher.running} tasks")
        log.info("draining", running=dispatcher.running, seconds=seconds)
        dispatcher.drain(seconds)
        while self._dispatcher.is_alive():
            if self._signals.pending:  # a second signal: no more patience
                dispatcher.drain(0)
            watchdog.ping()  # patience may be longer than the manager's
            self._dispatcher.join(timeout=0.1)

    def _given_up(self) -> list[Part]:
        return [part for part in self._parts if part.given_up is not None]

    def _open_store(self) -> Store:
        """A part's connection. SQLite's own error decides whether the part is restarted (`parts.py`)."""
        state = self._config.state.path
        check_database(state)
        try:
            return Store(state, clock=lambda: datetime.now(UTC))
        except ConfigError as error:
            if isinstance(error.__context__, sqlite3.Error):
                raise error.__context__ from None
            raise
