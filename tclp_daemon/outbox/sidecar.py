"""A row of the store as the status sidecar and result that people and scripts see."""

from __future__ import annotations

from pathlib import PurePosixPath

from tclp_daemon.outbox.names import REPORT, RESULT
from tclp_daemon.result import ContractResult, StatusSidecar
from tclp_daemon.task import Status, Task, iso


def result_of(task: Task) -> ContractResult | None:
    """The complete result, with the names of the files it is published in; None unless the task is completed."""
    if task.status is not Status.COMPLETED or task.result is None:
        return None
    name = PurePosixPath(task.outbox_name).name
    return ContractResult.model_validate(task.result).named(name + RESULT, name + REPORT)


def sidecar_of(task: Task) -> StatusSidecar:
    """What the sidecar says about the task."""
    result = result_of(task)
    return StatusSidecar(
        task_id=task.task_id,
        file=task.file,
        sha256=task.sha256,
        size_bytes=task.size,
        status=task.status,
        progress=task.progress,
        stage=task.stage,
        attempt=task.attempt,
        created_at=iso(task.created_at),
        updated_at=iso(task.updated_at),
        finished_at=iso(task.finished_at) if task.finished_at else None,
        result=result.summary() if result else None,
        error=task.error,
        error_code=task.error_code,
        advice=task.advice,
        note=task.note,
    )
