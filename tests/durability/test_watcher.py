"""The native watcher is only a hint: when it dies it is restarted, and nothing depends on it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from watchdog.observers.api import BaseObserver

from harness import Site, wait_for
from tclp_daemon.inbox.heartbeat import InboxHeartbeat
from tclp_daemon.inbox.native import NativeWatcher

GOOD = "The Supplier shall reach net zero by 2040.\n"


def test_a_dead_watcher_is_noticed_and_restarted(faulty: Site) -> None:
    faulty.drop("before.txt", GOOD)
    faulty.finished("before.txt")
    assert faulty.process is not None
    faulty.process.send_signal(signal.SIGUSR1)
    (restart,) = wait_for(lambda: faulty.events("watcher_restarted"), "the watcher is restarted")
    assert restart["reason"] == "thread_died"
    faulty.drop("after.txt", GOOD)
    assert faulty.finished("after.txt")["status"] == "completed"


def test_a_watcher_that_was_stopped_and_starts_again_hears_of_a_full_queue(tmp_path: Path) -> None:
    """The inbox's part is restarted after a failure, and stops its watcher in between."""
    watcher = NativeWatcher(tmp_path, recursive=True, wake=lambda: None)
    with watcher:
        watcher.ensure()
    with watcher:
        watcher.ensure()
        logging.getLogger("watchdog").warning("the kernel's queue overflowed")
        watcher.ensure()
        assert watcher.restarts == 1


def test_a_folder_that_was_replaced_is_watched_again(served: Site) -> None:
    served.drop("before.txt", GOOD)
    served.finished("before.txt")
    served.inbox.rename(served.root / "inbox-old")
    served.inbox.mkdir()
    wait_for(lambda: served.events("watcher_restarted"), "the watcher is restarted")
    served.drop("after.txt", GOOD)
    assert served.finished("after.txt")["status"] == "completed"


def test_a_full_queue_is_noticed_and_loses_nothing(served: Site) -> None:
    served.drop("before.txt", GOOD)
    served.finished("before.txt")
    assert served.process is not None
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    served.process.send_signal(signal.SIGSTOP)
    try:
        # Two events each at least, none equal to the one before it, so that the kernel merges none.
        for number in range(limit):
            path = served.inbox / f".{number % 2}.part"
            path.touch()
            path.unlink()
        served.drop("deep/down/during.txt", GOOD)  # the kernel has no room left for this one
    finally:
        served.process.send_signal(signal.SIGCONT)
    assert served.finished("deep/down/during.txt")["status"] == "completed"
    (restart,) = wait_for(lambda: served.events("watcher_restarted"), "the watcher is restarted")
    assert restart["reason"] == "queue_full"
    served.drop("after.txt", GOOD)
    assert served.finished("after.txt")["status"] == "completed"


def test_who_only_looks_at_the_inbox_fills_no_queue(served: Site) -> None:
    """The daemon's own scan lists each directory: with ten thousand of them that overflowed the queue at each look."""
    served.drop("before.txt", GOOD)
    served.finished("before.txt")
    assert served.process is not None
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    served.process.send_signal(signal.SIGSTOP)
    try:
        for _ in range(limit):
            os.listdir(served.inbox)
    finally:
        served.process.send_signal(signal.SIGCONT)
    for name in ("after.txt", "later.txt"):
        served.drop(name, GOOD)
        assert served.finished(name)["status"] == "completed"
    assert served.events("watcher_restarted") == []


def test_a_watcher_knows_whether_it_hears_all_directories(tmp_path: Path) -> None:
    """Where the kernel grants too few watches, some directories raise no events, and watchdog does not say so."""
    for number in range(5):
        (tmp_path / f"client-{number}").mkdir()
    with NativeWatcher(tmp_path, recursive=True, wake=lambda: None) as watcher:
        assert not watcher.hears(1), "not yet"
        watcher.ensure()
        assert watcher.hears(6)
        assert not watcher.hears(7)


def test_a_restarted_watcher_hears_again(tmp_path: Path) -> None:
    woken = threading.Event()
    with NativeWatcher(tmp_path, recursive=True, wake=woken.set) as watcher:
        watcher.ensure()
        for thread in threading.enumerate():
            if isinstance(thread, BaseObserver):
                for emitter in thread.emitters:
                    emitter.stop()
        wait_for(lambda: not watcher.alive, "its thread is dead")
        watcher.ensure()
        assert watcher.alive
        assert watcher.restarts == 1
        woken.clear()
        (tmp_path / "nda.txt").write_text(GOOD)
        assert wait_for(woken.is_set, "it hears")
    assert not watcher.alive


