"""The dispatcher's pace, against an executor that cannot take anything."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from pathlib import Path

from harness import wait_for
from tclp_daemon.config import parse_config
from tclp_daemon.dispatcher import Dispatcher
from tclp_daemon.pipeline import Outcome
from tclp_daemon.store import Store
from tclp_daemon.task import FileIdentity, Job, Status
from tclp_daemon.workers.serial import SerialExecutor

IDENTITY = dict.fromkeys(("model_fingerprint", "precision", "version"), "1") | {"threshold": "1", "lone_threshold": "1"}


class _Away(SerialExecutor):
    """All workers wait for the model to come back."""

    def available(self) -> bool:
        return False

    def submit(self, job: Job) -> Future[Outcome]:
        raise AssertionError("nobody could take it")


def test_contracts_that_wait_for_the_model_keep_no_core_busy(tmp_path: Path) -> None:
    config = parse_config({name: {"path": str(tmp_path / name)} for name in ("inbox", "outbox", "state")})
    config.state.path.mkdir()
    store = Store(config.state.path)
    task = store.create_task("nda.txt", size=1, sha256="0" * 64, identity=FileIdentity(1, 1, 1))
    rounds: list[float] = []
    dispatcher = Dispatcher(
        config,
        lambda: Store(config.state.path),
        _Away(config),
        IDENTITY,
        changed=lambda: None,
        alive=lambda: rounds.append(time.monotonic()),
        restore_spool=lambda task, alive: True,
    )
    thread = threading.Thread(target=dispatcher.run)
    thread.start()
    try:
        wait_for(lambda: len(rounds) > 20, "some rounds")
        # A slow machine only makes this longer.
        assert rounds[20] - rounds[0] > 1.5
    finally:
        dispatcher.drain(0)
        thread.join()
    assert store.get_task(task.task_id).status is Status.PENDING
    store.close()
