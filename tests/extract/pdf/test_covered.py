"""Text that nobody sees, or sees struck out, is read, and a warning names its page; what is seen raises none."""

from __future__ import annotations

import zlib

import pytest
from extract.pdfmaker import Page, make_pdf, make_stream

from tclp_daemon.document import Document
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.pdf import read_pdf
from tclp_daemon.warning import WarningCode

OTHER = "1. The parties shall keep a register of deliveries."
WORDS = "2. The Supplier shall cut its emissions by half."  # 12 to 262 points, baseline at 650
TEXT = f"BT /F1 11 Tf 72 650 Td ({WORDS}) Tj ET"
BOX = "70 646 260 14 re"
OVER = f"{TEXT} 0 g {BOX} f"


def picture(width: int, height: int, values: bytes, entries: bytes = b"") -> bytes:
    head = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 " % (
        width,
        height,
    )
    return make_stream(zlib.compress(values), head + b"/Filter /FlateDecode " + entries)


GREY = picture(2, 2, b"\x80" * 4)
STRIPES = picture(64, 8, b"\x00\xff" * 256)
# A picture that lets shine through what is under it.
CLEAR = picture(2, 2, b"\x00" * 4, b"/SMask 6 0 R")
MASK = picture(2, 2, b"\x00" * 4)
FORM = make_stream(
    OVER.encode(),
    b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>",
)
SMALL, FULL = "q 260 0 0 14 70 646 cm /Im Do Q", "q 595 0 0 842 0 0 cm /Im Do Q"
ALPHA, TIMES = "/GS << /GS << /ca 0.4 >> >>", "/GS << /GS << /BM /Multiply >> >>"


def _read(content: str, *, extra: bytes = GREY, state: str = "", entries: str = "") -> Document:
    resources = f"/XObject << /Im 5 0 R >> {state.replace('/GS', '/ExtGState', 1)}"
    page = Page(resources=resources, entries=entries).text(72, 700, OTHER)
    page.content.append(content)
    return read_pdf(make_pdf([Page().text(72, 700, OTHER), page], extra=[extra, MASK]), ReadContext())


COVERED = {
    "white": f"1 g {TEXT}",
    "nearly white": f"0.97 g {TEXT}",
    "white after a stroke colour": f"1 1 1 rg 0 0 0 RG {TEXT}",
    "no ink": f"0 0 0 0 k {TEXT}",
    "invisible": f"3 Tr {TEXT}",
    "clip only": f"q 7 Tr {TEXT} Q",
    "black on black": f"0 g {BOX} f 0 g {TEXT}",
    "box": OVER,
    "white box": f"{TEXT} 1 g {BOX} f",
    "box in pieces": f"{TEXT} 0 g 70 646 130 14 re 200 646 130 14 re f",
    "polygon": f"{TEXT} 0 g 68 645 m 335 644 l 336 662 l 68 663 l f",
    "thick line": f"{TEXT} 14 w 70 653 m 330 653 l S",
    "box with its own label": f"{TEXT} 0 g {BOX} f 1 g BT /F1 8 Tf 280 650 Td (gone) Tj ET",
    "half of the line": f"{TEXT} 0 g 170 646 160 14 re f",
    "one name": f"{TEXT} 0 g 103 646 45 14 re f",
    "struck by a long line": f"{TEXT} 1.5 w 68 653.5 m 306 653.5 l S",
    "struck line by line": f"{TEXT} 0.8 w 72 653.5 m 180 653.5 l S 180 653.5 m 293 653.5 l S",
    "small letters": f"BT /F1 0.3 Tf 72 650 Td ({WORDS}) Tj ET",
    "picture": f"{TEXT} {SMALL}",
    "struck": f"{TEXT} 0.8 w 72 653.5 m 299 653.5 l S",
    "struck by a box": f"{TEXT} 72 653 222 0.7 re f",
    "struck in part": f"{TEXT} 0.8 w 80 653.5 m 220 653.5 l S",
    "in a form": "/Im Do",
}


def test_transparent_text_is_covered() -> None:
    state = "/GS << /GS << /ca 0 >> >>"
    assert _codes(_read(f"/GS gs {TEXT}", state=state)) == [WarningCode.COVERED_TEXT]


