"""Rich Text, under its own name or that of a Word file."""

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


@pytest.mark.parametrize(
    "repeated",
    [
        r"x{\footnote y}", r"\tab\page ", r"\tab{\field{\*\fldinst AUTONUM}}", r"{\upr{x}y}", r"\itap99999 x\nestcell",
        r"{\shp{\*\shpinst{\shptxt x\par}}}", r"{\object{\*\objclass Word}}", r"{\listtext 1.\tab}", r"\v\par\v0 x",
    ],
)  # fmt: skip
def test_the_work_grows_with_the_file(repeated: str) -> None:
    settings = r"\ansicpg1252\deff0\uc1" * 10_000
    started = time.process_time()
    assert styled(rf"{settings}Text.\par {repeated * 10_000}\par").text.startswith("Text.")
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
        b"{\\rtf1 \\u99999999999? text}",
        b"{\\rtf1 \\info text",
        b"{\\rtf1 text" + b"{\\upr{" * 100 + b"gone" * 100_000,
        b"{\\rtf1 text{\\b" + b"\\field" * 100_000 + b"}",
    ],
)
def test_damage_is_survived(data: bytes) -> None:
    try:
        document = read_rtf(data, ReadContext())
    except ContractError:
        return
    assert "text" in document.text or document.text


STYLES = (
    r"{\fonttbl{\f0 Arial;}{\f2\fnil\fcharset2 Symbol;}{\f3\fcharset2 Wingdings{\*\falt x};}{\f4 Courier New;}}"
    r"{\colortbl;\red255\green255\blue255;\red0\green0\blue0;}"
    r"{\stylesheet{\ql Normal;}{\s1\sbasedon0\outlinelevel0{\*\keycode x} heading 1;}{\s2\sbasedon1 Own heading;}"
    r"{\s3 heading 2;}{\s4\sbasedon0 List;}{\*\cs5 Strong;}{\s6 toc 1;}}"
)


def styled(body: str) -> Document:
    return read_document(rf"{{\rtf1\ansi\deff0{STYLES}{body}}}".encode("cp1252"), ".rtf", Limits())


@pytest.mark.parametrize(
    ("body", "right"),
    [
        # breaks
        (r"4. One.\page 5. Two.\sect 6. Three.\column 7. Four.\par", ["4. One.", "5. Two.", "6. Three.", "7. Four."]),
        (r"one\line two\lbr three\par", ["one\ntwo\nthree"]),
        ("one\\\ntwo\\\r\nthree\\par", ["one", "two", "three"]),
        # characters
        (r"{\upr{Words gone.}{\*\ud{\u937?nicode words.}}}\par", ["Ωnicode words."]),
        (r"{\upr{Only these.}}\par", ["Only these."]),
        (r"\uc2\u937??x{\uc0\u937 y}\uc1\u937\'3fz\par", ["ΩxΩyΩz"]),
        (r"\u-10179?\u-9167? pair\par", ["\U0001f431 pair"]),
        (r"{\f2\'a3} 1.5{\f2\'b0}C {\f2\u-3933?} {\f3\'fe} done\par", ["≤ 1.5°C ≤ ☑ done"]),
        (r"\ansicpg932 \'83A\'83\'5c\par", ["アソ"]),
        (r"C:\\bin5 stays \{here\}\par", [r"C:\bin5 stays {here}"]),
        # objects, shapes, pictures
        (r"{\object\objemb\rsltrtf{\*\objclass Word.Document.8}{\*\objdata 01}{\result {\pard Its text.\par}}}\par",
         ["Its text."]),
        (r"{\*\shppict{\pict\picwgoal100 00ff}}{\nonshppict{\pict 00}}Text.\par", ["Text."]),
        (r"{\do\dobxpage{\dptxbx{\dptxbxtext Box.\par}}}Text.\par", ["Text.", "Box."]),
        # fields
        (r"{\field{\*\fldinst{FORMCHECKBOX {\*\formfield{\fftype1\ffres1{\*\ffname A}}}}}} Yes\par", ["☒ Yes"]),
        (r"{\field{\*\fldinst FORMCHECKBOX {\*\formfield{\fftype1\ffres25\ffdefres0}}}{\fldrslt x}} No\par", ["☐ No"]),
        (r"by {\field{\*\fldinst DROPDOWN{\*\formfield{\fftype2\ffres1{\*\ffl x}{\*\ffl 2040}}}}}\par", ["by 2040"]),
        (r"{\field{\*\fldinst SYMBOL 168 \\f Wingdings \\s 10}{\fldrslt}} Box\par", ["☐ Box"]),
        (r"{\field{\*\fldinst IF {\field{\*\fldinst MERGEFIELD}{\fldrslt gone}} = 1}{\fldrslt shown}}\par", ["shown"]),
    ],
)  # fmt: skip
def test_what_shows(body: str, right: list[str]) -> None:
    assert texts(styled(body)) == right


