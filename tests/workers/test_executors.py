"""One contract suite for every executor: the serial one is the reference, the local pool must not differ.

What only processes can do (die, hang, be replaced) is asked of those that have some.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from multiprocessing import active_children
from pathlib import Path

import pytest

from fakes.keyword_daemon import KeywordClassifier
from harness import wait_for
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.config import Config, parse_config
from tclp_daemon.errors import ConfigError, ContractError, ErrorCode
from tclp_daemon.pipeline import Outcome
from tclp_daemon.result import Verdict
from tclp_daemon.task import WRITING, Job
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


@pytest.fixture(params=["serial", "local"])
def executor(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyword_workers: None
) -> Iterator[Executor]:
    found: Executor
    if request.param == "serial":
        monkeypatch.setattr(Classifier, "load", KeywordClassifier.load)
        found = SerialExecutor(configured(tmp_path))
    else:
        found = LocalPool(configured(tmp_path), count=1)
    found.start()
    yield found
    found.shutdown()
    assert active_children() == []


def outcome(future: Future[Outcome]) -> Outcome:
    return future.result(timeout=120)


def failure(future: Future[Outcome]) -> BaseException | None:
    return future.exception(timeout=120)


def with_processes(executor: Executor) -> LocalPool:
    if not isinstance(executor, LocalPool):
        pytest.skip("this executor has no processes that could go")
    return executor


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
    assert progress.stage == WRITING
    executor.forget(first)
    assert executor.progress(first) is None

    failed = failure(executor.submit(job(tmp_path, " \n")))
    assert isinstance(failed, ContractError)
    assert failed.code is ErrorCode.NO_TEXT

    again = outcome(executor.submit(job(tmp_path, CLIMATE, prior_result=done.result.model_dump(mode="json"))))
    assert again.result.findings == done.result.findings
    assert executor.heal() == 0


@pytest.mark.parametrize("key", ["model_fingerprint", "precision", "version", "threshold", "lone_threshold"])
def test_findings_of_another_model_are_not_told_as_those_of_this_one(
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


def test_a_copy_that_is_gone_is_the_only_file_that_makes_spool_missing(executor: Executor, tmp_path: Path) -> None:
    gone = job(tmp_path, CLIMATE)
    gone.spool.unlink()
    failed = failure(executor.submit(gone))
    assert isinstance(failed, ContractError)
    assert failed.code is ErrorCode.SPOOL_MISSING


@pytest.mark.parametrize("word", ["CRASH", "EXIT"])
def test_a_worker_that_dies_costs_one_job(executor: Executor, tmp_path: Path, word: str) -> None:
    pool = with_processes(executor)
    assert isinstance(failure(pool.submit(job(tmp_path, f"MISBEHAVE-{word}.\n"))), WorkerCrashed)
    assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings
    assert pool.heal() == 1


def test_a_job_that_takes_too_long_is_stopped(tmp_path: Path, keyword_workers: None) -> None:
    pool = LocalPool(configured(tmp_path, workers={"timeout_seconds": 5}), count=1)
    try:
        pool.start()
        assert isinstance(failure(pool.submit(job(tmp_path, "MISBEHAVE-HANG.\n"))), WorkerTimeout)
        assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings
    finally:
        pool.shutdown()


def test_a_full_executor_takes_no_more(executor: Executor, tmp_path: Path) -> None:
    pool = with_processes(executor)
    running = pool.submit(job(tmp_path, f"MISBEHAVE-SLOW. {CLIMATE}"))
    assert not pool.available()
    with pytest.raises(RuntimeError, match="no free slot"):
        pool.submit(job(tmp_path, CLIMATE))
    assert outcome(running).result.findings
    assert pool.available()


def test_a_worker_that_is_killed_idle_is_replaced(executor: Executor, tmp_path: Path) -> None:
    pool = with_processes(executor)
    (worker,) = active_children()
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    assert wait_for(pool.heal, "it is replaced") == 1
    assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings


def test_a_worker_that_dies_before_it_begins_costs_nothing(executor: Executor, tmp_path: Path) -> None:
    pool = with_processes(executor)
    (worker,) = active_children()
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    given = pool.submit(job(tmp_path, CLIMATE))
    os.kill(worker.pid, signal.SIGKILL)
    assert outcome(given).result.findings


def test_a_worker_that_keeps_memory_is_replaced_before_the_next_job(executor: Executor, tmp_path: Path) -> None:
    pool = with_processes(executor)
    before = [child.pid for child in active_children()]
    assert outcome(pool.submit(job(tmp_path, f"MISBEHAVE-HOARD. {CLIMATE}"))).result.findings
    assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings
    assert [child.pid for child in active_children()] != before


@pytest.mark.parametrize("word", ["MEMORY-ONCE", "PRIMITIVE-ONCE"])
def test_want_of_memory_is_blamed_on_the_worker_first(executor: Executor, tmp_path: Path, word: str) -> None:
    pool = with_processes(executor)
    assert outcome(pool.submit(job(tmp_path, f"MISBEHAVE-{word}:{tmp_path}/done {CLIMATE}"))).result.findings
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("word", ["MEMORY", "ABORT"])
def test_want_of_memory_in_a_fresh_worker_is_final(executor: Executor, tmp_path: Path, word: str) -> None:
    pool = with_processes(executor)
    failed = failure(pool.submit(job(tmp_path, f"MISBEHAVE-{word}.\n")))
    assert isinstance(failed, ContractError)
    assert failed.code is ErrorCode.OUT_OF_MEMORY
    assert not failed.transient
    assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings


@pytest.mark.parametrize("word", ["SPIN", "SPIN-C"])
def test_a_reader_that_computes_without_end_is_stopped(tmp_path: Path, keyword_workers: None, word: str) -> None:
    config = configured(tmp_path, limits={"cpu_seconds": 1, "cpu_seconds_per_mb": 0})
    pool = LocalPool(config, count=1)
    try:
        pool.start()
        failed = failure(pool.submit(job(tmp_path, f"READING-{word}\n")))
        assert isinstance(failed, ContractError)
        assert failed.code is ErrorCode.TOO_SLOW
        assert "1 s of processor time (last stage: reading)" in failed.message
        assert outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings
    finally:
        pool.shutdown()


def test_classifying_does_not_count_as_reading(tmp_path: Path, keyword_workers: None) -> None:
    config = configured(tmp_path, limits={"cpu_seconds": 1, "cpu_seconds_per_mb": 0})
    pool = LocalPool(config, count=1)
    try:
        pool.start()
        assert outcome(pool.submit(job(tmp_path, f"MISBEHAVE-BUSY. {CLIMATE}"))).result.findings
    finally:
        pool.shutdown()


def test_a_reader_whose_module_is_away_is_no_fault_of_the_contract(executor: Executor, tmp_path: Path) -> None:
    pool = with_processes(executor)
    wanting = job(tmp_path, f"READING-IMPORT-ONCE:{tmp_path}/done {CLIMATE}")
    failed = failure(pool.submit(wanting))
    assert isinstance(failed, ContractError)
    assert failed.code is ErrorCode.MODEL_UNAVAILABLE
    wait_for(pool.available, "the worker was replaced")
    assert outcome(pool.submit(wanting)).result.findings


def test_a_bug_of_a_reader_is_no_damage_of_the_file(executor: Executor, tmp_path: Path) -> None:
    pool = with_processes(executor)
    failed = failure(pool.submit(job(tmp_path, "READING-BUG\n")))
    assert isinstance(failed, ContractError)
    assert (failed.code, failed.details) == (ErrorCode.INTERNAL, {"detail": "NameError"})


def test_a_start_is_given_up_when_asked(tmp_path: Path, keyword_workers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    loading = tmp_path / "loading"
    loading.touch()
    monkeypatch.setenv("TCLP_LOADING", str(loading))
    pool = LocalPool(configured(tmp_path), count=2)
    asked: list[float] = []

    def stopping() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 3

    with pytest.raises(StartCancelled):
        pool.start(stopping)
    assert active_children() == []


def test_a_worker_without_a_memory_limit_does_not_serve(
    tmp_path: Path, keyword_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TCLP_NO_LIMIT", "1")
    pool = LocalPool(configured(tmp_path), count=1)
    with pytest.raises(ConfigError, match=r"memory limit \(limits.memory_mb\) cannot be set"):
        pool.start()
    assert active_children() == []


def test_the_real_model_runs_in_a_pool(tmp_path: Path) -> None:
    pool = LocalPool(configured(tmp_path, workers={}), count=1)
    try:
        assert pool.start()["model"] == "climate-minilm"
        assert [f.text for f in outcome(pool.submit(job(tmp_path, CLIMATE))).result.findings] == [CLIMATE.strip()]
    finally:
        pool.shutdown()


def test_a_pool_without_a_model_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    pool = LocalPool(configured(tmp_path, model={"path": str(tmp_path / "model")}), count=1)
    with pytest.raises(ConfigError, match=r"holds no config\.json"):
        pool.start()
