"""Settling as a rule, without threads and without waiting."""

from __future__ import annotations

from tclp_daemon.inbox.entry import EntryKind, Seen
from tclp_daemon.inbox.settle import SettleTracker
from tclp_daemon.task import FileIdentity


def seen(size: int = 1, mtime: int = 1, inode: int = 1, change: int = 1, source: str = "nda.pdf") -> Seen:
    return Seen(source, EntryKind.FILE, FileIdentity(size, mtime, inode), change)


def test_two_looks_far_enough_apart() -> None:
    tracker = SettleTracker(2.0)
    assert tracker.observe([seen()], 0.0) == []
    assert tracker.observe([seen()], 1.9) == []
    assert tracker.observe([seen()], 2.0) == [seen()]


def test_a_single_look_is_never_enough_even_at_start_up() -> None:
    assert SettleTracker(0.0001).observe([seen()], 1000.0) == []


def test_any_change_starts_again() -> None:
    for changed in (seen(size=2), seen(mtime=2), seen(inode=2), seen(change=2)):
        tracker = SettleTracker(2.0)
        tracker.observe([seen()], 0.0)
        assert tracker.observe([changed], 2.0) == []
        assert tracker.observe([changed], 3.9) == []
        assert tracker.observe([changed], 4.0) == [changed]


def test_a_slow_writer_with_long_pauses_is_waited_for() -> None:
    tracker = SettleTracker(2.0)
    for second in range(0, 60, 1):
        # It writes every 1.5 settle times at most, so it never looks the same long enough.
        assert tracker.observe([seen(size=second // 2)], float(second)) == []


def test_what_vanishes_is_forgotten() -> None:
    tracker = SettleTracker(2.0)
    tracker.observe([seen()], 0.0)
    tracker.observe([], 1.0)
    assert tracker.observe([seen()], 2.5) == []


def test_restart_makes_it_settle_again() -> None:
    tracker = SettleTracker(2.0)
    tracker.observe([seen()], 0.0)
    tracker.restart("nda.pdf", 1.5)
    assert tracker.observe([seen()], 3.0) == []
    assert tracker.observe([seen()], 3.5) == [seen()]


def test_when_to_look_next() -> None:
    tracker = SettleTracker(2.0)
    assert tracker.next_settled(0.0) is None
    tracker.observe([seen()], 0.0)
    assert tracker.next_settled(0.5) == 1.5
    tracker.observe([seen()], 2.0)
    assert tracker.next_settled(2.0) is None, "settled but refused: the next periodic look is soon enough"
