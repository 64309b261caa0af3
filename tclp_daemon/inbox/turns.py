"""Whose turn is it? The order in which settled files are accepted while more wait than one slice of time can take."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from tclp_daemon.inbox.entry import Seen


def take_turns(settled: Iterable[Seen], since: Callable[[str], float]) -> Iterator[Seen]:
    """Orders settled files so that nobody waits behind thousands of somebody else's, and nothing waits for ever.

    Three rules take turns: the newest of all, the oldest of all, and the oldest of the next directory. A single drop
    after a burst is the newest once it has settled, so it is accepted in the first slice after that. If newer files
    keep arriving, every third turn still goes to the oldest, so every file has its turn; and a directory into which one
    person drops a single file gets turns however many arrive in the others.

    Args:
        settled: what can be accepted.
        since: when a file began to look as it does, by its name.
    """
    oldest_first = sorted(settled, key=lambda item: (since(item.source), item.source))
    newest_first = reversed(oldest_first)
    by_folder: dict[str, deque[Seen]] = {}
    for waits in oldest_first:
        by_folder.setdefault(waits.source.rpartition("/")[0], deque()).append(waits)
    by_source = {item.source: item for item in oldest_first}
    rules = (newest_first, iter(oldest_first), _around(by_folder))
    taken: set[str] = set()
    while len(taken) < len(oldest_first):
        for rule in rules:
            item = next((item for item in rule if item.source not in taken), None)
            # A directory that is named like a contract goes before what is in it, or its name would be taken.
            for source in _above(item.source) if item else ():
                if source in by_source and source not in taken:
                    taken.add(source)
                    yield by_source[source]


def _above(source: str) -> Iterator[str]:
    """The directories that a file is in, from the top, and the file itself."""
    parts = source.split("/")
    yield from ("/".join(parts[: number + 1]) for number in range(len(parts)))


def _around(by_folder: dict[str, deque[Seen]]) -> Iterator[Seen]:
    """One file of each directory in turn, again and again; the directory that began to wait last goes first."""
    waiting = deque(reversed(by_folder.values()))
    while waiting:
        folder = waiting.popleft()
        yield folder.popleft()
        if folder:
            waiting.append(folder)
