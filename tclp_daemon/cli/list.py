"""`tclp-daemon list`: the tasks, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from tclp_daemon.cli.base import ConfigOption, JsonOption, settings
from tclp_daemon.cli.lookup import parse_since
from tclp_daemon.cli.words import age, findings, printable, verdict
from tclp_daemon.system.files import readable
from tclp_daemon.task import Status

if TYPE_CHECKING:
    from tclp_daemon.task import Task

_HEADS = ("ID", "STATUS", "DONE", "VERDICT", "FINDINGS", "AGE", "FILE")
# A long list is written page by page: it is neither held in memory nor waited for.
_PAGE = 500


def list_tasks(
    ctx: typer.Context,
    status: Annotated[Status | None, typer.Option("--status", "-s", help="Only tasks with this status.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only tasks accepted in the last 2h, 3d or 1w, or since 2026-01-31.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", "-n", help="Only tasks whose file name contains this text.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Maximum number of tasks; 0 shows all.")] = 50,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List tasks, newest first.

    Example: tclp-daemon list --status failed --since 3d
    """
    store = settings(ctx, config).store()
    tasks = store.newest(
        status=status, since=parse_since(since), name=readable(name) if name else None, limit=limit or -1
    )
    if as_json:
        _print_json(tasks)
        return
    shown = _print_table(tasks)
    if not shown:
        typer.echo("No tasks.")
    elif shown == limit:
        typer.echo(f"(the newest {limit}; --limit 0 shows all)", err=True)


def _print_json(tasks: Iterator[Task]) -> None:
    from tclp_daemon.cli.output import JsonList
    from tclp_daemon.outbox.sidecar import sidecar_of

    listed = JsonList()
    for task in tasks:
        listed.add(sidecar_of(task).model_dump(mode="json"))
    listed.end()


def _print_table(tasks: Iterator[Task]) -> int:
    """Prints a page at a time, its columns at least as wide as those of the page before; the number of tasks."""
    shown, widths = 0, [0] * len(_HEADS)
    while page := [_cells(task) for task in islice(tasks, _PAGE)]:
        rows = page if shown else [_HEADS, *page]
        widths = [max(width, *map(len, column)) for width, column in zip(widths, zip(*rows, strict=True), strict=True)]
        widths[-1] = 0  # nothing stands behind the last column
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
        typer.echo("\n".join(lines))
        shown += len(page)
    return shown


def _cells(task: Task) -> tuple[str, ...]:
    return (
        task.task_id[:8], task.status.value, f"{task.progress} %", verdict(task), findings(task), age(task.created_at),
        printable(task.file),
    )  # fmt: skip
