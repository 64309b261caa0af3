"""What follows from how an attempt ended. Only decides; the dispatcher acts on it (`dispatcher.py`)."""

from __future__ import annotations

from dataclasses import dataclass

from tclp_daemon.config import Workers
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.pipeline import PREPARING, Outcome
from tclp_daemon.task import STARTING, Progress
from tclp_daemon.workers.base import WorkerCrashed, WorkerTimeout
from tclp_daemon.workers.failures import error_of

_LONGEST_DELAY = 3600.0
_AWAY_SECONDS = 15.0
# Classifying takes longer beside other contracts, but a reader that was too slow twice will be so a third time.
_READING = (STARTING, *PREPARING)
_READING_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Complete:
    """The contract is finished."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Fail:
    """No attempt could succeed, or none is left."""

    error: ContractError


@dataclass(frozen=True, slots=True)
class Again:
    """Another attempt follows.

    Attributes:
        seconds: the pause before it.
        error: why this one failed.
        crashed: it cost a worker; otherwise the attempt counts as a transient error.
    """

    seconds: float
    error: ContractError
    crashed: bool = False


@dataclass(frozen=True, slots=True)
class HandBack:
    """The contract is not at fault: it goes back to the queue and the attempt is not counted.

    Attributes:
        seconds: the pause before the next attempt.
        error: what is at fault.
    """

    seconds: float
    error: ContractError


Decision = Complete | Fail | Again | HandBack


def decide(
    ended: Outcome | BaseException, *, last: Progress | None, spent: int, workers: Workers, jitter: float
) -> Decision:
    """Decides what follows from how an attempt ended.

    Args:
        ended: what the job's future returned or raised.
        last: the attempt's last progress, None where it reported none.
        spent: attempts that count, before this one.
        workers: the limits.
        jitter: seconds added to the pause before another attempt.

    Raises:
        BaseException: `ended`, where no executor may raise that.
    """
    if isinstance(ended, Outcome):
        return Complete(ended)
    if not isinstance(ended, ContractError | WorkerCrashed | WorkerTimeout):
        raise ended
    error = error_of(ended, last, workers.timeout_seconds)
    if error.code is ErrorCode.MODEL_UNAVAILABLE:
        return HandBack(away_delay(workers.retry_scale), error)
    allowed = workers.max_attempts
    if isinstance(ended, WorkerTimeout) and (last is None or last.stage in _READING):
        allowed = min(allowed, _READING_ATTEMPTS)
    spent += 1
    if not error.transient or spent >= allowed:
        return Fail(error)
    return Again(retry_delay(spent, workers.retry_scale, jitter), error, crashed=not isinstance(ended, ContractError))


def retry_delay(spent: int, scale: float, jitter: float) -> float:
    """Seconds before the next attempt: attempts^4 + 15 + jitter, at most an hour, times `scale`.

    The curve is Sidekiq's (https://github.com/sidekiq/sidekiq/wiki/Error-Handling).
    """
    return float(min(_LONGEST_DELAY, spent**4 + 15 + jitter) * scale)


def away_delay(scale: float) -> float:
    """Seconds before the next attempt where the model, or the only copy of the contract, is away."""
    return _AWAY_SECONDS * scale


def longest_delay(scale: float) -> float:
    """Seconds that no pause exceeds; a task that is to wait longer was put off by a clock that was wrong."""
    return (_LONGEST_DELAY + _AWAY_SECONDS) * scale
