"""What the look of text says in a Word file: headings, symbol fonts, text that is struck out or white; and fields."""

from __future__ import annotations

import pytest
from extract.docxmaker import Docx, field, make_docx, paragraph

from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word.docx import read_docx

PROSE = "The Supplier shall halve its emissions by 2030."
BOLD, UNDERLINED, CAPITALS = "<w:b/>", '<w:u w:val="single"/>', "<w:caps/>"
STYLES = (
    '<w:style w:type="paragraph" w:styleId="Head"><w:name w:val="Clause Head"/><w:rPr><w:b/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Strong"><w:name w:val="Strong"/><w:rPr><w:b/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Heading2"><w:name w:val="heading 2"/></w:style>'
)


def read(body: str, **parts: object) -> Document:
    return read_docx(make_docx(Docx(body, styles=STYLES, **parts)), ReadContext())  # type: ignore[arg-type]


def headings(body: str) -> list[str]:
    found = read(body)
    return [found.text[each.start : each.end] for each in found.blocks if each.kind is BlockKind.HEADING]


def texts(found: Document) -> list[str]:
    return [found.text[block.start : block.end] for block in found.blocks]


@pytest.mark.parametrize(
    "title",
    [
        paragraph("Environmental Matters", run=BOLD),
        paragraph("Environmental matters of the Supplier", run=BOLD),
        paragraph("Environmental Matters", run=UNDERLINED),
        paragraph("Environmental Matters", run=CAPITALS),
        paragraph("Environmental Matters:", run=BOLD),
        paragraph("At-Will Supplies", run=BOLD),
        paragraph("Environmental Matters", style="Head"),
        paragraph("Environmental Matters", run='<w:rStyle w:val="Strong"/>'),
        f'<w:p><w:r><w:rPr>{BOLD}</w:rPr><w:t xml:space="preserve">Environmental </w:t></w:r><w:r><w:t> </w:t></w:r>'
        f"<w:r><w:rPr>{BOLD}{UNDERLINED}</w:rPr><w:t>Matters</w:t></w:r></w:p>",
    ],
)
def test_a_short_paragraph_that_stands_out_is_the_heading_of_what_follows(title: str) -> None:
    found = read(title + paragraph("") + paragraph(PROSE))
    assert found.blocks[0].kind is BlockKind.HEADING
    assert found.blocks[1].heading == texts(found)[0].rstrip(":")


@pytest.mark.parametrize(
    "body",
    [
        paragraph("The Supplier shall halve its emissions", run=BOLD) + paragraph(PROSE),
        paragraph("Aldwych Paper Ltd", run=BOLD) + paragraph("a company registered in Ireland (the Supplier)"),
        paragraph("Aldwych Paper Limited (the “Supplier”)", run=BOLD) + paragraph("whose office is at 1 Quay Street"),
        paragraph("Signed for the Supplier", run=BOLD) + paragraph("By: ______________________________"),
        paragraph("Aine Byrne", run=BOLD) + paragraph("Director"),
        paragraph("Name: Aine Byrne", run=BOLD) + paragraph("Managing Director of the Supplier"),
        paragraph("30 June 2026", run=BOLD) + paragraph(PROSE),
        paragraph("and", run=BOLD) + paragraph(PROSE),
        paragraph("[Insert heading]", run=BOLD) + paragraph(PROSE),
        paragraph("Environmental Matters", run=BOLD),
        paragraph("Environmental Matters", run=BOLD) + paragraph("All of this is bold, too.", run=BOLD),
        # A title page.
        "".join(paragraph(each, run=BOLD) for each in ("Supply of Paper", "The Seller", "The Buyer", "The Guarantor"))
        + paragraph(PROSE),
        # A run-in heading is a part of its paragraph.
        f"<w:p><w:r><w:rPr>{BOLD}</w:rPr><w:t>Climate</w:t></w:r><w:r><w:t> means the weather.</w:t></w:r></w:p>"
        + paragraph(PROSE),
        f"<w:tbl><w:tr><w:tc>{paragraph('Environmental Matters', run=BOLD)}{paragraph(PROSE)}</w:tc></w:tr></w:tbl>",
    ],
)
def test_what_stands_out_and_is_no_heading(body: str) -> None:
    assert headings(body) == []


