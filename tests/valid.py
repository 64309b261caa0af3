"""Holds what the daemon wrote against the published JSON Schemas; `Site.finished` does so with all it waited for."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parents[1] / "docs" / "reference"


@cache
def validator(kind: Literal["status", "result"]) -> Draft202012Validator:
    """A validator for the committed schema."""
    return Draft202012Validator(json.loads((SCHEMAS / f"{kind}.schema.json").read_text("utf-8")))


def check_written(status: dict[str, Any], folder: Path) -> None:
    """Checks a sidecar and, where it is still there under that name, the result it points to."""
    validator("status").validate(status)
    if status["result"] is not None:
        path = folder / status["result"]["result_file"]
        if path.exists():
            validator("result").validate(json.loads(path.read_text("utf-8")))


def as_version_1(result: dict[str, Any]) -> dict[str, Any]:
    """A result of version 2 as version 1 of the format would have been."""
    old: dict[str, Any] = json.loads(json.dumps(result)) | {"schema_version": 1}
    del old["clauses"], old["counts"]["counted"], old["counts"]["clauses"]
    for name in ("judge", "judge_fingerprint", "sure_threshold"):
        del old["provenance"][name]
    for finding in old["findings"]:
        del finding["counted"], finding["repeats"]
    return old
