"""What stands in a Word file besides its paragraphs: other documents, drawings with words, and pictures of pages."""

from __future__ import annotations

import struct

import pytest
from extract.docmaker import make_ole
from extract.docxmaker import Docx, drawing, field, make_docx, ole_object, paragraph, picture

from tclp_daemon.config import Limits
from tclp_daemon.document import Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.extract.context import ReadContext, Recognised, RecognisedLine
from tclp_daemon.extract.word.docx import pictures_of, read_docx

BEFORE, AFTER = "The Supplier shall follow the policy below.", "Signed by both parties in Dublin."
INNER = "The Supplier shall halve its emissions."
PROSE = paragraph("The Supplier shall keep records of its deliveries and show them to the Customer. " * 12)


def read(body: str, **parts: object) -> Document:
    return read_document(make_docx(Docx(body, **parts)), ".docx", Limits())  # type: ignore[arg-type]


def texts(found: Document) -> list[str]:
    return [found.text[block.start : block.end] for block in found.blocks]


def warned(found: Document) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.code.value, each.parts) for each in found.warnings]


def between(runs: str) -> str:
    return f"{paragraph(BEFORE)}<w:p>{runs}</w:p>{paragraph(AFTER)}"


def packaged(name: str, data: bytes) -> bytes:
    """An OLE container with a file that was dropped into the document."""
    stream = struct.pack("<H", 2) + name.encode() + b"\0C:\\in\\" + name.encode() + b"\0" + struct.pack("<HH", 0, 3)
    path = b"C:\\tmp\\" + name.encode() + b"\0"
    stream += struct.pack("<I", len(path)) + path + struct.pack("<I", len(data)) + data
    return make_ole({"\x01Ole10Native": struct.pack("<I", len(stream)) + stream})


DOCX = make_docx(Docx(paragraph(INNER)))
RTF = b"{\\rtf1\\ansi " + INNER.encode() + b"\\par}"
HTML = f"<html><body><p>{INNER}</p></body></html>".encode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("embeddings/Document1.docx", DOCX),
        ("embeddings/Document1.docm", DOCX),
        ("embeddings/oleObject1.bin", make_ole({"Package": DOCX})),
        ("embeddings/oleObject2.bin", packaged("policy.docx", DOCX)),
        ("embeddings/oleObject3.bin", packaged("policy.txt", INNER.encode())),
        ("embeddings/policy.rtf", RTF),
    ],
)
def test_an_embedded_document_is_read_where_it_stands(name: str, data: bytes) -> None:
    found = read(
        between(ole_object("ole", "Word.Document.12")),
        files={f"word/{name}": data},
        relations=[("ole", "package", name)],
    )
    assert texts(found) == [BEFORE, INNER, AFTER]
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("program", "name", "data", "warns"),
    [
        ("Excel.Sheet.12", "embeddings/Prices.xlsx", b"PK\x03\x04 xl/workbook.xml", "Prices.xlsx"),
        ("AcroExch.Document.7", "embeddings/oleObject1.bin", make_ole({"CONTENTS": b"%PDF-1.4 x"}), "oleObject1.bin"),
        ("Package", "embeddings/oleObject1.bin", packaged("Schedule 1.pdf", b"%PDF-1.4 x"), "Schedule 1.pdf"),
        ("Word.Document.12", "embeddings/Broken.docx", DOCX[:200], "Broken.docx"),
        ("Equation.3", "embeddings/oleObject1.bin", make_ole({"Equation Native": b"x"}), None),
    ],
)
def test_an_embedded_document_that_cannot_be_read_is_named(
    program: str, name: str, data: bytes, warns: str | None
) -> None:
    found = read(
        between(ole_object("ole", program)), files={f"word/{name}": data}, relations=[("ole", "oleObject", name)]
    )
    assert texts(found) == [BEFORE, AFTER]
    assert warned(found) == ([("embedded_document", (warns,))] if warns else [])


@pytest.mark.parametrize(
    ("name", "data", "shown"),
    [
        (
            "chunk.txt",
            b"1. Term\r\n2. Climate\r\nIt plants a < b trees.",
            ["1. Term", "2. Climate", "It plants a < b trees."],
        ),
        ("chunk.htm", f"<p>{INNER}</p>".encode(), [INNER]),  # nothing but its name says that it is a web page
        ("chunk.html", HTML, [INNER]),
        ("chunk.rtf", RTF, [INNER]),
        ("chunk.docx", DOCX, [INNER]),
    ],
)
def test_a_chunk_of_any_kind_is_read_as_what_it_is(name: str, data: bytes, shown: list[str]) -> None:
    body = f'{paragraph(BEFORE)}<w:altChunk r:id="chunk"/>{paragraph(AFTER)}'
    found = read(body, files={f"word/{name}": data}, relations=[("chunk", "aFChunk", name)])
    assert texts(found) == [BEFORE, *shown, AFTER]
    assert found.warnings == ()