def test_headings_of_one_section_follow_one_another() -> None:
    body = paragraph("Commercial Terms", run=BOLD) + paragraph("Environmental Matters", run=BOLD) + paragraph(PROSE)
    assert headings(body) == ["Commercial Terms", "Environmental Matters"]


def run_in(title: str, text: str) -> str:
    return f"<w:p>{run(f'{title} ', BOLD)}{run(text)}</w:p>"


def test_a_bold_title_at_the_start_of_a_paragraph_is_its_heading() -> None:
    found = read(run_in("Climate Change.", PROSE) + paragraph("The Customer shall help."))
    assert texts(found) == ["Climate Change.", PROSE, "The Customer shall help."]
    assert [block.heading for block in found.blocks[1:]] == ["Climate Change", "Climate Change"]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("CONFIDENTIAL.", "This draft is for discussion only."),
        ("Aldwych Paper Ltd.", "This is the name of the Supplier."),
        ("Supplier", "means Aldwych Paper Ltd, of Dublin."),
        ("The Supplier shall plant trees.", "It shall do so each year."),
        ("Term:", "Two years from the date of signature"),
    ],
)
def test_bold_words_at_the_start_of_a_paragraph_that_are_no_heading(title: str, text: str) -> None:
    assert texts(read(run_in(title, text))) == [f"{title} {text}"]


def test_a_number_and_a_title_on_two_lines_are_one_heading() -> None:
    body = f"<w:p><w:r><w:rPr>{BOLD}</w:rPr><w:t>ARTICLE IV</w:t><w:br/><w:t>Environmental Matters</w:t></w:r></w:p>"
    found = read(body + paragraph(PROSE))
    assert (found.blocks[1].clause, found.blocks[1].heading) == ("Article IV", "Environmental Matters")


# Fonts


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def fonts(name: str) -> str:
    return f'<w:rFonts w:ascii="{name}" w:hAnsi="{name}"/>'


@pytest.mark.parametrize(
    ("runs", "shown"),
    [
        (run("warming ") + run("\uf0a3", fonts("Symbol")) + run(" 1.5") + run("\uf0b0", fonts("Symbol")) + run("C"),
         "warming ≤ 1.5°C"),
        (run("warming ") + run("£", fonts("Symbol")) + run(" 1.5°C"), "warming ≤ 1.5°C"),  # the code without its range
        (run("a price of £5"), "a price of £5"),
        (run("a factor ") + run("a", fonts("Symbol")), "a factor α"),
        (run("\uf0fc", fonts("Wingdings")) + run(" agreed"), "✓ agreed"),
        (run("limit \uf0b3 5"), "limit ≥ 5"),  # the font was lost
        (run("The Supplier shall report.", fonts("Symbol")), "The Supplier shall report."),  # cannot be what shows
    ],
)  # fmt: skip
def test_text_in_symbol_fonts(runs: str, shown: str) -> None:
    assert texts(read(f"<w:p>{runs}</w:p>")) == [shown]


# Text that was perhaps meant to be gone

WHITE = '<w:color w:val="FFFFFF"/>'
DARK = '<w:shd w:val="clear" w:fill="1F3864"/>'


@pytest.mark.parametrize(
    ("body", "warns"),
    [
        (paragraph(PROSE, run="<w:strike/>"), True),
        (paragraph(PROSE, run="<w:dstrike/>"), True),
        (paragraph(PROSE, run='<w:strike w:val="0"/>'), False),
        (paragraph(PROSE, run=WHITE), True),
        (paragraph(PROSE, run='<w:color w:val="FEFEFE"/>'), True),
        (paragraph(PROSE, run='<w:color w:val="E0E0E0"/>'), False),
        (paragraph(PROSE, run=WHITE + DARK), False),
        (paragraph(PROSE, run=WHITE, properties=DARK), False),
        (f"<w:tbl><w:tr><w:tc>{paragraph(PROSE, run=WHITE)}</w:tc></w:tr></w:tbl>", False),
        (paragraph("—", run="<w:strike/>") + paragraph(PROSE), False),
    ],
)
def test_struck_and_white_text_is_read_with_a_warning(body: str, warns: bool) -> None:
    found = read(body)
    assert PROSE in found.text
    assert [each.message for each in found.warnings] == (
        ["There is text that is covered, struck out or painted in the colour of the paper; it was read like any other."]
        if warns
        else []
    )


