"""How the loop rests, and what it does when a share is mounted under it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from watchdog.observers.api import BaseObserver

from harness import DEADLINE, wait_for
from tclp_daemon.config import parse_config
from tclp_daemon.inbox.entry import Seen
from tclp_daemon.inbox.loop import InboxLoop
from tclp_daemon.inbox.scan import InboxUnavailable, Scanner
from tclp_daemon.outbox.names import name_in_outbox
from tclp_daemon.service.parts import Part
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
        naming=name_in_outbox,
        accepted=lambda: None,
        alive=lambda: heard.append("alive"),
        keep=kept,
    )
    return loop, heard


class SlowAcceptance:
    """Looks and accepts for this many seconds of a clock."""

    sick = False

    def __init__(self, look: float, accept: float, more: bool) -> None:
        self.now, self._look, self._accept, self._more = 1000.0, look, accept, more
        self.offered = 0.0
        self.looks = 0

    def hint(self, sources: set[str], lost: bool) -> None:
        pass

    def look(self, **options: Any) -> None:
        self.looks += 1
        self.now += self._look

    def accept(self, seconds: float, stopped: Callable[[], bool]) -> bool:
        self.offered = seconds
        self.now += self._accept
        return self._more

    def next_settled(self) -> float | None:
        return None


@pytest.fixture
def slow_loop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., InboxLoop]:
    """A loop whose acceptance is a slow one, on whose clock it lives."""

    def make(slow: SlowAcceptance, **options: Any) -> InboxLoop:
        monkeypatch.setattr("tclp_daemon.inbox.loop.Acceptance", lambda *arguments, **named: slow)
        monkeypatch.setattr("tclp_daemon.inbox.loop.time.monotonic", lambda: slow.now)
        return make_loop(tmp_path, watch="poll", **options)[0]

    return make


@pytest.mark.parametrize(
    ("look", "accept", "more"),
    [(0.001, 0.0, False), (0.01, 150.0, False), (3.0, 0.0, False), (0.05, 0.15, True), (100.0, 0.05, True)],
)
def test_the_rest_counts_the_listing_only_and_is_never_longer_than_a_poll(
    slow_loop: Callable[..., InboxLoop], look: float, accept: float, more: bool
) -> None:
    slow = SlowAcceptance(look, accept, more)
    with slow_loop(slow) as loop:
        rest = loop.round()
        assert 0.0499 <= rest <= max(0.0501, min(0.2001, 4 * look))
        assert slow.offered <= 0.2, "listing and slice together take one poll"
        slow.now += rest - 0.001
        loop.hint()
        loop.round()
        assert slow.looks == 1, "not within the rest"
        slow.now += 0.002
        loop.round()
        assert slow.looks == 2
        slow.now += rest + 0.001
        loop.round()
        assert slow.looks == (3 if more or rest > 0.19 else 2), "else the rest of a poll is waited for"
        slow.now += 0.2
        loop.round()
        assert slow.looks >= 3


def test_an_event_ends_the_pause_but_not_the_rest(slow_loop: Callable[..., InboxLoop]) -> None:
    slow = SlowAcceptance(1.0, 0.0, False)
    with slow_loop(slow, poll_seconds=3600) as loop:
        assert loop.round() == 4.0
        slow.now += 1.0
        loop.hint()
        assert loop.round() == 3.0, "too early"
        slow.now += 3.0
        loop.round()
        assert slow.looks == 2
        slow.now += 4.0
        assert loop.round() == 5.0, "at most, for the signs of life"
        slow.now += 5.0
        assert loop.round() == 5.0
        assert slow.looks == 2
        loop.hint()
        loop.round()
        assert slow.looks == 3


def test_an_inbox_that_is_away_is_looked_at_less_and_less_often(slow_loop: Callable[..., InboxLoop]) -> None:
    class Away(SlowAcceptance):
        away = True

        def look(self, **options: Any) -> None:
            super().look(**options)
            if self.away:
                raise InboxUnavailable("away")

    slow = Away(0.0, 0.0, False)
    pauses = []
    with slow_loop(slow) as loop:
        for _ in range(12):
            looks, began = slow.looks, slow.now
            while slow.looks == looks:
                slow.now += loop.round()
            pauses.append(slow.now - began)
        assert loop.watching.is_set()
        assert pauses[1:4] == pytest.approx([0.4, 0.8, 1.6])
        assert pauses[-1] == pytest.approx(60.0)
        slow.away = False
        loop.hint()
        loop.round()
        slow.now += 0.1
        assert loop.round() <= 0.2, "there again: polled as before"


def test_files_that_cannot_be_read_do_not_make_the_next_one_wait(slow_loop: Callable[..., InboxLoop]) -> None:
    class Sick(SlowAcceptance):
        sick = True

        def accept(self, seconds: float, stopped: Callable[[], bool]) -> bool:
            raise InboxUnavailable("Input/output error")

    sick = Sick(0.0, 0.0, False)
    with slow_loop(sick) as loop:
        for number in range(10):
            began = sick.now
            while sick.looks == number:
                sick.now += loop.round()
            assert sick.now - began <= 0.2 + 0.001


def test_it_is_heard_of_while_it_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tclp_daemon.inbox.loop._LONGEST_REST", 0.01)
    monkeypatch.setattr("tclp_daemon.inbox.loop._KEEP_SECONDS", 0.0)
    loop, heard = make_loop(tmp_path, watch="poll", poll_seconds=3600)
    part = Part("inbox", threading.Event())
    part.drive(loop)
    try:
        wait_for(lambda: heard.count("alive") > 20 and heard.count("kept") > 20, "it is heard of")
    finally:
        loop.stop()
        part.join(DEADLINE)


def test_a_long_first_look_does_not_keep_the_daemon_from_being_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tclp_daemon.inbox.loop._WATCHING_SECONDS", 0.0)
    loop, _ = make_loop(tmp_path, watch="poll")
    ready: list[bool] = []
    looked = Scanner.look

    def look(scanner: Scanner, **options: Any) -> list[Seen]:
        found = looked(scanner, **options)
        ready.append(loop.watching.is_set())
        return found

    monkeypatch.setattr(Scanner, "look", look)
    with loop:
        assert not loop.watching.is_set()
        loop.round()
    assert ready == [True]


def test_it_goes_on_as_soon_as_the_inbox_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the pause that it had come to."""
    monkeypatch.setattr("tclp_daemon.inbox.loop._LONGEST_REST", 0.01)
    monkeypatch.setattr("tclp_daemon.inbox.loop._KEEP_SECONDS", 0.0)
    other: list[str | None] = ["the other daemon"]
    loop, _ = make_loop(tmp_path, keep=lambda: other[0], watch="poll", poll_seconds=3600)
    part = Part("inbox", threading.Event())
    part.drive(loop)
    try:
        wait_for(loop.watching.is_set, "it looked")
        (tmp_path / "inbox" / "nda.txt").write_text("x")
        other[0] = None
        store = Store(tmp_path / "state")
        wait_for(store.list_tasks, "it is accepted")
        store.close()
    finally:
        loop.stop()
        part.join(DEADLINE)


