"""docs/reference/errors.md lists what errors.py holds, word by word."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest
from extract.pdfmaker import Page, make_pdf

from tclp_daemon.config import Limits
from tclp_daemon.errors import BLANK_ADVICE, ERRORS, ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.warning import WARNINGS, WarningCode

DOC = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"


def rows() -> dict[str, list[str]]:
    """Code -> its cells."""
    table = {}
    for line in DOC.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("## Warnings"):
            break
        if line.startswith("| `") and len(cells) == 4:
            table[cells[0].strip("`")] = cells[1:]
    return table


@pytest.mark.parametrize("code", list(ErrorCode))
def test_each_code_is_documented_as_it_is(code: ErrorCode) -> None:
    spec = ERRORS[code]
    assert rows()[code.value] == [spec.message, spec.advice, "yes" if spec.transient else "no"]


def test_nothing_else_is_documented() -> None:
    assert list(rows()) == [code.value for code in ErrorCode]


def test_each_warning_is_documented_as_it_is() -> None:
    section = DOC.read_text("utf-8").partition("## Warnings")[2].partition("## ")[0]
    documented = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \| (yes|no) \|$", section, re.M)
    held = [(code, spec.message, spec.advice, "yes" if spec.unread else "no") for code, spec in WARNINGS.items()]
    assert documented == [(code.value, *rest) for code, *rest in held]
    assert list(WARNINGS) == sorted(WarningCode)


def test_the_advice_for_blank_text_is_documented() -> None:
    assert BLANK_ADVICE in " ".join(DOC.read_text(encoding="utf-8").split())


@pytest.mark.parametrize(
    ("data", "suffix"), [(b" \n\n", ".txt"), (b"\xc2\xa0\n\xc2\xa0", ".txt"), (b"---\n***\n", ".md")]
)
def test_blank_text_is_not_taken_for_a_scan(data: bytes, suffix: str) -> None:
    with pytest.raises(ContractError) as caught:
        read_document(data, suffix, Limits())
    assert caught.value.code is ErrorCode.NO_TEXT
    assert caught.value.advice == BLANK_ADVICE
    assert pickle.loads(pickle.dumps(caught.value)).advice == BLANK_ADVICE


def test_a_scan_is_advised_text_recognition() -> None:
    with pytest.raises(ContractError) as caught:
        read_document(make_pdf([Page(content=["0 0 100 100 re f"])]), ".pdf", Limits())
    assert "OCR" in caught.value.advice
