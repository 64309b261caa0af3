"""Files that `weight` finds doubtful are tried out before they are read.

A form that paints itself twice costs pdfium two to the power of its recursion limit, and nothing can stop pdfium. So
the pages of such a file, which is rare among contracts, are first opened in a process of their own that may be killed
and that may use no more memory than a contract.
"""

from __future__ import annotations

import signal
import subprocess

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.child import run_apart

_PROCESSOR_S = 10  # for all pages
_PROCESSOR_S_PER_MB = 5  # more for each MB: a thousand encrypted pages have 3 MB and take one to five seconds
_MOST_PROCESSOR_S = 60
_PATIENCE = 6  # times as long by the clock, on a busy machine
_PROBE = """
import resource, sys
seconds, megabytes, most, fields = map(int, sys.argv[1:])
bound(resource.RLIMIT_CPU, seconds, seconds + 1)
bound(resource.RLIMIT_DATA, megabytes * 1_000_000, megabytes * 1_000_000)
import pypdfium2
document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
characters = 0
for index in range(len(document)):
    try:
        page = document[index]
        text = page.get_textpage()
        characters += text.count_chars()
        text.close()
        page.close()
    except pypdfium2.PdfiumError:
        pass
    if characters > most:
        sys.exit(3)
print("pages", flush=True)
if fields:
    document.init_forms()
print("fields", flush=True)
"""
_TOO_MUCH_TEXT = 3
_OUT_OF_TIME = frozenset({signal.SIGXCPU, signal.SIGKILL})


def try_out(data: bytes, limits: Limits, *, fields: bool) -> bool:
    """Opens the pages, and then the form, in a process of their own.

    Args:
        data: the file.
        limits: characters of its text, memory of the process.
        fields: whether to open the form that people fill in, too.

    Returns:
        Whether the fields can be read.

    Raises:
        ContractError: corrupt, where opening the pages does not end or ends badly; too_much_text.
    """
    seconds = min(_PROCESSOR_S + len(data) * _PROCESSOR_S_PER_MB // 1_000_000, _MOST_PROCESSOR_S)
    numbers = (seconds, limits.memory_mb, limits.characters, int(fields))
    try:
        done = run_apart(_PROBE, *map(str, numbers), data=data, seconds=_PATIENCE * seconds)
        code, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        code, output = 0, error.stdout or b""
    if code == _TOO_MUCH_TEXT:
        raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=limits.characters)
    if b"fields" in output:
        return fields
    if b"pages" in output:
        return False
    if code >= 0 or -code in _OUT_OF_TIME:
        raise ContractError(ErrorCode.CORRUPT, detail="its parts contain one another without end")
    raise ContractError(ErrorCode.CORRUPT, detail="opening its pages crashes the reader or takes all memory")
