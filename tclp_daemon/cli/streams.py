"""Standard streams and encoding: prepared before anything else runs, so that no command fails because of them.

If stderr is closed, the next file that is opened, such as the database, gets descriptor 2, and whatever then writes to
"stderr" would write into that file.
"""

from __future__ import annotations

import os
import sys


def prepare_streams() -> None:
    """Opens those of the three standard streams that are closed, and makes sure that names are UTF-8.

    Names of contracts are UTF-8 on the share whatever the locale says; under a Latin-1 locale Python could not even
    open them. Its UTF-8 mode (PEP 540) can only be chosen when it starts, so the program starts itself again.
    """
    _open_closed()
    if sys.getfilesystemencoding().lower() not in ("utf-8", "utf8"):
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this same program
    for stream in (sys.stdout, sys.stderr):
        # A name with bytes that are not UTF-8 is printed escaped; it must not make the command fail.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def give_up_stdout() -> None:
    """Discards what is in stdout's buffer: it cannot be written, and the interpreter would try again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _open_closed() -> None:
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # open() returns the lowest free number, which is this one. Worker processes inherit it.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - stays open until the process ends
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
