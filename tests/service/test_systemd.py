"""The unit file: what systemd itself says of it, and what it must promise."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "systemd" / "tclp-daemon.service"


@pytest.fixture
def service() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return parser["Service"]


def test_what_the_unit_promises(service: configparser.SectionProxy) -> None:
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) > 0
    assert service["User"] == "tclp-daemon"
    assert service["StateDirectory"] == "tclp-daemon"
    assert service["KillMode"] == "mixed", "SIGTERM to the daemon alone, which drains its workers"
    assert service["Restart"] == "on-failure"
    assert service["RestrictAddressFamilies"] == "AF_UNIX", "nothing leaves the machine"
    assert service.get("RestrictSUIDSGID", "no") == "no", "a team's folders keep setgid and its permissions"
    assert int(service["TimeoutStopSec"]) > 20 + 10, "workers.drain_seconds and the last writes fit"


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    program = tmp_path / "tclp-daemon"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/tclp-daemon/bin/tclp-daemon", str(program)))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True)
    complaints = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert complaints == []
