"""Asking the store: task, list, retry, cleanup. None of them needs the daemon to run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tclp_daemon.cli.app import ConfigOption, Exit, NotFound, app, settings
from tclp_daemon.errors import ConfigError, UsageError
from tclp_daemon.system.files import readable

if TYPE_CHECKING:
    from tclp_daemon.store import Store
    from tclp_daemon.task import Task

JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


_HEADS = ("ID", "STATUS", "DONE", "VERDICT", "FINDINGS", "AGE", "FILE")
# Tasks that are shown, or forgotten, at a time.
_PAGE = 500
# Enough to say that a word means more than one task.
_MANY = 100


class StatusFilter(StrEnum):
    """A task's status."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


@app.command()
def task(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="ID", help="Task id, the beginning of one, or a file name.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show one task. Exit code 3 if it failed, 4 if there is none."""
    import json

    from tclp_daemon.outbox.sidecar import result_of, sidecar_of

    store = settings(ctx, config).store()
    found = find_one(store, key)
    status = sidecar_of(found).model_dump(mode="json")
    result = result_of(found)
    if as_json:
        if result is not None:
            status["result"] = result.model_dump(mode="json")
        typer.echo(json.dumps(status | {"events": store.events(found.task_id)}, indent=2))
    else:
        _show(found, status, result)
    if found.status == "failed":
        raise typer.Exit(Exit.TASK_FAILED)


@app.command("list")
def list_tasks(
    ctx: typer.Context,
    status: Annotated[StatusFilter | None, typer.Option("--status", "-s", help="Only this status.")] = None,
    since: Annotated[str | None, typer.Option(help="Only since: 2h, 3d, 1w, or a date such as 2026-01-31.")] = None,
    name: Annotated[str | None, typer.Option("--name", "-n", help="Only names that contain this.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="At most so many; 0 for all.")] = 50,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List tasks, newest first."""
    from tclp_daemon.task import Status

    store = settings(ctx, config).store()
    tasks = store.newest(
        status=Status(status.value) if status else None,
        since=parse_since(since),
        name=readable(name) if name else None,
        limit=limit or -1,
    )
    if as_json:
        from tclp_daemon.cli.output import JsonList
        from tclp_daemon.outbox.sidecar import sidecar_of

        listed = JsonList()
        for found in tasks:
            listed.add(sidecar_of(found).model_dump(mode="json"))
        listed.end()
        return
    shown, widths = 0, [0] * (len(_HEADS) - 1)
    while rows := list(map(_row, islice(tasks, _PAGE))):
        if not shown:
            rows.insert(0, _HEADS)
            shown = -1
        # As wide as what is on the page: a long list is written page by page.
        widths = [max(width, *(len(row[i]) for row in rows)) for i, width in enumerate(widths)]
        cells = ([cell.ljust(width) for cell, width in zip(row, widths, strict=False)] for row in rows)
        typer.echo("\n".join("  ".join([*line, row[-1]]) for line, row in zip(cells, rows, strict=True)))
        shown += len(rows)
    if not shown:
        typer.echo("No tasks.")
    elif shown == limit:
        typer.echo(f"(the newest {limit}; --limit 0 shows all)", err=True)


@app.command()
def retry(
    ctx: typer.Context,
    keys: Annotated[list[str], typer.Argument(metavar="ID...", help="Failed tasks.")],
    config: ConfigOption = None,
) -> None:
    """Queue failed tasks again: all that can be. Exit code 4 if there is no such task, 2 if it is not to be retried."""
    store = settings(ctx, config).store(read_only=False)
    codes: set[Exit] = set()
    done: set[str] = set()
    for key in keys:
        try:
            task_id = _retry(store, key, done)
        except UsageError as error:
            codes.add(Exit.NOT_FOUND if isinstance(error, NotFound) else Exit.USAGE)
            typer.echo(f"Error: {error}", err=True)
            continue
        done.add(task_id)
        typer.echo(f"{task_id} queued again")
    if codes:
        raise typer.Exit(codes.pop() if len(codes) == 1 else Exit.FAILURE)


def _retry(store: Store, key: str, done: set[str]) -> str:
    from tclp_daemon.task import Status

    found = find_one(store, key)
    if found.task_id in done:
        return found.task_id
    if found.status is Status.FAILED and found.sha256 is None:
        raise UsageError(
            f"The bytes of task {found.task_id} were never read, so there is nothing to try again. "
            f"Drop {printable(found.file)} again."
        )
    if not store.retry_task(found.task_id):
        raise UsageError(f"Task {found.task_id} is {found.status}; only failed tasks can be retried.")
    return found.task_id


@app.command()
def cleanup(
    ctx: typer.Context,
    days: Annotated[
        float | None,
        typer.Option(min=0, max=36_500, help="Forget tasks finished longer ago. [default: as [retention] says]"),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Forget old finished tasks. Their files in the outbox stay."""
    import contextlib

    from tclp_daemon.service.startup import StateLock

    options = settings(ctx, config)
    store = options.store(read_only=False)
    completed, failed = options.config().retention.ages if days is None else (days, days)
    removed = 0
    while batch := store.cleanup_old_tasks(completed, failed, limit=_PAGE):
        removed += batch
    with contextlib.suppress(ConfigError):  # a daemon runs, and would wait
        lock = StateLock(options.config().state.path)
        try:
            store.compact()
        finally:
            lock.release()
    typer.echo(f"{removed} tasks forgotten; their files stay in the outbox")


def find_one(store: Store, key: str) -> Task:
    """The one task that a full id, a unique prefix or a file name means; of one file the newest.

    Raises:
        NotFound: none.
        UsageError: a prefix of several.
    """
    key = readable(key)
    found = store.find_tasks(key, limit=_MANY)
    if not found:
        raise NotFound(f"There is no task '{printable(key)}'. 'tclp-daemon list' shows those there are.")
    if len({t.file for t in found}) > 1:
        several = ", ".join(t.task_id[:13] for t in found[:5])
        number = len(found) if len(found) < _MANY else "many"
        raise UsageError(f"'{printable(key)}' means {number} tasks ({several}). Give more of the id.")
    return found[0]


def parse_since(text: str | None) -> datetime | None:
    """`2h`, `3d`, `1w` ago, or an ISO date or time.

    Raises:
        UsageError: neither.
    """
    if text is None:
        return None
    units = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
    try:
        if text[-1:] in units:
            return datetime.now(UTC) - timedelta(**{units[text[-1]]: float(text[:-1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise UsageError(f"--since {text!r} is no time. Write 2h, 3d, 1w or a date such as 2026-01-31.") from None
    return moment if moment.tzinfo else moment.astimezone()


def _row(task: Task) -> tuple[str, ...]:
    return (
        *(task.task_id[:8], task.status.value, f"{task.progress} %", verdict(task), str(findings(task)), age(task)),
        printable(task.file),
    )


def verdict(task: Task) -> str:
    """The classification of a completed task, or its error code."""
    if task.result is not None:
        return str(task.result["classification"])
    return task.error_code.value if task.error_code else "-"


def noun(number: int | str) -> str:
    """What so many findings are called."""
    return "finding" if number == 1 else "findings"


def findings(task: Task) -> int | str:
    """Number of findings of a completed task."""
    return len(task.result["findings"]) if task.result is not None else "-"


def age(task: Task) -> str:
    """How long ago the task was accepted, in its largest unit."""
    seconds = max(0, int((datetime.now(UTC) - task.created_at).total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def printable(text: str) -> str:
    """A name on one line without control or direction characters that could deceive a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _show(found: Task, status: dict[str, Any], result: Any) -> None:
    lines = {
        "task": found.task_id,
        "file": printable(found.file),
        "status": f"{found.status.value} ({found.progress} %, {found.stage.value}, attempt {found.attempt})",
        "accepted": status["created_at"],
        "finished": status["finished_at"],
        "note": found.note,
        "error": f"{found.error} [{found.error_code}]" if found.error else None,
        "advice": found.advice,
        "verdict": f"{result.classification} ({len(result.findings)} {noun(len(result.findings))})" if result else None,
    }
    for name, value in lines.items():
        if value:
            typer.echo(f"{name:9} {value}")
    for finding in result.findings if result else ():
        where = ", ".join(
            filter(
                None,
                (f"page {finding.page}" if finding.page else "", f"clause {finding.clause}" if finding.clause else ""),
            )
        )
        typer.echo(
            f"  {finding.probability:.0%}  {where or f'paragraph {finding.paragraph}'}: {printable(finding.text[:200])}"
        )
