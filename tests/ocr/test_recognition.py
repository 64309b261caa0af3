"""Scans are read like any other contract: the words, the clauses, the headings and the findings."""

from __future__ import annotations

import re

import pytest
from extract.pdf.fontmaker import make_font_file
from extract.pdfmaker import Page, make_pdf, make_stream
from extract.scanmaker import (
    FIRST,
    SECOND,
    SPOILT,
    Spoil,
    accuracy,
    columned_page,
    picture_of,
    scanned_page,
    typed_page,
)
from PIL import Image

from tclp_daemon.api import read
from tclp_daemon.config import Limits, Ocr
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.warning import WarningCode

pytestmark = pytest.mark.ocr
STAMP = "DocuSign Envelope ID: 0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9"


def scan(*pictures: Image.Image, stamp: str = "", ocr: Ocr | None = None) -> Document:
    data = make_pdf([scanned_page(picture, stamp=stamp) for picture in pictures])
    return read(data, name="scan.pdf", ocr=ocr)


def codes(document: Document) -> dict[WarningCode, tuple[int, ...]]:
    return {each.code: each.pages for each in document.warnings}


@pytest.mark.parametrize(("spoil", "least"), [pytest.param(*row[1:], id=row[0]) for row in SPOILT])
def test_the_words_of_a_spoilt_page(spoil: Spoil, least: float) -> None:
    document = scan(spoil(picture_of(typed_page(FIRST))))
    assert accuracy(document.text, FIRST) >= least
    assert "The Supplier shall reduce its greenhouse gas emissions by fifty per cent by 2030" in document.text
    assert codes(document) == {WarningCode.OCR: (1,)}


@pytest.mark.parametrize(("dpi", "quality"), [(200, 90), (300, 30), (150, 60)])
def test_coarse_scans(dpi: int, quality: int) -> None:
    page = scanned_page(picture_of(typed_page(FIRST), dpi), dpi=dpi, quality=quality)
    document = read(make_pdf([page]), name="scan.pdf")
    assert accuracy(document.text, FIRST) >= 0.97


def test_a_scan_that_lies_on_the_page_as_a_stamp() -> None:
    look = scanned_page(picture_of(typed_page(FIRST)))
    form = f"/Type /XObject /Subtype /Form /BBox [0 0 {look.width} {look.height}] /Resources << >>"
    rect = f"/Rect [0 0 {look.width} {look.height}]"
    extra = [
        make_stream("\n".join(look.content).encode("latin-1"), form.encode()),
        f"<< /Type /Annot /Subtype /Stamp /F 4 {rect} /AP << /N 5 0 R >> >>".encode(),
    ]
    page = Page(look.width, look.height, entries="/Annots [6 0 R]").text(20, look.height - 15, STAMP, size=8)
    document = read(make_pdf([page], extra=extra), name="scan.pdf")
    assert accuracy(document.text, FIRST) >= 0.97
    assert codes(document) == {WarningCode.OCR: (1,)}


def test_clauses_headings_and_paragraphs_come_from_the_same_code_as_for_other_pages() -> None:
    pages = [typed_page(FIRST), typed_page(SECOND)]
    typed = read(make_pdf(pages), name="typed.pdf")
    scanned = scan(*map(picture_of, pages))
    assert _places(scanned) == _places(typed)


def test_columns_are_read_one_after_the_other() -> None:
    document = scan(picture_of(columned_page(FIRST + SECOND)))
    assert accuracy(document.text, FIRST + SECOND) >= 0.97


def test_only_pages_that_need_it_are_recognised() -> None:
    first, second = typed_page(FIRST), typed_page(SECOND)
    mixed = make_pdf(
        [first, scanned_page(picture_of(second)), typed_page(["9. Last words", "The parties shall end here."])]
    )
    document = read(mixed, name="mixed.pdf")
    assert codes(document) == {WarningCode.OCR: (2,)}
    assert [document.page_at(document.text.index(words)) for words in ("1. Supply", "4. Conf", "9. Last")] == [1, 2, 3]


def test_a_stamp_is_kept_once_and_is_no_part_of_a_sentence() -> None:
    document = scan(*[picture_of(typed_page(lines)) for lines in (FIRST, SECOND)], stamp=STAMP)
    stamps = [block for block in document.blocks if "Envelope" in document.text[block.start : block.end]]
    assert [document.text[block.start : block.end] for block in stamps] == [STAMP, STAMP]
    assert {block.kind for block in stamps} == {BlockKind.HEADER_FOOTER}


def test_the_same_sentence_on_each_page_is_no_header() -> None:
    pages = [
        Page().text(72, 730, f"{n}. The Supplier shall reduce its emissions by half by 2030.") for n in (1, 2, 3, 4)
    ]
    document = scan(*map(picture_of, pages), stamp=STAMP)
    duties = [block for block in document.blocks if block.kind is not BlockKind.HEADER_FOOTER]
    assert [block.clause for block in duties] == ["1", "2", "3", "4"]


