"""The one place where what went wrong with a job becomes a ContractError, inside the worker and outside it."""

from __future__ import annotations

import errno
import re
import traceback
from contextlib import suppress

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode, is_not_installed
from tclp_daemon.system.logs import get_logger
from tclp_daemon.task import STARTING, Job, Progress
from tclp_daemon.workers.base import WorkerCrashed, WorkerTimeout
from tclp_daemon.workers.messages import Failed
from tclp_daemon.workers.meter import TooSlow
from tclp_daemon.workers.usage import private_memory

# What libraries say, in a RuntimeError or another exception of their own, when an allocation fails.
_ALLOCATION = re.compile(
    r"out of memory|can.t allocate|cannot allocate|could not create a (primitive|memory)|bad_alloc|"
    r"can.t start new thread|memory allocation",
    re.I,
)


def error_of(
    failure: ContractError | WorkerCrashed | WorkerTimeout, last: Progress | None, timeout_seconds: float
) -> ContractError:
    """What to tell the person who dropped the contract.

    Args:
        failure: what the job's future raised.
        last: the job's last progress, None where it reported none.
        timeout_seconds: the limit that a WorkerTimeout exceeded.
    """
    if isinstance(failure, ContractError):
        return failure
    if isinstance(failure, WorkerTimeout):
        return ContractError(ErrorCode.TIMEOUT, limit_s=f"{timeout_seconds:g}", stage=stage_reached(last))
    return ContractError(ErrorCode.WORKER_CRASHED, stage=stage_reached(last))


def stage_reached(last: Progress | None) -> str:
    """How far a job got, for people: "reading, page 3"."""
    if last is None:
        return STARTING
    return f"{last.stage}, page {last.page}" if last.page else last.stage


def failed(error: BaseException, job: Job, limits: Limits, *, stage: str = STARTING, loaded: int = 0) -> Failed:
    """The answer to a job that raised `error` in this process.

    Args:
        error: any exception; one that is not expected is logged, without its message, which may quote the contract.
        job: the job.
        limits: what it was allowed.
        stage: the last stage it reported.
        loaded: bytes of memory that the worker held before its first job.
    """
    match error:
        case TooSlow():
            return Failed(too_slow(limits.cpu_budget(job.size), stage))
        case ContractError():
            return Failed(error, memory_held(), memory=error.code is ErrorCode.OUT_OF_MEMORY)
        case MemoryError() | OSError(errno=errno.ENOMEM):
            return out_of_memory(limits)
        case RecursionError():
            return Failed(ContractError(ErrorCode.TOO_DEEP, found="too many", limit=limits.depth))
        case OSError():
            return Failed(ContractError(ErrorCode.IO_ERROR, detail=error.strerror or type(error).__name__))
    return _unexpected(error, job, limits, loaded)


def _unexpected(error: BaseException, job: Job, limits: Limits, loaded: int) -> Failed:
    frames = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)[-6:]]
    get_logger("worker").error("unexpected", task_id=job.task_id, exception=type(error).__name__, frames=frames)
    if is_not_installed(error):
        detail = f"a part of the program cannot be imported ({type(error).__name__}); is it being upgraded?"
        return Failed(ContractError(ErrorCode.MODEL_UNAVAILABLE, detail=detail), unfit=True)
    if _ALLOCATION.search(str(error)):
        return out_of_memory(limits)
    held = memory_held()
    # Whatever a library calls it, a worker that holds this much may simply have run out of memory.
    full = isinstance(error, RuntimeError) and held - loaded > limits.memory_mb * 1_000_000 / 3
    return Failed(ContractError(ErrorCode.INTERNAL, detail=type(error).__name__), held, memory=full)


def out_of_memory(limits: Limits) -> Failed:
    """The answer to a job for which the memory did not suffice."""
    return Failed(ContractError(ErrorCode.OUT_OF_MEMORY, limit_mb=limits.memory_mb), memory_held(), memory=True)


def too_slow(seconds: float, stage: str) -> ContractError:
    """The failure of a contract that used up its `seconds` of processor time."""
    return ContractError(ErrorCode.TOO_SLOW, limit_s=f"{seconds:.0f}", stage=stage)


def memory_held() -> int:
    """Bytes that this process holds; 0 where that is not known.

    The daemon replaces a worker that does not give back what it took.
    """
    with suppress(OSError, MemoryError):
        return private_memory()
    return 0
