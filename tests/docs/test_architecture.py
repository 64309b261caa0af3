"""What the page on the architecture names exists, and its layers are those of the import rules."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def test_each_module_that_is_named_exists() -> None:
    named = set(re.findall(r"`([a-z_/]+(?:\.py|/))`", PAGE))
    assert len(named) > 15
    missing = [name for name in named if not (ROOT / name).exists() and not (ROOT / "tclp_daemon" / name).exists()]
    assert not missing


def test_the_layers_are_those_of_the_import_rules() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = (rule["layers"] for rule in rules if rule["name"] == "Data flows one way")
    table = PAGE.partition("## Who may import whom")[2].partition("##")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert [set(re.findall(r"`(\w+)/?`", cell)) for cell in cells] == [
        set(re.findall(r"\w+", layer)) for layer in layers
    ]