def test_no_watches_left_is_a_warning_not_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: BaseObserver, *arguments: object, **named: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("tclp_daemon.inbox.native.Observer.schedule", full)
    monkeypatch.setattr("tclp_daemon.inbox.native._RETRY_SECONDS", 0.0)
    watcher = NativeWatcher(tmp_path, recursive=True, wake=lambda: None)
    before = (len(os.listdir("/proc/self/fd")), threading.active_count())
    for _ in range(10):
        watcher.ensure()
    assert not watcher.alive
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before, "nothing is left of the attempts"
    watcher.stop()


_EXHAUSTED = """
import os, resource, sys
from pathlib import Path
from tclp_daemon.inbox.heartbeat import InboxHeartbeat
from tclp_daemon.inbox.native import NativeWatcher

watcher = NativeWatcher(Path(sys.argv[1]), recursive=True, wake=lambda: None)
resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) - 1,) * 2)
watcher.ensure()
print(watcher.alive)
"""


def test_no_inotify_instance_left_is_a_warning_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _EXHAUSTED, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "False"), done.stderr
    assert "watcher_unavailable" in done.stdout + done.stderr


def test_our_own_heartbeat_wakes_nobody(tmp_path: Path) -> None:
    heard: list[set[str]] = []
    with NativeWatcher(tmp_path, recursive=True, wake=lambda: heard.append(watcher.changed()[0])) as watcher:
        watcher.ensure()
        InboxHeartbeat(tmp_path).claim()
        (tmp_path / "nda.txt").write_text(GOOD)
        # The kernel keeps the order: whatever the heartbeat raised has come before this.
        wait_for(lambda: heard, "the contract is heard of")
    assert heard[0] == {"nda.txt"}


def test_a_file_that_is_overwritten_in_place_is_reported(tmp_path: Path) -> None:
    """Its folder's times do not change, and the next full look may be far away."""
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "nda.txt").write_text(GOOD)
    woken = threading.Event()
    watcher = NativeWatcher(tmp_path, recursive=True, wake=woken.set)
    watcher.ensure()
    try:
        (tmp_path / "acme" / "nda.txt").write_text("Other text.")
        wait_for(lambda: watcher.changed() == ({"acme/nda.txt"}, False), "it is reported")
        assert woken.is_set()
        woken.clear()
        for number in range(3000):
            (tmp_path / f"{number}.txt").touch()
        (tmp_path / "last").mkdir()
        seen: set[str] = set()

        def all_read() -> bool:
            names, lost = watcher.changed()
            assert len(names) <= 2001, "not without bound"
            seen.update(names)
            return lost or "last" in seen

        wait_for(all_read, "all are reported, or that some are lost")
    finally:
        watcher.stop()


def test_a_change_of_permissions_is_heard(tmp_path: Path) -> None:
    """A file that could not be read need not wait for its next turn."""
    path = tmp_path / "nda.txt"
    path.write_text(GOOD)
    path.chmod(0)
    woken = threading.Event()
    with NativeWatcher(tmp_path, recursive=True, wake=woken.set) as watcher:
        watcher.ensure()
        path.chmod(0o644)
        wait_for(woken.is_set, "it wakes")
        assert watcher.changed() == ({"nda.txt"}, False)


def test_an_inbox_behind_a_link_is_heard(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "link").symlink_to("inbox")
    woken = threading.Event()
    with NativeWatcher(tmp_path / "link", recursive=True, wake=woken.set) as watcher:
        watcher.ensure()
        (tmp_path / "inbox" / "nda.txt").write_text(GOOD)
        wait_for(woken.is_set, "it wakes")
        assert watcher.changed() == ({"nda.txt"}, False)


def test_whatever_happened_before_a_late_start_counts_as_lost(tmp_path: Path) -> None:
    woken = threading.Event()
    with NativeWatcher(tmp_path, recursive=True, wake=woken.set) as watcher:
        watcher.ensure()
        assert not watcher.changed()[1], "the first look is a full one anyway"
        watcher.rest()
        assert not watcher.changed()[1]
        watcher.ensure()
        assert watcher.changed()[1]
