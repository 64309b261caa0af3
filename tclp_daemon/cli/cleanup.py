"""`tclp-daemon cleanup`: the store forgets old tasks."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from tclp_daemon.cli.base import ConfigOption, settings
from tclp_daemon.cli.words import count
from tclp_daemon.errors import ConfigError

# Tasks that are forgotten at a time, so that a running daemon can write in between.
_BATCH = 500


def cleanup(
    ctx: typer.Context,
    days: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=36_500,
            help="Forget tasks finished more than this many days ago [default: as in [retention]].",
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Forget old finished tasks. Their files stay in the outbox.

    Example: tclp-daemon cleanup --days 30
    """
    from tclp_daemon.service.startup import StateLock

    options = settings(ctx, config)
    store = options.store_to_write()
    completed, failed = options.config().retention.ages if days is None else (days, days)
    removed = 0
    while batch := store.cleanup_old_tasks(completed, failed, limit=_BATCH):
        removed += batch
    # Not while a daemon is running, for compacting would hold it up.
    with contextlib.suppress(ConfigError), StateLock(options.config().state.path):
        store.compact()
    typer.echo(f"{count(removed, 'task')} forgotten; the files stay in the outbox.")
