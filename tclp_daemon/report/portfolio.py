"""The portfolio: one row for each contract, and one for each of its findings."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from tclp_daemon.task import Placement, Status, Task

COLUMNS = (
    "file", "status", "verdict", "coverage", "findings", "counted", "clauses", "topics", "warnings", "pages", "words",
    "received_utc", "finished_utc", "seconds", "report", "contract", "error", "error_code", "advice", "note", "sha256",
    "task_id",
)  # fmt: skip
FINDING_COLUMNS = (
    "file", "number", "topics", "page", "paragraph", "clause", "heading", "probability", "counted", "text", "task_id",
)  # fmt: skip
Value = str | int | float | datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """What a list of contracts shows about a task: everything except the findings themselves.

    `coverage` completes the verdict in words and is empty where all of the contract was judged. The verdict counts
    `counted` of the findings; they are in `clauses` clauses, None where that is not known.
    """

    task_id: str
    file: str
    outbox_name: str
    sha256: str | None
    status: Status
    stage: str
    progress: int
    page: int | None
    created_at: datetime
    finished_at: datetime | None
    verdict: str | None
    coverage: str | None
    findings: int | None
    counted: int | None
    clauses: int | None
    topics: str
    warnings: str
    pages: int | None
    words: int | None
    seconds: float | None
    error: str | None
    error_code: str | None
    advice: str | None
    note: str | None
    in_outbox: bool

    @property
    def report(self) -> str | None:
        """The report's path relative to the outbox."""
        return f"{self.outbox_name}.report.html" if self.status is Status.COMPLETED else None

    @property
    def result(self) -> str | None:
        """The result's path relative to the outbox."""
        return f"{self.outbox_name}.result.json" if self.status is Status.COMPLETED else None

    @property
    def contract(self) -> str | None:
        """The contract's path relative to the outbox; None if its bytes were never accepted."""
        return self.outbox_name if self.in_outbox else None

    def values(self) -> tuple[Value, ...]:
        """One value for each of `COLUMNS`."""
        return (
            *(self.file, self.status.value, self.verdict, self.coverage, self.findings, self.counted),
            *(self.clauses, self.topics, self.warnings, self.pages, self.words),
            *(self.created_at, self.finished_at, self.seconds, self.report, self.contract),
            *(self.error, self.error_code, self.advice, self.note, self.sha256, self.task_id),
        )


def row_of(task: Task) -> Row:
    """A task as a row."""
    result = task.result or {}
    statistics = result.get("statistics", {})
    counts = result.get("counts", {})
    topics = counts.get("by_topic", {})
    findings = len(result["findings"]) if result else None
    return Row(
        task_id=task.task_id,
        file=task.file,
        outbox_name=task.outbox_name,
        sha256=task.sha256,
        status=task.status,
        stage=task.stage,
        progress=task.progress,
        page=task.page,
        created_at=task.created_at,
        finished_at=task.finished_at,
        verdict=result.get("classification"),
        coverage=result.get("coverage", {}).get("words"),
        findings=findings,
        counted=counts.get("counted", findings),
        clauses=counts.get("clauses"),
        topics="; ".join(sorted(topics, key=lambda name: (-topics[name], name))),
        warnings="; ".join(sorted({each["code"] for each in result.get("warnings", ())})),
        pages=statistics.get("page_count"),
        words=statistics.get("word_count"),
        seconds=statistics.get("analysis_time"),
        error=task.error,
        error_code=task.error_code.value if task.error_code else None,
        advice=task.advice,
        note=task.note,
        in_outbox=task.sha256 is not None or task.placed is Placement.MOVED,
    )


def row_from(record: sqlite3.Row) -> Row:
    """The same from a row of the store's `Listing`, without reading the result."""
    return Row(
        task_id=record["task_id"],
        file=record["file"],
        outbox_name=record["outbox_name"],
        sha256=record["sha256"],
        status=Status(record["status"]),
        stage=record["stage"],
        progress=record["progress"],
        page=record["page"],
        created_at=datetime.fromisoformat(record["created_at"]),
        finished_at=datetime.fromisoformat(record["finished_at"]) if record["finished_at"] else None,
        verdict=record["verdict"],
        coverage=record["coverage"],
        findings=record["findings"],
        counted=record["counted"],
        clauses=record["clauses"],
        topics=record["topics"] or "",
        warnings=record["warnings"] or "",
        pages=record["pages"],
        words=record["words"],
        seconds=record["seconds"],
        error=record["error"],
        error_code=record["error_code"],
        advice=record["advice"],
        note=record["note"],
        in_outbox=record["sha256"] is not None or record["placed"] == Placement.MOVED,
    )


def finding_rows(task: Task) -> Iterator[tuple[Value, ...]]:
    """One tuple for each finding, with one value for each of `FINDING_COLUMNS`."""
    for number, found in enumerate((task.result or {}).get("findings", ()), 1):
        yield (
            *(task.file, number, "; ".join(found["topics"]), found["page"], found["paragraph"], found["clause"]),
            *(found["heading"], found["probability"], found.get("counted", True), found["text"], task.task_id),
        )


def base_name(path: str) -> tuple[str, str]:
    """Directory and name of a path relative to the inbox."""
    parts = PurePosixPath(path)
    return ("" if str(parts.parent) == "." else str(parts.parent)), parts.name
