"""Broken and hostile files end in a document or in an error with a code, in time, in memory, and alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from extract import hostile

from devdata import dev_data
from tclp_daemon.errors import ErrorCode

ROOT = Path(__file__).parents[2]
CODES = {"read", *(code.value for code in ErrorCode)}


def read_in_child(files: list[tuple[str, Path]], patience: float = 30) -> dict[str, str]:
    """Path -> how reading it ended, within this many seconds of processor time each.

    A file that ends the process is named, and the next process goes on after it.
    """
    outcomes: dict[str, str] = {}
    left = list(files)
    while left:
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("child.py")), str(patience)],
            input="\n".join(f"{suffix}\t{path}" for suffix, path in left),
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        begun = None
        for line in done.stdout.splitlines():
            entry = json.loads(line)
            if "begun" in entry:
                begun = entry["begun"]
            else:
                outcomes[entry["path"]] = entry["outcome"]
        if begun is not None and begun not in outcomes:
            outcomes[begun] = f"KILLED by signal or exit {done.returncode}: {done.stderr[-300:]}"
        before = len(left)
        left = [(suffix, path) for suffix, path in left if str(path) not in outcomes]
        assert len(left) < before, done.stderr
    return outcomes


HOSTILE = [
    pytest.param(make, suffix, outcome, id=f"{make.__name__}{suffix}")
    for suffix, files in ((".pdf", hostile.PDFS), (".txt", hostile.TEXTS), (".md", hostile.MARKDOWN))
    for make, outcome in files.items()
]


@pytest.mark.parametrize(("make", "suffix", "outcome"), HOSTILE)
def test_a_hostile_file_ends_as_it_always_did(
    make: Callable[[], bytes], suffix: str, outcome: str, tmp_path: Path
) -> None:
    path = tmp_path / f"hostile{suffix}"
    path.write_bytes(make())
    assert read_in_child([(suffix, path)]) == {str(path): outcome}


def test_every_malformed_file_ends_with_a_code() -> None:
    folder = dev_data() / "malformed"
    files = [(path.suffix.lower(), path) for path in sorted(folder.rglob("*")) if path.is_file()]
    outcomes = read_in_child(files)
    # A reader that is surprised by its parser says "corrupt from ..."; ours for PDF and text know all the ways.
    ours = (".pdf", ".txt", ".md")
    wrong = {
        path: outcome
        for path, outcome in outcomes.items()
        if (outcome if path.lower().endswith(ours) else outcome.split(" from ")[0]) not in CODES
    }
    assert not wrong
    assert len(outcomes) == len(files) > 400
