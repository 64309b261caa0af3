"""`verify` sees every kind of gap, `--repair` mends from the store what the store can give back, and nothing else."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from harness import Site, wait_for

GOOD = "The Supplier shall reach net zero by 2040.\n"


def gaps(site: Site, *options: str) -> dict[str, list[str]]:
    """Kinds of gaps to where they are."""
    done = site.cli("verify", "--json", *options)
    found: dict[str, list[str]] = {}
    told: list[dict[str, Any]] = json.loads(done.stdout)["gaps"]
    for gap in told:
        found.setdefault(gap["kind"], []).append(gap["where"])
    if not options:
        assert done.returncode == (1 if found else 0)
    return found


def test_every_kind_of_gap(served: Site) -> None:
    names = [f"{word}.txt" for word in ("whole", "sidecar", "result", "report", "lost", "contract", "edited", "twice")]
    for name in names:
        served.drop(f"acme/{name}", GOOD + name)
    served.drop("failed.pdf", b"%PDF-1.4 broken")
    ids = {name: served.finished(f"acme/{name}")["task_id"] for name in names}
    failed = served.finished("failed.pdf")["task_id"]
    assert served.stop() == 0
    assert gaps(served) == {}

    acme = served.outbox / "acme"
    before = {p: p.read_bytes() for p in acme.iterdir()}
    (acme / "sidecar.txt.status.json").unlink()
    (acme / "result.txt.result.json").write_text("{}")
    (acme / "report.txt.report.html").unlink()
    with sqlite3.connect(served.state / "tasks.sqlite3") as database:
        database.execute("DELETE FROM reports WHERE task_id = ?", (ids["lost.txt"],))
    (acme / "contract.txt").unlink()
    (acme / "edited.txt").write_text("Another contract.\n")
    (acme / "copy.txt.status.json").write_bytes((acme / "twice.txt.status.json").read_bytes())
    (served.outbox / "failed.pdf.report.html").write_text("from an earlier life")
    orphan = served.state / "spool" / "00000000-0000-4000-8000-000000000000"
    orphan.write_text("nobody's")
    temporary = acme / ".tclp-0123456789abcdef.tmp"
    temporary.write_text("cut off")
    waiting = json.loads((acme / "whole.txt.status.json").read_text())
    waiting |= {"task_id": "11111111-1111-4111-8111-111111111111", "status": "pending"}
    (served.outbox / "unknown.txt.status.json").write_text(json.dumps(waiting))
    hidden = f".tclp-{ids['whole.txt']}.moved"
    (served.inbox / hidden).write_text("an original that was not removed")

    expected = {
        "sidecar_missing": [ids["sidecar.txt"]],
        "result_differs": [ids["result.txt"]],
        "report_missing": [ids["report.txt"]],
        "report_lost": [ids["lost.txt"]],
        "contract_missing": [ids["contract.txt"]],
        "contract_changed": [ids["edited.txt"]],
        "sidecar_twice": ["acme/copy.txt.status.json"],
        "sidecar_orphan": ["unknown.txt.status.json"],
        "output_of_failed": [failed],
        "spool_orphan": [str(orphan)],
        "temporary_left": [str(temporary)],
        "original_hidden": [hidden],
    }
    assert gaps(served) == expected
    assert gaps(served, "--repair") == expected, "told once more, and mended"
    only_people = ("contract_missing", "contract_changed", "sidecar_twice", "sidecar_orphan", "output_of_failed")
    left = {kind: expected[kind] for kind in (*only_people, "original_hidden")}
    assert not orphan.exists()
    assert not temporary.exists()
    for name in ("sidecar.txt.status.json", "result.txt.result.json", "report.txt.report.html"):
        assert (acme / name).exists()
        assert (acme / name).read_bytes() == before[acme / name] or name.endswith("status.json")
    assert json.loads((acme / "lost.txt.status.json").read_text())["status"] == "pending", "its report is made again"

    served.start()
    wait_for(lambda: served.finished("acme/lost.txt")["status"] == "completed", "made again")
    assert served.stop() == 0
    assert gaps(served) == left


def test_a_repair_while_the_daemon_runs_is_published_by_it(served: Site) -> None:
    served.drop("nda.txt", GOOD)
    served.finished("nda.txt")
    report = served.outbox / "nda.txt.report.html"
    wait_for(report.exists, "the report")
    (served.outbox / "nda.txt.status.json").unlink()
    report.unlink()
    served.cli("verify", "--repair")
    assert served.finished("nda.txt")["status"] == "completed"
    wait_for(report.exists, "the report again")
    wait_for(lambda: served.cli("verify").returncode == 0, "balance")
