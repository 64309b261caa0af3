"""What each model is asked before it serves.

A processor or a sandbox on which a model loads but does not compute, or computes nonsense, is found by it, and not by
the first hundred contracts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from tclp_daemon.errors import ContractError, ErrorCode

# How far a probability may be from the known one: bfloat16 rounds differently on each kind of processor.
_TOLERANCE = 0.1
Answer = TypeVar("Answer")


def answered(ask: Callable[[], Answer]) -> Answer:
    """What the question gives.

    Args:
        ask: makes the model compute.

    Raises:
        ContractError: model_unavailable, it cannot compute.
    """
    try:
        return ask()
    except (ContractError, RuntimeError) as error:
        raise ContractError(ErrorCode.MODEL_UNAVAILABLE, detail=f"it cannot compute here: {reason(error)}") from error


def compare(found: Iterable[float], right: Iterable[float]) -> None:
    """Nothing, if the probabilities are near the right ones.

    Raises:
        ContractError: model_unavailable, one of them is not.
    """
    for probability, known in zip(found, right, strict=True):
        if abs(probability - known) > _TOLERANCE:
            raise ContractError(
                ErrorCode.MODEL_UNAVAILABLE,
                detail=f"it gives wrong results here: a known sentence got {probability:.2f} instead of {known:.2f}",
            )


def reason(error: Exception) -> str:
    """Why a model does not work: the first line of what went wrong, or its type where it has no message."""
    if isinstance(error, ContractError):
        return str(error.details["detail"])
    return str(error).strip().partition("\n")[0] or type(error).__name__
