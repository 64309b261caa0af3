"""Long JSON lists on standard output, written item by item: nobody waits for the end, and nothing is held in memory."""

from __future__ import annotations

import json
from textwrap import indent
from typing import Any

import typer


class JsonList:
    """A JSON list, or an object whose first member is one, laid out as by `json.dumps(..., indent=2)`.

    Nothing is written before the first item or the end.

    Args:
        key: the list's name in the object; None writes the list alone.
    """

    def __init__(self, key: str | None = None) -> None:
        self._head = "[" if key is None else f'{{\n  "{key}": ['
        self._margin = "" if key is None else "  "
        self._empty = True

    def add(self, item: Any) -> None:
        """Writes one item."""
        typer.echo(self._head if self._empty else ",", nl=False)
        typer.echo("\n" + indent(json.dumps(item, indent=2), self._margin + "  "), nl=False)
        self._empty = False

    def end(self, **rest: Any) -> None:
        """Closes the list and, if it is in one, the object with its other members `rest`."""
        typer.echo(self._head + "]" if self._empty else f"\n{self._margin}]", nl=False)
        if self._margin:
            typer.echo("".join(f",\n  {json.dumps(name)}: {json.dumps(value)}" for name, value in rest.items()))
            typer.echo("}")
        else:
            typer.echo()
