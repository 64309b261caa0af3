"""The content decides, not the name."""

from __future__ import annotations

import errno
import io
import json
import zipfile
from collections.abc import Callable

import pytest
from extract.pdfmaker import Page, make_pdf

from devdata import dev_data
from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.extract.sniff import sniff
from tclp_daemon.formats import Kind


def zipped(*names: str) -> bytes:
    """An archive of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n", Kind.PDF),
        (b"\n\njunk" * 20 + b"%PDF-1.4\n", Kind.PDF),
        (b"12 0 obj\n<< /Type /Page >>\nendobj\nstartxref\n99\n", Kind.PDF),
        (zipped("[Content_Types].xml", "word/document.xml"), Kind.DOCX),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), None),
        (zipped("content.xml", "mimetype"), None),
        (zipped("a.txt"), None),
        (b"PK\x03\x04" + b"[Content_Types].xml word/document.xml", Kind.DOCX),
        (b"{\\rtf1 hello}", Kind.RTF),
        (b"\xef\xbb\xbf <!DOCTYPE html><html>", Kind.HTML),
        (b"<!-- saved -->\n<HTML><body>x", Kind.HTML),
        (b"plain words, no more", Kind.TEXT),
        ("Wörter".encode("utf-16"), Kind.TEXT),
        ("words without a mark".encode("utf-16-le"), Kind.TEXT),
        (b"BMW AG and MZ Ltd agree as follows", Kind.TEXT),
        (b"MZ\x90\x00\x03\x00\x00\x00\x04\x00" + bytes(range(32)) * 20, None),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), Kind.DOC),
        (bytes(range(256)) * 10, None),
    ],
)
def test_kinds(data: bytes, kind: Kind | None) -> None:
    assert sniff(data).kind is kind


def test_a_pdf_under_the_name_of_a_text_is_read_and_said_so() -> None:
    document = read_document(make_pdf([Page().text(72, 700, "A sentence.")]), ".txt", Limits())
    assert document.format == "pdf"
    (warning,) = document.warnings
    assert warning.code == "content_mismatch"
    assert ".txt" in warning.message
    assert "PDF" in warning.message


def test_a_text_under_the_name_of_a_pdf_is_read_and_said_so() -> None:
    document = read_document(b"A sentence of plain text.", ".pdf", Limits())
    assert (document.format, document.warnings[0].code) == ("txt", "content_mismatch")


@pytest.mark.parametrize("suffix", [".txt", ".md"])
def test_text_and_markdown_that_begin_with_a_tag_are_not_a_mismatch(suffix: str) -> None:
    assert read_document(b"<b>A</b> sentence.", suffix, Limits()).warnings == ()


@pytest.mark.parametrize(
    ("data", "suffix", "found"),
    [
        (zipped("xl/workbook.xml", "[Content_Types].xml"), ".docx", "an Excel workbook"),
        (zipped("xl/workbook.xml", "word/styles.xml"), ".pdf", "an Excel workbook"),  # found by the reader
        (b"\x89PNG\r\n\x1a\n" + bytes(50), ".pdf", "a PNG picture"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", ".docx", "a Git LFS pointer"),
        (bytes(range(256)) * 10, ".txt", "data of an unknown kind"),
    ],
)
def test_what_cannot_be_read_is_named(data: bytes, suffix: str, found: str) -> None:
    with pytest.raises(ContractError) as caught:
        read_document(data, suffix, Limits())
    assert caught.value.code is ErrorCode.CONTENT_MISMATCH
    assert found in caught.value.message
    assert f"is named {suffix} but" in caught.value.message


@pytest.mark.parametrize(
    ("data", "suffix", "code"),
    [
        (b"", ".pdf", ErrorCode.EMPTY_FILE),
        (b"x", ".pages", ErrorCode.UNSUPPORTED_TYPE),
        (b"x" * 2_000_001, ".txt", ErrorCode.TOO_LARGE),
        (b"%PDF-1.7\nnothing else", ".pdf", ErrorCode.CORRUPT),
        (bytes(range(256)) * 10, ".pdf", ErrorCode.CORRUPT),
    ],
)
def test_refusals(data: bytes, suffix: str, code: ErrorCode) -> None:
    with pytest.raises(ContractError) as caught:
        read_document(data, suffix, Limits(file_mb=2))
    assert caught.value.code is code
    assert "unknown" not in caught.value.message or code is ErrorCode.CORRUPT


@pytest.mark.parametrize(
    ("failure", "code"), [(MemoryError, "out_of_memory"), (RecursionError, "too_deep"), (KeyError, "corrupt")]
)
def test_whatever_a_parser_raises_is_translated(
    failure: type[Exception], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise failure("secret words of the contract")

    monkeypatch.setattr("tclp_daemon.extract.text.plain.decode", fail)
    with pytest.raises(ContractError) as caught:
        read_document(b"Some text.", ".txt", Limits())
    assert caught.value.code.value == code
    assert "secret" not in caught.value.message


def _wrong_call() -> None:
    json.dumps("x", no_such_option=1)


def _half_a_package() -> None:
    json.not_there_yet  # type: ignore[attr-defined]  # noqa: B018


def _raises(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


OWN_FAULTS = [
    _wrong_call,
    _half_a_package,
    _raises(ModuleNotFoundError("No module named 'x'")),
    _raises(ImportError("cannot import name")),
    _raises(NameError("x")),
    _raises(OSError(errno.EMFILE, "Too many open files")),
]


@pytest.mark.parametrize("fault", OWN_FAULTS)
@pytest.mark.parametrize(
    ("place", "data", "suffix"),
    [
        ("tclp_daemon.extract.text.plain.decode", b"Some text.", ".txt"),
        ("zipfile.ZipFile", b"PK\x03\x04" + b"word/" * 9, ".docx"),
        ("olefile.OleFileIO.open", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".doc"),
    ],
)
def test_what_the_program_is_to_blame_for_makes_no_file_damaged(
    fault: Callable[[], None], place: str, data: bytes, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, lambda *_, **__: fault())
    with pytest.raises((ImportError, NameError, AttributeError, TypeError, OSError)):
        read_document(data, suffix, Limits())


def test_a_bug_of_a_reader_is_told_from_a_parser_that_stumbles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tclp_daemon.extract.text.plain.decode", lambda *_: (None, None))
    with pytest.raises((TypeError, AttributeError)):
        read_document(b"Some text.", ".txt", Limits())

    def stumble(*_: object) -> None:
        json.loads(None)  # type: ignore[arg-type]

    monkeypatch.setattr("tclp_daemon.extract.text.plain.decode", stumble)
    with pytest.raises(ContractError) as caught:
        read_document(b"Some text.", ".txt", Limits())
    assert caught.value.code is ErrorCode.CORRUPT


def test_mislabelled_files_of_the_measuring_data() -> None:
    folder = dev_data() / "malformed" / "derived"
    assert read_document((folder / "pdf_named.txt").read_bytes(), ".txt", Limits()).format == "pdf"
    assert read_document((folder / "leading_junk.pdf").read_bytes(), ".pdf", Limits()).format == "pdf"
