"""Fixtures that every test may use."""

from __future__ import annotations

import compileall
import os
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


def pytest_configure(config: pytest.Config) -> None:
    """Compiles the package before all tests: where Python writes no bytecode, each of hundreds of daemons would."""
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(Path(__file__).parents[1] / "tclp_daemon", quiet=2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that start a daemon, so that `make unit` can leave them out; deals them to xdist's workers."""
    for item in items:
        if "make_site" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.daemon)
    if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
        items[:] = dealt(items, int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))


def dealt(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """An order in which no worker begins a long test when the others are done.

    `--dist worksteal` gives each worker an equal stretch of the list, and moves tests from the end of one stretch to
    whoever has none left. So each stretch begins with its share of the long tests; the others stay together by module,
    since modules have fixtures.
    """
    soaks, slow, rest = [], [], []
    for item in items:
        kind = soaks if item.get_closest_marker("soak") else slow if item.get_closest_marker("slow") else rest
        kind.append(item)
    long = soaks + slow
    order: list[pytest.Item] = []
    for worker in range(workers):
        order += long[worker::workers]
        room = max(0, len(items) * (worker + 1) // workers - len(order))
        order += rest[:room]
        del rest[:room]
    return order + rest


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
