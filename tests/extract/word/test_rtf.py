"""Rich Text that is named like a Word file."""

from __future__ import annotations

import time

import pytest

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word.rtf import read_rtf

HEAD = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fnil\fcharset204 Times;}}"
    r"{\stylesheet{\s0 gone;}}{\info{\title gone}}"
)


def texts(document: Document, kind: BlockKind | None = None) -> list[str]:
    return [document.text[b.start : b.end] for b in document.blocks if kind is None or b.kind is kind]


def read(body: str, kind: BlockKind | None = None) -> list[str]:
    return texts(read_rtf(f"{HEAD}{body}}}".encode("cp1252"), ReadContext()), kind)


def failure(data: bytes, **limits: int) -> ErrorCode:
    with pytest.raises(ContractError) as caught:
        read_rtf(data, ReadContext(Limits.model_validate(limits)))
    return caught.value.code


def test_paragraphs_and_characters() -> None:
    body = r"\pard The party\rquote s \ldblquote costs\rdblquote  \'96 5 \'80.\par Greek \u937?.\par {\b bold} end\par"
    assert read(body) == ["The party’s “costs” – 5 €.", "Greek Ω.", "bold end"]


def test_code_pages_of_fonts() -> None:
    assert read(r"{\f1 \'c4\'ee\'e3\'ee\'e2\'ee\'f0}\par") == ["Договор"]


def test_headings_and_items() -> None:
    document = read_rtf(f"{HEAD}2. PAYMENT\\par (a) in cash;\\par Plain words.\\par}}".encode(), ReadContext())
    assert [b.kind for b in document.blocks] == [BlockKind.HEADING, BlockKind.LIST_ITEM, BlockKind.PARAGRAPH]
    assert document.blocks[1].clause == "2(a)"


def test_cells() -> None:
    body = r"\trowd\intbl one\cell two\cell\row\trowd\intbl three\cell\cell\row\pard after\par"
    document = read_rtf(f"{HEAD}{body}}}".encode(), ReadContext())
    assert [(document.text[b.start : b.end], b.row) for b in document.blocks] == [
        ("one", (1, 1, 1)),
        ("two", (1, 1, 2)),
        ("three", (1, 2, 1)),
        ("after", None),
    ]


def test_notes_headers_and_boxes() -> None:
    body = (
        r"{\header Draft\par}{\footer Page\par}Main{\super{\footnote The note.}} goes on.\par"
        r"{\shp{\*\shpinst{\sp{\sn gone}{\sv 1}}{\shptxt Boxed.\par}}{\shprslt{\shptxt gone}}}End.\par"
    )
    assert read(body, BlockKind.HEADER_FOOTER) == ["Draft", "Page"]
    assert read(body, BlockKind.FOOTNOTE) == ["The note."]
    assert read(body, BlockKind.PARAGRAPH) == ["Main goes on.", "End.", "Boxed."]


def test_what_does_not_show() -> None:
    body = (
        r"seen {\deleted gone}{\v gone}{\*\annotation gone}{\field{\*\fldinst HYPERLINK \"gone\"}{\fldrslt link}}"
        r"{\pict\wmetafile8 010203}{\*\generator gone;}.\par"
    )
    assert read(body) == ["seen link."]


@pytest.mark.parametrize(
    "body",
    [
        r"seen \v gone\v0 here.\par",
        r"seen {\b\v gone{\i gone}\'e9\u233?\~gone\v0 here}.\par",
        r"seen {\v gone\plain here.}\par",
        r"seen \v gone\par gone\v0 here.\par",
        r"seen \deleted gone\deleted0 {\v gone}here.\par",
        r"seen {\v\deleted gone\v0 gone}here.\par",
        r"\viewkind4\uc1 seen here.\par\v gone",
    ],
)
def test_hidden_text_is_switched_on_and_off_inside_a_group(body: str) -> None:
    assert read(body) == ["seen here."]


def test_what_follows_hidden_text_keeps_its_font_and_its_cell() -> None:
    assert read(r"\v\f1 gone\v0 \'c4\'ee\par C:\\v seen \{\v gone\v0\}\par") == ["До", r"C:\v seen {}"]
    assert read(r"\trowd\intbl one\cell\v gone\cell\v0 three\cell\row\pard") == ["one", "three"]


def test_binary_pictures_do_not_confuse_the_braces() -> None:
    picture = b"{\\pict\\bin6 }}{{\\}" + b"}"
    assert texts(read_rtf(HEAD.encode() + picture + b"Text.\\par}", ReadContext())) == ["Text."]


def test_a_contract_may_speak_of_hyperlinks() -> None:
    words = "The hyperlink, all Hyperlinks and the HYPERLINK."
    assert read(rf"{words}\par") == [words]


def test_fonts_that_are_named_in_an_odd_place_are_not_searched_from_each() -> None:
    started = time.process_time()
    assert read(r"Text.\par{\b\fonttbl " + r"\f1" * 40_000 + "}") == ["Text."]
    assert time.process_time() - started < 10


def test_a_table_is_mostly_borders_and_counts_for_its_text() -> None:
    borders = r"\clbrdrt\brdrs\brdrw10\clbrdrl\brdrs\brdrw10\cltxlrtb\clftsWidth3\cellx"
    row = rf"\trowd{borders}1500{borders}3000\intbl one price of an item\cell another price\cell\row"
    document = read_rtf(f"{HEAD}{row * 100}\\pard}}".encode(), ReadContext(Limits(characters=10_000)))
    assert len(document.blocks) == 200


@pytest.mark.parametrize(
    ("data", "limits", "code"),
    [
        (b"{\\rtf1" + b"{" * 5000, {}, ErrorCode.TOO_DEEP),
        (b"{\\rtf1 " + b"word " * 1000 + b"}", {"characters": 2000}, ErrorCode.TOO_MUCH_TEXT),
        (b"{\\rtf1 }", {}, ErrorCode.NO_TEXT),
        (b"no rtf", {}, ErrorCode.CORRUPT),
        (b"{\\rtf1 \\u99999999999? x}", {}, ErrorCode.CORRUPT),
    ],
)
def test_refusals(data: bytes, limits: dict[str, int], code: ErrorCode) -> None:
    assert failure(data, **limits) is code


@pytest.mark.parametrize(
    "data",
    [
        b"{\\rtf1 text",
        b"{\\rtf1 text}}}}} more",
        b"{\\rtf1\\ansicpg99999 text}",
        b"{\\rtf1 \\bin99999999 text",
        b"{\\rtf1 text{\\footnote open",
        b"{\\rtf1 text{\\fonttbl" + b"{\\f0" * 100,
        b"{\\rtf1 text{\\field{\\*\\fldinst{" + b"HYPERLINK " * 20_000,
        b"{\\rtf1 text" + b"\\" * 100_001,
    ],
)
def test_damage_is_survived(data: bytes) -> None:
    try:
        document = read_rtf(data, ReadContext())
    except ContractError:
        return
    assert "text" in document.text or document.text


def test_rich_text_named_doc_is_read_with_a_warning() -> None:
    document = read_document(f"{HEAD}The clause.\\par}}".encode(), ".doc", Limits())
    assert document.format == "rtf"
    assert [warning.code for warning in document.warnings] == ["content_mismatch"]
