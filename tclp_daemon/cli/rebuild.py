"""`tclp-daemon rebuild`: a new task database where the old one is lost, or an old one brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tclp_daemon.cli.base import ConfigOption, Settings, fail, settings
from tclp_daemon.cli.words import count, printable

if TYPE_CHECKING:
    from tclp_daemon.config import Config


def rebuild(
    ctx: typer.Context,
    merge: Annotated[
        bool, typer.Option("--merge", help="Keep the database, restored from a backup, and add what happened since.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Make a new task database from the outbox and the spool. For when the old one is lost or damaged.

    Example: tclp-daemon rebuild --merge
    """
    from tclp_daemon.outbox.marker import OutboxUnavailable
    from tclp_daemon.service.startup import StateLock, check_user, prepare_state

    options = settings(ctx, config)
    loaded = options.config()
    check_user(loaded.state.path)
    prepare_state(loaded.state.path)
    with StateLock(loaded.state.path):
        try:
            _merge(options) if merge else _rebuild(loaded)
        except OutboxUnavailable as problem:
            fail(f"The outbox {loaded.outbox.path} cannot be read: {problem}", "Mount the share and run it again.")


def _rebuild(config: Config) -> None:
    from tclp_daemon.admin.rebuild import rebuild as rebuild_store

    done = rebuild_store(config, _skipped)
    typer.echo(
        f"{count(done.finished, 'finished task')} restored, {done.queued:,} queued again, "
        f"{done.recovered_from_spool:,} recovered from the spool, {count(done.skipped, 'sidecar')} skipped."
    )


def _merge(options: Settings) -> None:
    from tclp_daemon.admin.merge import merge

    with options.store_to_write() as store:
        done = merge(options.config(), store, _skipped)
    typer.echo(
        f"{count(done.finished, 'finished task')} added, {done.taken_over:,} updated, {done.queued:,} queued, "
        f"{done.lost:,} without a file, {count(done.skipped, 'sidecar')} skipped."
    )


def _skipped(name: str, why: str) -> None:
    typer.echo(f"Skipped: {printable(name)}: {why}", err=True)
