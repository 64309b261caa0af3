"""`tclp-daemon demo`: the real daemon on the sample contracts, as a user would see it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tclp_daemon.cli.base import fail
from tclp_daemon.cli.words import found_in
from tclp_daemon.formats import SUFFIXES

if TYPE_CHECKING:
    from rich.progress import Progress

SAMPLES = Path(__file__).parents[1] / "samples"
_START_SECONDS = 300.0
_CONTRACT_SECONDS = 300.0
_STOP_SECONDS = 60.0
_POLL_SECONDS = 0.05


def demo(
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Use this directory [default: a new temporary one].")
    ] = None,
) -> None:
    """Run the daemon on the sample contracts and show the results.

    Example: tclp-daemon demo --dir demo
    """
    root = directory.absolute() if directory else Path(tempfile.mkdtemp(prefix="tclp-demo-"))
    daemon = _Daemon(root)
    typer.echo(f"inbox  {daemon.inbox}\noutbox {daemon.outbox}\n")
    daemon.start()
    try:
        finished = _analyse_samples(daemon)
    finally:
        code = daemon.stop()
    _print_table(finished, daemon.outbox)
    if code != 0:
        fail(f"The daemon stopped with exit code {code}.", f"Read {daemon.log}")
    typer.echo("\nThe daemon was stopped by SIGTERM and exited with 0.")
    typer.echo(f"Dashboard: {daemon.outbox / 'index.html'}")


class _Daemon:
    """A daemon in a process of its own, with all its directories under `root`.

    Args:
        root: is created if it does not exist. May hold an earlier demo.
    """

    def __init__(self, root: Path) -> None:
        self.inbox, self.outbox, state = (root / name for name in ("inbox", "outbox", "state"))
        for directory in (self.inbox, self.outbox, state):
            directory.mkdir(parents=True, exist_ok=True)
        self.log = root / "daemon.log"
        self._config = root / "config.toml"
        self._config.write_text(
            f"[inbox]\npath = {json.dumps(str(self.inbox))}\nsettle_seconds = 0.5\npoll_seconds = 0.5\n"
            f"[outbox]\npath = {json.dumps(str(self.outbox))}\n[state]\npath = {json.dumps(str(state))}\n",
            encoding="utf-8",
        )

    def start(self) -> None:
        """Starts the process; it is not ready yet."""
        command = [sys.executable, "-m", "tclp_daemon", "--config", str(self._config), "run"]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL)

    def wait_until_ready(self) -> None:
        """Fails if the daemon ends, or takes too long."""
        deadline = time.monotonic() + _START_SECONDS
        while '"event": "ready"' not in self.log.read_text(encoding="utf-8"):
            if self._process.poll() is not None:
                end = self.log.read_text(encoding="utf-8")[-500:]
                fail(
                    f"The daemon ended with exit code {self._process.returncode}.",
                    f"Read {self.log}, which ends:\n{end}",
                )
            if time.monotonic() > deadline:
                fail(f"The daemon was not ready within {_START_SECONDS:g} s.", f"Read {self.log}")
            time.sleep(_POLL_SECONDS)

    def drop(self, sample: Path) -> None:
        """Puts a copy into the inbox as a careful program does: under a temporary name, then renamed."""
        part = self.inbox / f".{sample.name}.part"
        shutil.copyfile(sample, part)
        part.rename(self.inbox / sample.name)

    def sidecar(self, name: str) -> dict[str, Any] | None:
        """The status sidecar of a contract; None while there is none."""
        try:
            status: dict[str, Any] = json.loads((self.outbox / f"{name}.status.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return status

    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def stop(self) -> int:
        """Stops the daemon as a service manager does; its exit code."""
        if self.is_running():
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _analyse_samples(daemon: _Daemon) -> list[dict[str, Any]]:
    """Drops the samples one by one and follows their sidecars, which is all that a user's script would see.

    Returns:
        The last sidecar of each.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    description = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(), description, BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        start = bars.add_task("starting the daemon, loading the model", total=None)
        daemon.wait_until_ready()
        bars.update(start, total=1, completed=1, description="the daemon is ready")
        rows = []
        for sample in sorted(p for p in SAMPLES.iterdir() if p.suffix in SUFFIXES):
            rows.append(_analyse(daemon, sample, bars))
    return rows


def _analyse(daemon: _Daemon, sample: Path, bars: Progress) -> dict[str, Any]:
    earlier = daemon.sidecar(sample.name)  # of an earlier demo in this directory
    daemon.drop(sample)
    bar = bars.add_task(sample.name, total=100)
    deadline = time.monotonic() + _CONTRACT_SECONDS
    while time.monotonic() < deadline and daemon.is_running():
        status = daemon.sidecar(sample.name)
        if status is not None and (earlier is None or status["task_id"] != earlier["task_id"]):
            is_finished = status["status"] in ("completed", "failed")
            state = status["status"] if is_finished else status["stage"]
            completed = 100 if is_finished else status["progress"]
            bars.update(bar, completed=completed, description=f"{sample.name} [{state}]")
            if is_finished:
                return status
        time.sleep(_POLL_SECONDS)
    fail(f"The analysis of {sample.name} did not finish.", f"Read {daemon.log}")


def _print_table(finished: list[dict[str, Any]], outbox: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Results", title_justify="left")
    for head in ("file", "verdict", "findings", "seconds", "report"):
        table.add_column(head, overflow="fold")
    for status in finished:
        name = status["file"]
        if status["status"] == "failed":
            table.add_row(name, f"failed: {status['error']}", "-", "-", "-")
            continue
        result = json.loads((outbox / f"{name}.result.json").read_text(encoding="utf-8"))
        seconds = f"{result['statistics']['analysis_time']:.2f}"
        report = os.path.relpath(outbox / status["result"]["report_file"], outbox.parent)
        verdict = f"{result['classification']} {result['coverage']['words']}".rstrip()
        table.add_row(name, verdict, found_in(result), seconds, report)
    Console().print(table)