@pytest.mark.parametrize(
    "number",
    [
        r"{\pntext\f0 1.\tab}{\*\pn\pnlvlbody\pnstart1\pndec{\pntxta.}}First.\par{\pntext\f0 2.\tab}Second.\par",
        r"{\listtext\pard\plain 1.\tab}\pard\ls1\ilvl0 First.\par{\listtext\pard\plain 2.\tab}\pard\ls1 Second.\par",
        r"{\pard{\*\pntext\f0 1.\tab}First.\par}{\pard{\*\pntext\f0 2.\tab}Second.\par}",
        r"\pard{\field{\*\fldinst AUTONUM}{\fldrslt}} First.\par{\field{\*\fldinst AUTONUM}} Second.\par",
    ],
)
def test_numbers_that_the_file_only_shows(number: str) -> None:
    document = styled(number)
    assert [(b.kind, b.clause, document.text[b.start : b.end]) for b in document.blocks] == [
        (BlockKind.LIST_ITEM, "1", "1. First."),
        (BlockKind.LIST_ITEM, "2", "2. Second."),
    ]


def test_numbers_that_only_the_lists_say() -> None:
    level = (
        r"{{\listlevel\levelnfc{}\levelfollow0\levelstartat{}{{\leveltext{};}}{{\levelnumbers\'01;}}\fi-360}}".format
    )
    lists = (
        r"{\*\listtable{\list\listtemplateid1"
        + level(0, 4, r"\leveltemplateid9\'02\'00.") + level(0, 1, r"\'03\'00.\'01") + level(4, 1, r"\'03(\'02)")
        + r"{\listname ;}\listid7}{\list" + level(23, 1, r"\'01\u-3913 ?") + r"\listid8}}"
        r"{\*\listoverridetable{\listoverride\listid7\listoverridecount0\ls1}{\listoverride\listid8\listoverridecount0\ls2}}"
    )  # fmt: skip
    body = "".join(
        rf"\pard\ls{number}\ilvl{depth} Duty.\par" for number, depth in ((1, 0), (1, 1), (1, 2), (2, 0), (1, 1))
    )
    document = styled(lists + body)
    assert texts(document) == ["4. Duty.", "4.1 Duty.", "(a) Duty.", "• Duty.", "4.2 Duty."]
    assert [block.clause for block in document.blocks] == ["4", "4.1", "4.1(a)", "4.1(a)", "4.2"]


@pytest.mark.parametrize("bullet", [r"\f2\'b7", r"\f4 o", r"\f3\'a7", r"\f3 q", r"\f3\u-3844?", r"\bullet", r"\f0 -"])
def test_bullets(bullet: str) -> None:
    document = styled(rf"{{\pntext{bullet}\tab}}\pard\fi-360 reduce;\par{{\pntext{bullet}\tab}}report.\par")
    assert [block.kind for block in document.blocks] == [BlockKind.LIST_ITEM] * 2
    assert [document.text[b.start + 1 : b.end] for b in document.blocks] == [" reduce;", " report."]
    assert {document.text[b.start] for b in document.blocks} <= set("•▪-")


@pytest.mark.parametrize(
    ("title", "is_heading"),
    [
        (r"\pard\plain\s1 Environmental Matters\par", True),
        (r"\pard\plain\s2 Environmental Matters\par", True),
        (r"\pard\plain\s3 Environmental Matters\par", True),
        (r"\pard\plain\outlinelevel2 Environmental Matters\par", True),
        (r"\pard\plain\b Environmental Matters\b0\par", True),
        (r"\pard\plain{\ul Environmental Matters}\par", True),
        (r"\pard\plain\s4 Environmental Matters\par", False),
        (r"\pard\plain\s1\outlinelevel9 Environmental Matters\par", False),
        (r"\pard\plain{\b Environmental} Matters\par", False),
    ],
)
def test_headings_by_style_and_by_look(title: str, is_heading: bool) -> None:
    words = "The Supplier shall reduce its greenhouse gas emissions by 2030."
    document = styled(rf"\pard\plain Some words come first, and they are plain.\par{title}\pard\plain {words}\par")
    assert document.blocks[-1].heading == ("Environmental Matters" if is_heading else None)


def test_a_heading_at_the_start_of_a_paragraph() -> None:
    document = styled(r"Some words come first.\par{\ul Climate Duties.} The Supplier shall reduce its emissions.\par")
    assert texts(document)[1:] == ["Climate Duties.", "The Supplier shall reduce its emissions."]
    assert document.blocks[-1].heading == "Climate Duties"