def test_tables_of_embedded_documents_are_tables_of_their_own() -> None:
    table = f"<w:tbl><w:tr><w:tc>{paragraph('A cell.')}</w:tc></w:tr></w:tbl>"
    inner = make_docx(Docx(table))
    body = f'{table}<w:altChunk r:id="chunk"/>{table}'
    found = read(body, files={"word/chunk.docx": inner}, relations=[("chunk", "aFChunk", "chunk.docx")])
    assert [block.row for block in found.blocks] == [(1, 1, 1), (2, 1, 1), (3, 1, 1)]


@pytest.mark.parametrize(
    "element",
    [
        '<w:subDoc r:id="link"/>',
        ole_object("link", "Word.Document.12", kind="Link"),
        field("INCLUDETEXT &quot;C:\\\\deals\\\\Schedule 1.docx&quot;"),
        field("LINK Word.Document.12 &quot;C:\\\\deals\\\\Schedule 1.docx&quot; &quot;&quot; \\a"),
    ],
)
def test_a_part_in_another_file_is_named(element: str) -> None:
    found = read(between(element), relations=[("link", "subDocument", "external:file:///C:/deals/Schedule%201.docx")])
    assert warned(found) == [("external_part", ("Schedule 1.docx",))]


def test_a_part_in_another_file_of_which_there_is_a_copy_is_read() -> None:
    found = read(between(field("INCLUDETEXT &quot;C:\\\\deals\\\\Schedule 1.docx&quot;", INNER)))
    assert texts(found) == [BEFORE, INNER, AFTER]
    assert found.warnings == ()


# Drawings


def point(name: str, text: str, kind: str = "node") -> str:
    return f'<dgm:pt modelId="{name}" type="{kind}"><dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t></dgm:pt>'


def link(source: str, target: str, order: int) -> str:
    return f'<dgm:cxn srcId="{source}" destId="{target}" srcOrd="{order}"/>'


_DRAWN = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
DIAGRAM = (
    f'<dgm:dataModel xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" {_DRAWN}><dgm:ptLst>'
    + '<dgm:pt modelId="root" type="doc"/>'
    + point("b", "Second stage.")
    + point("a", "First stage.")
    + point("a1", "Its first step.")
    + point("p", "Laid out.", "pres")
    + "</dgm:ptLst><dgm:cxnLst>"
    + link("root", "a", 0)
    + link("root", "b", 1)
    + link("a", "a1", 0)
    + link("a1", "a", 0)  # a circle
    + "</dgm:cxnLst></dgm:dataModel>"
).encode()
CHART = (
    f'<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" {_DRAWN}><c:chart><c:title><c:tx>'
    "<c:rich><a:p><a:r><a:t>Emissions </a:t></a:r><a:r><a:t>to 2030</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    "</c:chart></c:chartSpace>"
).encode()
SHAPE = "<a:txBody><a:p><a:r><a:t>In a </a:t></a:r><a:r><a:t>shape.</a:t></a:r></a:p></a:txBody>"
SMART_ART = drawing('<dgm:relIds r:dm="data"/>')


@pytest.mark.parametrize(
    ("runs", "shown"),
    [
        (SMART_ART, ["First stage.", "Its first step.", "Second stage."]),
        (
            f"<mc:AlternateContent><mc:Choice>{SMART_ART}</mc:Choice>"
            f"<mc:Fallback>{picture('scan', 16, 23)}</mc:Fallback></mc:AlternateContent>",
            ["First stage.", "Its first step.", "Second stage."],
        ),
        (drawing('<c:chart r:id="chart"/>'), ["Emissions to 2030"]),
        (drawing(f"<lc:lockedCanvas><a:sp><a:txSp>{SHAPE}</a:txSp></a:sp></lc:lockedCanvas>"), ["In a shape."]),
        ('<w:r><w:pict><v:shape><v:textpath string="NET ZERO"/></v:shape></w:pict></w:r>', ["NET ZERO"]),
    ],
)
def test_words_of_drawings_are_read_once(runs: str, shown: list[str]) -> None:
    found = read(
        between(runs),
        files={"word/diagrams/data1.xml": DIAGRAM, "word/charts/chart1.xml": CHART},
        relations=[
            ("data", "diagramData", "diagrams/data1.xml"),
            ("chart", "chart", "charts/chart1.xml"),
            ("scan", "image", "media/image1.png"),
        ],
    )
    assert texts(found) == [BEFORE, *shown, AFTER]
    assert found.warnings == ()


