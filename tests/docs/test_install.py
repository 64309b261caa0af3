"""The commands of the README's "Run it" and of docs/howto/administer.md, run in a root of their own.

What would change this machine is left out: pip (the link leads to the code under test), useradd (the user is nobody),
systemctl. Nobody may read everything here, since Python itself may lie where only root may look, but write nothing.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import KEYWORD_DAEMON
from tclp_daemon.store import DATABASE

pytestmark = pytest.mark.daemon

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
ADMINISTER = ROOT / "docs" / "howto" / "administer.md"
AS_NOBODY = (
    "setpriv --reuid nobody --regid $GROUP --clear-groups"
    " --inh-caps +dac_read_search --ambient-caps +dac_read_search --"
)
LEFT_OUT = re.compile(r"^(python3 -m venv|\S*/pip install|useradd|systemctl) ")


def commands(page: Path, first: str) -> list[str]:
    """The block of commands that begins so, without its comments."""
    blocks = [b for b in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.S) if b.startswith(first)]
    assert len(blocks) == 1
    return [re.sub(r"\s+#.*", "", line) for line in blocks[0].splitlines()]


class Machine:
    """A fresh one, as far as folders go."""

    def __init__(self, root: Path, code: str = "-m tclp_daemon") -> None:
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            pytest.skip("needs root and setpriv, to be the daemon's user")
        self.root = root
        nobody = pwd.getpwnam("nobody")
        self.group = str(nobody.pw_gid)
        for folder in ("opt/tclp-daemon/bin", "usr/local/bin", "etc/systemd/system", "var/lib", "checkout"):
            (root / folder).mkdir(parents=True)
        for folder in ("inbox", "outbox"):  # the share
            (root / "srv/contracts" / folder).mkdir(parents=True)
            os.chown(root / "srv/contracts" / folder, nobody.pw_uid, nobody.pw_gid)
        program = root / "opt/tclp-daemon/bin/tclp-daemon"
        program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} {code} "$@"\n')
        program.chmod(0o755)
        shutil.copytree(ROOT / "systemd", root / "checkout/systemd")
        # "Set the three paths".
        example = (ROOT / "config.example.toml").read_text("utf-8")
        (root / "checkout/config.example.toml").write_text(
            example.replace('"/srv/', f'"{root}/srv/').replace('"/var/lib/', f'"{root}/var/lib/')
        )

    def run(self, lines: list[str]) -> subprocess.CompletedProcess[str]:
        """Runs what is not left out, up to the first command that fails."""
        kept = [line for line in lines if not LEFT_OUT.match(line)]
        script = re.sub(r"(?<![\w.])/(opt|usr/local|etc|var/lib)/", rf"{self.root}/\1/", "\n".join(kept))
        script = script.replace("runuser -u tclp-daemon --", AS_NOBODY)
        script = script.replace("-o tclp-daemon -g tclp-daemon", "-o nobody -g $GROUP")
        return subprocess.run(
            ["sh", "-eux", "-c", script], cwd=self.root / "checkout", capture_output=True, text=True, timeout=600,
            env={
                "GROUP": self.group, "PATH": f"{self.root}/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "TCLP_CONFIG": f"{self.root}/etc/tclp-daemon/config.toml",
            },
        )  # fmt: skip


@pytest.mark.parametrize("page", [README, ADMINISTER], ids=lambda page: page.name)
def test_a_fresh_machine_passes_the_doctor_before_the_first_start(tmp_path: Path, page: Path) -> None:
    lines = commands(page, "python3 -m venv")
    machine = Machine(tmp_path)
    done = machine.run(lines)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No daemon runs on this state directory" in done.stdout, "the doctor was asked"
    state = (tmp_path / "var/lib/tclp-daemon").stat()
    assert (state.st_mode & 0o777, state.st_uid) == (0o700, pwd.getpwnam("nobody").pw_uid)
    assert (tmp_path / "etc/systemd/system/tclp-daemon.service").exists()


@pytest.mark.parametrize("page", [README, ADMINISTER], ids=lambda page: page.name)
def test_what_is_left_out_above(page: Path) -> None:
    lines = commands(page, "python3 -m venv")
    assert [line.split()[0] for line in lines if LEFT_OUT.match(line)][:3] == [
        "python3", "/opt/tclp-daemon/bin/pip", "useradd",
    ]  # fmt: skip
    assert "/opt/tclp-daemon/bin/pip install -c constraints.txt ." in lines, "it is not on PyPI"
    assert lines[-1] == "systemctl enable --now tclp-daemon"
    user = next(i for i, line in enumerate(lines) if line.startswith("useradd"))
    assert all(i > user for i, line in enumerate(lines) if "-o tclp-daemon" in line or "-u tclp-daemon" in line)
    assert "pip install tclp-daemon" not in page.read_text("utf-8")


def test_a_lost_database_is_made_again(tmp_path: Path) -> None:
    machine = Machine(tmp_path, str(KEYWORD_DAEMON))
    nda = tmp_path / "nda.txt"
    nda.write_text("The Supplier shall reach net zero by 2040.\n")
    installed = [line for line in commands(ADMINISTER, "python3 -m venv") if "doctor" not in line]
    assert machine.run(installed).returncode == 0
    start = [
        "runuser -u tclp-daemon -- tclp-daemon run & daemon=$!; trap 'kill $daemon' EXIT",
        f"tclp-daemon submit --wait --timeout 300 {nda}",
        "kill $daemon; trap - EXIT; wait $daemon",
    ]
    done = machine.run(start)
    assert done.returncode == 0, done.stdout + done.stderr
    state = tmp_path / "var/lib/tclp-daemon"
    (state / DATABASE).write_bytes(b"no database at all" * 1000)
    done = machine.run(commands(ADMINISTER, "systemctl stop tclp-daemon\nmv /var/lib/tclp-daemon/tasks"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 finished task restored" in done.stdout
    assert "1 task, 1 gap, 1 repaired." in done.stdout
    assert (state / f"{DATABASE}.damaged").exists()


def test_an_upgrade_never_replaces_files_under_a_running_daemon() -> None:
    assert commands(ADMINISTER, "systemctl stop tclp-daemon\n/opt") == [
        "systemctl stop tclp-daemon",
        "/opt/tclp-daemon/bin/pip install -c constraints.txt .",
        "systemctl start tclp-daemon",
    ]
