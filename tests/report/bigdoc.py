"""A long contract as the readers would hand it over: pages, clauses, lists, tables, running lines, findings."""

from __future__ import annotations

import random

from tclp_daemon.analysis.clauses import clauses_of
from tclp_daemon.analysis.verdict import verdict_of
from tclp_daemon.config import VerdictSteps
from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.result import ContractResult, Counts, Finding, Provenance, Statistics

_WORDS = [
    "the",
    "Supplier",
    "shall",
    "ensure",
    "that",
    "each",
    "party",
    "under",
    "this",
    "Agreement",
    "provides",
    "notice",
    "in",
    "writing",
    "of",
    "any",
    "obligation",
    "“as",
    "is”",
    "subject",
    "to",
    "clause",
    "&",
    "schedule",
    "<terms>",
    "including",
    "without",
    "limitation",
    "liability",
    "indemnity",
    "payment",
    "term",
    "termination",
]


def result_of(document: Document, findings: tuple[Finding, ...] = ()) -> ContractResult:
    """A result that fits the document and the findings."""
    topics: dict[str, int] = {}
    for finding in findings:
        for topic in finding.topics:
            topics[topic] = topics.get(topic, 0) + 1
    counted = sum(finding.counted for finding in findings)
    clauses = clauses_of(document, findings)
    holding = sum(any(findings[i].counted for i in clause.findings) for clause in clauses)
    return ContractResult(
        classification=verdict_of(counted, VerdictSteps()),
        statistics=Statistics(
            word_count=document.word_count, page_count=document.page_count, sentence_count=99, analysis_time=1.5
        ),
        findings=findings,
        clauses=clauses,
        counts=Counts(sentences=99, findings=len(findings), counted=counted, clauses=holding, by_topic=topics),
        provenance=Provenance(
            sha256="ab" * 32,
            model="keyword",
            model_fingerprint="keyword-1",
            threshold=0.5,
            precision="float32",
            version="1",
            extractor="test 1",
            segmenter="test 1",
            format=document.format,
        ),
    )


def big_document(pages: int, *, words: int = 500, seed: int = 1) -> tuple[Document, ContractResult]:
    """A document of that many pages with about `words` words each, and one finding on every second page."""
    rng = random.Random(seed)
    parts: list[str] = []
    blocks: list[Block] = []
    starts: list[int] = []
    findings: list[Finding] = []
    length = table = 0

    def add(kind: BlockKind, text: str, **more: object) -> Block:
        nonlocal length
        block = Block(kind, length, length + len(text), len(starts), len(blocks) + 1, **more)  # type: ignore[arg-type]
        blocks.append(block)
        parts.append(text + "\n")
        length += len(text) + 1
        return block

    def prose(count: int) -> str:
        return " ".join(rng.choices(_WORDS, k=count)).capitalize() + "."

    for page in range(1, pages + 1):
        starts.append(length)
        add(BlockKind.HEADER_FOOTER, "Framework agreement")
        add(BlockKind.HEADING, f"{page}. {prose(3)}", level=1, number=str(page), clause=str(page))
        left = words
        while left > 0:
            number = f"{page}.{len(blocks) % 9 + 1}"
            last = f"{number} {prose(40)} {prose(40)}"
            block = add(BlockKind.LIST_ITEM, last, level=2, number=number, clause=number)
            left -= 80
        if page % 10 == 0:
            table += 1
            for row in range(1, 9):
                for column in range(1, 5):
                    add(BlockKind.TABLE_CELL, prose(3), row=(table, row, column))
        if page % 2 == 0:
            start = block.start + len(number) + 1
            text = last[len(number) + 1 :]
            findings.append(
                Finding(text=text, start=start, end=block.end, probability=0.9, topics=("net_zero",), page=page,
                        paragraph=block.paragraph, clause=number)
            )  # fmt: skip
        add(BlockKind.HEADER_FOOTER, str(page))
    document = Document("".join(parts), tuple(blocks), "pdf", "test 1", tuple(starts))
    return document, result_of(document, tuple(findings))
