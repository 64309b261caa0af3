"""Which findings count, and which clauses they are shown under, in documents that went through the real readers."""

from __future__ import annotations

import re
import time

import pytest
from extract.docxmaker import Docx, make_docx, paragraph
from extract.pdfmaker import Page, make_pdf

from tclp_daemon.analysis.clauses import clauses_of
from tclp_daemon.analysis.findings import describe, without_repeats
from tclp_daemon.analysis.segment import split_sentences
from tclp_daemon.config import Limits
from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.extract import read_document
from tclp_daemon.result import Clause, Finding

CLIMATE = re.compile(r"net zero|emission|renewable", re.IGNORECASE)
NET_ZERO = "The Supplier shall reach net zero by 2040."
REPORT = "It shall report its emissions each year."
DULL = "Invoices are payable within thirty days of their receipt by the customer at its usual address. "


def analysed(data: bytes | str, suffix: str = ".txt") -> tuple[Document, tuple[Finding, ...], tuple[Clause, ...]]:
    """A document, what the keywords find in it, and the clauses."""
    document = read_document(data.encode() if isinstance(data, str) else data, suffix, Limits())
    sentences = [s for s in split_sentences(document) if CLIMATE.search(document.text[s.start : s.end])]
    findings = tuple(without_repeats(describe(document, sentence, 0.9, ("topic",)) for sentence in sentences))
    return document, findings, clauses_of(document, findings)


def text_of(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs) + "\n"


ITEMS = text_of(
    "2. CLIMATE",
    "2.1 The Supplier shall:",
    "(a) reach net zero by 2040;",
    "(b) pay its invoices; and",
    "(c) (i) report emissions.",
    "This list is complete.",
    "2.2 The Supplier shall buy renewable energy.",
)
DEEP = text_of(
    "2. CLIMATE", "2.1 The Supplier shall:", "2.1.1 reach net zero by 2040;", "2.1.2 report emissions.", "2.2 It pays."
)
OWN_HEADINGS = text_of(
    "## 5. Covenants",
    "5.1 Duties. The Supplier shall keep these covenants:",
    "(a) Energy. The Supplier shall buy renewable energy only.",
    "(b) Reports. The Supplier shall report its emissions.",
)
LETTER = text_of(
    "FRAMEWORK LETTER",
    DULL,
    "CLIMATE AND THE ENVIRONMENT",
    "The parties agree:",
    f"(a) {NET_ZERO}",
    f"(b) {REPORT}",
    "GOVERNING LAW",
    "English law governs.",
)
LONG = text_of(*[DULL * 3] * 8, f"{NET_ZERO} It pays.", REPORT, *[DULL * 3] * 8, "Emissions are counted twice.")
TWICE = text_of(
    "1. CLIMATE", f"1.1 {NET_ZERO}", "2. LAW", "2.1 English law governs.", "SCHEDULE 1", "1. CLIMATE", f"1.1 {REPORT}"
)
COPIED = text_of("1. CLIMATE", f"1.1 {NET_ZERO}", "EXHIBIT A", "1. CLIMATE", f"1.1 {NET_ZERO}")
TABLE = text_of(
    "## 3. Targets",
    "3.1 The targets are:",
    "| Target | Duty of the Supplier |\n|---|---|\n"
    f"| Carbon | {NET_ZERO} |\n| Costs | It pays what it has to pay. |\n| Records | {REPORT} |",
    "3.2 The Supplier shall pay.",
)
HEADER = "Framework agreement between the two parties"
PAGES = make_pdf(
    [
        Page().text(60, 800, HEADER, size=8).lines(60, 700, lines).text(290, 40, f"Page {number}", size=8)
        for number, lines in enumerate(
            (
                [f"2.1 {NET_ZERO}", "The Supplier keeps complete and correct records of all that it has"],
                ["done for that in each year, and hands them over.", REPORT],
                ["2.2 The Supplier pays the invoices that it has received in the month"],
            ),
            start=1,
        )
    ]
)
WORD = make_docx(
    Docx(
        paragraph("NET ZERO COMMITMENTS", style="Heading1")
        + paragraph(NET_ZERO)
        + paragraph("EMISSIONS AND THEIR REPORTING.")
        + paragraph(REPORT),
        styles='<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style>',
    )
)


