"""`python -m benchmarks.fill STATE COUNT`: a task database with many finished contracts, made fast.

With --outbox their files are written, too, so that `verify`, `rebuild` and the dashboard have something to read. Goes
through the store's own methods, so what it makes is what a daemon would have made.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.outbox.names import REPORT, RESULT, STATUS
from tclp_daemon.outbox.sidecar import result_of, sidecar_of
from tclp_daemon.result import ContractResult, Counts, Finding, Provenance, Statistics, Verdict
from tclp_daemon.store import Store
from tclp_daemon.task import DONE, FileIdentity, Placement, Status, Task

_BATCH = 1000
_SENTENCE = "The Supplier shall reduce its greenhouse gas emissions to net zero by {year}, and report them each year."
_FAILURE = ContractError(ErrorCode.CORRUPT, detail="made for a benchmark")


def fill(
    state: Path,
    count: int,
    *,
    outbox: Path | None = None,
    placed: Placement = Placement.MOVED,
    failed_every: int = 50,
    findings: int = 3,
    report_bytes: int = 20_000,
    until: datetime | None = None,
    first: int = 0,
) -> None:
    """Adds finished, published contracts to the store of a state directory, oldest first, one a minute.

    Args:
        state: made where it is not there.
        count: how many.
        outbox: where their contracts, results, reports and sidecars are written; None writes none.
        placed: STAYS for a daemon that leaves originals in the inbox.
        failed_every: one of this many is failed; 0 for none.
        findings, report_bytes: of each completed one; the store keeps no report that is published.
        until: when the last one was accepted; an hour ago by default.
        first: the number of the first, for a second call.
    """
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    until = until or datetime.now(UTC) - timedelta(hours=1)
    store = Store(state)
    # No harm is done if the machine fails in the middle.
    store._db.execute("PRAGMA synchronous = OFF")
    store._db.execute("PRAGMA journal_mode = MEMORY")
    for begin in range(first, first + count, _BATCH):
        tasks = []
        for number in range(begin, min(begin + _BATCH, first + count)):
            at = until - timedelta(minutes=first + count - 1 - number)
            failed = bool(failed_every) and number % failed_every == failed_every - 1
            task = task_of(number, at, placed=placed, failed=failed, findings=findings)
            report = None if failed or outbox is None else report_of(number, report_bytes)
            if report is not None:
                task = replace(task, report_sha256=hashlib.sha256(report).hexdigest())
            store.import_task(task)
            tasks.append(task)
            if outbox is not None:
                _write(outbox, task, report)
        store.mark_published([(task, placed) for task in tasks])
    store._db.execute("PRAGMA journal_mode = DELETE")
    store.close()


def task_of(number: int, at: datetime, *, placed: Placement, failed: bool, findings: int) -> Task:
    """One finished contract."""
    content = content_of(number)
    sha256 = hashlib.sha256(content).hexdigest()
    name = f"client-{number % 97}/{number // 1000}/contract {number}.txt"
    return Task(
        task_id=str(uuid.uuid4()),
        file=name,
        source=name,
        outbox_name=name,
        sha256=sha256,
        size=len(content),
        identity=FileIdentity(len(content), int(at.timestamp()) * 10**9, number + 1),
        status=Status.FAILED if failed else Status.COMPLETED,
        progress=0 if failed else 100,
        stage="reading" if failed else DONE,
        attempt=1,
        crashes=0,
        errors=0,
        interruptions=0,
        not_before=0,
        created_at=at,
        updated_at=at + timedelta(seconds=5),
        finished_at=at + timedelta(seconds=5),
        result=None if failed else result(sha256, findings).model_dump(mode="json"),
        error=_FAILURE.message if failed else None,
        error_code=_FAILURE.code if failed else None,
        advice=_FAILURE.advice if failed else None,
        note=None,
        page=None,
        placed=placed,
        revision=1,
        published=0,
        published_name=name,
    )


def content_of(number: int) -> bytes:
    """The text of a contract."""
    return f"Contract {number}\n\n{_SENTENCE.format(year=2030 + number % 20)}\n".encode()


def report_of(number: int, size: int) -> bytes:
    """Something of the size of a report that does compress, but not to nothing."""
    return f"<!doctype html><p>{number}</p>".encode() + os.urandom(size // 8).hex().encode() * 4


def result(sha256: str, findings: int) -> ContractResult:
    """A complete result, so that the sidecar can be made from it."""
    return ContractResult(
        classification=Verdict.LIKELY if findings >= 3 else Verdict.POSSIBLE,
        statistics=Statistics(word_count=4_321, page_count=12, sentence_count=200, analysis_time=1.2),
        findings=tuple(
            Finding(
                text=_SENTENCE.format(year=2030 + i), start=i * 1000, end=i * 1000 + 100, probability=0.98,
                topics=("emissions",), page=i + 1, paragraph=i * 7, clause=f"{i}.1", heading="Environment",
            )
            for i in range(findings)
        ),
        counts=Counts(
            sentences=200, findings=findings, counted=findings, clauses=findings, by_topic={"emissions": findings},
        ),
        provenance=Provenance(
            sha256=sha256, model="climate-minilm", model_fingerprint="f" * 16, threshold=0.9, lone_threshold=0.95,
            precision="float32", version="0.1.0", extractor="text 1", segmenter="pysbd 0.3.4", format="text",
        ),
    )  # fmt: skip


def _write(outbox: Path, task: Task, report: bytes | None) -> None:
    number = int(task.file.rpartition(" ")[2].removesuffix(".txt"))
    target = outbox / task.outbox_name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content_of(number))
    if (made := result_of(task)) is not None:
        target.with_name(target.name + RESULT).write_text(made.model_dump_json(indent=1), encoding="utf-8")
        target.with_name(target.name + REPORT).write_bytes(report or b"")
    target.with_name(target.name + STATUS).write_text(sidecar_of(task).model_dump_json(indent=1), encoding="utf-8")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("state", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--outbox", type=Path)
    parser.add_argument("--left", action="store_true", help="as with inbox.when_accepted = 'leave'")
    options = parser.parse_args()
    fill(
        options.state, options.count, outbox=options.outbox, placed=Placement.STAYS if options.left else Placement.MOVED
    )


if __name__ == "__main__":
    main()
