"""What a page shows is what is read: no hidden layer, nothing off the sheet or clipped away, nothing twice."""

from __future__ import annotations

import pytest
from extract.pdfmaker import Page, make_pdf, make_stream

from tclp_daemon.document import Document
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.pdf import read_pdf

SHOWN = "1. The parties shall keep a register of deliveries."
HIDDEN = "2. The Supplier shall cut its emissions by half."
ON, OFF = b"<< /Type /OCG /Name (Layer) >>", b"<< /Type /OCG /Name (Layer) >>"  # 5 and 6: only their numbers differ


def _read(page: Page, **more: object) -> Document:
    return read_pdf(make_pdf([page], **more), ReadContext())  # type: ignore[arg-type]


def _page(words: str = SHOWN, **more: object) -> Page:
    return Page(**more).text(72, 700, words)  # type: ignore[arg-type]


def _line(words: str, x: float = 72, y: float = 650, *, mode: int = 0) -> str:
    return f"BT {mode} Tr /F1 11 Tf {x} {y} Td ({words}) Tj ET"


def _form(content: str, entries: str = "") -> bytes:
    fonts = "/Resources << /Font << /F1 3 0 R >> /Properties << /Off 6 0 R /On 5 0 R >> >>"
    head = f"/Type /XObject /Subtype /Form /BBox [0 0 595 842] {fonts} {entries}"
    return make_stream(content.encode(), head.encode())


_SCREEN = b"<< /Type /OCG /Name (Proof) /Usage << /View << /ViewState /OFF >> >> >>"
_MARKED = f"/OC /M BDC {_line(HIDDEN)} EMC"
_OFF = "/D << /OFF [6 0 R] >>"
_IN_OFF = f"/OC /Off BDC {_line(HIDDEN)} EMC"
_PAINT = "/Fm Do"


@pytest.mark.parametrize(
    ("shows", "config", "member", "content", "form"),
    [
        (False, _OFF, "6 0 R", _MARKED, b""),
        (True, _OFF, "5 0 R", _MARKED, b""),
        (False, "/D << /BaseState /OFF /ON [5 0 R] >>", "6 0 R", _MARKED, b""),
        (True, "/D << /BaseState /OFF /ON [5 0 R] >>", "5 0 R", _MARKED, b""),
        (False, _OFF, "<< /Type /OCMD /OCGs [5 0 R 6 0 R] /P /AllOn >>", _MARKED, b""),
        (True, _OFF, "<< /Type /OCMD /OCGs [5 0 R 6 0 R] /P /AnyOn >>", _MARKED, b""),
        (False, _OFF, "<< /Type /OCMD /VE [/Not 5 0 R] >>", _MARKED, b""),
        (True, _OFF, "<< /Type /OCMD /VE [/Or 6 0 R [/Not 6 0 R]] >>", _MARKED, b""),
        # In a font that nothing else on the page has.
        (False, _OFF, "6 0 R", _MARKED.replace("/F1", "/F2"), b""),
        # A layer that a screen does not show.
        (False, "/D << /AS [<< /Event /View /Category [/View] /OCGs [7 0 R] >>] >>", "7 0 R", _MARKED, _SCREEN),
        # In a visible layer inside a hidden one, and with other marks between.
        (False, _OFF, "6 0 R", f"/OC /M BDC /P BMC /OC /On BDC {_line(HIDDEN)} EMC EMC EMC", b""),
        # Forms: the form itself, its paint operator and its content belong to the layer.
        (False, _OFF, "6 0 R", _PAINT, _form(_line(HIDDEN), "/OC 6 0 R")),
        (True, _OFF, "6 0 R", _PAINT, _form(_line(HIDDEN), "/OC 5 0 R")),
        (False, _OFF, "6 0 R", f"/OC /M BDC {_PAINT} EMC", _form(_line(HIDDEN))),
        (False, _OFF, "6 0 R", _PAINT, _form(_IN_OFF)),
    ],
)
def test_a_hidden_layer_is_not_read(shows: bool, config: str, member: str, content: str, form: bytes) -> None:
    page = _page(resources=f"/Properties << /M {member} /On 5 0 R /Off 6 0 R >> /XObject << /Fm 7 0 R >>")
    page.content.append(content)
    document = _read(
        page, catalog=f"/OCProperties << /OCGs [5 0 R 6 0 R 7 0 R] {config} >>", extra=[ON, OFF, form or b"null"]
    )
    assert SHOWN in document.text
    assert (HIDDEN in document.text) is shows


