"""Who is accepted first while more wait than one slice can take."""

from __future__ import annotations

from tclp_daemon.inbox.entry import EntryKind, Seen
from tclp_daemon.inbox.turns import take_turns
from tclp_daemon.task import FileIdentity


def seen(source: str) -> Seen:
    return Seen(source, EntryKind.FILE, FileIdentity(1, 1, 1), 1)


def turns(since: dict[str, float]) -> list[str]:
    return [item.source for item in take_turns([seen(source) for source in since], since.__getitem__)]


def test_each_file_has_one_turn() -> None:
    since = {f"{folder}{number}.txt": float(number) for folder in ("", "a/", "a/b/", "c/") for number in range(50)}
    assert sorted(turns(since)) == sorted(since)
    assert turns({}) == []


def test_a_single_drop_after_thousands_is_next() -> None:
    since = {f"burst/{number}.txt": number / 1000 for number in range(5000)}
    assert "burst/single.txt" in turns(since | {"burst/single.txt": 9.0})[:3]
    assert "single.txt" in turns(since | {"single.txt": 9.0})[:3]


def test_a_single_drop_of_somebody_else_does_not_wait_for_newer_thousands() -> None:
    since = {f"burst/{number}.txt": 10 + number / 1000 for number in range(5000)}
    older = {f"before/{number}.txt": number / 1000 for number in range(5000)}
    assert "mine/single.txt" in turns(since | older | {"mine/single.txt": 9.0})[:9]


def test_the_oldest_waits_for_ever_newer_ones_only_so_long() -> None:
    waiting = {f"{number:04}.txt": float(number) for number in range(100)}
    now, slices = 100.0, 0
    while "0099.txt" in waiting:
        slices += 1
        for source in turns(waiting)[:3]:
            del waiting[source]
        for _ in range(10):  # more arrive than are taken
            now += 1
            waiting[f"new/{now}.txt"] = now
    assert slices <= 100


def test_a_folder_that_is_named_like_a_contract_goes_before_what_is_in_it() -> None:
    order = turns({"x.pdf": 1.0, "x.pdf/y.pdf": 1.0, "x.pdf/y.pdf/a.txt": 1.0, "x.pdf/b.txt": 2.0})
    assert order.index("x.pdf") < order.index("x.pdf/b.txt")
    assert order.index("x.pdf/y.pdf") < order.index("x.pdf/y.pdf/a.txt")
    assert order[0] == "x.pdf"
