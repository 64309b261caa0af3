"""PDF: a page that was not read is named, and one that was read is not."""

from __future__ import annotations

import pytest
from extract.pdfmaker import Page, make_pdf, make_stream, write_objects

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.pdf import read_pdf

ENVELOPE = "DocuSign Envelope ID: 1F0C77A2-93B4-4E21-8C55-0D9E6A7B8C9D"
PROSE = [
    "The Supplier shall measure the emissions of its plants in each year and shall tell the",
    "Customer of them within a month. It shall keep its records for as long as the law of the",
    "place asks for, and shall show them to whoever the Customer sends to look at them, during",
    "the usual hours of work and without any charge.",
]


def text_page() -> Page:
    return Page().lines(72, 700, PROSE[::-1])


def picture(x: float, y: float, width: float, height: float, pixels: tuple[int, int] = (64, 64)) -> str:
    """An inline picture of one bit to the pixel."""
    row = (pixels[0] + 7) // 8
    data = "A5" * (row * pixels[1])
    entries = f"/W {pixels[0]} /H {pixels[1]} /BPC 1 /CS /G /F /AHx"
    return f"q {width} 0 0 {height} {x} {y} cm BI {entries} ID {data}> EI Q"


def outlines(lines: int, top: float = 760) -> str:
    """Lines of shapes with curves, as letters that were turned into outlines."""
    shape = "{x} {y} m {x} {z} {w} {z} {w} {y} c {x} {y} l f"
    places = [(72 + 7 * at, top - 14 * line) for line in range(lines) for at in range(60)]
    return "\n".join(shape.format(x=x, y=y, z=y + 8, w=x + 5) for x, y in places)


def read(data: bytes) -> Document:
    return read_document(data, ".pdf", Limits())


def unread(page: Page) -> bool:
    """Whether a page between two of running text is named."""
    document = read(make_pdf([text_page(), page, text_page()], extra=ELSEWHERE))
    assert document.unread_pages in ((), (2,))
    return bool(document.unread_pages)


