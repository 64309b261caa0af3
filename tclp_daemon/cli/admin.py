"""For the administrator: doctor, verify, rebuild."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from tclp_daemon.cli.app import ConfigOption, Exit, Settings, app, fail, settings
from tclp_daemon.cli.output import JsonList
from tclp_daemon.cli.tasks import JsonOption, printable

# Gaps that are told of, and mended, at a time.
_AT_ONCE = 500


@app.command()
def doctor(ctx: typer.Context, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Check configuration, folders, database, model and watcher. Exit code 1 if a check fails."""
    import json

    from tclp_daemon.admin.doctor import Health, examine
    from tclp_daemon.system.logs import configure_logging

    loaded = settings(ctx, config).config()
    configure_logging("error", "console")
    checks = []
    for check in examine(loaded):
        checks.append(check)
        if not as_json:
            mark = {Health.OK: "ok     ", Health.WARNING: "WARNING", Health.FAILED: "FAILED "}[check.health]
            typer.echo(f"{mark}  {check.name:13} {check.message}")
            if check.advice and check.health is not Health.OK:
                typer.echo(f"{'':24}-> {check.advice}")
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=2))
    if any(check.health is Health.FAILED for check in checks):
        raise typer.Exit(Exit.FAILURE)


@app.command()
def verify(
    ctx: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Mend from the store what can be mended.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Prove that inbox, spool, store and outbox balance. Exit code 1 on any gap."""
    from itertools import islice

    from tclp_daemon.admin.repair import repair as mend
    from tclp_daemon.admin.verify import find_gaps
    from tclp_daemon.outbox.marker import OutboxUnavailable
    from tclp_daemon.service.startup import check_user

    loaded = settings(ctx, config).config()
    if repair:
        check_user(loaded.state.path)
    writable = settings(ctx, config).store_to_write() if repair else None
    store = writable or settings(ctx, config).store()
    gaps = find_gaps(loaded, store)
    found = mended = 0
    listed = JsonList("gaps") if as_json else None
    try:
        while batch := list(islice(gaps, _AT_ONCE)):
            for gap in batch:
                if listed is not None:
                    listed.add(asdict(gap))
                else:
                    typer.echo(f"{gap.kind:18} {printable(gap.where)}  {printable(gap.message)}")
            found += len(batch)
            mended += mend(batch, writable, loaded) if writable else 0
    except OutboxUnavailable as problem:
        fail(
            f"The outbox {loaded.outbox.path} cannot be compared with the store: {problem}",
            "Mount the share. If it is mounted, see 'The outbox's marker is missing' in docs/howto/administer.md.",
        )
    if listed is not None:
        listed.end(mended=mended)
    else:
        tasks = sum(store.counts().values())
        typer.echo(f"{tasks} tasks, {found} gaps{f', {mended} mended' if repair else ''}.")
        if found and not repair:
            typer.echo("Advice: tclp-daemon verify --repair publishes again what the store can give back.", err=True)
    if found > mended:
        raise typer.Exit(Exit.FAILURE)


@app.command()
def rebuild(
    ctx: typer.Context,
    merge: Annotated[
        bool, typer.Option("--merge", help="Keep the database, a backup, and add what the outbox knows since.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Make a new task database from the outbox and the spool, when the old one is lost or damaged."""
    from tclp_daemon.outbox.marker import OutboxUnavailable
    from tclp_daemon.service.startup import StateLock, check_user, prepare_state

    loaded = settings(ctx, config).config()
    check_user(loaded.state.path)
    prepare_state(loaded.state.path)
    lock = StateLock(loaded.state.path)
    try:
        if merge:
            _merge(settings(ctx, config))
        else:
            from tclp_daemon.admin.rebuild import rebuild as make_anew

            done = make_anew(loaded, _passed_over)
            typer.echo(
                f"{done.finished} finished tasks taken over, {done.queued} queued again, "
                f"{done.recovered_from_spool} recovered from the spool, {done.passed_over} sidecars passed over."
            )
    except OutboxUnavailable as problem:
        fail(f"The outbox {loaded.outbox.path} cannot be read: {problem}", "Mount the share and run it again.")
    finally:
        lock.release()


def _merge(options: Settings) -> None:
    from tclp_daemon.admin.merge import merge

    with options.store_to_write() as store:
        done = merge(options.config(), store, _passed_over)
    typer.echo(
        f"{done.finished} finished tasks added, {done.taken_over} brought up to date, {done.queued} queued, "
        f"{done.lost} whose bytes are lost, {done.passed_over} sidecars passed over."
    )


def _passed_over(name: str, why: str) -> None:
    typer.echo(f"passed over: {printable(name)}: {why}", err=True)