@pytest.mark.parametrize(
    ("data", "suffix", "expected"),
    [
        pytest.param(ITEMS, ".txt", [("2.1", "CLIMATE", 2), ("2.2", "CLIMATE", 1)], id="items belong to their clause"),
        pytest.param(DEEP, ".txt", [("2.1", "CLIMATE", 2)], id="deeper decimals are items"),
        pytest.param(
            OWN_HEADINGS, ".md", [("5.1(a)", "Energy", 1), ("5.1(b)", "Reports", 1)], id="items with own headings"
        ),
        pytest.param(LETTER, ".txt", [(None, "CLIMATE AND THE ENVIRONMENT", 2)], id="headings without numbers"),
        pytest.param(LONG, ".txt", [(None, None, 2), (None, None, 1)], id="one long text without numbers"),
        pytest.param(
            TWICE, ".txt", [("1.1", "CLIMATE", 1), ("Schedule 1, 1.1", "CLIMATE", 1)], id="a schedule counts anew"
        ),
        pytest.param(
            COPIED, ".txt", [("1.1", "CLIMATE", 1), ("Exhibit A, 1.1", "CLIMATE", 1)], id="an exhibit is copied"
        ),
        pytest.param(TABLE, ".md", [("3.1", "Targets", 2)], id="rows of a table"),
        pytest.param(PAGES, ".pdf", [("2.1", None, 2)], id="a page ends inside"),
        pytest.param(
            WORD,
            ".docx",
            [(None, "NET ZERO COMMITMENTS", 2), (None, "EMISSIONS AND THEIR REPORTING", 2)],
            id="headings in Word",
        ),
        pytest.param(text_of("1. LAW", DULL), ".txt", [], id="nothing found"),
    ],
)
def test_findings_are_together_where_a_lawyer_would_cite_one_clause(
    data: bytes | str, suffix: str, expected: list[tuple[str | None, str | None, int]]
) -> None:
    _, findings, clauses = analysed(data, suffix)
    assert [(c.clause, c.heading, len(c.findings)) for c in clauses] == expected
    assert [index for clause in clauses for index in clause.findings] == list(range(len(findings)))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(
            ITEMS,
            [("2.1 The Supplier shall:\n(a) reach", "This list is complete."), ("2.2 The Supplier", "energy.")],
            id="with its items",
        ),
        pytest.param(LETTER, [("CLIMATE AND THE ENVIRONMENT\nThe parties agree:", REPORT)], id="with the heading"),
        pytest.param(LONG, [(NET_ZERO, REPORT), ("Emissions are", "twice.")], id="of a long text only the paragraphs"),
    ],
)
def test_a_clause_extends_over_what_belongs_to_it(data: str, expected: list[tuple[str, str]]) -> None:
    document, findings, clauses = analysed(data)
    shown = [document.text[clause.start : clause.end] for clause in clauses]
    assert [(t[: len(a)], t[-len(z) :]) for t, (a, z) in zip(shown, expected, strict=True)] == expected
    held = [(clause, findings[i]) for clause in clauses for i in clause.findings]
    assert all(clause.start <= finding.start and finding.end <= clause.end for clause, finding in held)


def test_strongest_finding_gives_topics_and_probability() -> None:
    document, findings, _ = analysed(ITEMS)
    changes = [
        {"probability": 0.7, "topics": ("nature",)},
        {"probability": 0.8, "topics": ("emissions", "nature")},
        {"probability": 0.99, "topics": ("energy",), "counted": False},
    ]
    findings = tuple(f.model_copy(update={"clause": "2.1"} | c) for f, c in zip(findings, changes, strict=True))
    clauses = clauses_of(document, findings)
    assert [(c.topics, c.probability) for c in clauses] == [(("emissions", "nature"), 0.8), (("energy",), 0.99)]


