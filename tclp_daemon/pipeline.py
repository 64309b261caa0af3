"""One contract from its bytes to a result and a report, as a list of stages (`STAGES`) that run one after the other.

To add a stage, write a function that takes what earlier stages left in the `Contract` and leaves there what it makes,
and name it in `STAGES`. Progress, the seconds of each stage and the stage names in the sidecar's schema follow from the
list.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import accumulate, pairwise, takewhile

from tclp_daemon import __version__
from tclp_daemon.analysis.clauses import clauses_of
from tclp_daemon.analysis.coverage import coverage_of
from tclp_daemon.analysis.detector import Detector
from tclp_daemon.analysis.findings import without_repeats
from tclp_daemon.analysis.fragments import without_excess
from tclp_daemon.analysis.segment import SEGMENTER, Sentence, split_sentences
from tclp_daemon.analysis.verdict import verdict_of
from tclp_daemon.config import Limits, Model, Ocr, VerdictSteps
from tclp_daemon.document import Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.ocr import unread_pages
from tclp_daemon.report.render import render_report
from tclp_daemon.result import ContractResult, Counts, Finding, Provenance, ResultWarning, Statistics, Verdict
from tclp_daemon.task import DONE, PROGRESS, QUEUED, STARTING, WRITING, Job, Progress
from tclp_daemon.warning import DocumentWarning

CLASSIFYING = "classifying"
# Where these agree, the same bytes give the same result.
REUSE_KEYS = ("model_fingerprint", "judge_fingerprint", "precision", "version")
REUSE_NUMBERS = ("threshold", "lone_threshold", "sure_threshold")
# Progress in per cent when the first stage begins: the contract's bytes are at hand. The last one ends where the daemon
# begins to write.
_FIRST, _LAST = 20, PROGRESS[WRITING]

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes of a contract that was analysed.

    Attributes:
        result: the verdict, the findings, and where they come from.
        report: the report, a self-contained HTML page.
        seconds: how long each stage took.
    """

    result: ContractResult
    report: str
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Contract:
    """One contract on its way through the stages.

    Attributes:
        data: its bytes; empty once they are not needed any more, to give the memory back.
        name: where it was dropped, or its file name; shown in the report.
        suffix: what its bytes should be, such as ".pdf".
        sha256: of its bytes.
        prior: a finished result for the same bytes by the same model; its findings are used again.
        engine: what recognised the text of its pages, None where nothing did.
        document, sentences, classified, probabilities, findings, result, report: what the stages made; not there
            before. `classified` and `probabilities`, the classifier's and the final ones of all sentences, are not
            there at all where the findings are a prior result's.
        seconds: how long each stage took.
    """

    data: bytes
    name: str
    suffix: str
    sha256: str
    prior: ContractResult | None = None
    engine: str | None = None
    document: Document = field(init=False)
    sentences: tuple[Sentence, ...] = field(init=False)
    classified: list[float] = field(init=False)
    probabilities: list[float] = field(init=False)
    findings: tuple[Finding, ...] = field(init=False)
    result: ContractResult = field(init=False)
    report: str = field(init=False)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """What all stages together made."""
        return Outcome(self.result, self.report, self.seconds)


