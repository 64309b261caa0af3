"""One contract suite for every executor: the serial one is the reference, the local pool must not differ."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from fakes.keyword_daemon import KeywordClassifier
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.config import parse_config
from tclp_daemon.errors import ConfigError, ContractError, ErrorCode
from tclp_daemon.pipeline import Outcome
from tclp_daemon.result import Classification
from tclp_daemon.task import Job, Stage
from tclp_daemon.workers.base import Executor
from tclp_daemon.workers.local import LocalPool
from tclp_daemon.workers.serial import SerialExecutor

CLIMATE = "The Supplier shall reduce its greenhouse gas emissions to net zero by 2040 and report them each year.\n"


def job(folder: Path, text: str, suffix: str = ".txt", **more: object) -> Job:
    spool = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    spool.write_text(text)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return Job("t" * 36, 1, spool, suffix, "nda" + suffix, sha256, len(text), **more)  # type: ignore[arg-type]


@pytest.fixture(params=["serial", "local"])
def executor(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Executor]:
    config = parse_config({name: {"path": str(tmp_path / name)} for name in ("inbox", "outbox", "state")})
    found: Executor
    if request.param == "serial":
        monkeypatch.setattr(Classifier, "load", KeywordClassifier.load)
        found = SerialExecutor(config)
    else:
        # Spawned workers do not see the patch: the pool runs the embedded model, the real thing.
        found = LocalPool(config, tmp_path / "work", count=1)
    found.start()
    yield found
    found.shutdown()


def outcome(future: Future[Outcome]) -> Outcome:
    return future.result(timeout=120)


def test_what_every_executor_does(executor: Executor, tmp_path: Path) -> None:
    """In one test, because a pool takes seconds to start."""
    assert executor.slots == 1
    first = job(tmp_path, CLIMATE)
    done = outcome(executor.submit(first))
    assert done.result.classification is Classification.POSSIBLE
    assert [f.text for f in done.result.findings] == [CLIMATE.strip()]
    assert done.result.findings[0].start == 0
    assert CLIMATE.strip()[:40] in done.report
    progress = executor.progress(first)
    assert progress is not None
    assert progress.stage is Stage.WRITING
    executor.forget(first)
    assert executor.progress(first) is None

    failure = executor.submit(job(tmp_path, " \n")).exception(timeout=120)
    assert isinstance(failure, ContractError)
    assert failure.code is ErrorCode.NO_TEXT

    again = outcome(executor.submit(job(tmp_path, CLIMATE, prior_result=done.result.model_dump(mode="json"))))
    assert again.result.findings == done.result.findings
    assert executor.heal() == 0


def test_a_pool_without_a_model_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    sections = {name: {"path": str(tmp_path / name)} for name in ("inbox", "outbox", "state", "model")}
    pool = LocalPool(parse_config(sections), tmp_path / "work", count=1)
    with pytest.raises(ConfigError, match=r"holds no config\.json"):
        pool.start()
