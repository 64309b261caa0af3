"""Which pieces of a document are judged, and where they lie."""

from __future__ import annotations

from tclp_daemon.analysis.segment import split_sentences
from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
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
