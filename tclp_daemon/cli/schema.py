"""`tclp-daemon schema`: the JSON Schemas of what the daemon writes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tclp_daemon.cli.app import app


class Format(StrEnum):
    """Which file the schema describes."""

    STATUS = "status"
    RESULT = "result"


@app.command()
def schema(kind: Annotated[Format, typer.Argument(help="The status sidecar or the result.")]) -> None:
    """Print the JSON Schema of the status sidecar or the result."""
    import json

    from tclp_daemon.pipeline import STAGE_NAMES
    from tclp_daemon.result import json_schema

    typer.echo(json.dumps(json_schema(kind.value, STAGE_NAMES), indent=2))
