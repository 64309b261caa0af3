"""Word files: everything that shows and nothing else, numbers as the reader sees them, and hostile packages."""

from __future__ import annotations

import io
import re
import zipfile

import docx as python_docx
import pytest
from extract.docmaker import make_ole
from extract.docxmaker import DOCM_TYPE, Docx, make_docx, numbered, paragraph
from extract.wordmarkers import ENTRIES, GONE, SEEN, STYLES, document, with_contents
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devdata import dev_data
from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document, read_embedded
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word.docx import read_docx

WITH_EMBEDDED = ReadContext(read_embedded=read_embedded)
_ABSTRACT = (
    '<w:abstractNum w:abstractNumId="0">{}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
)


def level(depth: int, style: str, text: str, more: str = "", start: int = 1) -> str:
    return (
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="{start}"/><w:numFmt w:val="{style}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def texts(found: Document, kind: BlockKind | None = None) -> list[str]:
    return [found.text[b.start : b.end] for b in found.blocks if kind is None or b.kind is kind]


def read(body: str, **parts: object) -> list[str]:
    return texts(read_docx(make_docx(Docx(body, **parts)), ReadContext()))  # type: ignore[arg-type]


def failure(data: bytes, **limits: float) -> ContractError:
    with pytest.raises(ContractError) as caught:
        read_docx(data, ReadContext(Limits.model_validate(limits)))
    return caught.value


def repacked(data: bytes, *, drop: tuple[str, ...] = (), add: dict[str, bytes] | None = None) -> bytes:
    """The same package without some parts, with others, or with other contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in drop and name not in (add or {}):
                new.writestr(name, old.read(name))
        for name, content in (add or {}).items():
            new.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def markers() -> Document:
    return read_docx(make_docx(document()), ReadContext())


# What shows


def test_every_construct_that_shows_is_read_once(markers: Document) -> None:
    words = re.findall(r"[\w-]+", markers.text)
    assert [word for word in SEEN.split() if words.count(word) != 1] == []


def test_nothing_that_does_not_show_is_read(markers: Document) -> None:
    assert [word for word in GONE.split() if word in markers.text] == []


def test_the_blocks_are_in_document_order(markers: Document) -> None:
    order = ["seenheader", "seenheading", "seencellone", "seennested", "seencellthree", "seenspan", "seenblockcontrol"]
    order += ["seenanchor", "seenbox", "seenlink", "seenschedule", "seenfootnote", "seenendnote", "seenfooter"]
    words = re.findall(r"\w+", markers.text)
    places = [words.index(word) for word in order]
    assert places == sorted(places)


def test_kinds(markers: Document) -> None:
    assert texts(markers, BlockKind.HEADING) == [
        "11. Climate Reporting seenheading",
        "12. Payment seensecondheading",
        "Particulars seenschedule",
    ]
    assert texts(markers, BlockKind.HEADER_FOOTER) == ["Draft seenheader", "seenfooter page 1"]
    assert len(texts(markers, BlockKind.FOOTNOTE)) == 2


def test_tables(markers: Document) -> None:
    cells = {markers.text[b.start : b.end]: b.row for b in markers.blocks if b.kind is BlockKind.TABLE_CELL}
    assert cells["seencellone"] == (1, 1, 1)
    assert cells["seencelltwo"] == cells["seenafternested"] == (1, 1, 2)
    assert cells["seencellthree"] == (1, 1, 3)
    assert cells["seenspan"] == (1, 2, 2)
    assert cells["seennested"] == (2, 1, 1)


def test_numbers_clauses_and_headings(markers: Document) -> None:
    found = {
        markers.text[b.start : b.end]: (b.number, b.clause, b.heading)
        for b in markers.blocks
        if b.kind is BlockKind.LIST_ITEM
    }
    heading = "Climate Reporting seenheading"
    assert found["11.2 The Customer shall seenclausetwo pay."] == ("11.2", "11.2", heading)
    assert found["(b) seenletterb second item"] == ("(b)", "11.2(b)", heading)
    assert found["(i) seenroman deeper item"] == ("(i)", "11.2(b)(i)", heading)
    assert found["• seenbullet item"][0] is None
    assert found["Article I seenarticle one"][0] == "Article I"
    assert found["1.1 seenlegal section"][0] == "1.1"
    assert found["Article VII seenoverride article"][0] == "Article VII"
    assert found["12.1 Fees seenrestart are due."][0] == "12.1"


def test_a_contract_that_python_docx_wrote() -> None:
    made = python_docx.Document()
    made.add_heading("Emissions", level=1)
    made.add_paragraph("The Supplier shall report its emissions.")
    made.add_paragraph("first", style="List Number")
    made.add_paragraph("second", style="List Number")
    buffer = io.BytesIO()
    made.save(buffer)
    found = read_docx(buffer.getvalue(), ReadContext())
    assert texts(found) == ["Emissions", "The Supplier shall report its emissions.", "1. first", "2. second"]
    assert found.blocks[0].kind is BlockKind.HEADING
    assert found.blocks[1].heading == "Emissions"


# Numbering


@pytest.mark.parametrize(
    ("style", "start", "shown"),
    [
        ("decimal", 1, ["1.", "2.", "3."]),
        ("decimalZero", 9, ["09.", "10.", "11."]),
        ("lowerLetter", 25, ["y.", "z.", "aa."]),
        ("upperLetter", 26, ["Z.", "AA.", "BB."]),
        ("lowerRoman", 3, ["iii.", "iv.", "v."]),
        ("upperRoman", 48, ["XLVIII.", "XLIX.", "L."]),
        ("ordinal", 1, ["1st.", "2nd.", "3rd."]),
        ("cardinalText", 20, ["Twenty.", "Twenty-one.", "Twenty-two."]),
        ("ordinalText", 19, ["Nineteenth.", "Twentieth.", "Twenty-first."]),
        ("chineseCounting", 1, ["1.", "2.", "3."]),
    ],
)
def test_number_formats(style: str, start: int, shown: list[str]) -> None:
    numbering = _ABSTRACT.format(level(0, style, "%1.", start=start))
    assert read("".join(numbered("x", 1) for _ in range(3)), numbering=numbering) == [f"{text} x" for text in shown]


def test_levels_restart_below_a_higher_one_unless_they_are_set_not_to() -> None:
    levels = level(0, "decimal", "%1.") + level(1, "decimal", "%1.%2")
    depths = (0, 1, 1, 0, 1)
    body = "".join(numbered("x", 1, depth) for depth in depths)
    assert read(body, numbering=_ABSTRACT.format(levels)) == ["1. x", "1.1 x", "1.2 x", "2. x", "2.1 x"]
    kept = level(0, "decimal", "%1.") + level(1, "decimal", "%1.%2", '<w:lvlRestart w:val="0"/>')
    assert read(body, numbering=_ABSTRACT.format(kept)) == ["1. x", "1.1 x", "1.2 x", "2. x", "2.3 x"]


def test_a_number_that_touches_its_text_and_one_that_is_nothing() -> None:
    touching = _ABSTRACT.format(level(0, "decimal", "§%1", '<w:suff w:val="nothing"/>'))
    assert read(numbered("x", 1), numbering=touching) == ["§1x"]
    assert read(numbered("x", 1), numbering=_ABSTRACT.format(level(0, "none", ""))) == ["x"]


def test_number_zero_takes_a_style_out_of_its_list() -> None:
    numbering = _ABSTRACT.format(level(0, "decimal", "%1."))
    styles = (
        '<w:style w:type="paragraph" w:styleId="N"><w:name w:val="N"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr>'
        "</w:pPr></w:style>"
    )
    off = '<w:numPr><w:numId w:val="0"/></w:numPr>'
    body = paragraph("a", style="N") + paragraph("b", style="N", properties=off) + paragraph("c", style="N")
    assert read(body, styles=styles, numbering=numbering) == ["1. a", "b", "2. c"]


def test_an_empty_paragraph_counts_but_a_section_break_does_not() -> None:
    numbering = _ABSTRACT.format(level(0, "decimal", "%1."))
    number = '<w:numPr><w:numId w:val="1"/></w:numPr>'
    body = paragraph("", properties=number + "<w:sectPr/>") + paragraph("a", properties=number)
    assert read(body + paragraph("", properties=number) + paragraph("b", properties=number), numbering=numbering) == [
        "1. a",
        "3. b",
    ]


def test_lists_that_name_a_list_style() -> None:
    numbering = (
        '<w:abstractNum w:abstractNumId="0"><w:numStyleLink w:val="L"/></w:abstractNum>'
        f'<w:abstractNum w:abstractNumId="1"><w:styleLink w:val="L"/>{level(0, "upperLetter", "%1)")}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
    )
    styles = (
        '<w:style w:type="numbering" w:styleId="L"><w:name w:val="L"/><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr>'
        "</w:pPr></w:style>"
    )
    assert read(numbered("x", 1) + numbered("y", 1), styles=styles, numbering=numbering) == ["A) x", "B) y"]


# Corners


def test_a_style_separator_puts_a_heading_and_its_clause_in_one_paragraph() -> None:
    mark = "<w:rPr><w:vanish/><w:specVanish/></w:rPr>"
    numbering = _ABSTRACT.format(level(0, "decimal", "%1."))
    body = (
        paragraph("Reporting.", style="Heading1", properties=f'<w:numPr><w:numId w:val="1"/></w:numPr>{mark}')
        + paragraph("The Supplier shall report.")
    )  # fmt: skip
    found = read_docx(make_docx(Docx(body, styles=STYLES, numbering=numbering)), ReadContext())
    assert texts(found) == ["1. Reporting. The Supplier shall report."]
    assert found.blocks[0].kind is BlockKind.LIST_ITEM
    assert found.blocks[0].heading == "Reporting"


def test_an_entire_clause_in_a_heading_style_is_not_a_heading() -> None:
    clause = "The Supplier shall in each year of the term report its emissions to the Customer."
    found = read_docx(make_docx(Docx(paragraph(clause, style="Schedule"), styles=STYLES)), ReadContext())
    assert found.blocks[0].kind is BlockKind.PARAGRAPH


def test_a_field_that_is_never_closed_swallows_nothing() -> None:
    opened = '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>REF x</w:instrText></w:r></w:p>'
    assert read(opened + paragraph("After.")) == ["After."]


def test_a_drop_down_shows_its_choice() -> None:
    field = (
        '<w:p><w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList><w:result w:val="1"/>'
        '<w:listEntry w:val="no"/><w:listEntry w:val="yes"/></w:ddList></w:ffData></w:fldChar></w:r>'
        '<w:r><w:instrText>FORMDROPDOWN</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
    )
    assert read(field) == ["yes"]


@pytest.mark.parametrize(("style", "field"), [("TOC1", False), ("Normal", True), ("TOC1", True)])
def test_a_table_of_contents_is_recognised_by_its_style_and_by_its_field(style: str, field: bool) -> None:
    found = read_docx(make_docx(with_contents(style=style, field=field)), ReadContext())
    contents = [found.text[b.start : b.end] for b in found.blocks if b.contents]
    assert contents == [f"{entry}\t{page}" for page, entry in enumerate(ENTRIES, start=3)]
    assert [(b.clause, b.contents) for b in found.blocks[len(ENTRIES) :]] == [("12", False)] * 3


def test_a_field_of_contents_that_is_never_closed_swallows_nothing() -> None:
    found = read_docx(make_docx(with_contents(style="Normal", closed=False)), ReadContext())
    assert [b.contents for b in found.blocks] == [True] * len(ENTRIES) + [False] * 3


def test_a_clause_in_the_style_of_contents_is_not_an_entry() -> None:
    body = paragraph("The Supplier shall report its emissions to the Customer in each year.", style="TOC1")
    (block,) = read_docx(make_docx(Docx(body)), ReadContext()).blocks
    assert not block.contents


def test_deleted_rows_are_gone() -> None:
    row = "<w:tr>{}<w:tc>{}</w:tc></w:tr>"
    table = (
        "<w:tbl>" + row.format("", paragraph("kept")) + row.format("<w:trPr><w:del/></w:trPr>", paragraph("gone"))
    ) + "</w:tbl>"
    assert read(table) == ["kept"]


def test_headers_of_all_sections_once() -> None:
    first = make_docx(Docx(paragraph("Body."), headers=[paragraph("Same"), paragraph("Same"), paragraph("Other")]))
    found = read_docx(first, ReadContext())
    assert texts(found, BlockKind.HEADER_FOOTER) == ["Same", "Other"]


def test_strict_office_open_xml() -> None:
    parts = document()
    parts.strict = True
    assert read_docx(make_docx(parts), ReadContext()).text == read_docx(make_docx(document()), ReadContext()).text


def test_a_document_with_macros_is_read_without_them() -> None:
    parts = Docx(paragraph("Text."), content_type=DOCM_TYPE, files={"word/vbaProject.bin": b"\xd0\xcf macro"})
    assert texts(read_document(make_docx(parts), ".docx", Limits())) == ["Text."]


@pytest.mark.parametrize("suffix", [".docm", ".dotx", ".dotm"])
def test_other_names_of_word_documents(suffix: str) -> None:
    found = read_document(make_docx(Docx(paragraph("Text."), content_type=DOCM_TYPE)), suffix, Limits())
    assert (texts(found), found.warnings) == (["Text."], ())


def test_an_embedded_web_page_shows_where_it_stands() -> None:
    parts = Docx(
        paragraph("Before.") + '<w:altChunk r:id="chunk"/>' + paragraph("After."),
        files={"word/chunk.html": b"<html><body><p>Inside.</p><script>gone()</script></body></html>"},
        relations=[("chunk", "aFChunk", "chunk.html")],
    )
    assert texts(read_docx(make_docx(parts), WITH_EMBEDDED)) == ["Before.", "Inside.", "After."]


def test_documents_in_documents_end_and_what_is_deeper_is_named() -> None:
    data = make_docx(Docx(paragraph("Level 5.")))
    for level in (4, 3, 2, 1, 0):
        chunk = Docx(
            paragraph(f"Level {level}.") + '<w:altChunk r:id="chunk"/>',
            files={f"word/level{level + 1}.docx": data},
            relations=[("chunk", "aFChunk", f"level{level + 1}.docx")],
        )
        data = make_docx(chunk)
    found = read_docx(data, WITH_EMBEDDED)
    assert texts(found) == ["Level 0.", "Level 1.", "Level 2.", "Level 3."]
    assert [(each.code, each.parts) for each in found.warnings] == [
        ("embedded_document", ("level1.docx: level2.docx: level3.docx: level4.docx",))
    ]


# Odd producers


def test_missing_and_misplaced_parts() -> None:
    plain = make_docx(Docx(paragraph("Text.", style="Heading1")))
    for drop in (("[Content_Types].xml",), ("_rels/.rels",), ("word/_rels/document.xml.rels",)):
        assert texts(read_docx(repacked(plain, drop=drop), ReadContext())) == ["Text."]
    assert failure(repacked(plain, drop=("word/document.xml",))).code is ErrorCode.CORRUPT


def test_backslashes_in_part_names() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(make_docx(document()))) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name.replace("/", "\\"), old.read(name))
    assert "seenclause" in read_docx(buffer.getvalue(), ReadContext()).text


def test_a_damaged_side_part_is_a_warning() -> None:
    data = repacked(make_docx(document()), add={"word/styles.xml": b"<w:styles><broken"})
    found = read_docx(data, ReadContext())
    assert "part_unreadable" in [warning.code for warning in found.warnings]
    assert "seenclause" in found.text


def test_what_follows_the_archive_does_no_harm() -> None:
    assert read_docx(make_docx(document()) + b"\x00junk PK" * 20_000, ReadContext()).word_count > 50


def test_utf_16_parts() -> None:
    xml = (
        '<?xml version="1.0" encoding="UTF-16"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/'
        '2006/main"><w:body><w:p><w:r><w:t>Wide.</w:t></w:r></w:p></w:body></w:document>'
    )
    data = repacked(make_docx(Docx("")), add={"word/document.xml": xml.encode("utf-16")})
    assert texts(read_docx(data, ReadContext())) == ["Wide."]


# Harm


def test_entities_are_refused_before_they_expand() -> None:
    laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10 if n else 'ha'}'>" for n in range(10))
    for prolog in (
        f"<!DOCTYPE d [{laughs}]>",
        "<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE d SYSTEM 'http://localhost/x.dtd'>",
    ):
        error = failure(make_docx(Docx(paragraph("a"), prolog=prolog)))
        assert error.code is ErrorCode.CORRUPT
        assert "document type" in error.message


def test_entities_hidden_in_another_encoding() -> None:
    xml = "<?xml version='1.0' encoding='{}'?><!DOCTYPE d [<!ENTITY a 'b'>]><d>&a;</d>"
    for name, codec in (("UTF-16", "utf-16"), ("UTF-16", "utf-16-be"), ("UTF-7", "utf-7"), ("cp037", "cp037")):
        data = repacked(make_docx(Docx("")), add={"word/document.xml": xml.format(name).encode(codec)})
        assert failure(data).code is ErrorCode.CORRUPT


def test_a_bomb_is_refused_by_its_ratio_and_by_its_size() -> None:
    data = repacked(make_docx(Docx(paragraph("a"))), add={"word/document.xml": b" " * 30_000_000})
    by_ratio = failure(data)
    assert by_ratio.code is ErrorCode.EXPANDS_TOO_MUCH
    assert "limits.expansion_ratio" in by_ratio.message
    by_size = failure(data, expanded_mb=10)
    assert "limits.expanded_mb" in by_size.message
    assert "30 MB" in by_size.message


def test_a_part_that_lies_about_its_size_stays_within_it() -> None:
    data = bytearray(repacked(make_docx(Docx(paragraph("a"))), add={"word/document.xml": b" " * 3_000_000}))
    size = (3_000_000).to_bytes(4, "little")
    data = bytearray(bytes(data).replace(size, (900).to_bytes(4, "little")))
    assert failure(bytes(data)).code is ErrorCode.CORRUPT


def test_too_many_parts() -> None:
    data = repacked(make_docx(Docx(paragraph("a"))), add={f"x{n}": b"" for n in range(20_001)})
    assert failure(data).code is ErrorCode.CORRUPT


@pytest.mark.parametrize("depth", [300, 3000, 100_000])
def test_deep_nesting(depth: int) -> None:
    error = failure(make_docx(Docx("<w:sdt>" * depth + paragraph("a") + "</w:sdt>" * depth)))
    assert error.code is ErrorCode.TOO_DEEP
    assert "limits.depth" in error.message


def test_nested_tables_up_to_the_limit_are_read() -> None:
    depth = 60
    body = "<w:tbl><w:tr><w:tc>" * depth + paragraph("inside") + "</w:tc></w:tr></w:tbl>" * depth
    assert read(body) == ["inside"]


def test_styles_in_a_circle() -> None:
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{a}"><w:name w:val="{a}"/><w:basedOn w:val="{b}"/></w:style>'
        for a, b in (("A", "B"), ("B", "A"))
    )
    assert read(paragraph("x", style="A"), styles=styles) == ["x"]


def test_numbers_too_large_to_count() -> None:
    numbering = _ABSTRACT.format(level(0, "lowerLetter", "%1.", start=2_000_000_000))
    huge = (
        '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="9999999999"/></w:tcPr>'
        + paragraph("x")
        + "</w:tc></w:tr></w:tbl>"
    )
    assert read(numbered("x", 1) + huge, numbering=numbering)[-1] == "x"


def test_too_much_text() -> None:
    assert failure(make_docx(Docx(paragraph("word " * 1000))), characters=2000).code is ErrorCode.TOO_MUCH_TEXT


def test_encrypted() -> None:
    data = make_ole({"EncryptionInfo": b"x", "EncryptedPackage": b"y"})
    assert failure(data).code is ErrorCode.ENCRYPTED
    with pytest.raises(ContractError) as caught:
        read_document(data, ".docx", Limits())
    assert caught.value.code is ErrorCode.ENCRYPTED


def test_half_a_file_is_damaged_and_not_short() -> None:
    data = make_docx(document())
    error = failure(data[: len(data) // 2])
    assert error.code is ErrorCode.CORRUPT
    assert "incomplete" in error.message


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_damaged_document_ends_in_text_or_an_error(data: st.DataObject) -> None:
    """Elements lost, doubled and renamed, in well-formed and broken XML alike."""
    package = make_docx(document())
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        part = data.draw(st.sampled_from(["word/document.xml", "word/styles.xml", "word/numbering.xml"]))
        xml = archive.read(part).decode()
    tags = re.findall(r"<[^>]+>", xml)
    for _ in range(data.draw(st.integers(1, 5))):
        tag = data.draw(st.sampled_from(tags))
        new = data.draw(st.sampled_from(["", "<w:p>", "</w:p>", "<w:tbl>", '<w:ilvl w:val="-3"/>', tag * 2]))
        xml = xml.replace(tag, new, data.draw(st.integers(1, 3)))
    try:
        found = read_docx(repacked(package, add={part: xml.encode()}), ReadContext())
    except ContractError:
        return
    assert all(0 <= b.start < b.end <= len(found.text) for b in found.blocks)


def test_real_contracts() -> None:
    for path in sorted((dev_data() / "contracts" / "docx").glob("*.docx")):
        found = read_docx(path.read_bytes(), ReadContext())
        assert found.word_count > 50, path.name
