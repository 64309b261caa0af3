"""Thousands dropped at once: nobody else waits behind them, and the daemon is heard of all the while."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from harness import Site, wait_for
from tclp_daemon.inbox.heartbeat import HEARTBEAT

GOOD = "The Supplier shall reach net zero by 2040.\n"
MANY = 5000


def pour(site: Site, count: int, folder: str = "burst") -> None:
    """This many small files, there from one moment to the next."""
    poured = site.root / "poured"
    poured.mkdir()
    for number in range(count):
        (poured / f"{number:05}.txt").write_text(f"{GOOD}{number}\n")
    poured.rename(site.inbox / folder)


def accepted(site: Site) -> list[str]:
    return [line["file"].strip("'") for line in site.events("accepted")]


def test_a_single_drop_does_not_wait_behind_thousands(make_site: Callable[..., Site]) -> None:
    site = make_site(inbox="settle_seconds = 0.3\npoll_seconds = 0.3\n")
    site.start()
    pour(site, MANY)
    wait_for(lambda: len(site.events("accepted")) > 100, "the first are accepted")
    for name in ("burst/99999.txt", "mine/single.txt", "single.txt"):
        before = len(site.events("accepted"))
        site.drop(name, GOOD)
        wait_for(lambda name=name: name in accepted(site), f"{name} is accepted")
        assert accepted(site).index(name) - before < 500, "of thousands that came before it"
    assert len(site.events("accepted")) < MANY, "most of them wait yet"
    assert accepted(site).count("single.txt") == 1


def test_a_burst_leaves_the_heartbeat_fresh(make_site: Callable[..., Site]) -> None:
    """Each look and slice renews it when it is due: a claim that grows old is another daemon's for the taking."""
    site = make_site(inbox="settle_seconds = 0.3\npoll_seconds = 0.3\n")
    site.start()
    pour(site, MANY)
    heartbeat = site.inbox / HEARTBEAT
    os.utime(heartbeat, (0, 0))
    wait_for(lambda: heartbeat.stat().st_mtime > 0, "it is renewed")
    accepted_then = len(site.events("accepted"))
    assert accepted_then < MANY, "in the middle of the burst"
    assert json.loads(heartbeat.read_text())["pid"] == (site.process.pid if site.process else 0)
