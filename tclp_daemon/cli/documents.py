"""Whole labelled documents, for `evaluate`: how good the model, a list of keywords and TF-IDF are on them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

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
from tclp_daemon.cli.labels import LabelledFile
from tclp_daemon.cli.words import printable
from tclp_daemon.errors import ContractError

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from tclp_daemon.analysis.baselines import TfIdf
    from tclp_daemon.analysis.evaluation import DocumentFigures, JudgedDocument
    from tclp_daemon.analysis.matching import Matches
    from tclp_daemon.pipeline import Contract, Pipeline
    from tclp_daemon.result import ContractResult
    from tclp_daemon.task import Progress

_KEYWORDS = "a sentence with a word of a list (climate, carbon, emission, green, …) is a finding"
_TFIDF = "words and pairs of words, ridge regression, fitted on the labels of the other documents"
_VARIANTS = {"without_borderline": False, "with_borderline": True}


class Answers(NamedTuple):
    """What a detector says about a document: the score of each sentence, its findings, and whether it is flagged."""

    scores: Sequence[float]
    found: Set[int]
    flagged: bool


@dataclass(frozen=True, slots=True)
class Analysed:
    """A labelled document that went through the pipeline.

    Attributes:
        file: the document and its labels.
        texts: of its sentences.
        matches: what the labels are about.
        model: the pipeline's answers.
        result: the pipeline's result.
    """

    file: LabelledFile
    texts: list[str]
    matches: Matches
    model: Answers
    result: ContractResult

    def judged(self, answers: Answers) -> JudgedDocument:
        """A detector's answers, on what is labelled."""
        from tclp_daemon.analysis.evaluation import Judged, JudgedDocument

        labelled = {i for each in self.matches.labelled for i in each.sentences}
        return JudgedDocument(
            tuple(
                Judged(
                    each.label,
                    each.borderline,
                    max((answers.scores[i] for i in each.sentences), default=-math.inf),
                    not answers.found.isdisjoint(each.sentences),
                )
                for each in self.matches.labelled
            ),
            tuple(i in answers.found for i in range(len(self.texts)) if i not in labelled),
            any(label.label and not label.borderline for label in self.file.labels),
            answers.flagged,
        )


def measure_documents(
    folder: Path, files: Sequence[LabelledFile], skipped: int, pipeline: Pipeline, errors: int, quiet: bool
) -> dict[str, Any]:
    """The figures of all documents together and of each.

    Args:
        folder: holds them.
        files: at least one.
        skipped: lines without a label.
        pipeline: with its models loaded.
        errors: how many of the worst mistakes of each kind are told.
        quiet: no progress bar.
    """
    analysed: list[Analysed] = []
    failed: list[dict[str, Any]] = []
    with progress_bars(quiet) as bars:
        for file in files:
            bar = bars.add_task(printable(file.name), total=100)
            try:
                analysed.append(_analysed(file, run(pipeline, file.path, partial(_advance, bars, bar))))
            except ContractError as error:
                failed.append({"file": file.name, "error": error.message, "error_code": error.code.value})
            bars.update(bar, completed=100)
    return {"directory": str(folder), "skipped": skipped, **_answer(analysed, pipeline, errors), "failed": failed}


def _advance(bars: Bars, bar: TaskID, progress: Progress) -> None:
    bars.update(bar, completed=progress.percent)


def _analysed(file: LabelledFile, contract: Contract) -> Analysed:
    from tclp_daemon.analysis.matching import match_labels

    sentences, result = contract.sentences, contract.result
    starts = {finding.start for finding in contract.findings}
    found = {i for i, sentence in enumerate(sentences) if sentence.start in starts}
    return Analysed(
        file,
        texts_of(contract),
        match_labels(contract.document, sentences, file.labels),
        Answers(contract.probabilities, found, flags(result.classification)),
        result,
    )


