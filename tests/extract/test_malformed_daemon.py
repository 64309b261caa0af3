"""All broken, hostile and mislabelled files through real workers: each ends with a code, and nothing else is hurt."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from devdata import dev_data
from harness import Site, site, wait_for
from tclp_daemon.errors import ERRORS, ErrorCode
from tclp_daemon.formats import SUFFIXES

pytestmark = [pytest.mark.daemon, pytest.mark.slow]

# Far above the 30 s of processor time that test_malformed.py grants each file: a busy machine must fail nothing.
SECONDS = 120
MEMORY_MB = 1500
DEADLINE = 480.0
WORKERS = f"count = 2\ntimeout_seconds = {SECONDS}\nmax_attempts = 1\n"


def malformed() -> dict[str, Path]:
    """Name to drop it under -> file. A file without an accepted suffix is dropped as a .doc."""
    folder = dev_data() / "malformed"
    files = {
        path.relative_to(folder).as_posix() + ("" if path.suffix.lower() in SUFFIXES else ".doc"): path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    assert len(files) > 400
    return files


class Memory(threading.Thread):
    """Watches how much memory each worker ever held; a worker that is gone keeps its last figure."""

    def __init__(self, where: Site) -> None:
        super().__init__(daemon=True)
        self._site = where
        self._stop_now = threading.Event()
        self.peaks: dict[int, int] = {}

    def run(self) -> None:
        while not self._stop_now.wait(0.2):
            try:
                pids = self._site.workers()
            except OSError:
                continue
            for pid in pids:
                self._look(pid)

    def _look(self, pid: int) -> None:
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self.peaks[pid] = int(line.split()[1]) // 1024

    def stop(self) -> None:
        self._stop_now.set()
        self.join()


@contextmanager
def watched(where: Site) -> Iterator[Memory]:
    memory = Memory(where)
    memory.start()
    try:
        yield memory
    finally:
        memory.stop()


def expect_own_end(name: str, answer: dict[str, Any]) -> str | None:
    """What is wrong with how a file ended: completed, or failed for a reason that lies in the file."""
    if answer["status"] == "completed":
        return None
    code = ErrorCode(answer["error_code"])
    if answer["status"] != "failed" or ERRORS[code].transient or not answer["error"] or not answer["advice"]:
        return f"{name}: {answer['status']} {code}: {answer['error']}"
    return None


def test_every_malformed_file_through_analyze(tmp_path: Path) -> None:
    files = malformed()
    inputs = tmp_path / "inputs"
    for name, path in files.items():
        (inputs / name).parent.mkdir(parents=True, exist_ok=True)
        (inputs / name).symlink_to(path)
    with site(tmp_path, workers=WORKERS) as where:
        where.process = subprocess.Popen(
            [*where.command, "analyze", "--json", "--jobs", "2", *(str(inputs / name) for name in files)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with watched(where) as memory:
            output, errors = where.process.communicate(timeout=DEADLINE)
        assert where.process.returncode == 3, errors[-2000:]  # some failed, as they must
    answers = {answer["file"]: answer for answer in json.loads(output)}
    assert sorted(answers) == sorted(str(inputs / name) for name in files)
    wrong = [expect_own_end(name, answers[str(inputs / name)]) for name in files]
    assert [one for one in wrong if one] == []
    assert memory.peaks
    assert max(memory.peaks.values()) < MEMORY_MB


def test_every_malformed_file_through_a_running_daemon(tmp_path: Path) -> None:
    files = malformed()
    with site(tmp_path, workers=WORKERS) as where:
        where.start()
        first = where.workers()
        with watched(where) as memory:
            for name, path in files.items():
                where.drop(name, path.read_bytes())
            finished: dict[str, dict[str, Any]] = {}
            wait_for(lambda: _all_finished(where, files, finished), "all files finished", DEADLINE)
        wrong = [expect_own_end(name, finished[name]) for name in files]
        assert [one for one in wrong if one] == []
        assert max(memory.peaks.values()) < MEMORY_MB

        assert where.process is not None
        assert where.process.poll() is None, where.log_tail()
        assert where.workers()
        assert first
        where.drop("good.txt", "The Supplier shall reach net zero by 2040.\n")
        assert where.finished("good.txt")["status"] == "completed"
        check = where.cli("verify", "--json")
        assert check.returncode == 0, check.stdout
        assert where.stop() == 0


def _all_finished(where: Site, files: dict[str, Path], finished: dict[str, dict[str, Any]]) -> bool:
    """Looks at those that were not finished at the last look."""
    for name in files.keys() - finished.keys():
        status = where.status(name)
        if status is not None and status["status"] in ("completed", "failed"):
            finished[name] = status
    return len(finished) == len(files)


@pytest.fixture(autouse=True)
def _needs_data() -> None:
    dev_data()
