"""One contract suite for every executor: the serial one is the reference, the others must not differ.

Tests of `executor` run against every implementation. Those of `pool` are about processes, which die, hang and are
replaced, and run against every implementation that has some.
"""

from __future__ import annotations

import hashlib
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import pytest

from fakes.keyword_daemon import KeywordClassifier, misreading
from harness import DEADLINE, wait_for
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.config import Config, parse_config
from tclp_daemon.errors import ConfigError, ContractError, ErrorCode
from tclp_daemon.extract.text import files
from tclp_daemon.pipeline import REUSE_KEYS, REUSE_NUMBERS, STAGE_NAMES, Outcome
from tclp_daemon.result import Verdict
from tclp_daemon.task import Job, Progress
from tclp_daemon.workers.base import Executor, StartCancelled, WorkerCrashed, WorkerTimeout
from tclp_daemon.workers.local import LocalPool
from tclp_daemon.workers.serial import SerialExecutor

CLIMATE = "The Supplier shall reduce its greenhouse gas emissions to net zero by 2040 and report them each year.\n"


def job(folder: Path, text: str, suffix: str = ".txt", **more: object) -> Job:
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    spool = folder / sha256[:8]
    spool.write_text(text)
    given: dict[str, object] = {"task_id": "t" * 36, "attempt": 1} | more
    return Job(spool=spool, suffix=suffix, display_name="nda" + suffix, sha256=sha256, size=len(text), **given)  # type: ignore[arg-type]


def configured(folder: Path, **sections: dict[str, object]) -> Config:
    paths = {name: {"path": str(folder / name)} for name in ("inbox", "outbox", "state")}
    quick: dict[str, object] = {"retry_scale": 0.05}
    return parse_config(paths | {"workers": quick} | sections)


def serial(config: Config, monkeypatch: pytest.MonkeyPatch) -> Executor:
    """The keyword classifier and the misbehaving reader in this process, where the pools have them in theirs."""
    monkeypatch.setattr(Classifier, "load", KeywordClassifier.load)
    monkeypatch.setattr(files, "read_text", misreading(files.read_text))
    return SerialExecutor(config)


@pytest.fixture(params=["serial", "local"])
def made(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyword_workers: None
) -> Executor:
    """An executor that was not started yet."""
    config = configured(tmp_path)
    return serial(config, monkeypatch) if request.param == "serial" else LocalPool(config, count=1)


@pytest.fixture
def executor(made: Executor) -> Iterator[Executor]:
    """A running executor of one slot."""
    with made:
        made.start()
        yield made
    assert active_children() == []


@pytest.fixture
def pool(tmp_path: Path, keyword_workers: None) -> Iterator[LocalPool]:
    """A running executor of one slot that has processes."""
    with LocalPool(configured(tmp_path), count=1) as found:
        found.start()
        yield found
    assert active_children() == []


@contextmanager
def started(folder: Path, **sections: dict[str, object]) -> Iterator[LocalPool]:
    """A pool of one worker with a configuration of its own."""
    with LocalPool(configured(folder, **sections), count=1) as found:
        found.start()
        yield found


def submit(executor: Executor, given: Job) -> Future[Outcome]:
    """Submits from another thread, since the serial executor is busy until the job is done."""
    future: Future[Outcome] = Future()

    def run() -> None:
        inner = executor.submit(given)
        error = inner.exception(timeout=DEADLINE)
        future.set_exception(error) if error else future.set_result(inner.result())

    threading.Thread(target=run, daemon=True).start()
    return future


def outcome(future: Future[Outcome]) -> Outcome:
    return future.result(timeout=DEADLINE)


def failure(future: Future[Outcome]) -> BaseException | None:
    return future.exception(timeout=DEADLINE)


def test_what_every_executor_does(executor: Executor, tmp_path: Path) -> None:
    assert executor.slots == 1
    assert executor.available()
    first = job(tmp_path, CLIMATE)
    done = outcome(executor.submit(first))
    assert done.result.classification is Verdict.POSSIBLE
    assert [f.text for f in done.result.findings] == [CLIMATE.strip()]
    assert done.result.findings[0].start == 0
    assert CLIMATE.strip()[:40] in done.report
    progress = executor.progress(first)
    assert progress is not None
    assert progress.stage == "writing"
    executor.forget(first)
    assert executor.progress(first) is None

    failed = failure(executor.submit(job(tmp_path, " \n")))
    assert isinstance(failed, ContractError)
    assert failed.code is ErrorCode.NO_TEXT

    again = outcome(executor.submit(job(tmp_path, CLIMATE, prior_result=done.result.model_dump(mode="json"))))
    assert again.result.findings == done.result.findings
    assert executor.heal() == 0


