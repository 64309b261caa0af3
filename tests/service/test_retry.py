"""What follows from how an attempt ended: one table."""

from __future__ import annotations

import pytest

from tclp_daemon.config import Workers
from tclp_daemon.errors import ERRORS, ContractError, ErrorCode
from tclp_daemon.pipeline import Outcome
from tclp_daemon.result import ContractResult
from tclp_daemon.service.retry import Again, Complete, Decision, Fail, HandBack, decide, longest_delay, retry_delay
from tclp_daemon.task import Progress
from tclp_daemon.workers.base import WorkerCrashed, WorkerTimeout

# Three attempts, of which the reader has two; pauses a hundredth of the usual.
WORKERS = Workers(max_attempts=3, timeout_seconds=900, retry_scale=0.01)
JITTER = 4.0
CRASH, LATE = WorkerCrashed("exit code -9"), WorkerTimeout()
READING, CLASSIFYING = Progress(25, "reading", page=3), Progress(60, "classifying")
NO_TEXT = ContractError(ErrorCode.NO_TEXT, detail="blank")
IO_ERROR = ContractError(ErrorCode.IO_ERROR, detail="a sick disk")
AWAY = ContractError(ErrorCode.MODEL_UNAVAILABLE, detail="it is not there")


def decided(ended: Exception, last: Progress | None = CLASSIFYING, spent: int = 0) -> Decision:
    return decide(ended, last=last, spent=spent, workers=WORKERS, jitter=JITTER)


@pytest.mark.parametrize(
    ("ended", "last", "spent", "kind", "code", "seconds", "crashed"),
    [
        # What no other attempt would change fails at once.
        (NO_TEXT, CLASSIFYING, 0, Fail, "no_text", None, None),
        # A transient error is retried while attempts are left, after longer and longer pauses.
        (IO_ERROR, CLASSIFYING, 0, Again, "io_error", 0.20, False),
        (IO_ERROR, CLASSIFYING, 1, Again, "io_error", 0.35, False),
        (IO_ERROR, CLASSIFYING, 2, Fail, "io_error", None, None),
        # So is a crash, which makes the contract a suspect.
        (CRASH, None, 0, Again, "worker_crashed", 0.20, True),
        (CRASH, READING, 1, Again, "worker_crashed", 0.35, True),
        (CRASH, READING, 2, Fail, "worker_crashed", None, None),
        # And a time-out; but a reader has one attempt less.
        (LATE, CLASSIFYING, 0, Again, "timeout", 0.20, True),
        (LATE, CLASSIFYING, 1, Again, "timeout", 0.35, True),
        (LATE, CLASSIFYING, 2, Fail, "timeout", None, None),
        (LATE, READING, 0, Again, "timeout", 0.20, True),
        (LATE, READING, 1, Fail, "timeout", None, None),
        (LATE, None, 1, Fail, "timeout", None, None),
        # The model's trouble costs nothing, however many attempts were spent.
        (AWAY, None, 0, HandBack, "model_unavailable", 0.15, None),
        (AWAY, None, 99, HandBack, "model_unavailable", 0.15, None),
    ],
)
def test_decisions(
    ended: Exception,
    last: Progress | None,
    spent: int,
    kind: type,
    code: str,
    seconds: float | None,
    crashed: bool | None,
) -> None:
    decision = decided(ended, last, spent)
    assert type(decision) is kind
    assert not isinstance(decision, Complete)
    assert decision.error.code == code
    assert getattr(decision, "seconds", None) == (None if seconds is None else pytest.approx(seconds))
    assert getattr(decision, "crashed", None) == crashed


def test_a_result_is_recorded() -> None:
    outcome = Outcome(ContractResult.model_construct(), "report")
    assert decide(outcome, last=None, spent=99, workers=WORKERS, jitter=JITTER) == Complete(outcome)


def test_what_no_executor_may_raise_is_passed_on() -> None:
    with pytest.raises(ZeroDivisionError):
        decided(ZeroDivisionError())


@pytest.mark.parametrize("attempts", [1, 2])
def test_never_more_attempts_than_configured(attempts: int) -> None:
    workers = Workers(max_attempts=attempts)
    for ended in (CRASH, LATE, IO_ERROR):
        for last in (READING, CLASSIFYING):
            assert isinstance(decide(ended, last=last, spent=attempts - 1, workers=workers, jitter=0), Fail)


@pytest.mark.parametrize(
    ("ended", "last", "message"),
    [
        (LATE, READING, "The analysis did not finish within 900 s (last stage: reading, page 3)."),
        (LATE, None, "The analysis did not finish within 900 s (last stage: starting)."),
        (CRASH, CLASSIFYING, "The analysis stopped unexpectedly (last stage: classifying)."),
    ],
)
def test_a_crash_and_a_time_out_name_the_stage(ended: Exception, last: Progress | None, message: str) -> None:
    decision = decided(ended, last, spent=9)
    assert isinstance(decision, Fail)
    assert decision.error.message == message


@pytest.mark.parametrize("code", [code for code in ErrorCode if code is not ErrorCode.MODEL_UNAVAILABLE])
def test_every_code_is_retried_if_and_only_if_it_is_transient(code: ErrorCode) -> None:
    assert isinstance(decided(ContractError(code)), Again) == ERRORS[code].transient


def test_pauses_grow_and_end_at_an_hour() -> None:
    pauses = [retry_delay(spent, 1.0, 0.0) for spent in range(1, 20)]
    assert pauses == sorted(pauses)
    assert pauses[0] == 16
    assert pauses[-1] == 3600 < longest_delay(1.0)
