"""Fixtures of the durability tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.faulty_files import FAULTY_DAEMON, Faults
from harness import Site


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    """The faults of a faulty daemon; none at first."""
    return Faults(tmp_path / "faults.json")


@pytest.fixture
def faulty(make_site: Callable[..., Site], faults: Faults) -> Site:
    """A running daemon whose files fail as `faults` says."""
    site = make_site(program=FAULTY_DAEMON)
    site.start(**faults.environment)
    return site
