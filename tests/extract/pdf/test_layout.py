"""The tolerances of the PDF reader have names, in one place, and each is used."""

from __future__ import annotations

import ast
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

import tclp_daemon.extract.pdf as room
from tclp_daemon.extract.pdf.layout import LAYOUT

SOURCES = {
    path.name: path.read_text("utf-8") for path in Path(room.__file__).parent.glob("*.py") if path.name != "layout.py"
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_tolerance_is_named(name: str) -> None:
    found = [node.value for node in ast.walk(ast.parse(SOURCES[name])) if isinstance(node, ast.Constant)]
    assert {value for value in found if isinstance(value, float)} <= {0.0, 1.0}


@pytest.mark.parametrize("field", [field.name for field in fields(LAYOUT)])
def test_each_tolerance_is_used(field: str) -> None:
    assert any(f"LAYOUT.{field}" in source for source in SOURCES.values())


def test_nothing_changes_the_tolerances() -> None:
    with pytest.raises(FrozenInstanceError):
        LAYOUT.prose = 50  # type: ignore[misc]
