"""Small packages and Word files that cause much work; see `fuzz.makers`."""

from __future__ import annotations

import functools
import random
import struct
import zlib

from tests.extract.docmaker import Doc, Floating, Piece, Style, form_field, make_doc, make_ole, sprm
from tests.extract.docxmaker import Docx, drawing, field, make_docx, make_flat, ole_object, paragraph, picture
from tests.extract.odtmaker import items, level, make_odt, p

_SENTENCE = "The Supplier shall report its emissions to the Customer."
_DIAGRAM = (
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)
_NOISE = random.Random(1).randbytes(200_000)  # so that the ratio of a package is that of an honest one


def _docx(body: str, **more: object) -> bytes:
    document = Docx(body + paragraph(_SENTENCE), **more)  # type: ignore[arg-type]
    document.files["word/media/noise.bin"] = _NOISE
    return make_docx(document)


def _odt(body: str, **more: object) -> bytes:
    return make_odt(body + p(_SENTENCE), files={"noise.bin": _NOISE}, **more)  # type: ignore[arg-type]


def docx_in_itself(n: int) -> bytes:
    """Documents embedded in documents, each twice."""
    inner = make_docx(Docx(paragraph("x") * (n // 100)))
    for _ in range(12):
        chunks = '<w:altChunk r:id="a"/><w:altChunk r:id="b"/>'
        inner = make_docx(
            Docx(
                f"<w:p>{ole_object('o', 'Word.Document.12')}</w:p>{chunks}",
                files={"word/a.docx": inner},
                relations=[("o", "package", "a.docx"), ("a", "aFChunk", "a.docx"), ("b", "aFChunk", "a.docx")],
            )
        )
    return inner


def docx_chunk_of_itself(n: int) -> bytes:
    """Chunks that are the document's own parts, and chunks that are not there."""
    names = ["document.xml", "../word/document.xml", "../[Content_Types].xml", "styles.xml", "no.htm"]
    relations = [(f"c{at}", "aFChunk", names[at % len(names)]) for at in range(n)]
    return _docx("".join(f'<w:altChunk r:id="{name}"/>' for name, *_ in relations), relations=relations)


def docx_chunks_of_mail(n: int) -> bytes:
    """Chunks that are e-mails with pages in them."""
    page = (
        b"MIME-Version: 1.0\nFrom: a\nContent-Type: multipart/related; boundary=P\n\n"
        + b"--P\nContent-Type: text/html\n\n<p>x\n" * 90
    )
    relations = [(f"c{at}", "aFChunk", f"c{at % 50}.mht") for at in range(n // 20)]
    files = {f"word/c{at}.mht": page for at in range(50)}
    return _docx("".join(f'<w:altChunk r:id="{name}"/>' for name, *_ in relations), relations=relations, files=files)


def docx_diagram(n: int) -> bytes:
    """A diagram of many points, each connected with each other as its parent."""
    points = "".join(
        f'<dgm:pt modelId="{at}"><dgm:t><a:p><a:r><a:t>x{at}</a:t></a:r></a:p></dgm:t></dgm:pt>' for at in range(n * 5)
    )
    lines = "".join(f'<dgm:cxn srcId="{at}" destId="{at + 1}" srcOrd="0"/>' for at in range(n))
    data = f"<dgm:dataModel {_DIAGRAM}><dgm:ptLst>{points}</dgm:ptLst><dgm:cxnLst>{lines}</dgm:cxnLst></dgm:dataModel>"
    body = "<w:p>" + drawing('<dgm:relIds r:dm="d"/>') + "</w:p>"
    return _docx(body, relations=[("d", "diagramData", "d.xml")], files={"word/d.xml": data.encode()})


def docx_diagrams(n: int) -> bytes:
    """Many drawings of one diagram."""
    data = f"<dgm:dataModel {_DIAGRAM}>" + "<dgm:pt><dgm:t><a:p><a:r><a:t>x</a:t></a:r></a:p></dgm:t></dgm:pt>" * 200
    body = ("<w:p>" + drawing('<dgm:relIds r:dm="d"/>') + "</w:p>") * (n // 10)
    return _docx(
        body, relations=[("d", "diagramData", "d.xml")], files={"word/d.xml": f"{data}</dgm:dataModel>".encode()}
    )


def docx_listnum(n: int) -> bytes:
    """Fields that number, in one paragraph and in many, at all levels."""
    one = "".join(field(f"LISTNUM {'' if at % 3 else f'l{at}'} \\l {at % 11} \\s {at * 10**9}") for at in range(n))
    return _docx(
        f"<w:p>{one}</w:p>" + "".join(f"<w:p>{field('AUTONUMLGL')}<w:r><w:t>x</w:t></w:r></w:p>" for _ in range(n))
    )


def docx_pictures(n: int) -> bytes:
    """Many pictures of the size of a page."""
    return _docx(f"<w:p>{picture('p', 16, 23)}</w:p>" * n, relations=[("p", "image", "media/noise.bin")])


def docx_flat_parts(n: int) -> bytes:
    """A document in one file of XML with many parts and long binary data."""
    return make_flat(_docx(paragraph("x"), files={f"word/a{at}.bin": b"x" * 40 for at in range(n)}))


def docx_styles(n: int) -> bytes:
    """Styles that are based on themselves, in rings and in long chains, linked with each other."""
    styles = "".join(
        f'<w:style w:styleId="s{at}"><w:basedOn w:val="s{at // 2 * 2 if at % 3 else at + 1}'
        f'"/><w:link w:val="s{at + 2}"/>'
        f"<w:rPr><w:b/></w:rPr></w:style>"
        for at in range(n)
    )
    return _docx("".join(paragraph("Environmental Matters", style=f"s{at}") for at in range(n)), styles=styles)


def odt_columns_repeated(n: int) -> bytes:
    """Cells and rows that say they are there a million times."""
    cell = (
        f'<table:table-cell table:number-columns-repeated="1000000" '
        f'table:number-columns-spanned="999">{p("x")}</table:table-cell>'
    )
    row = (
        f'<table:table-row table:number-rows-repeated="1048576">{cell * 3}<table:covered-table-cell '
        f'table:number-columns-repeated="9999999"/></table:table-row>'
    )
    return _odt(
        f'<table:table><table:table-column table:number-columns-repeated="1000000"/>{row * (n // 20)}</table:table>'
    )


def odt_spaces(n: int) -> bytes:
    """Blanks that stand for a thousand million."""
    return _odt(
        p('<text:s text:c="1000000000"/>x<text:s text:c="-1"/><text:s text:c="99999999999999999999"/>y' * (n // 4))
    )


def odt_spaces_that_count(n: int) -> bytes:
    """The same, a little less each."""
    return _odt(p('x<text:s text:c="1000"/>y' * n * 3))


def odt_lists(n: int) -> bytes:
    """Lists eighty deep with numbers that show all levels."""
    styles = '<text:list-style style:name="L">' + "".join(
        level(at, "1", suffix="." * 500, shown=at) for at in range(1, 11)
    )
    deep = functools.reduce(lambda inner, _: items(inner + p("x"), style="L"), range(80), p("x"))
    return _odt(deep * (n // 200), styles=f"{styles}</text:list-style>")


def odt_continued_lists(n: int) -> bytes:
    """Lists that go on with each other, and with themselves."""
    body = "".join(
        items(
            p("x"),
            style="L",
            more=f' xml:id="l{at}" text:continue-list="l{at - 1 if at % 2 else at}" text:continue-numbering="true"',
        )
        for at in range(n)
    )
    return _odt(body, styles=f'<text:list-style style:name="L">{level(1, "1")}</text:list-style>')


def odt_styles(n: int) -> bytes:
    """Styles that are based on each other in a ring."""
    style = '<style:style style:name="S{}" style:family="paragraph" style:parent-style-name="S{}"/>'
    styles = "".join(style.format(at, (at + 1) % n) for at in range(n))
    return _odt("".join(p("x", f"S{at}") for at in range(n)), automatic=styles)


def odt_notes(n: int) -> bytes:
    """Notes in notes, and many in one paragraph."""
    note = "<text:note><text:note-citation>1</text:note-citation><text:note-body>"
    deep = f"{note}<text:p>" * 60 + "x" + "</text:p></text:note-body></text:note>" * 60
    return _odt(p(deep) + p(f"{note}{p('y')}</text:note-body></text:note>" * n))


def odt_changes(n: int) -> bytes:
    """Deletions that are marked in the text, and whose words are kept."""
    changes = "".join(
        f'<text:changed-region text:id="c{at}"><text:deletion>{p("x")}</text:deletion></text:changed-region>'
        for at in range(n)
    )
    return _odt(
        f"<text:tracked-changes>{changes}</text:tracked-changes>"
        + p("".join(f'<text:change text:change-id="c{at}"/>' for at in range(n)))
    )


def doc_style_chains(n: int) -> bytes:
    """Styles based on each other in rings and chains, and a paragraph of each."""
    count = min(n // 10, 4000)
    styles = [Style(f"S{at}", base=(at + 1) % count if at % 7 else at, run=sprm(0x0835, 0x81)) for at in range(count)]
    return make_doc(
        Doc([Piece("Climate Duties\r", style=at) for at in range(min(count, 1000))], styles=styles, fonts=["Arial"])
    )


def doc_tables(n: int) -> bytes:
    """Cells without rows, rows without cells, tables of any depth."""
    pieces = [Piece("x\x07" * (n // 100), paragraph=sprm(0x2416, 1) + sprm(0x6649, at * 2**24, 4)) for at in range(100)]
    return make_doc(Doc(pieces, styles=[Style()], fonts=["Arial"]))


def doc_form_fields(n: int) -> bytes:
    """Fields that all have the same long list of entries."""
    data = form_field(2, 1, entries=["x" * 200] * 2000)
    pieces = [Piece("\x13 FORMDROPDOWN \x01\x14\x15 " * (n // 100), run=sprm(0x6A03, 0, 4)) for _ in range(20)]
    return make_doc(Doc([*pieces, Piece("The Supplier.\r")], styles=[Style()], fonts=["Arial"], data=data))


def doc_objects(n: int) -> bytes:
    """Documents embedded in documents, and an object that many places refer to."""
    inner = make_doc(Doc([Piece("Inner.\r")]))
    for _ in range(6):
        places = [Piece("\x01" * (n // 100), run=sprm(0x6A03, 1, 4) + sprm(0x0855, 1) + sprm(0x080A, 1))]
        inner = make_doc(Doc([*places, Piece("Outer.\r")], styles=[Style()], fonts=["A"], objects={"_1": inner}))
    return inner


def doc_shapes(n: int) -> bytes:
    """Many shapes at one place."""
    floating = [Floating(0, 11000, 15000)] * n
    return make_doc(Doc([Piece("The Supplier shall report.\r")], styles=[Style()], fonts=["Arial"], floating=floating))


def doc_sheet_of_styles(n: int) -> bytes:
    """A sheet that says it has 65,535 styles, each of the same bytes."""
    data = bytearray(
        make_doc(Doc([Piece("The Supplier.\r")], styles=[Style(f"S{at}") for at in range(200)], fonts=["A"]))
    )
    at = data.find(struct.pack("<HHH", 4, 200, 10))
    struct.pack_into("<H", data, at + 2, 0xFFFF)
    return bytes(data) + zlib.compress(b"x" * n)


def doc_storage_in_a_ring(n: int) -> bytes:
    """A container whose directory goes in circles."""
    data = bytearray(make_ole({f"S{at}": b"x" for at in range(min(n // 100, 400))} | {"WordDocument": b"x" * 5000}))
    for at in range(512, len(data) - 128, 128):
        if data[at + 66 : at + 67] in (b"\x01", b"\x02"):
            struct.pack_into("<III", data, at + 68, 1, 1, 1)
    return bytes(data)
