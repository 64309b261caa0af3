"""Puts the parts together and keeps them alive: threads, signals, recovery, watchdog, drain."""

from __future__ import annotations

import os
import queue
import signal
import sqlite3
import threading
import time
from collections.abc import Mapping
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
from tclp_daemon.service.startup import StateLock, check_database, check_shared_folders, prepare_state
from tclp_daemon.store import Store
from tclp_daemon.system import crashpoints
from tclp_daemon.system.logs import get_logger
from tclp_daemon.workers.base import StartCancelled
from tclp_daemon.workers.local import LocalPool

log = get_logger("daemon")

# A part that has not been heard of for so long is stuck: a single look or copy on a slow share may take a while.
STUCK_SECONDS = 150.0
_LOOK_SECONDS = 10.0
# Looks that come later than this were held up together with the whole process (SIGSTOP, a frozen cgroup).
_HELD_UP_SECONDS = 5.0
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class DaemonFailed(Exception):
    """A part of the daemon cannot go on; the daemon has drained and stopped."""


class Daemon:
    """One daemon, from start to drained stop.

    Args:
        config: the whole configuration.
        environ: for systemd's socket and the kill tests' crash points.
    """

    def __init__(self, config: Config, environ: Mapping[str, str] = os.environ) -> None:
        self._config = config
        self._notifier = Notifier(environ)
        self._parts: list[Part] = []
        # A signal can interrupt the main thread anywhere, also within its wait, where a threading.Event would be locked
        # already. SimpleQueue.put is the one that may come between a get of its own thread (queue, "SimpleQueue").
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._next_claim = time.monotonic() + BEAT_SECONDS
        crashpoints.arm(environ.get("TCLP_CRASH_AT"))

    def run(self) -> None:
        """Runs until SIGTERM or SIGINT, then drains.

        Raises:
            ConfigError: it cannot start.
            DaemonFailed: a part could not go on, so it stopped by itself.
        """
        config = self._config
        prepare_state(config.state.path)
        check_shared_folders(config)
        lock = StateLock(config.state.path)
        try:
            check_database(config.state.path)
            store = Store(config.state.path)
            if not lock.untouched:
                store.check()  # reads all of it, two seconds for 100,000 contracts
            interrupted = store.recover()
            heartbeat = InboxHeartbeat(config.inbox.path)
            self._claim(heartbeat)
            try:
                self._serve(store, heartbeat, len(interrupted))
            finally:
                heartbeat.release()
                store.close()
            lock.seal()
        finally:
            lock.release()

    def _claim(self, heartbeat: InboxHeartbeat) -> None:
        try:
            if not heartbeat.claim():
                log.warning(
                    "inbox_read_only",
                    advice="set inbox.when_accepted = 'leave'; nothing guards against a second daemon",
                )
        except OSError as error:
            log.warning("inbox_unavailable", problem=error.strerror, advice="waiting for it")

    def _serve(self, store: Store, heartbeat: InboxHeartbeat, interrupted: int) -> None:
        config = self._config
        for number in _STOP_SIGNALS:
            signal.signal(number, lambda number, frame: self._signals.put(number))
        # A writer that opens a file in the moment in which intake holds a lease on it has the kernel send this, and its
        # default action is to end the process (fcntl(2), "Leases").
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        # A terminal that closes, or a log rotation made for another program, must not end it undrained.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        log.info(
            "starting", version=__version__, pid=os.getpid(), inbox=str(config.inbox.path),
            outbox=str(config.outbox.path), state=str(config.state.path), workers=config.workers.processes,
            interrupted=interrupted, **store.counts(),
        )  # fmt: skip
        self._notifier.send(STATUS="loading the model")
        executor = LocalPool(config)
        outbox_part, dispatcher_part, inbox_part, housekeeping_part = self._parts = [
            Part(name, self._ending) for name in ("outbox", "dispatcher", "inbox", "housekeeping")
        ]
        publisher = Publisher(config, self._open_store, alive=outbox_part.beat)
        try:
            publisher.adopt()
        except OutboxUnavailable as problem:
            log.warning("outbox_unavailable", problem=str(problem), advice="results wait in the store until it is back")
        try:
            identity = executor.start(stopping=lambda: self._stopped_while_loading(heartbeat))
        except StartCancelled:
            self._end()
            return
        dispatcher = Dispatcher(
            config, self._open_store, executor, identity,
            changed=publisher.wake, alive=dispatcher_part.beat, restore_spool=publisher.restore_spool,
        )  # fmt: skip

        def accepted() -> None:
            publisher.wake()
            dispatcher.wake()

        inbox = InboxLoop(
            config, self._open_store, naming=name_in_outbox,
            accepted=accepted, alive=inbox_part.beat, keep=heartbeat.keep,
        )  # fmt: skip
        housekeeper = Housekeeper(config.retention, self._open_store, alive=housekeeping_part.beat)
        outbox_part.start(publisher.run)
        dispatcher_part.start(dispatcher.run)
        inbox_part.start(inbox.run)
        housekeeping_part.start(housekeeper.run)
        try:
            self._supervise(inbox)
        finally:
            self._ending.set()
            housekeeper.stop()
            self._drain(inbox, dispatcher, publisher, executor)
        if failed := self._given_up():
            raise DaemonFailed(f"The part {failed[0].name!r} of the daemon cannot go on ({failed[0].given_up}).")

    def _stopped_while_loading(self, heartbeat: InboxHeartbeat) -> bool:
        """Whether a signal came. Keeps the claim on the inbox, which goes stale sooner than a large model loads."""
        now = time.monotonic()
        if now >= self._next_claim:
            self._next_claim = now + BEAT_SECONDS
            heartbeat.keep()
        return not self._signals.empty()

    def _supervise(self, inbox: InboxLoop) -> None:
        """Tells the service manager how things are, until a signal comes or a part is given up."""
        ready = False
        stuck: list[str] = []
        interval = min(_LOOK_SECONDS, (self._notifier.watchdog_seconds or _LOOK_SECONDS * 3) / 3)
        pause, looked = 0.0, time.monotonic()
        while not self._asked_to_stop(pause) and not self._given_up():
            if not ready and inbox.first_scan_done.is_set():
                ready = True
                self._notifier.send(READY=1, STATUS="watching the inbox")
                log.info("ready")
            now = time.monotonic()
            if (late := now - looked - pause) > _HELD_UP_SECONDS:
                for part in self._parts:
                    part.forgive(late)
                log.info("held_up", seconds=round(late, 1))
            looked = now
            if (silent := self._silent(now)) != stuck:
                stuck = silent
                if stuck:
                    log.error("stuck", parts=stuck, advice="the service manager will restart the daemon")
            if not stuck and all(part.is_alive() for part in self._parts):
                self._notifier.send(WATCHDOG=1)
            pause = interval if ready else 0.05

    def _silent(self, now: float) -> list[str]:
        """The parts that are stuck."""
        return sorted(part.name for part in self._parts if part.silent(now) > STUCK_SECONDS)

    def _given_up(self) -> list[Part]:
        return [part for part in self._parts if part.given_up is not None]

    def _drain(self, inbox: InboxLoop, dispatcher: Dispatcher, publisher: Publisher, executor: LocalPool) -> None:
        seconds = self._config.workers.drain_seconds
        self._notifier.send(STOPPING=1, STATUS=f"draining {dispatcher.running} tasks")
        log.info("draining", running=dispatcher.running, seconds=seconds)
        inbox.stop()
        dispatcher.drain(seconds)
        outbox_part, dispatcher_part, inbox_part, _ = self._parts
        while dispatcher_part.is_alive():
            if not self._signals.empty():  # a second signal: no more patience
                dispatcher.drain(0)
            if not self._silent(time.monotonic()):
                self._notifier.send(WATCHDOG=1)  # patience may be longer than the manager's
            dispatcher_part.join(timeout=0.1)
        executor.shutdown()
        inbox_part.join(timeout=10)
        publisher.stop()
        outbox_part.join(timeout=10)
        self._end()

    def _end(self) -> None:
        # There is nothing left to hurry, and the interpreter's end would give them back their deadly default.
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        log.info("stopped")

    def _open_store(self) -> Store:
        """A part's connection. By SQLite's own word for what is wrong the part's restarts are decided (`parts.py`)."""
        state = self._config.state.path
        check_database(state)
        try:
            return Store(state, clock=lambda: datetime.now(UTC))
        except ConfigError as error:
            if isinstance(error.__context__, sqlite3.Error):
                raise error.__context__ from None
            raise

    def _asked_to_stop(self, seconds: float) -> bool:
        """Waits so long for a signal; whether there was one."""
        try:
            self._signals.get(timeout=seconds)
        except queue.Empty:
            return False
        return True
