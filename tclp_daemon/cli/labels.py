"""Reads the files of labels that `evaluate` measures by: JSON lines, of sentences, of contracts, or of documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tclp_daemon.cli.words import printable
from tclp_daemon.errors import UsageError

if TYPE_CHECKING:
    from tclp_daemon.analysis.matching import Label

NAME = "labels.jsonl"


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """A document and its labels.

    Attributes:
        name: as the labels say it.
        path: where it lies.
        labels: at least one, in the order of their lines.
    """

    name: str
    path: Path
    labels: tuple[Label, ...]


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
        UsageError: there is no such file, a line is not of that form, or it names a file outside the directory.
        OSError: labels.jsonl cannot be read.
    """
    rows = []
    for number, row in _labels_of(folder):
        name, label = row.get("file"), row.get("label")
        if not isinstance(name, str) or label not in (0, 1):
            raise UsageError(f'{NAME}, line {number}: needs "file" and a "label" of 0 or 1.')
        _check_inside(name, number)
        rows.append((name, int(label)))
    if not rows:
        raise UsageError(f"{NAME} is empty.")
    return rows


def read_document_labels(folder: Path) -> tuple[list[LabelledFile], int]:
    """The documents that labels.jsonl names, in the order of their first lines, and the lines whose label is null.

    Args:
        folder: holds labels.jsonl, and the documents beside it or in its directory `docs`.

    Raises:
        UsageError: there is no such file, a line is not of that form, or it names a file that is not there.
        OSError: labels.jsonl cannot be read.
    """
    from tclp_daemon.analysis.matching import Label

    found: dict[str, list[Label]] = {}
    skipped = 0
    for number, row in _labels_of(folder):
        name, text, label, borderline = row.get("file"), row.get("text"), row.get("label"), row.get("borderline", False)
        if not (isinstance(name, str) and isinstance(text, str) and isinstance(borderline, bool)) or (
            label not in (0, 1, None)
        ):
            raise UsageError(
                f'{NAME}, line {number}: needs "file", "text" and a "label" of 0, 1 or null; '
                '"borderline", if it is there, is true or false.'
            )
        _check_inside(name, number)
        if label is None:
            skipped += 1
        else:
            found.setdefault(name, []).append(Label(text, int(label), borderline, number))
    if not found:
        raise UsageError(f"{NAME} has no line with a label.")
    return [LabelledFile(name, _path(folder, name), tuple(labels)) for name, labels in found.items()], skipped


def _path(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / "docs" / name):
        if path.exists():
            return path
    raise UsageError(f"{NAME} names {printable(name)}, which is neither beside it nor in docs/.")


def _check_inside(name: str, number: int) -> None:
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise UsageError(f"{NAME}, line {number}: {printable(name)} lies outside the directory.")


def _labels_of(folder: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    if not (folder / NAME).exists():
        raise UsageError(f"There is no {NAME} in {printable(str(folder))}.")
    return _lines(folder / NAME)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number of the line, its object); blank lines are passed over."""
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
        yield number, row
