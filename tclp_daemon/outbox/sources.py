"""Where a contract's recorded bytes may still be: in the spool, in the inbox, in the outbox."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.outbox.originals import InboxAway, Originals
from tclp_daemon.spool import Spool
from tclp_daemon.system.copying import LOST, SourceBroken
from tclp_daemon.system.files import open_folder, open_regular
from tclp_daemon.task import Placement, Task

_LOST_IN_SHARE = (*LOST, errno.EACCES, errno.EPERM)


class Sources:
    """Opens a contract's bytes for reading, wherever they are.

    Each of `spooled`, `original` and `kept` yields a descriptor, and raises `SourceBroken` if that place has lost the
    bytes, `InboxAway` if the inbox cannot be asked, or an OSError that may pass.

    Args:
        folder: the outbox.
        originals: the inbox.
        spool: the daemon's own copies.
    """

    def __init__(self, folder: OutboxFolder, originals: Originals, spool: Spool) -> None:
        self._folder = folder
        self._originals = originals
        self._spool = spool

    @contextmanager
    def spooled(self, task: Task) -> Iterator[int]:
        """The daemon's own copy."""
        # Not being allowed to read it is a fault of this machine, and not a loss.
        with _source(self._spool.open(task.task_id), LOST) as fd:
            yield fd

    @contextmanager
    def original(self, task: Task) -> Iterator[int]:
        """The file in the inbox."""
        parent, _, name = task.source.rpartition("/")
        with _source(_opened(self._originals.folder(parent), name), _LOST_IN_SHARE) as fd:
            yield fd

    @contextmanager
    def kept(self, task: Task) -> Iterator[int]:
        """The file in the outbox, which is only read.

        Raises:
            OutboxUnavailable: the outbox is away.
        """
        parent, _, base = task.outbox_name.rpartition("/")
        with (
            self._folder.marker.opened(mend=False) as root,
            _source(_opened(open_folder(root, parent), base), _LOST_IN_SHARE) as fd,
        ):
            yield fd

    def restore(self, task: Task, alive: Callable[[], None], *, from_outbox: bool) -> bool:
        """Brings the contract's bytes back into the spool; False if nobody has the recorded ones any more.

        In the dispatcher's thread, so it has its own `alive`, and the outbox is only read.

        Args:
            task: whose contract.
            alive: called with each chunk.
            from_outbox: whether it may be there already.

        Raises:
            OutboxUnavailable, InboxAway: that place cannot be asked now, and no other has them.
            OSError: the spool cannot take them.
        """
        if task.sha256 is None:
            return False
        away: InboxAway | None = None
        if task.placed is not Placement.MOVED:
            try:
                return self._restore_from(self.original(task), task, task.sha256, alive)
            except SourceBroken:
                pass
            except InboxAway as error:
                away = error
        if from_outbox:
            try:
                return self._restore_from(self.kept(task), task, task.sha256, alive)
            except SourceBroken:
                pass
        if away is not None:
            raise away
        return False

    def _restore_from(
        self, source: AbstractContextManager[int], task: Task, sha256: str, alive: Callable[[], None]
    ) -> bool:
        with source as fd:
            self._spool.restore(task.task_id, fd, sha256, alive)
        return True


@contextmanager
def _opened(folder: AbstractContextManager[int], name: str) -> Iterator[int]:
    with folder as parent:
        fd = open_regular(name, parent)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _source(opening: AbstractContextManager[int], lost: tuple[int, ...]) -> Iterator[int]:
    """Tells a file that is lost from one that cannot be opened for now.

    Raises:
        SourceBroken: it is lost.
        InboxAway: the inbox cannot be opened.
        OSError: it cannot be opened for a reason that may pass.
    """
    with ExitStack() as stack:
        try:
            fd = stack.enter_context(opening)
        except InboxAway:
            raise
        except OSError as error:
            if error.errno in lost:
                raise SourceBroken from error
            raise
        yield fd
