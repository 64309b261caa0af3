"""Form fields and annotations: what stands on the page is read as the page shows it, and comments about it are not."""

from __future__ import annotations

import pytest
from extract.pdfmaker import Page, make_pdf, make_stream

from tclp_daemon.config import Limits
from tclp_daemon.document import Document
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.pdf import read_pdf
from tclp_daemon.extract.pdf.appearances import read_appearances
from tclp_daemon.extract.pdf.layers import hidden_annotations

FONTS = b"/Resources << /Font << /F1 3 0 R >> >>"
MARK = make_stream(b"0 0 m 10 10 l S", b"/Type /XObject /Subtype /Form /BBox [0 0 10 10]")
ON_OFF = "/AP << /N << /Yes 5 0 R /Off 5 0 R >> >>"


def _look(words: str) -> bytes:
    return make_stream(
        f"BT /F1 11 Tf 2 5 Td ({words}) Tj ET".encode(), b"/Type /XObject /Subtype /Form /BBox [0 0 400 20] " + FONTS
    )


def _read(page: Page, *annotations: str, looks: tuple[bytes, ...] = (MARK,), config: str = "") -> Document:
    """A page with these annotations; the appearances have the numbers from 5 on."""
    first = 5 + len(looks)
    numbers = range(first, first + len(annotations))
    notes = [f"<< /Type /Annot {each} >>".encode() for each in annotations]
    references = " ".join(f"{number} 0 R" for number in numbers)
    page.entries += f" /Annots [{references}]"
    form = " ".join(f"{number} 0 R" for number, each in zip(numbers, annotations, strict=True) if "/Widget" in each)
    catalog = f"/AcroForm << /Fields [{form}] >> {config}"
    return read_pdf(make_pdf([page], catalog=catalog, extra=[*looks, *notes]), ReadContext())


def _widget(kind: str, entries: str, rect: str = "72 600 372 620") -> str:
    return f"/Subtype /Widget /FT /{kind} /T (a) /Rect [{rect}] {entries}"


OPTIONS = "/Opt [[(A1) (Net zero by 2030)] [(A2) (None)] [(A3) (Reports)]]"
COMBO, MANY = "/Ff 131072", "/Ff 2097152"


@pytest.mark.parametrize(
    ("entries", "shown"),
    [
        (f"{COMBO} {OPTIONS} /V (A1) /I [0]", "Net zero by 2030"),
        (f"{COMBO} {OPTIONS} /V (A1)", "Net zero by 2030"),
        (f"{COMBO} /Opt [(Net zero by 2030) (None)] /V (None)", "None"),
        (f"{COMBO} {OPTIONS} /V (typed by hand)", "typed by hand"),
        (f"{MANY} {OPTIONS} /V [(A1) (A3)] /I [0 2]", "Net zero by 2030, Reports"),
        (f"{OPTIONS} /V (A3)", "Reports"),
        (f"{COMBO} {OPTIONS}", ""),
    ],
)
def test_the_label_of_the_chosen_option_is_read(entries: str, shown: str) -> None:
    document = _read(Page().text(72, 700, "1. Target:"), _widget("Ch", entries))
    assert document.text.split("\n")[1:] == [shown, ""] if shown else [""]


RADIO = "/Ff 32768 /AP << /N << /One 5 0 R /Off 5 0 R >> >>"


@pytest.mark.parametrize(
    ("state", "sign"),
    [("/AS /Yes /V /Yes", "☒"), ("/AS /Off", "☐"), ("", "☐"), ("/V /Yes", "☒"), ("/AS /Off /V /Yes", "☐")],
)
def test_a_tick_stands_before_its_label(state: str, sign: str) -> None:
    page = Page().text(72, 700, "1. The options:").text(100, 602, "The Supplier joins the programme.")
    page.text(100, 582, "The Supplier does not join.")
    document = _read(
        page,
        _widget("Btn", f"{ON_OFF} {state}", "80 600 92 612"),
        _widget("Btn", f"{RADIO} /AS /One", "80 580 92 592"),
    )
    assert document.text.split("\n") == [
        "1. The options:",
        f"{sign} The Supplier joins the programme.",
        "☒ The Supplier does not join.",
        "",
    ]


def test_ticks_in_a_line_stand_where_the_page_has_them() -> None:
    page = Page().text(72, 700, "Does the plan apply?").text(220, 700, "Yes").text(280, 700, "No")
    document = _read(
        page,
        _widget("Btn", f"{ON_OFF} /AS /Off", "205 699 215 709"),
        _widget("Btn", f"{ON_OFF} /AS /Yes", "265 697 275 707"),
    )
    assert " ".join(document.text.split()) == "Does the plan apply? ☐ Yes ☒ No"


def test_a_tick_without_a_label_stands_alone() -> None:
    document = _read(Page().text(72, 700, "1. The options."), _widget("Btn", f"{ON_OFF} /AS /Yes", "80 300 92 312"))
    assert document.text.split("\n") == ["1. The options.", "☒", ""]