@pytest.mark.parametrize("name", COVERED)
def test_covered_text_is_read_and_named(name: str) -> None:
    document = _read(COVERED[name], extra=FORM if name == "in a form" else GREY)
    assert WORDS in document.text
    assert [(each.code, each.pages) for each in document.warnings] == [(WarningCode.COVERED_TEXT, (2,))]


def test_a_picture_covers_whatever_it_shows() -> None:
    assert _codes(_read(f"{TEXT} {SMALL}", extra=STRIPES)) == [WarningCode.COVERED_TEXT]


SEEN = {
    "plain": TEXT,
    "grey": f"0.8 g {TEXT}",
    "white on a dark band": f"0 g {BOX} f 1 g {TEXT}",
    "white on a band that is shorter": f"0 g 70 646 130 14 re f 130 646 200 14 re f 1 g {TEXT}",
    "highlighted before": f"1 1 0 rg {BOX} f 0 g {TEXT}",
    "box drawn before": f"0 g {BOX} f 1 1 0 rg {TEXT}",
    "frame": f"{TEXT} {BOX} S",
    "underlined": f"{TEXT} 0.8 w 72 648.5 m 310 648.5 l S",
    "rules of a table": f"{TEXT} 0.5 w 60 644 m 500 644 l S 60 664 m 500 664 l S 60 644 m 60 664 l S",
    "a rule longer than the words": f"{TEXT} 0.5 w 40 652 m 555 652 l S",
    "box beside": f"{TEXT} 0 g 70 560 260 40 re f",
    "outlined letters": f"1 Tr {TEXT}",
    "white with an outline": f"1 g 0 G 2 Tr {TEXT}",
    "a tag of a signing platform": "1 g BT /F1 11 Tf 72 650 Td (\\\\s1\\\\) Tj ET",
}


@pytest.mark.parametrize("name", SEEN)
def test_what_is_seen_raises_no_warning(name: str) -> None:
    assert _codes(_read(SEEN[name])) == []


@pytest.mark.parametrize(
    ("content", "picture_", "state"),
    [
        (f"{TEXT} /GS gs 1 1 0 rg {BOX} f", GREY, ALPHA),
        (f"{TEXT} /GS gs 1 1 0 rg {BOX} f", GREY, TIMES),
        (f"{TEXT} {SMALL}", CLEAR, ""),
        # The text of a scan, before and after its picture, and of one whose picture is not the full sheet.
        (f"3 Tr {TEXT} {FULL}", STRIPES, ""),
        (f"{FULL} 3 Tr {TEXT}", STRIPES, ""),
        (f"{TEXT} {FULL}", STRIPES, ""),
        (f"{SMALL} 3 Tr {TEXT}", STRIPES, ""),
    ],
)
def test_highlights_and_scans_cover_nothing(content: str, picture_: bytes, state: str) -> None:
    assert _codes(_read(content, extra=picture_, state=state)) == []


@pytest.mark.parametrize(
    ("note", "covers"),
    [
        ("/Subtype /StrikeOut /QuadPoints [72 660 320 660 72 646 320 646] /C [1 0 0]", True),
        ("/Subtype /StrikeOut /QuadPoints [72 660 320 660 72 646 320 646] /C [1 0 0] /F 2", False),
        ("/Subtype /Square /C [0 0 0] /IC [0 0 0]", True),
        ("/Subtype /Square /C [1 0 0]", False),
        ("/Subtype /Highlight /QuadPoints [72 660 320 660 72 646 320 646] /C [1 1 0]", False),
        ("/Subtype /Underline /QuadPoints [72 660 320 660 72 646 320 646] /C [1 0 0]", False),
    ],
)
def test_annotations_cover_and_strike(note: str, covers: bool) -> None:
    flags = "" if "/F 2" in note else "/F 4"
    entries = f"/Annots [<< /Type /Annot {note} {flags} /Rect [70 646 330 660] >>]"
    document = _read(TEXT, entries=entries)
    assert WORDS in document.text
    assert _codes(document) == ([WarningCode.COVERED_TEXT] if covers else [])


def _codes(document: Document) -> list[WarningCode]:
    return [each.code for each in document.warnings]
