"""`tclp-daemon export`: every contract as a row, for a spreadsheet or another program."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated

import typer

from tclp_daemon.cli.app import ConfigOption, app, settings
from tclp_daemon.cli.tasks import parse_since, printable
from tclp_daemon.errors import UsageError


class ExportFormat(StrEnum):
    """What is written."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"


@app.command()
def export(
    ctx: typer.Context,
    since: Annotated[str | None, typer.Option(help="Only since: 2h, 3d, 1w, or a date such as 2026-01-31.")] = None,
    format: Annotated[
        ExportFormat | None, typer.Option("--format", "-f", help="[default: by the name of --output, else csv]")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; '-' is standard output.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write one row for each contract; xlsx has the findings on a second sheet, jsonl in each line."""
    from tclp_daemon.report.portfolio import row_of, write_csv, write_jsonl, write_xlsx

    to_stdout = output is None or output == Path("-")
    form = format or _form(output)
    if form is ExportFormat.XLSX and to_stdout and sys.stdout.isatty():
        raise UsageError("A workbook is no text for a terminal. Name a file: --output contracts.xlsx")
    start = parse_since(since)
    store = settings(ctx, config).store()
    tasks = store.iterate(since=start)
    with _opened(None if to_stdout else output) as binary:
        if form is ExportFormat.XLSX:
            write_xlsx(tasks, binary)
            return
        # A file gets the byte order mark that spreadsheets need; a pipe gets none, since programs trip over it.
        encoding = "utf-8-sig" if form is ExportFormat.CSV and not to_stdout else "utf-8"
        with open(os.dup(binary.fileno()), "w", encoding=encoding, errors="replace", newline="") as text:
            if form is ExportFormat.CSV:
                write_csv(map(row_of, tasks), text)
            else:
                write_jsonl(tasks, text)


def _form(output: Path | None) -> ExportFormat:
    """By the file's name, CSV where that tells nothing.

    Raises:
        UsageError: the name tells of another format.
    """
    suffix = output.suffix.lower().lstrip(".") if output is not None else ""
    if suffix and suffix not in list(ExportFormat):
        raise UsageError(
            f"There is no export as .{printable(suffix)}. End the name in .csv, .xlsx or .jsonl (a JSON object a "
            "line), or add --format."
        )
    return ExportFormat(suffix) if suffix else ExportFormat.CSV


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    """The target as bytes: standard output, a pipe or device, or a new file that appears whole or not at all."""
    if output is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    output = Path(os.path.realpath(output))  # a link stays one
    if output.exists() and not output.is_file() and not output.is_dir():
        with output.open("wb") as file:
            yield file
        return
    temporary = output.with_name(f".{output.name[:200]}.{os.getpid()}.part")
    try:
        with temporary.open("xb") as file:
            yield file
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
