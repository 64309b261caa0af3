"""The formats that leave the daemon: the status sidecar, version 1, and the result, version 2.

Both are pydantic models, so that the JSON Schemas in docs/reference are generated from what is written. Results of
version 1 can be read: they become results of version 2 (docs/decisions/0023-a-result-has-clauses.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tclp_daemon.errors import ErrorCode
from tclp_daemon.task import Status


class Verdict(StrEnum):
    """The verdict on a contract."""

    UNLIKELY = "unlikely"
    POSSIBLE = "possible"
    LIKELY = "likely"
    VERY_LIKELY = "very likely"


# The names under which the web app that came before published the four verdicts; clients still read them.
BUCKET_LABELS: dict[str, str] = {f"cat{i}": label.value for i, label in enumerate(Verdict)}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Statistics(_Record):
    """Sizes of the contract and how long it took."""

    word_count: int = Field(ge=0)
    page_count: int | None = Field(None, ge=1, description="None where the format has no pages")
    sentence_count: int = Field(0, ge=0)
    analysis_time: float = Field(ge=0, description="seconds of reading, segmenting and classifying")


class Finding(_Record):
    """One climate-aligned sentence."""

    text: str
    start: int = Field(ge=0, description="character offset into the extracted text")
    end: int = Field(ge=0, description="exclusive")
    probability: float = Field(ge=0, le=1)
    topics: tuple[str, ...] = ()
    page: int | None = None
    paragraph: int | None = None
    clause: str | None = Field(None, description="clause number the sentence stands under, such as 11.4(b)")
    heading: str | None = None
    recognised: bool = Field(False, description="True where its text comes from text recognition (OCR)")
    counted: bool = Field(
        True, description="False for a heading and for a repeat of an earlier finding, which the verdict does not count"
    )
    repeats: int | None = Field(None, ge=0, description="index of the earlier finding that says the same, if any")


class Clause(_Record):
    """A clause that holds findings."""

    clause: str | None = Field(None, description="its number, such as 11.4; None where it has none")
    heading: str | None = None
    page: int | None = Field(None, description="where it begins")
    start: int = Field(ge=0, description="character offset into the extracted text")
    end: int = Field(ge=0, description="exclusive")
    findings: tuple[int, ...] = Field(min_length=1, description="indices into `findings`")
    topics: tuple[str, ...] = Field((), description="of its findings, those of the surest one first")
    probability: float = Field(ge=0, le=1, description="of its surest finding")


class Counts(_Record):
    """How much was looked at and found."""

    sentences: int = Field(ge=0)
    findings: int = Field(ge=0)
    counted: int = Field(ge=0, description="findings that the verdict counts: no headings, no repeats")
    clauses: int | None = Field(
        None, ge=0, description="clauses that hold counted findings; None where not known, in results of version 1"
    )
    by_topic: dict[str, int] = {}


class ResultWarning(_Record):
    """Something that limits how far the result can be relied on."""

    code: str = Field(description="stable; docs/reference/errors.md lists them")
    message: str
    pages: tuple[int, ...] = Field((), description="those that it is about, if it is not about all of the contract")
    parts: tuple[str, ...] = Field((), description="names of the parts that it is about, such as an attachment's")
    advice: str = Field("", description="what can be done about it")
    unread: bool = Field(False, description="True where a part of the contract was not judged")


class Coverage(_Record):
    """How much of the contract was judged. Where it is not complete, the verdict is only true of that part."""

    complete: bool = Field(True, description="False where something that belongs to the contract was not judged")
    pages: int | None = Field(None, ge=1, description="in all; None where the format has none")
    judged_pages: int | None = Field(None, ge=0, description="pages that could be read; None where there are none")
    recognised_pages: int = Field(0, ge=0, description="pages whose text comes from text recognition (OCR)")
    share: float | None = Field(1.0, ge=0, le=1, description="of the contract that was judged; None if unknown")
    words: str = Field(
        "",
        description='completes the verdict for people: "in the 3 of 5 pages that could be read"; empty if complete',
    )


class Provenance(_Record):
    """Enough to repeat the analysis and to know whether two results are comparable."""

    sha256: str
    model: str
    model_fingerprint: str
    threshold: float
    lone_threshold: float | None = Field(
        None, description="for a sentence with no other finding near it; None where none was recorded"
    )
    sure_threshold: float | None = Field(
        None, description="for a line of a signature block, an address or a list of drawings; None where not recorded"
    )
    judge: str = Field("", description="the model that decides about candidates in their context; empty without one")
    judge_fingerprint: str = ""
    precision: str
    version: str = Field(description="version of this package")
    extractor: str
    segmenter: str
    format: str = Field(description="what the content really is, whatever the name says")
    ocr: str | None = Field(
        None, description="engine, version and languages of the text recognition; None where no page needed it"
    )


class ResultSummary(_Record):
    """The part of a result that the sidecar carries."""

    classification: Verdict
    bucket_labels: dict[str, str] = BUCKET_LABELS
    coverage: Coverage = Coverage()
    warnings: tuple[ResultWarning, ...] = ()
    statistics: Statistics
    result_file: str
    report_file: str


class ContractResult(ResultSummary):
    """The complete result, as written to `*.result.json`.

    `result_file` and `report_file` are names relative to the contract's directory in the outbox; the worker leaves them
    empty, because only the daemon knows under which name the contract is published.
    """

    schema_version: Literal[2] = 2
    result_file: str = ""
    report_file: str = ""
    findings: tuple[Finding, ...]
    clauses: tuple[Clause, ...] = ()
    counts: Counts
    provenance: Provenance

    @model_validator(mode="before")
    @classmethod
    def _of_version_1(cls, data: Any) -> Any:
        """What version 1 says, in the terms of version 2: its verdict counted every finding."""
        if not isinstance(data, dict) or data.get("schema_version") != 1:
            return data
        counts = data.get("counts")
        if isinstance(counts, dict):
            counts = {"counted": counts.get("findings"), **counts}
        return {**data, "schema_version": 2, "counts": counts}

    def named(self, result_file: str, report_file: str) -> ContractResult:
        """The same result under the names it is published with."""
        return self.model_copy(update={"result_file": result_file, "report_file": report_file})

    def summary(self) -> ResultSummary:
        """What the sidecar carries."""
        return ResultSummary(
            classification=self.classification,
            bucket_labels=self.bucket_labels,
            coverage=self.coverage,
            warnings=self.warnings,
            statistics=self.statistics,
            result_file=self.result_file,
            report_file=self.report_file,
        )


class StatusSidecar(_Record):
    """`*.status.json`: what polling a task endpoint would return."""

    schema_version: Literal[1] = 1
    task_id: str
    file: str = Field(description="where the contract was dropped, relative to the inbox")
    sha256: str | None = Field(
        description="None where the bytes were never read, as for a symlink or a file over the limit"
    )
    size_bytes: int = Field(ge=0)
    status: Status
    progress: int = Field(ge=0, le=100)
    # Any name: another version of the pipeline may have written it. The schema lists those of this version.
    stage: str = Field(pattern=r"^[a-z_]{1,40}$")
    attempt: int = Field(ge=0)
    created_at: str
    updated_at: str
    finished_at: str | None = None
    result: ResultSummary | None = Field(None, description="present only when completed")
    error: str | None = Field(None, description="one sentence; only when failed")
    error_code: ErrorCode | None = None
    advice: str | None = None
    note: str | None = Field(
        None,
        description="what else its owner should know: why it is kept under another name, or why the original stays",
    )


def json_schema(kind: Literal["status", "result"], stages: Iterable[str]) -> dict[str, Any]:
    """The JSON Schema of one of the two formats.

    Args:
        kind: which.
        stages: the names that a sidecar's stage may have (`pipeline.STAGE_NAMES`).
    """
    models: dict[str, type[StatusSidecar | ContractResult]] = {"status": StatusSidecar, "result": ContractResult}
    schema = models[kind].model_json_schema(mode="serialization")
    if kind == "status":
        schema["properties"]["stage"] = {"enum": list(stages), "title": "Stage", "type": "string"}
    return schema | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"tclp-daemon {kind}, version {models[kind].model_fields['schema_version'].default}",
    }