def test_a_drawing_whose_words_are_not_there_is_told() -> None:
    found = read(between(SMART_ART), relations=[("data", "diagramData", "diagrams/gone.xml")])
    assert [each.message for each in found.warnings] == [
        "The part of the document with its drawings is damaged and was left out."
    ]


# Pictures

SCANS = [("scan1", "image", "media/image1.png"), ("scan2", "image", "media/image2.png")]
VML = '<w:r><w:pict><v:shape style="width:450pt;height:640pt"><v:imagedata r:id="scan1"/></v:shape></w:pict></w:r>'
FILLED = VML.replace("v:shape", "v:rect").replace("v:imagedata", 'v:fill type="frame"')
PAGES = ["word/media/image1.png", "word/media/image2.png"]


def test_a_contract_of_pictures_has_no_text() -> None:
    data = make_docx(Docx(f"<w:p>{picture('scan1', 16, 23)}</w:p>", relations=SCANS, files={PAGES[0]: b"png"}))
    with pytest.raises(ContractError) as caught:
        read_document(data, ".docx", Limits())
    assert caught.value.code is ErrorCode.NO_TEXT
    empty = read_docx(data, ReadContext(recognisable=True))
    assert empty.blocks == ()
    assert warned(empty) == [("pictures_without_text", (PAGES[0],))]
    assert list(pictures_of(data, empty.warnings[0].parts, ReadContext())) == [(PAGES[0], b"png")]


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        # Pages, whatever stands around them.
        (PROSE + f"<w:p>{picture('scan1', 16, 23)}</w:p><w:p>{picture('scan2', 13.9, 19.4)}</w:p>", PAGES),
        (PROSE + f"<w:p>{VML}</w:p>", PAGES[:1]),
        (PROSE + f"<w:p>{FILLED}</w:p>", PAGES[:1]),
        (PROSE + f"<w:tbl><w:tr><w:tc><w:p>{picture('scan1', 16, 23)}</w:p></w:tc></w:tr></w:tbl>", PAGES[:1]),
        (PROSE + "".join(f"<w:p>{picture(each, 16, 6)}</w:p>" for each in ("scan1", "scan2", "scan1")), PAGES),
        (paragraph("Signed copy") + f"<w:p>{picture('scan1', 9, 12, behind=True)}</w:p>", PAGES[:1]),
        # Photos, logos, backgrounds.
        (PROSE + f"<w:p>{picture('scan1', 16, 12)}</w:p><w:p>{picture('scan2', 4, 2)}</w:p>", []),
        (PROSE + f"<w:p>{picture('scan1', 21, 29.7, behind=True)}</w:p>", []),
        (PROSE + f"<w:p>{VML.replace('width', 'z-index:-251658240;width')}</w:p>", []),
        (paragraph("A short letter.") + f"<w:p>{picture('scan1', 4, 2)}</w:p>", []),
        (PROSE + f"<w:p>{picture('scan1', 16, 6)}</w:p>{PROSE}<w:p>{picture('scan2', 16, 6)}</w:p>", []),
    ],
)
def test_pictures_as_large_as_pages(body: str, parts: list[str]) -> None:
    found = read(body, relations=SCANS)
    assert warned(found) == ([("pictures_without_text", tuple(parts))] if parts else [])


def test_words_of_headers_are_not_those_of_the_pages() -> None:
    body = paragraph("Signed copy") + f"<w:p>{picture('scan1', 9, 12)}</w:p>"
    found = read(body, relations=SCANS, headers=[PROSE])
    assert warned(found) == [("pictures_without_text", (PAGES[0],))]


def test_pictures_and_diagrams_in_strict_office_open_xml() -> None:
    pages = Docx(PROSE + f"<w:p>{picture('scan1', 16, 23)}</w:p>", relations=SCANS, strict=True)
    assert warned(read_document(make_docx(pages), ".docx", Limits())) == [("pictures_without_text", (PAGES[0],))]


def test_what_was_recognised_in_a_picture_stands_in_its_place() -> None:
    data = make_docx(Docx(between(picture("scan1", 16, 23) + picture("scan2", 16, 23)), relations=SCANS))
    lines = [("4. Climate", 100), ("The Supplier shall plant", 140), ("a tree each year.", 155)]
    page = Recognised(tuple(RecognisedLine(text, 50, 400, y, 11) for text, y in lines), 842)
    context = ReadContext(recognised={PAGES[0]: page, PAGES[1]: Recognised((), 842)})
    found = read_docx(data, context)
    assert texts(found) == [BEFORE, "4. Climate", "The Supplier shall plant a tree each year.", AFTER]
    assert warned(found) == [("pictures_without_text", (PAGES[1],))]
