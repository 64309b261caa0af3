"""The inside of a worker process: load the model once, then one job after the other under limits."""

from __future__ import annotations

import json
import os
import resource
import threading
import time
import traceback
from dataclasses import asdict
from multiprocessing import connection, parent_process
from pathlib import Path

from tclp_daemon.config import Config
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.logs import configure_logging, get_logger
from tclp_daemon.pipeline import Analyser, Outcome
from tclp_daemon.task import Job, Progress, Stage

_REPORT_SECONDS = 0.05
_analyser: Analyser | None = None
_config: Config | None = None


def initialize(config: Config) -> None:
    """Runs once in a new worker: loads the model, then caps the memory that contracts may take."""
    global _analyser, _config
    configure_logging(config.log.level, config.log.format)
    _die_with_parent()
    # The readers are the ones that meet hostile bytes; the kernel should pick a worker, never the daemon.
    Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    _config = config
    _analyser = Analyser(config)
    try:
        _analyser.load()
        _limit_memory(config.limits.memory_mb)
    except Exception as error:
        # pebble only sees that the process ended; the reason must reach the journal and `start`.
        get_logger("worker").error("model_unavailable", error=str(error))


def identify() -> dict[str, str]:
    """What identifies the loaded model; asked of each worker at start-up.

    Raises:
        ContractError: model_unavailable.
    """
    return _ready().identity()


def score(texts: list[str]) -> list[float]:
    """Probabilities of a few texts, for the doctor."""
    return _ready().score(texts)


def run(job: Job, progress_file: Path) -> Outcome:
    """Processes one contract; every failure leaves as a ContractError.

    Args:
        job: the contract.
        progress_file: rewritten at each step. A file, because no lock of a killed sibling can ever block it.
    """
    analyser = _ready()
    assert _config is not None

    last: list[tuple[float, Stage]] = []

    def report(progress: Progress) -> None:
        # Every page and batch has its word, but nobody reads faster than this.
        now = time.monotonic()
        if last and last[0][1] is progress.stage and now - last[0][0] < _REPORT_SECONDS:
            return
        last[:] = [(now, progress.stage)]
        # Renamed into place, so that the reader never sees half a line. Not fsynced: it is worth nothing after a crash.
        temporary = progress_file.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(progress)), encoding="ascii")
        temporary.replace(progress_file)

    try:
        return analyser.process_contract(job, report)
    except ContractError:
        raise
    except MemoryError:
        raise ContractError(ErrorCode.OUT_OF_MEMORY, limit_mb=_config.limits.memory_mb) from None
    except RecursionError:
        raise ContractError(ErrorCode.TOO_DEEP, found="too many", limit=_config.limits.depth) from None
    except FileNotFoundError:
        raise ContractError(ErrorCode.SPOOL_MISSING) from None
    except OSError as error:
        raise ContractError(ErrorCode.IO_ERROR, detail=error.strerror or type(error).__name__) from None
    except Exception as error:
        if "out of memory" in str(error).lower() or "can't allocate" in str(error).lower():
            raise ContractError(ErrorCode.OUT_OF_MEMORY, limit_mb=_config.limits.memory_mb) from None
        # The message of a foreign exception may quote the contract; the frames do not.
        frames = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)[-6:]]
        get_logger("worker").error("unexpected", task_id=job.task_id, exception=type(error).__name__, frames=frames)
        raise ContractError(ErrorCode.INTERNAL, detail=type(error).__name__) from None


def read_progress(progress_file: Path) -> Progress | None:
    """The daemon's side of the progress file."""
    try:
        values = json.loads(progress_file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return Progress(values["percent"], Stage(values["stage"]), values["page"])


def _ready() -> Analyser:
    if _analyser is None:
        raise ContractError(ErrorCode.MODEL_UNAVAILABLE, detail="the worker did not start")
    _analyser.load()
    return _analyser


def _die_with_parent() -> None:
    """An orphan would go on computing for nobody: leave as soon as the daemon is gone, however it went."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _limit_memory(megabytes: int) -> None:
    """Caps what one contract may allocate on top of the loaded model.

    RLIMIT_DATA counts private writable memory (setrlimit(2)), so torch's mapped libraries do not count against it.
    """
    used = next(
        int(line.split()[1]) * 1024
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        if line.startswith("VmData:")
    )
    limit = used + megabytes * 1_000_000
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
