"""Repairs the gaps that can be repaired from the store."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tclp_daemon.admin.gaps import Gap
from tclp_daemon.admin.trees import is_there
from tclp_daemon.config import Config
from tclp_daemon.errors import ConfigError
from tclp_daemon.outbox.marker import OutboxUnavailable
from tclp_daemon.outbox.publisher import Publisher
from tclp_daemon.service.startup import StateLock
from tclp_daemon.store import Store
from tclp_daemon.system.files import open_folder

# How long a repair waits for a running daemon to publish.
_PATIENCE_SECONDS = 30.0


def repair(gaps: Sequence[Gap], store: Store, config: Config) -> int:
    """Repairs what the store can restore. A running daemon publishes it; without one, this does.

    Files that belong to nobody are deleted only while no daemon runs: a running one may have written them just now.

    Returns:
        How many gaps were repaired.
    """
    repaired = 0
    published = [gap for gap in gaps if gap.repair in ("republish", "overview")]
    with _no_daemon(config.state.path) as alone:
        for gap in gaps:
            match gap.repair:
                case "republish":
                    store.republish(gap.where)
                case "requeue":
                    repaired += store.requeue_task(gap.where)
                case "delete" if alone:
                    repaired += _delete(gap.where, config, store)
        if alone:
            _publish(config, store, overview=any(gap.repair == "overview" for gap in gaps))
        return repaired + _wait_for(published, store, config, seconds=0 if alone else _PATIENCE_SECONDS)


@contextlib.contextmanager
def _no_daemon(state: Path) -> Iterator[bool]:
    """Whether no daemon runs on the state directory; then none can start until the end of the block."""
    try:
        lock = StateLock(state)
    except ConfigError:
        yield False
        return
    with lock:
        yield True


def _delete(path: str, config: Config, store: Store) -> bool:
    """Deletes one of our files below its root. A directory that was meanwhile replaced by a symlink is not followed."""
    for root in (config.outbox.path, config.inbox.path, config.state.path):
        if Path(path).is_relative_to(root):
            directory, _, base = Path(path).relative_to(root).as_posix().rpartition("/")
            if root == config.state.path and store.wants_spool(base):
                return False  # its task was recorded meanwhile
            with contextlib.suppress(OSError), open_folder(root, directory) as parent:
                os.unlink(base, dir_fd=parent)
                return True
    return False


def _publish(config: Config, store: Store, *, overview: bool) -> None:
    """Publishes what is due, round by round for as long as a round helps."""
    publisher = Publisher(config, lambda: store, alive=lambda: None)
    due = -1
    with contextlib.suppress(OutboxUnavailable):
        publisher.adopt()
        if overview:
            publisher.publish(store, last=True)
        while (left := store.count_unpublished()) and left != due:
            due = left
            publisher.publish(store)


def _wait_for(gaps: Sequence[Gap], store: Store, config: Config, *, seconds: float) -> int:
    """Waits until what was asked for is in the outbox. Returns how many of the gaps are repaired by then."""
    deadline = time.monotonic() + seconds
    left = gaps
    while left := [gap for gap in left if not _is_published(gap, store, config)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    return len(gaps) - len(left)


def _is_published(gap: Gap, store: Store, config: Config) -> bool:
    if gap.repair == "overview":
        return is_there(config.outbox.path, gap.where)
    try:
        task = store.get_task(gap.where)
    except KeyError:
        return True  # forgotten meanwhile, which happens only to what is published
    return task.published >= task.revision