@dataclass(frozen=True, slots=True)
class Advance:
    """What a running stage calls to say how far it is.

    Attributes:
        stage: its name.
        start, end: progress in per cent at which it begins and ends.
        on_progress: called with each step.
    """

    stage: str
    start: int
    end: int
    on_progress: OnProgress

    def __call__(self, done: int, total: int, page: int | None = None) -> None:
        percent = self.start + (self.end - self.start) * min(done, total) // max(total, 1)
        self.on_progress(Progress(percent, self.stage, page))


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the pipeline.

    Attributes:
        name: shown in the sidecar while the stage runs; lower-case letters and underscores.
        share: its part of the progress that all stages make.
        words: what the pages of contents say while it runs.
        run: called with the pipeline, the contract, and what to call to report progress.
        applies: whether the contract needs the stage; one that does not is not shown.
        metered: the stage counts against `limits.cpu_seconds`, because it needs little time unless the file is made to
            do harm. False for one whose time grows with the number of sentences and nothing else, or that has limits of
            its own.
        paged: the stage has a limit of its own for each page, so that `workers.timeout_seconds` begins again with each.
    """

    name: str
    share: int
    words: str
    run: Callable[[Pipeline, Contract, Advance], None]
    applies: Callable[[Pipeline, Contract], bool] = lambda pipeline, contract: True
    metered: bool = True
    paged: bool = False


def _read(pipeline: Pipeline, contract: Contract, advance: Advance) -> None:
    contract.document = read_document(
        contract.data,
        contract.suffix,
        pipeline.limits,
        lambda page, pages: advance(page, pages, page),
        recognisable=pipeline.ocr.mode != "off",
    )
    if _is_recognisable(pipeline, contract):
        return
    if not contract.document.blocks:
        raise ContractError(ErrorCode.NO_TEXT, detail="only white space was found")
    contract.data = b""


def _is_recognisable(pipeline: Pipeline, contract: Contract) -> bool:
    return pipeline.ocr.mode != "off" and bool(unread_pages(contract.document))


def _recognise(pipeline: Pipeline, contract: Contract, advance: Advance) -> None:
    # Imported here, since it loads libraries that few contracts need.
    from tclp_daemon.ocr import with_recognised_pages

    # What a prior result found depends on the engine that there was.
    contract.prior = None
    contract.document, contract.engine = with_recognised_pages(
        contract.document, contract.data, contract.suffix, pipeline.limits, pipeline.ocr, advance
    )
    contract.data = b""


def _segment(pipeline: Pipeline, contract: Contract, advance: Advance) -> None:
    document = contract.document
    contract.sentences, warnings = without_excess(document, split_sentences(document))
    contract.document = replace(document, warnings=(*document.warnings, *warnings))


def _is_new(pipeline: Pipeline, contract: Contract) -> bool:
    return contract.prior is None


def _classify(pipeline: Pipeline, contract: Contract, advance: Advance) -> None:
    text = contract.document.text
    contract.classified = pipeline.detector.classify([text[s.start : s.end] for s in contract.sentences], advance)


def _judge(pipeline: Pipeline, contract: Contract, advance: Advance) -> None:
    if contract.prior is not None:
        contract.findings = contract.prior.findings
        return
    contract.probabilities, found = pipeline.detector.find(
        contract.document, contract.sentences, contract.classified, advance
    )
    contract.findings = tuple(without_repeats(found))


def _report(pipeline: Pipeline, contract: Contract, advance: Advance) -> None:
    contract.result = _conclude(pipeline, contract)
    contract.report = render_report(contract.document, contract.result, contract.name)


# What it takes to read a contract; needs no model.
READING = (
    Stage("reading", 10, "Reading the file", _read),
    Stage(
        "recognising",
        20,
        "Recognising the text of scanned pages",
        _recognise,
        applies=_is_recognisable,
        metered=False,
        paged=True,
    ),
)
STAGES = (
    *READING,
    Stage("segmenting", 10, "Splitting into sentences", _segment),
    Stage(CLASSIFYING, 35, "Classifying", _classify, applies=_is_new, metered=False),
    Stage("judging", 10, "Reading candidates in their context", _judge, metered=False),
    Stage("report", 5, "Writing the report", _report),
)
# Those before classifying.
PREPARING = tuple(stage.name for stage in takewhile(lambda stage: stage.name != CLASSIFYING, STAGES))
# Those in which each page has a limit of its own.
PAGED = frozenset(stage.name for stage in STAGES if stage.paged)
# Every stage that a sidecar may show, in order; the first two and the last two are the daemon's.
STAGE_NAMES = (QUEUED, STARTING, *(stage.name for stage in STAGES), WRITING, DONE)
_STAGE_WORDS = {QUEUED: "Waiting", STARTING: "Starting", WRITING: "Saving the results", DONE: "Done"}
_STAGE_WORDS |= {stage.name: stage.words for stage in STAGES}


def stage_words(stage: str) -> str:
    """What people read for a stage; one without words of its own is shown by its name."""
    return _STAGE_WORDS.get(stage, stage.replace("_", " ").capitalize())


class Pipeline:
    """The stages, with the model of this process. Takes one contract at a time.

    Args:
        model, limits, classification, ocr: sections of the configuration; None for the defaults.
        stages: run in this order.
    """

    def __init__(
        self,
        model: Model | None = None,
        limits: Limits | None = None,
        classification: VerdictSteps | None = None,
        ocr: Ocr | None = None,
        stages: Sequence[Stage] = STAGES,
    ) -> None:
        self.limits = limits or Limits()
        self.ocr = ocr or Ocr()
        self.steps = classification or VerdictSteps()
        self._model = model or Model()
        self._detector: Detector | None = None
        total = sum(stage.share for stage in stages)
        bounds = accumulate((stage.share for stage in stages), initial=0)
        percents = (_FIRST + (_LAST - _FIRST) * done // total for done in bounds)
        self._stages = list(zip(stages, pairwise(percents), strict=True))

    def load(self, *, alone: bool = False) -> None:
        """Loads the models, once.

        Args:
            alone: the classifier without a judge.

        Raises:
            ContractError: model_unavailable.
        """
        if self._detector is None:
            self._detector = Detector.load(self._model, alone=alone)

    @property
    def detector(self) -> Detector:
        """The loaded models.

        Raises:
            ContractError: model_unavailable, they are not loaded.
        """
        if self._detector is None:
            raise ContractError(ErrorCode.MODEL_UNAVAILABLE, detail="it is not loaded")
        return self._detector

    def identity(self) -> dict[str, str]:
        """What the loaded models are; `REUSE_KEYS` and `REUSE_NUMBERS` must agree for a result to be used again."""
        return {**self.detector.identity(), "version": __version__}

    def verdict(self, findings: int) -> Verdict:
        """The verdict on a contract with that many findings."""
        return verdict_of(findings, self.steps)

    def score(self, texts: list[str]) -> list[float]:
        """Probabilities of single sentences."""
        return self.detector.score(texts)

    def process_contract(
        self,
        job: Job,
        on_progress: OnProgress,
        unmetered: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> Outcome:
        """Processes one contract of the daemon.

        Args:
            job: names the spooled bytes.
            on_progress: called at each step, from 10 to 90 per cent.
            unmetered: entered around each stage that is not metered.

        Raises:
            ContractError: the contract cannot be analysed, or the spooled bytes are not the ones that were accepted.
            OSError: the spool cannot be read.
        """
        self.detector.use_threads(job.threads)
        on_progress(Progress(PROGRESS[STARTING], STARTING))
        contract = Contract(_spooled(job), job.display_name, job.suffix, job.sha256, self._prior(job))
        self.run(contract, on_progress, unmetered)
        on_progress(Progress(PROGRESS[WRITING], WRITING))
        return contract.outcome

    def run(
        self,
        contract: Contract,
        on_progress: OnProgress = lambda progress: None,
        unmetered: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Takes a contract through all stages; the arguments are those of `process_contract`.

        Raises:
            ContractError: the contract cannot be analysed.
        """
        for stage, (start, end) in self._stages:
            if not stage.applies(self, contract):
                continue
            advance = Advance(stage.name, start, end, on_progress)
            advance(0, 1)
            began = time.perf_counter()
            with nullcontext() if stage.metered else unmetered():
                stage.run(self, contract, advance)
            contract.seconds[stage.name] = round(time.perf_counter() - began, 3)

    def _prior(self, job: Job) -> ContractResult | None:
        """The finished result that came with the job, if this model made it.

        The daemon compares with the model that its first worker loaded. The model's directory, or the program, may have
        been replaced since; the result would then claim that the new one found what the old one did.
        """
        if job.prior_result is None:
            return None
        prior, mine = ContractResult.model_validate(job.prior_result), self.identity()
        same = all(getattr(prior.provenance, key) == mine[key] for key in REUSE_KEYS)
        same = same and all(getattr(prior.provenance, key) == float(mine[key]) for key in REUSE_NUMBERS)
        return prior if same else None


