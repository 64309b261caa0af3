"""The dispatcher round by round: its pace, what it does with each decision, and how it drains."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from fakes.keyword_daemon import KeywordClassifier
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.config import Config, parse_config
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.outbox.marker import OutboxUnavailable
from tclp_daemon.pipeline import REUSE_KEYS, REUSE_NUMBERS, Outcome
from tclp_daemon.service.dispatcher import Dispatcher
from tclp_daemon.store import Store
from tclp_daemon.task import FileIdentity, Job, Progress, Status, Task
from tclp_daemon.workers.base import Executor, WorkerCrashed, WorkerTimeout
from tclp_daemon.workers.serial import SerialExecutor

IDENTITY = dict.fromkeys((*REUSE_KEYS, *REUSE_NUMBERS), "1")
GOOD = "The Supplier shall reach net zero by 2040.\n"


class ByHand(SerialExecutor):
    """Two slots whose jobs end, and report, as the test says."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.jobs: dict[str, tuple[Job, Future[Outcome]]] = {}
        self.reports: dict[str, Progress] = {}
        self.loaded = True

    @property
    def slots(self) -> int:
        return 2

    def available(self) -> bool:
        return self.loaded

    def submit(self, job: Job) -> Future[Outcome]:
        assert self.loaded, "nobody could take it"
        self.jobs[job.display_name] = job, Future()
        return self.jobs[job.display_name][1]

    def progress(self, job: Job) -> Progress | None:
        return self.reports.get(job.display_name)

    def end(self, name: str, error: Exception) -> None:
        self.jobs[name][1].set_exception(error)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    found = parse_config({name: {"path": str(tmp_path / name)} for name in ("inbox", "outbox", "state")})
    (found.state.path / "spool").mkdir(parents=True)
    return found


@pytest.fixture
def store(config: Config) -> Iterator[Store]:
    opened = Store(config.state.path)
    yield opened
    opened.close()


@pytest.fixture
def executor(config: Config) -> ByHand:
    return ByHand(config)


def dispatcher(config: Config, executor: Executor, restore: Callable[[], bool] = lambda: True) -> Dispatcher:
    return Dispatcher(
        config,
        lambda: Store(config.state.path),
        executor,
        IDENTITY,
        changed=lambda: None,
        alive=lambda: None,
        restore_spool=lambda task, alive: restore(),
        jitter=lambda: 0.0,
    )


def accept(store: Store, name: str, content: str = GOOD) -> Task:
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return store.create_task(name, size=1, sha256=sha256, identity=FileIdentity(1, 1, 1))


def test_contracts_that_wait_for_the_model_keep_no_core_busy(config: Config, store: Store, executor: ByHand) -> None:
    task = accept(store, "nda.txt")
    executor.loaded = False
    with dispatcher(config, executor) as found:
        for _ in range(3):
            assert found.round() == 0.1
            assert not found.woken.is_set()
    assert store.get_task(task.task_id).status is Status.PENDING


def test_an_idle_round_is_followed_by_a_longer_rest_than_a_busy_one(
    config: Config, store: Store, executor: ByHand
) -> None:
    with dispatcher(config, executor) as found:
        idle = found.round()
        accept(store, "nda.txt")
        busy = found.round()
        assert idle is not None
        assert busy is not None
        assert busy < idle


def test_one_contract_without_a_copy_a_round(config: Config, store: Store, executor: ByHand) -> None:
    """So that a stop, and whatever else a round does, has its turn among thousands of them."""
    tasks = [accept(store, f"{number}.txt") for number in range(20)]

    def failed() -> int:
        return sum(store.get_task(task.task_id).status is Status.FAILED for task in tasks)

    with dispatcher(config, executor, lambda: False) as found:
        for number in range(3):
            found.woken.clear()
            found.round()
            assert failed() == number + 1
            assert found.woken.is_set(), "the next round follows at once"
        found.drain(0)
        assert found.round() is None
    assert failed() == 3


