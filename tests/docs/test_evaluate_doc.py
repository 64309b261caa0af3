"""The page on `evaluate`: its options exist, and its labels are read."""

from __future__ import annotations

import re
from pathlib import Path

from typer.main import get_command

from tclp_daemon.cli.app import app
from tclp_daemon.cli.labels import read_document_labels

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "evaluate.md").read_text("utf-8")


def test_every_option_it_names_exists() -> None:
    command = get_command(app).commands["evaluate"]  # type: ignore[attr-defined]
    named = set(re.findall(r"--[a-z][a-z-]+", PAGE))
    assert len(named) > 6
    assert named <= {option for parameter in command.params for option in parameter.opts}


def test_its_labels_are_read(tmp_path: Path) -> None:
    (tmp_path / "nda.pdf").touch()
    (tmp_path / "labels.jsonl").write_text(re.findall(r"```json\n(.+?)```", PAGE, re.S)[0], "utf-8")
    ((document,), skipped) = read_document_labels(tmp_path)
    assert [(label.label, label.borderline) for label in document.labels] == [(1, False), (0, True)]
    assert skipped == 0
