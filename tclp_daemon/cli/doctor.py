"""`tclp-daemon doctor`: is everything in place?"""

from __future__ import annotations

import typer

from tclp_daemon.cli.base import ConfigOption, Exit, JsonOption, settings


def doctor(ctx: typer.Context, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Check configuration, directories, database, model and watcher. Exit code 1 if a check fails.

    Example: tclp-daemon doctor --json
    """
    import json
    from dataclasses import asdict

    from tclp_daemon.admin.doctor import Health, examine
    from tclp_daemon.system.logs import configure_logging

    loaded = settings(ctx, config).config()
    configure_logging("error", "console")
    marks = {Health.OK: "ok     ", Health.WARNING: "WARNING", Health.FAILED: "FAILED "}
    checks = []
    for check in examine(loaded):
        checks.append(check)
        if not as_json:
            typer.echo(f"{marks[check.health]}  {check.name:13} {check.message}")
            if check.advice and check.health is not Health.OK:
                typer.echo(f"{'':24}-> {check.advice}")
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=2))
    if any(check.health is Health.FAILED for check in checks):
        raise typer.Exit(Exit.FAILURE)
