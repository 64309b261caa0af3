"""Windows of tokens -> batches of a few fixed shapes.

oneDNN, torch's kernels on a CPU, compiles code for each shape of a batch that it meets and keeps it: in bfloat16 about
nine megabytes each. Contracts have sentences of all lengths, so a worker would grow with each contract until it reaches
its memory limit. Therefore batches are padded to a few lengths and a few numbers of rows: at most 40 shapes.
See docs/decisions/0009-batches-of-few-shapes.md.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

# (index of the text that the window belongs to, token ids)
Window = tuple[int, list[int]]

# Padded tokens in one forward pass; larger batches gain nothing on a CPU and cost memory.
TOKEN_BUDGET = 4096
_LENGTHS = (8, 16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 384)  # and the model's longest
_ROWS = (2, 8, 32)
# What a forward pass costs in addition to its tokens, in tokens: two to three milliseconds, measured.
_PASS = 64


class Batch(NamedTuple):
    """Windows, and the shape (rows x length) that they are padded to."""

    windows: Sequence[Window]
    rows: int
    length: int


def shapes(longest: int) -> dict[int, tuple[int, ...]]:
    """Length -> the numbers of rows that a batch of this length may have, at most 40 pairs.

    Args:
        longest: tokens in the model's longest window, at most 512.
    """
    lengths = [length for length in _LENGTHS if length < longest] + [longest]
    return {length: tuple(rows for rows in _ROWS if rows * length <= TOKEN_BUDGET) for length in lengths}


def batches(windows: Sequence[Window], allowed: Mapping[int, Sequence[int]]) -> Iterator[Batch]:
    """Divides the windows, longest first, into the batches of allowed shapes that together cost least.

    The cost of a batch is its padded tokens plus a constant. `cheapest[i]` is the cost of all windows from the i-th on.

    Args:
        windows: none longer than the longest allowed length.
        allowed: see `shapes`.
    """
    ordered = sorted(windows, key=lambda window: -len(window[1]))
    lengths = sorted(allowed)
    cheapest = [0] * (len(ordered) + 1)
    chosen = [(0, 0)] * len(ordered)
    for i in reversed(range(len(ordered))):
        length = lengths[bisect_left(lengths, len(ordered[i][1]))]
        cheapest[i], chosen[i] = min(
            (_PASS + rows * length + cheapest[min(i + rows, len(ordered))], (rows, length)) for rows in allowed[length]
        )
    at = 0
    while at < len(ordered):
        rows, length = chosen[at]
        yield Batch(ordered[at : at + rows], rows, length)
        at += rows
