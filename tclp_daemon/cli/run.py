"""`tclp-daemon run`: the daemon itself, in the foreground; systemd or you look after the rest."""

from __future__ import annotations

import typer

from tclp_daemon.cli.app import ConfigOption, app, fail, settings


@app.command()
def run(ctx: typer.Context, config: ConfigOption = None) -> None:
    """Watch the inbox until SIGTERM or Ctrl-C; then finish what runs and stop."""
    import faulthandler

    from tclp_daemon.service.daemon import Daemon, DaemonFailed
    from tclp_daemon.system.logs import configure_logging

    loaded = settings(ctx, config).config()
    configure_logging(loaded.log.level, loaded.log.format)
    # Where each thread is, when the service manager's watchdog ends a daemon that hangs: it sends SIGABRT.
    faulthandler.enable()
    try:
        Daemon(loaded).run()
    except DaemonFailed as failure:
        fail(str(failure), "Read the lines above in the journal; systemd starts the daemon again.")
