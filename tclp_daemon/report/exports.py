"""The portfolio as CSV, XLSX or JSON lines, with nothing in it that a spreadsheet would run.

File names and contract text are untrusted, and spreadsheets run a text that begins like a formula. So an apostrophe is
put before every text that begins like one (https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import IO, Any

from tclp_daemon.report.portfolio import COLUMNS, FINDING_COLUMNS, Row, Value, finding_rows, row_of
from tclp_daemon.task import Task, iso

# Wide forms count, since some programs convert them; so do white space and invisible characters (byte order marks,
# joiners, direction marks, controls), which programs skip or remove before they look at the cell.
_UNSEEN = (
    r"\s\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u205f-\u206f"
)
_UNSEEN += r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
_FORMULA = re.compile(rf"[{_UNSEEN}]*[=+\-@＝＋－＠]|[\t\r\n]")
# Where a spreadsheet may begin a new cell inside ours, because its locale has another list separator.
_INNER_FORMULA = re.compile(rf"([;,\t|][{_UNSEEN}]*)(?=[=+\-@＝＋－＠])")
# Characters that XML cannot hold.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# The limits of XLSX: characters in a cell, rows on a sheet.
_CELL = 32_767
_SHEET = 1_048_576
_WIDE_FINDINGS = {"file": 48, "heading": 28, "text": 100}


def write_csv(rows: Iterable[Row], file: IO[str], *, header: bool = True) -> None:
    """Writes the rows as CSV (RFC 4180).

    Args:
        rows: one line for each.
        file: opened for text, without newline translation.
        header: whether the column names come first.
    """
    writer = csv.writer(file)
    if header:
        writer.writerow(COLUMNS)
    writer.writerows(map(_csv_value, row.values()) for row in rows)


def csv_bytes(rows: Iterable[Row], *, begin: bool = True) -> bytes:
    """The rows as a CSV file; the byte order mark tells spreadsheets that it is UTF-8.

    Args:
        rows: one line for each.
        begin: false for a further part of a file: without byte order mark and header.
    """
    text = io.StringIO(newline="")
    write_csv(rows, text, header=begin)
    return text.getvalue().encode("utf-8-sig" if begin else "utf-8", "replace")


def write_jsonl(tasks: Iterable[Task], file: IO[str]) -> None:
    """Writes one JSON object for each contract, with its findings and clauses. JSON needs no guard: nothing runs it."""
    for task in tasks:
        values: dict[str, Any] = dict(zip(COLUMNS, row_of(task).values(), strict=True))
        values = {name: iso(v) if isinstance(v, datetime) else v for name, v in values.items()}
        values["topics"] = [name for name in values["topics"].split("; ") if name]
        values["warnings"] = (task.result or {}).get("warnings", [])
        values["findings"] = (task.result or {}).get("findings", [])
        values["clauses"] = (task.result or {}).get("clauses", [])
        file.write(json.dumps(values) + "\n")


def write_xlsx(tasks: Iterable[Task], file: IO[bytes]) -> None:
    """Writes a workbook: the contracts on the first sheet, their findings on the next ones."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    wide = {"file": 48, "coverage": 28, "topics": 28, "warnings": 28, "error": 48, "advice": 48, "received_utc": 20}
    contracts = _sheet(book, "Contracts", COLUMNS, wide)
    findings = _sheet(book, "Findings", FINDING_COLUMNS, _WIDE_FINDINGS)
    rows = found = 0
    for task in tasks:
        contracts.append([_xlsx_value(value) for value in row_of(task).values()])
        rows += 1
        for values in finding_rows(task):
            if found and found % (_SHEET - 1) == 0:
                findings = _sheet(book, f"Findings {found // (_SHEET - 1) + 1}", FINDING_COLUMNS, _WIDE_FINDINGS)
            findings.append([_xlsx_value(value) for value in values])
            found += 1
    contracts.auto_filter.ref = f"A1:{chr(ord('A') + len(COLUMNS) - 1)}{rows + 1}"
    book.save(file)


def _sheet(book: Any, title: str, columns: tuple[str, ...], wide: dict[str, int]) -> Any:
    """A new sheet with a bold header row, which stays in view as the first column does."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    made = book.create_sheet(title)
    made.freeze_panes = "B2"
    for index, name in enumerate(columns):
        made.column_dimensions[chr(ord("A") + index)].width = wide.get(name, 14)
    heads = [WriteOnlyCell(made, value=name) for name in columns]
    for head in heads:
        head.font = Font(bold=True)
    made.append(heads)
    return made


def _guarded(text: str) -> str:
    return "'" + text if _FORMULA.match(text) else text


def _csv_value(value: Value) -> str | int | float | None:
    if isinstance(value, datetime):
        return iso(value)
    return _INNER_FORMULA.sub(r"\1'", _guarded(value.replace("\0", "\ufffd"))) if isinstance(value, str) else value


def _xlsx_value(value: Value) -> Value:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None, microsecond=0)  # Excel has no time zones
    return _guarded(_NOT_XML.sub("\ufffd", value))[:_CELL] if isinstance(value, str) else value
