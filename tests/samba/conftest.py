"""A real Samba server on the loopback interface: an ordinary process on a free port, configured for one test."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import Site, wait_for

_CONF = """
[global]
    server role = standalone server
    interfaces = 127.0.0.1
    bind interfaces only = yes
    smb ports = {port}
    disable netbios = yes
    map to guest = Bad User
    guest account = {user}
    load printers = no
    printing = bsd
    printcap name = /dev/null
    log file = {run}/smbd.log
    pid directory = {run}
    lock directory = {run}
    state directory = {run}
    cache directory = {run}
    private dir = {run}
    ncalrpc dir = {run}/ncalrpc

[contracts]
    path = {root}/share
    read only = no
    guest ok = yes
    force user = {user}
"""


class Share:
    """Inbox and outbox as somebody with a network drive sees them."""

    def __init__(self, port: int) -> None:
        self._port = port

    def do(self, *commands: str, check: bool = True) -> str:
        """Runs smbclient commands; what they print."""
        done = subprocess.run(
            ["smbclient", "//127.0.0.1/contracts", "-N", "-p", str(self._port), "-c", "; ".join(commands)],
            capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def read(self, name: str, into: Path) -> bytes | None:
        """A file of the share, None where there is none."""
        into.unlink(missing_ok=True)
        self.do(f'get "{name}" "{into}"', check=False)
        return into.read_bytes() if into.exists() else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def shared(make_site: Callable[..., Site], tmp_path: Path) -> Iterator[tuple[Site, Share]]:
    """A running daemon whose inbox and outbox lie in a Samba share, and a client of that share."""
    server, client = shutil.which("smbd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/sbin"), shutil.which("smbclient")
    if server is None or client is None:
        pytest.skip("no Samba server here: make samba")
    run = tmp_path / "smb"
    (run / "ncalrpc").mkdir(parents=True, mode=0o755)
    site = make_site()
    for name in ("inbox", "outbox"):
        (tmp_path / "share" / name).mkdir(parents=True)
        setattr(site, name, tmp_path / "share" / name)
    site.configure()
    port = _free_port()
    conf = run / "smb.conf"
    conf.write_text(_CONF.format(port=port, user=getpass.getuser(), run=run, root=tmp_path))
    with (run / "out.log").open("wb") as out:
        process = subprocess.Popen(
            [server, "--foreground", "--no-process-group", f"--configfile={conf}"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,  # at its end smbd ends its whole process group
        )  # fmt: skip
    try:
        share = Share(port)
        wait_for(
            lambda: process.poll() is not None or "blocks" in share.do("ls", check=False),
            f"Samba answers; {(run / 'out.log').read_text()}",
        )
        assert process.poll() is None, (run / "out.log").read_text()
        site.start()
        yield site, share
    finally:
        process.terminate()
        process.wait(timeout=20)
