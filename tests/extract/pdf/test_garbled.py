"""PDF: text that is not what the page shows is taken out and named; odd but true text is kept."""

from __future__ import annotations

import pytest
from extract.pdf.fontmaker import FONTS, make_font_file
from extract.scanmaker import SECOND

from tclp_daemon.config import Limits
from tclp_daemon.document import Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document

BODY = [
    "The Supplier shall measure the emissions of its plants in each year and shall tell the",
    "Customer of them within a month. It shall keep its records for as long as the law of the",
    "place asks for, and shall show them to whoever the Customer sends to look at them.",
]
HEADINGS = ["1. Environment", "2. Records", "3. Audit"]
WRONG = [name for name in FONTS if name != "good"]


def read(data: bytes) -> Document:
    return read_document(data, ".pdf", Limits())


def page(font: str, heading: str = "good") -> list[tuple[str, str]]:
    return [line for title in HEADINGS for line in ((heading, title), *((font, words) for words in BODY))]


@pytest.mark.parametrize("font", WRONG)
def test_a_body_that_means_nothing_is_named_though_the_headings_are_fine(font: str) -> None:
    document = read(make_font_file([page("good"), page(font), page("good")]))
    ((code, pages),) = [(each.code, each.pages) for each in document.warnings]
    assert (code, pages) == ("text_unreadable", (2,))
    words = {word.strip(".,") for word in document.text.split()}
    assert words <= {word.strip(".,") for line in page("good") for word in line[1].split()}
    assert document.text.count("2. Records") == 3


@pytest.mark.parametrize("font", WRONG)
def test_a_file_of_such_pages_has_no_text(font: str) -> None:
    with pytest.raises(ContractError) as caught:
        read(make_font_file([page(font), page(font, heading=font)]))
    assert caught.value.code is ErrorCode.NO_TEXT
    assert "letters" in caught.value.message


@pytest.mark.parametrize("font", ["control", "silent", "unknown", "shift", "nul"])
def test_a_clause_that_means_nothing_is_not_lost_without_a_word(font: str) -> None:
    clause = [(font, words) for words in BODY]
    body = [("good", words) for _ in range(10) for words in BODY]
    document = read(make_font_file([page("good"), [*body, *clause]]))
    assert [(each.code, each.pages) for each in document.warnings] == [("text_unreadable", (2,))]


def test_a_cipher_that_looks_like_language_for_some_lines() -> None:
    lines = [("rot13", words) for words in SECOND]
    document = read(make_font_file([page("good"), lines]))
    assert [(each.code, each.pages) for each in document.warnings] == [("text_unreadable", (2,))]


def test_few_words_of_a_font_are_judged_with_those_of_other_pages() -> None:
    pages = [[*page("good"), ("shift", BODY[number % 3][:40])] for number in range(6)]
    document = read(make_font_file(pages))
    assert "VKDOO" not in document.text


@pytest.mark.parametrize(
    "lines",
    [
        ["Prodotto 4711 XB-203-QT DN150 PVC-U SDR17 HDPE 1.4301 EN10204", *["A-101 00 GRND FLR PLN 1:100 P03"] * 20],
        ["Der Lieferant liefert die Ware an den in der Bestellung genannten Ort und trägt die Kosten."] * 6,
        ["Dostawca dostarcza towary w miejscu wskazanym w zamówieniu".replace("ó", "o")] * 6,
        ["$ 1,234.50   (5.0)%   12/03/2021   #88   = 17 + 4 * 3"] * 20,
        ["........................................ 12", "________________________________"] * 10,
        ["Xxxxxx: xxxxxxxxxxxxxxxxxxxx"] * 10,
        ["https://www.example.com/a?b=c&d=e#f", "first.last@example.com"] * 10,
    ],
)
def test_lists_figures_and_other_languages_are_text(lines: list[str]) -> None:
    document = read(make_font_file([page("good"), [("good", words) for words in lines]]))
    assert document.warnings == ()
    assert "".join(lines).replace(" ", "") in "".join(document.text.split())
