"""The service manager's side of sd_notify(3), on a real socket: ready when it is, alive while it is."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.faulty_files import FAULTY_DAEMON, Faults
from harness import Site, wait_for

GOOD = "The Supplier shall reach net zero by 2040.\n"


class Manager:
    """Listens as systemd does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.heard: list[str] = []

    def listen(self) -> list[str]:
        """Everything that was said so far."""
        while select.select([self.socket], [], [], 0)[0]:
            self.heard += self.socket.recv(4096).decode().splitlines()
        return self.heard

    def wait(self, word: str) -> None:
        wait_for(lambda: word in self.listen(), f"{word}; heard {self.heard}")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path / "notify")
    yield made
    made.socket.close()


def test_ready_after_model_and_first_look_then_pings_then_stopping(
    make_site: Callable[..., Site], manager: Manager, faults: Faults
) -> None:
    site = make_site(program=FAULTY_DAEMON)
    faults.set({"call": "scandir", "under": str(site.inbox), "fault": "HANG"})
    site.start(ready=False, NOTIFY_SOCKET=str(manager.path), WATCHDOG_USEC="300000", **faults.environment)
    manager.wait("STATUS=loading the model")
    manager.wait("WATCHDOG=1")  # every part runs, the first look at the inbox hangs
    assert "READY=1" not in manager.listen()
    faults.set()
    manager.wait("READY=1")
    manager.heard.clear()
    manager.wait("WATCHDOG=1")
    assert site.stop() == 0
    manager.wait("STOPPING=1")
    assert "READY=1" not in manager.heard, "said once"


def test_a_stuck_part_stops_the_ping_and_a_healed_one_starts_it_again(
    make_site: Callable[..., Site], manager: Manager, faults: Faults
) -> None:
    site = make_site(program=FAULTY_DAEMON)
    site.start(NOTIFY_SOCKET=str(manager.path), WATCHDOG_USEC="150000", TCLP_STUCK_SECONDS="12", **faults.environment)
    faults.set({"call": "scandir", "under": str(site.inbox), "fault": "HANG"})
    (stuck,) = wait_for(lambda: manager.listen() and site.events("stuck"), "the stuck part is noticed")
    assert stuck["parts"] == ["inbox"]
    manager.listen()
    manager.heard.clear()
    # A negative: a daemon that still pinged would do so every 50 ms.
    select.select([manager.socket], [], [], 1)
    assert "WATCHDOG=1" not in manager.listen()
    faults.set()
    manager.wait("WATCHDOG=1")
    site.drop("nda.txt", GOOD)
    assert site.finished("nda.txt")["status"] == "completed"
