"""Cuts very long runs of text into pieces of bounded length, with nothing left out."""

from __future__ import annotations

from collections.abc import Iterator

# In characters. No sentence of a contract is as long; a page has about 3,000. A longer one is a table or list without
# full stops, or made to keep a worker busy.
LONGEST = 20_000


def pieces(text: str, longest: int = LONGEST) -> Iterator[tuple[int, int]]:
    """(start, end) of pieces that follow each other without a gap and together are the complete text.

    A piece ends at the last line end in its second half, else after the last space there, else within a word.
    A text that is short enough is one piece, even if it is empty.

    Args:
        text: any text.
        longest: the most characters of a piece.
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
