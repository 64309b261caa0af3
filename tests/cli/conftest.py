"""Fixtures of the command line's tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """A contract of the user's own, alone in its folder."""
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "nda.txt"
    path.write_text("The Supplier shall reach net zero by 2040.\n")
    return path
