"""The inside of a worker process: load the model once, then one job after the other under limits."""

from __future__ import annotations

import ctypes
import gc
import math
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from multiprocessing import connection, parent_process
from pathlib import Path

from tclp_daemon.config import Config, Limits
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import load_readers
from tclp_daemon.pipeline import Pipeline
from tclp_daemon.system.logs import configure_logging
from tclp_daemon.task import STARTING, Job, Progress
from tclp_daemon.workers.failures import failed, memory_held, out_of_memory
from tclp_daemon.workers.messages import Call, Done, Failed, Note, Ready, Run, TimeBudget
from tclp_daemon.workers.meter import Meter, TooSlow
from tclp_daemon.workers.usage import private_memory

Channel = connection.Connection

_REPORT_SECONDS = 0.05
_PR_SET_PDEATHSIG = 1


def serve(config: Config, channel: Channel) -> None:
    """The life of a worker: says whether it is ready, then answers one request after the other.

    Args:
        config: the complete configuration.
        channel: its end of the pipe. Nobody else has one, so no lock of a killed sibling can ever block it.
    """
    _settle_in(config)
    pipeline = Pipeline(config.model, config.limits, config.classification, config.ocr)
    ready = _load(pipeline, config)
    channel.send(ready)
    if isinstance(ready, Failed):
        return
    while (request := _receive(channel, config.limits)) is not None:
        if isinstance(request, Run):
            answer = _run(pipeline, config, request.job, channel, ready.data)
        else:
            answer = _call(pipeline, request)
        try:
            channel.send(answer)
        except MemoryError:
            del answer
            gc.collect()
            channel.send(out_of_memory(config.limits))


def _load(pipeline: Pipeline, config: Config) -> Ready | Failed:
    try:
        pipeline.load()
        load_readers()  # so that a worker goes on as it began while an upgrade replaces the files
        import_module("tclp_daemon.ocr.stage")
        return Ready(pipeline.identity(), _limit_memory(config.limits.memory_mb))
    except ContractError as error:
        return Failed(error)
    except Exception as error:
        detail = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        return Failed(ContractError(ErrorCode.MODEL_UNAVAILABLE, detail=detail))


def _receive(channel: Channel, limits: Limits) -> Run | Call | None:
    """The next request; None where there will be none, or the worker cannot go on and has told the daemon."""
    try:
        request: Run | Call = channel.recv()
        return request
    except (EOFError, OSError):
        pass
    except MemoryError:
        channel.send(out_of_memory(limits))
    except Exception:
        # An upgrade replaced the classes between the daemon's start and the worker's.
        detail = "the worker does not understand the daemon; was it upgraded while it ran?"
        channel.send(Failed(ContractError(ErrorCode.MODEL_UNAVAILABLE, detail=detail), unfit=True))
    return None


def score(pipeline: Pipeline, texts: list[str]) -> list[float]:
    """Probabilities of a few texts, for the doctor (`Call`)."""
    return pipeline.score(texts)


def _call(pipeline: Pipeline, request: Call) -> Done | Failed:
    try:
        return Done(request.function(pipeline, *request.arguments), memory_held())
    except ContractError as error:
        return Failed(error)
    except Exception as error:
        return Failed(ContractError(ErrorCode.INTERNAL, detail=type(error).__name__))


def _run(pipeline: Pipeline, config: Config, job: Job, channel: Channel, loaded: int) -> Done | Failed:
    reported, at = STARTING, -math.inf

    def report(progress: Progress) -> None:
        # Each page and each batch reports, but nobody reads faster than this.
        nonlocal reported, at
        now = time.monotonic()
        if progress.stage != reported or now - at >= _REPORT_SECONDS:
            reported, at = progress.stage, now
            channel.send(Note(progress))

    try:
        budget = config.limits.cpu_budget(job.size)
        with Meter(budget, lambda until: channel.send(TimeBudget(until))) as meter:
            return Done(pipeline.process_contract(job, report, meter.paused), memory_held())
    except (Exception, TooSlow) as error:
        return failed(error, job, config.limits, stage=reported, loaded=loaded)


def _settle_in(config: Config) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the daemon drains
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _die_with_parent()
    configure_logging(config.log.level, config.log.format)
    # If memory runs out, the kernel should pick a worker, never the daemon.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    # On import, torch wants a directory for compiled code, by default below a temporary one, which there may not be.
    # Nothing is compiled here, so any directory that exists will do.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", "/")


def _die_with_parent() -> None:
    """An orphan would go on computing for nobody: end as soon as the daemon is gone, for whatever reason."""
    parent = parent_process()
    if parent is None:
        return
    # This also ends a loop inside a C library during which no Python thread can run (prctl(2)).
    prctl: Callable[..., int] = ctypes.CDLL(None).prctl
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent.pid:
        os._exit(1)

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _limit_memory(megabytes: int) -> int:
    """Caps what one contract may allocate on top of the loaded model; returns the bytes held before any contract.

    RLIMIT_DATA counts private writable memory (setrlimit(2)), so torch's mapped libraries do not count against it.

    Raises:
        ContractError: model_unavailable. Without a limit it could take all of the machine's memory, so it does not
            serve.
    """
    try:
        used = private_memory()
        limit = used + megabytes * 1_000_000
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    except (OSError, ValueError) as error:
        raise ContractError(
            ErrorCode.MODEL_UNAVAILABLE,
            detail=f"the memory limit (limits.memory_mb) cannot be set here: {error}",
            advice="Run the daemon on Linux with /proc mounted, outside of a sandbox that forbids setrlimit.",
        ) from None
    return used