def test_progress_comes_in_order(executor: Executor, tmp_path: Path) -> None:
    go = tmp_path / "go"
    given = job(tmp_path, f"MISBEHAVE-WAIT-FOR:{go}\n\n{CLIMATE}")
    assert executor.progress(given) is None
    seen = [Progress(0, "queued")]

    def reached(stage: str) -> bool:
        progress = executor.progress(given)
        if progress is not None and progress != seen[-1]:
            seen.append(progress)
        return seen[-1].stage == stage

    running = submit(executor, given)
    wait_for(lambda: reached("classifying"), "the first sentence is being judged")
    assert not running.done()
    go.touch()
    wait_for(lambda: reached("writing"), "the last report")
    assert outcome(running).result.findings
    percents, stages = [p.percent for p in seen], [STAGE_NAMES.index(p.stage) for p in seen]
    assert (percents, stages) == (sorted(percents), sorted(stages))


def test_an_attempt_begins_without_the_progress_of_the_one_before(executor: Executor, tmp_path: Path) -> None:
    first = job(tmp_path, CLIMATE)
    outcome(executor.submit(first))
    assert executor.progress(replace(first, attempt=2)) is None
    assert executor.progress(first) is not None


def test_a_job_after_one_that_failed_is_not_affected(executor: Executor, tmp_path: Path) -> None:
    for text in (" \n", "READING-BUG\n", f"MISBEHAVE-IO-ONCE:{tmp_path}/once.\n"):
        assert isinstance(failure(executor.submit(job(tmp_path, text))), ContractError)
        assert outcome(executor.submit(job(tmp_path, CLIMATE))).result.findings


def test_a_shutdown_may_come_twice_and_after_nothing(made: Executor) -> None:
    made.shutdown()
    with made:
        made.shutdown()


@pytest.mark.parametrize("key", [*REUSE_KEYS, *REUSE_NUMBERS])
def test_findings_of_another_model_are_not_passed_off_as_those_of_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """The model's folder was replaced while the daemon ran, and a new worker has loaded what is there now."""
    monkeypatch.setattr(Classifier, "load", KeywordClassifier.load)
    executor = SerialExecutor(configured(tmp_path))
    executor.start()
    prior = outcome(executor.submit(job(tmp_path, CLIMATE))).result.model_dump(mode="json") | {"findings": []}
    assert outcome(executor.submit(job(tmp_path, CLIMATE, prior_result=prior))).result.findings == ()
    prior["provenance"][key] = 0.25 if key.endswith("threshold") else "another"
    assert outcome(executor.submit(job(tmp_path, CLIMATE, prior_result=prior))).result.findings


def test_only_a_missing_copy_makes_spool_missing(executor: Executor, tmp_path: Path) -> None:
    gone = job(tmp_path, CLIMATE)
    gone.spool.unlink()
    failed = failure(executor.submit(gone))
    assert isinstance(failed, ContractError)
    assert failed.code is ErrorCode.SPOOL_MISSING


@pytest.mark.parametrize("word", ["CRASH", "EXIT"])
def test_a_worker_that_dies_costs_one_job(pool: LocalPool, tmp_path: Path, word: str) -> None:
    assert isinstance(failure(pool.submit(job(tmp_path, f"MISBEHAVE-{word}.\n"))), WorkerCrashed)
    assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings
    assert pool.heal() == 1


def test_a_job_that_takes_too_long_is_stopped(tmp_path: Path, keyword_workers: None) -> None:
    with started(tmp_path, workers={"timeout_seconds": 5}) as pool:
        assert isinstance(failure(pool.submit(job(tmp_path, "MISBEHAVE-HANG.\n"))), WorkerTimeout)
        assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings


def test_a_full_executor_takes_no_more(pool: LocalPool, tmp_path: Path) -> None:
    go = tmp_path / "go"
    running = pool.submit(job(tmp_path, f"MISBEHAVE-WAIT-FOR:{go} {CLIMATE}"))
    assert not pool.available()
    with pytest.raises(RuntimeError, match="no free slot"):
        pool.submit(job(tmp_path, CLIMATE))
    go.touch()
    assert outcome(running).result.findings
    assert pool.available()


def test_a_worker_that_is_killed_while_it_works_is_replaced(pool: LocalPool, tmp_path: Path) -> None:
    given = job(tmp_path, f"MISBEHAVE-WAIT-FOR:{tmp_path}/never {CLIMATE}")
    running = pool.submit(given)
    wait_for(lambda: (p := pool.progress(given)) and p.stage == "classifying", "it is being classified")
    (worker,) = active_children()
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    assert isinstance(failure(running), WorkerCrashed)
    assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings
    assert pool.heal() == 1
    assert pool.heal() == 0, "counted once"


def test_a_shutdown_does_not_wait_for_a_running_job(pool: LocalPool, tmp_path: Path) -> None:
    given = job(tmp_path, f"MISBEHAVE-WAIT-FOR:{tmp_path}/never {CLIMATE}")
    running = pool.submit(given)
    wait_for(lambda: (p := pool.progress(given)) and p.stage == "classifying", "it is being classified")
    pool.shutdown()
    assert isinstance(running.exception(timeout=0), WorkerCrashed), "whoever waits for it hears at once"
    assert active_children() == []
    assert not pool.available()


def test_a_worker_that_is_killed_idle_is_replaced(pool: LocalPool, tmp_path: Path) -> None:
    (worker,) = active_children()
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    assert wait_for(pool.heal, "it is replaced") == 1
    assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings


