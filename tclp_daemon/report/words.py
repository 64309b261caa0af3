"""How report and dashboard say numbers, dates, verdicts and probabilities to people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tclp_daemon.result import Clause, Finding

# What the report says of each verdict, before "climate-aligned language".
VERDICTS = {
    "unlikely": "Unlikely to contain",
    "possible": "May contain",
    "likely": "Likely to contain",
    "very likely": "Very likely to contain",
}
# From which probability on which words are true.
# Of sentences that training did not see, 154 of 155 from 0.98 on were climate language, 161 of 181 from 0.8 to 0.98.
_SURE = ((0.98, "Almost certain"), (0.8, "Very probable"), (0.6, "Probable"), (0.0, "Uncertain, worth a look"))


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 finding`, `1,234 findings`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def found(counted: int, clauses: int | None) -> str:
    """`7 findings in 3 clauses`; without the clauses where they are not known or there are none."""
    words = count(counted, "finding")
    return f"{words} in {count(clauses, 'clause')}" if clauses else words


def moment(at: datetime) -> str:
    """`31 January 2026, 09:00 UTC`."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def day(at: datetime) -> str:
    """`31 January 2026`."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y}"


def topic(name: str) -> str:
    """`Net zero` for `net_zero`."""
    return name.replace("_", " ").capitalize()


def place(finding: Finding) -> str:
    """Where a finding stands: `page 12, clause 11.4(b)`, or the paragraph where neither is known."""
    parts = [f"page {finding.page}"] if finding.page else []
    if clause := finding.clause:
        parts.append(clause if clause[0].isalpha() and " " in clause else f"clause {clause}")
    return ", ".join(parts) or (f"paragraph {finding.paragraph}" if finding.paragraph else "in the text")


def clause_place(clause: Clause, first: Finding) -> str:
    """Where a clause begins, in the words of `place`.

    Args:
        clause: which.
        first: its first finding.
    """
    return place(first.model_copy(update={"page": clause.page, "clause": clause.clause}))


def uncounted(finding: Finding) -> str:
    """Why the verdict does not count a finding; empty where it does."""
    if finding.counted:
        return ""
    if finding.repeats is None:
        return "a heading, not counted"
    return f"repeats {finding.repeats + 1:,}, not counted"


def probability_step(probability: float) -> int:
    """The place of a probability among those that have words, the surest being 0."""
    return next(step for step, (least, _) in enumerate(_SURE) if probability >= least)


def probability_words(probability: float) -> str:
    """How sure the models are, in words and as a percentage; never as a certainty."""
    words = _SURE[probability_step(probability)][1]
    percent = "over 99" if probability > 0.99 else str(round(probability * 100))
    return f"{words} ({percent}%)"