def test_a_table_of_contents_is_recognised_by_its_style_and_by_its_field() -> None:
    line = r"Climate\tab 4\par"
    by_style = styled(rf"\pard\s6 {line}\pard Plain words.\par")
    by_field = styled(rf"{{\field{{\*\fldinst TOC \\o}}{{\fldrslt {line}}}}}\pard Plain words.\par")
    assert [[block.contents for block in found.blocks] for found in (by_style, by_field)] == [[True, False]] * 2


def test_nested_tables() -> None:
    document = styled(
        r"\pard\intbl before\par\pard\intbl\itap2 inner one\nestcell inner two\nestcell"
        r"{\*\nesttableprops\trowd\nestrow}{\nonesttables gone\par}\pard\intbl after\cell second\cell\row\pard end\par"
    )
    assert [(document.text[b.start : b.end], b.row) for b in document.blocks] == [
        ("before", (1, 1, 1)),
        ("inner one", (2, 1, 1)),
        ("inner two", (2, 1, 2)),
        ("after", (1, 1, 1)),
        ("second", (1, 1, 2)),
        ("end", None),
    ]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (r"{\object\objemb{\*\objclass Word.Document.12}{\result{\pict\picwgoal900 00}}}", ["embedded_document"]),
        (r"{\object\objemb{\*\objclass AcroExch.Document}{\*\objdata 01}}", ["embedded_document"]),
        (r"{\object\objemb{\*\objclass Equation.3}{\*\objdata 01}{\result{\pict\picwgoal900 00}}}", []),
        (r"{\v{\object\objemb{\*\objclass Word.Document.8}}}", []),
        (r"{\pict\picwgoal11000\pichgoal15000 00}", ["pictures_without_text"]),
        (r"{\shp{\*\shpinst{\sp{\sn pib}{\sv{\pict\picwgoal11000\pichgoal15000 00}}}}}", ["pictures_without_text"]),
        (r"{\shp{\*\shpinst\shpfblwtxt1{\sp{\sn pib}{\sv{\pict\picwgoal11000\pichgoal15000 00}}}}}", []),
        (
            r"{\shp{\*\shpinst{\sp{\sn pib}{\sv{\pict\picwgoal11000\pichgoal15000 00}}}"
            r"{\sp{\sn fBehindDocument}{\sv 1}}}}",
            [],
        ),
        (r"{\pict\picwgoal1100\pichgoal500 00}", []),
        (r"{\header{\pict\picwgoal11000\pichgoal15000 00}}", []),
        (r"{\field{\*\fldinst INCLUDETEXT C:\\x\\schedule.rtf}{\fldrslt}}", ["external_part"]),
        (r"{\strike gone words} here", ["covered_text"]),
        (r"{\cf1 gone words} here", ["covered_text"]),
        (r"{\cf1\highlight2 white on black} here", []),
        (r"\trowd\clcbpat2\cellx900\intbl{\cf1 white on black}\cell\row", []),
    ],
)  # fmt: skip
def test_what_was_not_read_is_said(body: str, codes: list[str]) -> None:
    assert [warning.code for warning in styled(rf"{'Some text. ' * 30}\par {body}\pard\par").warnings] == codes


def test_only_an_object() -> None:
    with pytest.raises(ContractError, match=r"Word\.Document\.8") as caught:
        styled(r"{\object\objemb{\*\objclass Word.Document.8}}\par")
    assert caught.value.code is ErrorCode.NO_TEXT


def test_only_pictures() -> None:
    with pytest.raises(ContractError) as caught:
        styled(r"{\pict\picwgoal11000\pichgoal15000 00}\par")
    assert caught.value.code is ErrorCode.NO_TEXT


def test_rich_text_named_doc_is_read_with_a_warning() -> None:
    document = read_document(f"{HEAD}The clause.\\par}}".encode(), ".doc", Limits())
    assert document.format == "rtf"
    assert [warning.code for warning in document.warnings] == ["content_mismatch"]


@pytest.mark.parametrize(
    ("body", "cut_off"),
    [
        # As many bytes as the file says, some of which look like its own words.
        ("First.\\par{\\pict\\bin9 }\x00{\\}\x00\x00\x00{x}Last.\\par}", False),
        ("First.\\par{\\pict\\bin999 }Last.\\par}", True),
        ("First.\\par{\\b Last.\\par", True),
        ("First.\\par La\x00st.\\par}\x00\x00", False),
    ],
)
def test_a_file_that_breaks_off_says_so(body: str, cut_off: bool) -> None:
    document = read_document(f"{HEAD}{body}".encode("latin-1"), ".rtf", Limits())
    assert document.text.split() == ["First.", "Last."]
    assert [warning.code for warning in document.warnings] == (["damaged"] if cut_off else [])
