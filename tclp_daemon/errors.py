"""Every way a contract can fail, as one enum: a stable code, one sentence, advice, and whether to retry.

`docs/reference/errors.md` has the same table; a test compares the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Any

from tclp_daemon.formats import SUFFIXES


class ErrorCode(StrEnum):
    """Stable, snake_case codes. They appear in sidecars, so a code is never renamed or reused."""

    UNSUPPORTED_TYPE = "unsupported_type"
    CONTENT_MISMATCH = "content_mismatch"
    UNSUPPORTED_WORD_VERSION = "unsupported_word_version"
    EMPTY_FILE = "empty_file"
    NO_TEXT = "no_text"
    ENCRYPTED = "encrypted"
    CORRUPT = "corrupt"
    TOO_LARGE = "too_large"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_MUCH_TEXT = "too_much_text"
    EXPANDS_TOO_MUCH = "expands_too_much"
    TOO_DEEP = "too_deep"
    UNREADABLE = "unreadable"
    SPOOL_MISSING = "spool_missing"
    OUT_OF_MEMORY = "out_of_memory"
    TOO_SLOW = "too_slow"
    TIMEOUT = "timeout"
    WORKER_CRASHED = "worker_crashed"
    IO_ERROR = "io_error"
    MODEL_UNAVAILABLE = "model_unavailable"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class ErrorSpec:
    """What a code means: `message` is a format string over the error's details."""

    message: str
    advice: str
    transient: bool = False


ERRORS: dict[ErrorCode, ErrorSpec] = {
    ErrorCode.UNSUPPORTED_TYPE: ErrorSpec(
        f"Only {', '.join(SUFFIXES)} files are supported.",
        "Save the contract in one of these formats and drop it again.",
    ),
    ErrorCode.CONTENT_MISMATCH: ErrorSpec(
        "The file is named {suffix} but holds {found}, which cannot be read as a contract.",
        "Open the file in the program that created it, save it as .docx or .pdf and drop it again.",
    ),
    ErrorCode.UNSUPPORTED_WORD_VERSION: ErrorSpec(
        "The file was written by {version}, which is older than Word 97.",
        "Open it in a current version of Word or LibreOffice, save it as .docx and drop it again.",
    ),
    ErrorCode.EMPTY_FILE: ErrorSpec(
        "The file is empty.",
        "Check that the copy finished, then drop the file again.",
    ),
    ErrorCode.NO_TEXT: ErrorSpec(
        "The file has no text to analyse: {detail}.",
        "If it is a scan, run text recognition (OCR) on it and drop the result.",
    ),
    ErrorCode.ENCRYPTED: ErrorSpec(
        "The file is protected with a password, so its text cannot be read.",
        "Remove the password in the program that set it, save, and drop the file again.",
    ),
    ErrorCode.CORRUPT: ErrorSpec(
        "The file is damaged and cannot be read: {detail}.",
        "Open it in the program that created it, save it again and drop it.",
    ),
    ErrorCode.TOO_LARGE: ErrorSpec(
        "The file is {found_mb} MB; the limit (limits.file_mb) is {limit_mb} MB.",
        "Split the document or save it with smaller pictures, or ask the administrator to raise the limit.",
    ),
    ErrorCode.TOO_MANY_PAGES: ErrorSpec(
        "The document has {found} pages; the limit (limits.pages) is {limit}.",
        "Split the document, or ask the administrator to raise the limit.",
    ),
    ErrorCode.TOO_MUCH_TEXT: ErrorSpec(
        "The document has more than {limit} characters, the limit (limits.characters).",
        "Split the document, or ask the administrator to raise the limit.",
    ),
    ErrorCode.EXPANDS_TOO_MUCH: ErrorSpec(
        "The file expands to {found_mb} MB; the limit ({limit_name}) is {limit_mb} MB.",
        "Such files are rarely contracts. Save the document again, or ask the administrator to raise the limit.",
    ),
    ErrorCode.TOO_DEEP: ErrorSpec(
        "The document is nested {found} levels deep; the limit (limits.depth) is {limit}.",
        "Such files are rarely contracts. Save the document again, or ask the administrator to raise the limit.",
    ),
    ErrorCode.UNREADABLE: ErrorSpec(
        "The file could not be opened: {detail}.",
        "Check that the daemon may read the file and that it is a regular file, then drop it again.",
    ),
    ErrorCode.SPOOL_MISSING: ErrorSpec(
        "The daemon's own copy of the contract is gone or damaged.",
        "Drop the contract again.",
    ),
    ErrorCode.OUT_OF_MEMORY: ErrorSpec(
        "The analysis needed more memory than a worker may use ({limit_mb} MB).",
        "Open the file in the program that created it, save it as a new file and drop that. If it is very long, split "
        "it or ask the administrator to raise limits.memory_mb.",
    ),
    ErrorCode.TOO_SLOW: ErrorSpec(
        "Reading the file took more than {limit_s} s of processor time (last stage: {stage}).",
        "Open the file in the program that created it, save it as a new file and drop that. If it is very long, split "
        "it or ask the administrator to raise limits.cpu_seconds.",
    ),
    ErrorCode.TIMEOUT: ErrorSpec(
        "The analysis did not finish within {limit_s} s (last stage: {stage}).",
        "Split the document, or ask the administrator to raise workers.timeout_seconds.",
        transient=True,
    ),
    ErrorCode.WORKER_CRASHED: ErrorSpec(
        "The analysis stopped unexpectedly (last stage: {stage}).",
        "Save the document again and drop it; if that fails too, send its task id to the administrator.",
        transient=True,
    ),
    ErrorCode.IO_ERROR: ErrorSpec(
        "Reading or writing failed: {detail}.",
        "The administrator should check the disk and the network drive, then run: tclp-daemon retry ID.",
        transient=True,
    ),
    ErrorCode.MODEL_UNAVAILABLE: ErrorSpec(
        "A model could not be loaded: {detail}.",
        "The administrator should run: tclp-daemon doctor.",
        transient=True,
    ),
    ErrorCode.INTERNAL: ErrorSpec(
        "Something unexpected went wrong while analysing the file ({detail}).",
        "Send the task id to the administrator; the journal has the details.",
        transient=True,
    ),
}


