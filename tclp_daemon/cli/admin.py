"""For the administrator: doctor, verify, rebuild."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from tclp_daemon.cli.app import ConfigOption, Exit, app, fail, settings
from tclp_daemon.cli.tasks import JsonOption, printable


@app.command()
def doctor(ctx: typer.Context, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Check configuration, folders, database, model and watcher. Exit code 1 if a check fails."""
    import json

    from tclp_daemon.doctor import Verdict, examine
    from tclp_daemon.logs import configure_logging

    loaded = settings(ctx, config).config()
    configure_logging("error", "console")
    checks = []
    for check in examine(loaded):
        checks.append(check)
        if not as_json:
            mark = {Verdict.OK: "ok     ", Verdict.WARNING: "WARNING", Verdict.FAILED: "FAILED "}[check.verdict]
            typer.echo(f"{mark}  {check.name:13} {check.message}")
            if check.advice and check.verdict is not Verdict.OK:
                typer.echo(f"{'':24}-> {check.advice}")
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=2))
    if any(check.verdict is Verdict.FAILED for check in checks):
        raise typer.Exit(Exit.FAILURE)


@app.command()
def verify(
    ctx: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Mend from the store what can be mended.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Prove that inbox, spool, store and outbox balance. Exit code 1 on any gap."""
    import json

    from tclp_daemon.outbox.marker import OutboxUnavailable
    from tclp_daemon.startup import check_user
    from tclp_daemon.verify import find_gaps
    from tclp_daemon.verify import repair as mend

    loaded = settings(ctx, config).config()
    if repair:
        check_user(loaded.state.path)
    store = settings(ctx, config).store(read_only=not repair)
    try:
        gaps = list(find_gaps(loaded, store))
    except OutboxUnavailable as problem:
        fail(
            f"The outbox {loaded.outbox.path} cannot be compared with the store: {problem}",
            "Mount the share. If it is mounted, see 'The outbox's marker is missing' in docs/howto/administer.md.",
        )
    mended = mend(gaps, store, loaded) if repair and gaps else 0
    if as_json:
        typer.echo(json.dumps({"gaps": [asdict(gap) for gap in gaps], "mended": mended}, indent=2))
    else:
        for gap in gaps:
            typer.echo(f"{gap.kind:18} {printable(gap.where)}  {printable(gap.message)}")
        tasks = sum(store.counts().values())
        typer.echo(f"{tasks} tasks, {len(gaps)} gaps{f', {mended} mended' if repair else ''}.")
        if gaps and not repair:
            typer.echo("Advice: tclp-daemon verify --repair publishes anew what the store can give back.", err=True)
    if len(gaps) > mended:
        raise typer.Exit(Exit.FAILURE)


@app.command()
def rebuild(ctx: typer.Context, config: ConfigOption = None) -> None:
    """Make a new task database from the outbox and the spool, when the old one is lost or damaged."""
    from tclp_daemon.errors import ConfigError
    from tclp_daemon.rebuild import rebuild as make_anew
    from tclp_daemon.startup import check_user, prepare_state, running_pid

    loaded = settings(ctx, config).config()
    check_user(loaded.state.path)
    if (pid := running_pid(loaded.state.path)) is not None:
        raise ConfigError(f"A daemon (pid {pid}) uses this state directory. Stop it first.")
    prepare_state(loaded.state.path)
    done = make_anew(loaded)
    typer.echo(
        f"{done.finished} finished tasks taken over, {done.queued} queued again, "
        f"{done.recovered_from_spool} recovered from the spool, {done.passed_over} sidecars passed over."
    )
