"""OpenDocument texts: what shows and nothing else, with the numbers that the reader of the page sees."""

from __future__ import annotations

import pytest
from extract.odtmaker import h, items, level, make_odt, p

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.extract.context import ReadContext, Recognised, RecognisedLine
from tclp_daemon.extract.word.odt import read_odt

PROSE = "The Supplier shall halve its emissions by 2030."
LEGAL = (
    f'<text:list-style style:name="Legal">{level(1, "1", suffix=".")}{level(2, "1", shown=2)}'
    f"{level(3, 'a', prefix='(', suffix=')')}</text:list-style>"
)
OUTLINE = f"<text:outline-style>{level(1, '1', suffix='.')}{level(2, '1', shown=2)}</text:outline-style>"


def style(name: str, properties: str, family: str = "text") -> str:
    return (
        f'<style:style style:name="{name}" style:family="{family}"><style:text-properties {properties}/></style:style>'
    )


STYLES = (
    style("Bold", 'fo:font-weight="bold"', "paragraph")
    + style("Hidden", 'text:display="none"')
    + style("Struck", 'style:text-line-through-style="solid"')
    + style("White", 'fo:color="#ffffff"')
    + style("Symbol", 'style:font-name="Symbol"')
)


def span(text: str, name: str) -> str:
    return f'<text:span text:style-name="{name}">{text}</text:span>'


def read(body: str, **parts: object) -> Document:
    return read_document(make_odt(body, automatic=STYLES, **parts), ".odt", Limits())  # type: ignore[arg-type]


def texts(found: Document) -> list[str]:
    return [found.text[block.start : block.end] for block in found.blocks]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (p('one<text:s text:c="3"/>two<text:tab/>three<text:line-break/>four'), ["one two\tthree\nfour"]),
        (p(f"kept{span(' gone', 'Hidden')} kept"), ["kept kept"]),
        (p('kept<office:annotation><text:p>gone</text:p></office:annotation> kept'), ["kept kept"]),
        (f"<text:tracked-changes>{p('gone')}</text:tracked-changes>{p('kept')}", ["kept"]),
        (p('<text:change-start text:change-id="1"/>new<text:change-end text:change-id="1"/>'), ["new"]),
        (f'<text:section text:display="none">{p("gone")}</text:section>{p("kept")}', ["kept"]),
        (p('<text:hidden-text text:is-hidden="true">gone</text:hidden-text>kept'), ["kept"]),
        (p("<text:ruby><text:ruby-base>a</text:ruby-base><text:ruby-text>gone</text:ruby-text></text:ruby>"), ["a"]),
        (p(f"a<draw:frame><draw:text-box>{p('boxed')}</draw:text-box></draw:frame> b"), ["a b", "boxed"]),
        (p(f"<draw:custom-shape>{p('in a shape')}</draw:custom-shape>after"), ["after", "in a shape"]),
        (p(f"at most{span('£', 'Symbol')}5"), ["at most≤5"]),
        (p("soft\u00adly non\u2011stop"), ["softly non-stop"]),
    ],
)  # fmt: skip
def test_what_shows(body: str, shown: list[str]) -> None:
    assert texts(read(body)) == shown


def test_numbers_of_lists() -> None:
    body = (
        items(
            p("Term") + items(p("First.") + items(p("a tree,"), p("two trees.")), p("Second.") + p("More of it.")),
            p("Law"),
            style="Legal",
        )
        + p("Between.")
        + items(p("Notices"), style="Legal", more=' text:continue-numbering="true"')
        + items(p("Anew"), style="Legal")
        + items(p("Ninth"), style="Legal").replace("<text:list-item>", '<text:list-item text:start-value="9">')
    )
    found = read(body, styles=LEGAL)
    assert [block.number for block in found.blocks] == [
        *("1", "1.1", "(a)", "(b)", "1.2", None, "2", None, "3", "1", "9"),
    ]
    assert texts(found)[2] == "(a) a tree,"


def test_numbers_of_headings() -> None:
    body = (
        h("Term")
        + h("Start", 2)
        + p(PROSE)
        + h("Climate")
        + h("Aims", 2)
        + h("Annex", 1, ' text:is-list-header="true"')
    )
    found = read(body, styles=OUTLINE)
    assert texts(found) == ["1. Term", "1.1 Start", PROSE, "2. Climate", "2.1 Aims", "Annex"]
    assert [block.kind for block in found.blocks].count(BlockKind.HEADING) == 5
    assert found.blocks[2].clause == "1.1"


