"""Which pieces of a document are judged, and where they lie."""

from __future__ import annotations

from extract.docxmaker import make_docx
from extract.wordmarkers import with_contents

from tclp_daemon.analysis.segment import split_sentences
from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract import read_document
from tclp_daemon.extract.build import DocumentBuilder


def document(*blocks: tuple[BlockKind, str]) -> Document:
    builder = DocumentBuilder(Limits())
    for kind, text in blocks:
        builder.add(kind, text)
    return builder.build("txt", "test")


def texts(found: Document) -> list[str]:
    return [found.text[s.start : s.end] for s in split_sentences(found)]


def test_sentences_keep_their_offsets_and_never_run_across_blocks() -> None:
    found = document(
        (
            BlockKind.PARAGRAPH,
            "The Supplier shall comply with Sec. 4.2 of the Act.  It shall report to Acme Inc. yearly.",
        ),
        (BlockKind.PARAGRAPH, "and this belongs to no sentence above"),
    )
    assert texts(found) == [
        "The Supplier shall comply with Sec. 4.2 of the Act.",
        "It shall report to Acme Inc. yearly.",
        "and this belongs to no sentence above",
    ]


def test_headers_and_what_says_nothing_are_left_out() -> None:
    found = document(
        (BlockKind.HEADER_FOOTER, "Supply Agreement"),
        (BlockKind.PARAGRAPH, "1.1 — 2.3"),
        (BlockKind.HEADING, "Sustainability"),
        (BlockKind.TABLE_CELL, "Lifts"),
        (BlockKind.TABLE_CELL, "3 March 2030"),
        (BlockKind.TABLE_CELL, "Share of renewable electricity: 80%"),
        (BlockKind.TABLE_CELL, "Scope 1 emissions, tonnes"),
    )
    assert texts(found) == ["Sustainability", "Share of renewable electricity: 80%", "Scope 1 emissions, tonnes"]


def test_a_table_of_contents_is_left_out_and_the_headings_are_not() -> None:
    found = read_document(make_docx(with_contents()), ".docx", Limits())
    assert "Climate change reporting\t5" in found.text
    assert texts(found) == [
        "12. Net zero and carbon reduction",
        "The Supplier shall reach net zero by 2030.",
        "It shall report its emissions of each year until the end of 2030",
    ]
    typed = "\n".join(f"{n}. Net zero plan {n} {'.' * 60} {n}" for n in (3, 4)).encode()
    found = read_document(typed + b"\n\n3. Net zero plan 3\n\nThe Supplier shall plan.\n", ".txt", Limits())
    assert texts(found) == ["3. Net zero plan 3", "The Supplier shall plan."]