# Fields


def checkbox(state: str) -> str:
    data = f"<w:ffData><w:checkBox><w:sizeAuto/>{state}</w:checkBox></w:ffData>"
    return field("FORMCHECKBOX", data=data) + run(" Option A")


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ('<w:default w:val="0"/>', "☐ Option A"),
        ('<w:default w:val="1"/>', "☒ Option A"),
        ('<w:default w:val="0"/><w:checked/>', "☒ Option A"),
        ('<w:default w:val="1"/><w:checked w:val="0"/>', "☐ Option A"),
    ],
)
def test_check_boxes_show_whether_they_are_ticked(state: str, shown: str) -> None:
    assert texts(read(f"<w:p>{checkbox(state)}</w:p>")) == [shown]


def test_a_check_box_stands_apart_from_its_option() -> None:
    data = "<w:ffData><w:checkBox/></w:ffData>"
    assert texts(read(f"<w:p>{field('FORMCHECKBOX', data=data)}{run('processor')}</w:p>")) == ["☐ processor"]


def test_a_check_box_whose_field_is_never_closed_swallows_nothing() -> None:
    body = f"<w:p>{checkbox('').rsplit('<w:r><w:fldChar', 1)[0]}</w:p>{paragraph(PROSE)}"
    assert texts(read(body)) == ["☐", PROSE]


def fielded(code: str, style: str = "") -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{field(code)}<w:r><w:tab/><w:t>Text.</w:t></w:r></w:p>'


@pytest.mark.parametrize(
    ("paragraphs", "shown"),
    [
        ([("AUTONUM", ""), ("AUTONUM", "")], ["1", "2"]),
        ([("AUTONUM \\* ROMAN \\s )", ""), ("AUTONUM \\* ROMAN \\s )", "")], ["I)", "II)"]),
        ([("AUTONUMLGL", ""), ("AUTONUMLGL", ""), ("AUTONUMLGL", "")], ["1", "2", "3"]),
        (
            [("AUTONUMLGL", "Heading1"), ("AUTONUMLGL", "Heading1"), ("AUTONUMLGL", "Heading2"), ("AUTONUMLGL", "")],
            ["1", "2", "2.1", "2.1.1"],
        ),
        ([("AUTONUMOUT", "Heading1"), ("AUTONUMOUT", "Heading2"), ("AUTONUMOUT", "Heading2")], ["I", "A", "B"]),
        ([("LISTNUM LegalDefault \\l 1", ""), ("LISTNUM LegalDefault \\l 2", "")], ["1", "1.1"]),
        ([("LISTNUM \\l 2 \\s 3", ""), ("LISTNUM \\l 2", "")], ["c)", "d)"]),
    ],
)
def test_numbers_that_fields_make(paragraphs: list[tuple[str, str]], shown: list[str]) -> None:
    found = read("".join(fielded(*each) for each in paragraphs))
    assert [each.number for each in found.blocks] == shown
    assert all(text.startswith(number) for text, number in zip(texts(found), shown, strict=True))


def test_numbers_of_fields_inside_a_paragraph_and_in_simple_fields() -> None:
    body = f"<w:p>{run('Any of ')}{field('LISTNUM')}{run(' coal, ')}{field('LISTNUM')}{run(' gas.')}</w:p>"
    body += '<w:p><w:fldSimple w:instr=" AUTONUM "/><w:r><w:t xml:space="preserve"> Text.</w:t></w:r></w:p>'
    assert texts(read(body)) == ["Any of 1) coal, 2) gas.", "1. Text."]
