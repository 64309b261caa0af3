"""Puts the parts together and keeps them alive: threads, signals, recovery, watchdog, drain."""

from __future__ import annotations

import os
import queue
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from tclp_daemon import __version__, crashpoints
from tclp_daemon.config import Config
from tclp_daemon.dispatcher import Dispatcher
from tclp_daemon.inbox.heartbeat import InboxHeartbeat
from tclp_daemon.inbox.loop import InboxLoop
from tclp_daemon.logs import get_logger
from tclp_daemon.notify import Notifier
from tclp_daemon.outbox.folder import OutboxUnavailable
from tclp_daemon.outbox.publisher import Publisher
from tclp_daemon.startup import StateLock, check_database, check_shared_folders, prepare_state
from tclp_daemon.store import Store
from tclp_daemon.workers.base import StartCancelled
from tclp_daemon.workers.local import LocalPool

log = get_logger("daemon")

# A part that has not been heard of for so long is stuck: a single look or copy on a slow share may take a while.
STUCK_SECONDS = 150.0
_HOUSEKEEPING_SECONDS = 3600.0
_RESTART_SECONDS = 5.0
_LOOK_SECONDS = 10.0
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Pulse:
    """When each part was last heard of."""

    def __init__(self) -> None:
        self._beats: dict[str, float] = {}

    def beat(self, name: str) -> None:
        """The part is alive."""
        self._beats[name] = time.monotonic()

    def silent(self, now: float) -> list[str]:
        """The parts that are stuck."""
        return sorted(name for name, at in self._beats.items() if now - at > STUCK_SECONDS)


