"""What could not be read is said wherever the verdict is, so that nobody takes it for one on the whole contract."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from extract.pdfmaker import Page, make_pdf
from openpyxl import load_workbook

from harness import Site, site, wait_for

BODY = ["The parties shall meet once in each quarter of the year and talk about the price of the goods."] * 6
IN_PART = "in the 3 of 5 pages that could be read"


@pytest.fixture(scope="module")
def half_read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that analysed a contract two of whose five pages are damaged, and a sound one."""
    sound = make_pdf([Page().lines(72, 760, BODY)] * 5)
    with site(tmp_path_factory.mktemp("site")) as served:
        served.start()
        served.drop("sound.pdf", sound)
        served.drop("half.pdf", damage_pages(sound, 2, 4))
        for name in ("sound.pdf", "half.pdf"):
            assert served.finished(name)["status"] == "completed"
        for name in ("index.html", "contracts.csv"):
            wait_for(lambda name=name: IN_PART in (served.outbox / name).read_text("utf-8"), f"{name} shows it")  # type: ignore[misc]
        yield served


def damage_pages(data: bytes, *numbers: int) -> bytes:
    """The PDF with these pages' dictionaries made unusable, at the same length so that offsets still fit."""
    pages = [match.start() for match in re.finditer(rb"/Type ?/Page\b(?!s)", data)]
    for number in numbers:
        at = pages[number - 1]
        data = data[:at] + data[at:].replace(b"/Page", b"/Pxge", 1)
    return data


def test_sidecar_and_result(half_read: Site) -> None:
    summary = half_read.finished("half.pdf")["result"]
    result = json.loads((half_read.outbox / "half.pdf.result.json").read_text("utf-8"))
    for where in (summary, result):
        assert where["classification"] == "unlikely"
        assert where["coverage"]["words"] == IN_PART
        assert (where["coverage"]["judged_pages"], where["coverage"]["share"]) == (3, 0.6)
        (warning,) = where["warnings"]
        assert warning["pages"] == [2, 4]
        assert warning["unread"]
        assert warning["advice"]
    assert half_read.finished("sound.pdf")["result"]["coverage"]["complete"]


def test_report_says_it_in_the_verdict(half_read: Site) -> None:
    html = (half_read.outbox / "half.pdf.report.html").read_text("utf-8")
    card = html.partition('<section class="card verdict"')[2].partition("</section>")[0]
    assert f'language <span class="limit">{IN_PART}</span></h2>' in card
    assert "pages 2 and 4" in card
    assert '<a href="#p4">4</a>' in card
    assert f"No climate-aligned language was found {IN_PART}." in html
    assert "limit" not in (half_read.outbox / "sound.pdf.report.html").read_text("utf-8").partition("<main>")[2]


def test_dashboard_row(half_read: Site) -> None:
    html = (half_read.outbox / "index.html").read_text("utf-8")
    rows = dict(re.findall(r'<tr data-n="([^"]+)"(.*?)</tr>', html, re.DOTALL))
    assert IN_PART in rows["half.pdf"]
    assert "data-c" in rows["half.pdf"]
    assert "could be read" not in rows["sound.pdf"]
    assert "1 contract could only be judged in part" in html


def test_table_and_exports(half_read: Site, tmp_path: Path) -> None:
    with (half_read.outbox / "contracts.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    assert rows["half.pdf"]["coverage"] == IN_PART
    assert rows["half.pdf"]["warnings"] != ""
    assert (rows["sound.pdf"]["coverage"], rows["sound.pdf"]["warnings"]) == ("", "")
    half_read.cli("export", "--format", "xlsx", "--output", str(tmp_path / "all.xlsx"), check=True)
    sheet = load_workbook(tmp_path / "all.xlsx")["Contracts"]
    heads, *cells = sheet.iter_rows(values_only=True)
    assert IN_PART in [dict(zip(heads, row, strict=True))["coverage"] for row in cells]
    lines = half_read.cli("export", "--format", "jsonl", check=True).stdout.splitlines()
    (half,) = [line for line in map(json.loads, lines) if line["file"] == "half.pdf"]
    assert half["coverage"] == IN_PART
    assert half["warnings"][0]["pages"] == [2, 4]


def test_terminal(half_read: Site, tmp_path: Path) -> None:
    shown = half_read.cli("task", "half.pdf", check=True).stdout
    assert f"unlikely {IN_PART} (0 findings)" in shown
    assert "pages 2 and 4" in shown
    listed = half_read.cli("list", check=True).stdout
    assert "unlikely, in part" in listed
    assert listed.count("in part") == 1
    copy = tmp_path / "copy.pdf"
    copy.write_bytes((half_read.outbox / "half.pdf").read_bytes())
    analysed = half_read.cli("analyze", str(copy), check=True).stdout
    assert f"copy.pdf: unlikely {IN_PART} (" in analysed
    assert "pages 2 and 4" in analysed
    submitted = half_read.cli("submit", "--wait", str(copy), check=True).stdout
    assert f"copy.pdf: unlikely {IN_PART}" in submitted


def test_journal(half_read: Site) -> None:
    events = {event["file"]: event["warnings"] for event in half_read.events("contract")}
    assert events["'half.pdf'"] != []
    assert events["'sound.pdf'"] == []