def test_blank_backs_need_no_warning_and_pictures_without_words_do() -> None:
    blank = Image.new("L", (2480, 3508), 250)
    ruled = picture_of(Page().rule(50, 790, 545, 790).rule(50, 50, 545, 50))
    photograph = Image.radial_gradient("L").resize((2480, 3508))
    document = scan(picture_of(typed_page(FIRST)), blank, ruled, photograph)
    assert codes(document) == {WarningCode.OCR: (1,), WarningCode.PAGES_WITHOUT_TEXT: (4,)}
    assert document.page_count == 4


@pytest.mark.parametrize(
    "picture",
    [Image.radial_gradient("L").resize((2480, 3508)), Image.effect_noise((2480, 3508), 250)],
    ids=["gradient", "noise"],
)
def test_nothing_legible_on_any_page_is_no_text(picture: Image.Image) -> None:
    with pytest.raises(ContractError) as caught:
        scan(picture)
    assert caught.value.code is ErrorCode.NO_TEXT
    assert "found no words" in caught.value.message
    assert "300 dpi" in caught.value.advice


def test_the_pages_beyond_the_limit_are_named() -> None:
    document = scan(*[picture_of(typed_page(lines)) for lines in (FIRST, SECOND)], ocr=Ocr(pages=1))
    assert codes(document) == {WarningCode.OCR: (1,), WarningCode.OCR_INCOMPLETE: (2,)}
    assert "ocr.pages, 1" in next(w.message for w in document.warnings if w.code is WarningCode.OCR_INCOMPLETE)


def test_a_page_that_takes_too_long_costs_only_itself() -> None:
    small = Page()
    for line in range(120):
        small.text(20, 830 - 6.6 * line, " ".join(SECOND)[line : line + 200], size=6)
    pages = [picture_of(page) for page in (typed_page(FIRST), small, typed_page(FIRST))]
    document = scan(*pages, ocr=Ocr(page_seconds=5))
    assert codes(document) == {WarningCode.OCR: (1, 3), WarningCode.OCR_INCOMPLETE: (2,)}


def test_without_recognition_a_scan_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        scan(picture_of(typed_page(FIRST)), ocr=Ocr(mode="off"))
    assert caught.value.code is ErrorCode.NO_TEXT


def test_a_missing_language_is_named() -> None:
    with pytest.raises(ContractError) as caught:
        scan(picture_of(typed_page(FIRST)), ocr=Ocr(languages="eng+tlh"))
    assert caught.value.code is ErrorCode.NO_TEXT
    assert "no language data for tlh" in caught.value.advice


def test_a_huge_page_is_rendered_smaller() -> None:
    page = Page(14_400, 14_400).text(700, 12_000, "1. The Supplier shall reduce its emissions.", size=500)
    data = make_pdf([scanned_page(picture_of(page, 10), dpi=10)])
    assert "reduce its emissions" in read(data, name="poster.pdf", limits=Limits()).text


def _places(document: Document) -> list[tuple[str, str | None, str | None]]:
    def words(text: str | None) -> str | None:
        return text and re.sub(r"\W+", " ", text)

    found = [(document.text[b.start : b.end], b.clause, b.heading) for b in document.blocks]
    return [(words(text) or "", clause, words(heading)) for text, clause, heading in found]


@pytest.mark.parametrize(
    ("filter_", "share"), [("/DCT", 0.0), ("/DCT", 0.02), ("/JPXDecode", 1.0), ("/CCF", 1.0), ("/Unknown", 1.0)]
)
def test_a_picture_that_cannot_be_decoded_is_not_taken_for_a_blank_page(filter_: str, share: float) -> None:
    page = scanned_page(picture_of(typed_page(SECOND)))
    head, _, rest = page.content[0].partition(" ID ")
    data = rest.partition(">")[0]
    page.content = [f"{head.replace('/DCT', filter_)} ID {data[: int(share * len(data)) // 2 * 2]}> EI Q"]
    document = read(make_pdf([typed_page(FIRST), page]), name="broken.pdf")
    assert codes(document) == {WarningCode.PAGES_WITHOUT_TEXT: (2,)}


def test_a_picture_that_breaks_off_is_said_to() -> None:
    page = scanned_page(picture_of(typed_page(FIRST)))
    head, _, rest = page.content[0].partition(" ID ")
    page.content = [f"{head} ID {rest[: len(rest) // 4 * 2]}> EI Q"]
    document = read(make_pdf([page]), name="broken.pdf")
    assert codes(document) == {WarningCode.OCR: (1,), WarningCode.PAGE_INCOMPLETE: (1,)}
    assert "1.1 The Supplier shall deliver the Goods" in document.text


@pytest.mark.parametrize("font", ["shift", "scattered", "private", "control"])
def test_text_that_is_not_what_the_page_shows_is_recognised_instead(font: str) -> None:
    document = read(make_font_file([[(font, line) for line in FIRST]]), name="shifted.pdf")
    assert accuracy(document.text, FIRST) >= 0.97
    assert codes(document) == {WarningCode.OCR: (1,)}
