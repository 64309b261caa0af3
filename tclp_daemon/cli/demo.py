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

from tclp_daemon.cli.app import Exit, app, fail
from tclp_daemon.formats import SUFFIXES

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SAMPLES = Path(__file__).parents[1] / "samples"
_START_SECONDS = 300.0
_CONTRACT_SECONDS = 300.0


@app.command()
def demo(
    folder: Annotated[Path | None, typer.Option("--dir", help="Work here [default: a new temporary folder].")] = None,
) -> None:
    """Start the daemon on a temporary inbox and outbox, drop the sample contracts, show what comes out."""
    root = folder.absolute() if folder else Path(tempfile.mkdtemp(prefix="tclp-demo-"))
    for name in ("inbox", "outbox", "state"):
        (root / name).mkdir(parents=True, exist_ok=True)
    config = root / "config.toml"
    sections = "\n".join(f"[{name}]\npath = {json.dumps(str(root / name))}" for name in ("inbox", "outbox", "state"))
    config.write_text(
        sections.replace("[outbox]", "settle_seconds = 0.5\npoll_seconds = 0.5\n[outbox]"), encoding="utf-8"
    )
    journal = root / "daemon.log"
    typer.echo(f"inbox  {root / 'inbox'}\noutbox {root / 'outbox'}\n")
    with journal.open("wb") as log:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "tclp_daemon", "--config", str(config), "run"], stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        rows = _drive(root, daemon, journal)
    finally:
        stopped = _stop(daemon)
    _table(rows, root)
    if stopped != 0:
        fail(f"The daemon stopped with exit code {stopped}.", f"Read {journal}", Exit.FAILURE)
    typer.echo("\nThe daemon was stopped by SIGTERM and exited with 0.")
    typer.echo(f"Dashboard: {root / 'outbox' / 'index.html'}")


def _drive(root: Path, daemon: subprocess.Popen[bytes], journal: Path) -> list[dict[str, Any]]:
    """Drops the samples one by one and follows their sidecars, which is all that a user's script would see."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        start = bars.add_task("starting the daemon, loading the model", total=None)
        _wait_ready(daemon, journal)
        bars.update(start, total=1, completed=1, description="the daemon is ready")
        rows = []
        for sample in sorted(p for p in SAMPLES.iterdir() if p.suffix in SUFFIXES):
            before = _task_id(root, sample.name)
            shutil.copyfile(sample, root / "inbox" / f".{sample.name}.part")
            (root / "inbox" / f".{sample.name}.part").rename(root / "inbox" / sample.name)
            bar = bars.add_task(sample.name, total=100)
            rows.append(_follow(root, sample.name, before, daemon, bars, bar))
    return rows


def _sidecar(root: Path, name: str) -> dict[str, Any] | None:
    try:
        status: dict[str, Any] = json.loads((root / "outbox" / f"{name}.status.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return status


def _task_id(root: Path, name: str) -> str | None:
    """Of an earlier demo in this folder."""
    status = _sidecar(root, name)
    return status["task_id"] if status else None


def _follow(
    root: Path, name: str, before: str | None, daemon: subprocess.Popen[bytes], bars: Progress, bar: TaskID
) -> dict[str, Any]:
    deadline = time.monotonic() + _CONTRACT_SECONDS
    while time.monotonic() < deadline and daemon.poll() is None:
        status = _sidecar(root, name)
        if status is None or status["task_id"] == before:
            time.sleep(0.05)
            continue
        bars.update(bar, completed=status["progress"], description=f"{name} [{status['stage']}]")
        if status["status"] in ("completed", "failed"):
            bars.update(bar, completed=100, description=f"{name} [{status['status']}]")
            return status
        time.sleep(0.05)
    raise TimeoutError(f"{name} did not finish; see {root / 'daemon.log'}")


def _wait_ready(daemon: subprocess.Popen[bytes], journal: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if '"event": "ready"' in journal.read_text(encoding="utf-8"):
            return
        if daemon.poll() is not None:
            fail(
                f"The daemon did not start (exit code {daemon.returncode}).", journal.read_text(encoding="utf-8")[-500:]
            )
        time.sleep(0.1)
    fail(f"The daemon was not ready within {_START_SECONDS:g} s.", f"Read {journal}")


def _stop(daemon: subprocess.Popen[bytes]) -> int:
    if daemon.poll() is None:
        daemon.send_signal(signal.SIGTERM)
    try:
        return daemon.wait(timeout=60)
    except subprocess.TimeoutExpired:
        daemon.kill()
        return daemon.wait()


def _table(rows: list[dict[str, Any]], root: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="What came out", title_justify="left")
    for head in ("file", "classification", "findings", "seconds", "report"):
        table.add_column(head, overflow="fold")
    for status in rows:
        name = status["file"]
        if status["status"] == "failed":
            table.add_row(name, f"failed: {status['error']}", "-", "-", "-")
            continue
        result = json.loads((root / "outbox" / f"{name}.result.json").read_text(encoding="utf-8"))
        seconds = f"{result['statistics']['analysis_time']:.2f}"
        report = os.path.relpath(root / "outbox" / status["result"]["report_file"], root)
        table.add_row(name, result["classification"], str(len(result["findings"])), seconds, report)
    Console().print(table)
