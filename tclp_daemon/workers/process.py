"""The inside of a worker process: load the model once, then one job after the other under limits."""

from __future__ import annotations

import ctypes
import errno
import gc
import importlib
import os
import re
import resource
import signal
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection, parent_process
from pathlib import Path

from tclp_daemon.config import Config, Limits
from tclp_daemon.errors import ContractError, ErrorCode, is_not_installed
from tclp_daemon.pipeline import Pipeline
from tclp_daemon.system.logs import configure_logging, get_logger
from tclp_daemon.task import STARTING, Job, Progress
from tclp_daemon.workers.messages import Budget, Call, Done, Failed, Note, Ready, Run
from tclp_daemon.workers.meter import Meter, TooSlow
from tclp_daemon.workers.usage import private_memory

Channel = connection.Connection

_REPORT_SECONDS = 0.05
_PR_SET_PDEATHSIG = 1
# Loaded before the first contract, so that a worker goes on as it began while an upgrade replaces the files.
_READERS = ("pdf.reader", "word.docx", "word.doc", "word.rtf", "text.html", "text.markdown", "text.plain")
# What libraries say, in a RuntimeError or another exception of their own, when an allocation fails.
_ALLOCATION = re.compile(
    r"out of memory|can.t allocate|cannot allocate|could not create a (primitive|memory)|bad_alloc|"
    r"can.t start new thread|memory allocation",
    re.I,
)


def serve(config: Config, channel: Channel) -> None:
    """The life of a worker: says whether it is ready, then answers one request after the other.

    Args:
        config: the whole configuration.
        channel: its end of the pipe. Nobody else has one, so no lock of a killed sibling can ever block it.
    """
    _settle_in(config)
    try:
        pipeline = Pipeline(config.model, config.limits, config.classification)
        pipeline.load()
        identity = pipeline.identity()
        for name in _READERS:
            importlib.import_module(f"tclp_daemon.extract.{name}")
        loaded = _limit_memory(config.limits.memory_mb)
    except ContractError as error:
        channel.send(Failed(error))
        return
    except Exception as error:
        detail = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        channel.send(Failed(ContractError(ErrorCode.MODEL_UNAVAILABLE, detail=detail)))
        return
    channel.send(Ready(identity, loaded))
    while True:
        try:
            request = channel.recv()
        except (EOFError, OSError):
            return
        except MemoryError:
            channel.send(_out_of_memory(config.limits))
            return
        except Exception:
            # An upgrade replaced the classes between the daemon's start and ours.
            detail = "the worker does not understand the daemon; was it upgraded while it ran?"
            channel.send(Failed(ContractError(ErrorCode.MODEL_UNAVAILABLE, detail=detail), unfit=True))
            return
        if isinstance(request, Run):
            answer = _run(pipeline, config, request.job, channel, loaded)
        else:
            answer = _call(pipeline, request)
        try:
            channel.send(answer)
        except MemoryError:
            del answer
            gc.collect()
            channel.send(_out_of_memory(config.limits))


def score(pipeline: Pipeline, texts: list[str]) -> list[float]:
    """Probabilities of a few texts, for the doctor (`Call`)."""
    return pipeline.score(texts)


def _call(pipeline: Pipeline, request: Call) -> Done | Failed:
    try:
        return Done(request.function(pipeline, *request.arguments), _held())
    except ContractError as error:
        return Failed(error)
    except Exception as error:
        return Failed(ContractError(ErrorCode.INTERNAL, detail=type(error).__name__))


def _run(pipeline: Pipeline, config: Config, job: Job, channel: Channel, loaded: int) -> Done | Failed:
    """Processes one contract; every failure is translated here, and only here."""
    last: list[tuple[float, str]] = []

    def report(progress: Progress) -> None:
        # Every page and batch has its word, but nobody reads faster than this.
        now = time.monotonic()
        if last and last[0][1] == progress.stage and now - last[0][0] < _REPORT_SECONDS:
            return
        last[:] = [(now, progress.stage)]
        channel.send(Note(progress))

    limits = config.limits
    seconds = limits.cpu_budget(job.size)
    try:
        with Meter(seconds, lambda until: channel.send(Budget(until))) as meter:
            return Done(pipeline.process_contract(job, report, meter.paused), _held())
    except TooSlow:
        return Failed(too_slow(seconds, last[0][1] if last else STARTING))
    except ContractError as error:
        return Failed(error, _held(), memory=error.code is ErrorCode.OUT_OF_MEMORY)
    except MemoryError:
        return _out_of_memory(limits)
    except RecursionError:
        return Failed(ContractError(ErrorCode.TOO_DEEP, found="too many", limit=limits.depth))
    except OSError as error:
        if error.errno == errno.ENOMEM:
            return _out_of_memory(limits)
        return Failed(ContractError(ErrorCode.IO_ERROR, detail=error.strerror or type(error).__name__))
    except Exception as error:
        return _translate(error, job, limits, loaded)


def _translate(error: Exception, job: Job, limits: Limits, loaded: int) -> Failed:
    # The message of a foreign exception may quote the contract; the frames do not.
    frames = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)[-6:]]
    get_logger("worker").error("unexpected", task_id=job.task_id, exception=type(error).__name__, frames=frames)
    if is_not_installed(error):
        detail = f"a part of the program cannot be imported ({type(error).__name__}); is it being upgraded?"
        return Failed(ContractError(ErrorCode.MODEL_UNAVAILABLE, detail=detail), unfit=True)
    if _ALLOCATION.search(str(error)):
        return _out_of_memory(limits)
    held = _held()
    # Whatever a library calls it, a worker that holds this much may simply have no more.
    full = isinstance(error, RuntimeError) and held - loaded > limits.memory_mb * 1_000_000 / 3
    return Failed(ContractError(ErrorCode.INTERNAL, detail=type(error).__name__), held, memory=full)


def _out_of_memory(limits: Limits) -> Failed:
    return Failed(ContractError(ErrorCode.OUT_OF_MEMORY, limit_mb=limits.memory_mb), _held(), memory=True)


def too_slow(seconds: float, stage: str) -> ContractError:
    """The failure of a contract that used up its processor time."""
    return ContractError(ErrorCode.TOO_SLOW, limit_s=f"{seconds:.0f}", stage=stage)


def _held() -> int:
    """What the worker holds, for the daemon, which replaces one that does not give back what it took."""
    try:
        return private_memory()
    except (OSError, MemoryError):
        return 0


def _settle_in(config: Config) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the daemon drains
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _die_with_parent()
    configure_logging(config.log.level, config.log.format)
    # The readers are the ones that meet hostile bytes; the kernel should pick a worker, never the daemon.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"


def _die_with_parent() -> None:
    """An orphan would go on computing for nobody: leave as soon as the daemon is gone, however it went."""
    parent = parent_process()
    if parent is None:
        return
    # The kernel's way also ends a loop inside a C library that never lets a thread of ours run (prctl(2)).
    prctl: Callable[..., int] = ctypes.CDLL(None).prctl
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent.pid:
        os._exit(1)

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _limit_memory(megabytes: int) -> int:
    """Caps what one contract may allocate on top of the loaded model; returns what is held without any contract.

    RLIMIT_DATA counts private writable memory (setrlimit(2)), so torch's mapped libraries do not count against it.

    Raises:
        ContractError: model_unavailable. Without a limit it could take all of the machine's, so it does not serve.
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
