"""`tclp-daemon task`: one task, with its findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tclp_daemon.cli.base import ConfigOption, Exit, JsonOption, settings
from tclp_daemon.cli.lookup import find_task
from tclp_daemon.cli.outcome import in_words, lines
from tclp_daemon.cli.words import printable
from tclp_daemon.task import Status, iso

if TYPE_CHECKING:
    from tclp_daemon.result import ContractResult
    from tclp_daemon.task import Task


def task(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="ID", help="Task id, the beginning of one, or a file name.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show one task. Exit code 3 if it failed, 4 if there is no such task.

    Example: tclp-daemon task nda.pdf --json
    """
    import json

    from tclp_daemon.outbox.sidecar import result_of, sidecar_of

    store = settings(ctx, config).store()
    found = find_task(store, key)
    result = result_of(found)
    if as_json:
        status = sidecar_of(found).model_dump(mode="json")
        if result is not None:
            status["result"] = result.model_dump(mode="json")
        typer.echo(json.dumps(status | {"events": store.events(found.task_id)}, indent=2))
    else:
        _show(found, result)
    if found.status is Status.FAILED:
        raise typer.Exit(Exit.TASK_FAILED)


def _show(task: Task, result: ContractResult | None) -> None:
    facts = {
        "task": task.task_id,
        "file": printable(task.file),
        "status": f"{task.status.value} ({task.progress} %, {task.stage}, attempt {task.attempt})",
        "accepted": iso(task.created_at),
        "finished": iso(task.finished_at) if task.finished_at else None,
        "note": task.note,
        "error": f"{task.error} [{task.error_code}]" if task.error else None,
        "advice": task.advice,
        "verdict": in_words(result) if result else None,
    }
    for name, value in facts.items():
        if value:
            typer.echo(f"{name:9} {value}")
    for warning in result.warnings if result else ():
        typer.echo(f"{'note':9} {printable(warning.message)} {warning.advice}")
    for line in lines(result) if result else ():
        typer.echo(line)
