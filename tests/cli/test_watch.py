"""`watch` as people and pipes see it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

from benchmarks.fill import fill
from harness import Site, wait_for
from tclp_daemon.cli.watch import Changes
from tclp_daemon.store import Store
from tclp_daemon.task import Status


def test_a_pipe_gets_one_line_for_each_change(served: Site) -> None:
    served.drop("nda.txt")
    served.finished("nda.txt")
    watching = subprocess.Popen([*served.command, "watch"], stdout=subprocess.PIPE, text=True)
    assert watching.stdout
    try:
        assert watching.stdout.readline().split("\t")[1:4] == ["completed", "100%", "nda.txt"]
        served.drop("two\nlines.txt")
        last = watching.stdout.readline().rstrip().split("\t")
        while last[1] != "completed":
            last = watching.stdout.readline().rstrip().split("\t")
        assert last[2:] == ["100%", "two\\nlines.txt", "possible, 1 finding in 1 clause"]
    finally:
        watching.kill()
        watching.wait()
        watching.stdout.close()


def test_it_does_not_remember_every_contract(tmp_path: Path) -> None:
    fill(tmp_path, 300)
    store = Store(tmp_path)
    changes = Changes(store, remembered=20)
    assert [len(changes.seen) for _ in changes.look()] == [*range(1, 21), *[20] * 280]
    store.close()


def test_only_changes_are_seen(tmp_path: Path) -> None:
    fill(tmp_path, 30, failed_every=10)
    store = Store(tmp_path)
    changes = Changes(store)
    assert len(list(changes.look())) == 30
    assert list(changes.look()) == []
    failed = store.newest(status=Status.FAILED)
    again = next(failed).task_id
    store.retry_task(again)
    assert [task.task_id for task in changes.look()] == [again]
    store.close()


def test_a_terminal_gets_a_table_until_q(served: Site) -> None:
    served.drop("nda.txt")
    served.finished("nda.txt")
    shown, code = _on_terminal(served, lambda text: "nda.txt" in text, b"q")
    assert code == 0
    assert "1 completed" in shown
    assert "possible" in shown
    assert "Traceback" not in shown


def test_ctrl_c_ends_it_quietly_and_no_color_is_honoured(served: Site) -> None:
    served.drop("nda.txt")
    served.finished("nda.txt")
    shown, code = _on_terminal(served, lambda text: "nda.txt" in text, b"\x03", NO_COLOR="1")
    assert code == 0
    assert "Traceback" not in shown
    assert "\x1b[32m" not in shown


def test_once_shows_the_state_and_ends(served: Site) -> None:
    served.drop("nda.txt")
    served.finished("nda.txt")
    assert "nda.txt" in served.cli("watch", "--once", check=True).stdout


def _on_terminal(site: Site, until: Callable[[str], bool], key: bytes, **env: str) -> tuple[str, int]:
    """Runs `watch` on a terminal of its own, presses a key once the screen shows what it should."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "30"} | env
    if "NO_COLOR" not in env:
        environment.pop("NO_COLOR", None)
    watching = subprocess.Popen(
        [*site.command, "watch"], stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
        preexec_fn=_own_terminal,
    )  # fmt: skip
    os.close(slave)
    os.set_blocking(master, False)
    seen: list[bytes] = []

    def read() -> str:
        with contextlib.suppress(OSError):
            seen.append(os.read(master, 65536))
        return b"".join(seen).decode("utf-8", "replace")

    try:
        wait_for(lambda: until(read()), "the table shows")
        os.write(master, key)
        wait_for(lambda: (read(), watching.poll() is not None)[1], "watch ends")
        return read(), watching.returncode
    finally:
        if watching.poll() is None:
            watching.kill()
        watching.wait()
        os.close(master)


def _own_terminal() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored where the tests run in the background of a shell
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
