"""The portfolio as a file: every contract in it, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from report.bigdoc import big_document

from harness import Site
from tclp_daemon.report.exports import csv_bytes, write_jsonl, write_xlsx
from tclp_daemon.report.portfolio import COLUMNS, FINDING_COLUMNS, row_of
from tclp_daemon.store import DATABASE, Store
from tclp_daemon.store.rows import COLUMNS as ROW_COLUMNS
from tclp_daemon.task import FileIdentity, Task

STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Task:
    """A completed task."""
    store = Store(tmp_path_factory.mktemp("state"))
    store.create_task("acme/nda.pdf", size=3, sha256="a" * 64, identity=FileIdentity(3, 1, 1))
    claimed = store.claim_task()
    assert claimed
    store.complete_task(claimed.task_id, claimed.attempt, big_document(6)[1].model_dump(mode="json"), "<p>")
    task = store.get_task(claimed.task_id)
    store.close()
    return task


def named(task: Task, name: str, text: str | None = None) -> Task:
    result = dict(task.result or {})
    if text is not None:
        result["findings"] = [result["findings"][0] | {"text": text, "heading": text}]
    return replace(task, file=name, outbox_name=name, note=text, result=result)


@given(st.one_of(st.text(min_size=1), st.builds(str.__add__, st.sampled_from(STARTERS), st.text())))
def test_no_cell_of_a_csv_starts_a_formula(name: str) -> None:
    task = named(_template(), name, name)
    text = csv_bytes([row_of(task)]).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == 2
    assert not any(cell.startswith(STARTERS) for row in rows for cell in row)
    assert rows[1][0].replace("'", "") == name.replace("\0", "\ufffd").replace("'", "")


@pytest.mark.parametrize("separator", [";", "|", "\t", "; "])
def test_no_formula_starts_behind_another_countrys_separator(separator: str) -> None:
    text = csv_bytes([row_of(named(_template(), f"y{separator}=1+2.pdf"))]).decode("utf-8-sig")
    assert f"{separator}'=1+2" in text
    assert f"{separator}=" not in text


@pytest.mark.parametrize(
    "unseen", ["\ufeff", "\u200b", "\u2060", "\u202e", "\xad", "\x00", "\x1b", "\u3164", " \u200b "]
)
@pytest.mark.parametrize("start", ["=1+2", "+1", "-1", "@SUM(1)"])
def test_what_nobody_sees_hides_no_formula(unseen: str, start: str) -> None:
    name = f"{unseen}{start}.pdf"
    rows = list(csv.reader(io.StringIO(csv_bytes([row_of(named(_template(), name))]).decode("utf-8-sig"), newline="")))
    assert not rows[1][0].lstrip(unseen).startswith(start)
    inner = csv_bytes([row_of(named(_template(), f"y;{name}"))]).decode("utf-8-sig")
    assert f";{unseen}{start}" not in inner
    book = io.BytesIO()
    write_xlsx([named(_template(), name)], book)
    (cell, *_) = next(iter(load_workbook(book).worksheets[0].iter_rows(min_row=2)))
    assert not str(cell.value).lstrip(unseen).startswith(start)


@settings(max_examples=25)
@given(st.one_of(st.text(min_size=1), st.builds(str.__add__, st.sampled_from(STARTERS), st.text())))
def test_no_cell_of_a_workbook_is_a_formula(name: str) -> None:
    book = io.BytesIO()
    write_xlsx([named(_template(), name, name)], book)
    loaded = load_workbook(book)
    cells = [cell for sheet in loaded for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell.value for cell in cells if cell.data_type == "f" or str(cell.value).startswith(STARTERS)]


def test_workbook_has_contracts_and_findings(template: Task) -> None:
    book = io.BytesIO()
    write_xlsx([template, named(template, "b.pdf")], book)
    loaded = load_workbook(book)
    assert loaded.sheetnames == ["Contracts", "Findings"]
    contracts, findings = (list(sheet.iter_rows(values_only=True)) for sheet in loaded)
    assert contracts[0] == COLUMNS
    assert [row[0] for row in contracts[1:]] == ["acme/nda.pdf", "b.pdf"]
    assert findings[0] == FINDING_COLUMNS
    assert [row[1] for row in findings[1:]] == [1, 2, 3, 1, 2, 3]
    assert [row[COLUMNS.index("counted")] for row in contracts[1:]] == [3, 3]
    assert {row[FINDING_COLUMNS.index("counted")] for row in findings[1:]} == {True}
    assert contracts[1][COLUMNS.index("received_utc")].year >= 2025  # a date, not a text


def test_json_lines_are_complete(template: Task) -> None:
    text = io.StringIO()
    write_jsonl([template, template], text)
    lines = [json.loads(line) for line in text.getvalue().splitlines()]
    assert len(lines) == 2
    assert lines[0]["topics"] == ["net_zero"]
    assert (len(lines[0]["findings"]), lines[0]["counted"], len(lines[0]["clauses"])) == (3, 3, 3)
    assert lines[0]["report"] == "acme/nda.pdf.report.html"


def test_the_command_writes_all_three(served: Site, tmp_path: Path) -> None:
    served.drop("a/nda.txt")
    served.finished("a/nda.txt")
    served.drop("bad.xyz")
    served.finished("bad.xyz")
    rows = list(csv.DictReader(io.StringIO(served.cli("export", check=True).stdout)))
    assert {row["file"]: row["status"] for row in rows} == {"a/nda.txt": "completed", "bad.xyz": "failed"}
    for name in ("out.csv", "out.xlsx", "out.jsonl"):
        served.cli("export", "--output", str(tmp_path / name), check=True)
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert load_workbook(tmp_path / "out.xlsx")["Findings"].max_row == 2
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2
    assert served.cli("export", "--since", "2999-01-01", "--format", "jsonl", check=True).stdout == ""
    assert served.cli("export", "--since", "yesterday-ish").returncode == 2
    other = served.cli("export", "--output", str(tmp_path / "out.json"))
    assert other.returncode == 2
    assert ".jsonl" in other.stderr
    assert not (tmp_path / "out.json").exists()
    served.cli("export", "--output", str(tmp_path / "out.json"), "--format", "jsonl", check=True)
    assert len((tmp_path / "out.json").read_text().splitlines()) == 2
    served.cli("export", "--output", str(tmp_path / "out"), check=True)
    assert (tmp_path / "out").read_bytes() == (tmp_path / "out.csv").read_bytes()
    assert sorted(p.name for p in tmp_path.glob(".*.part")) == []


def test_pipes_and_links_stay_what_they_are(served: Site, tmp_path: Path) -> None:
    served.drop("a.txt")
    served.finished("a.txt")
    real, link, pipe = tmp_path / "real.csv", tmp_path / "link.csv", tmp_path / "pipe.csv"
    real.write_text("")
    link.symlink_to(real)
    assert served.cli("export", "-o", str(link)).returncode == 0
    assert link.is_symlink()
    assert "a.txt" in real.read_text("utf-8")
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    assert served.cli("export", "-o", str(pipe)).returncode == 0
    assert b"a.txt" in reader.communicate(timeout=30)[0]
    assert pipe.is_fifo()


def test_a_pager_that_is_not_read_keeps_nobody_from_writing(served: Site) -> None:
    served.drop("nda.txt")
    task_id = served.finished("nda.txt")["task_id"]
    assert served.stop() == 0
    names = ", ".join(name for name in ROW_COLUMNS.split(", ") if name not in ("task_id", "outbox_name", "advice"))
    with sqlite3.connect(served.state / DATABASE) as database:
        # More than fits into a pipe, and more than one batch.
        database.execute(
            f"INSERT INTO tasks (task_id, outbox_name, advice, {names}) "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) "
            f"SELECT printf('%036d', i), 'copy-' || i, hex(zeroblob(1000)), {names.replace('published_name', 'NULL')} "
            "FROM tasks, n WHERE task_id = ?",
            (task_id,),
        )
    database.close()
    command = [*served.command, "export", "--format", "jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as exporting:
        assert exporting.stdout is not None
        lines = [exporting.stdout.readline()]
        writer = sqlite3.connect(served.state / DATABASE, timeout=5)
        with writer:
            writer.execute("UPDATE tasks SET note = 'written meanwhile' WHERE task_id = ?", (task_id,))
        writer.close()
        lines += exporting.stdout.readlines()
    assert exporting.returncode == 0
    written = [json.loads(line)["task_id"] for line in lines]
    assert written == [task_id, *(f"{i:036d}" for i in range(1, 1201))], "each once, in the order of acceptance"


_KEPT: list[Task] = []


@pytest.fixture(scope="module", autouse=True)
def _keep(template: Task) -> None:
    _KEPT[:] = [template]


def _template() -> Task:
    """The template for tests that hypothesis drives, which take no fixtures."""
    return _KEPT[0]