# The message of a call that does not match the function, as happens halfway through an upgrade.
_MISFIT = re.compile(r"\(\) (takes |missing \d|got an unexpected keyword|got multiple values)")
# Advice for `no_text` where the file cannot be a scan (detail `advice`).
BLANK_ADVICE = "Check that this is the right file and that it was saved, then drop it again."


class ContractError(Exception):
    """One contract cannot be analysed. Costs one task (or one attempt of it), nothing else.

    Picklable, because it travels from the worker to the daemon.

    Args:
        code: the stable code.
        **details: values for the message's format fields; `advice` replaces the advice of the code.
    """

    def __init__(self, code: ErrorCode, **details: Any) -> None:
        self.code = code
        self.details = details
        super().__init__(self.message)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (self.code, self.details))

    @property
    def message(self) -> str:
        """One clear sentence."""
        return ERRORS[self.code].message.format_map(_Lenient(self.details))

    @property
    def advice(self) -> str:
        """What the person who dropped the file can do."""
        return str(self.details.get("advice") or ERRORS[self.code].advice)

    @property
    def transient(self) -> bool:
        """True where another attempt may succeed."""
        return ERRORS[self.code].transient


def is_not_installed(error: BaseException) -> bool:
    """True where a part of the program is missing, as it is while an upgrade replaces its files."""
    return isinstance(error, ImportError) or (
        isinstance(error, AttributeError) and isinstance(getattr(error, "obj", None), ModuleType)
    )


def is_own_fault(error: BaseException) -> bool:
    """True where the program is at fault, not the document being read: a bug, a missing part, the machine.

    Readers are mostly other people's code. On a damaged file they may raise anything, a TypeError as well as a
    KeyError. But a TypeError raised by our own code, or by a call that does not match the function, is a bug.
    """
    if is_not_installed(error) or isinstance(error, NameError | MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno is not None  # libraries that raise OSError for a damaged file set none
    if not isinstance(error, (TypeError, AttributeError, AssertionError)):
        return False
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    raised_by = str(at.tb_frame.f_globals.get("__name__", "")) if at is not None else ""
    return raised_by.startswith(f"{__package__}.") or _MISFIT.search(str(error)) is not None


class ConfigError(Exception):
    """The configuration, a directory or the state at start-up is wrong; the message says what to change."""


class UsageError(Exception):
    """A command was called with something that does not exist or does not fit."""


class _Lenient(dict[str, Any]):
    """A missing detail must not turn a clear failure into a KeyError."""

    def __missing__(self, key: str) -> str:
        return "unknown"


def _rebuild(code: ErrorCode, details: dict[str, Any]) -> ContractError:
    return ContractError(code, **details)
