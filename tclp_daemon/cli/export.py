"""`tclp-daemon export`: one row per contract, for a spreadsheet or another program."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from tclp_daemon.cli.base import ConfigOption, settings
from tclp_daemon.cli.lookup import parse_since
from tclp_daemon.cli.words import printable
from tclp_daemon.errors import UsageError

if TYPE_CHECKING:
    from tclp_daemon.task import Task


class ExportFormat(StrEnum):
    """The format of the exported file."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"


def export(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option(help="Only contracts accepted in the last 2h, 3d or 1w, or since 2026-01-31.")
    ] = None,
    format: Annotated[
        ExportFormat | None, typer.Option("--format", "-f", help="[default: from the name of --output, else csv]")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; '-' is standard output.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write one row per contract. xlsx has the findings on a second sheet, jsonl in each line.

    Example: tclp-daemon export --since 1w --output contracts.xlsx
    """
    if output == Path("-"):
        output = None
    format = format or _format_of(output)
    if format is ExportFormat.XLSX and output is None and sys.stdout.isatty():
        raise UsageError("Will not write a workbook to a terminal. Name a file: --output contracts.xlsx")
    start = parse_since(since)
    tasks = settings(ctx, config).store().iterate(since=start)
    with _opened(output) as binary:
        _write(tasks, binary, format, to_file=output is not None)


def _write(tasks: Iterator[Task], binary: IO[bytes], format: ExportFormat, *, to_file: bool) -> None:
    from tclp_daemon.report.exports import write_csv, write_jsonl, write_xlsx
    from tclp_daemon.report.portfolio import row_of

    if format is ExportFormat.XLSX:
        write_xlsx(tasks, binary)
        return
    # A file gets the byte order mark that spreadsheets need; a pipe gets none, because programs trip over it.
    encoding = "utf-8-sig" if format is ExportFormat.CSV and to_file else "utf-8"
    with open(os.dup(binary.fileno()), "w", encoding=encoding, errors="replace", newline="") as text:
        if format is ExportFormat.CSV:
            write_csv(map(row_of, tasks), text)
        else:
            write_jsonl(tasks, text)


def _format_of(output: Path | None) -> ExportFormat:
    """From the file's suffix; CSV if it has none.

    Raises:
        UsageError: the suffix is that of another format.
    """
    suffix = output.suffix.lower().lstrip(".") if output is not None else ""
    if suffix and suffix not in list(ExportFormat):
        raise UsageError(
            f"Cannot export to .{printable(suffix)}. Use a name that ends in .csv, .xlsx or .jsonl (one JSON object "
            "per line), or add --format."
        )
    return ExportFormat(suffix) if suffix else ExportFormat.CSV


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    """The target as bytes: standard output, a pipe or device, or a file that appears complete or not at all."""
    if output is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    output = Path(os.path.realpath(output))  # where it is a symlink, the symlink stays and its target is replaced
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
