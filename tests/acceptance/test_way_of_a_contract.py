"""The way of a contract through a real daemon, as the lawyer and the script see it."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

import pytest

from harness import Site, wait_for

CLIMATE = (
    "1. Targets\n\nThe Supplier shall reach net zero by 2040.\n\n"
    "2. Law\n\nThis Agreement is governed by the laws of England.\n"
)


@pytest.mark.smoke
def test_a_dropped_contract_comes_out_analysed(served: Site) -> None:
    served.drop("acme/nda.txt", CLIMATE)
    status = served.finished("acme/nda.txt")
    assert status["status"] == "completed"
    assert status["progress"] == 100
    assert status["stage"] == "done"
    assert status["file"] == "acme/nda.txt"
    assert status["size_bytes"] == len(CLIMATE.encode())
    assert status["result"]["classification"] == "possible"
    assert status["result"]["bucket_labels"]["cat0"] == "unlikely"
    assert status["error"] is None
    assert sorted(p.name for p in (served.outbox / "acme").iterdir()) == [
        "nda.txt",
        "nda.txt.report.html",
        "nda.txt.result.json",
        "nda.txt.status.json",
    ]
    assert (served.outbox / "acme/nda.txt").read_text() == CLIMATE
    assert not list(served.inbox.rglob("*.txt"))
    result = json.loads((served.outbox / "acme/nda.txt.result.json").read_text())
    (finding,) = result["findings"]
    assert finding["text"] == "The Supplier shall reach net zero by 2040."
    assert finding["probability"] == 0.99
    assert finding["heading"] == "Targets"
    assert result["provenance"]["sha256"] == status["sha256"]
    wait_for(lambda: not list((served.state / "spool").iterdir()), "spool emptied")
    assert served.stop() == 0
    assert served.cli("verify").stdout == "1 task, 0 gaps.\n"


def test_what_lay_there_before_the_start_is_picked_up(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.drop("early.txt")
    site.start()
    assert site.finished("early.txt")["status"] == "completed"


def test_progress_is_seen_while_it_runs(served: Site) -> None:
    served.drop("slow.txt", "MISBEHAVE-SLOW one.\n\nMISBEHAVE-SLOW two.\n\nNet zero.\n")
    seen: list[tuple[str, int, str]] = []

    def look() -> bool:
        status = served.status("slow.txt")
        if status and (not seen or seen[-1][1:] != (status["progress"], status["stage"])):
            seen.append((status["status"], status["progress"], status["stage"]))
        return bool(status) and status["status"] == "completed"

    wait_for(look, "slow.txt completed")
    progress = [p for _, p, _ in seen]
    assert progress == sorted(progress)
    assert len([p for p in progress if 40 <= p <= 85]) >= 2, seen
    assert progress[-1] == 100


def test_a_second_drop_of_a_name_is_a_new_task(served: Site) -> None:
    served.drop("acme/nda.txt", "First. Net zero.\n")
    first = served.finished("acme/nda.txt")
    served.drop("acme/nda.txt", "Second. Nothing.\n")
    wait_for(
        lambda: (served.status("acme/nda.txt") or first)["task_id"] != first["task_id"], "the second took the name"
    )
    second = served.finished("acme/nda.txt")
    aside = f"acme/nda.{first['task_id'][:8]}.txt"
    assert (served.outbox / "acme/nda.txt").read_text() == "Second. Nothing.\n"
    assert (served.outbox / aside).read_text() == "First. Net zero.\n"
    moved = wait_for(lambda: served.status(aside), "the first's sidecar under its new name")
    assert moved["task_id"] == first["task_id"]
    assert moved["result"]["result_file"] == f"nda.{first['task_id'][:8]}.txt.result.json"
    assert second["result"]["classification"] == "unlikely"
    served.stop()
    assert served.cli("verify").returncode == 0


def test_replacement_while_the_first_is_processed(make_site: Callable[..., Site]) -> None:
    served = make_site(count=2)
    served.start()
    served.drop("nda.txt", "MISBEHAVE-SLOW first. Net zero.\n")
    first = wait_for(
        lambda: (s := served.status("nda.txt")) and s["status"] == "processing" and s, "the first is processed"
    )
    served.drop("nda.txt", "Second.\n")
    wait_for(lambda: (served.status("nda.txt") or first)["task_id"] != first["task_id"], "the second took the name")
    assert served.finished("nda.txt")["result"]["classification"] == "unlikely"
    assert served.finished(f"nda.{first['task_id'][:8]}.txt")["result"]["classification"] == "possible"


def test_the_same_bytes_are_classified_once(served: Site) -> None:
    served.drop("a.txt", CLIMATE)
    served.finished("a.txt")
    served.drop("b.txt", CLIMATE)
    b = served.finished("b.txt")
    assert b["result"]["classification"] == "possible"
    lines = wait_for(lambda: (e := served.events("contract")) and len(e) == 2 and e, "two canonical lines")
    assert [line["reused"] for line in lines] == [False, True]
    assert (served.outbox / "b.txt.report.html").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains(served: Site, number: int) -> None:
    served.drop("slow.txt", "MISBEHAVE-SLOW. Net zero.\n")
    wait_for(lambda: (s := served.status("slow.txt")) and s["status"] == "processing", "slow.txt is processed")
    assert served.stop(number) == 0
    status = served.status("slow.txt")
    assert status is not None
    assert status["status"] == "completed", "what runs is finished first"


def test_a_second_signal_hands_back_and_the_next_start_finishes(served: Site) -> None:
    served.drop("hang.txt", "MISBEHAVE-HANG\n")
    wait_for(lambda: (s := served.status("hang.txt")) and s["stage"] == "classifying", "hang.txt is classified")
    assert served.process is not None
    served.process.send_signal(signal.SIGTERM)
    wait_for(lambda: served.events("draining"), "draining")
    assert served.stop(signal.SIGTERM) == 0
    status = served.status("hang.txt")
    assert status is not None
    assert (status["status"], status["progress"]) == ("pending", 0)


def test_the_canonical_line(served: Site) -> None:
    served.drop("nda.txt", CLIMATE)
    served.finished("nda.txt")
    (line,) = wait_for(lambda: served.events("contract"), "the canonical line")
    assert line["file"] == "'nda.txt'"
    assert line["status"] == "completed"
    assert line["classification"] == "possible"
    assert line["findings"] == 1
    assert line["attempt"] == 1
    assert {"reading", "segmenting", "classifying", "total"} <= line["seconds"].keys()
    assert "net zero" not in served.log.read_text().lower(), "contract text never goes into logs"


def test_it_works_without_the_native_watcher(make_site: Callable[..., Site]) -> None:
    site = make_site(inbox='watch = "poll"')
    site.start()
    site.drop("nda.txt")
    assert site.finished("nda.txt")["status"] == "completed"


def test_leave_keeps_the_original_and_does_it_once(make_site: Callable[..., Site]) -> None:
    site = make_site(inbox='when_accepted = "leave"')
    site.start()
    original = site.drop("nda.txt", CLIMATE)
    site.finished("nda.txt")
    assert original.read_text() == CLIMATE
    assert (site.outbox / "nda.txt").read_text() == CLIMATE
    site.stop()
    site.start()
    site.drop("other.txt")
    site.finished("other.txt")
    assert len(json.loads(site.cli("list", "--json").stdout)) == 2
    original.write_text(CLIMATE + "Changed.\n")
    wait_for(lambda: len(json.loads(site.cli("list", "--json").stdout)) == 3, "a changed original is a new drop")


def test_a_file_moved_back_from_the_outbox_is_a_new_drop(served: Site) -> None:
    served.drop("nda.txt", CLIMATE)
    first = served.finished("nda.txt")
    (served.outbox / "nda.txt").rename(served.inbox / "nda.txt")
    wait_for(lambda: (served.status("nda.txt") or first)["task_id"] != first["task_id"], "taken again")
    assert served.finished("nda.txt")["status"] == "completed"


@pytest.mark.slow
def test_a_thousand_files_at_once(make_site: Callable[..., Site]) -> None:
    site = make_site(count=2)
    for i in range(1000):
        site.drop(f"batch/{i:04}.txt", f"Contract {i}. {'Net zero.' if i % 2 else 'Nothing.'}\n")
    site.start()
    sidecars = site.outbox / "batch"
    wait_for(
        lambda: len(list(sidecars.glob("*.result.json"))) == 1000, f"a thousand results; {site.log_tail()[-500:]}", 240
    )
    site.stop()
    verdicts = [json.loads(p.read_text())["classification"] for p in sidecars.glob("*.result.json")]
    assert verdicts.count("possible") == verdicts.count("unlikely") == 500
    assert site.cli("verify").returncode == 0


def test_permissions_of_the_outbox_and_the_state(make_site: Callable[..., Site]) -> None:
    site = make_site(outbox='file_mode = "0604"')
    site.start()
    site.drop("acme/nda.txt", CLIMATE)
    site.finished("acme/nda.txt")
    for name in ("nda.txt", "nda.txt.status.json", "nda.txt.result.json", "nda.txt.report.html"):
        assert (site.outbox / "acme" / name).stat().st_mode & 0o777 == 0o604, name
    assert (site.outbox / "acme").stat().st_mode & 0o777 == 0o705, "who may read the files can reach them"
    assert site.state.stat().st_mode & 0o777 == 0o700
    assert (site.state / "spool").stat().st_mode & 0o777 == 0o700
