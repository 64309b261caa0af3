"""A store, an outbox and the pages of contents between them; only the clock is the test's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from report.bigdoc import big_document

from tclp_daemon.outbox import overview as module
from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.outbox.marker import OutboxMarker
from tclp_daemon.outbox.overview import Overview
from tclp_daemon.store import Store
from tclp_daemon.task import FileIdentity, Task

RESULT = big_document(4)[1].model_dump(mode="json")


@dataclass
class Place:
    """A store, an outbox, the overview between them, and its clock."""

    store: Store
    outbox: Path
    overview: Overview
    writes: list[str]
    now: list[float]
    folder: OutboxFolder

    def start_again(self) -> None:
        """What a new process knows."""
        self.overview = Overview(self.folder, clock=lambda: self.now[0])

    def create(self, name: str = "acme/nda.pdf", **more: Any) -> Task:
        number = len(self.store.list_tasks())
        identity = FileIdentity(3, number, number)
        return self.store.create_task(name, size=3, sha256="a" * 64, identity=identity, **more)

    def complete(self, **changes: Any) -> Task:
        task = self.store.claim_task()
        assert task
        assert self.store.complete_task(task.task_id, task.attempt, RESULT | changes, "<p>")
        return self.store.get_task(task.task_id)

    def refresh(self, *, changed: bool = True, later: float = 30.0) -> list[str]:
        """What was written, this much later."""
        self.now[0] += later
        self.writes.clear()
        self.overview.refresh(self.store, changed)
        return list(self.writes)

    def page(self, name: str = "index.html") -> str:
        return (self.outbox / name).read_text("utf-8")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    for name in ("inbox", "outbox", "state"):
        (tmp_path / name).mkdir()
    writes: list[str] = []

    class Folder(OutboxFolder):
        def write(self, name: str, data: bytes, *, durable: bool = True) -> None:
            writes.append(name.removeprefix(".tclp-").removesuffix(".part"))
            super().write(name, data, durable=durable)

    folder = Folder(OutboxMarker(tmp_path / "outbox", tmp_path / "state"), mode=0o640)
    now = [1000.0]
    return Place(
        Store(tmp_path / "state"), tmp_path / "outbox", Overview(folder, clock=lambda: now[0]), writes, now, folder
    )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 3)
