"""The outbox as a place: what is in the way steps aside, whatever its name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.outbox.marker import OutboxMarker
from tclp_daemon.system.files import NAME_MAX

TASK = "7f3a9c2e-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "name",
    [
        "nda.txt.status.json",
        "\u0434" * 110 + ".pdf.status.json",
        "\u5951" * 76 + ".pdf.status.json",
        "x." + "y" * (NAME_MAX - 2),
        "z" * NAME_MAX,
    ],
)
def test_what_is_in_the_way_steps_aside_however_long_its_name(name: str, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    (outbox / name).write_text("a stranger's")
    folder = OutboxFolder(OutboxMarker(outbox, tmp_path), mode=0o640)
    folder.secure_name(name, TASK)
    (aside,) = outbox.iterdir()
    assert aside.read_text() == "a stranger's"
    assert ".before-7f3a9c2e" in aside.name
    assert len(os.fsencode(aside.name)) <= NAME_MAX
