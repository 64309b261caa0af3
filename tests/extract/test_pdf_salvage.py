"""Damaged PDFs that only pdfminer can open: read in a process of its own, and said to be damaged."""

from __future__ import annotations

import pytest
from extract.pdfmaker import Page, make_pdf

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.pdf_salvage import salvage

BODY = ["The Supplier shall measure and report to the Customer", "the emissions of greenhouse gases."]


def test_what_pdfminer_can_read_of_a_file_is_salvaged() -> None:
    pages = salvage(make_pdf([Page().lines(72, 780, BODY), Page().text(72, 700, "two")]), Limits())
    assert [[line.text for line in page.body] for page in pages] == [BODY, ["two"]]
    with pytest.raises(ContractError) as caught:
        salvage(make_pdf([Page().text(72, 700, "one")] * 2), Limits(pages=1))
    assert caught.value.code is ErrorCode.TOO_MANY_PAGES


def test_what_nothing_can_read_is_not_salvaged() -> None:
    assert salvage(b"%PDF-1.7\nnothing at all", Limits()) == []
