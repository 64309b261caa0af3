"""Standard streams and encoding, made fit before anything else runs, so that no command ends in a traceback over them.

A daemon whose stderr was closed would otherwise be given descriptor 2 for its database, and whatever then writes to
"stderr" would write into that.
"""

from __future__ import annotations

import os
import sys


def prepare_streams() -> None:
    """Opens what is closed of the three standard streams, and sees to UTF-8.

    Names of contracts are UTF-8 on the share whatever the locale says; under a Latin-1 locale Python could not even
    open them. Its UTF-8 mode (PEP 540) can only be chosen at the start, hence the second one.
    """
    _open_closed()
    if sys.getfilesystemencoding().lower() not in ("utf-8", "utf8"):
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this very program
    for stream in (sys.stdout, sys.stderr):
        # Names with bytes that are not UTF-8 are printed, never a reason to fail.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def give_up_stdout() -> None:
    """What is still in stdout's buffer cannot be written; the interpreter must not try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _open_closed() -> None:
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free, which is this one; the workers need it as well.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - open as long as the process
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
