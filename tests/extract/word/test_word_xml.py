"""Word documents that are one XML file: Flat OPC, and the XML of Word 2003."""

from __future__ import annotations

import pytest
from extract.docxmaker import Docx, make_docx, make_flat, paragraph, picture
from extract.wordmarkers import document

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word.docx import pictures_of

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<?mso-application progid="Word.Document"?>\n'
    '<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml" '
    'xmlns:wx="http://schemas.microsoft.com/office/word/2003/auxHint" xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:aml="http://schemas.microsoft.com/aml/2001/core">'
    "<o:DocumentProperties><o:Author>goneauthor</o:Author></o:DocumentProperties>"
)
_LISTS = (
    '<w:lists><w:listDef w:listDefId="0"><w:lvl w:ilvl="0"><w:start w:val="4"/><w:nfc w:val="0"/>'
    '<w:lvlText w:val="%1."/></w:lvl><w:lvl w:ilvl="1"><w:start w:val="1"/><w:nfc w:val="4"/><w:lvlText w:val="(%2)"/>'
    '</w:lvl></w:listDef><w:list w:ilfo="1"><w:ilst w:val="0"/></w:list></w:lists>'
)
_STYLES = (
    '<w:styles><w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="character" w:styleId="Secret"><w:name w:val="Secret"/><w:rPr><w:vanish/></w:rPr></w:style>'
    "</w:styles>"
)


def listed(text: str, level: int) -> str:
    return (
        f'<w:p><w:pPr><w:listPr><w:ilvl w:val="{level}"/><w:ilfo w:val="1"/><wx:t wx:val="x"/></w:listPr></w:pPr>'
        f"<w:r><w:t>{text}</w:t></w:r></w:p>"
    )


def change(kind: str, content: str) -> str:
    return f'<aml:annotation aml:id="1" w:type="Word.{kind}"><aml:content>{content}</aml:content></aml:annotation>'


def cell(text: str, properties: str) -> str:
    return f"<w:tr><w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc></w:tr>"


_BODY = (
    '<w:body><wx:sect><w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:r><w:t>Supply</w:t></w:r></w:p>'
    + listed("This is about the climate.", 0)
    + listed("The Supplier shall plant trees.", 1)
    + f"<w:p><w:r><w:t>It keeps </w:t></w:r>{change('Deletion', '<w:r><w:delText>gonedeleted</w:delText></w:r>')}"
    + change("Insertion", "<w:r><w:t>careful </w:t></w:r>")
    + change("Comment", "<w:p><w:r><w:t>gonecomment</w:t></w:r></w:p>")
    + '<w:r><w:t>records.</w:t></w:r><w:r><w:rPr><w:rStyle w:val="Secret"/></w:rPr><w:t>gonehidden</w:t></w:r>'
    + "<w:r><w:footnote><w:p><w:r><w:t>Of all trees.</w:t></w:r></w:p></w:footnote></w:r></w:p>"
    + "<w:tbl>"
    + cell("One", '<w:vmerge w:val="restart"/>')
    + cell("gonemerged", "<w:vmerge/>")
    + "</w:tbl>"
    + "<w:sectPr><w:hdr w:type='odd'><w:p><w:r><w:t>Draft header</w:t></w:r></w:p></w:hdr></w:sectPr></wx:sect>"
    + "</w:body>"
)
WORD_2003 = f"{_HEAD}{_LISTS}{_STYLES}{_BODY}</w:wordDocument>"


def read(data: bytes, suffix: str = ".docx") -> Document:
    return read_document(data, suffix, Limits())


def texts(found: Document) -> list[str]:
    return [found.text[block.start : block.end] for block in found.blocks]


@pytest.mark.parametrize("suffix", [".docx", ".doc", ".txt"])
def test_flat_opc_reads_like_its_package(suffix: str) -> None:
    package = make_docx(document())
    assert texts(read(make_flat(package), suffix)) == texts(read(package))


def test_a_picture_in_flat_opc() -> None:
    body = paragraph("Signed copy") + f"<w:p>{picture('scan', 16, 23)}</w:p>"
    scan = Docx(body, relations=[("scan", "image", "media/Page1.png")], files={"word/media/Page1.png": b"png"})
    data = make_flat(make_docx(scan))
    (found,) = read(data).warnings
    assert found.parts == ("word/media/Page1.png",)
    assert list(pictures_of(data, found.parts, ReadContext())) == [("word/media/Page1.png", b"png")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_word_2003_xml(encoding: str) -> None:
    found = read(WORD_2003.replace("UTF-8", encoding.upper()).encode(encoding), ".doc")
    assert [(block.kind, block.clause, text) for block, text in zip(found.blocks, texts(found), strict=True)] == [
        (BlockKind.HEADER_FOOTER, None, "Draft header"),
        (BlockKind.HEADING, None, "Supply"),
        (BlockKind.LIST_ITEM, "4", "4. This is about the climate."),
        (BlockKind.LIST_ITEM, "4(a)", "(a) The Supplier shall plant trees."),
        (BlockKind.PARAGRAPH, "4(a)", "It keeps careful records."),
        (BlockKind.TABLE_CELL, "4(a)", "One"),
        (BlockKind.FOOTNOTE, None, "Of all trees."),
    ]
    assert [each.code for each in found.warnings] == ["content_mismatch"]


def test_a_scan_in_word_2003_xml() -> None:
    scan = (
        '<w:body><w:p><w:r><w:pict><w:binData w:name="wordml://01.png">cG5n</w:binData>'
        '<v:shape style="width:450pt;height:640pt"><v:imagedata src="wordml://01.png"/></v:shape></w:pict></w:r></w:p>'
        "<w:p><w:r><w:t>Signed copy</w:t></w:r></w:p></w:body></w:wordDocument>"
    )
    data = (_HEAD + scan).encode()
    found = read(data, ".doc")
    assert found.warnings[0].parts == ("word/media/01.png",)
    assert list(pictures_of(data, found.warnings[0].parts, ReadContext())) == [("word/media/01.png", b"png")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (WORD_2003.encode()[:-40], ErrorCode.CORRUPT),
        (make_flat(make_docx(Docx(paragraph("Text."))))[:-30], ErrorCode.CORRUPT),
        (_HEAD.encode() + b"</w:wordDocument>", ErrorCode.NO_TEXT),
    ],
)
def test_damaged_ones_are_refused(data: bytes, code: ErrorCode) -> None:
    with pytest.raises(ContractError) as caught:
        read(data, ".doc")
    assert caught.value.code is code
