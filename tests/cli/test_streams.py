"""Standard streams that are closed or full, and locales that are not UTF-8."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest

from harness import Site, site, wait_for

pytestmark = pytest.mark.daemon

GOOD = "The Supplier shall reach net zero by 2040.\n"
# The C locale as Python takes it without its help for that locale: no UTF-8, as under any Latin-1 locale.
NOT_UTF8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def shell(site: Site, arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command with a shell's redirections."""
    command = " ".join(f"'{part}'" for part in site.command)
    return subprocess.run(f"{command} {arguments}", shell=True, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A daemon with a finished contract, of which these tests only ask."""
    with site(tmp_path_factory.mktemp("site"), count=1) as served:
        served.start()
        served.drop("nda.txt", GOOD)
        served.finished("nda.txt")
        yield served


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["list", "--help", "doctor --json"])
def test_closed_streams(finished: Site, command: str, redirection: str) -> None:
    done = shell(finished, f"{command} {redirection}")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("command", ["list", "list --json", "--help", "schema status"])
def test_a_full_disk_behind_stdout_is_a_sentence_with_advice(finished: Site, command: str) -> None:
    done = shell(finished, f"{command} > /dev/full")
    assert done.returncode == 1
    error, advice = done.stderr.splitlines()
    assert error.startswith("Error: No space left on device")
    assert advice.startswith("Advice: Free some space")


def test_a_daemon_with_closed_streams_works(make_site: Callable[..., Site]) -> None:
    site = make_site()
    command = " ".join(f"'{part}'" for part in site.command)
    site.process = subprocess.Popen(f"exec {command} run <&- >&- 2>&-", shell=True)
    site.drop("nda.txt", GOOD)
    assert site.finished("nda.txt")["status"] == "completed"
    assert site.stop() == 0
    assert site.cli("verify").returncode == 0, "nothing was written into the database by mistake"


def test_names_under_a_locale_that_is_not_utf8(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.start(**NOT_UTF8)
    for name in ("Übereinkunft – Zürich.txt", "契約.txt"):
        site.drop(name, GOOD)
        assert site.finished(name)["file"] == name
    listed = subprocess.run(
        [*site.command, "list", "--json"], capture_output=True, env=os.environ | NOT_UTF8, timeout=120
    )
    assert listed.returncode == 0, listed.stderr
    wait_for(lambda: not [p for p in site.inbox.iterdir() if not p.name.startswith(".")], "the inbox is empty")
    assert site.stop() == 0
