"""The processes that readers start die with the worker that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from extract.hostile import form_chain

from harness import wait_for
from tclp_daemon.extract.child import run_apart

ROOT = Path(__file__).parents[2]


def children(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except OSError:
        return []
    return [int(child) for child in found.split()]


def runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


@pytest.mark.parametrize(
    ("call", "computes"),
    [
        (
            "from tclp_daemon.config import Limits; from tclp_daemon.extract.pdf.probe import try_out; "
            "try_out(data, Limits(), fields=False)",
            True,
        ),
        (
            "from tclp_daemon.extract.child import run_apart; run_apart('sum(range(10**18))', data=data, seconds=600)",
            True,
        ),
        ("from tclp_daemon.extract.child import run_apart; run_apart('input()', data=data, seconds=600)", False),
    ],
    ids=["probe", "loop in C", "asleep"],
)
def test_a_child_dies_with_its_worker(tmp_path: Path, call: str, computes: bool) -> None:
    document = tmp_path / "forms.pdf"
    document.write_bytes(form_chain())
    if not computes:
        call = call.replace("input()", "import time; time.sleep(600)")
    program = f"from pathlib import Path; data = Path({str(document)!r}).read_bytes(); {call}"
    worker = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    try:
        (child,) = wait_for(lambda: children(worker.pid), "the child was started")
        # It has to have asked the kernel for that, which it does before anything else; its own libraries come later.
        wait_for(lambda: b"-I" in Path(f"/proc/{child}/cmdline").read_bytes(), "the child is Python")
        wait_for(lambda: _asked(child), "it is on its way")
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    wait_for(lambda: not runs(child), "the child is gone, too", deadline=20)


def _asked(child: int) -> bool:
    """Whether the child has come as far as its alarm, that is past the request to die with its parent."""
    try:
        limits = Path(f"/proc/{child}/limits").read_text("ascii")
    except OSError:
        return False
    (line,) = [line for line in limits.splitlines() if line.startswith("Max cpu time")]
    return "unlimited" not in line


def test_a_child_whose_worker_has_gone_before_does_nothing(tmp_path: Path) -> None:
    # As if the worker had died between the child's start and its first words: the pid that it expects is another.
    program = (
        "import os, sys; os.getpid = lambda: 1; from tclp_daemon.extract.child import run_apart; "
        "print(run_apart('open(sys.argv[1], \"w\")', sys.argv[1], data=b'', seconds=60).returncode)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "ran")],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1\n"
    assert not (tmp_path / "ran").exists()


def test_a_child_is_killed_when_its_time_is_up() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_apart("sum(range(10**18))", data=b"", seconds=1)


def test_a_child_gets_its_words_and_its_data() -> None:
    done = run_apart("print(sys.argv[1:], sys.stdin.read())", "one", "two", data=b"three", seconds=60)
    assert done.stdout == b"['one', 'two'] three\n"
