"""A process for code that may hang or crash. It dies with the worker that started it."""

from __future__ import annotations

import os
import subprocess
import sys

# The kernel kills it when the worker ends, in whatever way (prctl(2), PR_SET_PDEATHSIG). A worker that ended before
# that call is noticed by its pid. The alarm and the limit are for a worker that is alive but stopped. C code can block
# none of them. `bound` sets a limit, within those of the worker.
_PROLOGUE = """
import ctypes, os, resource, signal, sys
def bound(kind, soft, hard):
    most = resource.getrlimit(kind)[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(kind, (soft, hard))
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv.pop(1)):
    os._exit(1)
patience = int(sys.argv.pop(1))
signal.signal(signal.SIGALRM, signal.SIG_DFL)
signal.alarm(patience + 1)
bound(resource.RLIMIT_CPU, patience + 1, patience + 1)
"""


def run_apart(script: str, *arguments: str, data: bytes, seconds: int) -> subprocess.CompletedProcess[bytes]:
    """Runs a Python script in a process of its own.

    Args:
        script: finds `arguments` in sys.argv[1:] and `data` on its standard input, and `bound(kind, soft, hard)`,
            which sets a limit as resource.setrlimit does.
        arguments: a few words.
        data: a document.
        seconds: after this time it is killed.

    Raises:
        subprocess.TimeoutExpired: it was killed.
        OSError: the process could not be started.
    """
    command = [sys.executable, "-I", "-c", _PROLOGUE + script, str(os.getpid()), str(seconds), *arguments]
    return subprocess.run(command, input=data, capture_output=True, timeout=seconds, check=False)