def test_a_contract_whose_only_copy_is_away_waits_at_no_cost(config: Config, store: Store, executor: ByHand) -> None:
    task = accept(store, "nda.txt")

    def away() -> bool:
        raise OutboxUnavailable("unmounted")

    with dispatcher(config, executor, away) as found:
        found.round()
    waiting = store.get_task(task.task_id)
    assert (waiting.status, waiting.crashes, waiting.errors) == (Status.PENDING, 0, 0)
    assert waiting.not_before > 0


@pytest.mark.parametrize(
    ("error", "status", "crashes", "errors"),
    [
        (ContractError(ErrorCode.NO_TEXT, detail="blank"), Status.FAILED, 0, 0),
        (ContractError(ErrorCode.IO_ERROR, detail="a sick disk"), Status.PENDING, 0, 1),
        (ContractError(ErrorCode.MODEL_UNAVAILABLE, detail="away"), Status.PENDING, 0, 0),
        (WorkerCrashed("exit code -9"), Status.PENDING, 1, 0),
        (WorkerTimeout(), Status.PENDING, 1, 0),
    ],
)
def test_each_decision_is_recorded(
    config: Config, store: Store, executor: ByHand, error: Exception, status: Status, crashes: int, errors: int
) -> None:
    task = accept(store, "nda.txt")
    with dispatcher(config, executor) as found:
        found.round()
        executor.end("nda.txt", error)
        assert found.woken.is_set(), "the end of a job wakes the dispatcher"
        found.round()
        assert found.running == 0
    after = store.get_task(task.task_id)
    assert (after.status, after.crashes, after.errors) == (status, crashes, errors)


def test_a_finished_contract_is_completed(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Classifier, "load", KeywordClassifier.load)
    task = accept(store, "nda.txt")
    (config.state.path / "spool" / task.task_id).write_text(GOOD)
    with SerialExecutor(config) as executor:
        executor.start()
        with dispatcher(config, executor) as found:
            found.round()
            found.round()
    assert store.get_task(task.task_id).status is Status.COMPLETED


def test_the_last_progress_is_recorded_before_the_end(config: Config, store: Store, executor: ByHand) -> None:
    task = accept(store, "nda.pdf")
    with dispatcher(config, executor) as found:
        found.round()
        executor.reports["nda.pdf"] = Progress(20, "reading", page=1)
        found.round()
        assert store.get_task(task.task_id).page == 1
        executor.reports["nda.pdf"] = Progress(21, "reading", page=7)
        executor.end("nda.pdf", WorkerCrashed("exit code -9"))
        found.round()
    assert store.get_task(task.task_id).page == 7


def test_suspects_run_one_at_a_time(config: Config, store: Store, executor: ByHand) -> None:
    names = ("a.txt", "b.txt")
    tasks = [accept(store, name) for name in names]
    with dispatcher(
        config.model_copy(update={"workers": config.workers.model_copy(update={"retry_scale": 1e-9})}), executor
    ) as found:
        found.round()
        for name in names:
            executor.end(name, WorkerCrashed("exit code -9"))
        found.round()
        found.round()
        assert found.running == 1
    assert sorted(store.get_task(task.task_id).status for task in tasks) == [Status.PENDING, Status.PROCESSING]


def test_a_drain_claims_nothing_waits_and_hands_back(config: Config, store: Store, executor: ByHand) -> None:
    running = accept(store, "running.txt")
    with dispatcher(config, executor) as found:
        found.round()
        found.drain(3600)
        waiting = accept(store, "waiting.txt")
        assert found.round() is not None, "it waits for what runs"
        assert store.get_task(waiting.task_id).attempt == 0
        found.drain(0)
        assert found.round() is None
    handed_back = store.get_task(running.task_id)
    assert (handed_back.status, handed_back.crashes, handed_back.errors) == (Status.PENDING, 0, 0)


def test_a_drain_ends_when_nothing_runs(config: Config, store: Store, executor: ByHand) -> None:
    accept(store, "nda.txt")
    with dispatcher(config, executor) as found:
        found.round()
        found.drain(3600)
        executor.end("nda.txt", ContractError(ErrorCode.NO_TEXT, detail="blank"))
        assert found.round() is None
