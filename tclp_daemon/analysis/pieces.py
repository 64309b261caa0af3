"""Very long runs of text -> pieces of bounded length, with nothing left out."""

from __future__ import annotations

from collections.abc import Iterator

# No sentence of a contract is as long; a page has some 3,000 characters. What is longer is a table or a list without
# a full stop, or made to hold a worker.
LONGEST = 20_000


def pieces(text: str, longest: int = LONGEST) -> Iterator[tuple[int, int]]:
    """(start, end) of pieces that follow each other without a gap and together are the whole text.

    A piece ends at the last line end of its second half, else behind the last blank there, else in mid-word.
    A text that is short enough, the empty one too, is one piece.
    """
    start = 0
    while len(text) - start > longest:
        middle, limit = start + longest // 2, start + longest
        end = text.rfind("\n", middle, limit) + 1
        if not end:
            end = next((i + 1 for i in range(limit - 1, middle - 1, -1) if text[i].isspace()), limit)
        yield start, end
        start = end
    yield start, len(text)
