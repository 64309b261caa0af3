"""A child that hangs, crashes or takes too much costs one answer, and never outlives its parent."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tclp_daemon.ocr.children import Lost, in_children

SECONDS = 1.0


def _abort() -> bytes:
    os.abort()


def _loop() -> bytes:
    while True:
        pass


def _block() -> bytes:
    """In C code, with the interpreter's lock: no Python signal handler runs."""
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    return bytes(len((3 ** (10**8)).to_bytes(10**8)))


def _raise() -> bytes:
    raise ValueError("words of the contract")


def _memory() -> bytes:
    return b"x" * 10**10


@pytest.mark.parametrize(
    ("deed", "loss"),
    [(_abort, Lost.FAILED), (_loop, Lost.LATE), (_block, Lost.LATE), (_raise, Lost.FAILED), (_memory, Lost.FAILED)],
)
def test_one_answer_is_lost_and_the_others_are_not(
    deed: Callable[[], bytes], loss: Lost, capfd: pytest.CaptureFixture[str]
) -> None:
    def prepare() -> Callable[[int], bytes]:
        resource.setrlimit(resource.RLIMIT_DATA, (2 * 10**9, resource.RLIM_INFINITY))
        return lambda number: deed() if number == 2 else b"%d" % number

    assert list(in_children(prepare, [1, 2, 3], SECONDS)) == [(1, b"1"), (2, loss), (3, b"3")]
    assert capfd.readouterr() == ("", "")


def test_a_child_that_waits_is_ended_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tclp_daemon.ocr.children._PATIENCE", 1)

    def prepare() -> Callable[[int], bytes]:
        return lambda number: time.sleep(60) or b"" if number == 1 else b"woken"

    began = time.monotonic()
    assert list(in_children(prepare, [1, 2], SECONDS)) == [(1, Lost.LATE), (2, b"woken")]
    assert time.monotonic() - began < 30


def test_one_child_does_many_and_leaves_nothing() -> None:
    before = len(os.listdir("/proc/self/fd"))
    answers = list(in_children(lambda: lambda number: b"%d" % os.getpid(), range(1, 20), SECONDS))
    (child,) = {answer for _, answer in answers}
    assert isinstance(child, bytes)
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(int(child), os.WNOHANG)


@pytest.mark.ocr
@pytest.mark.parametrize("threads", [None, 2], ids=["without torch", "after torch used threads"])
def test_a_page_is_recognised_by_one_thread(threads: int | None) -> None:
    """In a process of its own, because threads that were used once stay."""
    program = f"""
import os
import numpy as np
from extract.scanmaker import FIRST, picture_of, typed_page
from tclp_daemon.ocr.children import in_children
from tclp_daemon.ocr.engine import Tesseract

if {threads}:
    import torch
    torch.set_num_threads({threads})
    torch.randn(800, 800).exp().sum()

def prepare():
    engine, grey = Tesseract("eng"), np.asarray(picture_of(typed_page(FIRST)).convert("L"))
    return lambda _: b"%d lines, %d threads" % (len(engine.lines(grey, 300)), len(os.listdir("/proc/self/task")))

print(list(in_children(prepare, [1], 10)))
"""
    tests = Path(__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tests.parent), str(tests)])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.stdout == "[(1, b'22 lines, 1 threads')]\n", done.stderr


def test_a_child_that_is_not_asked_any_more_is_ended() -> None:
    answers = in_children(lambda: lambda number: b"%d" % os.getpid(), [1, 2], SECONDS)
    _, pid = next(answers)
    assert isinstance(pid, bytes)
    answers.close()  # type: ignore[attr-defined]
    assert not Path(f"/proc/{pid.decode()}").exists()


def test_a_child_has_none_of_its_parents_files(tmp_path: Path) -> None:
    with (tmp_path / "private").open("w"):
        answers = list(in_children(lambda: lambda number: " ".join(map(_target, _open())).encode(), [1], SECONDS))
    assert isinstance(answers[0][1], bytes)
    assert str(tmp_path) not in answers[0][1].decode()


def test_a_child_dies_with_its_parent() -> None:
    script = """
import os, sys, time
from tclp_daemon.ocr.children import in_children
def task(number):
    if number == 2:
        time.sleep(600)
    return b"%d" % os.getpid()
for number, answer in in_children(lambda: task, [1, 2], 60):
    print(answer.decode(), flush=True)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = Path("/proc") / parent.stdout.readline().strip()
    assert child.exists()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while child.exists() and "zombie" not in (child / "status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _open() -> list[str]:
    return os.listdir("/proc/self/fd")


def _target(number: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        return ""
