"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from fakes.faulty_files import FAULTY_DAEMON, Faults
from harness import Site, site

# How long an example takes depends on what else the machine does.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that start a daemon, so that `make unit` can leave them out."""
    for item in items:
        if "make_site" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.daemon)


@pytest.fixture
def worker_count() -> int:
    """How many workers a site has that does not say it; a module about work side by side has two."""
    return 1


@pytest.fixture
def make_site(tmp_path: Path, worker_count: int) -> Iterator[Callable[..., Site]]:
    """Makes a site; its daemon, if any, is killed at the end of the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(site(tmp_path, **{"count": worker_count, **options}))


@pytest.fixture
def served(make_site: Callable[..., Site]) -> Any:
    """A running keyword daemon with nothing in its inbox."""
    found = make_site()
    found.start()
    return found


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
