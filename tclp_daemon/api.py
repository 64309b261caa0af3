"""The public Python API: reads and analyses contracts in the caller's process. Needs no daemon and writes no file.

`docs/reference/api.md` shows how to use it. The commands `analyze` and `evaluate`, the benchmarks and the fuzzers open
contracts through it, too.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from tclp_daemon.config import Limits, Model, Ocr, VerdictSteps
from tclp_daemon.document import Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.formats import SUFFIXES, suffix_of
from tclp_daemon.pipeline import READING, Contract, Outcome, Pipeline

__all__ = ["Analyzer", "ContractError", "Document", "Outcome", "analyze", "read"]

Source = bytes | str | os.PathLike[str]


def read(source: Source, *, name: str | None = None, limits: Limits | None = None, ocr: Ocr | None = None) -> Document:
    """Reads a contract: its text with pages, headings and clause numbers. Needs no model.

    Args:
        source: a path, or the bytes of a contract.
        name: the contract's file name, whose suffix says what the content should be. Needed for bytes; for a path by
            default its last part.
        limits: how large and how deeply nested the contract may be; by default those of the daemon.
        ocr: whether and how pages without text are recognised; by default where Tesseract is installed.

    Raises:
        ContractError: the contract cannot be read; has a code, a message and advice.
        TypeError: bytes came without a name.
    """
    limits = limits or Limits()
    contract = open_contract(source, name, limits)
    Pipeline(limits=limits, ocr=ocr, stages=READING).run(contract)
    return contract.document


def analyze(
    source: Source,
    *,
    name: str | None = None,
    model: Model | None = None,
    limits: Limits | None = None,
    classification: VerdictSteps | None = None,
    ocr: Ocr | None = None,
) -> Outcome:
    """Analyses one contract. Loads the model for it, which takes some seconds; `Analyzer` loads it once for many.

    Args:
        source, name: see `read`.
        model, limits, classification, ocr: see `Analyzer`.

    Raises:
        ContractError: the contract cannot be read, or the model cannot be loaded.
        TypeError: bytes came without a name.
    """
    return Analyzer(model=model, limits=limits, classification=classification, ocr=ocr).analyze(source, name=name)


class Analyzer:
    """A loaded model, to analyse many contracts. Not thread-safe: let each thread have its own.

    Args:
        model: which model, and from which probability a sentence is a finding; by default the embedded one.
        limits: how large and how deeply nested a contract may be; by default those of the daemon. What limits
            processor time and memory has no effect here, only in the daemon's workers.
        classification: how many findings make which verdict.
        ocr: see `read`.

    Raises:
        ContractError: model_unavailable, the model cannot be loaded.
    """

    def __init__(
        self,
        *,
        model: Model | None = None,
        limits: Limits | None = None,
        classification: VerdictSteps | None = None,
        ocr: Ocr | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._pipeline = Pipeline(model, self._limits, classification, ocr)
        self._pipeline.load()

    def analyze(self, source: Source, *, name: str | None = None) -> Outcome:
        """Analyses one contract.

        Args:
            source, name: see `read`.

        Raises:
            ContractError: the contract cannot be read.
            TypeError: bytes came without a name.
        """
        contract = open_contract(source, name, self._limits)
        self._pipeline.run(contract)
        return contract.outcome

    def score(
        self, sentences: Sequence[str], on_progress: Callable[[int, int], None] = lambda done, total: None
    ) -> list[float]:
        """The probability, from 0 to 1, that each sentence is climate-aligned language.

        Args:
            sentences: any number.
            on_progress: called with (done, total) sentences.

        Raises:
            TypeError: one string, which would be scored letter by letter.
        """
        if isinstance(sentences, str):
            raise TypeError("score takes a list of sentences, not one string")
        return self._pipeline.detector.score(sentences, on_progress)

    @property
    def identity(self) -> dict[str, str]:
        """What the loaded model is: name, fingerprint, precision and thresholds."""
        return self._pipeline.identity()


def open_contract(source: Source, name: str | None, limits: Limits) -> Contract:
    """A contract at the beginning of the pipeline.

    Args:
        source, name: see `read`.
        limits: a larger file is not even opened.

    Raises:
        ContractError: unsupported_type, unreadable or too_large.
        TypeError: bytes came without a name.
    """
    if name is None:
        if isinstance(source, bytes):
            raise TypeError("bytes need a name whose suffix says what they should be, such as name='nda.pdf'")
        name = Path(source).name
    name = os.fspath(name)
    suffix = suffix_of(name)
    # A path that leads nowhere is told first, for its suffix may be what was mistyped.
    size = 0 if isinstance(source, bytes) else _size_of(Path(source))
    if suffix not in SUFFIXES:
        raise ContractError(ErrorCode.UNSUPPORTED_TYPE)
    if size > limits.file_mb * 1_000_000:
        raise ContractError(ErrorCode.TOO_LARGE, found_mb=f"{size / 1_000_000:.1f}", limit_mb=f"{limits.file_mb:g}")
    data = source if isinstance(source, bytes) else _bytes_of(Path(source))
    return Contract(data, name, suffix, hashlib.sha256(data).hexdigest())


def _size_of(path: Path) -> int:
    try:
        if not path.is_file():
            detail = "it is not a regular file" if path.exists() else "it is not there"
            raise ContractError(ErrorCode.UNREADABLE, detail=detail)
        return path.stat().st_size
    except OSError as error:
        raise ContractError(ErrorCode.UNREADABLE, detail=error.strerror or type(error).__name__) from None


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ContractError(ErrorCode.UNREADABLE, detail=error.strerror or type(error).__name__) from None
