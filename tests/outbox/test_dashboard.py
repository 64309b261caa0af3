"""The pages of contents against a real store and a real folder; only the clock is the test's."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from outbox.conftest import RESULT, Place

from tclp_daemon.config import Limits
from tclp_daemon.errors import ERRORS, ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.formats import SUFFIXES
from tclp_daemon.outbox import overview as module
from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.store import Store
from tclp_daemon.task import FileIdentity, Placement


def test_an_empty_daemon_has_a_page_that_says_what_to_do(place: Place) -> None:
    assert place.refresh(changed=False) == ["index.html", "contracts.csv"]
    assert f"Drop a {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file into the inbox" in place.page()
    assert 'http-equiv="refresh"' not in place.page()


def test_is_never_read_as_a_contract(place: Place) -> None:
    place.create("done.pdf")
    place.refresh()
    with pytest.raises(ContractError, match="a report or dashboard of this program"):
        read_document(place.page().encode(), ".html", Limits())


def test_shows_every_state(place: Place) -> None:
    place.create("done.pdf")
    place.complete()
    place.create("bad.xyz", failure=ContractError(ErrorCode.UNSUPPORTED_TYPE))
    place.create("running.pdf")
    running = place.store.claim_task()
    assert running
    place.store.update_task(running.task_id, running.attempt, progress=55, stage="classifying")
    place.create("waiting.pdf", note="kept as another")
    place.refresh()
    html = place.page()
    names = re.findall(r'<tr data-n="([^"]*)" data-s="([^"]*)"', html)
    assert names == [
        ("waiting.pdf", "pending"),
        ("running.pdf", "processing"),
        ("bad.xyz", "failed"),
        ("done.pdf", "completed"),
    ]
    assert ERRORS[ErrorCode.UNSUPPORTED_TYPE].message in html
    assert "Save the contract in one of these formats and drop it again." in html
    assert '<progress max="100" value="55"' in html
    assert "Classifying" in html
    assert "kept as another" in html
    assert 'href="./done.pdf.report.html"' in html
    assert html.index("could not be analysed") < html.index("All contracts")
    assert '<noscript><meta http-equiv="refresh"' in html


def test_writes_nothing_when_nothing_changed(place: Place) -> None:
    place.create()
    place.complete()
    place.refresh()
    assert place.refresh(changed=False) == []


def test_writes_at_most_once_a_second_and_says_when_to_come_again(place: Place) -> None:
    place.create()
    place.refresh()
    assert place.refresh(later=0.4) == []
    assert 0 < place.overview.pause(5.0) <= 0.6
    assert place.refresh(changed=False, later=0.7) == ["index.html"]
    assert place.overview.pause(5.0) == 5.0


def test_the_last_refresh_waits_for_nothing(place: Place) -> None:
    """A daemon that stops leaves no page that says "1 in progress" for as long as it is down."""
    place.create()
    place.refresh()
    place.complete()
    assert place.refresh(later=0.1) == []
    assert 'data-active="1"' in place.page()
    place.overview.refresh(place.store, False, last=True)
    assert 'data-active="0"' in place.page()


def test_a_lively_page_tells_that_the_daemon_lives(place: Place) -> None:
    place.create()
    place.refresh()
    assert place.refresh(changed=False, later=module.REFRESH_SECONDS - 1) == []
    assert place.refresh(changed=False, later=2) == ["index.html"]


def test_progress_alone_does_not_touch_the_csv(place: Place) -> None:
    place.create()
    task = place.store.claim_task()
    assert task
    place.refresh()
    place.store.update_task(task.task_id, task.attempt, progress=60, stage="classifying")
    assert place.refresh() == ["index.html"]
    place.store.complete_task(task.task_id, task.attempt, RESULT, "<p>")
    assert place.refresh() == ["index.html", "contracts.csv"]


def test_a_write_that_failed_is_made_up_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.create()
    with monkeypatch.context() as patch:
        patch.setattr(OutboxFolder, "write", _full)
        with pytest.raises(OSError, match="full"):
            place.refresh()
    assert place.refresh(changed=False) == ["index.html", "contracts.csv"]


def _full(*args: object, **more: object) -> None:
    raise OSError("full")


@pytest.mark.usefixtures("small")
def test_older_contracts_stand_on_pages_that_new_ones_do_not_move(place: Place) -> None:
    for number in range(7):
        place.create(f"{number}.txt")
        place.complete()
    assert place.refresh() == ["index-2.html", "index.html", "contracts.csv"]
    assert _names(place.page("index-2.html")) == ["2.txt", "1.txt", "0.txt"]
    assert _names(place.page()) == ["6.txt", "5.txt", "4.txt", "3.txt"]
    place.create("7.txt")
    assert place.refresh() == ["index.html", "contracts.csv"]
    for number in range(8, 12):
        place.create(f"{number}.txt")
    assert place.refresh() == ["index-4.html", "index-3.html", "index.html", "contracts.csv"]
    assert [_names(place.page(f"index-{n}.html"))[-1] for n in (2, 3, 4)] == ["0.txt", "3.txt", "6.txt"]
    assert re.findall(r'href="(index-\d+.html)"', place.page()) == ["index-4.html", "index-3.html", "index-2.html"]


@pytest.mark.usefixtures("small")
def test_an_older_page_is_written_again_when_its_contract_steps_aside(place: Place) -> None:
    for number in range(7):
        place.create(f"{number}.txt")
        place.complete()
    place.refresh()
    old = place.store.find_tasks("1.txt")[0]
    place.create("1.txt")
    assert place.refresh() == ["index-2.html", "index.html", "contracts.csv"]
    assert f"./1.{old.task_id[:8]}.txt.report.html" in place.page("index-2.html")


@pytest.mark.usefixtures("small")
def test_what_the_store_forgets_goes(place: Place, tmp_path: Path) -> None:
    for number in range(9):
        place.create(f"{number}.txt")
        task = place.complete()
        place.store.mark_published([(task, Placement.MOVED)])
    place.refresh()
    assert _names(place.page("index-3.html")) == ["5.txt", "4.txt", "3.txt"]
    later = Store(tmp_path / "state", clock=lambda: datetime.now(UTC) + timedelta(days=30))
    assert later.cleanup_old_tasks(7) == 9
    place.create("new.txt")
    assert set(place.refresh()) == {"index-2.html", "index-3.html", "contracts.csv", "index.html"}
    assert _names(place.page()) == ["new.txt"]
    assert _names(place.page("index-2.html")) == []
    assert "no longer needed" in place.page("index-3.html")


def test_a_clock_that_ran_back_hides_nothing(place: Place, tmp_path: Path) -> None:
    ahead = Store(tmp_path / "state", clock=lambda: datetime.now(UTC) + timedelta(days=1))
    ahead.create_task("ahead.txt", size=3, sha256="a" * 64, identity=FileIdentity(3, 9, 9))
    place.refresh()
    task = place.create("now.txt")
    place.refresh()
    place.store.claim_task()
    place.store.claim_task()
    place.refresh()
    assert 'data-n="now.txt" data-s="processing"' in place.page()
    assert task.file in place.page()


def test_a_long_queue_does_not_hide_what_is_in_progress(place: Place) -> None:
    place.create("oldest.txt")
    place.store.claim_task()
    place.refresh()
    assert "In progress now" not in place.page()
    for number in range(10):
        place.create(f"{number}.txt")
    place.refresh()
    assert "oldest.txt" in place.page().split("In progress now")[1].split("</section>")[0]


def test_counts_are_of_all_contracts(place: Place) -> None:
    for verdict in ("likely", "likely", "unlikely"):
        place.create(f"{verdict}.txt")
        place.complete(classification=verdict)
    place.create("x.xyz", failure=ContractError(ErrorCode.UNSUPPORTED_TYPE))
    place.refresh()
    tiles = re.sub(r"<[^>]*>|\s+", " ", place.page().split('class="tiles"')[1].split("</section>")[0])
    labels = "Very likely|Likely|Possible|Unlikely|Waiting|In progress|Completed|Failed"
    counted = dict(re.findall(rf"({labels}) +(\d+)", tiles))
    assert counted == {
        "Very likely": "0", "Likely": "2", "Possible": "0", "Unlikely": "1",
        "Waiting": "0", "In progress": "0", "Completed": "3", "Failed": "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "a b#1?.txt",
        "100%25.txt",
        "javascript:alert(1).txt",
        "quo\"te's.txt",
        "two\nlines.txt",
        "😀/../x/é.txt",
        "\u202egnp.txt",
    ],
)
def test_links_lead_to_the_very_name(place: Place, name: str) -> None:
    place.create(name)
    place.complete()
    place.refresh()
    links = re.findall(r'<td class="links"><a href="\./([^"]*)"', place.page())
    assert [unquote(link) for link in links] == [name + ".report.html"]


def test_thousands_of_rows_are_shown_in_parts(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real: Callable[..., bytes] = module.render

    def render(contents: Any, shown: Any, **more: Any) -> bytes:
        sizes.append(len(shown))
        return real(contents, shown, **more)

    monkeypatch.setattr(module, "render", render)
    monkeypatch.setattr(module, "BLOCK", 50)
    for number in range(260):
        place.create(f"{number}.txt")
    place.refresh()
    assert sizes == [50, 50, 50, 50, 60]


def test_csv_lists_all_newest_first_and_runs_nothing(place: Place) -> None:
    place.create("=cmd|'/C calc'!A0.txt")
    place.complete()
    place.create('b, "c"\nd.xyz', failure=ContractError(ErrorCode.UNSUPPORTED_TYPE))
    place.refresh()
    data = (place.outbox / "contracts.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [row["file"] for row in rows] == ['b, "c"\nd.xyz', "'=cmd|'/C calc'!A0.txt"]
    assert [row["status"] for row in rows] == ["failed", "completed"]
    assert rows[1]["findings"] == "2"


def _names(html: str) -> list[str]:
    return re.findall(r'<tr data-n="([^"]*)"', html)