def _spooled(job: Job) -> bytes:
    """The job's bytes. A result must be about the bytes whose sum stands in it, so they are checked first."""
    try:
        data = job.spool.read_bytes()
    except FileNotFoundError:
        raise ContractError(ErrorCode.SPOOL_MISSING) from None
    if hashlib.sha256(data).hexdigest() != job.sha256:
        # The next attempt fetches them again.
        raise ContractError(ErrorCode.IO_ERROR, detail="the daemon's own copy of the contract is damaged")
    return data


def _conclude(pipeline: Pipeline, contract: Contract) -> ContractResult:
    """The result that follows from the findings."""
    document, findings, identity = contract.document, contract.findings, pipeline.identity()
    counted = sum(finding.counted for finding in findings)
    clauses = clauses_of(document, findings)
    return ContractResult(
        classification=pipeline.verdict(counted),
        coverage=coverage_of(document),
        statistics=Statistics(
            word_count=document.word_count,
            page_count=document.page_count,
            sentence_count=len(contract.sentences),
            analysis_time=round(sum(contract.seconds.values()), 3),
        ),
        findings=findings,
        clauses=clauses,
        counts=Counts(
            sentences=len(contract.sentences),
            findings=len(findings),
            counted=counted,
            clauses=len(clauses),
            by_topic=Counter(topic for finding in findings for topic in finding.topics),
        ),
        warnings=tuple(_result_warning(each) for each in document.warnings),
        provenance=Provenance(
            sha256=contract.sha256,
            model=identity["model"],
            model_fingerprint=identity["model_fingerprint"],
            judge=identity["judge"],
            judge_fingerprint=identity["judge_fingerprint"],
            threshold=float(identity["threshold"]),
            lone_threshold=float(identity["lone_threshold"]),
            sure_threshold=float(identity["sure_threshold"]),
            precision=identity["precision"],
            version=identity["version"],
            extractor=document.extractor,
            segmenter=f"{SEGMENTER} {version(SEGMENTER)}",
            format=document.format,
            ocr=contract.engine,
        ),
    )


def _result_warning(warning: DocumentWarning) -> ResultWarning:
    return ResultWarning(
        code=warning.code,
        message=warning.message,
        pages=warning.pages,
        parts=warning.parts,
        advice=warning.advice,
        unread=warning.unread,
    )
