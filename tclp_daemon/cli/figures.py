"""What the three ways of measuring of `evaluate` have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from tclp_daemon.analysis.evaluation import Confusion
    from tclp_daemon.pipeline import Contract, Pipeline
    from tclp_daemon.task import Progress


class Answer(NamedTuple):
    """What was said about a labelled sentence."""

    probability: float
    label: int
    found: bool
    text: str


def figures(confusion: Confusion) -> dict[str, Any]:
    """The counts, and what follows from them; None for what cannot be divided."""
    return {
        "true_positives": confusion.true_positives,
        "false_positives": confusion.false_positives,
        "false_negatives": confusion.false_negatives,
        "true_negatives": confusion.true_negatives,
        "accuracy": rounded(confusion.accuracy),
        "precision": rounded(confusion.precision),
        "recall": rounded(confusion.recall),
        "f1": rounded(confusion.f1),
        "false_alarms_per_1000": rounded(confusion.false_alarms_per_1000),
    }


def rounded(figure: float | None) -> float | None:
    """To four digits."""
    return None if figure is None else round(figure, 4)


def worst(answers: Sequence[Answer], most: int) -> list[dict[str, Any]]:
    """The worst mistakes: false alarms, the surest first, and misses, the least probable first.

    Args:
        answers: on labelled sentences.
        most: of each kind.
    """
    alarms = sorted((a for a in answers if a.found and not a.label), reverse=True)
    misses = sorted(a for a in answers if a.label and not a.found)
    return [
        {"label": a.label, "probability": round(a.probability, 4), "text": a.text}
        for a in (*alarms[:most], *misses[:most])
    ]


def run(pipeline: Pipeline, path: Path, on_progress: Callable[[Progress], None] = lambda progress: None) -> Contract:
    """A contract that went through all stages.

    Raises:
        ContractError: it cannot be read or analysed.
    """
    from tclp_daemon.api import open_contract

    contract = open_contract(path, None, pipeline.limits)
    pipeline.run(contract, on_progress)
    return contract


def texts_of(contract: Contract) -> list[str]:
    """The sentences of a contract that went through the pipeline."""
    return [contract.document.text[sentence.start : sentence.end] for sentence in contract.sentences]


def flags(verdict: str) -> bool:
    """Whether a verdict says that there is climate language."""
    from tclp_daemon.result import Verdict

    return verdict != Verdict.UNLIKELY


def progress_bars(quiet: bool) -> Bars:
    """Bars on standard error; none where that is no terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    return Bars(console=console, disable=quiet or not console.is_terminal)
