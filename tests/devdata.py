"""Where the measuring data lies that is never part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def dev_data() -> Path:
    """The dev-data folder; skips the calling test where there is none."""
    folder = Path(os.environ.get("TCLP_DEV_DATA", Path(__file__).parents[2] / "shared" / "dev-data"))
    if not folder.is_dir():
        pytest.skip(f"no measuring data at {folder} (set TCLP_DEV_DATA)")
    return folder
