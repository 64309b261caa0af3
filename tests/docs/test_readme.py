"""The README is a promise: its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from typer.main import get_command

from tclp_daemon.cli.app import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_every_command_it_names_exists() -> None:
    listed = subprocess.run([sys.executable, "-m", "tclp_daemon", "--help"], capture_output=True, text=True).stdout
    named = set(re.findall(r"^tclp-daemon (\w+)", README, re.M)) | {"verify", "rebuild"}
    assert len(named) > 8
    for command in named:
        assert re.search(rf"^\s+{command}\b", listed, re.M), command


def test_which_commands_take_a_configuration() -> None:
    without = {
        name
        for name, command in get_command(app).commands.items()  # type: ignore[attr-defined]
        if not any("--config" in parameter.opts for parameter in command.params)
    }
    told = re.search(r"Every command but (.+?) takes `--config FILE`", README)
    assert told
    assert set(re.findall(r"`(\w+)`", told[1])) == without


def test_every_make_target_it_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"\bmake (demo|test|bench|model|soak|fuzz)\b", README)):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(links) > 8
    for link in links:
        assert (ROOT / link).exists(), link
