"""What the kernel knows about a process: its memory and its processor time (proc(5))."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def private_memory(pid: int | str = "self") -> int:
    """Bytes of private writable memory: what RLIMIT_DATA counts (setrlimit(2)).

    Raises:
        OSError: the process is gone, or the kernel does not say.
    """
    return _kilobytes(pid, "VmData") * 1024


def peak_resident(pid: int | str) -> int:
    """The most bytes of physical memory that the process has held; 0 if it is gone."""
    try:
        return _kilobytes(pid, "VmHWM") * 1024
    except OSError:
        return 0


def processor_seconds(pid: int) -> float:
    """Seconds of processor time of all its threads, without its children; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS  # utime and stime: fields 14 and 15 of the complete line


def _kilobytes(pid: int | str, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise OSError(f"/proc/{pid}/status has no {name}")
