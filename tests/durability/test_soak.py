"""The two-minute version of `make soak`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.soak
def test_two_minutes_of_kills_faults_and_writers(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", "--contracts", "300", "--minutes", "1.5", "--folder", str(tmp_path)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