def _answer(analysed: Sequence[Analysed], pipeline: Pipeline, errors: int) -> dict[str, Any]:
    detectors = list(_detectors(analysed, pipeline))
    judged = {
        name: [document.judged(each) for document, each in zip(analysed, answers, strict=True)]
        for name, _, answers in detectors
    }
    answer: dict[str, Any] = {
        "labels": sum(len(each.file.labels) for each in analysed),
        "unmatched": [{"file": d.file.name, "line": label.line} for d in analysed for label in d.matches.unmatched],
        "not_judged": sum(not each.sentences for d in analysed for each in d.matches.labelled),
        "unlabelled_findings": sum(sum(each.unlabelled) for each in judged["model"]),
        "detectors": [{"name": name, "what": what, **_row(judged[name])} for name, what, _ in detectors],
        "documents": [
            {
                "file": each.file.name, "classification": each.result.classification.value,
                "sentences": each.result.counts.sentences, "findings": each.result.counts.findings,
                "unlabelled_findings": sum(judged["model"][at].unlabelled),
                "detectors": [{"name": name, **_row([judged[name][at]])} for name in judged],
            }
            for at, each in enumerate(analysed)
        ],
    }  # fmt: skip
    if errors:
        answer["errors"] = worst(list(_answers(analysed, judged["model"])), errors)
    return answer


def _answers(analysed: Sequence[Analysed], judged: Sequence[JudgedDocument]) -> Iterator[Answer]:
    for document, its in zip(analysed, judged, strict=True):
        for labelled, each in zip(document.matches.labelled, its.judged, strict=True):
            if not each.borderline:
                yield Answer(max(0.0, each.score), each.label, each.found, f"{document.file.name}: {labelled.text}")


def _row(documents: Sequence[JudgedDocument]) -> dict[str, Any]:
    from tclp_daemon.analysis.evaluation import DocumentFigures

    return {
        "verdicts_right": sum(document.right for document in documents),
        "clean_documents": sum(not document.has_climate for document in documents),
        **{name: _figures(DocumentFigures.of(documents, borderline=b)) for name, b in _VARIANTS.items()},
    }


def _figures(found: DocumentFigures) -> dict[str, Any]:
    return {
        "sentences": found.labelled.total,
        **figures(found.labelled),
        "false_alarms_per_1000_of_all": rounded(found.all.false_alarms_per_1000),
        "false_alarms_per_1000_of_clean": rounded(found.clean.false_alarms_per_1000),
        "precision_at_80_recall": rounded(found.precision_at_80),
        "precision_at_90_recall": rounded(found.precision_at_90),
    }


def _detectors(analysed: Sequence[Analysed], pipeline: Pipeline) -> Iterator[tuple[str, str, list[Answers]]]:
    """(name, what it is, its answers on each document) of the model and of what it must beat."""
    from tclp_daemon.analysis.baselines import keyword_scores

    model = "classifier and judge" if pipeline.identity()["judge"] else "the classifier alone"
    yield "model", model, [each.model for each in analysed]
    keywords = [keyword_scores(each.texts) for each in analysed]
    yield "keywords", _KEYWORDS, [_flagged(scores, 1.0, pipeline) for scores in keywords]
    with suppress(ValueError):  # nothing to fit it on
        fitted = [_tfidf([other for other in analysed if other is not each]).scores(each.texts) for each in analysed]
        yield "TF-IDF", _TFIDF, [_flagged(scores, 0.0, pipeline) for scores in fitted]


def _tfidf(examples: Sequence[Analysed]) -> TfIdf:
    from tclp_daemon.analysis.baselines import TfIdf

    labels = [label for each in examples for label in each.file.labels if not label.borderline]
    return TfIdf([label.text for label in labels], [label.label for label in labels])


def _flagged(scores: Sequence[float], threshold: float, pipeline: Pipeline) -> Answers:
    found = {i for i, score in enumerate(scores) if score >= threshold}
    return Answers(scores, found, flags(pipeline.verdict(len(found))))
