"""The examples of docs/reference/api.md, run from top to bottom among the sample contracts."""

from __future__ import annotations

import doctest
import re
import shutil
from pathlib import Path

import pytest

import tclp_daemon

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "api.md"


@pytest.mark.slow
def test_its_examples_do_what_they_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "tclp_daemon" / "samples", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert tried > 10
    assert failed == 0, "see the output"


def test_it_names_all_of_the_api() -> None:
    text = PAGE.read_text("utf-8")
    for name in tclp_daemon.__all__:
        assert re.search(rf"\b{name}\b", text), name
