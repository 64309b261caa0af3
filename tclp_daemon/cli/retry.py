"""`tclp-daemon retry`: failed tasks are queued again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tclp_daemon.cli.base import ConfigOption, Exit, NotFound, settings
from tclp_daemon.cli.lookup import find_task
from tclp_daemon.cli.words import printable
from tclp_daemon.errors import UsageError
from tclp_daemon.task import Status

if TYPE_CHECKING:
    from tclp_daemon.store import Store


def retry(
    ctx: typer.Context,
    keys: Annotated[list[str], typer.Argument(metavar="ID...", help="Failed tasks, by id or file name.")],
    config: ConfigOption = None,
) -> None:
    """Queue failed tasks again. Exit code 4 if a task does not exist, 2 if it cannot be retried.

    Of several, all that can be retried are queued; exit code 1 if the others have different reasons.

    Example: tclp-daemon retry 5b0f12ab
    """
    store = settings(ctx, config).store_to_write()
    codes: set[Exit] = set()
    queued: set[str] = set()
    for key in keys:
        try:
            task_id = _retry(store, key, queued)
        except UsageError as error:
            codes.add(Exit.NOT_FOUND if isinstance(error, NotFound) else Exit.USAGE)
            typer.echo(f"Error: {error}", err=True)
            continue
        queued.add(task_id)
        typer.echo(f"{task_id} queued again")
    if codes:
        raise typer.Exit(codes.pop() if len(codes) == 1 else Exit.FAILURE)


def _retry(store: Store, key: str, queued: set[str]) -> str:
    """Queues one task, unless that was done before; its id.

    Raises:
        NotFound: there is no such task.
        UsageError: it cannot be retried.
    """
    found = find_task(store, key)
    if found.task_id in queued:
        return found.task_id
    if found.status is Status.FAILED and found.sha256 is None:
        raise UsageError(
            f"The file of task {found.task_id} was never read, so there is nothing to retry. "
            f"Drop {printable(found.file)} again."
        )
    if not store.retry_task(found.task_id):
        raise UsageError(
            f"Task {found.task_id} is {found.status}; only failed tasks can be retried. "
            "To see those: tclp-daemon list --status failed"
        )
    return found.task_id
