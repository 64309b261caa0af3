"""Small PDFs that cause much work by what they paint and by what goes with their pages; see `fuzz.makers`."""

from __future__ import annotations

from tests.extract.pdfmaker import Page, make_pdf, make_stream, write_objects

_SENTENCE = "The Supplier shall report its emissions to the Customer."
_NOTE = "<< /Type /Annot /Subtype /{} /Rect [70 690 300 712] {} >>"


def _painted(*content: str, catalog: str = "", extra: tuple[bytes, ...] = (), **more: str) -> bytes:
    """A page with a sentence and this content after it; `extra` has the numbers from 5 on."""
    page = Page(**more).text(72, 700, _SENTENCE)  # type: ignore[arg-type]
    page.content += content
    return make_pdf([page], catalog=catalog, extra=extra)


def pdf_notes(n: int) -> bytes:
    """A page of notes of all kinds."""
    kinds = (
        "FreeText",
        "Stamp",
        "Square",
        "Redact",
        "StrikeOut",
        "FileAttachment",
        "Highlight",
        "Link",
        "Popup",
        "Ink",
    )
    notes = "".join(_NOTE.format(kinds[at % len(kinds)], f"/Contents (x{at})") for at in range(n))
    return _painted(entries=f"/Annots [{notes}]")


def pdf_notes_with_one_look(n: int) -> bytes:
    """Notes that all look like one long text."""
    look = make_stream(
        b"BT /F1 9 Tf " + b"(The words of a stamp.) Tj " * 2000 + b"ET",
        b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]",
    )
    notes = _NOTE.format("Stamp", "/AP << /N 5 0 R >>") * (n // 10)
    return _painted(entries=f"/Annots [{notes}]", extra=(look,))


def pdf_options_shared(n: int) -> bytes:
    """Fields that all have one long list of options."""
    options = b"[" + b"".join(b"[(%d) (Option %d)]" % (at, at) for at in range(n)) + b"]"
    field = "<< /Type /Annot /Subtype /Widget /FT /Ch /T (a{0}) /Opt 5 0 R /V ({0}) /Rect [70 600 300 612] >>"
    return _painted(entries=f"/Annots [{''.join(field.format(at) for at in range(n // 10))}]", extra=(options,))


def pdf_layers(n: int) -> bytes:
    """Notes in a layer that is said in expressions of itself, twice at each level."""
    visible = b"<< /Type /OCMD /VE 6 0 R >>"
    notes = "".join(_NOTE.format("FreeText", f"/Contents (x{at}) /OC 5 0 R") for at in range(n // 100))
    catalog = "/OCProperties << /OCGs [7 0 R] /D << /OFF [7 0 R] >> >>"
    extra = (visible, b"[/And 6 0 R 6 0 R [/Not 7 0 R]]", b"<< /Type /OCG /Name (L) >>")
    return _painted(entries=f"/Annots [{notes}]", catalog=catalog, extra=extra)


def pdf_layers_in_content(n: int) -> bytes:
    """Marks of layers around marks of layers, in a page."""
    groups = tuple(b"<< /Type /OCG /Name (L%d) >>" % at for at in range(n // 4))
    names = " ".join(f"/L{at} {5 + at} 0 R" for at in range(n // 4))
    off = " ".join(f"{5 + at} 0 R" for at in range(n // 4))
    content = "".join(f"/OC /L{at} BDC BT /F1 9 Tf 72 {at % 800} Td (x) Tj ET " for at in range(n // 4))
    return _painted(
        content,
        catalog=f"/OCProperties << /OCGs [{off}] /D << /OFF [{off}] >> >>",
        extra=groups,
        resources=f"/Properties << {names} >>",
    )


def pdf_forms(n: int) -> bytes:
    """Thousands of forms, each painted once, with a word in it."""
    form = (
        b"/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources << /Font << /F1 << "
        b"/Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    )
    count = n // 4
    extra = tuple(make_stream(b"BT /F1 9 Tf (word) Tj ET", form) for _ in range(count))
    names = " ".join(f"/X{at} {5 + at} 0 R" for at in range(count))
    content = "".join(f"q 1 0 0 1 {at * 7 % 590} {at * 11 % 840} cm /X{at} Do Q " for at in range(count))
    return _painted(content, extra=extra, resources=f"/XObject << {names} >>")


def pdf_path(n: int) -> bytes:
    """One path of very many segments over the text, and a clip of as many."""
    segments = "".join(f"{at % 590} {at * 7 % 840} l " for at in range(n * 10))
    return _painted(f"0 0 m {segments} f", f"q 0 0 m {segments} W n", f"BT /F1 9 Tf 72 500 Td ({_SENTENCE}) Tj ET Q")


def pdf_clips(n: int) -> bytes:
    """Clips in clips, with a word in each."""
    return _painted("q 0 0 590 840 re W n BT /F1 9 Tf 72 500 Td (word ) Tj ET " * n)


def pdf_rules(n: int) -> bytes:
    """Rules that may strike text out, and lines that they may strike."""
    content = "".join(
        f"BT /F1 1 Tf 72 {at % 840} Td (The Supplier {at}) Tj ET 72 {at % 840} m 200 {at % 840} l S "
        for at in range(n // 4)
    )
    return _painted(content)


def pdf_pictures(n: int) -> bytes:
    """Small pictures and shadings painted before and after white text."""
    picture = "q 9 0 0 9 70 690 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q /S sh "
    shading = (
        "/Shading << /S << /ShadingType 2 /ColorSpace /DeviceGray /Coords [0 0 1 1] "
        "/Function << /FunctionType 2 /N 1 /Domain [0 1] >> >> >>"
    )
    text = "1 g " + "BT /F1 3 Tf 72 500 Td (white) Tj ET " * 2000
    return _painted(picture * n, text, picture * n, resources=shading)


def pdf_boxes(n: int) -> bytes:
    """Boxes of all colours over and under text of all colours."""
    content = "".join(
        f"{at % 7 / 7} g {at % 500} {at % 800} 90 20 re f BT /F1 9 Tf {at % 500} {at % 800} Td (words) Tj ET "
        for at in range(n // 2)
    )
    return _painted(content)


def pdf_long_sheet(n: int) -> bytes:
    """A sheet that is very long and not wide, with a box over its text: its picture would take all memory."""
    page = Page(width=1.0e9 * n / 20_000, height=1).text(0, 0, _SENTENCE, size=1)
    page.content.append("0 g 0 0 9000 9 re f")
    page.entries = "/Annots [<< /Type /Annot /Subtype /Square /Rect [0 0 900 1] >>]"
    return make_pdf([page])


def pdf_attachments(n: int) -> bytes:
    """A tree of attached files whose branches are each other, and a tree of names."""
    tree = b"<< /Kids [6 0 R 5 0 R 6 0 R] /Limits [(a) (z)] >>"
    files = b"<< /Names [%s] /Kids [5 0 R] >>" % b"".join(
        b"(%d) << /Type /Filespec /F (a%d.pdf) >> " % (at, at) for at in range(n)
    )
    return _painted(catalog="/Names << /EmbeddedFiles 5 0 R /Dests 5 0 R >> /Dests 5 0 R", extra=(tree, files))


def pdf_meanings(n: int) -> bytes:
    """Marks with a meaning of their own, in each other, over one word or none."""
    content = (
        "/Span << /ActualText (The words that are meant.) >> BDC " * 60
        + "BT /F1 9 Tf 72 500 Td (x) Tj ET "
        + "EMC " * 60
    )
    return _painted(content * (n // 60), "/Span << /ActualText (unseen) >> BDC EMC " * n)


def pdf_contents_tree(n: int) -> bytes:
    """An outline that goes in circles, and a tree of structure that does."""
    outline = b"<< /Title (a) /Parent 5 0 R /First 5 0 R /Next 5 0 R /Last 5 0 R /Dest [3 0 R /Fit] >>"
    return _painted(
        catalog="/Outlines 5 0 R /StructTreeRoot 6 0 R /PageLabels 6 0 R",
        extra=(outline, b"<< /K [6 0 R 6 0 R] /Kids [6 0 R] >>"),
    )


def pdf_turned_words(n: int) -> bytes:
    """Words that run in every direction, in every size."""
    page = Page().text(72, 700, _SENTENCE)
    for at in range(n // 2):
        page.text(
            0,
            0,
            "word",
            size=1 + at % 90,
            matrix=f"{at % 7 - 3} {at % 5 - 2} {2 - at % 5} {at % 3} {at % 590} {at % 840}",
        )
    return make_pdf([page])


def pdf_signs(n: int) -> bytes:
    """A page of single signs: bullets, numbers of lines and notes, each by itself."""
    signs = "o§q•1(a)*"
    page = Page().text(72, 700, _SENTENCE)
    for at in range(n // 2):
        page.text(at * 13 % 590, at * 7 % 840, signs[at % len(signs)], size=4)
    return make_pdf([page])


def pdf_columns(n: int) -> bytes:
    """A page of very many narrow columns."""
    page = Page(width=20_000)
    for at in range(n // 2):
        page.text(at % 500 * 40, 800 - at // 500 * 9, "words", size=8)
    return make_pdf([page])


def pdf_pages_of_unseen_text(n: int) -> bytes:
    """Many pages whose white text has to be looked at."""
    page = Page().text(72, 700, _SENTENCE)
    page.content.append("1 g BT /F1 9 Tf 72 500 Td (White words that nobody sees at all.) Tj ET")
    return make_pdf([page] * (n // 20))


def pdf_strange_boxes(n: int) -> bytes:
    """Sheets without a size, upside down, infinite, turned, in units of their own."""
    boxes = (
        "[0 0 0 0]",
        "[9 9 -9 -9]",
        "[1e38 -1e38 -1e38 1e38]",
        "[0 0 nan inf]",
        "[0 0 1e-9 1e9]",
        "[a b c d]",
        "[]",
        "99 0 R",
    )
    pages = []
    for at in range(min(n // 10, 2000)):
        page = Page(rotate=(90, 45, -90, 2**31)[at % 4]).text(72, 700, _SENTENCE).text(72, 600, "covered")
        page.entries = f"/CropBox {boxes[at % 8]} /UserUnit 1e{at % 40} /Annots [{_NOTE.format('Square', '')}]"
        pages.append(page)
    return make_pdf(pages)


def pdf_glyphs(n: int) -> bytes:
    """A font whose letters are pages of drawings."""
    letter = make_stream(b"9 0 d0 " + b"0 0 m 9 9 l S " * n)
    font = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [.1 0 0 .1 0 0] /FirstChar "
        b"65 /LastChar 65 /Widths [9] /Encoding << /Differences [65 /a] >> /CharProcs << /a 5 0 R >> >>"
    )
    content = b"BT /T 9 Tf 72 700 Td " + b"(AAAAAAAAAA) Tj " * (n // 20) + b"ET"
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /T 6 0 R >> >> >>"
    )
    head = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"]
    return write_objects([*head, page, make_stream(content), letter, font])
