"""Pages that come back when somebody takes them away, and long ones that keep nobody waiting."""

from __future__ import annotations

import csv
import gc
import io
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from outbox.conftest import Place

from harness import Site, wait_for
from tclp_daemon.outbox import overview as overview_module
from tclp_daemon.outbox import table as table_module
from tclp_daemon.report.portfolio import Row
from tclp_daemon.store import DATABASE, Store
from tclp_daemon.task import Placement

PART = ".tclp-contracts.csv.part"
LATER = overview_module.REFRESH_SECONDS + 1


def listed(outbox: Path) -> list[str]:
    """The contracts in contracts.csv, from top to bottom."""
    text = (outbox / "contracts.csv").read_bytes().decode("utf-8-sig")
    return [row["file"] for row in csv.DictReader(io.StringIO(text, newline=""))]


def content(path: Path) -> str:
    """A page without the time of its writing."""
    return re.sub(r"Updated <time.*?</time>|data-written=\"[^\"]*\"", "", path.read_text("utf-8"))


def settle(place: Place) -> int:
    """Refreshes until there is nothing left to do; how often that was."""
    calls = 0
    while place.overview.pause(99) < 99:
        place.refresh(changed=False, later=10)
        calls += 1
    return calls


def fill(store: Store, number: int) -> None:
    """Adds copies of a finished task."""
    names = "source, sha256, size, mtime_ns, inode, status, progress, stage, attempt, result, placed, revision"
    store._db.execute(
        f"INSERT INTO tasks (task_id, file, outbox_name, created_at, updated_at, finished_at, published, {names}) "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "SELECT printf('%08d-%027d', (SELECT count(*) FROM tasks), i), i || '.txt', hex(randomblob(16)), created_at, "
        f"updated_at, finished_at, revision, {names} FROM n, (SELECT * FROM tasks LIMIT 1)",
        (number,),
    )