def observers() -> list[BaseObserver]:
    return [thread for thread in threading.enumerate() if isinstance(thread, BaseObserver)]


def test_a_share_that_is_mounted_late_ends_the_native_watcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = ["ext4"]
    monkeypatch.setattr("tclp_daemon.inbox.loop.filesystem_of", lambda path: kind[0])
    loop, _ = make_loop(tmp_path)
    before = len(observers())
    part = Part("inbox", threading.Event())
    part.drive(loop)
    try:
        wait_for(lambda: len(observers()) == before + 1, "it watches")
        kind[0] = "cifs"
        wait_for(lambda: len(observers()) == before, "it polls")
        (tmp_path / "inbox" / "nda.txt").write_text("x")
        store = Store(tmp_path / "state")
        wait_for(store.list_tasks, "and accepts")
        kind[0] = "ext4"
        wait_for(lambda: loop.unavailable, "it takes the share for unmounted")
        kind[0] = "cifs"
        wait_for(lambda: loop.unavailable is None, "and is there again")
        store.close()
    finally:
        loop.stop()
        part.join(DEADLINE)
    assert len(observers()) == before


def test_a_spool_that_has_to_be_swept_does_not_make_it_ready(tmp_path: Path) -> None:
    loop, _ = make_loop(tmp_path)
    (tmp_path / "state" / "spool").mkdir()
    (tmp_path / "state" / "spool" / "nobodys").touch()
    with loop:
        assert not loop.watching.is_set(), "before the first look"
        loop.round()
        assert loop.watching.is_set()
