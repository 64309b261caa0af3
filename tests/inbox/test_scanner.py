"""Looking again and again: what a look costs, what it must not miss, and what it passes over."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tclp_daemon.inbox.entry import Seen
from tclp_daemon.inbox.scan import MAX_DEPTH, InboxUnavailable, Scanner


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.1  # a look takes its time, and a full one may follow only much later
        return self.now


class Known:
    """A store that knows these very files."""

    def __init__(self) -> None:
        self.files: set[Seen] = set()
        self.asked = 0

    def __call__(self, seen: Sequence[Seen]) -> set[str]:
        self.asked += len(seen)
        return {item.source for item in seen if item in self.files}


def scanner(root: Path, known: Known, clock: Clock, **options: Any) -> Scanner:
    return Scanner(root, known=known, clock=clock, **options)


def settled(root: Path, count: int, **options: Any) -> tuple[Scanner, Known, Clock]:
    """An inbox in which this many files stay, all known, some looks later."""
    for number in range(count):
        (root / f"{number}.txt").write_text("x")
    known, clock = Known(), Clock()
    found = scanner(root, known, clock, **options)
    known.files = set(found.look())
    assert len(known.files) == count
    for _ in range(3):
        clock.now += 2
        assert found.look() == []
    return found, known, clock


def sources(seen: Sequence[Seen]) -> set[str]:
    return {item.source for item in seen}


def test_a_look_at_files_that_stay_costs_nothing_for_each_of_them(tmp_path: Path) -> None:
    found, known, clock = settled(tmp_path, 2000)
    known.asked = 0
    for _ in range(5):
        clock.now += 2
        assert found.look() == []
        assert found.looked_at == 0
    assert known.asked == 0


def test_one_new_file_among_many_that_stay_is_the_only_one_looked_at(tmp_path: Path) -> None:
    found, known, clock = settled(tmp_path, 2000)
    known.asked = 0
    clock.now += 2
    (tmp_path / "new.txt").write_text("new")
    assert sources(found.look()) == {"new.txt"}
    assert found.looked_at == 1
    for _ in range(5):
        clock.now += 2
        assert sources(found.look()) == {"new.txt"}, "it waits, and is looked at again each time"
        assert found.looked_at == 1
    assert known.asked == 6


def test_a_file_that_was_replaced_is_seen_at_once(tmp_path: Path) -> None:
    found, _, clock = settled(tmp_path, 300)
    (tmp_path / "new.part").write_text("y")
    (tmp_path / "new.part").rename(tmp_path / "7.txt")
    clock.now += 2
    assert sources(found.look()) == {"7.txt"}


def test_a_file_that_was_overwritten_in_place_is_seen_by_the_full_look(tmp_path: Path) -> None:
    """Its folder's times do not tell."""
    found, _, clock = settled(tmp_path, 300)
    (tmp_path / "7.txt").write_text("other")
    clock.now += 2
    found.look()
    clock.now += 3600
    assert sources(found.look()) == {"7.txt"}
    clock.now += 2
    assert sources(found.look()) == {"7.txt"}, "and is not forgotten again"


def test_a_file_that_an_event_named_is_looked_at(tmp_path: Path) -> None:
    found, _, clock = settled(tmp_path, 300)
    (tmp_path / "7.txt").write_text("other")
    found.doubt(["7.txt", "8.txt", ".hidden", "gone/9.txt", "../../etc/passwd", ""])
    clock.now += 2
    assert sources(found.look()) == {"7.txt"}
    clock.now += 2
    found.look()
    assert found.looked_at == 1, "what was reported in vain is skipped again"


def many_directories(root: Path) -> tuple[Scanner, Clock, list[str]]:
    """Two hundred directories with a file that stays in each, some looks later; and what a look asks for its times."""
    for number in range(200):
        (root / f"client-{number}" / "old").mkdir(parents=True)
    found, _, clock = settled(root, 1)
    asked: list[str] = []
    found._alive = lambda: asked.append("a directory")
    return found, clock, asked


def test_while_events_are_heard_a_look_asks_only_where_something_changed(tmp_path: Path) -> None:
    found, clock, asked = many_directories(tmp_path)
    clock.now += 2
    assert found.look() == []
    assert len(asked) > 400, "nobody says what changed"
    for _ in range(5):
        asked.clear()
        clock.now += 2
        assert found.look(told=True) == []
        assert len(asked) == 1, "the inbox itself"
    (tmp_path / "client-7" / "nda.txt").write_text("x")
    found.doubt(["client-7/nda.txt"])
    for _ in range(3):
        clock.now += 2
        assert sources(found.look(told=True)) == {"client-7/nda.txt"}, "it waits"
    (tmp_path / "client-7" / "nda.txt").unlink()
    clock.now += 2
    assert found.look(told=True) == []


