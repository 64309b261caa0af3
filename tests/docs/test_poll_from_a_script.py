"""The scripts in docs/howto/poll-from-a-script.md, taken from the page and run against a real daemon."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from watchdog.events import FileOpenedEvent, FileSystemEventHandler
from watchdog.observers import Observer

from harness import Site, wait_for
from tclp_daemon.errors import ERRORS, ErrorCode

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "poll-from-a-script.md"
PROGRAMS = {"bash": ("bash", ".sh"), "python": (sys.executable, ".py"), "powershell": ("pwsh", ".ps1")}


def script(language: str, folder: Path) -> list[str]:
    """The page's script of a language as a command; skips where the machine cannot run it."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    assert len(blocks) == 1
    program, suffix = PROGRAMS[language]
    for needed in (program, *(["jq"] if language == "bash" else [])):
        if shutil.which(needed) is None:
            pytest.skip(f"{needed} is not installed; the page says that its {language} script is not tested by us")
    path = folder / f"script{suffix}"
    path.write_text(blocks[0], "utf-8")
    return [program, str(path)]


@contextmanager
def opened(folder: Path) -> Iterator[list[str]]:
    """Collects the names of files in a folder as somebody opens them."""
    names: list[str] = []

    class Handler(FileSystemEventHandler):
        def on_opened(self, event: FileOpenedEvent) -> None:
            names.append(Path(str(event.src_path)).name)

    observer = Observer()
    observer.schedule(Handler(), str(folder))
    observer.start()
    try:
        yield names
    finally:
        observer.stop()
        observer.join()


@pytest.mark.parametrize("language", PROGRAMS)
def test_script_drops_waits_and_tells(language: str, served: Site, tmp_path: Path) -> None:
    command = script(language, tmp_path)

    def run(file: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, str(served.inbox), str(served.outbox), str(file)],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    contract = tmp_path / "an nda [v1].txt"
    contract.write_text("The Supplier shall reach net zero by 2040.\n", "utf-8")
    first = run(contract)
    assert (first.returncode, first.stdout.splitlines()[0], first.stderr) == (0, "possible", "")
    contract.write_text("Nothing of the kind.\n", "utf-8")
    again = run(contract)  # the same name: the answer must be the new one's
    assert (again.returncode, again.stdout.splitlines()[0]) == (0, "unlikely")
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG")
    failed = run(picture)
    assert failed.returncode == 3
    assert failed.stderr.startswith(f"{ERRORS[ErrorCode.UNSUPPORTED_TYPE].message} Save the contract")


@pytest.mark.parametrize("language", PROGRAMS)
def test_another_contract_of_the_name_is_never_taken_for_ones_own(language: str, served: Site, tmp_path: Path) -> None:
    command = script(language, tmp_path)
    contract = tmp_path / "deal.txt"
    contract.write_text("MISBEHAVE-SLOW\n\nMISBEHAVE-SLOW\n\nThe Supplier shall reach net zero by 2040.\n", "utf-8")
    waiting = subprocess.Popen(
        [*command, str(served.inbox), str(served.outbox), str(contract)], stdout=subprocess.PIPE, text=True
    )
    try:
        mine = wait_for(lambda: served.status("deal.txt"), "accepted")["task_id"]
        served.drop("deal.txt", "Nothing of the kind.\n")

        def other_one_is_finished() -> bool:
            status = served.status("deal.txt")
            return bool(status) and status["task_id"] != mine and status["status"] == "completed"

        wait_for(other_one_is_finished, "the other contract")
        with opened(served.outbox) as names:
            # That it looks once more proves that it went on after it had seen the other contract's sidecar.
            wait_for(lambda: names.count("deal.txt.status.json") >= 2, "the script looks twice")
        assert waiting.poll() is None, waiting.communicate()
    finally:
        waiting.kill()
        waiting.communicate()
