"""Bytes in, a `Document` out. `read_document` goes by the content, not the name, and picks the reader.

Parsers are other people's code that meets hostile bytes: whatever they raise is translated here, in one place. What is
the program's own fault (`is_own_fault`) is passed on unchanged: nobody should be told that an intact file is damaged.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import replace

from tclp_daemon.config import Limits
from tclp_daemon.document import Document
from tclp_daemon.errors import BLANK_ADVICE, ContractError, ErrorCode, is_own_fault
from tclp_daemon.extract.context import OnPage, ReadContext, Reader, Recognised
from tclp_daemon.extract.sniff import UNKNOWN, Content, sniff
from tclp_daemon.formats import FORMATS, Format, Kind, of_kind, of_suffix
from tclp_daemon.warning import WarningCode, warning

__all__ = ["OnPage", "ReadContext", "Reader", "load_readers", "read_document", "read_embedded"]

_BLANK = b"\x00\t\n\r\f\v \xef\xbb\xbf\xff\xfe"


def read_document(
    data: bytes,
    suffix: str,
    limits: Limits,
    on_page: OnPage | None = None,
    *,
    recognisable: bool = False,
    recognised: Mapping[int | str, Recognised] | None = None,
) -> Document:
    """Reads one contract.

    Args:
        data: the complete file.
        suffix: of its name, lower case, with the dot; says what the content is expected to be.
        limits: what it may cost.
        on_page: called with (pages read, pages in all) where the format has pages.
        recognisable, recognised: see `ReadContext`.

    Raises:
        ContractError: and nothing else, whatever the bytes are, unless the program is at fault.
    """
    try:
        context = ReadContext(
            limits,
            on_page,
            read_embedded=read_embedded,
            recognisable=recognisable,
            recognised=recognised or {},
        )
        return _read(data, suffix, context)
    except ContractError:
        raise
    except MemoryError:
        raise ContractError(ErrorCode.OUT_OF_MEMORY, limit_mb=limits.memory_mb) from None
    except RecursionError:
        raise ContractError(ErrorCode.TOO_DEEP, found=f"more than {limits.depth}", limit=limits.depth) from None
    except Exception as error:
        if is_own_fault(error):
            raise
        # The kind of failure, without the document's words.
        raise ContractError(ErrorCode.CORRUPT, detail=f"the reader stopped with {type(error).__name__}") from error


def load_readers() -> None:
    """Imports all readers, so that a process goes on as it began while an upgrade replaces the program's files."""
    for format in FORMATS:
        _reader(format)


def _read(data: bytes, suffix: str, context: ReadContext) -> Document:
    expected = of_suffix(suffix)
    if expected is None:
        raise ContractError(ErrorCode.UNSUPPORTED_TYPE)
    _check_size(data, context.limits)
    content = sniff(data)
    if content.kind is None:
        raise _refusal(suffix, expected, content)
    format = expected if expected.fits(content.kind) else of_kind(content.kind)
    try:
        document = _reader(format)(data, context)
    except ContractError as error:
        if error.code is ErrorCode.CONTENT_MISMATCH:  # the reader does not know the name
            raise ContractError(error.code, **error.details | {"suffix": suffix}) from None
        raise
    if format is expected:
        return document
    mismatch = warning(WarningCode.CONTENT_MISMATCH, suffix=suffix, found=content.name)
    return replace(document, warnings=(*document.warnings, mismatch))


def read_embedded(data: bytes, declared: Kind | None, context: ReadContext) -> Document | None:
    """Reads a document that is embedded in another one, for the reader of that one (`ReadContext.read_embedded`).

    Args:
        data: the embedded file.
        declared: the kind that the file around it says it is, which decides where the content does not.
        context: of this reading.

    Returns:
        None for what cannot be read in the place where it stands: a kind that no reader takes, or a PDF document, whose
        pages are no pages of the document around it.

    Raises:
        ContractError: the embedded document cannot be analysed.
    """
    kind = sniff(data).kind
    if kind is Kind.TEXT and declared in (Kind.HTML, Kind.MARKDOWN):
        kind = declared
    if kind is None or kind is Kind.PDF or (kind is Kind.TEXT and data.lstrip(_BLANK).startswith(b"<?xml")):
        return None
    return _reader(of_kind(kind))(data, context)


def _reader(format: Format) -> Reader:
    # Imported when needed: the readers' libraries cost more than reading a short contract does.
    reader: Reader = pkgutil.resolve_name(format.reader)
    return reader


def _check_size(data: bytes, limits: Limits) -> None:
    if not data:
        raise ContractError(ErrorCode.EMPTY_FILE)
    if len(data) > limits.file_mb * 1_000_000:
        found_mb = f"{len(data) / 1_000_000:.1f}"
        raise ContractError(ErrorCode.TOO_LARGE, found_mb=found_mb, limit_mb=f"{limits.file_mb:g}")
    if not data.strip(_BLANK):
        raise ContractError(ErrorCode.NO_TEXT, detail="it contains only white space", advice=BLANK_ADVICE)


def _refusal(suffix: str, expected: Format, content: Content) -> ContractError:
    """Unknown data is a damaged file, unless text was expected; anything else has the wrong name."""
    if content is UNKNOWN and not expected.fits(Kind.TEXT):
        return ContractError(ErrorCode.CORRUPT, detail=f"it does not begin like {expected.name}")
    return ContractError(ErrorCode.CONTENT_MISMATCH, suffix=suffix, found=content.name, advice=content.advice)
