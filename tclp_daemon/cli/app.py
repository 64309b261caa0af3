"""The typer application, the global options, and the one place where errors become exit codes."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tclp_daemon import __version__
from tclp_daemon.cli.streams import give_up_stdout, prepare_streams
from tclp_daemon.errors import ConfigError, ContractError, UsageError

if TYPE_CHECKING:
    from tclp_daemon.config import Config
    from tclp_daemon.store import ReadOnlyStore, Store

app = typer.Typer(
    name="tclp-daemon",
    help="Finds climate-aligned language in contracts: drop a file in the inbox, read the report in the outbox.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="Configuration file [default: $TCLP_CONFIG, then /etc/tclp-daemon/config.toml]."
    ),
]


class Exit(IntEnum):
    """What the exit code says."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    TASK_FAILED = 3
    NOT_FOUND = 4


class NotFound(UsageError):
    """What was asked for does not exist."""


@dataclass
class Settings:
    """The global options, and what commands get from them."""

    config_path: Path | None = None
    debug: bool = False
    _config: Config | None = field(default=None, repr=False)

    def config(self) -> Config:
        """The configuration; read once.

        Raises:
            ConfigError: it cannot be read or is wrong.
        """
        from tclp_daemon.config import find_config, load_config

        if self._config is None:
            self._config = load_config(find_config(self.config_path, os.environ))
        return self._config

    def store(self) -> ReadOnlyStore:
        """The task store, to look at it.

        Raises:
            ConfigError: there is none, it is damaged, or of another version.
        """
        from tclp_daemon.service.startup import check_database
        from tclp_daemon.store import ReadOnlyStore

        state = self.config().state.path
        check_database(state)
        return ReadOnlyStore(state)

    def store_to_write(self) -> Store:
        """The task store, to change it; brings one of an older version up to date.

        Raises:
            ConfigError: there is none (only the daemon and `rebuild` make one), it is damaged, or of a newer version.
        """
        from tclp_daemon.store import OlderDatabase, Store

        with contextlib.suppress(OlderDatabase):
            self.store().close()
        return Store(self.config().state.path)


# Options given after the command replace those before it; `main` needs them when an exception arrives.
_settings = Settings()


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
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Finds climate-aligned language in contracts."""
    _settings.config_path = config
    _settings.debug = debug
    ctx.obj = _settings


def settings(ctx: typer.Context, config: Path | None) -> Settings:
    """The settings of a command that takes --config itself."""
    found: Settings = ctx.obj
    if config is not None:
        found.config_path = config
    return found


def fail(message: str, advice: str = "", code: Exit = Exit.FAILURE) -> NoReturn:
    """Ends the command with one sentence and an advice on stderr."""
    typer.echo(f"{_red('Error:')} {message}", err=True)
    if advice:
        typer.echo(f"Advice: {advice}", err=True)
    raise SystemExit(code)


def main() -> None:
    """The console script."""
    prepare_streams()
    _register()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here, where a full disk can still be told in one sentence
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
            give_up_stdout()  # the reader of a pipe left; not our failure
            raise SystemExit(Exit.OK)
        case KeyboardInterrupt():
            raise SystemExit(130)
        case OSError():
            give_up_stdout()
            fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.")
    raise error


def _red(text: str) -> str:
    return typer.style(text, fg="red", bold=True) if sys.stderr.isatty() and "NO_COLOR" not in os.environ else text


def _register() -> None:
    """Imports the command modules, each of which adds itself to `app`."""
    from tclp_daemon.cli import admin, analyze, demo, evaluate, export, run, schema, submit, tasks, watch

    assert all((admin, analyze, demo, evaluate, export, run, schema, submit, tasks, watch))
