"""Contracts dropped and results read over a real Samba share, by the client that scripts use."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from harness import Site, wait_for

from .conftest import Share

pytestmark = pytest.mark.samba
GOOD = "The Supplier shall reach net zero by 2040.\n"


def polled(share: Share, name: str, tmp_path: Path) -> dict[str, object]:
    """Polls the sidecar over the share, as any client would, until it is terminal; every read is complete JSON."""

    def terminal() -> dict[str, object] | None:
        content = share.read(f"outbox/{name}.status.json", tmp_path / "polled.json")
        if content is None:
            return None
        status: dict[str, object] = json.loads(content)
        return status if status["status"] in ("completed", "failed") else None

    found: dict[str, object] = wait_for(terminal, f"{name} finished")
    return found


def test_drop_poll_and_fetch(shared: tuple[Site, Share], tmp_path: Path) -> None:
    site, share = shared
    local = tmp_path / "nda.txt"
    local.write_text(GOOD)
    share.do("mkdir inbox/acme", f'put "{local}" "inbox/acme/nda.txt"')
    status = polled(share, "acme/nda.txt", tmp_path)
    assert status["status"] == "completed"
    assert share.read("outbox/acme/nda.txt", tmp_path / "back") == GOOD.encode()
    result = json.loads(share.read("outbox/acme/nda.txt.result.json", tmp_path / "back") or b"")
    assert result["classification"] == "possible"
    assert b"net zero" in (share.read("outbox/acme/nda.txt.report.html", tmp_path / "back") or b"").lower()
    assert share.read("inbox/acme/nda.txt", tmp_path / "back") is None, "the inbox is empty again"

    # The same name again: two tasks, two results.
    local.write_text("Nothing of the kind.\n")
    share.do(f'put "{local}" "inbox/acme/nda.txt"')
    wait_for(lambda: polled(share, "acme/nda.txt", tmp_path)["task_id"] != status["task_id"], "the second has the name")
    aside = f"nda.{str(status['task_id'])[:8]}.txt"
    assert share.read(f"outbox/acme/{aside}", tmp_path / "back") == GOOD.encode()
    assert polled(share, f"acme/{aside}", tmp_path)["task_id"] == status["task_id"]
    assert site.stop() == 0
    assert site.cli("verify").returncode == 0


def test_a_long_copy_lock_files_and_a_rename(shared: tuple[Site, Share], tmp_path: Path) -> None:
    site, share = shared
    long, small = tmp_path / "long.txt", tmp_path / "small.txt"
    long.write_bytes((GOOD * 1_000_000)[:30_000_000].encode())
    small.write_text(GOOD)
    copy = subprocess.Popen(
        ["smbclient", "//127.0.0.1/contracts", "-N", "-p", str(share._port), "-c", f'put "{long}" "inbox/long.txt"'],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    share.do(
        f'put "{small}" "inbox/~$office.docx"',
        f'put "{small}" "inbox/.~lock.office.odt#"',
        f'put "{small}" "inbox/upload.part"',
        'rename "inbox/upload.part" "inbox/renamed.txt"',
    )
    assert polled(share, "renamed.txt", tmp_path)["status"] == "completed"
    assert copy.wait(timeout=60) == 0
    wait_for(lambda: (site.outbox / "long.txt").exists(), "the long one is accepted")
    assert (site.outbox / "long.txt").read_bytes() == long.read_bytes(), "never half a file"
    assert sorted(os.listdir(site.inbox)) == [".tclp-daemon.heartbeat", ".~lock.office.odt#", "~$office.docx"]
    names = [line["file"] for line in site.events("accepted")]
    assert sorted(names) == ["'long.txt'", "'renamed.txt'"]


def test_a_client_that_deletes_and_renames_results(shared: tuple[Site, Share], tmp_path: Path) -> None:
    site, share = shared
    local = tmp_path / "nda.txt"
    local.write_text("MISBEHAVE-SLOW\n\n" + GOOD)
    share.do(f'put "{local}" "inbox/nda.txt"')
    wait_for(lambda: site.status("nda.txt"), "accepted")
    share.do('del "outbox/nda.txt.status.json"')
    assert polled(share, "nda.txt", tmp_path)["status"] == "completed"
    share.do('rename "outbox/nda.txt.report.html" "outbox/mine.html"', 'del "outbox/nda.txt.result.json"')
    assert site.stop() == 0
    assert site.cli("verify").returncode == 1
    assert site.cli("verify", "--repair").returncode == 0
    site.start()  # a lost report is made again, from the contract and the result that is known
    wait_for(lambda: (site.outbox / "nda.txt.report.html").exists(), "the report is back")
    site.finished("nda.txt")
    assert site.stop() == 0
    assert share.read("outbox/nda.txt.result.json", tmp_path / "back")