def test_a_note_belongs_to_the_clause_around_it() -> None:
    kinds = [
        (BlockKind.PARAGRAPH, "2.1", NET_ZERO),
        (BlockKind.FOOTNOTE, None, "1 Net zero is defined by law."),
        (BlockKind.PARAGRAPH, "2.1", REPORT),
        (BlockKind.FOOTNOTE, None, "2 Emissions are measured."),
        (BlockKind.PARAGRAPH, "2.2", "Renewable energy is bought."),
    ]
    text, blocks = "", []
    for kind, clause, words in kinds:
        blocks.append(Block(kind, len(text), len(text) + len(words), clause=clause))
        text += words + "\n"
    findings = [
        Finding(text=words, start=b.start, end=b.end, probability=0.9)
        for b, (*_, words) in zip(blocks, kinds, strict=True)
    ]
    clauses = clauses_of(Document(text, tuple(blocks), "txt", "test"), findings)
    assert [(c.clause, c.findings) for c in clauses] == [("2.1", (0, 1, 2)), (None, (3,)), ("2.2", (4,))]


@pytest.mark.parametrize(
    ("data", "counted"),
    [
        pytest.param(COPIED, [True, False], id="an exhibit is copied"),
        pytest.param(text_of(f"1.1 {NET_ZERO}", f"(a) {NET_ZERO.upper()}"), [True, False], id="numbering and case"),
        pytest.param(text_of(f"Section 4.02. {NET_ZERO}", f"iv) {NET_ZERO}"), [True, False], id="other numbering"),
        pytest.param(text_of("1.1 Reach net  zero;", "1.2 Reach net zero."), [True, False], id="spaces and stops"),
        pytest.param(text_of(NET_ZERO, NET_ZERO.replace("2040", "2050")), [True, True], id="another year"),
        pytest.param(
            text_of("30 tonnes of emissions are cut.", "60 tonnes of emissions are cut."), [True, True], id="a figure"
        ),
        pytest.param(text_of("NET ZERO AND RENEWABLE ENERGY", NET_ZERO), [False, True], id="a heading"),
        pytest.param(
            text_of("2.1 Net Zero. The Supplier shall buy renewable energy."), [False, True], id="a title that runs in"
        ),
        pytest.param(
            text_of(f"It pays {DULL}", "NET ZERO AND THE PROTECTION OF THE CLIMATE AND OF ALL NATURE (REVISED)", DULL),
            [False],
            id="a line of capitals",
        ),
        pytest.param(
            text_of("1. LAW", "THE SUPPLIER SHALL REACH NET ZERO BY 2040"), [True], id="an obligation in capitals"
        ),
    ],
)
def test_what_counts(data: str, counted: list[bool]) -> None:
    _, findings, _ = analysed(data)
    assert [finding.counted for finding in findings] == counted
    assert [finding.repeats for finding in findings] == [0 if not c and i else None for i, c in enumerate(counted)]


def test_contents_lines_are_no_findings() -> None:
    entries = [f"{n}. {title} ........ {n}" for n, title in enumerate(("Law", "Net zero", "Emissions"), 1)]
    _, findings, _ = analysed(text_of("CONTENTS", *entries, "1. Law", DULL))
    assert findings == ()


def test_time_grows_with_the_document_and_no_faster() -> None:
    """100,000 blocks and 20,000 findings in all of them, under few numbers and under none."""
    size = 100_000
    blocks = tuple(
        Block(BlockKind.PARAGRAPH, 40 * i, 40 * i + 39, clause=f"{i // 50_000}.1({i})" if i < 50_000 else None)
        for i in range(size)
    )
    document = Document("x" * 39 * size, blocks, "txt", "test")
    findings = [Finding(text=str(i), start=40 * i, end=40 * i + 39, probability=0.9) for i in range(0, size, 5)]
    began = time.process_time()
    clauses = clauses_of(document, tuple(without_repeats(findings)))
    assert time.process_time() - began < 5
    assert sum(len(clause.findings) for clause in clauses) == len(findings)
