"""`tclp-daemon evaluate`: how good a model is on labelled sentences and labelled contracts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tclp_daemon.cli.base import ConfigOption, JsonOption, local_config, settings
from tclp_daemon.cli.words import count, printable
from tclp_daemon.errors import ConfigError, ContractError, UsageError

if TYPE_CHECKING:
    from rich.progress import Progress

    from tclp_daemon.analysis.evaluation import Confusion
    from tclp_daemon.api import Analyzer
    from tclp_daemon.config import Config


def evaluate(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE.jsonl]...", help='Lines {"text": ..., "label": 0, 1 or null}.')
    ] = None,
    contracts: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help='Contracts with a labels.jsonl of {"file": ..., "label": 0 or 1} beside them.'
        ),
    ] = None,
    model: Annotated[Path | None, typer.Option(metavar="DIR", help="Another model directory.")] = None,
    threshold: Annotated[float | None, typer.Option(min=0.0, max=1.0, help="Another threshold.")] = None,
    errors: Annotated[int, typer.Option(min=0, metavar="N", help="Show the N worst mistakes of each kind.")] = 0,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Measure the model on labelled sentences or contracts. Precision, recall, F1, false alarms, calibration.

    Example: tclp-daemon evaluate labelled.jsonl --errors 5
    """
    if not files and contracts is None:
        raise UsageError("Nothing to evaluate: name a .jsonl file of labelled sentences, or --contracts DIR.")
    labelled = [(path, read_labelled(path)) for path in files or []]
    labels = [] if contracts is None else read_contract_labels(contracts)
    loaded = _configured(local_config(settings(ctx, config)), model, threshold)

    from tclp_daemon.api import Analyzer

    analyzer = Analyzer(model=loaded.model, limits=loaded.limits, classification=loaded.classification)
    answer = _identity(analyzer)
    answer["files"] = [
        _judge_file(path, rows, skipped, analyzer, errors, as_json) for path, (rows, skipped) in labelled
    ]
    if contracts is not None:
        answer["contracts"] = _judge_contracts(contracts, labels, analyzer, as_json)
    if as_json:
        typer.echo(json.dumps(answer, indent=2))
    else:
        _show(answer, errors)


def _identity(analyzer: Analyzer) -> dict[str, Any]:
    identity = analyzer.identity
    return {
        "model": identity["model"],
        "fingerprint": identity["model_fingerprint"],
        "precision_of_weights": identity["precision"],
        "threshold": float(identity["threshold"]),
        "lone_threshold": float(identity["lone_threshold"]),
    }


def read_labelled(path: Path) -> tuple[list[tuple[str, int]], int]:
    """(text, label) of each line, and the number of lines whose label is null.

    Raises:
        UsageError: a line is not of that form, or no line has a label.
        OSError: the file cannot be read.
    """
    rows: list[tuple[str, int]] = []
    skipped = 0
    for number, row in _lines(path):
        text, label = row.get("text"), row.get("label")
        if not isinstance(text, str) or label not in (0, 1, None):
            raise UsageError(f'{printable(path.name)}, line {number}: needs "text" and a "label" of 0, 1 or null.')
        if label is None:
            skipped += 1
        else:
            rows.append((text, int(label)))
    if not rows:
        raise UsageError(f"{printable(path.name)} has no line with a label.")
    return rows, skipped


def read_contract_labels(folder: Path) -> list[tuple[str, int]]:
    """(file, label) of each line of labels.jsonl.

    Raises:
        UsageError: a line is not of that form, or names a file outside the directory.
        OSError: labels.jsonl cannot be read.
    """
    rows = []
    for number, row in _lines(folder / "labels.jsonl"):
        name, label = row.get("file"), row.get("label")
        if not isinstance(name, str) or label not in (0, 1):
            raise UsageError(f'labels.jsonl, line {number}: needs "file" and a "label" of 0 or 1.')
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise UsageError(f"labels.jsonl, line {number}: {printable(name)} lies outside the directory.")
        rows.append((name, int(label)))
    if not rows:
        raise UsageError("labels.jsonl is empty.")
    return rows


def _lines(path: Path) -> list[tuple[int, dict[str, Any]]]:
    rows = []
    try:
        lines = path.read_text("utf-8").split("\n")
    except UnicodeDecodeError:
        raise UsageError(f"{printable(path.name)} is not UTF-8.") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise UsageError(f"{printable(path.name)}, line {number}: not a JSON object.")
        rows.append((number, row))
    return rows


def _configured(config: Config, model: Path | None, threshold: float | None) -> Config:
    from tclp_daemon.config import parse_config

    if model is None and threshold is None:
        return config
    changed = config.model_dump(mode="json", exclude_unset=True)
    section = changed.setdefault("model", {})
    if model is not None:
        if not model.is_dir():
            raise ConfigError(f"--model: {printable(str(model))} is not a directory.")
        # The threshold and the label of the configured model mean nothing for another one.
        section.pop("threshold", None)
        section.pop("climate_label", None)
        section["path"] = str(model.resolve())
    if threshold is not None:
        section["threshold"] = threshold
    return parse_config(changed)


