"""Fixtures of the durability tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fakes.faulty_files import FAULTY_DAEMON, Faults
from harness import Site


@pytest.fixture
def faulty(make_site: Callable[..., Site], faults: Faults) -> Site:
    """A running daemon whose files fail as `faults` says."""
    site = make_site(program=FAULTY_DAEMON)
    site.start(**faults.environment)
    return site
