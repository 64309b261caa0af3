"""Damaged PDFs that pdfium cannot open but pdfminer, through pdfplumber, can.

pdfminer follows references for ever where an object refers to itself, so it runs in a process of its own that may be
killed. That takes longer, but few files come here.
"""

from __future__ import annotations

import json
import re
import subprocess

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.child import run_apart
from tclp_daemon.extract.pdf.lines import Line, PageLines, clean

_PROCESSOR_S = 15  # for all pages; pdfminer reads about ten in a second
_UNNAMED = re.compile(r"\(cid:\d+\)")  # what pdfminer writes for a sign of which it does not know the letter
_PATIENCE_S = 60  # by the clock, on a busy machine
# Prints a line of JSON for each page: [text, x0, x1, top, bottom] of each line.
_SCRIPT = """
import io, json, logging, resource, sys
bound(resource.RLIMIT_CPU, int(sys.argv[2]), int(sys.argv[2]) + 1)
bound(resource.RLIMIT_DATA, int(sys.argv[3]) * 1_000_000, int(sys.argv[3]) * 1_000_000)
import pdfplumber
logging.disable()
with pdfplumber.open(io.BytesIO(sys.stdin.buffer.read())) as document:
    for number, page in enumerate(document.pages, 1):
        if number > int(sys.argv[1]):
            print("null")
            break
        found = page.extract_text_lines(return_chars=False, strip=True)
        keys = ("text", "x0", "x1", "top", "bottom")
        print(json.dumps([[line[key] for key in keys] for line in found]), flush=True)
        page.close()
"""


def salvage(data: bytes, limits: Limits) -> list[PageLines]:
    """The lines of the pages that can be read; empty where none can.

    Raises:
        ContractError: too_many_pages.
    """
    numbers = (limits.pages, _PROCESSOR_S, limits.memory_mb)
    try:
        output = run_apart(_SCRIPT, *map(str, numbers), data=data, seconds=_PATIENCE_S).stdout
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""  # the pages until then
    pages: list[PageLines] = []
    for number, row in enumerate(output.decode("ascii", errors="replace").splitlines(), 1):
        try:
            found = json.loads(row)
        except ValueError:
            break  # the process ended in the middle of a page
        if found is None:
            raise ContractError(ErrorCode.TOO_MANY_PAGES, found=f"more than {limits.pages}", limit=limits.pages)
        lines = [
            Line(words, x0, x1, bottom, bottom - top, False, number)
            for text, x0, x1, top, bottom in found
            if (words := clean(_UNNAMED.sub("", text)))
        ]
        lost = sum(len(_UNNAMED.findall(text)) for text, *_ in found)
        pages.append(PageLines(number, lines, lost=lost))
    return pages if any(page.body or page.lost for page in pages) else []
