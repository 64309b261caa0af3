"""Labelled sentences, and contracts that are labelled as wholes, for `evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tclp_daemon.cli.figures import (
    Answer,
    figures,
    flags,
    progress_bars,
    rounded,
    run,
    texts_of,
    worst,
)
from tclp_daemon.cli.words import printable
from tclp_daemon.errors import ContractError, ErrorCode, UsageError

if TYPE_CHECKING:
    from tclp_daemon.pipeline import Contract, Pipeline


def measure_sentences(
    path: Path, rows: list[tuple[str, int]], skipped: int, pipeline: Pipeline, errors: int, quiet: bool
) -> dict[str, Any]:
    """The figures of one file of sentences, each of which stands alone.

    Args:
        path: the file.
        rows: (text, label) of each line that has a label.
        skipped: how many have none.
        pipeline: with its models loaded.
        errors: how many of the worst mistakes of each kind are told.
        quiet: no progress bar.
    """
    from tclp_daemon.analysis.baselines import keyword_scores
    from tclp_daemon.analysis.evaluation import Confusion, average_precision, expected_calibration_error

    texts = [text for text, _ in rows]
    labels = [label for _, label in rows]
    with progress_bars(quiet) as bars:
        bar = bars.add_task(printable(path.name), total=len(rows))
        probabilities = pipeline.detector.score(texts, lambda done, _: bars.update(bar, completed=done))
    found = [p >= pipeline.detector.thresholds.usual for p in probabilities]
    answer = {"file": str(path), "sentences": len(rows), "skipped": skipped, **figures(Confusion.of(labels, found))}
    answer["average_precision"] = rounded(average_precision(labels, probabilities))
    answer["calibration_error"] = rounded(expected_calibration_error(labels, probabilities))
    answer["keywords"] = figures(Confusion.of(labels, [score >= 1 for score in keyword_scores(texts)]))
    if errors:
        answers = [Answer(*each) for each in zip(probabilities, labels, found, texts, strict=True)]
        answer["errors"] = worst(answers, errors)
    return answer


def measure_contracts(folder: Path, labels: list[tuple[str, int]], pipeline: Pipeline, quiet: bool) -> dict[str, Any]:
    """The figures of the verdicts on some contracts.

    Args:
        folder: holds them.
        labels: (file, 1 if it has climate language, else 0).
        pipeline: with its models loaded.
        quiet: no progress bar.

    Raises:
        UsageError: one of them is not there.
    """
    from tclp_daemon.analysis.evaluation import Confusion

    contracts: list[dict[str, Any]] = []
    keywords: list[bool] = []
    failed = []
    with progress_bars(quiet) as bars:
        for name, label in bars.track(labels, description="contracts"):
            try:
                contract = run(pipeline, folder / name)
            except ContractError as error:
                if error.code is ErrorCode.UNREADABLE:  # the figures would be those of other contracts than labelled
                    raise UsageError(f"labels.jsonl names {printable(name)}. {error.message}") from None
                failed.append({"file": name, "error": error.message, "error_code": error.code.value})
            else:
                contracts.append(_verdict(name, label, contract))
                keywords.append(_keywords_flag(contract, pipeline))
    truth = [each["label"] for each in contracts]
    return {
        "directory": str(folder),
        **figures(Confusion.of(truth, [flags(each["classification"]) for each in contracts])),
        "keywords": figures(Confusion.of(truth, keywords)),
        "contracts": contracts,
        "failed": failed,
    }


def _verdict(name: str, label: int, contract: Contract) -> dict[str, Any]:
    result = contract.result
    return {
        "file": name, "label": label, "classification": result.classification.value,
        "sentences": result.counts.sentences, "findings": result.counts.findings,
        "right": flags(result.classification) == bool(label),
    }  # fmt: skip


def _keywords_flag(contract: Contract, pipeline: Pipeline) -> bool:
    from tclp_daemon.analysis.baselines import keyword_scores

    return flags(pipeline.verdict(sum(score >= 1 for score in keyword_scores(texts_of(contract)))))
