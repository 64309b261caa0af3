r"""The tokens of a Rich Text file: control words, bytes in hexadecimal, braces and text ([RTF] 1.9.1).

Each token is matched where the last one ended, so the work grows with the file and no more.
"""

from __future__ import annotations

import re

# Groups: control word and its number; a byte in hexadecimal; a control symbol; a brace; text. Line ends show nothing.
TOKEN = re.compile(
    r"\\(?:([a-zA-Z]+)(?:(-?\d{1,10})\d*)? ?|'([0-9a-fA-F]{2})|([^a-zA-Z]))|([{}])|([^\\{}\r\n]+)|[\r\n]+", re.S
)
WORD, NUMBER, HEX, SYMBOL, BRACE, TEXT = range(1, 7)
_SKIPPED = re.compile(r"\\bin(\d{1,10}) ?|\\.|[{}]", re.S)
_UPR = re.compile(r"\s*\{")
_UNICODE = re.compile(r"\s*\{\s*\\\*\s*\\ud(?![a-zA-Z])")


def end_of_group(source: str, at: int) -> int:
    """Position of the brace that closes the group that `at` is in, or of the end where none does."""
    depth = 0
    while (match := _SKIPPED.search(source, at)) is not None:
        at = match.end()
        if match[1] is not None:
            at += int(match[1])
        elif match[0] == "{":
            depth += 1
        elif match[0] == "}":
            if depth == 0:
                return match.start()
            depth -= 1
    return len(source)


def unicode_twin(source: str, at: int) -> tuple[int, int]:
    r"""Of the two groups in a \upr, which say the same, the second says it in Unicode.

    Args:
        source: the file.
        at: position after the control word.

    Returns:
        Position of the second group, or `at` where there is none, and how many characters were looked at.
    """
    first = _UPR.match(source, at)
    if first is None:
        return at, 0
    end = end_of_group(source, first.end()) + 1
    return (end if _UNICODE.match(source, end) else at), end - at
