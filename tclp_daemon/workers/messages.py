"""The messages between the daemon and a worker process, through one pipe for each worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tclp_daemon.errors import ContractError
from tclp_daemon.task import Job, Progress


@dataclass(frozen=True, slots=True)
class Run:
    """To the worker: process this contract."""

    job: Job


@dataclass(frozen=True, slots=True)
class Call:
    """To the worker: call this function with the loaded `Pipeline` and these arguments; for the doctor."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has loaded the model and holds `data` bytes of private memory."""

    identity: dict[str, str]
    data: int


@dataclass(frozen=True, slots=True)
class Note:
    """How far the job is."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class TimeBudget:
    """The job must end before the process has used `until` seconds of processor time; None while none counts."""

    until: float | None


@dataclass(frozen=True, slots=True)
class Done:
    """The answer; the worker now holds `data` bytes."""

    value: Any
    data: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no answer or, before `Ready`, no worker.

    Attributes:
        failure: for the sidecar.
        data: bytes that the worker holds now.
        memory: the worker may have run out of memory, which a fresh one might have.
        unfit: the worker itself is broken, whatever the contract.
    """

    failure: ContractError
    data: int = 0
    memory: bool = False
    unfit: bool = False