@pytest.mark.parametrize(
    ("entries", "rotate", "x", "y", "shows"),
    [
        ("/CropBox [0 120 595 842]", 0, 72, 60, False),
        ("/CropBox [0 120 595 842]", 0, 72, 115, False),  # its tallest letters reach the sheet
        ("/CropBox [0 120 595 842]", 0, 72, 130, True),
        ("/CropBox [-50 -50 700 900]", 0, 72, -30, False),  # a crop box is never larger than the sheet
        ("", 0, 72, -30, False),
        ("", 0, 620, 400, False),
        ("", 0, -400, 400, False),
        ("", 0, 500, 400, True),  # runs over the edge
        ("/CropBox [0 120 595 842]", 90, 72, 60, False),
        ("/CropBox [0 120 595 842]", 270, 72, 300, True),
        ("/UserUnit 2 /CropBox [0 120 595 842]", 0, 72, 60, False),
    ],
)
@pytest.mark.parametrize("in_form", [False, True])
def test_what_is_off_the_sheet_is_not_read(
    entries: str, rotate: int, x: float, y: float, shows: bool, in_form: bool
) -> None:
    page = _page(entries=entries, rotate=rotate, resources="/XObject << /Fm 5 0 R >>")
    form = _form(_line(HIDDEN, 0, 0), "/BBox [0 -10 900 20]").replace(b"/BBox [0 0 595 842]", b"")
    page.content.append(f"q 1 0 0 1 {x} {y} cm {_PAINT} Q" if in_form else _line(HIDDEN, x, y))
    document = _read(page, extra=[form])
    assert SHOWN in document.text
    assert (HIDDEN in document.text) is shows


@pytest.mark.parametrize(
    ("clip", "shows"),
    [
        ("0 0 595 842 re W n", True),
        ("70 646 400 14 re W* n", True),
        ("72 650 400 7.5 re W n", True),  # close around the letters
        ("0 700 595 142 re W n", False),
        ("0 0 m W n", False),
        ("0 0 0 0 re W n", False),
        ("0 0 595 842 re W n 0 700 595 100 re W n", False),
        # All but a band: the box around the path holds the text, and the path does not.
        ("0 0 595 842 re 60 630 500 50 re W* n", False),
        ("0 0 m 595 0 l 595 600 l 100 610 l 0 600 l h W n", False),
        ("0 0 m 595 0 l 595 842 l 300 800 l 200 800 l 100 800 l 0 842 l h W n", True),
    ],
)
@pytest.mark.parametrize("mode", [0, 3])
def test_what_is_clipped_away_is_not_read(clip: str, shows: bool, mode: int) -> None:
    page = _page()
    page.content.append(f"q {clip} {_line(HIDDEN, mode=mode)} Q")
    document = _read(page)
    assert SHOWN in document.text
    assert (HIDDEN in document.text) is shows


def test_letters_without_a_shape_are_no_hidden_text() -> None:
    """The font of a text recognition has no shapes, so that its letters leave no trace wherever they stand."""
    width, letters = 600, sorted(set(HIDDEN))
    names = " ".join(f"/{ord(letter):d} 5 0 R" for letter in letters)
    codes = " ".join(f"{ord(letter)} /{ord(letter)}" for letter in letters)
    unicode = "".join(f"<{ord(letter):02x}> <{ord(letter):04x}>\n" for letter in letters)
    font = (
        f"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 600 700] /FontMatrix [.001 0 0 .001 0 0] /FirstChar 0 "
        f"/LastChar 255 /Widths [{' '.join([str(width)] * 256)}] /CharProcs << {names} >> "
        f"/Encoding << /Differences [{codes}] >> /ToUnicode 7 0 R >>"
    )
    glyph = make_stream(b"600 0 0 0 600 700 d1")
    cmap = make_stream(
        f"1 begincodespacerange <00> <ff> endcodespacerange {len(letters)} beginbfchar\n{unicode}endbfchar".encode()
    )
    page = _page(resources="/XObject << /Fm 8 0 R >>")
    page.content.append("/Fm Do")
    form = make_stream(
        _line(HIDDEN, mode=3).encode(),
        b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /F1 6 0 R >> >>",
    )
    document = _read(
        page,
        catalog="/OCProperties << /OCGs [9 0 R] /D << /OFF [9 0 R] >> >>",
        extra=[glyph, font.encode(), cmap, form, OFF],
    )
    assert HIDDEN in document.text


def test_a_form_shows_what_is_inside_its_box() -> None:
    page = _page(resources="/XObject << /Fm 5 0 R >>")
    page.content.append("/Fm Do")
    form = make_stream(
        f"{_line(SHOWN.replace('1.', '3.'), y=450)} {_line(HIDDEN)}".encode(),
        b"/Type /XObject /Subtype /Form /BBox [0 0 595 600] /Resources << /Font << /F1 3 0 R >> >>",
    )
    document = _read(page, extra=[form])
    assert "3. The parties" in document.text
    assert HIDDEN not in document.text


LAYER = [
    "1. CLIMATE DUTIES",
    "The Supplier shall reduce its greenhouse gas emissions by half.",
    "The Supplier shall report its emissions each year to the Customer.",
]
WRONG = [
    "1. CLlMATE DUTlES",
    "The Suppiier shali reduce its greenh0use gas emisslons by haif.",
    "The Supplier shaII report its emissions each year t0 the Customer.",
]