def test_what_no_event_told_of_is_found_all_the_same(tmp_path: Path) -> None:
    found, clock, _ = many_directories(tmp_path)
    (tmp_path / "client-7" / "nda.txt").write_text("x")
    clock.now += 2
    assert found.look(told=True) == []
    clock.now += 120
    assert sources(found.look(told=True)) == {"client-7/nda.txt"}


@pytest.mark.parametrize("told", ["new", "new/deep", "new/deep/nda.txt"])
def test_a_new_directory_is_looked_into_whichever_part_of_it_was_named(tmp_path: Path, told: str) -> None:
    found, clock, _ = many_directories(tmp_path)
    (tmp_path / "new" / "deep").mkdir(parents=True)
    (tmp_path / "new" / "deep" / "nda.txt").write_text("x")
    found.doubt([told])
    clock.now += 2
    assert sources(found.look(told=True)) == {"new/deep/nda.txt"}
    (tmp_path / "new" / "deep" / "late.txt").write_text("x")  # before anybody could watch it
    clock.now += 2
    assert sources(found.look(told=True)) == {"new/deep/nda.txt", "new/deep/late.txt"}


def test_a_directory_that_was_made_again_is_looked_into(tmp_path: Path) -> None:
    found, clock, _ = many_directories(tmp_path)
    shutil.rmtree(tmp_path / "client-7")
    (tmp_path / "client-7").mkdir()
    (tmp_path / "client-7" / "nda.txt").write_text("x")
    found.doubt(["client-7"])
    clock.now += 2
    assert sources(found.look(told=True)) == {"client-7/nda.txt"}


def test_a_directory_that_is_gone_is_not_asked_again(tmp_path: Path) -> None:
    found, clock, asked = many_directories(tmp_path)
    (tmp_path / "client-7" / "nda.txt").write_text("x")
    found.doubt(["client-7/nda.txt"])
    clock.now += 2
    found.look(told=True)
    shutil.rmtree(tmp_path / "client-7")
    clock.now += 2
    assert found.look(told=True) == []
    asked.clear()
    clock.now += 2
    assert found.look(told=True) == []
    assert len(asked) < 5, "the inbox itself, which has just changed"


def test_lost_events_ask_for_a_full_look(tmp_path: Path) -> None:
    found, _, clock = settled(tmp_path, 300)
    (tmp_path / "7.txt").write_text("other")
    found.doubt_all()
    clock.now += 2
    assert sources(found.look()) == {"7.txt"}


