"""The outbox's marker: chosen, written, confirmed; a start that dies in between is finished by the next one."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.faulty_files import FAULTY_DAEMON, Faults
from harness import Site, wait_for
from tclp_daemon.errors import ConfigError
from tclp_daemon.outbox.marker import CHOSEN, MARKER, REMEMBERED, OutboxMarker, OutboxUnavailable

GOOD = "The Supplier shall reach net zero by 2040.\n"


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """An outbox and a state directory."""
    outbox, state = tmp_path / "outbox", tmp_path / "state"
    outbox.mkdir()
    state.mkdir()
    return outbox, state


# Where writing fails, and for how often: the state's disk or the outbox is full at the very first start.
FULL = [
    {"call": "write", "under": "state", "name": ".tclp-*", "fault": "ENOSPC", "times": 1},
    {"call": "fsync", "under": "state", "name": ".tclp-*", "fault": "ENOSPC", "times": 1},
    {"call": "write", "under": "outbox", "name": ".tclp-*", "fault": "ENOSPC", "times": 1},
    {"call": "rename", "under": "outbox", "name": ".tclp-*", "fault": "ENOSPC", "times": 1},
    {"call": "rename", "under": "state", "name": CHOSEN, "fault": "ENOSPC", "times": 1},
    {"call": "fsync_folder", "under": "state", "fault": "EIO", "times": 1},
]


@pytest.mark.parametrize("rule", FULL, ids=lambda rule: f"{rule['under']}-{rule['call']}")
def test_a_disk_that_is_full_at_the_first_start(
    make_site: Callable[..., Site], faults: Faults, rule: dict[str, object]
) -> None:
    site = make_site(program=FAULTY_DAEMON)
    faults.set(rule | {"under": str(site.root / str(rule["under"]))})
    site.drop("nda.txt", GOOD)
    process = site.start(ready=False, **faults.environment)
    wait_for(lambda: site.events("outbox_unavailable") or process.poll() is not None, site.log_tail())
    process.kill()
    process.wait()
    site.start(**faults.environment)
    assert site.finished("nda.txt")["status"] == "completed"
    assert site.stop() == 0
    assert site.cli("verify").returncode == 0
    assert json.loads((site.outbox / MARKER).read_text())["outbox"] == (site.state / REMEMBERED).read_text()
    assert not (site.state / CHOSEN).exists()


def test_a_first_start_that_died_may_be_followed_by_one_without_a_database(make_site: Callable[..., Site]) -> None:
    """Nothing was accepted yet, so nothing is lost with it."""
    site = make_site()
    assert site.start(ready=False, TCLP_CRASH_AT="outbox_marked:1").wait(timeout=60) == -signal.SIGKILL
    for path in site.state.glob("tasks.sqlite3*"):
        path.unlink()
    site.drop("nda.txt", GOOD)
    site.start()
    assert site.finished("nda.txt")["status"] == "completed"


@pytest.mark.parametrize("point", ["marker_chosen", "outbox_marked"])
def test_verify_doctor_and_rebuild_after_a_first_start_that_died(make_site: Callable[..., Site], point: str) -> None:
    site = make_site()
    assert site.start(ready=False, TCLP_CRASH_AT=f"{point}:1").wait(timeout=60) == -signal.SIGKILL
    assert site.cli("verify").returncode == 0
    checks = {check["name"]: check for check in json.loads(site.cli("doctor", "--json").stdout)}
    assert "marker" not in checks
    for path in site.state.glob("tasks.sqlite3*"):
        path.unlink()
    rebuilt = site.cli("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    site.start()


def test_an_outbox_is_confirmed_only_once_it_has_its_marker(places: tuple[Path, Path]) -> None:
    outbox, state = places
    OutboxMarker(outbox, state).adopt()
    assert (state / REMEMBERED).exists()
    (outbox / MARKER).unlink()
    for ask in (OutboxMarker.adopt, OutboxMarker.recognise):
        with pytest.raises(OutboxUnavailable):  # an empty mount point in its place
            ask(OutboxMarker(outbox, state))
    with pytest.raises(ConfigError):
        OutboxMarker(outbox, state).readopt()
    assert list(outbox.iterdir()) == []


def test_a_marker_that_was_only_chosen_is_written(places: tuple[Path, Path]) -> None:
    outbox, state = places
    (state / CHOSEN).write_text("cafe")
    assert not OutboxMarker(outbox, state).recognise()
    assert list(outbox.iterdir()) == []
    OutboxMarker(outbox, state).adopt()
    assert json.loads((outbox / MARKER).read_text()) == {"outbox": "cafe"}
    assert (state / REMEMBERED).read_text() == "cafe"


def test_one_that_was_only_chosen_never_takes_the_outbox_of_another(places: tuple[Path, Path]) -> None:
    outbox, state = places
    (state / CHOSEN).write_text("cafe")
    (outbox / MARKER).write_text('{"outbox": "beef"}')
    for ask in (OutboxMarker.adopt, OutboxMarker.recognise):
        with pytest.raises(ConfigError, match="beef"):
            ask(OutboxMarker(outbox, state))
    assert not (state / REMEMBERED).exists()


def test_the_dispatcher_marks_nothing(places: tuple[Path, Path]) -> None:
    outbox, state = places
    marker = OutboxMarker(outbox, state)
    assert not marker.recognise()
    marker.adopt()
    (outbox / MARKER).unlink()
    assert marker.recognise(), "the very folder that bore it a moment ago"
    with marker.opened(mend=False):
        assert os.listdir(outbox) == []
    with marker.opened():
        assert os.listdir(outbox) == [MARKER]


def test_a_marker_that_is_removed_while_the_daemon_is_idle_comes_back(served: Site) -> None:
    marker = served.outbox / MARKER
    content = marker.read_text()
    marker.unlink()
    wait_for(marker.exists, "written again though nothing is to be published", 30)
    marker.unlink()
    assert served.stop() == 0
    assert marker.read_text() == content, "and at the end"
    served.start()
