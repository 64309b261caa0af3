"""The short versions of `make soak`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.soak
@pytest.mark.parametrize(
    "options",
    [
        ("--model", "keyword", "--contracts", "300", "--minutes", "1.5"),
        ("--model", "embedded", "--precision", "auto", "--contracts", "150", "--minutes", "2"),
    ],
    ids=["machinery", "real model"],
)
def test_minutes_of_kills_faults_and_writers(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", *options, "--seed", "20261128", "--folder", str(tmp_path)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
