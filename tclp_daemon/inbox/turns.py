"""Whose turn is it? In which order settled files are accepted while more wait than one slice of time can take."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from tclp_daemon.inbox.scan import Seen


def take_turns(settled: Iterable[Seen], since: Callable[[str], float]) -> Iterator[Seen]:
    """Orders settled files so that nobody waits behind somebody else's thousands, and nothing waits for ever.

    Three rules take turns: the newest of all, the oldest of all, and the oldest of the next folder. A single drop after
    a burst is the newest once it has settled, so it is accepted in the first slice after that. Should ever newer files
    keep arriving, each third turn still goes to the oldest, so every file has its turn; and a folder into which one
    person drops a single file gets turns whatever is poured into the others.

    Args:
        settled: what can be accepted.
        since: when a file, by its name, began to look as it does.
    """
    oldest_first = sorted(settled, key=lambda item: (since(item.source), item.source))
    newest_first = reversed(oldest_first)
    by_folder: dict[str, deque[Seen]] = {}
    for item in oldest_first:
        by_folder.setdefault(item.source.rpartition("/")[0], deque()).append(item)
    rules = (newest_first, iter(oldest_first), _around(by_folder))
    taken: set[str] = set()
    while len(taken) < len(oldest_first):
        for rule in rules:
            for item in rule:
                if item.source not in taken:
                    taken.add(item.source)
                    yield item
                    break


def _around(by_folder: dict[str, deque[Seen]]) -> Iterator[Seen]:
    """One of each folder, again and again; the folder that began to wait last begins."""
    waiting = deque(reversed(by_folder.values()))
    while waiting:
        folder = waiting.popleft()
        yield folder.popleft()
        if folder:
            waiting.append(folder)