class Daemon:
    """One daemon, from start to drained stop.

    Args:
        config: the whole configuration.
        environ: for systemd's socket and the kill tests' crash points.
    """

    def __init__(self, config: Config, environ: Mapping[str, str] = os.environ) -> None:
        self._config = config
        self._notifier = Notifier(environ)
        self._pulse = Pulse()
        # A signal can interrupt the main thread anywhere, also within its wait, where a threading.Event would be locked
        # already. SimpleQueue.put is the one that may come between a get of its own thread (queue, "SimpleQueue").
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._ending = False
        crashpoints.arm(environ.get("TCLP_CRASH_AT"))

    def run(self) -> None:
        """Runs until SIGTERM or SIGINT, then drains.

        Raises:
            ConfigError: it cannot start.
        """
        config = self._config
        prepare_state(config.state.path)
        check_shared_folders(config)
        lock = StateLock(config.state.path)
        try:
            check_database(config.state.path)
            store = Store(config.state.path)
            store.check()
            interrupted = store.recover()
            heartbeat = InboxHeartbeat(config.inbox.path)
            self._claim(heartbeat)
            try:
                self._serve(store, heartbeat, len(interrupted))
            finally:
                heartbeat.release()
                store.close()
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
        log.info(
            "starting", version=__version__, pid=os.getpid(), inbox=str(config.inbox.path),
            outbox=str(config.outbox.path), state=str(config.state.path), workers=config.workers.processes,
            interrupted=interrupted, **store.counts(),
        )  # fmt: skip
        self._notifier.send(STATUS="loading the model")
        executor = LocalPool(config)
        publisher = Publisher(config, self._open_store, alive=lambda: self._pulse.beat("outbox"))
        try:
            publisher.adopt()
        except OutboxUnavailable as problem:
            log.warning("outbox_unavailable", problem=str(problem), advice="results wait in the store until it is back")
        try:
            identity = executor.start(stopping=lambda: not self._signals.empty())
        except StartCancelled:
            self._end()
            return
        dispatcher = Dispatcher(
            config, self._open_store, executor, identity,
            changed=publisher.wake, alive=lambda: self._pulse.beat("dispatcher"), restore_spool=publisher.restore_spool,
        )  # fmt: skip

        def accepted() -> None:
            publisher.wake()
            dispatcher.wake()

        inbox = InboxLoop(
            config, self._open_store, accepted=accepted, alive=lambda: self._pulse.beat("inbox"), keep=heartbeat.keep
        )
        threads = [
            self._thread("outbox", publisher.run),
            self._thread("dispatcher", dispatcher.run),
            self._thread("inbox", inbox.run),
        ]
        try:
            self._supervise(store, inbox, threads)
        finally:
            self._drain(inbox, dispatcher, publisher, executor, threads)

    def _supervise(self, store: Store, inbox: InboxLoop, threads: list[threading.Thread]) -> None:
        ready = False
        stuck: list[str] = []
        interval = min(_LOOK_SECONDS, (self._notifier.watchdog_seconds or _LOOK_SECONDS * 3) / 3)
        next_cleanup = time.monotonic()
        pause = 0.0
        while not self._asked_to_stop(pause):
            if not ready and inbox.first_scan_done.is_set():
                ready = True
                self._notifier.send(READY=1, STATUS="watching the inbox")
                log.info("ready")
            now = time.monotonic()
            if (silent := self._pulse.silent(now)) != stuck:
                stuck = silent
                if stuck:
                    log.error("stuck", parts=stuck, advice="the service manager will restart the daemon")
            if not stuck and all(thread.is_alive() for thread in threads):
                self._notifier.send(WATCHDOG=1)
            if now >= next_cleanup:
                next_cleanup = now + _HOUSEKEEPING_SECONDS
                self._clean_up(store)
            pause = interval if ready else 0.05

    def _clean_up(self, store: Store) -> None:
        retention = self._config.retention
        try:
            if removed := store.cleanup_old_tasks(retention.completed_days, retention.failed_days):
                log.info("cleaned_up", tasks=removed)
        except sqlite3.OperationalError as error:
            # A full disk or a long reader: housekeeping can wait, contracts cannot.
            log.warning("cleanup_postponed", problem=str(error))

    def _drain(
        self, inbox: InboxLoop, dispatcher: Dispatcher, publisher: Publisher, executor: LocalPool,
        threads: list[threading.Thread],
    ) -> None:  # fmt: skip
        self._ending = True
        seconds = self._config.workers.drain_seconds
        self._notifier.send(STOPPING=1, STATUS=f"draining {dispatcher.running} tasks")
        log.info("draining", running=dispatcher.running, seconds=seconds)
        inbox.stop()
        dispatcher.drain(seconds)
        outbox_thread, dispatcher_thread, inbox_thread = threads
        while dispatcher_thread.is_alive():
            if not self._signals.empty():  # a second signal: no more patience
                dispatcher.drain(0)
            if not self._pulse.silent(time.monotonic()):
                self._notifier.send(WATCHDOG=1)  # patience may be longer than the manager's
            dispatcher_thread.join(timeout=0.1)
        executor.shutdown()
        inbox_thread.join(timeout=10)
        publisher.stop()
        outbox_thread.join(timeout=10)
        self._end()

    def _end(self) -> None:
        # There is nothing left to hurry, and the interpreter's end would give them back their deadly default.
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        log.info("stopped")

    def _thread(self, name: str, target: Callable[[], None]) -> threading.Thread:
        """Starts a part; an exception restarts it after a pause, since its trouble (a full disk) may pass."""

        def guarded() -> None:
            while True:
                self._pulse.beat(name)
                try:
                    target()
                    return
                except Exception:
                    log.exception("part_failed", failed_part=name, advice=f"restarted in {_RESTART_SECONDS:g} s")
                    if self._ending:
                        return
                    time.sleep(_RESTART_SECONDS)

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    def _open_store(self) -> Store:
        return Store(self._config.state.path, clock=lambda: datetime.now(UTC))

    def _asked_to_stop(self, seconds: float) -> bool:
        """Waits so long for a signal; whether there was one."""
        try:
            self._signals.get(timeout=seconds)
        except queue.Empty:
            return False
        return True
