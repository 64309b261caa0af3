"""The committed JSON Schemas are what the code says, and what the daemon writes keeps to them."""

from __future__ import annotations

import json
from typing import Literal

import pytest
from jsonschema import Draft202012Validator
from valid import SCHEMAS, validator

from harness import Site, wait_for
from tclp_daemon.pipeline import STAGE_NAMES
from tclp_daemon.result import json_schema

KINDS: tuple[Literal["status", "result"], ...] = ("status", "result")


@pytest.mark.parametrize("kind", KINDS)
def test_committed_schema_is_current(kind: Literal["status", "result"]) -> None:
    committed = json.loads((SCHEMAS / f"{kind}.schema.json").read_text("utf-8"))
    assert committed == json_schema(kind, STAGE_NAMES), (
        f"run: tclp-daemon schema {kind} > docs/reference/{kind}.schema.json"
    )
    Draft202012Validator.check_schema(committed)


def test_what_the_daemon_writes_validates(served: Site) -> None:
    served.drop(
        "acme/nda.txt", "1. Climate\n\n1.1 The Supplier shall reach net zero by 2040.\n\nIt reports emissions.\n"
    )
    served.drop("slow.txt", "MISBEHAVE-SLOW\n\nRenewable energy.\n")
    served.drop("bad.xyz", b"x")
    served.drop("index.html", "A web page that is called as the dashboard is.\n")
    seen: set[str] = set()

    def all_done() -> bool:
        for path in served.outbox.rglob("*.status.json"):
            status = json.loads(path.read_text("utf-8"))
            validator("status").validate(status)
            seen.add(f"{status['file']} {status['status']}")
        finals = {"acme/nda.txt completed", "slow.txt completed", "bad.xyz failed", "index.html completed"}
        return finals <= seen

    wait_for(all_done, "all four finished")
    assert "slow.txt processing" in seen
    results = list(served.outbox.rglob("*.result.json"))
    assert len(results) == 3
    for path in results:
        validator("result").validate(json.loads(path.read_text("utf-8")))
