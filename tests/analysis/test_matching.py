"""Which sentences labels are about, where people cut a text differently than we do."""

from __future__ import annotations

import pytest

from tclp_daemon.analysis.matching import Label, Labelled, match_labels
from tclp_daemon.analysis.segment import Sentence
from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.formats import Kind

LONG = (
    "The Supplier shall report its greenhouse gas emissions each year, and it shall let the Buyer see how they were "
    "measured and by whom."
)


def text_of(*parts: str) -> tuple[Document, list[Sentence]]:
    """A document of sentences; a part in brackets, such as "[page 3]", is text that is not judged."""
    text, sentences, blocks = "", [], []
    for part in parts:
        start = len(text)
        text += part.strip("[]") + "\n"
        block = Block(BlockKind.PARAGRAPH, start, len(text) - 1)
        blocks.append(block)
        if not part.startswith("["):
            sentences.append(Sentence(start, len(text) - 1, block))
    return Document(text, tuple(blocks), Kind.TEXT, "none"), sentences


@pytest.mark.parametrize(
    ("parts", "texts", "expected"),
    [
        pytest.param(["Rent is due.", "Law."], ["law", "Rent\nis  due."], [[1], [0]], id="white space, case, stops"),
        pytest.param(["The oﬃce is ﬁne."], ["The office is fine."], [[0]], id="ligatures"),
        pytest.param([LONG], [LONG[:125]], [[0]], id="cut within a word"),
        pytest.param(["It is current."], ["current rent", "rent"], [None, None], id="not within a word"),
        pytest.param(["It is current."], ["It is cur"], [None], id="a short one was not cut"),
        pytest.param(["Rent is due and payable."], ["and payable"], [[0]], id="within a sentence"),
        pytest.param(["Rent is", "due.", "Law."], ["Rent is due."], [[0, 1]], id="over two sentences"),
        pytest.param(["Pay by", "[page 3]", "noon."], ["Pay by noon."], [[0, 1]], id="a header between"),
        pytest.param(["Pay by", "[page 3]", "noon."], ["Pay by page 3 noon."], [[0, 1]], id="a header labelled, too"),
        pytest.param(["Rent.", "[page 3]", "Law."], ["page 3"], [[]], id="not judged"),
        pytest.param(["[Rent]", "A word on rent.", "Rent"], ["Rent"], [[1]], id="a whole sentence first"),
        pytest.param(["Rent.", "Law.", "Rent."], ["Rent", "Law", "Rent"], [[0], [1], [2]], id="one each"),
        pytest.param(["Rent.", "Law.", "Rent."], ["Rent"], [[0]], id="labelled once"),
        pytest.param(["Rent."], ["***", "Fees."], [None, None], id="nowhere"),
    ],
)
def test_what_a_label_is_about(parts: list[str], texts: list[str], expected: list[list[int] | None]) -> None:
    document, sentences = text_of(*parts)
    labels = [Label(text, 0, line=line) for line, text in enumerate(texts)]
    matches = match_labels(document, sentences, labels)
    found: list[list[int] | None] = [None] * len(texts)
    for each in matches.labelled:
        for label in each.labels:
            found[label.line] = list(each.sentences)
    assert found == expected
    assert [label.line for label in matches.unmatched] == [i for i, run in enumerate(expected) if run is None]


def test_more_labels_than_occurrences_share_the_last() -> None:
    matches = match_labels(*text_of("Rent.", "Law.", "Rent."), [Label("Rent", 0)] * 3)
    assert [(list(each.sentences), len(each.labels)) for each in matches.labelled] == [([0], 1), ([2], 2)]


def test_labels_that_share_a_sentence_are_one() -> None:
    document, sentences = text_of("Pay, and plant trees.", "Then", "rest.", "Law.")
    labels = [Label("Then rest", 0), Label("Pay", 0), Label("and plant trees. Then", 1), Label("Law", 0)]
    first, last = match_labels(document, sentences, labels).labelled
    assert (list(first.sentences), first.label, first.text) == ([0, 1, 2], 1, "and plant trees. Then")
    assert (list(last.sentences), last.label) == ([3], 0)


@pytest.mark.parametrize(
    ("labels", "label", "borderline"),
    [
        ([(0, False)], 0, False),
        ([(0, False), (0, True)], 0, True),
        ([(0, False), (1, True)], 1, True),
        ([(0, True), (1, False)], 1, False),
        ([(1, True), (1, False)], 1, False),
    ],
)
def test_which_label_decides(labels: list[tuple[int, bool]], label: int, borderline: bool) -> None:
    labelled = Labelled(range(1), tuple(Label("x", *each) for each in labels))
    assert (labelled.label, labelled.borderline) == (label, borderline)
