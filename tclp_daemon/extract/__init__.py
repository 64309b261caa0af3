"""Bytes -> Document. `read_document` looks at the content, not the name, and picks the reader.

The parsers are other people's code that meets hostile bytes: whatever they raise is translated here, at one place. What
the program itself is to blame for (`is_own_fault`) passes as it is: nobody shall be told that a sound file is damaged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

from tclp_daemon.config import Limits
from tclp_daemon.document import Document, DocumentWarning
from tclp_daemon.errors import BLANK_ADVICE, ContractError, ErrorCode, is_own_fault
from tclp_daemon.extract.sniff import Content, Kind, sniff

OnPage = Callable[[int, int], None]

_EXPECTED = {".pdf": Kind.PDF, ".docx": Kind.DOCX, ".doc": Kind.DOC, ".txt": Kind.TEXT, ".md": Kind.TEXT}


def read_document(data: bytes, suffix: str, limits: Limits, on_page: OnPage | None = None) -> Document:
    """Reads one contract.

    Args:
        data: the whole file.
        suffix: of its name, lower case, with the dot; says what the content is expected to be.
        limits: what it may cost.
        on_page: called with (pages read, pages in all) where the format has pages.

    Raises:
        ContractError: and nothing else, whatever the bytes are, unless the program is at fault.
    """
    try:
        return _read(data, suffix, limits, on_page)
    except ContractError:
        raise
    except MemoryError:
        raise ContractError(ErrorCode.OUT_OF_MEMORY, limit_mb=limits.memory_mb) from None
    except RecursionError:
        raise ContractError(ErrorCode.TOO_DEEP, found=f"more than {limits.depth}", limit=limits.depth) from None
    except Exception as error:
        if is_own_fault(error):
            raise
        raise ContractError(ErrorCode.CORRUPT, detail=_describe(error)) from error


def _read(data: bytes, suffix: str, limits: Limits, on_page: OnPage | None) -> Document:
    expected = _EXPECTED.get(suffix)
    if expected is None:
        raise ContractError(ErrorCode.UNSUPPORTED_TYPE)
    if not data:
        raise ContractError(ErrorCode.EMPTY_FILE)
    if len(data) > limits.file_mb * 1_000_000:
        raise ContractError(ErrorCode.TOO_LARGE, found_mb=_mb(len(data)), limit_mb=f"{limits.file_mb:g}")
    if not data.strip(b"\x00\t\n\r\f\v \xef\xbb\xbf\xff\xfe"):
        raise ContractError(ErrorCode.NO_TEXT, detail="it holds nothing but white space", advice=BLANK_ADVICE)
    content = sniff(data)
    if content.kind is Kind.ENCRYPTED:
        raise ContractError(ErrorCode.ENCRYPTED)
    if expected is Kind.TEXT and content.kind is Kind.HTML:
        # Markdown and text may well begin with a tag.
        content = Content(Kind.TEXT, "plain text") if suffix == ".md" else content
    if content.kind is Kind.OTHER:
        _refuse(suffix, expected, content)
    document = _dispatch(content.kind, data, suffix, limits, on_page)
    if content.kind is expected:
        return document
    warning = DocumentWarning(
        "content_mismatch", f"The file is named {suffix} but is {content.name}; it was read as what it is."
    )
    return replace(document, warnings=(*document.warnings, warning))


def _dispatch(kind: Kind, data: bytes, suffix: str, limits: Limits, on_page: OnPage | None) -> Document:
    # The readers are imported when needed: their libraries cost more than reading a short contract does.
    if kind is Kind.PDF:
        from tclp_daemon.extract.pdf.reader import read_pdf

        return read_pdf(data, limits, on_page)
    if kind is Kind.DOCX:
        from tclp_daemon.extract.word.docx import read_docx

        return read_docx(data, limits)
    if kind is Kind.DOC:
        from tclp_daemon.extract.word.doc import read_doc

        return read_doc(data, limits)
    if kind is Kind.RTF:
        from tclp_daemon.extract.word.rtf import read_rtf

        return read_rtf(data, limits)
    if kind is Kind.HTML:
        from tclp_daemon.extract.text.html import read_html

        return read_html(data, limits)
    if suffix == ".md":
        from tclp_daemon.extract.text.markdown import read_markdown

        return read_markdown(data, limits)
    from tclp_daemon.extract.text.plain import read_text

    return read_text(data, limits)


def _refuse(suffix: str, expected: Kind, content: Content) -> NoReturn:
    """A file without any sign of its own is damaged; one that is something else is misnamed."""
    if content.name == "data of an unknown kind" and expected is not Kind.TEXT:
        program = "PDF" if expected is Kind.PDF else "Word"
        raise ContractError(ErrorCode.CORRUPT, detail=f"it does not begin like a {program} document")
    raise ContractError(ErrorCode.CONTENT_MISMATCH, suffix=suffix, found=content.name)


def _describe(error: Exception) -> str:
    """The kind of failure, without the document's words."""
    return f"the reader stopped with {type(error).__name__}"


def _mb(size: int) -> str:
    return f"{size / 1_000_000:.1f}"