# -- at rest -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", ["index.html", "index-2.html", "contracts.csv"])
@pytest.mark.parametrize("how", ["deleted", "cut", "emptied", "replaced", "folder", "link"])
def test_what_is_taken_away_at_rest_comes_back(place: Place, name: str, how: str, tmp_path: Path) -> None:
    for number in range(7):
        place.create(f"{number}.txt")
        place.complete()
    place.refresh()
    settle(place)
    path = place.outbox / name
    before, size = content(path), path.stat().st_size
    foreign = tmp_path / "foreign"
    foreign.write_text("a stranger's")
    match how:
        case "deleted":
            path.unlink()
        case "cut":
            os.truncate(path, size // 2)
        case "emptied":
            path.write_bytes(b"")
        case "replaced":
            path.write_bytes(b"x" * size)
            os.utime(path, ns=(1, 1))  # a disk's clock may be too coarse for hands as quick as a test's
        case "folder":
            path.unlink()
            path.mkdir()
        case "link":
            path.unlink()
            path.symlink_to(foreign)
    assert set(place.refresh(changed=False, later=LATER)) == {name}
    assert not path.is_symlink()
    assert content(path) == before
    assert foreign.read_text() == "a stranger's"
    assert place.refresh(changed=False, later=LATER) == []


def test_a_share_that_dates_files_late_is_not_written_for_ever(place: Place) -> None:
    place.create()
    place.complete()
    place.refresh()
    page = place.outbox / "index.html"
    os.utime(page, ns=(10**18, 10**18))
    assert place.refresh(changed=False, later=LATER) == ["index.html"]
    os.utime(page, ns=(2 * 10**18, 2 * 10**18))
    assert place.refresh(changed=False, later=LATER) == []
    page.write_bytes(page.read_bytes().swapcase())
    assert place.refresh(changed=False, later=LATER) == ["index.html"]


def test_an_outbox_that_is_away_has_lost_nothing(place: Place, tmp_path: Path) -> None:
    place.create()
    place.complete()
    place.refresh()
    place.outbox.rename(tmp_path / "away")
    assert place.refresh(changed=False, later=LATER) == []
    (tmp_path / "away").rename(place.outbox)
    assert place.refresh(changed=False, later=LATER) == []


def test_what_another_process_forgets_goes_by_itself(place: Place, tmp_path: Path) -> None:
    place.create()
    place.store.mark_published([(place.complete(), Placement.MOVED)])
    place.refresh()
    settle(place)
    later = Store(tmp_path / "state", clock=lambda: datetime.now(UTC) + timedelta(days=30))
    assert later.cleanup_old_tasks(7) == 1
    assert place.refresh(changed=False, later=LATER) == ["index.html", "contracts.csv"]
    assert "No contract yet" in place.page()


def test_an_idle_daemon_brings_its_pages_back(served: Site) -> None:
    served.drop("nda.txt")
    served.finished("nda.txt")
    names = ("index.html", "contracts.csv")
    wait_for(lambda: 'data-active="0"' in (served.outbox / "index.html").read_text("utf-8"), "at rest")
    wait_for(lambda: listed(served.outbox) == ["nda.txt"], "contracts.csv at rest")
    for name in names:
        (served.outbox / name).unlink()
    wait_for(lambda: all((served.outbox / name).exists() for name in names), "both pages are back")
    assert listed(served.outbox) == ["nda.txt"]


# -- in portions ---------------------------------------------------------------------------------------------------


@pytest.fixture
def slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten rows make a portion."""
    monkeypatch.setattr(table_module, "SLICE", 10)
    monkeypatch.setattr(overview_module, "SLICE", 10)
    monkeypatch.setattr(overview_module, "_PORTION", 10)


@pytest.mark.usefixtures("slices")
def test_the_table_is_complete_at_any_moment_and_right_in_the_end(place: Place) -> None:
    for number in range(95):
        place.create(f"{number}.txt")
        if number == 4:
            place.refresh()
    complete = [f"{number}.txt" for number in range(94, -1, -1)]
    assert listed(place.outbox) == complete[-5:]
    place.refresh()
    portions = 1
    while listed(place.outbox) == complete[-5:]:
        place.refresh(changed=False, later=10)
        portions += 1
    assert portions == 10
    assert listed(place.outbox) == complete
    assert settle(place) == 0
    assert not (place.outbox / PART).exists()


@pytest.mark.usefixtures("slices")
def test_what_comes_while_the_table_is_made_is_in_the_next_one(place: Place) -> None:
    for number in range(25):
        place.create(f"{number}.txt")
    place.refresh()
    place.create("new.txt")
    place.refresh(later=10)
    assert "new.txt" in place.page()
    settle(place)
    assert listed(place.outbox) == ["new.txt", *(f"{number}.txt" for number in range(24, -1, -1))]


@pytest.mark.usefixtures("slices")
def test_a_table_that_is_made_while_numbers_change_lists_nothing_twice(place: Place) -> None:
    for number in range(45):
        place.create(f"{number}.txt")
    place.refresh()
    place.store._db.execute("DELETE FROM tasks WHERE rowid <= 30")
    place.store.number_by_time()
    while not (place.outbox / "contracts.csv").exists():
        place.refresh(changed=False, later=10)
    assert listed(place.outbox) == [f"{number}.txt" for number in range(44, 29, -1)]


@pytest.mark.usefixtures("slices")
def test_the_last_refresh_leaves_nothing_half_done(place: Place) -> None:
    for number in range(95):
        place.create(f"{number}.txt")
    place.overview.refresh(place.store, True, last=True)
    assert len(listed(place.outbox)) == 95


@pytest.mark.usefixtures("slices")
@pytest.mark.parametrize("how", ["cut", "deleted", "hard link", "link", "folder"])
def test_a_table_that_is_meddled_with_is_begun_again(place: Place, how: str, tmp_path: Path) -> None:
    for number in range(45):
        place.create(f"{number}.txt")
    place.refresh()
    part, foreign = place.outbox / PART, tmp_path / "foreign"
    foreign.write_bytes(b"s" * part.stat().st_size)
    before = foreign.read_bytes()
    if how == "cut":
        os.truncate(part, 5)
    else:
        part.unlink()
        match how:
            case "hard link":
                os.link(foreign, part)
            case "link":
                part.symlink_to(foreign)
            case "folder":
                part.mkdir()
    with pytest.raises(OSError):
        place.refresh(changed=False, later=10)
    settle(place)
    assert foreign.read_bytes() == before
    assert len(listed(place.outbox)) == 45


@pytest.mark.usefixtures("slices")
def test_a_table_that_a_spreadsheet_holds_is_not_made_again_and_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(35):
        place.create(f"{number}.txt")
    real = os.replace

    def held(source: str, target: str, **more: int) -> None:
        if target == "contracts.csv":
            raise PermissionError("held")
        real(source, target, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", held)
        for _ in range(3):
            place.refresh(changed=False, later=10)
        for _ in range(3):
            with pytest.raises(PermissionError):
                place.refresh(changed=False, later=10)
    assert "contracts.csv" not in place.refresh(changed=False, later=10), "it only needed its name"
    assert len(listed(place.outbox)) == 35


@pytest.mark.usefixtures("slices")
def test_a_complete_table_that_is_taken_away_before_it_has_its_name_is_made_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spreadsheet held the name, and meanwhile somebody removed the hidden file."""
    place.create("0.txt")

    def held(source: str, target: str, **more: int) -> None:
        if target == "contracts.csv":
            raise PermissionError("held")
        real(source, target, **more)

    real = os.replace
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", held)
        with pytest.raises(PermissionError):
            place.refresh()
    (place.outbox / PART).unlink()
    with pytest.raises(FileNotFoundError):
        place.refresh(changed=False, later=10)
    settle(place)
    assert listed(place.outbox) == ["0.txt"]


@pytest.mark.slow
def test_a_call_does_no_more_the_more_contracts_there_are(place: Place) -> None:
    """And keeps no rows: neither the time that others wait nor the memory grows."""
    place.create("0.txt")
    place.complete()

    def dearest() -> int:
        """The most steps that SQLite took in one call."""
        most = 0
        for steps in calls():
            most = max(most, steps)
        return most

    def calls() -> Iterator[int]:
        counted = [0]

        def count() -> None:
            counted[0] += 1

        place.create(f"{sum(place.store.counts().values())} more.txt")
        while place.overview.pause(99) < 99 or not counted[0]:
            counted[0] = 0
            place.store._db.set_progress_handler(count, 10)
            place.refresh(changed=not counted[0] and place.overview.pause(99) == 99, later=10)
            place.store._db.set_progress_handler(None, 10)
            yield counted[0]

    fill(place.store, 2500)
    place.refresh()
    settle(place)
    before = dearest()
    fill(place.store, 10_000)
    place.refresh()
    settle(place)
    assert dearest() <= 1.2 * before
    gc.collect()
    # By their type: some objects of other packages warn when they are asked for their class.
    assert not [thing for thing in gc.get_objects() if type(thing) is Row]
    assert len(listed(place.outbox)) == 12_503


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "meanwhile", ["nothing", "page deleted", "changed", "more", "forgotten", "another look", "killed"]
)
def test_a_start_writes_only_what_is_not_there_as_it_should_be(
    place: Place, meanwhile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        place.create(f"{number}.txt")
        task = place.complete()
        if number == 0:
            place.store.mark_published([(task, Placement.MOVED)])
    place.refresh()
    place.overview.refresh(place.store, False, last=meanwhile != "killed")
    wanted = {"index.html"}
    match meanwhile:
        case "page deleted":
            (place.outbox / "index-3.html").unlink()
            wanted |= {"index-3.html"}
        case "changed":
            place.create("4.txt")
            wanted |= {"index-3.html", "contracts.csv"}
        case "more":
            for number in range(10, 14):
                place.create(f"{number}.txt")
            wanted |= {"index-4.html", "contracts.csv"}
        case "forgotten":
            later = Store(tmp_path / "state", clock=lambda: datetime.now(UTC) + timedelta(days=30))
            assert later.cleanup_old_tasks(7) == 1
            wanted |= {"index-2.html", "contracts.csv"}
        case "another look":
            monkeypatch.setattr(overview_module, "look", lambda: "another")
            wanted |= {"index-2.html", "index-3.html", "contracts.csv"}
        case "killed":
            wanted |= {"index-2.html", "index-3.html", "contracts.csv"}
    place.start_again()
    assert set(place.refresh(changed=False)) == wanted
    assert place.refresh(changed=False, later=5) == []


@pytest.mark.usefixtures("small")
def test_a_start_goes_on_where_a_stop_had_no_more_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 100,000 contracts all pages together take longer than a stop may."""
    monkeypatch.setattr(overview_module, "_LAST_SECONDS", -1.0)
    monkeypatch.setattr(overview_module, "_PORTION", 1)
    for number in range(16):
        place.create(f"{number}.txt")
        place.complete()
    place.overview.refresh(place.store, True, last=True)
    before = set(place.writes)
    assert {"index.html", "index-5.html"} <= before
    assert "index-2.html" not in before
    place.start_again()
    place.writes.clear()
    after: set[str] = set()
    place.now[0] += 30
    place.overview.refresh(place.store, False)
    after.update(place.writes)
    while place.overview.pause(99) < 99:
        after.update(place.refresh(changed=False, later=10))
    assert "index-2.html" in after
    assert "index-5.html" not in after, "it is as it should be"
    assert listed(place.outbox) == [f"{number}.txt" for number in reversed(range(16))]
    assert (place.outbox / "index-2.html").exists()


@pytest.mark.usefixtures("small")
def test_only_pages_of_forgotten_contracts_are_written_again(place: Place, tmp_path: Path) -> None:
    for number in range(15):
        place.create(f"{number}.txt")
        task = place.complete()
        if number == 4:
            place.store.mark_published([(task, Placement.MOVED)])
    place.refresh()
    later = Store(tmp_path / "state", clock=lambda: datetime.now(UTC) + timedelta(days=30))
    assert later.cleanup_old_tasks(7) == 1
    assert place.refresh() == ["index-3.html", "index.html", "contracts.csv"]
    assert re.findall(r'<tr data-n="([^"]*)"', place.page("index-3.html")) == ["5.txt", "3.txt"]
    assert "14 contracts in all" in place.page()


@pytest.mark.usefixtures("small")
def test_the_first_page_is_never_nearly_empty(place: Place, tmp_path: Path) -> None:
    """Though the newest contracts are those that were forgotten."""
    for number in range(15):
        place.create(f"{number}.txt")
        task = place.complete()
        if number >= 9:
            place.store.mark_published([(task, Placement.MOVED)])
    place.refresh()
    later = Store(tmp_path / "state", clock=lambda: datetime.now(UTC) + timedelta(days=30))
    assert later.cleanup_old_tasks(7) == 6
    assert set(place.refresh()) == {"index-4.html", "index-5.html", "index.html", "contracts.csv"}
    assert re.findall(r'<tr data-n="([^"]*)"', place.page()) == ["8.txt", "7.txt", "6.txt"]
    assert re.findall(r'href="(index-\d+.html)"', place.page()) == ["index-3.html", "index-2.html"]


def test_after_a_rebuild_the_newest_is_on_top(served: Site) -> None:
    for name in ("b.txt", "c.txt", "a.txt"):
        served.drop(name)
        served.finished(name)
    assert served.stop() == 0
    (served.state / DATABASE).unlink()
    served.cli("rebuild", check=True)
    served.start()
    wait_for(lambda: listed(served.outbox) == ["a.txt", "c.txt", "b.txt"], "contracts.csv in the order of acceptance")
