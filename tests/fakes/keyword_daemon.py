"""The real daemon with a keyword classifier instead of torch: starts in half a second, so that kill tests can be many.

Run as a script with the command line's arguments. Workers are spawned, so they import this file too and get the same
classifier. Words in a contract make its worker misbehave on purpose:

    MISBEHAVE-CRASH    the worker kills itself with SIGKILL
    MISBEHAVE-CRASH-ONCE:/path   the same, but only while /path does not exist; creates it
    MISBEHAVE-EXIT     the worker exits with code 0
    MISBEHAVE-HANG     the worker sleeps for ever
    MISBEHAVE-SLOW     the worker sleeps for 2 seconds
    MISBEHAVE-WAIT-FOR:/path     the worker waits until /path exists
    MISBEHAVE-MEMORY   the worker allocates without end
    MISBEHAVE-RAISE    an exception that is not one of ours
    MISBEHAVE-IO-ONCE:/path   OSError(EIO), once
"""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.config import Model


class KeywordClassifier(Classifier):
    """Climate words score 0.99, all else 0.01."""

    def __init__(self) -> None:
        self.name = "keyword"
        self.fingerprint = "keyword-1"
        self.precision = "float32"
        self.threshold = self.lone_threshold = 0.5

    @classmethod
    def load(cls, settings: Model, *, threads: int | None = None) -> Classifier:
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
        case "MEMORY":
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


# As the script, and in the workers, which import it under another name; a test that imports it is left alone.
if __name__ in ("__main__", "__mp_main__"):
    install()

if __name__ == "__main__":
    from tclp_daemon.cli import main

    main()
