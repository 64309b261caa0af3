"""How much of a contract a verdict is about."""

from __future__ import annotations

import pytest

from tclp_daemon.analysis.coverage import coverage_of
from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.formats import Kind
from tclp_daemon.warning import DocumentWarning, WarningCode, warning

IN_PART = "in the part that could be read"


def document(pages: int, *warnings: DocumentWarning) -> Document:
    return Document("A\n", (Block(BlockKind.PARAGRAPH, 0, 1),), Kind.PDF, "x", (0,) * pages, warnings)


@pytest.mark.parametrize(
    ("pages", "warnings", "complete", "judged", "share", "words"),
    [
        (5, [], True, 5, 1.0, ""),
        (0, [], True, None, 1.0, ""),
        (5, [warning(WarningCode.COVERED_TEXT, pages=[2])], True, 5, 1.0, ""),
        (
            *(5, [warning(WarningCode.PAGES_WITHOUT_TEXT, pages=[2, 3])]),
            *(False, 3, 0.6, "in the 3 of 5 pages that could be read"),
        ),
        (
            5,
            [
                warning(WarningCode.PAGES_WITHOUT_TEXT, pages=[2, 3]),
                warning(WarningCode.PAGES_UNREADABLE, pages=[3, 4]),
                warning(WarningCode.OCR, pages=[1]),
            ],
            *(False, 2, 0.4, "in the 2 of 5 pages that could be read"),
        ),
        # Nobody knows how long an attachment is.
        (5, [warning(WarningCode.ATTACHED_FILE, parts=["annex.pdf"])], False, 5, None, IN_PART),
        (
            5,
            [
                warning(WarningCode.ATTACHED_FILE, parts=["annex.pdf"]),
                warning(WarningCode.PAGES_WITHOUT_TEXT, pages=[2]),
            ],
            *(False, 4, None, IN_PART),
        ),
        (0, [warning(WarningCode.EMBEDDED_DOCUMENT, parts=["a.bin"])], False, None, None, IN_PART),
    ],
)
def test_coverage_follows_from_the_warnings(
    pages: int,
    warnings: list[DocumentWarning],
    complete: bool,
    judged: int | None,
    share: float | None,
    words: str,
) -> None:
    found = coverage_of(document(pages, *warnings))
    assert (found.complete, found.pages, found.judged_pages) == (complete, pages or None, judged)
    assert (found.share, found.words) == (share, words)


def test_recognised_pages_are_counted_where_they_were_read() -> None:
    found = coverage_of(
        document(5, warning(WarningCode.OCR, pages=[1, 2]), warning(WarningCode.PAGES_UNREADABLE, pages=[2]))
    )
    assert (found.recognised_pages, found.judged_pages) == (1, 4)