SCAN = picture(0, 0, 595, 842)
NOT_READ = {
    "a scan": Page(content=[SCAN]),
    "a scan with an envelope number": Page(content=[SCAN]).text(20, 820, ENVELOPE, size=7),
    "a scan over an envelope number": Page().text(20, 820, ENVELOPE, size=7),
    "a scan with a Bates number": Page(content=[SCAN]).text(480, 20, "ACME-00012345"),
    "a scan with a fax line": Page(content=[SCAN]).text(
        20, 825, "12-MAR-2021 14:02 FROM: Smith Law TO: 5550147 P.02/11"
    ),
    "a scan with many stamps": Page(content=[SCAN]).lines(
        300, 200, ["RECEIVED 12 March 2021", "Companies Registry", "DocuSigned by: Ann Other", "CEO", ENVELOPE, "COPY"]
    ),
    "a scan that a lawyer certified": Page(content=[SCAN]).text(
        72, 60, "I certify this to be a true and complete copy of the original. Dated 3 May 2022, A. Smith, Solicitor"
    ),
    "a scan in strips": Page(content=[picture(0, 842 - 20 * at, 595, 20, (128, 8)) for at in range(1, 43)]),
    "a scan in tiles, with a stamp": Page(
        content=[picture(100 * x, 100 * y, 100, 100) for x in range(6) for y in range(9)]
    ).text(20, 825, "COPY"),
    "a scan with margins": Page(content=[picture(60, 80, 475, 680)]).text(300, 30, "7"),
    "a scan turned by a quarter": Page(content=["q 0 842 -595 0 595 0 cm" + SCAN[SCAN.index(" BI") :]], rotate=90),
    "half a scanned page and nothing else": Page(content=[picture(60, 500, 475, 260)]),
    "a third of a page that was scanned, with a stamp": Page(content=[picture(60, 500, 475, 260)]).text(
        300, 30, "COPY"
    ),
    "a photo with its caption": Page(content=[picture(60, 120, 475, 620)]).text(
        72, 90, "Figure 3: the plant from the air"
    ),
    "outlines": Page(content=[outlines(20)]),
    "outlines with a page number": Page(content=[outlines(20)]).text(300, 30, "Page 2 of 3"),
    "letters that are pictures": Page(
        content=[picture(72 + 8 * at, 760 - 14 * line, 7, 10, (16, 16)) for line in range(12) for at in range(40)]
    ),
    "letters made of boxes": Page(
        content=[
            f"{72 + 8 * at + x} {y - 14 * line} {width} {height} re f"
            for line in range(12)
            for at in range(40)
            for x, y, width, height in [(0, 760, 1, 7), (4, 760, 1, 7), (0, 763, 5, 1)]
        ]
    ).text(20, 820, ENVELOPE, size=7),
    "a scan that is a stamp": Page(entries="/Annots [6 0 R]"),
    "a scan that is a stamp, with an envelope number": Page(entries="/Annots [6 0 R]").text(20, 820, ENVELOPE, size=7),
    "a scan that is a pattern": Page(
        content=["/Pattern cs /P scn 0 0 595 842 re f"], resources="/Pattern << /P 7 0 R >>"
    ).text(20, 820, ENVELOPE, size=7),
    "a shape and no word": Page(content=["0 0 100 100 re f"]),
}
NOT_READ["a scan over an envelope number"].content.append(SCAN)
LOOK = picture(0, 0, 595, 842, (320, 440)).encode()  # as fine as print
WHOLE = b"/BBox [0 0 595 842] /Resources << >>"
# Objects 5 to 7 of the files.
ELSEWHERE = [
    make_stream(LOOK, b"/Type /XObject /Subtype /Form " + WHOLE),
    b"<< /Type /Annot /Subtype /Stamp /F 4 /Rect [0 0 595 842] /AP << /N 5 0 R >> >>",
    make_stream(LOOK, b"/PatternType 1 /PaintType 1 /TilingType 1 /XStep 595 /YStep 842 " + WHOLE),
]

LOGO = picture(72, 780, 120, 40)
READ = {
    "a blank sheet": Page(),
    "a sheet painted white": Page(content=["1 1 1 rg 0 0 595 842 re f"]),
    "a sheet with rules": Page().rule(72, 780, 523, 780).rule(72, 60, 523, 60),
    "a sheet that says so": Page().text(180, 420, "This page is intentionally left blank"),
    "a sheet that says so under a logo": Page(content=[LOGO]).text(180, 420, "This page is intentionally left blank"),
    "a title": Page().text(240, 420, "Schedule 2", bold=True),
    "a title between rules": Page(content=["72 400 451 60 re S"]).text(240, 420, "Schedule 2"),
    "signatures": Page(content=[picture(72, 500, 140, 40)]).lines(
        72, 560, ["Signed for and on behalf of Acme plc", "", "Name: A. Other", "Title: Director", "Date: 1 May 2022"]
    ),
    "a shaded form in boxes": Page(
        content=["0.8 g 72 100 440 600 re f 0 g"]
        + [f"{72 + 20 * x} {100 + 20 * y} 20 20 re S" for x in range(22) for y in range(30)]
    ).text(72, 760, "Price list"),
    "a table of rules that are boxes": Page(
        content=[
            f"{72 + 40 * x} {100 + 20 * y} 40 0.5 re f {72 + 40 * x} {100 + 20 * y} 0.5 20 re f"
            for x in range(11)
            for y in range(30)
        ]
        * 2
    ).text(72, 760, "Price list"),
    "a form in boxes": Page(
        content=[f"{72 + 40 * x} {100 + 20 * y} 40 20 re S" for x in range(11) for y in range(30)]
    ).text(72, 760, "Price list"),
    "running text over a picture": Page(content=[SCAN]).lines(72, 700, PROSE),
    "running text over a tint": Page(content=[picture(0, 0, 595, 842, (1, 64))]).text(72, 700, PROSE[0]),
    "running text beside a seal of outlines": Page(content=[outlines(4)]).lines(72, 600, PROSE),
    "text in invisible ink under a scan": Page(content=["3 Tr"]).text(72, 700, "Supply Agreement with Acme Limited"),
    "a scan in colour with recognised words under it": Page().lines(72, 700, PROSE),
}
READ["text in invisible ink under a scan"].content.insert(0, SCAN)
READ["a scan in colour with recognised words under it"].content.append(SCAN)


