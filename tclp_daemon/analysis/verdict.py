"""The number of findings -> the verdict on the contract."""

from __future__ import annotations

from tclp_daemon.config import VerdictSteps
from tclp_daemon.result import Verdict


def verdict_of(findings: int, steps: VerdictSteps) -> Verdict:
    """The verdict that follows from the number of findings.

    Args:
        findings: sentences found in the contract.
        steps: the fewest findings for each verdict above "unlikely".
    """
    if findings >= steps.very_likely:
        return Verdict.VERY_LIKELY
    if findings >= steps.likely:
        return Verdict.LIKELY
    if findings >= steps.possible:
        return Verdict.POSSIBLE
    return Verdict.UNLIKELY
