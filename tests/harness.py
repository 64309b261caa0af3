"""A real daemon in a process of its own, and the folders around it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from valid import check_written

KEYWORD_DAEMON = Path(__file__).parent / "fakes" / "keyword_daemon.py"
# Long, because only a failing test waits this long, and machines that run tests are busy.
DEADLINE = 180.0


def wait_for(condition: Callable[[], Any], what: str, deadline: float = DEADLINE) -> Any:
    """Polls until the condition is true; its value, or a failure that says what did not happen."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"did not happen within {deadline:g} s: {what}")


class Site:
    """An inbox, an outbox, a state directory and the daemon that serves them.

    Args:
        root: an empty folder.
        keyword: use the keyword classifier, which starts fast and misbehaves on demand.
        program: the script that is the keyword daemon, or another that wraps it.
        count: of workers, unless the section says it; each takes a second of processor time to start.
        sections: TOML lines by section name, added to the configuration.
    """

    def __init__(
        self, root: Path, *, keyword: bool = True, program: Path = KEYWORD_DAEMON, count: int = 2, **sections: str
    ) -> None:
        self.root = root
        self.count = count
        self.program = program
        self.keyword = keyword
        self.inbox, self.outbox, self.state = (root / name for name in ("inbox", "outbox", "state"))
        for folder in (self.inbox, self.outbox):
            folder.mkdir(exist_ok=True)
        self.config = root / "config.toml"
        self.log = root / "daemon.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.configure(**sections)

    def configure(self, **sections: str) -> None:
        """Writes the configuration; fast settling and polling unless told otherwise."""
        defaults = {
            "inbox": f'path = "{self.inbox}"\n',
            "outbox": f'path = "{self.outbox}"\n',
            "state": f'path = "{self.state}"\n',
            "workers": "",
        }
        fast = {
            "inbox": {"settle_seconds": "0.1", "poll_seconds": "0.2", "empty_seconds": "1"},
            "workers": {"count": str(self.count), "retry_scale": "0.01"},
        }
        text = ""
        for name in {**defaults, **sections}:
            given = sections.get(name, "")
            extra = "".join(f"{k} = {v}\n" for k, v in fast.get(name, {}).items() if k not in given)
            text += f"[{name}]\n{defaults.get(name, '')}{extra}{given}\n"
        self.config.write_text(text, encoding="utf-8")

    @property
    def command(self) -> list[str]:
        """How the command line is called."""
        program = [str(self.program)] if self.keyword else ["-m", "tclp_daemon"]
        return [sys.executable, *program, "--config", str(self.config)]

    def start(self, *, ready: bool = True, wrapper: tuple[str, ...] = (), **env: str) -> subprocess.Popen[bytes]:
        """Starts the daemon, under a wrapping command if given; waits until it says that it is ready."""
        offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*wrapper, *self.command, "run"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | env
            )
        if ready:
            process = self.process
            wait_for(
                lambda: b'"ready"' in self.log.read_bytes()[offset:] or process.poll() is not None,
                f"daemon ready; log:\n{self.log_tail()}",
            )
            assert process.poll() is None, self.log_tail()
        return self.process

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stops the daemon; its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # writes where each thread is
            self.process.wait()
            raise AssertionError(f"did not stop within {DEADLINE:g} s; log:\n{self.log_tail()}") from None

    def cli(self, *arguments: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(
            [*self.command, *arguments],
            capture_output=True,
            text=True,
            check=check,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )

    def drop(self, name: str, content: str | bytes = "The Supplier shall reach net zero by 2040.\n") -> Path:
        """Puts a file into the inbox as a careful program does: temporary name, rename."""
        target = self.inbox / name
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(".dropping.part")
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        temporary.rename(target)
        return target

    def status(self, name: str) -> dict[str, Any] | None:
        """The sidecar of a contract, None while there is none."""
        try:
            content: dict[str, Any] = json.loads((self.outbox / f"{name}.status.json").read_text("utf-8"))
        except FileNotFoundError:
            return None
        return content

    def finished(self, name: str, deadline: float = DEADLINE) -> dict[str, Any]:
        """Waits for a contract's terminal sidecar."""

        def terminal() -> dict[str, Any] | None:
            status = self.status(name)
            return status if status and status["status"] in ("completed", "failed") else None

        try:
            found: dict[str, Any] = wait_for(terminal, f"{name} finished", deadline)
        except AssertionError as error:
            raise AssertionError(f"{error}; sidecar {self.status(name)}; log:\n{self.log_tail()}") from None
        check_written(found, (self.outbox / name).parent)
        return found

    def events(self, event: str) -> list[dict[str, Any]]:
        """Log lines of one kind."""
        lines = self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []
        parsed = (json.loads(line) for line in lines if line.startswith("{"))
        return [line for line in parsed if line.get("event") == event]

    def log_tail(self) -> str:
        """The end of the log, for a failing test."""
        return self.log.read_text("utf-8", "replace")[-6000:] if self.log.exists() else ""

    def workers(self) -> list[int]:
        """Pids of the daemon's worker processes."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        pids = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            children += (task / "children").read_text().split()
        for pid in set(children):
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"spawn_main" in command:
                pids.append(int(pid))
        return sorted(pids)


@contextmanager
def site(root: Path, **options: Any) -> Iterator[Site]:
    """A site whose daemon is killed at the end, whatever happened."""
    found = Site(root, **options)
    try:
        yield found
    finally:
        if found.process is not None and found.process.poll() is None:
            found.process.kill()
            found.process.wait()