@pytest.mark.parametrize("name", NOT_READ)
def test_a_page_without_running_text_is_named(name: str) -> None:
    assert unread(NOT_READ[name])
    with pytest.raises(ContractError) as caught:
        read(make_pdf([NOT_READ[name], Page()], extra=ELSEWHERE))
    assert caught.value.code is ErrorCode.NO_TEXT
    assert "scanned" in caught.value.message


@pytest.mark.parametrize("name", READ)
def test_a_page_that_was_read_is_not_named(name: str) -> None:
    assert not unread(READ[name])


def test_a_legend_on_all_pages_is_no_text_of_a_scan() -> None:
    scans = [Page(content=[SCAN]).lines(72, 60, PROSE[:3], size=6, leading=8) for _ in range(5)]
    with pytest.raises(ContractError, match="scanned"):
        read(make_pdf(scans))


def test_the_ground_of_all_pages_hides_nothing() -> None:
    ground = picture(0, 0, 595, 842, (80, 90))
    pages = [Page(content=[ground]).lines(72, 700, PROSE) for _ in range(2)]
    other = picture(0, 0, 595, 842, (90, 80))
    title = Page(content=[ground]).text(72, 700, "Schedule 2")
    assert read(make_pdf([*pages, title])).warnings == ()
    assert read(make_pdf([*pages, Page(content=[other]).text(72, 700, "COPY")])).unread_pages == (3,)


def test_pictures_in_forms_are_seen() -> None:
    data = "A5" * 512
    image = (
        f"<< /Subtype /Image /Width 64 /Height 64 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /AHx "
        f"/Length {len(data) + 1} >>"
    )
    form = (
        "<< /Subtype /Form /BBox [0 0 10 10] /Matrix [59.5 0 0 84.2 0 0] /Resources << /XObject << /I 5 0 R >> >> "
        "/Length 23 >>"
    )
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /X 6 0 R >> "
        "/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        "<< /Length 57 >>\nstream\nq /X Do Q BT /F1 7 Tf 20 820 Td (ACME 000001 COPY) Tj ET   \nendstream",
        f"{image}\nstream\n{data}>\nendstream",
        f"{form}\nstream\nq 10 0 0 10 0 0 cm /I Do\nendstream",
    ]
    with pytest.raises(ContractError, match="scanned"):
        read(write_objects([item.encode() for item in objects]))


def test_no_sentence_goes_on_across_a_page_that_was_not_read_nor_has_its_stamp() -> None:
    first = Page().lines(72, 700, [*PROSE[:3], "and the Supplier shall see to it that the goods"])
    last = Page().lines(72, 780, ["are made with less energy than before.", *PROSE])
    document = read(make_pdf([first, last]))
    assert "the goods are made" in document.text
    document = read(make_pdf([first, NOT_READ["a scan with a fax line"], last]))
    (stamp,) = [block for block in document.blocks if "FROM" in document.text[block.start : block.end]]
    assert stamp.kind is BlockKind.HEADER_FOOTER
    assert document.page_at(document.text.index("FROM")) == 2


def test_what_is_unread_is_returned_where_text_recognition_comes_next() -> None:
    data = make_pdf([NOT_READ["a scan with an envelope number"], Page()])
    document = read_pdf(data, ReadContext(recognisable=True))
    assert (document.text, document.unread_pages, document.page_count) == ("", (1,), 2)
    with pytest.raises(ContractError, match="blank"):
        read_pdf(make_pdf([Page(), Page()]), ReadContext(recognisable=True))