def _judge_file(
    path: Path, rows: list[tuple[str, int]], skipped: int, analyzer: Analyzer, errors: int, quiet: bool
) -> dict[str, Any]:
    from tclp_daemon.analysis.evaluation import Confusion, average_precision, expected_calibration_error

    texts = [text for text, _ in rows]
    labels = [label for _, label in rows]
    threshold = float(analyzer.identity["threshold"])
    with _progress(quiet) as bars:
        bar = bars.add_task(printable(path.name), total=len(rows))
        probabilities = analyzer.score(texts, lambda done, _: bars.update(bar, completed=done))
    confusion = Confusion.of(labels, [p >= threshold for p in probabilities])
    answer = {"file": str(path), "sentences": len(rows), "skipped": skipped, **_figures(confusion)}
    answer["average_precision"] = _round(average_precision(labels, probabilities))
    answer["calibration_error"] = _round(expected_calibration_error(labels, probabilities))
    if errors:
        answer["errors"] = _worst(list(zip(probabilities, labels, texts, strict=True)), threshold, errors)
    return answer


def _worst(judged: list[tuple[float, int, str]], threshold: float, most: int) -> list[dict[str, Any]]:
    """The worst mistakes of each kind among (probability, label, text)."""
    alarms = [j for j in judged if j[1] == 0 and j[0] >= threshold]
    misses = [j for j in judged if j[1] == 1 and j[0] < threshold]
    worst = sorted(alarms, reverse=True)[:most] + sorted(misses)[:most]
    return [{"label": label, "probability": round(p, 4), "text": text} for p, label, text in worst]


def _judge_contracts(folder: Path, labels: list[tuple[str, int]], analyzer: Analyzer, quiet: bool) -> dict[str, Any]:
    from tclp_daemon.analysis.evaluation import Confusion

    judged: list[dict[str, Any]] = []
    failed = []
    with _progress(quiet) as bars:
        for name, label in bars.track(labels, description="contracts"):
            try:
                result = analyzer.analyze(folder / name).result
            except ContractError as error:
                failed.append({"file": name, "error": error.message, "error_code": error.code.value})
                continue
            judged.append(
                {
                    "file": name, "label": label, "classification": result.classification.value,
                    "sentences": result.counts.sentences, "findings": result.counts.findings,
                    "right": _is_positive(result.classification) == bool(label),
                }
            )  # fmt: skip
    confusion = Confusion.of([j["label"] for j in judged], [_is_positive(j["classification"]) for j in judged])
    return {"directory": str(folder), **_figures(confusion), "contracts": judged, "failed": failed}


def _is_positive(verdict: str) -> bool:
    from tclp_daemon.result import Verdict

    return verdict != Verdict.UNLIKELY


def _progress(quiet: bool) -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    return Progress(console=console, disable=quiet or not console.is_terminal)


def _figures(confusion: Confusion) -> dict[str, Any]:
    return {
        "true_positives": confusion.true_positives,
        "false_positives": confusion.false_positives,
        "false_negatives": confusion.false_negatives,
        "true_negatives": confusion.true_negatives,
        "accuracy": _round(confusion.accuracy),
        "precision": _round(confusion.precision),
        "recall": _round(confusion.recall),
        "f1": _round(confusion.f1),
        "false_alarms_per_1000": _round(confusion.false_alarms_per_1000),
    }


def _round(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 4)


def _text(figure: float | None, digits: int = 4) -> str:
    return "-" if figure is None else f"{figure:.{digits}f}"


def _show(answer: dict[str, Any], errors: int) -> None:
    fingerprint = answer["fingerprint"][:12]
    typer.echo(f"Model {printable(answer['model'])} ({fingerprint}), threshold {answer['threshold']:g}")
    for entry in answer["files"]:
        _show_file(entry)
    if "contracts" in answer:
        _show_contracts(answer["contracts"], errors)


def _show_file(entry: dict[str, Any]) -> None:
    skipped = f", {entry['skipped']} without a label skipped" if entry["skipped"] else ""
    typer.echo(f"\n{printable(entry['file'])}: {count(entry['sentences'], 'sentence')}{skipped}")
    _show_figures(entry)
    typer.echo(f"  average precision {_text(entry['average_precision'])}   ", nl=False)
    typer.echo(f"expected calibration error {_text(entry['calibration_error'])}")
    for error in entry.get("errors", ()):
        kind = "missed     " if error["label"] else "false alarm"
        typer.echo(f"  {kind} {error['probability']:.4f}  {printable(error['text'])}")


def _show_figures(entry: dict[str, Any]) -> None:
    typer.echo(
        f"  precision {_text(entry['precision'])}   recall {_text(entry['recall'])}   F1 {_text(entry['f1'])}   "
        f"accuracy {_text(entry['accuracy'])}   false alarms per 1,000: {_text(entry['false_alarms_per_1000'], 2)}"
    )
    typer.echo(
        f"  found {entry['true_positives']}   missed {entry['false_negatives']}   "
        f"false alarms {entry['false_positives']}   correctly passed over {entry['true_negatives']}"
    )


def _show_contracts(answer: dict[str, Any], errors: int) -> None:
    typer.echo(f"\n{printable(answer['directory'])}: {count(len(answer['contracts']), 'contract')}")
    _show_figures(answer)
    for entry in answer["contracts"]:
        if not entry["right"] or errors:
            mark = "right" if entry["right"] else "WRONG"
            typer.echo(
                f"  {mark}  {printable(entry['file'])}: {entry['classification']}, "
                f"{count(entry['findings'], 'finding')} in {count(entry['sentences'], 'sentence')}"
            )
    for entry in answer["failed"]:
        typer.echo(f"  failed  {printable(entry['file'])} ({entry['error_code']}): {printable(entry['error'])}")
