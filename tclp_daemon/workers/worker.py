"""The daemon's end of one worker process: its pipe, its life and its use of the machine."""

from __future__ import annotations

import multiprocessing
import threading
from contextlib import suppress
from multiprocessing import connection
from typing import Any

from tclp_daemon.config import Config
from tclp_daemon.workers import process
from tclp_daemon.workers.usage import peak_resident, processor_seconds

_SPAWN = multiprocessing.get_context("spawn")
# Starting a process reaps the dead children of every thread (multiprocessing.process._cleanup), and of two threads that
# reap the same child only one gets its exit code.
_PROCESSES = threading.Lock()
_DEATH_SECONDS = 5.0


class WorkerDied(Exception):
    """The process is gone, or its message makes no sense.

    Args:
        exitcode: negative for a signal; None if it is not known.
        garbled: the process lives, but its version is not the daemon's.
    """

    def __init__(self, exitcode: int | None, *, garbled: bool = False) -> None:
        super().__init__("it speaks another version" if garbled else f"exit code {exitcode}")
        self.exitcode, self.garbled = exitcode, garbled


class Worker:
    """A worker process, from its start to its end.

    Args:
        config: the complete configuration.

    Raises:
        OSError: the process cannot be started.
    """

    def __init__(self, config: Config) -> None:
        self._channel, theirs = _SPAWN.Pipe()
        # A daemonic process does not outlive an interpreter that ends without a shutdown.
        self._process = _SPAWN.Process(target=process.serve, args=(config, theirs), name="tclp-worker", daemon=True)
        try:
            with _PROCESSES:
                self._process.start()
        except BaseException:
            self._channel.close()
            raise
        finally:
            theirs.close()
        self._base = self._peak = 0

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid or 0

    def send(self, message: Any) -> None:
        """Sends a request.

        Raises:
            WorkerDied: the process is gone.
        """
        try:
            self._channel.send(message)
        except OSError:
            raise WorkerDied(self._exitcode()) from None

    def receive(self, timeout: float | None, wake: connection.Connection) -> Any:
        """The next message; None if there was none within `timeout` seconds or `wake` has something to read.

        Raises:
            WorkerDied: there will be no message.
        """
        ready = connection.wait([self._channel, self._process.sentinel, wake], timeout)
        if self._channel in ready or (self._process.sentinel in ready and self._channel.poll()):
            try:
                return self._channel.recv()
            except (EOFError, OSError):
                raise WorkerDied(self._exitcode()) from None
            except Exception as error:
                # An upgrade replaced the classes between the worker's start and ours.
                raise WorkerDied(None, garbled=not isinstance(error, MemoryError)) from None
        if self._process.sentinel in ready:
            raise WorkerDied(self._exitcode())
        return None

    def has_said_more(self) -> bool:
        """Whether `receive` would return or raise at once."""
        return self._channel.poll()

    def settle(self) -> None:
        """From here on `grown` counts."""
        self._base = self._peak = peak_resident(self.pid)

    def grown(self) -> int:
        """The most bytes of physical memory that it was seen to hold, beyond those after loading."""
        self._peak = max(self._peak, peak_resident(self.pid))
        return self._peak - self._base

    def processor_seconds(self) -> float:
        """Its processor time."""
        return processor_seconds(self.pid)

    def kill(self) -> None:
        """Ends the process from any thread; `close` has to follow."""
        with suppress(ValueError, AttributeError):  # it is closed already, or just being closed
            self._process.kill()

    def close(self) -> None:
        """Ends the process if it still runs, and frees what belongs to it."""
        self._process.kill()
        self._exitcode()
        self._channel.close()
        # If it hangs in the kernel, it is reaped when another worker starts.
        if self._process.exitcode is not None:
            self._process.close()

    def _exitcode(self) -> int | None:
        connection.wait([self._process.sentinel], _DEATH_SECONDS)
        with _PROCESSES:
            self._process.join(timeout=1)  # from the end of its files to the end of the process
            return self._process.exitcode
