"""The command line. Each group of commands is a module; nothing heavy is imported before a command needs it."""

from __future__ import annotations

from tclp_daemon.cli.app import app, main

__all__ = ["app", "main"]
