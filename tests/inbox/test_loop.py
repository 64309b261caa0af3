"""How the loop rests, and what it does when a share is mounted under it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from watchdog.observers.api import BaseObserver

from harness import wait_for
from tclp_daemon.config import parse_config
from tclp_daemon.inbox.loop import InboxLoop
from tclp_daemon.inbox.scan import InboxUnavailable
from tclp_daemon.store import Store


def make_loop(
    root: Path, *, keep: Callable[[], str | None] = lambda: None, **inbox: Any
) -> tuple[InboxLoop, list[str]]:
    for name in ("inbox", "outbox", "state"):
        (root / name).mkdir(exist_ok=True)
    settings = {"path": str(root / "inbox"), "settle_seconds": 0.05, "poll_seconds": 0.2, **inbox}
    paths = {name: {"path": str(root / name)} for name in ("outbox", "state")}
    heard: list[str] = []

    def kept() -> str | None:
        heard.append("kept")
        return keep()

    loop = InboxLoop(
        parse_config({"inbox": settings, **paths}),
        lambda: Store(root / "state"),
        accepted=lambda: None,
        alive=lambda: heard.append("alive"),
        keep=kept,
    )
    return loop, heard


class SlowRound:
    """Looks and accepts for so many seconds of a clock."""

    def __init__(self, look: float, accept: float, more: bool) -> None:
        self.now, self._look, self._accept, self._more = 0.0, look, accept, more
        self.offered = 0.0

    def hint(self, sources: set[str]) -> None:
        pass

    def look(self, **options: Any) -> None:
        self.now += self._look

    def accept(self, seconds: float, stopped: Callable[[], bool]) -> bool:
        self.offered = seconds
        self.now += self._accept
        return self._more

    def next_settled(self) -> float | None:
        return None


@pytest.mark.parametrize(
    ("look", "accept", "more"),
    [(0.001, 0.0, False), (0.01, 150.0, False), (3.0, 0.0, False), (0.05, 0.15, True), (100.0, 0.05, True)],
)
def test_the_rest_counts_the_listing_only_and_is_never_longer_than_a_poll(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: float, accept: float, more: bool
) -> None:
    loop, _ = make_loop(tmp_path, watch="poll")
    slow = SlowRound(look, accept, more)
    monkeypatch.setattr("tclp_daemon.inbox.loop.time.monotonic", lambda: slow.now)
    rest, pause = loop.round(slow)  # type: ignore[arg-type]
    assert rest <= min(0.2, 4 * look)
    assert pause == (0.0 if more else 0.2)
    assert slow.offered <= 0.2, "listing and slice together take one poll"


def test_files_that_cannot_be_read_do_not_make_the_next_one_wait(tmp_path: Path) -> None:
    class Sick(SlowRound):
        sick = True

        def accept(self, seconds: float, stopped: Callable[[], bool]) -> bool:
            raise InboxUnavailable("Input/output error")

    loop, _ = make_loop(tmp_path, watch="poll")
    for _ in range(10):
        assert loop.round(Sick(0.0, 0.0, False))[1] <= 0.2  # type: ignore[arg-type]


def test_it_is_heard_of_while_it_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tclp_daemon.inbox.loop._LONGEST_SLEEP", 0.01)
    loop, heard = make_loop(tmp_path, watch="poll", poll_seconds=3600)
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        wait_for(lambda: heard.count("alive") > 20 and heard.count("kept") > 20, "it is heard of")
    finally:
        loop.stop()
        thread.join()


def test_it_goes_on_as_soon_as_the_inbox_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the pause that it had come to."""
    monkeypatch.setattr("tclp_daemon.inbox.loop._LONGEST_SLEEP", 0.01)
    other: list[str | None] = ["the other daemon"]
    loop, _ = make_loop(tmp_path, keep=lambda: other[0], watch="poll", poll_seconds=3600)
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        wait_for(loop.first_scan_done.is_set, "it looked")
        (tmp_path / "inbox" / "nda.txt").write_text("x")
        other[0] = None
        store = Store(tmp_path / "state")
        wait_for(store.list_tasks, "it is accepted")
        store.close()
    finally:
        loop.stop()
        thread.join()


def observers() -> list[BaseObserver]:
    return [thread for thread in threading.enumerate() if isinstance(thread, BaseObserver)]


def test_a_share_that_is_mounted_late_ends_the_native_watcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = ["ext4"]
    monkeypatch.setattr("tclp_daemon.inbox.loop.filesystem_of", lambda path: kind[0])
    loop, _ = make_loop(tmp_path)
    before = len(observers())
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        wait_for(lambda: len(observers()) == before + 1, "it watches")
        kind[0] = "cifs"
        wait_for(lambda: len(observers()) == before, "it polls")
        (tmp_path / "inbox" / "nda.txt").write_text("x")
        store = Store(tmp_path / "state")
        wait_for(store.list_tasks, "and accepts")
        store.close()
        kind[0] = "ext4"
        with pytest.raises(InboxUnavailable, match="unmounted"):
            loop.round(SlowRound(0.0, 0.0, False))  # type: ignore[arg-type]
    finally:
        loop.stop()
        thread.join()
