"""The application: the commands put together, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import sqlite3
import sys
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer

from tclp_daemon import __version__
from tclp_daemon.cli.analyze import analyze
from tclp_daemon.cli.base import ConfigOption, Exit, NotFound, Settings, fail
from tclp_daemon.cli.cleanup import cleanup
from tclp_daemon.cli.demo import demo
from tclp_daemon.cli.doctor import doctor
from tclp_daemon.cli.evaluate import evaluate
from tclp_daemon.cli.export import export
from tclp_daemon.cli.list import list_tasks
from tclp_daemon.cli.rebuild import rebuild
from tclp_daemon.cli.retry import retry
from tclp_daemon.cli.run import run
from tclp_daemon.cli.schema import schema
from tclp_daemon.cli.streams import give_up_stdout, prepare_streams
from tclp_daemon.cli.submit import submit
from tclp_daemon.cli.task import task
from tclp_daemon.cli.verify import verify
from tclp_daemon.cli.watch import watch
from tclp_daemon.errors import ConfigError, ContractError, UsageError

# In the order in which --help lists them.
_COMMANDS: dict[str, Callable[..., None]] = {
    "run": run, "submit": submit, "task": task, "list": list_tasks, "watch": watch, "retry": retry, "cleanup": cleanup,
    "export": export, "analyze": analyze, "evaluate": evaluate, "doctor": doctor, "verify": verify, "rebuild": rebuild,
    "demo": demo, "schema": schema,
}  # fmt: skip
_ADVICE = {
    errno.ENOSPC: "Free some space and try again.",
    errno.ENOENT: "Check the name.",
    errno.EACCES: "Check the permissions, or run the command as the daemon's user.",
}
# Options given after the command replace those before it; `main` needs them when an exception arrives.
_settings = Settings()

app = typer.Typer(
    name="tclp-daemon",
    help="Finds climate-aligned language in contracts: drop a file in the inbox, read the report in the outbox.",
    epilog="Example: tclp-daemon submit --wait nda.pdf",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"tclp-daemon {__version__}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    config: ConfigOption = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Finds climate-aligned language in contracts."""
    _settings.config_path = config
    _settings.debug = debug
    ctx.obj = _settings


def main() -> None:
    """The console script."""
    prepare_streams()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here, where a full disk can still be reported in one sentence
    except (ConfigError, UsageError, ContractError, OSError, KeyboardInterrupt, sqlite3.DatabaseError) as error:
        if _settings.debug:
            raise
        _end(error)


def _end(error: BaseException) -> NoReturn:
    match error:
        case NotFound():
            fail(str(error), code=Exit.NOT_FOUND)
        case ConfigError() | UsageError():
            fail(str(error), code=Exit.USAGE)
        case ContractError():
            fail(error.message, error.advice, Exit.TASK_FAILED)
        case sqlite3.DatabaseError():
            from tclp_daemon.store import DATABASE, trouble

            fail(str(trouble(_settings.config().state.path / DATABASE, error)), code=Exit.USAGE)
        case BrokenPipeError():
            give_up_stdout()  # whoever read the pipe has gone; that is not a failure of the command
            raise SystemExit(Exit.OK)
        case KeyboardInterrupt():
            raise SystemExit(130)
        case OSError():
            give_up_stdout()
            message = f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}."
            fail(message, _ADVICE.get(error.errno or 0, "Check the disk or share it is on, then try again."))
    raise error
