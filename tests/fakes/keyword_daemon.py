"""The real daemon with a keyword classifier instead of torch: it starts in half a second, so kill tests can be many.

Run as a script with the command line's arguments. Workers are spawned, so they import this file too and get the same
classifier. Words in a contract make its worker misbehave on purpose:

    MISBEHAVE-CRASH    the worker kills itself with SIGKILL
    MISBEHAVE-CRASH-ONCE:/path   the same, but only while /path does not exist; creates it
    MISBEHAVE-EXIT     the worker exits with code 0
    MISBEHAVE-HANG     the worker sleeps for an hour
    MISBEHAVE-SLOW     the worker sleeps for 2 seconds
    MISBEHAVE-WAIT-FOR:/path     the worker waits until /path exists
    MISBEHAVE-MEMORY   the worker allocates without end
    MISBEHAVE-RAISE    a RuntimeError that quotes the contract
    MISBEHAVE-IO-ONCE:/path   OSError(EIO), once
    MISBEHAVE-MEMORY-ONCE:/path   allocates without end, once
    MISBEHAVE-PRIMITIVE-ONCE:/path   what torch raises where oneDNN gets no memory, once
    MISBEHAVE-BUSY     the worker computes for 3 seconds
    MISBEHAVE-HOARD    the worker keeps 400 MB until it ends
    MISBEHAVE-ABORT    the worker aborts, as a C++ allocator without memory does

These do it in the reader, before the contract is split into sentences:

    READING-SPIN       Python code that computes without end and catches every Exception
    READING-SPIN-C     a loop in C that never lets Python code run
    READING-HANG       the reader sleeps for an hour
    READING-IMPORT-ONCE:/path   a module that is not there, once
    READING-BUG        a NameError

And in the environment:

    TCLP_LOADING=/path      the model loads for as long as /path exists
    TCLP_MISSING=/path      a module of a reader cannot be imported while /path exists
    TCLP_NO_LIMIT=1         the memory limit cannot be set
"""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.thresholds import Thresholds
from tclp_daemon.config import Model
from tclp_daemon.document import Document


class KeywordClassifier(Classifier):
    """Climate words score 0.99, all else 0.01."""

    def __init__(self) -> None:
        self.name = "keyword"
        self.fingerprint = "keyword-1"
        self.precision = "float32"
        self.thresholds = Thresholds.of(0.5)

    @classmethod
    def load(cls, settings: Model, *, threads: int | None = None) -> Classifier:
        while Path(os.environ.get("TCLP_LOADING", "/nonexistent")).exists():
            time.sleep(0.02)
        return cls()

    def use_threads(self, count: int) -> None:
        pass

    def probabilities(
        self, texts: Sequence[str], on_progress: Callable[[int, int], None] = lambda done, total: None
    ) -> list[float]:
        scores = []
        for index, text in enumerate(texts):
            _misbehave(text)
            scores.append(0.99 if re.search(r"net zero|emissions|renewable", text, re.I) else 0.01)
            on_progress(index + 1, len(texts))
        return scores

    def topics(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        return [("emissions",) for _ in texts]


_HOARD: list[bytes] = []


def _misread(data: bytes) -> None:
    word = re.search(rb"READING-([A-Z-]+)(?::(\S+))?", data)
    if not word:
        return
    if word[2] is not None:
        if os.path.exists(word[2]):
            return
        Path(os.fsdecode(word[2])).touch()
    match word[1]:
        case b"SPIN":
            while True:
                with suppress(Exception):
                    int("no number")
        case b"SPIN-C":
            sum(range(10**18))
        case b"HANG":
            time.sleep(3600)
        case b"IMPORT-ONCE":
            import a_part_that_is_being_replaced  # noqa: F401
        case b"BUG":
            undefined_name  # noqa: B018, F821


class _Missing:
    """Finds that a module which a reader needs is not there, for as long as a file exists."""

    def __init__(self, flag: str) -> None:
        self._flag = flag

    def find_spec(self, name: str, *_: Any) -> None:
        if name == "tclp_daemon.extract.word.rtf" and Path(self._flag).exists():
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _refuse(*_: Any) -> None:
    raise ValueError("not allowed to raise maximum limit")


def misreading(read: Callable[..., Document]) -> Callable[..., Document]:
    """The reader of plain text, which then misbehaves at a READING-… word."""

    def read_or_misbehave(data: bytes, *more: Any) -> Document:
        _misread(data)
        return read(data, *more)

    return read_or_misbehave


def _misbehave(text: str) -> None:
    word = re.search(r"MISBEHAVE-([A-Z-]+)(?::(\S+))?", text)
    if not word:
        return
    kind, path = word[1], word[2]
    if kind == "WAIT-FOR":
        while not Path(path).exists():
            time.sleep(0.02)
        return
    if path is not None:
        if Path(path).exists():
            return
        Path(path).touch()
    match kind:
        case "CRASH" | "CRASH-ONCE":
            os.kill(os.getpid(), signal.SIGKILL)
        case "EXIT":
            os._exit(0)
        case "HANG":
            time.sleep(3600)
        case "SLOW":
            time.sleep(2)
        case "HOARD":
            _HOARD.append(b"x" * 400_000_000)
        case "BUSY":
            end = time.process_time() + 3
            while time.process_time() < end:
                pass
        case "ABORT":
            os.abort()
        case "PRIMITIVE-ONCE":
            raise RuntimeError("could not create a primitive")
        case "MEMORY" | "MEMORY-ONCE":
            hoard = []
            while True:
                hoard.append(bytearray(50_000_000))
        case "RAISE":
            raise RuntimeError("the contract says: " + text)
        case "IO-ONCE":
            raise OSError(errno.EIO, os.strerror(errno.EIO))


def install() -> None:
    """Puts the keyword classifier in the place of the real one, in this process."""
    Classifier.load = KeywordClassifier.load  # type: ignore[method-assign]
    if "TCLP_MISSING" in os.environ:
        sys.meta_path.insert(0, _Missing(os.environ["TCLP_MISSING"]))  # type: ignore[arg-type]
    if "TCLP_NO_LIMIT" in os.environ:
        resource.setrlimit = _refuse  # type: ignore[assignment]
    if __name__ == "__mp_main__":
        from tclp_daemon.extract.text import files

        files.read_text = misreading(files.read_text)


# As the script, and in the workers, which import it under another name; a test that imports it is left alone.
if __name__ in ("__main__", "__mp_main__"):
    install()

if __name__ == "__main__":
    from tclp_daemon.cli.app import main

    main()