def test_files_deep_down_and_folders_that_come_and_go(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    found, _, clock = settled(tmp_path, 10)
    (tmp_path / "a" / "b" / "deep.txt").write_text("x")
    clock.now += 2
    assert sources(found.look()) == {"a/b/deep.txt"}
    (tmp_path / "a").rename(tmp_path / "c")
    clock.now += 2
    assert sources(found.look()) == {"c/b/deep.txt"}
    (tmp_path / "c" / "b" / "deep.txt").unlink()
    (tmp_path / "c" / "b").rmdir()
    (tmp_path / "c" / "b").write_text("a file now")
    clock.now += 2
    assert sources(found.look()) == {"c/b"}
    (tmp_path / "c" / "b").unlink()
    (tmp_path / "c").rmdir()
    (tmp_path / "c").symlink_to("/etc")
    clock.now += 2
    assert sources(found.look()) == {"c"}, "a link is reported, and not followed"


def test_changes_within_the_coarsest_time_are_not_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAT keeps times in steps of two seconds: two drops may leave the folder with one and the same time."""
    disk = [2]
    monkeypatch.setattr(
        "tclp_daemon.inbox.scan._times_of", lambda status: (status.st_dev, status.st_ino, disk[0], disk[0])
    )
    found, _, clock = settled(tmp_path, 300)
    (tmp_path / "one.txt").write_text("x")
    disk[0] = 4
    clock.now += 2
    assert sources(found.look()) == {"one.txt"}
    (tmp_path / "two.txt").write_text("x")
    clock.now += 0.5
    assert sources(found.look()) == {"one.txt", "two.txt"}


def test_a_filesystem_that_keeps_no_times_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tclp_daemon.inbox.scan._times_of", lambda status: (status.st_dev, status.st_ino, 0, 0))
    found, _, clock = settled(tmp_path, 300)
    (tmp_path / "one.txt").write_text("x")
    clock.now += 3600
    assert sources(found.look()) == {"one.txt"}, "by the full look"
    (tmp_path / "two.txt").write_text("x")
    clock.now += 2
    assert sources(found.look()) == {"one.txt", "two.txt"}, "and from then on at once"


def test_an_object_store_is_listed_at_every_look(tmp_path: Path) -> None:
    """The times of its folders never move, so they prove nothing from the start."""
    found, _, clock = settled(tmp_path, 300)
    times = tmp_path.stat()
    (tmp_path / "one.txt").write_text("x")
    os.utime(tmp_path, ns=(times.st_atime_ns, times.st_mtime_ns))
    clock.now += 2
    assert sources(found.look(filesystem="fuse.rclone")) == {"one.txt"}


def failing(monkeypatch: pytest.MonkeyPatch, call: str, names: Callable[[str], bool], number: int) -> None:
    real = getattr(os, call)

    def fail(path: Any, *arguments: Any, **named: Any) -> Any:
        name = os.path.basename(os.readlink(f"/proc/self/fd/{path}") if isinstance(path, int) else os.fsdecode(path))
        if names(name):
            raise OSError(number, os.strerror(number))
        return real(path, *arguments, **named)

    monkeypatch.setattr(os, call, fail)


SICK = [errno.EIO, errno.EINVAL, errno.EPERM, errno.EACCES, errno.ENAMETOOLONG, errno.ESTALE, errno.EOVERFLOW]


@pytest.mark.parametrize("number", SICK, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["stat", "open", "scandir"])
def test_one_bad_entry_or_folder_is_named_and_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "in.txt").write_text("x")
    (tmp_path / "good.txt").write_text("x")
    failing(monkeypatch, call, lambda name: name == "bad", number)
    found = scanner(tmp_path, Known(), Clock())
    assert sources(found.look()) == {"good.txt"}
    assert found.troubles == {"bad": os.strerror(number)}
    monkeypatch.undo()
    assert sources(found.look()) == {"good.txt", "bad/in.txt"}
    assert found.troubles == {}


def test_nothing_but_bad_entries_is_an_inbox_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("x")
    failing(monkeypatch, "stat", lambda name: name.endswith(".txt"), errno.EIO)
    with pytest.raises(InboxUnavailable, match="Input/output error"):
        scanner(tmp_path, Known(), Clock()).look()


def test_an_inbox_that_comes_back_is_not_read_again(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    found, known, clock = settled(inbox, 300)
    inbox.rename(tmp_path / "away")
    clock.now += 2
    with pytest.raises(InboxUnavailable):
        found.look()
    (tmp_path / "away").rename(inbox)
    known.asked = 0
    clock.now += 2
    assert found.look() == []
    assert known.asked == 0


def test_what_lies_too_deep_is_named(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(40):
        folder = folder / "d"
        folder.mkdir()
    (folder / "a.txt").write_text("a")
    found = scanner(tmp_path, Known(), Clock())
    assert found.look() == []
    ((source, why),) = found.troubles.items()
    assert source.count("/") == MAX_DEPTH - 1
    assert "deep" in why


def test_a_long_look_is_heard_of(tmp_path: Path) -> None:
    heard = []
    for number in range(2000):
        (tmp_path / f"{number}.txt").write_text("x")
    found = scanner(tmp_path, Known(), Clock(), alive=lambda: heard.append(1))
    found.look()
    assert len(heard) > 8
    heard.clear()
    for number in range(2000):
        (tmp_path / f"sub{number}").mkdir()
    found.look()
    assert len(heard) > 2000


def test_a_bad_name_at_the_top_is_no_sick_inbox_while_the_other_directories_are_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, clock, _ = many_directories(tmp_path)
    (tmp_path / "bad.txt").write_text("x")
    real = os.stat

    def stat(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
        if path == "bad.txt":
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")
        return real(path, *arguments, **options)

    monkeypatch.setattr("tclp_daemon.inbox.scan.os.stat", stat)
    for seconds in (2, 2, 10, 2, 2):
        clock.now += seconds
        assert found.look(told=True) == []
        assert list(found.troubles) == ["bad.txt"]


def test_events_that_do_not_arrive_are_noticed(tmp_path: Path) -> None:
    found, clock, _ = many_directories(tmp_path)
    for number in (7, 8):
        (tmp_path / f"client-{number}" / "nda.txt").write_text("x")
        os.utime(tmp_path / f"client-{number}", (1, 1))  # long ago, and no event since
        clock.now += 120
        assert f"client-{number}/nda.txt" in sources(found.look(told=True))
    (tmp_path / "client-9" / "nda.txt").write_text("x")
    clock.now += 2
    assert "client-9/nda.txt" in sources(found.look(told=True)), "not after two minutes"
