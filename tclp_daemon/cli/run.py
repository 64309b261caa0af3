"""`tclp-daemon run`: the daemon itself, in the foreground. Starting and restarting it is up to systemd, or to you."""

from __future__ import annotations

import typer

from tclp_daemon.cli.base import ConfigOption, fail, settings


def run(ctx: typer.Context, config: ConfigOption = None) -> None:
    """Run the daemon until SIGTERM or Ctrl-C. Then finish the running contracts and stop.

    Example: tclp-daemon run --config /etc/tclp-daemon/config.toml
    """
    import faulthandler

    from tclp_daemon.service.daemon import Daemon, DaemonFailed
    from tclp_daemon.system.logs import configure_logging

    loaded = settings(ctx, config).config()
    configure_logging(loaded.log.level, loaded.log.format)
    # Shows where each thread is when the service manager's watchdog ends a daemon that hangs: it sends SIGABRT.
    faulthandler.enable()
    try:
        Daemon(loaded).run()
    except DaemonFailed as failure:
        fail(str(failure), "Read the log lines before this one. Under systemd the daemon is restarted.")