def test_a_value_stands_beside_its_label() -> None:
    page = Page().lines(72, 700, ["1. The target:", "2. The base year:", "3. The report:"], leading=30)
    document = _read(
        page,
        _widget("Tx", "/V (net zero)", "160 666 372 682"),
        _widget("Tx", "/V (by 2040)", "160 696 372 712"),
    )
    assert document.text.split("\n")[:3] == ["1. The target: by 2040", "2. The base year: net zero", "3. The report:"]


WORDS = "Subject to approval by the climate board."


@pytest.mark.parametrize(
    ("note", "shown"),
    [
        ("/Subtype /FreeText /Contents (%s)", True),
        ("/Subtype /FreeText /Contents (%s) /IT /FreeTextCallout /CL [10 10 60 60]", True),
        ("/Subtype /FreeText /Contents (%s) /F 2", False),
        ("/Subtype /FreeText /Contents (%s) /F 32", False),
        ("/Subtype /FreeText /AP << /N 5 0 R >>", True),
        ("/Subtype /Stamp /AP << /N 5 0 R >>", True),
        ("/Subtype /Stamp /AP << /N 5 0 R >> /F 2", False),
        ("/Subtype /Stamp /AP << /N 5 0 R >> /Contents (A comment)", True),
        ("/Subtype /Watermark /AP << /N 5 0 R >>", True),
        ("/Subtype /Stamp /Contents (%s)", False),
        ("/Subtype /Text /Contents (%s)", False),
        ("/Subtype /Popup /Contents (%s)", False),
        ("/Subtype /Highlight /QuadPoints [72 620 372 620 72 600 372 600] /Contents (%s)", False),
        ("/Subtype /Widget /FT /Tx /T (a) /V (%s)", True),
        ("/Subtype /Widget /FT /Tx /T (a) /V (%s) /F 2", False),
        ("/Subtype /Widget /FT /Tx /T (a) /V (%s) /AP << /N 5 0 R >>", True),
        ("/Subtype /Widget /FT /Tx /T (a) /AP << /N 5 0 R >>", True),
        ("/Subtype /Widget /FT /Btn /Ff 65536 /T (a) /MK << /CA (%s) >> /AP << /N 5 0 R >>", False),
        ("/Subtype /Widget /FT /Sig /T (a) /AP << /N 5 0 R >>", False),
    ],
)
def test_what_stands_on_the_page_is_read_once(note: str, shown: bool) -> None:
    annotation = f"/Rect [72 600 472 620] {note.replace('%s', WORDS)}"
    document = _read(Page().text(72, 700, "1. Approval."), annotation, looks=(_look(WORDS),))
    assert document.text.count(WORDS) == shown
    assert "comment" not in document.text


def test_a_value_that_the_page_has_in_its_text_is_read_once() -> None:
    page = Page().text(72, 700, "1. Target.").text(74, 605, WORDS)
    document = _read(page, _widget("Tx", f"/V ({WORDS})"))
    assert document.text.count(WORDS) == 1


@pytest.mark.parametrize(
    ("layer", "config", "shown"),
    [
        ("5 0 R", "/OFF [6 0 R]", True),
        ("6 0 R", "/OFF [6 0 R]", False),
        ("6 0 R", "/BaseState /OFF /ON [5 0 R]", False),
        ("5 0 R", "/BaseState /OFF /ON [5 0 R]", True),
        ("<< /Type /OCMD /OCGs [5 0 R 6 0 R] /P /AllOn >>", "/OFF [6 0 R]", False),
        ("<< /Type /OCMD /OCGs [5 0 R 6 0 R] >>", "/OFF [6 0 R]", True),
        ("<< /Type /OCMD /VE [/And 5 0 R [/Not 6 0 R]] >>", "/OFF [6 0 R]", True),
        ("<< /Type /OCMD /VE [/Not 5 0 R] >>", "/OFF [6 0 R]", False),
    ],
)
@pytest.mark.parametrize("kind", ["/Subtype /Stamp /AP << /N 7 0 R >>", f"/Subtype /FreeText /Contents ({WORDS})"])
def test_an_annotation_in_a_hidden_layer_is_not_read(layer: str, config: str, shown: bool, kind: str) -> None:
    group = b"<< /Type /OCG /Name (Layer) >>"
    note = f"{kind} /Rect [72 600 472 620] /OC {layer}"
    document = _read(
        Page().text(72, 700, "1. Target."),
        note,
        looks=(group, group, _look(WORDS)),
        config=f"/OCProperties << /OCGs [5 0 R 6 0 R] /D << {config} >> >>",
    )
    assert (WORDS in document.text) is shown


def test_what_cannot_be_opened_apart_is_said_or_counts_as_shown() -> None:
    broken = b"%PDF-1.7\nnothing\n"
    assert read_appearances(broken, Limits()) == ({}, False)
    assert hidden_annotations(broken, Limits()) == set()
