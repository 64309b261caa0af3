"""A log that cannot be written for a while."""

from __future__ import annotations

import errno
import io
import json
from typing import cast

import pytest
import structlog

from tclp_daemon.system.logs import TolerantStream


class _Disk(io.StringIO):
    """A stream that is full at first; counts writes."""

    full = True
    writes = 0

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "full")
        self.writes += 1
        return super().write(text)


@pytest.mark.parametrize("as_json", [False, True])
def test_lost_lines_are_counted_and_each_line_is_one_write(as_json: bool) -> None:
    disk = _Disk()
    log = structlog.PrintLogger(file=cast(io.TextIOBase, TolerantStream(disk, as_json=as_json)))  # type: ignore[arg-type]
    for _ in range(2):
        log.msg('{"event": "lost"}')
    disk.full = False
    for _ in range(3):
        log.msg('{"event": "written"}')
    lines = disk.getvalue().splitlines()
    assert disk.writes == 3, "or lines of two processes would mix"
    assert lines[1:] == ['{"event": "written"}'] * 3
    if as_json:
        assert json.loads(lines[0])["lines"] == 2
    else:
        assert lines[0] == "(log lines that could not be written: 2)"