def test_a_number_that_the_program_wrote_is_kept() -> None:
    found = read(h("<text:number>5A.</text:number>Climate") + p(PROSE))
    assert (texts(found)[0], found.blocks[0].number) == ("5A. Climate", "5A")


def test_tables_notes_headers_and_contents() -> None:
    row = "<table:table-row>{}</table:table-row>"
    one = f"<table:table-cell>{p('One')}</table:table-cell><table:covered-table-cell/>"
    cells = row.format(f"{one}<table:table-cell>{p('Two')}</table:table-cell>")
    note = f"<text:note-citation>1</text:note-citation><text:note-body>{p('Noted.')}</text:note-body>"
    entry = p("Climate<text:tab/>4")
    body = (
        f"<text:table-of-content><text:index-body>{entry}</text:index-body></text:table-of-content>"
        f"<table:table>{cells}</table:table>{p(f'{PROSE}<text:note>{note}</text:note>')}"
    )
    running = f"<style:header>{p('Draft')}</style:header><style:footer>{p('Foot')}</style:footer>"
    master = f"<style:master-page>{running}</style:master-page>"
    found = read(body, master=master)
    assert [(block.kind.value, block.row, block.contents) for block in found.blocks] == [
        ("header_footer", None, False),
        ("paragraph", None, True),
        ("table_cell", (1, 1, 1), False),
        ("table_cell", (1, 1, 3), False),
        ("paragraph", None, False),
        ("footnote", None, False),
        ("header_footer", None, False),
    ]


def test_bold_paragraphs_are_headings() -> None:
    found = read(p("Environmental Matters", "Bold") + p(PROSE))
    assert (found.blocks[0].kind, found.blocks[1].heading) == (BlockKind.HEADING, "Environmental Matters")


def frame(content: str, width: str = "16cm", height: str = "23cm") -> str:
    return p(f'<draw:frame svg:width="{width}" svg:height="{height}">{content}</draw:frame>')


IMAGE = '<draw:image xlink:href="Pictures/1.png"/>'
LONG = p(PROSE * 10)


@pytest.mark.parametrize(
    ("body", "warns"),
    [
        (LONG + frame(IMAGE), [("pictures_without_text", ("Pictures/1.png",))]),
        (LONG + frame(IMAGE, "6in", "2in"), []),
        (LONG + frame(f'<draw:object xlink:href="./Object 1"/>{IMAGE}'), [("embedded_document", ("Object 1",))]),
        (LONG + frame(f'<draw:object xlink:href="./Formula"/>{IMAGE}'), []),
        (LONG + p(span("struck out", "Struck")), [("covered_text", ())]),
        (LONG + p(span("painted white", "White")), [("covered_text", ())]),
        (
            LONG + '<text:section><text:section-source xlink:href="../Schedule.odt"/></text:section>',
            [("external_part", ("Schedule.odt",))],
        ),
    ],
)
def test_what_the_reader_of_the_result_must_know(body: str, warns: list[tuple[str, tuple[str, ...]]]) -> None:
    files = {
        "Object 1/content.xml": b"<office:body><office:spreadsheet/></office:body>",
        "Formula/content.xml": b"<math/>",
    }
    assert [(each.code.value, each.parts) for each in read(body, files=files).warnings] == warns


def test_what_was_recognised_in_a_picture_stands_in_its_place() -> None:
    data = make_odt(LONG + frame(IMAGE) + p("Signed."))
    page = Recognised((RecognisedLine("4. Climate", 50, 400, 100, 11),), 842)
    found = read_odt(data, ReadContext(recognised={"Pictures/1.png": page}))
    assert texts(found)[1:] == ["4. Climate", "Signed."]
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (make_odt(p(PROSE), manifest="<encryption-data/>"), ErrorCode.ENCRYPTED),
        (make_odt(""), ErrorCode.NO_TEXT),
        (make_odt(frame(IMAGE)), ErrorCode.NO_TEXT),
        (make_odt(p(PROSE), kind="spreadsheet"), ErrorCode.CONTENT_MISMATCH),
        (make_odt(p(PROSE))[:-200], ErrorCode.CORRUPT),
        (make_odt(p(PROSE + "<text:x>" * 300)), ErrorCode.CORRUPT),
    ],
)
def test_what_cannot_be_read(data: bytes, code: ErrorCode) -> None:
    with pytest.raises(ContractError) as caught:
        read_document(data, ".odt", Limits())
    assert caught.value.code is code
