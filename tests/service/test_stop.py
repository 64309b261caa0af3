"""Signals that stop the daemon at the worst moments."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from harness import DEADLINE, Site
from tclp_daemon.service.startup import StateLock


def test_a_rain_of_signals_is_a_stop_like_any_other(make_site: Callable[..., Site]) -> None:
    # Each signal interrupts the main thread somewhere else: within its wait, within the handler of the one before, in
    # the drain, in the interpreter's end. A handler that takes a lock hangs in one of a few hundred.
    site = make_site()
    for number in range(5):
        process = site.start()
        end = time.monotonic() + DEADLINE
        while process.poll() is None and time.monotonic() < end:
            process.send_signal(signal.SIGTERM)
            time.sleep(0.0005)
        assert process.poll() == 0, site.log_tail()
        assert len(site.events("stopped")) == number + 1


def test_a_daemon_that_the_watchdog_ends_says_where_it_was(served: Site) -> None:
    assert served.stop(signal.SIGABRT) == -signal.SIGABRT
    log = served.log.read_text("utf-8")
    for module in ("daemon.py", "parts.py", "slot.py"):
        assert f'{module}", line' in log, "the stack of its thread"


def test_the_database_is_checked_unless_it_is_as_a_proper_stop_left_it(make_site: Callable[..., Site]) -> None:
    """Reading all of it takes two seconds for 100,000 contracts (`benchmarks.scale`)."""

    def untouched() -> bool:
        with StateLock(site.state) as lock:
            return lock.untouched

    site = make_site()
    site.start()
    site.drop("nda.txt")
    site.finished("nda.txt")
    assert site.stop() == 0
    assert untouched()
    site.start()
    assert site.stop(signal.SIGKILL) == -signal.SIGKILL
    assert not untouched()
    site.start()
    assert site.stop() == 0
    os.utime(site.state / "tasks.sqlite3")
    assert not untouched()
