"""formats.py is the one place that knows the formats: an entry and a reader are a new format."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tclp_daemon import formats
from tclp_daemon.analysis.segment import split_sentences
from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ERRORS, ContractError, ErrorCode
from tclp_daemon.extract import load_readers, read_document
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.formats import FORMATS, SUFFIXES, Format, Kind, of_suffix, suffix_for, suffix_of


def test_each_kind_is_one_format_and_each_suffix_belongs_to_one() -> None:
    assert sorted(format.kind for format in FORMATS) == sorted(Kind)
    assert len(set(SUFFIXES)) == len(SUFFIXES)
    assert [of_suffix(suffix) for suffix in SUFFIXES] == [f for f in FORMATS for _ in f.suffixes]
    assert of_suffix(".pages") is None


@pytest.mark.parametrize(("name", "suffix"), [("acme/NDA.Pdf", ".pdf"), ("README", ""), (".txt", "")])
def test_what_a_name_says_that_the_file_is(name: str, suffix: str) -> None:
    assert suffix_of(name) == suffix


def test_the_refusal_names_the_suffixes() -> None:
    message = ERRORS[ErrorCode.UNSUPPORTED_TYPE].message
    assert message.startswith("Only .txt, .pdf, .docx, ")
    assert [name for name in SUFFIXES if name not in message] == []


def test_the_readers_are_there() -> None:
    load_readers()


def test_no_library_is_loaded_before_a_reader_is_needed() -> None:
    script = (
        "import sys, tclp_daemon.extract, tclp_daemon.extract.pdf, tclp_daemon.extract.word, tclp_daemon.extract.text;"
        "print(*{'pypdfium2', 'lxml', 'docx', 'striprtf', 'markdown_it', 'charset_normalizer'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_room_has_only_its_readers() -> None:
    with pytest.raises(ImportError):
        from tclp_daemon.extract.word import read_pages  # type: ignore[attr-defined]  # noqa: F401


@pytest.mark.parametrize(
    ("head", "suffix"),
    [(b"%PDF-1.7", ".pdf"), (b"PK\x03\x04word", ".docx"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".doc"),
     (b"{\\rtf1 a", ".txt"), (b"Contract", ".txt")],
)  # fmt: skip
def test_a_file_without_a_name_gets_the_suffix_that_suits_it(head: bytes, suffix: str) -> None:
    assert suffix_for(head) == suffix


def read_note(data: bytes, context: ReadContext) -> Document:
    """The reader of an invented format: each line a header."""
    builder = DocumentBuilder(context.limits)
    for line in data.decode("ascii").splitlines():
        builder.add(BlockKind.HEADER_FOOTER, line)
    return builder.build(Kind.HTML, "note 1")


@pytest.fixture
def note(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that end in .note hold an invented format, which looks like text."""
    entry = Format(
        Kind.HTML,
        "a note",
        f"{__name__}:read_note",
        suffixes=(".note",),
        looks_like=(Kind.TEXT,),
        headers_are_guessed=True,
        may_be_scan=True,
    )
    monkeypatch.setattr(formats, "FORMATS", (*(one for one in FORMATS if one.kind is not Kind.HTML), entry))


@pytest.mark.usefixtures("note")
def test_an_entry_and_a_reader_make_a_new_format() -> None:
    document = read_document(b"The Supplier shall report its emissions.\n", ".note", Limits())
    assert (document.extractor, document.warnings) == ("note 1", ())
    assert len(split_sentences(document)) == 1, "its headers are guessed, so they may be clauses"
    with pytest.raises(ContractError) as caught:
        DocumentBuilder(Limits()).build(Kind.HTML, "note 1")
    assert "OCR" in caught.value.advice, "it may be a scan"


@pytest.mark.usefixtures("note")
def test_a_new_format_is_read_under_another_name_too() -> None:
    document = read_document(b"<html><body>\nThe Supplier reports.", ".pdf", Limits())
    assert document.extractor == "note 1"
    assert document.warnings[0].message == "The file is named .pdf but is a note; it was read as what it is."
