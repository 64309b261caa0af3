"""Power loss: rows, bytes and names reach the disk in the order that scripts/trace_writes.py states."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "trace_writes.py"


@pytest.mark.daemon
def test_the_order_of_writes() -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is missing: make trace")
    probe = subprocess.run(["strace", "-f", "--seccomp-bpf", "true"], capture_output=True, text=True)
    if probe.returncode:
        pytest.skip(f"processes may not be traced here: {probe.stderr.strip().splitlines()[-1]}")
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The order is right." in done.stdout
