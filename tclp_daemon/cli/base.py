"""What every command has: the global options, the configuration and store they lead to, exit codes, and failing."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tclp_daemon.errors import UsageError

if TYPE_CHECKING:
    from tclp_daemon.config import Config
    from tclp_daemon.store import ReadOnlyStore, Store

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="Configuration file [default: $TCLP_CONFIG, then /etc/tclp-daemon/config.toml]."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


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
        """The task store, to read from.

        Raises:
            ConfigError: there is none, it is damaged, or it is of another version.
        """
        from tclp_daemon.service.startup import check_database
        from tclp_daemon.store import ReadOnlyStore

        state = self.config().state.path
        check_database(state)
        return ReadOnlyStore(state)

    def store_to_write(self) -> Store:
        """The task store, to change it; one of an older version is brought up to date.

        Raises:
            ConfigError: there is none (only the daemon and `rebuild` create one), it is damaged, or it is newer.
        """
        from tclp_daemon.store import OlderDatabase, Store

        with contextlib.suppress(OlderDatabase):
            self.store().close()  # opening it to write would create a missing one
        return Store(self.config().state.path)


def settings(ctx: typer.Context, config: Path | None) -> Settings:
    """The settings of a command. A --config after the command replaces one before it."""
    found: Settings = ctx.obj
    if config is not None:
        found.config_path = config
    return found


def local_config(options: Settings) -> Config:
    """The configuration of a command that needs no directories; the defaults where none is named or installed.

    Raises:
        ConfigError: there is one, or should be one, that cannot be read or is wrong.
    """
    from tclp_daemon.config import DEFAULT_CONFIG, parse_config

    if options.config_path is None and not os.environ.get("TCLP_CONFIG"):
        try:
            DEFAULT_CONFIG.lstat()
        except FileNotFoundError:
            root = Path("/nonexistent")  # the three directories are not used
            return parse_config({name: {"path": str(root / f"tclp-{name}")} for name in ("inbox", "outbox", "state")})
        except OSError:
            pass  # it may be there; reading it says what is wrong
    return options.config()


def fail(message: str, advice: str = "", code: Exit = Exit.FAILURE) -> NoReturn:
    """Ends the command with one sentence, and one of advice unless the first contains it, on stderr."""
    in_color = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    head = typer.style("Error:", fg="red", bold=True) if in_color else "Error:"
    typer.echo(f"{head} {message}", err=True)
    if advice:
        typer.echo(f"Advice: {advice}", err=True)
    raise SystemExit(code)
