"""docs/reference/errors.md lists what errors.py holds, word by word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tclp_daemon.errors import ERRORS, ErrorCode

DOC = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"


def rows() -> dict[str, list[str]]:
    """Code -> its cells."""
    table = {}
    for line in DOC.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| `") and len(cells) == 4:
            table[cells[0].strip("`")] = cells[1:]
    return table


@pytest.mark.parametrize("code", list(ErrorCode))
def test_each_code_is_documented_as_it_is(code: ErrorCode) -> None:
    spec = ERRORS[code]
    assert rows()[code.value] == [spec.message, spec.advice, "yes" if spec.transient else "no"]


def test_nothing_else_is_documented() -> None:
    assert list(rows()) == [code.value for code in ErrorCode]
