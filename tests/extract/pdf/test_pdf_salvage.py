"""Damaged PDFs that only pdfminer can open: read in a process of their own, with a warning."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from extract.pdfmaker import Page, make_pdf

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.pdf import probe
from tclp_daemon.extract.pdf import salvage as module
from tclp_daemon.extract.pdf.salvage import salvage

BODY = ["The Supplier shall measure and report to the Customer", "the emissions of greenhouse gases."]


def test_what_pdfminer_can_read_of_a_file_is_salvaged() -> None:
    pages = salvage(make_pdf([Page().lines(72, 780, BODY), Page().text(72, 700, "two")]), Limits())
    assert [[line.text for line in page.body] for page in pages] == [BODY, ["two"]]
    with pytest.raises(ContractError) as caught:
        salvage(make_pdf([Page().text(72, 700, "one")] * 2), Limits(pages=1))
    assert caught.value.code is ErrorCode.TOO_MANY_PAGES


def test_what_nothing_can_read_is_not_salvaged() -> None:
    assert salvage(b"%PDF-1.7\nnothing at all", Limits()) == []


def test_what_was_read_before_the_time_was_up_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    page = json.dumps([["The Supplier shall report.", 72, 300, 80, 92]])

    def never_ends(*_: Any, **__: Any) -> None:
        raise subprocess.TimeoutExpired("python", 60, output=f"{page}\n[[".encode())

    monkeypatch.setattr(module, "run_apart", never_ends)
    assert [[line.text for line in found.body] for found in salvage(b"%PDF-", Limits())] == [
        ["The Supplier shall report."]
    ]


def test_a_large_file_is_tried_out_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, int]] = []

    def ends(_: str, processor: str, *__: str, data: bytes, seconds: int) -> subprocess.CompletedProcess[bytes]:
        given.append((int(processor), seconds))
        return subprocess.CompletedProcess([], 0, b"pages\nfields\n")

    monkeypatch.setattr(probe, "run_apart", ends)
    for size in (1000, 6_000_000, 100_000_000):
        assert probe.try_out(bytes(size), Limits(), fields=True)
    assert given == [(10, 60), (40, 240), (60, 360)]
