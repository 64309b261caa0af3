"""Which sentences of a document are judged, and where they are."""

from __future__ import annotations

from extract.docxmaker import make_docx
from extract.pdfmaker import Page, make_pdf
from extract.wordmarkers import with_contents

from tclp_daemon.analysis.segment import split_sentences
from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract import read_document
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.formats import Kind


def document(*blocks: tuple[BlockKind, str], form: str = "txt") -> Document:
    builder = DocumentBuilder(Limits())
    for kind, text in blocks:
        builder.add(kind, text)
    return builder.build(form, "test")


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
        (BlockKind.SIGNATURE, "Signed by the Supplier, which is net zero"),
    )
    assert texts(found) == [
        "Sustainability",
        "Share of renewable electricity: 80%",
        "Scope 1 emissions, tonnes",
        "Signed by the Supplier, which is net zero",
    ]


def test_a_cell_of_a_signature_block_is_left_out_like_any_other() -> None:
    builder = DocumentBuilder(Limits())
    builder.add(BlockKind.PARAGRAPH, "It is agreed.")
    for row, cells in enumerate((("By:", "/s/ Archer"), ("Name:", "Ann Archer")), start=1):
        for column, cell in enumerate(cells, start=1):
            builder.add(BlockKind.TABLE_CELL, cell, row=(1, row, column))
    found = builder.build(Kind.DOCX, "test")
    assert {block.kind for block in found.blocks[1:]} == {BlockKind.SIGNATURE}
    assert texts(found) == ["It is agreed."]


NAMES = list(enumerate(("Bolts", "Nuts", "Screws", "Nails"), 1))
CLAUSE = [
    "The Supplier shall halve its greenhouse",
    "gas emissions by 2030. It shall report",
    "them every year to the Customer.",
]


def test_a_clause_that_was_taken_for_a_header_is_judged_once() -> None:
    pages = [
        [(BlockKind.HEADER_FOOTER, text) for text in ("Order form", *CLAUSE, page)]
        + [(BlockKind.PARAGRAPH, f"The site is {site}.")]
        for page, site in (("- 12 -", "Leeds"), ("- xiii -", "York"))
    ]
    found = document(*pages[0], *pages[1])
    assert [" ".join(text.split()) for text in texts(found)] == [
        "Order form The Supplier shall halve its greenhouse gas emissions by 2030.",
        "It shall report them every year to the Customer.",
        "The site is Leeds.",
        "The site is York.",
    ]
    assert [sentence.block.paragraph for sentence in split_sentences(found)] == [1, 3, 6, 12]


def test_a_header_that_the_file_calls_one_is_not_judged() -> None:
    lines = [(BlockKind.HEADER_FOOTER, text) for text in CLAUSE]
    assert texts(document(*lines, (BlockKind.PARAGRAPH, "The end."), form="docx")) == ["The end."]


def test_the_clauses_of_forms_behind_an_agreement_are_judged() -> None:
    pages = [Page().lines(72, 780, [f"{n}. {name} are goods.", f"{n}.1 They are {name.lower()}."]) for n, name in NAMES]
    pages += [
        Page().text(72, 780, "ORDER FORM").lines(72, 750, [*CLAUSE, f"{name} are ordered. {f'And {name} again. ' * 9}"])
        for _, name in NAMES
    ]
    found = read_document(make_pdf(pages), ".pdf", Limits())
    judged = [text for text in texts(found) if "emissions" in text]
    assert [text.removeprefix("ORDER FORM").split() for text in judged] == [" ".join(CLAUSE[:2]).split()[:10]]


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
