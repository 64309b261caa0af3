"""`tclp-daemon evaluate`: how good a model is on labelled sentences, contracts and whole documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tclp_daemon.cli.base import ConfigOption, JsonOption, local_config, settings
from tclp_daemon.cli.documents import measure_documents
from tclp_daemon.cli.labels import read_contract_labels, read_document_labels, read_labelled
from tclp_daemon.cli.measure import measure_contracts, measure_sentences
from tclp_daemon.cli.tables import show_contracts, show_documents, show_sentences
from tclp_daemon.cli.words import printable
from tclp_daemon.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from tclp_daemon.config import Config
    from tclp_daemon.pipeline import Pipeline


FilesArgument = Annotated[
    list[Path] | None, typer.Argument(metavar="[FILE.jsonl]...", help='Lines {"text": ..., "label": 0, 1 or null}.')
]
ContractsOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help='Contracts with a labels.jsonl of {"file": ..., "label": 0 or 1} beside them.'),
]
DocumentsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help='Contracts, there or in docs/, with a labels.jsonl of {"file", "text", "label", "borderline"}: '
        "a line for each labelled sentence.",
    ),
]


def evaluate(
    ctx: typer.Context,
    files: FilesArgument = None,
    contracts: ContractsOption = None,
    documents: DocumentsOption = None,
    model: Annotated[Path | None, typer.Option(metavar="DIR", help="Another model directory.")] = None,
    judge: Annotated[Path | None, typer.Option(metavar="DIR", help="Another directory of a judge.")] = None,
    no_judge: Annotated[bool, typer.Option("--no-judge", help="The classifier alone.")] = False,
    threshold: Annotated[float | None, typer.Option(min=0.0, max=1.0, help="Another threshold.")] = None,
    errors: Annotated[int, typer.Option(min=0, metavar="N", help="Show the N worst mistakes of each kind.")] = 0,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Measure the model on labelled sentences or contracts. Precision, recall, F1, false alarms, calibration.

    Example: tclp-daemon evaluate labelled.jsonl --errors 5
    """
    if not files and contracts is None and documents is None:
        raise UsageError("Nothing to evaluate: name a .jsonl file of sentences, --contracts DIR or --documents DIR.")
    if judge is not None and no_judge:
        raise UsageError("--judge and --no-judge contradict each other.")
    # All labels are read before the model is loaded, so that a mistake in them is told at once.
    sentences = [(path, *read_labelled(path)) for path in files or []]
    labels = None if contracts is None else (contracts, read_contract_labels(contracts))
    whole = None if documents is None else (documents, *read_document_labels(documents))
    pipeline = _loaded(_configured(local_config(settings(ctx, config)), model, judge, no_judge, threshold), no_judge)
    answer = _identity(pipeline)
    answer["files"] = [measure_sentences(*each, pipeline, errors, as_json) for each in sentences]
    if labels is not None:
        answer["contracts"] = measure_contracts(*labels, pipeline, as_json)
    if whole is not None:
        answer["documents"] = measure_documents(*whole, pipeline, errors, as_json)
    if as_json:
        typer.echo(json.dumps(answer, indent=2))
    else:
        _show(answer, errors)


def _loaded(config: Config, no_judge: bool) -> Pipeline:
    from tclp_daemon.pipeline import Pipeline

    pipeline = Pipeline(config.model, config.limits, config.classification, config.ocr)
    pipeline.load(alone=no_judge)
    return pipeline


def _identity(pipeline: Pipeline) -> dict[str, Any]:
    identity = pipeline.identity()
    return {
        "model": identity["model"],
        "fingerprint": identity["model_fingerprint"],
        "judge": identity["judge"],
        "judge_fingerprint": identity["judge_fingerprint"],
        "precision_of_weights": identity["precision"],
        "threshold": float(identity["threshold"]),
        "lone_threshold": float(identity["lone_threshold"]),
        "sure_threshold": float(identity["sure_threshold"]),
    }


def _configured(
    config: Config, model: Path | None, judge: Path | None, no_judge: bool, threshold: float | None
) -> Config:
    from tclp_daemon.config import parse_config

    changed = config.model_dump(mode="json", exclude_unset=True)
    section = changed.setdefault("model", {})
    if model is not None or judge is not None or no_judge:
        # A threshold means nothing for other models than those it was chosen for.
        section.pop("threshold", None)
    if model is not None:
        # Nor do a label and a judge.
        section.pop("climate_label", None)
        section.pop("judge_path", None)
        section["path"] = _directory("--model", model)
    if judge is not None:
        section["judge_path"] = _directory("--judge", judge)
    if threshold is not None:
        section["threshold"] = threshold
    return parse_config(changed)


def _directory(option: str, path: Path) -> str:
    if not path.is_dir():
        raise ConfigError(f"{option}: {printable(str(path))} is not a directory.")
    return str(path.resolve())


def _show(answer: dict[str, Any], errors: int) -> None:
    judge = f", judge {printable(answer['judge'])} ({answer['judge_fingerprint'][:12]})" if answer["judge"] else ""
    typer.echo(
        f"Model {printable(answer['model'])} ({answer['fingerprint'][:12]}){judge}, threshold {answer['threshold']:g}"
    )
    for entry in answer["files"]:
        show_sentences(entry)
    if "contracts" in answer:
        show_contracts(answer["contracts"], errors)
    if "documents" in answer:
        show_documents(answer["documents"])
