"""Which doubtful numbers count: those whose series goes on near them.

"5A.1" is a clause where 5A or 5A.2 stands near it; "U.S. law", "1-2 days" and "12 High Street" have no such neighbours.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

from tclp_daemon.extract.structure.labels import predecessors, steps, successors, word_value
from tclp_daemon.extract.structure.numbering import Number

_NEAR = 100  # numbers; a clause seldom has more
_BARE = "bare"
_FIRST = ("1", "01", "a", "A", "i", "I")

_Key = tuple[str, tuple[str, ...]]


def settle_doubts(numbers: Sequence[Number | None]) -> list[Number | None]:
    """The same numbers, without the doubtful ones that stand alone."""
    places: dict[_Key, list[int]] = defaultdict(list)
    count = 0
    at = []
    for number in numbers:
        at.append(count)
        if number is not None:
            places[_key(number)].append(count)
            count += 1
    sure: dict[_Key, list[int]] = defaultdict(list)
    for number, place in zip(numbers, at, strict=True):
        if number is not None and (not number.doubtful or _has_neighbour(number, place, places)):
            sure[_key(number)].append(place)
    return [
        None if number is not None and number.doubtful and not _counts(number, place, sure) else number
        for number, place in zip(numbers, at, strict=True)
    ]


def _counts(number: Number, place: int, sure: dict[_Key, list[int]]) -> bool:
    """Whether the number is sure, or a lone "A." where other lists near it begin with the same."""
    found = sure.get(_key(number))
    near = _NEAR if number.label.strip("()").isalpha() else 0
    return _between(found, place - near, place + near)


def _has_neighbour(number: Number, place: int, places: dict[_Key, list[int]]) -> bool:
    family, path = _key(number)
    above = [(family, path[:-1]), ("", path[:-1])] if len(path) > 1 else []
    before = [*((family, (*path[:-1], step)) for step in predecessors(path[-1])), *above]
    if len(path) > 1 and path[-1] in _FIRST:  # "2-1" after "1-1"
        before += [(family, (*path[:-2], step, path[-1])) for step in predecessors(path[-2])]
    after = [(family, (*path[:-1], step)) for step in successors(path[-1])]
    if len(path) > 1 and path[-1] in _FIRST:
        after += [(family, (*path[:-2], step, path[-1])) for step in successors(path[-2])]
    below = [("" if family == _BARE else family, (*path, first)) for first in _FIRST]
    return any(_between(places.get(key), place - _NEAR, place) for key in before) or any(
        _between(places.get(key), place, place + _NEAR) for key in (*after, *below)
    )


def _between(places: Sequence[int] | None, first: int, last: int) -> bool:
    """Whether one of the places, which ascend, lies from `first` to `last`."""
    if not places:
        return False
    nearest = bisect_left(places, first)
    return nearest < len(places) and places[nearest] <= last


def _key(number: Number) -> _Key:
    label = number.label.strip("()")
    if number.form == "ordinal":
        return "ordinal", (str(word_value(label)),)
    if not number.form:
        return _BARE, steps(label)
    # "1-2" does not follow "1.1".
    return number.form if number.form == "()" else "-" if "-" in label else "", steps(label)
