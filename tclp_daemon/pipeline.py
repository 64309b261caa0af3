"""The worker side: one contract from its spooled bytes to a result and a report."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from importlib.metadata import version

from tclp_daemon import __version__
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.findings import find_climate_language
from tclp_daemon.analysis.fragments import without_excess
from tclp_daemon.analysis.segment import SEGMENTER, split_sentences
from tclp_daemon.analysis.verdict import verdict_of
from tclp_daemon.config import Config
from tclp_daemon.document import Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.report import render_report
from tclp_daemon.result import ContractResult, Counts, Finding, Provenance, ResultWarning, Statistics
from tclp_daemon.task import CLASSIFYING_END, PROGRESS, Job, Progress, Stage

# Where these agree, the same bytes give the same result.
REUSE_KEYS = ("model_fingerprint", "precision", "version")
REUSE_NUMBERS = ("threshold", "lone_threshold")
OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a worker hands back: the result, the report as HTML, and the seconds each stage took."""

    result: ContractResult
    report: str
    seconds: dict[str, float] = field(default_factory=dict)


class Analyser:
    """Holds the model of one process and processes contracts with it.

    Args:
        config: the whole configuration.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._classifier: Classifier | None = None

    def load(self) -> None:
        """Loads the model, once.

        Raises:
            ContractError: model_unavailable.
        """
        if self._classifier is None:
            self._classifier = Classifier.load(self._config.model)

    def identity(self) -> dict[str, str]:
        """What the loaded model is; `REUSE_KEYS` and `REUSE_NUMBERS` of it must agree for a result to be used again."""
        classifier = self._loaded()
        return {
            "model": classifier.name,
            "model_fingerprint": classifier.fingerprint,
            "precision": classifier.precision,
            "threshold": str(classifier.threshold),
            "lone_threshold": str(classifier.lone_threshold),
            "version": __version__,
        }

    def score(self, texts: list[str]) -> list[float]:
        """Probabilities of single sentences."""
        return self._loaded().probabilities(texts)

    def process_contract(
        self,
        job: Job,
        on_progress: OnProgress,
        unmetered: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> Outcome:
        """Processes one contract.

        Args:
            job: names the spooled bytes.
            on_progress: told of each step, 10 to 90 per cent.
            unmetered: entered around classifying, whose time grows with the number of sentences and nothing else.

        Raises:
            ContractError: the contract cannot be analysed, or the spooled bytes are not the ones that were accepted.
            OSError: the spool cannot be read.
        """
        classifier = self._loaded()
        classifier.use_threads(job.threads)
        clock = _Clock()
        on_progress(Progress(PROGRESS[Stage.STARTING], Stage.STARTING))
        try:
            data = job.spool.read_bytes()
        except FileNotFoundError:
            raise ContractError(ErrorCode.SPOOL_MISSING) from None
        if hashlib.sha256(data).hexdigest() != job.sha256:
            # A result must be about the bytes whose sum stands in it. The next attempt fetches them anew.
            raise ContractError(ErrorCode.IO_ERROR, detail="the daemon's own copy of the contract is damaged")
        on_progress(Progress(PROGRESS[Stage.READING], Stage.READING))
        document = read_document(
            data,
            job.suffix,
            self._config.limits,
            lambda page, pages: on_progress(
                Progress(_between(Stage.READING, PROGRESS[Stage.SEGMENTING], page, pages), Stage.READING, page)
            ),
        )
        del data
        clock.lap("reading")

        on_progress(Progress(PROGRESS[Stage.SEGMENTING], Stage.SEGMENTING))
        sentences, warnings = without_excess(document, split_sentences(document))
        document = replace(document, warnings=(*document.warnings, *warnings))
        clock.lap("segmenting")

        on_progress(Progress(PROGRESS[Stage.CLASSIFYING], Stage.CLASSIFYING))
        prior = self._prior(job)
        if prior is not None:
            findings = prior.findings
        else:
            with unmetered():
                findings = find_climate_language(
                    document,
                    sentences,
                    classifier,
                    lambda done, total: on_progress(
                        Progress(_between(Stage.CLASSIFYING, CLASSIFYING_END, done, total), Stage.CLASSIFYING)
                    ),
                )
        clock.lap("classifying")

        result = self._result(job, document, len(sentences), findings, clock.total)
        on_progress(Progress(CLASSIFYING_END, Stage.CLASSIFYING))
        report = render_report(document, result, job.display_name)
        clock.lap("report")
        on_progress(Progress(PROGRESS[Stage.WRITING], Stage.WRITING))
        return Outcome(result, report, clock.laps)

    def _prior(self, job: Job) -> ContractResult | None:
        """The finished result that came with the job, if this model made it.

        The daemon compares with the model that its first worker loaded. The folder, or the program, may have been
        replaced since, and the result would say that the new one had found what the old one did.
        """
        if job.prior_result is None:
            return None
        prior, mine = ContractResult.model_validate(job.prior_result), self.identity()
        same = all(getattr(prior.provenance, key) == mine[key] for key in REUSE_KEYS)
        same = same and all(getattr(prior.provenance, key) == float(mine[key]) for key in REUSE_NUMBERS)
        return prior if same else None

    def _result(
        self, job: Job, document: Document, sentences: int, findings: tuple[Finding, ...], seconds: float
    ) -> ContractResult:
        classifier = self._loaded()
        topics: dict[str, int] = {}
        for finding in findings:
            for topic in finding.topics:
                topics[topic] = topics.get(topic, 0) + 1
        return ContractResult(
            classification=verdict_of(len(findings), self._config.classification),
            statistics=Statistics(
                word_count=document.word_count,
                page_count=document.page_count,
                sentence_count=sentences,
                analysis_time=round(seconds, 3),
            ),
            findings=findings,
            counts=Counts(sentences=sentences, findings=len(findings), by_topic=topics),
            warnings=tuple(ResultWarning(code=w.code, message=w.message, pages=w.pages) for w in document.warnings),
            provenance=Provenance(
                sha256=job.sha256,
                model=classifier.name,
                model_fingerprint=classifier.fingerprint,
                threshold=classifier.threshold,
                lone_threshold=classifier.lone_threshold,
                precision=classifier.precision,
                version=__version__,
                extractor=document.extractor,
                segmenter=SEGMENTER + " " + version(SEGMENTER),
                format=document.format,
            ),
        )

    def _loaded(self) -> Classifier:
        if self._classifier is None:
            raise ContractError(ErrorCode.MODEL_UNAVAILABLE, detail="it is not loaded")
        return self._classifier


def _between(stage: Stage, end: int, done: int, total: int) -> int:
    """Progress in per cent inside a stage."""
    start = PROGRESS[stage]
    return start + (end - start) * min(done, total) // max(total, 1)


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 3)
        self._last = now

    @property
    def total(self) -> float:
        return sum(self.laps.values())
