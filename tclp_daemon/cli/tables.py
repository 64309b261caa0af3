"""What `evaluate` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from tclp_daemon.cli.words import count, printable

_VARIANTS = {"without_borderline": "Without borderline sentences", "with_borderline": "With borderline sentences"}
_HEAD = """\
               precision   recall       F1     false alarms per 1,000      precision at recall   verdicts
                                            labelled     all   in clean      80 %         90 %      right"""


def show_sentences(entry: dict[str, Any]) -> None:
    """Prints what `measure_sentences` answers."""
    typer.echo(f"\n{printable(entry['file'])}: {count(entry['sentences'], 'sentence')}{_skipped(entry)}")
    _show_figures(entry)
    typer.echo(f"  average precision {_said(entry['average_precision'])}   ", nl=False)
    typer.echo(f"expected calibration error {_said(entry['calibration_error'])}")
    _show_mistakes(entry)


def show_contracts(answer: dict[str, Any], errors: int) -> None:
    """Prints what `measure_contracts` answers; with `errors`, the contracts that are right, too."""
    typer.echo(f"\n{printable(answer['directory'])}: {count(len(answer['contracts']), 'contract')}")
    _show_figures(answer)
    for entry in answer["contracts"]:
        if not entry["right"] or errors:
            mark = "right" if entry["right"] else "WRONG"
            typer.echo(
                f"  {mark}  {printable(entry['file'])}: {entry['classification']}, "
                f"{count(entry['findings'], 'finding')} in {count(entry['sentences'], 'sentence')}"
            )
    _show_failed(answer)


def show_documents(answer: dict[str, Any]) -> None:
    """Prints what `measure_documents` answers."""
    documents = count(len(answer["documents"]), "document")
    typer.echo(f"\n{printable(answer['directory'])}: {documents}, {count(answer['labels'], 'label')}{_skipped(answer)}")
    _show_left_out(answer)
    for variant, title in _VARIANTS.items():
        _show_table(title, variant, answer["detectors"], len(answer["documents"]))
    typer.echo("\n  clean     documents without climate language, borderline aside")
    typer.echo("  all       sentences without a label included, as if their label were 0; in clean ones, too")
    for row in answer["detectors"]:
        typer.echo(f"  {row['name']:<9} {row['what']}")
    if "TF-IDF" not in (row["name"] for row in answer["detectors"]):
        typer.echo("  TF-IDF    left out: the other documents, on which it is fitted, need labels of both kinds")
    if answer["documents"]:
        typer.echo("\nEach document, without borderline sentences:")
    for entry in answer["documents"]:
        _show_document(entry)
    _show_failed(answer)
    _show_mistakes(answer)


def _show_left_out(answer: dict[str, Any]) -> None:
    if unmatched := answer["unmatched"]:
        lines = ", ".join(str(each["line"]) for each in unmatched[:10]) + ", …" * (len(unmatched) > 10)
        typer.echo(f"  left out: {count(len(unmatched), 'label')} not found in the text (labels.jsonl, line {lines})")
    if answer["not_judged"]:
        number = count(answer["not_judged"], "label")
        typer.echo(f"  counted as not found: {number} on text that is not judged, such as page headers")
    if answer["unlabelled_findings"]:
        number = count(answer["unlabelled_findings"], "finding")
        typer.echo(f"  counted as a false alarm among all sentences only: {number} without a label")


def _show_table(title: str, variant: str, rows: Sequence[dict[str, Any]], documents: int) -> None:
    first = rows[0][variant]
    climate = first["true_positives"] + first["false_negatives"]
    clean = count(rows[0]["clean_documents"], "document")
    typer.echo(f"\n{title}: {count(first['sentences'], 'sentence')}, {climate:,} of climate language; {clean} clean")
    typer.echo(_HEAD)
    for row in rows:
        its = row[variant]
        alarms = [its[f"false_alarms_per_1000{of}"] for of in ("", "_of_all", "_of_clean")]
        at_recall = its["precision_at_80_recall"], its["precision_at_90_recall"]
        typer.echo(
            f"  {row['name']:<12}{_said(its['precision'], 3):>10}{_said(its['recall'], 3):>9}{_said(its['f1'], 3):>9}"
            f"{_said(alarms[0], 2):>11}{_said(alarms[1], 2):>8}{_said(alarms[2], 2):>11}"
            f"{_said(at_recall[0], 3):>10}{_said(at_recall[1], 3):>13}   {row['verdicts_right']:>3} of {documents}"
        )


def _show_document(entry: dict[str, Any]) -> None:
    row = entry["detectors"][0]
    its = row["without_borderline"]
    unlabelled = f", {entry['unlabelled_findings']} without a label" if entry["unlabelled_findings"] else ""
    typer.echo(
        f"  {'right' if row['verdicts_right'] else 'WRONG'}  {printable(entry['file'])}: {entry['classification']}, "
        f"{count(entry['findings'], 'finding')}{unlabelled}; "
        f"precision {_said(its['precision'], 2)}, recall {_said(its['recall'], 2)}, F1 {_said(its['f1'], 2)}, "
        f"{count(its['false_positives'], 'false alarm')} in {its['false_positives'] + its['true_negatives']:,}"
    )


def _show_figures(entry: dict[str, Any]) -> None:
    _show_row("", entry)
    typer.echo(
        f"  found {entry['true_positives']}   missed {entry['false_negatives']}   "
        f"false alarms {entry['false_positives']}   correctly passed over {entry['true_negatives']}"
    )
    _show_row("keywords alone: ", entry["keywords"])


def _show_row(name: str, entry: dict[str, Any]) -> None:
    typer.echo(
        f"  {name}precision {_said(entry['precision'])}   recall {_said(entry['recall'])}   F1 {_said(entry['f1'])}   "
        f"accuracy {_said(entry['accuracy'])}   false alarms per 1,000: {_said(entry['false_alarms_per_1000'], 2)}"
    )


def _show_mistakes(entry: dict[str, Any]) -> None:
    for error in entry.get("errors", ()):
        kind = "missed     " if error["label"] else "false alarm"
        typer.echo(f"  {kind} {error['probability']:.4f}  {printable(error['text'])}")


def _show_failed(answer: dict[str, Any]) -> None:
    for entry in answer["failed"]:
        typer.echo(f"  failed  {printable(entry['file'])} ({entry['error_code']}): {printable(entry['error'])}")


def _skipped(entry: dict[str, Any]) -> str:
    return f", {entry['skipped']} without a label skipped" if entry["skipped"] else ""


def _said(figure: float | None, digits: int = 4) -> str:
    return "-" if figure is None else f"{figure:.{digits}f}"
