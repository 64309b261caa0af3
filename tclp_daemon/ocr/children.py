"""Work for which a hostile contract may take any time or memory, in children that are forked from this process.

A child that hangs or crashes costs one page, not the contract. It is forked and not started as a program: it needs the
contract that is here already, and the worker may be forbidden to start programs. It dies with its parent, keeps the
parent's limit on memory, and has its own on processor time. The parent believes nothing from it but bytes, which it
parses. See docs/decisions/0018.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from multiprocessing import connection

_PR_SET_PDEATHSIG = 1
_PATIENCE = 6  # times as long by the clock, on a busy machine
_LONGEST_ANSWER = 20_000_000  # bytes; the words of a page have some thousands
_GRACE_SECONDS = 2.0  # from the end of a child's pipe to its own
_LOOK_SECONDS = 0.005

Task = Callable[[int], bytes]


class Lost(Enum):
    """Why there is no answer."""

    LATE = "it took too long"
    FAILED = "it failed or crashed"


def in_children(
    prepare: Callable[[], Task],
    numbers: Sequence[int],
    seconds: float,
    lock: AbstractContextManager[object] | None = None,
) -> Iterator[tuple[int, bytes | Lost]]:
    """Does the same for each number, in order, in as few children as possible.

    Args:
        prepare: called once in each child; returns what is called with a number and answers with bytes.
        numbers: of pages.
        seconds: processor time for one number, and for `prepare`.
        lock: held while forking, so that no other thread is in the middle of what it guards.

    Yields:
        A number and its answer, or why there is none.

    Raises:
        OSError: no process can be started.
    """
    left = list(numbers)
    while left:
        with _Child(prepare, left, seconds, lock or nullcontext()) as child:
            while left:
                answer = child.answer(_PATIENCE * seconds)
                yield left.pop(0), answer
                if isinstance(answer, Lost):
                    break


class _Child:
    """A forked process that answers one number after the other; the `with` block ends it."""

    def __init__(
        self, prepare: Callable[[], Task], numbers: Sequence[int], seconds: float, lock: AbstractContextManager[object]
    ) -> None:
        self._theirs, ours = connection.Pipe(duplex=False)
        parent = os.getpid()
        try:
            with lock, warnings.catch_warnings():
                # Python warns where there are other threads, whose locks a child may find held for ever. It is killed
                # then like any child that hangs.
                warnings.simplefilter("ignore", DeprecationWarning)
                self._pid = os.fork()
        except BaseException:
            self._theirs.close()
            ours.close()
            raise
        if self._pid == 0:
            _live(prepare, numbers, seconds, ours, parent)
        self._exit: int | None = None
        ours.close()

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *exception: object) -> None:
        self._theirs.close()
        self._end()

    def answer(self, patience: float) -> bytes | Lost:
        """The next answer; after one that is lost there is no other."""
        try:
            if not self._theirs.poll(patience):
                return Lost.LATE
            return self._theirs.recv_bytes(_LONGEST_ANSWER) or Lost.FAILED
        except (EOFError, OSError):
            return Lost.LATE if self._end(_GRACE_SECONDS) == -signal.SIGXCPU else Lost.FAILED

    def _end(self, grace: float = 0.0) -> int:
        """Ends the child, if it does not end by itself in that many seconds; its exit code."""
        until = time.monotonic() + grace
        while self._exit is None:
            try:
                pid, status = os.waitpid(self._pid, os.WNOHANG)
            except ChildProcessError:  # somebody in this program waits for any child
                pid, status = self._pid, 0
            if pid:
                self._exit = os.waitstatus_to_exitcode(status)
            elif time.monotonic() >= until:
                os.kill(self._pid, signal.SIGKILL)
                until += _GRACE_SECONDS
            else:
                time.sleep(_LOOK_SECONDS)
        return self._exit


def _live(
    prepare: Callable[[], Task], numbers: Sequence[int], seconds: float, answers: connection.Connection, parent: int
) -> None:
    """The child's life. Never returns: what the parent would do at its end is not the child's to do."""
    try:
        _settle_in(answers.fileno(), parent)
        _allow(seconds)
        task = prepare()
        for number in numbers:
            _allow(seconds)
            try:
                answer = task(number)
            except Exception:
                answer = b""
            answers.send_bytes(answer)
    finally:
        os._exit(0)


def _settle_in(kept: int, parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too
    for number in (signal.SIGTERM, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # nothing of the contract is left on the disk
    # Nothing of the parent's stays open: pipes would not end, and what a library says is nobody's business.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.closerange(3, kept)
    os.closerange(kept + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _allow(seconds: float) -> None:
    """Processor time from here on; the kernel ends the process when it is used up (setrlimit(2), RLIMIT_CPU)."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(time.process_time() + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
