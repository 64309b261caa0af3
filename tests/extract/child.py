"""Reads files in a process with the limits of a worker, and prints for each how it ended; run as a script.

Argument: the seconds that each file may take, of processor time, so that a busy machine fails nothing.
Input: a line per file, `suffix<TAB>path`. Output: a line of JSON per file, printed before and after, so that the file
that ends the process is known.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from pathlib import Path

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError
from tclp_daemon.extract import read_document

MEMORY_MB = 1500


def main() -> None:
    """Reads all files named on standard input."""
    patience = float(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MB << 20, MEMORY_MB << 20))
    for line in sys.stdin.read().splitlines():
        suffix, path = line.split("\t", 1)
        print(json.dumps({"begun": path}), flush=True)
        signal.setitimer(signal.ITIMER_PROF, patience)
        try:
            document = read_document(Path(path).read_bytes(), suffix, Limits())
            outcome = check(document.text, [(block.start, block.end) for block in document.blocks])
        except ContractError as error:
            outcome = error.code.value
            if error.__cause__ is not None:
                outcome += f" from {type(error.__cause__).__name__}"
        except BaseException as error:
            outcome = f"LEAKED {type(error).__name__}: {error}"
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps({"path": path, "outcome": outcome}), flush=True)


def check(text: str, spans: list[tuple[int, int]]) -> str:
    """ "read" where the blocks are in order and hold all of the text."""
    at = 0
    for start, end in spans:
        if not at <= start < end <= len(text) or text[at:start].strip():
            return f"LEAKED a gap or an overlap at {start}"
        at = end
    return "LEAKED text after the last block" if text[at:].strip() else "read"


if __name__ == "__main__":
    main()
