"""A clock that jumps while contracts are in work costs them nothing."""

from __future__ import annotations

import signal

from harness import Site, wait_for


def test_a_clock_set_forward_is_no_timeout(faulty: Site) -> None:
    # Each sentence takes two seconds, far less than a contract may.
    faulty.drop("nda.txt", "MISBEHAVE-SLOW. We reach net zero.\n\nMISBEHAVE-SLOW too.\n\nMISBEHAVE-SLOW still.\n")
    wait_for(lambda: (faulty.status("nda.txt") or {}).get("status") == "processing", "the contract is in work")
    assert faulty.process is not None
    faulty.process.send_signal(signal.SIGUSR2)
    sidecar = faulty.finished("nda.txt")
    assert sidecar["status"] == "completed"
    (told,) = faulty.events("contract")
    assert told["attempt"] == 1
