"""Small files that mean much work: parts read again and again, things in things, and what makes parsers slow.

Each is as large as it takes for a reader that is not linear to need minutes.
"""

from __future__ import annotations

import functools
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from extract.docxmaker import Docx, make_docx, make_flat, paragraph
from extract.odtmaker import make_odt

MB = 1_000_000
_MC = "mc:AlternateContent"
_FILLER = 300_000  # bytes that do not pack, so that the ratio of a file is that of an honest one
_SENTENCE = "The Supplier shall report its emissions to the Customer."


@functools.cache
def _noise() -> bytes:
    return b"".join(zlib.compress(str(number).encode()) for number in range(_FILLER // 12))


def _filled(document: Docx) -> bytes:
    """A package with a picture in it: without one its ratio alone would give it away."""
    document.files["word/media/image1.png"] = _noise()
    return make_docx(document)


def _nest(depth: int, before: str, inner: str, after: str) -> str:
    return before * depth + inner + after * depth


# Word: the body


def plain_paragraphs() -> bytes:
    """A hundred thousand one-word paragraphs."""
    return _filled(Docx("<w:p><w:r><w:t>word</w:t></w:r></w:p>" * 100_000))


def empty_paragraphs() -> bytes:
    """Three million empty paragraphs."""
    return _filled(Docx("<w:p/>" * 3_000_000 + paragraph(_SENTENCE)))


def empty_runs() -> bytes:
    """One paragraph of millions of empty runs."""
    return _filled(Docx("<w:p>" + "<w:r/>" * 1_000_000 + "<w:r><w:t>x</w:t></w:r></w:p>"))


def hidden_marks() -> bytes:
    """Paragraphs that hidden marks make one of, each with a section break."""
    mark = "<w:pPr><w:rPr><w:vanish/></w:rPr><w:sectPr/></w:pPr>"
    return _filled(Docx(f"<w:p>{mark}<w:r><w:t>xxxxxxxxxxxx</w:t></w:r></w:p>" * 120_000))


def hidden_blank_marks() -> bytes:
    """The same with nothing but blanks, so that no number is ever counted."""
    mark = "<w:pPr><w:rPr><w:vanish/></w:rPr><w:sectPr/></w:pPr>"
    return _filled(Docx(f"<w:p>{mark}<w:r><w:tab/></w:r></w:p>" * 120_000))


def many_headers() -> bytes:
    """A header of fifty thousand distinct lines, thrice."""
    lines = "".join(f"<w:p><w:r><w:t>h {n}</w:t></w:r></w:p>" for n in range(50_000))
    return _filled(Docx(paragraph(_SENTENCE), headers=[lines, lines + paragraph("b")], footers=[lines]))


def header_references() -> bytes:
    """Fifty thousand sections that refer to one header by as many names."""
    names = [(f"h{n}", "header", "h.xml") for n in range(50_000)]
    body = "".join(f'<w:sectPr><w:headerReference r:id="{name}"/></w:sectPr>' for name, _, _ in names)
    files = {"word/h.xml": b"<w:hdr xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'/>"}
    return _filled(Docx(paragraph(_SENTENCE) + body, relations=names, files=files))


def damaged_headers() -> bytes:
    """Ten thousand headers that are damaged."""
    names = [(f"h{n}", "header", f"h{n}.xml") for n in range(10_000)]
    body = "".join(f'<w:sectPr><w:headerReference r:id="{name}"/></w:sectPr>' for name, _, _ in names)
    return make_docx(
        Docx(paragraph(_SENTENCE) + body, relations=names, files={f"word/h{n}.xml": b"<" for n in range(10_000)})
    )


def alternates_in_alternates() -> bytes:
    """mc:AlternateContent inside of itself, with text only at the very end."""
    empty = "<w:r><w:t/></w:r>" * 300_000
    deep = _nest(60, f"<{_MC}><mc:Choice>", empty + "<w:r><w:t>x</w:t></w:r>", f"</mc:Choice></{_MC}>")
    return _filled(Docx(f"<w:p><w:r>{deep}</w:r></w:p>" + paragraph(_SENTENCE)))


def alternates_without_text() -> bytes:
    """The same with no text at all, and a fallback at each level."""
    empty = "<w:r><w:t/></w:r>" * 200_000
    deep = _nest(60, f"<{_MC}><mc:Choice/><mc:Fallback>", empty, f"</mc:Fallback></{_MC}>")
    return _filled(Docx(f"<w:p><w:r>{deep}</w:r></w:p>" + paragraph(_SENTENCE)))


def boxes_in_boxes() -> bytes:
    """Text boxes inside of text boxes, full of paragraphs."""
    deep = _nest(50, "<w:p><w:r><w:txbxContent>", paragraph("x") * 20_000, "</w:txbxContent></w:r></w:p>")
    return _filled(Docx(deep))


def controls_in_controls() -> bytes:
    """A table whose rows are wrapped in two hundred content controls."""
    rows = "<w:tr><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr>" * 20_000
    deep = _nest(100, "<w:sdt><w:sdtContent>", rows, "</w:sdtContent></w:sdt>")
    return _filled(Docx(f"<w:tbl>{deep}</w:tbl>"))


def tables_in_tables() -> bytes:
    """Tables nested sixty deep, with many rows at the bottom."""
    rows = "<w:tr><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr>" * 20_000
    return _filled(Docx(_nest(60, "<w:tbl><w:tr><w:tc>", f"<w:tbl>{rows}</w:tbl>", "</w:tc></w:tr></w:tbl>")))


def wide_spans() -> bytes:
    """Cells that span a thousand columns each, and merged ones that say nothing."""
    cell = '<w:tc><w:tcPr><w:gridSpan w:val="65534"/></w:tcPr><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc>'
    merged = "<w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p><w:r><w:t>y</w:t></w:r></w:p></w:tc>"
    return _filled(Docx("<w:tbl>" + f"<w:tr>{cell * 5}{merged * 20}</w:tr>" * 6_000 + "</w:tbl>"))


def stairs() -> bytes:
    """A table of two hundred columns, with one cell in each of its 60,000 rows."""
    rows = "".join(
        f'<w:tr><w:trPr><w:gridBefore w:val="{n % 200}"/></w:trPr><w:tc><w:p><w:r><w:t>ab cd ef {n}</w:t></w:r></w:p>'
        "</w:tc></w:tr>"
        for n in range(60_000)
    )
    return _filled(Docx(f"<w:tbl>{rows}</w:tbl>"))


def grid_columns() -> bytes:
    """A table that declares half a million columns, and rows that begin after a thousand million of them."""
    row = '<w:tr><w:trPr><w:gridBefore w:val="2000000000"/></w:trPr>'
    row += "<w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr>"
    return _filled(Docx(f"<w:tbl><w:tblGrid>{'<w:gridCol/>' * 500_000}</w:tblGrid>{row * 50_000}</w:tbl>"))


def fields_that_never_end() -> bytes:
    """Half a million fields that begin."""
    return _filled(Docx('<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r></w:p>' * 100_000 + paragraph(_SENTENCE)))


def fields_in_fields() -> bytes:
    """Fields in fields that all show their results."""
    open_one = '<w:fldChar w:fldCharType="begin"/><w:instrText>TOC</w:instrText><w:fldChar w:fldCharType="separate"/>'
    return _filled(Docx(f"<w:p><w:r>{open_one * 100_000}<w:t>x</w:t></w:r></w:p>" + paragraph("y") * 50_000))


def drop_down_lists() -> bytes:
    """Drop-down fields with many entries each."""
    entries = '<w:listEntry w:val="entry"/>' * 100
    field = (
        f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList>{entries}</w:ddList></w:ffData></w:fldChar></w:r>'
    )
    return _filled(Docx(f"<w:p>{field}</w:p>" * 6_000))


def tracked_changes() -> bytes:
    """Deleted and moved text in great quantity, inside of itself."""
    gone = _nest(80, "<w:del>", "<w:r><w:delText>gone</w:delText></w:r>" * 200_000, "</w:del>")
    return _filled(Docx(f"<w:p>{gone}</w:p>" + paragraph(_SENTENCE)))


def hidden_runs_in_hidden_runs() -> bytes:
    """Hidden runs inside of hidden runs, each looked through for fields."""
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr>"
    return _filled(
        Docx(f"<w:p>{_nest(200, hidden, '<w:t>x</w:t>' * 1_000_000, '</w:r>')}</w:p>" + paragraph(_SENTENCE))
    )


def symbols() -> bytes:
    """A million symbols."""
    return _filled(Docx("<w:p><w:r>" + '<w:sym w:font="Symbol" w:char="F061"/>' * 400_000 + "</w:r></w:p>"))


# Word: notes, styles, lists


def note_references() -> bytes:
    """A long note that is referred to half a million times."""
    return _filled(
        Docx(
            "<w:p>" + '<w:r><w:footnoteReference w:id="2"/></w:r>' * 400_000 + "</w:p>" + paragraph(_SENTENCE),
            footnotes={2: paragraph("x" * 1000) * 1000},
        )
    )


def notes_in_notes() -> bytes:
    """Notes inside of notes, each referred to, so that the innermost is read with each of them."""
    inner = "<w:p/>" * 100_000 + paragraph("x")
    notes = "".join(f'<w:footnote w:id="{n}">' for n in range(3, 203)) + inner + "</w:footnote>" * 200
    references = "".join(f'<w:r><w:footnoteReference w:id="{n}"/></w:r>' for n in range(2, 203))
    return _filled(Docx(f"<w:p>{references}</w:p>" + paragraph(_SENTENCE), footnotes={2: notes}))


def styles_on_styles() -> bytes:
    """Sixty thousand styles, each based on the one before, and as many paragraphs."""
    styles = "".join(f'<w:style w:styleId="s{n}"><w:basedOn w:val="s{n - 1}"/></w:style>' for n in range(60_000))
    body = "".join(f'<w:p><w:pPr><w:pStyle w:val="s{n}"/></w:pPr></w:p>' for n in range(60_000))
    return _filled(Docx(body + paragraph(_SENTENCE), styles=styles))


def styles_in_a_ring() -> bytes:
    """Styles that are based on each other in a ring, used by many paragraphs."""
    styles = "".join(f'<w:style w:styleId="s{n}"><w:basedOn w:val="s{(n + 1) % 100}"/></w:style>' for n in range(100))
    body = "".join(f'<w:p><w:pPr><w:pStyle w:val="s{n % 100}"/></w:pPr></w:p>' for n in range(60_000))
    return _filled(Docx(body + paragraph(_SENTENCE), styles=styles))


def lists_that_refer_to_each_other() -> bytes:
    """Hundreds of thousands of lists whose definitions refer to each other by styles, in a ring."""
    styles = '<w:style w:styleId="l"><w:basedOn w:val="m"/></w:style>'
    styles += '<w:style w:styleId="m"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    numbering = '<w:abstractNum w:abstractNumId="1"><w:numStyleLink w:val="l"/></w:abstractNum>'
    numbering += "".join(f'<w:num w:numId="{n}"><w:abstractNumId w:val="1"/></w:num>' for n in range(1, 300_000))
    return _filled(Docx(paragraph(_SENTENCE), styles=styles, numbering=numbering))


def long_templates() -> bytes:
    """A list whose numbers are a megabyte long, on empty paragraphs."""
    numbering = (
        '<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="cardinalText"/>'
        f'<w:lvlText w:val="{"%1" * 500_000}"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
    )
    empty = '<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr></w:p>'
    return _filled(Docx(empty * 40_000 + paragraph(_SENTENCE), numbering=numbering))


def definitions_in_definitions() -> bytes:
    """List definitions inside of the levels of others."""
    level = '<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0">'
    numbering = _nest(110, level, "<w:x/>" * 1_000_000, "</w:lvl></w:abstractNum>")
    return _filled(Docx(paragraph(_SENTENCE), numbering=numbering))


# Word: XML


def attributes() -> bytes:
    """An element with hundreds of thousands of attributes."""
    many = " ".join(f'a{n}="{n}"' for n in range(400_000))
    return _filled(Docx(f"<w:p {many}/>" + paragraph(_SENTENCE)))


def namespaces() -> bytes:
    """An element that declares hundreds of thousands of namespaces, and children that look them up."""
    many = " ".join(f'xmlns:n{n}="u{n}"' for n in range(300_000))
    return _filled(Docx(f"<w:p {many}>" + "<w:r/>" * 100_000 + "</w:p>" + paragraph(_SENTENCE)))


def namespaces_at_each_level() -> bytes:
    """Many namespaces at each of two hundred levels."""
    before = "".join("<w:r " + " ".join(f'xmlns:n{level}x{n}="u{n}"' for n in range(500)) + ">" for level in range(200))
    return _filled(Docx(f"<w:p>{before}{'<n0x1:a/>' * 100_000}{'</w:r>' * 200}</w:p>" + paragraph(_SENTENCE)))


def long_namespace() -> bytes:
    """A namespace with a name of a megabyte, and a hundred thousand elements in it."""
    return _filled(Docx(f'<w:p xmlns:q="{"u" * MB}">' + "<q:a/>" * 100_000 + "</w:p>" + paragraph(_SENTENCE)))


def long_attribute() -> bytes:
    """An attribute of fifteen megabytes that each paragraph's style is compared with."""
    return _filled(Docx(paragraph(_SENTENCE, style="s" * (15 * MB)) + paragraph("x") * 1000))


def blanks_before_the_xml() -> bytes:
    """A part in UTF-16 that begins with megabytes of blanks."""
    xml = " " * (4 * MB) + "<a/>"
    return _filled(Docx(paragraph(_SENTENCE), files={"word/styles.xml": b"\xff\xfe" + xml.encode("utf-16-le")}))


def deep_xml() -> bytes:
    """Elements 100,000 deep."""
    return _filled(Docx(_nest(100_000, "<w:a>", "", "</w:a>")))


# Word: the package


def _chunks(parts: dict[str, bytes], names: list[str]) -> bytes:
    relations = [(f"c{n}", "aFChunk", name) for n, name in enumerate(names)]
    body = "".join(f'<w:altChunk r:id="{name}"/>' for name, _, _ in relations)
    return _filled(
        Docx(paragraph(_SENTENCE) + body, relations=relations, files={f"word/{k}": v for k, v in parts.items()})
    )


def one_page_embedded_often() -> bytes:
    """A web page of 19 MB that 24 references embed."""
    return _chunks({"c.htm": b"<html><body>" + b"<p>word</p>" * 1_700_000}, ["c.htm"] * 24)


def one_empty_page_embedded_often() -> bytes:
    """The same with nothing that shows, so that no limit on text ends it."""
    return _chunks({"c.htm": b"<html><body>" + b"<p><b></b></p>" * 1_300_000}, ["c.htm"] * 50)


def many_empty_pages() -> bytes:
    """Fifty web pages with nothing that shows."""
    pages = {f"c{n}.htm": b"<html><body>" + b"<p><b></b></p>" * 300_000 + b"%d" % n for n in range(50)}
    return _chunks(pages, list(pages))


def documents_in_documents() -> bytes:
    """Fifty documents in a document, each of which embeds web pages again."""
    page = b"<html><body>" + b"<p><b></b></p>" * 100_000
    inner = make_docx(
        Docx(
            paragraph("x") + '<w:altChunk r:id="c"/>' * 50,
            relations=[("c", "aFChunk", "c.htm")],
            files={"word/c.htm": page},
        )
    )
    return _chunks({f"d{n}.docx": inner for n in range(50)}, [f"d{n}.docx" for n in range(50)])


def rich_text_embedded_often() -> bytes:
    """A rich-text document that shows nothing, embedded often."""
    return _chunks({"c.rtf": b"{\\rtf1 " + b"{\\b }" * 1_000_000 + b"x}"}, ["c.rtf"] * 50)


def many_references() -> bytes:
    """A chunk that cannot be read, embedded a hundred thousand times."""
    return _chunks({"c.docx": b"PK nothing"}, ["c.docx"] * 100_000)


def many_relations() -> bytes:
    """Two hundred thousand relations to one part, with long names."""
    relations = [(f"r{n}", "styles", "a/../" * 20 + "styles.xml") for n in range(100_000)]
    return _filled(Docx(paragraph(_SENTENCE), relations=relations))


def many_parts() -> bytes:
    """Sixty thousand empty parts."""
    return make_docx(Docx(paragraph(_SENTENCE), files={f"word/media/{n}": b"" for n in range(60_000)}))


def one_name_often() -> bytes:
    """Eight thousand parts of one name, in all its spellings."""
    buffer = io.BytesIO(make_docx(Docx(paragraph(_SENTENCE))))
    with zipfile.ZipFile(buffer, "a") as archive:
        for number in range(1, 8_000):
            letters = enumerate("wordstylesxml")
            spelt = "".join(letter.upper() if number >> place & 1 else letter for place, letter in letters)
            info = zipfile.ZipInfo(f"{spelt[:4]}/{spelt[4:10]}.{spelt[10:]}")
            archive.writestr(info, b"<a>%d</a>" % number)
    return buffer.getvalue()


def lying_size(method: int = zipfile.ZIP_DEFLATED, said: int = 100) -> bytes:
    """A part that says it is a hundred bytes and is two thousand million."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    # After a full flush nothing refers to what came before, so the same bytes can follow again and again.
    part = packer.compress(b" " * (10 * MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = part * 200 + packer.flush()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("word/document.xml", packed)
    return _relabelled(buffer.getvalue(), len(packed), method, said)


def _relabelled(data: bytes, size: int, method: int, said: int) -> bytes:
    """A stored entry of `size` bytes made one of another method and size, in the directory and in front of it."""
    out = bytearray(data)
    stored = struct.pack("<II", size, size)
    for at in _finds(bytes(out), stored):
        out[at + 4 : at + 8] = struct.pack("<I", said)
        # The method stands 8 bytes in front of the sizes less the CRC: two for the method, four for the time.
        out[at - 10 : at - 8] = struct.pack("<H", method)
    return bytes(out)


def _finds(data: bytes, what: bytes) -> list[int]:
    found, at = [], data.find(what)
    while at >= 0:
        found.append(at)
        at = data.find(what, at + 1)
    return found


def lying_bzip2() -> bytes:
    """The same packed by a method that unpacks without bound."""
    import bz2

    packed = bz2.compress(b" " * (400 * MB))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("word/document.xml", packed)
    return _relabelled(buffer.getvalue(), len(packed), zipfile.ZIP_BZIP2, 100)


def overlapping_parts() -> bytes:
    """A directory whose thousands of entries all show the same packed bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (15 * MB))
        first = archive.infolist()[0]
        for number in range(5_000):
            info = zipfile.ZipInfo(f"word/header{number}.xml")
            info.compress_type, info.CRC = first.compress_type, first.CRC
            info.file_size, info.compress_size, info.header_offset = first.file_size, first.compress_size, 0
            archive.filelist.append(info)
            archive.NameToInfo[info.filename] = info
        archive._didModify = True
    return buffer.getvalue()


def documents_in_a_header() -> bytes:
    """A header that shows one document of ten thousand paragraphs a hundred thousand times."""
    inner = make_docx(Docx("".join(paragraph(f"a{number}") for number in range(10_000))))
    return _filled(_with_header('<w:altChunk r:id="chunk"/>' * 100_000, "aFChunk", "chunk.docx", inner))


def _with_header(header: str, kind: str, name: str, data: bytes) -> Docx:
    relation = f'<Relationship Id="chunk" Type="x/{kind}" Target="{name}"/>'
    files = {
        f"word/{name}": data,
        "word/_rels/header1.xml.rels": f"<Relationships>{relation}</Relationships>".encode(),
    }
    return Docx(paragraph(_SENTENCE), headers=[header], files=files)


def _diagram(points: int) -> bytes:
    shapes = "".join(
        f'<dgm:pt modelId="{at}"><dgm:t><a:p><a:r><a:t>a{at}</a:t></a:r></a:p></dgm:t></dgm:pt>' for at in range(points)
    )
    return (
        '<dgm:dataModel xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
        f'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">{shapes}</dgm:dataModel>'
    ).encode()


def one_drawing_often() -> bytes:
    """A drawing of ten thousand shapes that a hundred thousand places refer to."""
    body = "<w:p><w:r>" + '<dgm:relIds r:dm="data"/>' * 100_000 + "</w:r></w:p>" + paragraph(_SENTENCE)
    files = {"word/data.xml": _diagram(10_000)}
    return _filled(Docx(body, files=files, relations=[("data", "diagramData", "data.xml")]))


def one_drawing_often_in_flat_xml() -> bytes:
    """The same where a part costs nothing to open."""
    return make_flat(one_drawing_often())


def pictures_in_deep_shapes() -> bytes:
    """A hundred thousand pictures two hundred elements deep."""
    pictures = '<a:blip r:embed="p"/>' * 100_000
    body = f"<w:p><w:r>{_nest(200, '<a:x>', pictures, '</a:x>')}</w:r></w:p>" + paragraph(_SENTENCE)
    return _filled(Docx(body, relations=[("p", "image", "media/image1.png")]))


def titles_without_text() -> bytes:
    """Bold lines that all wait for the text below them."""
    return _filled(Docx(paragraph("Environmental Matters of Each Supplier", run="<w:b/>") * 50_000))


def numbers_of_many_lists() -> bytes:
    """Fields that number as many lists as there are fields."""
    code = '<w:p><w:fldSimple w:instr=" LISTNUM list{} \\l 9 "/><w:r><w:t>x</w:t></w:r></w:p>'
    return _filled(Docx("".join(code.format(number) for number in range(100_000))))


def struck_and_styled_runs() -> bytes:
    """A quarter of a million runs with properties of their own."""
    run = (
        '<w:r><w:rPr><w:b/><w:strike/><w:color w:val="FFFFFF"/><w:rFonts w:ascii="Symbol"/></w:rPr><w:t>x </w:t></w:r>'
    )
    return _filled(Docx(f"<w:p>{run * 250_000}</w:p>"))


DOCX: dict[str, Callable[[], bytes]] = {
    make.__name__: make
    for make in (
        plain_paragraphs, empty_paragraphs, empty_runs, hidden_marks, hidden_blank_marks, many_headers,
        header_references, damaged_headers, alternates_in_alternates, alternates_without_text, boxes_in_boxes,
        controls_in_controls, tables_in_tables, wide_spans, stairs, grid_columns, fields_that_never_end,
        fields_in_fields, drop_down_lists, tracked_changes, hidden_runs_in_hidden_runs, symbols, note_references,
        notes_in_notes, styles_on_styles, styles_in_a_ring, lists_that_refer_to_each_other, long_templates,
        definitions_in_definitions, attributes, namespaces, namespaces_at_each_level, long_namespace, long_attribute,
        blanks_before_the_xml, deep_xml, one_page_embedded_often, one_empty_page_embedded_often, many_empty_pages,
        documents_in_documents, rich_text_embedded_often, many_references, many_relations, many_parts, one_name_often,
        lying_size, lying_bzip2, overlapping_parts, documents_in_a_header, one_drawing_often,
        one_drawing_often_in_flat_xml, pictures_in_deep_shapes, titles_without_text, numbers_of_many_lists,
        struck_and_styled_runs,
    )
}  # fmt: skip


# OpenDocument texts


def _items(depth: int, text: str) -> str:
    return _nest(depth, "<text:list><text:list-item>", f"<text:p>{text}</text:p>", "</text:list-item></text:list>")


def many_lists() -> bytes:
    """A hundred thousand lists, each with a style of its own."""
    item = "<text:list-item><text:p>x</text:p></text:list-item>"
    return make_odt("".join(f'<text:list text:style-name="L{at}">{item}</text:list>' for at in range(100_000)))


def lists_in_lists() -> bytes:
    """Lists a hundred deep, two thousand times."""
    return make_odt(_items(100, "x") * 2_000)


def styles_on_odt_styles() -> bytes:
    """A hundred thousand styles, each based on the one before, and as many paragraphs."""
    style = '<style:style style:name="S{}" style:family="paragraph" style:parent-style-name="S{}"/>'
    styles = "".join(style.format(at, at - 1) for at in range(60_000))
    body = "".join(f'<text:p text:style-name="S{at}">x</text:p>' for at in range(60_000))
    return make_odt(body, styles=styles)


def frames_in_frames() -> bytes:
    """Text boxes sixty deep with a hundred thousand paragraphs inside."""
    box = "<text:p><draw:frame><draw:text-box>"
    return make_odt(_nest(60, box, "<text:p>x</text:p>" * 60_000, "</draw:text-box></draw:frame></text:p>"))


def sections_in_sections() -> bytes:
    """Linked sections a hundred deep around empty paragraphs."""
    section = '<text:section><text:section-source xlink:href="a.odt"/>'
    return make_odt(_nest(100, section, "<text:span/>" * 100_000, "</text:section>") + "<text:p>x</text:p>")


ODT: dict[str, Callable[[], bytes]] = {
    make.__name__: make
    for make in (many_lists, lists_in_lists, styles_on_odt_styles, frames_in_frames, sections_in_sections)
}


# Web pages

_PAGE = b"<html><body><p>Intro words.</p>"


def tags_that_close_nothing() -> bytes:
    """Each end tag is compared with fifty thousand open ones."""
    return _PAGE + b"<b>" * 50_000 + b"x" + b"</i>" * 50_000


def blocks_in_blocks() -> bytes:
    """Tables and lists fifty thousand deep."""
    return _PAGE + b"<table><tr><td><ul><li>" * 50_000


def million_tags() -> bytes:
    """Four million tags."""
    return _PAGE + b"<p>" * 4_000_000


def tag_of_attributes() -> bytes:
    """A tag with two hundred thousand attributes, and one with an attribute of ten megabytes."""
    many = b" ".join(b"a%d=1" % number for number in range(200_000))
    return _PAGE + b"<p " + many + b">x</p><p title='" + b"x" * (10 * MB)


def openings_without_end() -> bytes:
    """Everything that can swallow the rest of a page, fifty thousand times."""
    names = (b"script", b"style", b"title", b"svg", b"math", b"select", b"template", b"iframe", b"textarea")
    return _PAGE + b"".join(b"<%s><!--" % name for name in names) * 50_000 + b"<p>x</p>"


def ampersands() -> bytes:
    """Entities that are none."""
    return _PAGE + b"&amp" * 500_000 + b"&" * 500_000 + b"&" + b"a" * 1_000_000


def row_without_end() -> bytes:
    """Cells of one row, which is a row of contents only once it has ended."""
    return _PAGE + b"<p>Contents</p><table><tr>" + b"<td>a" * 150_000


def links_without_end() -> bytes:
    """Links that may all be lines of one table of contents."""
    return _PAGE + b"<p><a href='#a'>x</a></p>" * 150_000


def page_ends_without_end() -> bytes:
    """A sentence that every page number cuts again."""
    return _PAGE + b"<p>goes on</p><p>1</p>" * 75_000


def rules_without_end() -> bytes:
    """A style sheet of rules for one class, and elements that have it."""
    return b"<style>" + b".a{font-weight:bold}" * 100_000 + b"</style>" + b"<p class='a a a'>x" * 100_000


def note_marks() -> bytes:
    """One paragraph of note marks."""
    return _PAGE + b"<p>" + b"x.<sup>1</sup>" * 300_000


def hidden_drawings() -> bytes:
    """Drawings that a paragraph ends, inside a deep element."""
    return _PAGE + b"<div>" * 500 + b"<svg><p>x</p></svg>" * 50_000


HTML: dict[str, Callable[[], bytes]] = {
    make.__name__: make
    for make in (
        tags_that_close_nothing, blocks_in_blocks, million_tags, tag_of_attributes, openings_without_end, ampersands,
        row_without_end, links_without_end, page_ends_without_end, rules_without_end, note_marks, hidden_drawings,
    )
}  # fmt: skip


# Text and Markdown


def tabs() -> bytes:
    """Twelve megabytes of tabs and a word."""
    return b"\t" * (12 * MB) + b"word"


def form_feeds() -> bytes:
    """Five million empty pages and a word."""
    return b"\f" * (5 * MB) + b"word"


def half_columns() -> bytes:
    """A hundred thousand lines in two columns, with words broken at their ends."""
    return b"left words here and hyphen-          right words here and hyphen-\n" * 100_000


def high_bytes() -> bytes:
    """Bytes of no encoding in particular."""
    return bytes(range(128, 256)) * 40_000


TEXTS: dict[str, Callable[[], bytes]] = {make.__name__: make for make in (tabs, form_feeds, half_columns, high_bytes)}


def lines_behind_deep_quotes() -> bytes:
    """Quotes ninety deep, each followed by a hundred lines that go on with them."""
    return (b">" * 90 + b"x\n" + b"y\n" * 100) * 500


def items_in_items() -> bytes:
    """Lists in one line, four deep, sixty thousand times."""
    return b"- - - - x\n" * 59_000


def spaced_quotes() -> bytes:
    """Quotes ninety deep that each end with an empty line."""
    return (b"> " * 90 + b"y\n>\n") * 9_000


MARKDOWN: dict[str, Callable[[], bytes]] = {
    make.__name__: make for make in (lines_behind_deep_quotes, items_in_items, spaced_quotes)
}