def test_a_worker_that_dies_before_it_begins_costs_nothing(pool: LocalPool, tmp_path: Path) -> None:
    (worker,) = active_children()
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    given = pool.submit(job(tmp_path, CLIMATE))
    os.kill(worker.pid, signal.SIGKILL)
    assert outcome(given).result.findings


def test_a_worker_that_keeps_memory_is_replaced_before_the_next_job(pool: LocalPool, tmp_path: Path) -> None:
    before = [child.pid for child in active_children()]
    assert outcome(pool.submit(job(tmp_path, f"MISBEHAVE-HOARD. {CLIMATE}"))).result.findings
    assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings
    assert [child.pid for child in active_children()] != before


@pytest.mark.parametrize("word", ["MEMORY-ONCE", "PRIMITIVE-ONCE"])
def test_out_of_memory_is_blamed_on_the_worker_first(pool: LocalPool, tmp_path: Path, word: str) -> None:
    assert outcome(pool.submit(job(tmp_path, f"MISBEHAVE-{word}:{tmp_path}/done {CLIMATE}"))).result.findings
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("word", ["MEMORY", "ABORT"])
def test_out_of_memory_in_a_fresh_worker_is_final(pool: LocalPool, tmp_path: Path, word: str) -> None:
    failed = failure(pool.submit(job(tmp_path, f"MISBEHAVE-{word}.\n")))
    assert isinstance(failed, ContractError)
    assert failed.code is ErrorCode.OUT_OF_MEMORY
    assert not failed.transient
    assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings


@pytest.mark.parametrize("word", ["SPIN", "SPIN-C"])
def test_a_reader_that_computes_without_end_is_stopped(tmp_path: Path, keyword_workers: None, word: str) -> None:
    with started(tmp_path, limits={"cpu_seconds": 1, "cpu_seconds_per_mb": 0}) as pool:
        failed = failure(pool.submit(job(tmp_path, f"READING-{word}\n")))
        assert isinstance(failed, ContractError)
        assert failed.code is ErrorCode.TOO_SLOW
        assert "1 s of processor time (last stage: reading)" in failed.message
        assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings


def test_classifying_does_not_count_as_reading(tmp_path: Path, keyword_workers: None) -> None:
    with started(tmp_path, limits={"cpu_seconds": 1, "cpu_seconds_per_mb": 0}) as pool:
        assert outcome(pool.submit(job(tmp_path, f"MISBEHAVE-BUSY. {CLIMATE}"))).result.findings


def test_a_reader_whose_module_is_missing_is_not_the_contracts_fault(executor: Executor, tmp_path: Path) -> None:
    wanting = job(tmp_path, f"READING-IMPORT-ONCE:{tmp_path}/done {CLIMATE}")
    failed = failure(executor.submit(wanting))
    assert isinstance(failed, ContractError)
    assert failed.code is ErrorCode.MODEL_UNAVAILABLE
    wait_for(executor.available, "the worker was replaced")
    assert outcome(executor.submit(wanting)).result.findings


def test_a_bug_in_a_reader_is_not_reported_as_damage_to_the_file(executor: Executor, tmp_path: Path) -> None:
    failed = failure(executor.submit(job(tmp_path, "READING-BUG\n")))
    assert isinstance(failed, ContractError)
    assert (failed.code, failed.details) == (ErrorCode.INTERNAL, {"detail": "NameError"})


def test_a_start_that_is_cancelled_at_once_loads_nothing(made: Executor) -> None:
    with made, pytest.raises(StartCancelled):
        made.start(lambda: True)
    assert active_children() == []


def test_a_start_is_given_up_while_the_model_loads(
    tmp_path: Path, keyword_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading = tmp_path / "loading"
    loading.touch()
    monkeypatch.setenv("TCLP_LOADING", str(loading))
    asked = iter(range(100))
    with LocalPool(configured(tmp_path), count=2) as pool, pytest.raises(StartCancelled):
        pool.start(lambda: next(asked) > 3)
    assert active_children() == []


@pytest.mark.parametrize("kind", ["serial", "local"])
def test_an_executor_without_a_model_does_not_start(tmp_path: Path, kind: str) -> None:
    (tmp_path / "model").mkdir()
    config = configured(tmp_path, model={"path": str(tmp_path / "model")})
    made = SerialExecutor(config) if kind == "serial" else LocalPool(config, count=1)
    with made, pytest.raises(ConfigError, match=r"no config\.json"):
        made.start()


def test_a_worker_without_a_memory_limit_does_not_serve(
    tmp_path: Path, keyword_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TCLP_NO_LIMIT", "1")
    with (
        LocalPool(configured(tmp_path), count=1) as pool,
        pytest.raises(ConfigError, match=r"memory limit \(limits.memory_mb\) cannot be set"),
    ):
        pool.start()
    assert active_children() == []


def test_the_real_model_runs_in_a_pool(tmp_path: Path) -> None:
    with LocalPool(configured(tmp_path, workers={}), count=1) as pool:
        assert pool.start()["model"] == "climate-minilm"
        assert [f.text for f in outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings] == [CLIMATE.strip()]