def _pieces(lines: list[str], x: float, y: float, mode: int, *, words: bool = False, size: float = 11) -> list[str]:
    """The lines from a height on downwards, each in one piece or word by word."""
    width = 0.62 * size
    result = []
    for index, line in enumerate(lines):
        at = x
        for piece in line.split() if words else [line]:
            result.append(_line(piece, at, y - 14 * index, mode=mode).replace(" 11 Tf", f" {size} Tf"))
            at += (len(piece) + 1) * width
    return result


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (_pieces(LAYER, 72, 700, 0), _pieces(LAYER, 74, 697, 3)),
        (_pieces(LAYER, 72, 700, 0), _pieces(LAYER, 74, 704, 0)),
        (_pieces(LAYER, 72, 700, 0), _pieces(WRONG, 70, 702, 3, size=11.5)),
        (_pieces(WRONG, 70, 702, 3), _pieces(LAYER, 72, 700, 0)),
        (_pieces(LAYER, 72, 700, 0), _pieces(WRONG, 72, 700, 3)),
        (_pieces(LAYER, 72, 700, 3), _pieces(LAYER, 75, 696, 3)),
        (_pieces(LAYER, 72, 700, 0, words=True), _pieces(WRONG, 70, 702, 3, words=True)),
    ],
)
@pytest.mark.parametrize("mixed", [False, True])
def test_a_second_layer_of_the_same_text_is_not_read(first: list[str], second: list[str], mixed: bool) -> None:
    page = Page()
    pairs = zip(first, second, strict=True)
    page.content += [piece for pair in pairs for piece in pair] if mixed else [*first, *second]
    document = _read(page)
    assert document.text.split() == " ".join(LAYER).split()


def test_a_second_layer_of_short_words_is_not_read() -> None:
    short = ["Some of it is in one of us, or is in no one.", "If it is in us, it is in all of us."]
    page = Page(content=[*_pieces(short, 72, 700, 0, words=True), *_pieces(short, 73, 699, 3, words=True)])
    assert _read(page).text.split() == " ".join(short).split()


def test_a_second_layer_of_single_letters_is_not_read() -> None:
    page = _page()
    for mode, x, y, word in ((0, 72, 600, "TheSupplierplan"), (3, 73, 599, "TheSuppIierplan")):
        page.content += [_line(letter, x + 8 * at, y, mode=mode) for at, letter in enumerate(word)]
    assert "".join(_read(page).text.split()).endswith("TheSupplierplan")


def test_lines_that_run_upwards_are_all_read() -> None:
    page = Page(width=842, height=595, rotate=90)
    lines = [f"Line {at} of the things that the parties shall keep is better than the one before." for at in range(9)]
    for at, line in enumerate(lines):
        page.text(0, 0, line, matrix=f"0 1 -1 0 {100 + 14 * at} 72").text(
            0, 0, line, matrix=f"0 1 -1 0 {103 + 14 * at} 74"
        )
    text = " ".join(_read(page).text.split())
    assert not [line for line in lines if line not in text]


def test_lines_that_say_the_same_below_one_another_are_all_read() -> None:
    lines = ["Signed by the Supplier", "Signed by the Supplier", "Signed by the Customer"]
    page = Page().lines(72, 700, lines, leading=11)
    page.content += _pieces(["Words of a stamp"], 300, 500, 3)
    assert _read(page).text.count("Signed by the") == 3


def test_text_over_text_that_says_something_else_is_read() -> None:
    page = _page().text(75, 702, HIDDEN)
    document = _read(page)
    assert SHOWN in document.text
    assert HIDDEN in document.text


SHOW = "BT /F1 11 Tf 72 650 Td (The Supplier shall) Tj ( cut its emissions.) Tj ET"


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (f"/Span << /ActualText (The Supplier may do as it likes.) >> BDC {SHOW} EMC", True),
        (f"/Span << /ActualText (The Supplier shall cut its emissions.) >> BDC {SHOW} EMC", True),
        (f"/Span /Other BDC {SHOW} EMC", True),
        ("BT /F1 11 Tf 72 650 Td (an e) Tj /Span << /ActualText (ffi) >> BDC (f) Tj EMC (cient plan) Tj ET", False),
        ("/Span << /ActualText (an efficient plan) >> BDC BT /F1 11 Tf 72 650 Td (~) Tj ET EMC", False),
    ],
)
def test_replacement_text_counts_where_the_page_has_no_words(content: str, read: bool) -> None:
    page = _page(resources="/Properties << /Other << /ActualText (The Supplier may do as it likes.) >> >>")
    page.content.append(content)
    document = _read(page)
    assert ("The Supplier shall cut its emissions." if read else "an efficient plan") in document.text
    assert "likes" not in document.text
