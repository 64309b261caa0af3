"""`tclp-daemon schema`: the JSON Schemas of what the daemon writes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class SchemaKind(StrEnum):
    """Which file the schema describes."""

    STATUS = "status"
    RESULT = "result"


def schema(kind: Annotated[SchemaKind, typer.Argument(help="The status sidecar or the result.")]) -> None:
    """Print the JSON Schema of the status sidecar or the result.

    Example: tclp-daemon schema status
    """
    import json

    from tclp_daemon.pipeline import STAGE_NAMES
    from tclp_daemon.result import json_schema

    typer.echo(json.dumps(json_schema(kind.value, STAGE_NAMES), indent=2))
