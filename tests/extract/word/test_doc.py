"""Word 97 to 2003: pieces, stories, fields, deleted text, lists; and files that are old, locked or broken."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from extract.docmaker import (
    Doc,
    Floating,
    Piece,
    Style,
    described,
    form_field,
    make_doc,
    make_ole,
    make_streams,
    picture,
    sprm,
)
from extract.wordmarkers import ENTRIES, GONE, SEEN
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devdata import dev_data
from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word.doc import read_doc

MARKERS = Path(__file__).parents[1] / "data" / "markers.doc"


def texts(document: Document, kind: BlockKind | None = None) -> list[str]:
    return [document.text[b.start : b.end] for b in document.blocks if kind is None or b.kind is kind]


def read(*pieces: Piece, **more: object) -> list[str]:
    return texts(read_doc(make_doc(Doc(list(pieces), **more)), ReadContext()))  # type: ignore[arg-type]


def failure(data: bytes, **limits: int) -> ContractError:
    with pytest.raises(ContractError) as caught:
        read_doc(data, ReadContext(Limits.model_validate(limits)))
    return caught.value


@pytest.fixture(scope="module")
def markers() -> Document:
    return read_doc(MARKERS.read_bytes(), ReadContext())


def test_every_construct_that_shows_is_read_once(markers: Document) -> None:
    words = re.findall(r"[\w-]+", markers.text)
    assert [word for word in SEEN.split() if words.count(word) != 1] == []


def test_nothing_that_does_not_show_is_read(markers: Document) -> None:
    assert [word for word in GONE.split() if word in markers.text] == []


def test_automatic_numbers_are_in_the_text(markers: Document) -> None:
    lines = texts(markers)
    assert "11. Climate Reporting seenheading" in lines
    assert "11.2 The Customer shall seenclausetwo pay." in lines
    assert "(b) seenletterb second item" in lines
    assert "(i) seenroman deeper item" in lines
    assert "Article VII seenoverride article" in lines
    assert "12.1 Fees seenrestart are due." in lines


def test_clause_and_heading(markers: Document) -> None:
    block = next(b for b in markers.blocks if "seenroman" in markers.text[b.start : b.end])
    assert (block.clause, block.heading, block.kind) == (
        "11.2(b)(i)",
        "Climate Reporting seenheading",
        BlockKind.LIST_ITEM,
    )


def test_tables(markers: Document) -> None:
    cells = {markers.text[b.start : b.end]: b.row for b in markers.blocks if b.kind is BlockKind.TABLE_CELL}
    assert cells["seencellone"] == (1, 1, 1)
    assert cells["seencellthree"] == (1, 1, 3)
    assert cells["seenspan"] == (1, 2, 2)
    assert cells["seennested"] == (2, 1, 1)


def test_running_lines_and_notes_have_their_kinds(markers: Document) -> None:
    assert texts(markers, BlockKind.HEADER_FOOTER) == ["Draft seenheader", "seenfooter page 1"]
    assert len(texts(markers, BlockKind.FOOTNOTE)) == 2


def test_pieces_of_both_widths_in_any_order() -> None:
    assert read(Piece("It’s the “first” "), Piece("Ωμέγα ", wide=True), Piece("– end €.\r")) == [
        "It’s the “first” Ωμέγα – end €."
    ]


def test_surrogates_across_pieces() -> None:
    pair = "\U0001f331".encode("utf-16-le")
    high, low = (int.from_bytes(pair[at : at + 2], "little") for at in (0, 2))
    assert read(Piece("A " + chr(high), wide=True), Piece(chr(low) + " B\r", wide=True)) == ["A \U0001f331 B"]


def test_special_characters() -> None:
    text = "one\ttwo\x0bthree\x1efour\x1ffive\x01\x05\x08\x02six\x0cseven\r"
    assert read(Piece(text)) == ["one\ttwo\nthree-fourfivesix", "seven"]


def test_fields_show_their_results() -> None:
    nested = "see \x13 REF x \x13 PAGE \x14 3 \x15 \x14clause 4\x15, and \x13 XE hidden \x15end.\r"
    assert read(Piece(nested)) == ["see clause 4, and end."]


def test_a_field_that_is_never_closed_swallows_nothing() -> None:
    assert read(Piece("before \x13 after.\rNext.\r")) == ["before  after.", "Next."]


def test_a_table_of_contents_is_recognised_by_its_style_and_by_its_field() -> None:
    styled = read_doc((MARKERS.parent / "contents.doc").read_bytes(), ReadContext())
    lines = "\r".join(f"{entry}\t{page}" for page, entry in enumerate(ENTRIES, start=3))
    pieces = [Piece(f"\x13 TOC \\o \x14{lines}\r\x15By the end of 2030\rNext.\r")]
    for found in (styled, read_doc(make_doc(Doc(pieces)), ReadContext())):
        contents = [found.text[b.start : b.end] for b in found.blocks if b.contents]
        assert contents == lines.split("\r")
        assert len(found.blocks) > len(contents)


def test_deleted_and_hidden_pieces_of_a_fast_saved_file() -> None:
    deleted, vanish = 0x41 << 1 | 1 << 8, 0x5C << 1 | 1 << 8
    listed = struct.pack("<HB", 0x0800, 1)
    shown = read(
        Piece("stays "), Piece("deleted ", prm=deleted), Piece("hidden ", prm=vanish), Piece("listed ", prm=1),
        Piece("to the end.\r"), modifiers=[listed],
    )  # fmt: skip
    assert shown == ["stays to the end."]


def test_stories() -> None:
    parts = ["Main text.\r", "\x02 A note.\r", "Header line\r", "\x05Comment\r", "\x02End note.\r", "Boxed.\r"]
    lengths = [len(parts[0]), len(parts[1]), len(parts[2]), 0, *map(len, parts[3:])]
    document = read_doc(make_doc(Doc([Piece("".join(parts))], stories=lengths)), ReadContext())
    assert [(b.kind, document.text[b.start : b.end]) for b in document.blocks] == [
        (BlockKind.HEADER_FOOTER, "Header line"),
        (BlockKind.PARAGRAPH, "Main text."),
        (BlockKind.PARAGRAPH, "Boxed."),
        (BlockKind.FOOTNOTE, "A note."),
        (BlockKind.FOOTNOTE, "End note."),
    ]


def test_cells_without_formatting() -> None:
    document = read_doc(make_doc(Doc([Piece("one\x07two\x07\x07after\r")])), ReadContext())
    assert texts(document) == ["one", "two", "after"]
    assert [block.row is not None for block in document.blocks] == [True, True, False]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (Doc([Piece("x\r")], flags=0x0100), ErrorCode.ENCRYPTED),
        (Doc([Piece("x\r")], magic=0xA5DB, version=45), ErrorCode.UNSUPPORTED_WORD_VERSION),
        (Doc([Piece("x\r")], version=50), ErrorCode.UNSUPPORTED_WORD_VERSION),
        (Doc([Piece("\r\r")]), ErrorCode.NO_TEXT),
        (Doc([Piece("x\r")], clx=b""), ErrorCode.CORRUPT),
        (Doc([Piece("x\r")], clx=b"\x02\xff\xff\xff\xff" + b"\xff" * 40), ErrorCode.CORRUPT),
        (Doc([Piece("x\r")], clx=b"\x01\xff\xff" * 30), ErrorCode.CORRUPT),
    ],
)
def test_refusals(document: Doc, code: ErrorCode) -> None:
    assert failure(make_doc(document)).code is code


@pytest.mark.parametrize(
    ("streams", "code"),
    [
        ({"WordDocument": b"\xec\xa5\xc1\x00", "EncryptedPackage": b"x"}, ErrorCode.CORRUPT),
        ({"EncryptedPackage": b"x", "EncryptionInfo": b"x"}, ErrorCode.ENCRYPTED),
        ({"WordDocument": b"\xec\xa5\xc1\x00", "\tDRMContent": b"x"}, ErrorCode.ENCRYPTED),
        ({"Workbook": b"x"}, ErrorCode.CONTENT_MISMATCH),
    ],
)
def test_containers_of_other_things(streams: dict[str, bytes], code: ErrorCode) -> None:
    assert failure(make_ole(streams)).code is code


@pytest.mark.parametrize("start", [b"\xdb\xa5\x2d\x00", b"\x9b\xa5", b"\xfe\x37", b"1\xbe\x00\x00"])
def test_words_before_word_6(start: bytes) -> None:
    assert failure(start + bytes(2000)).code is ErrorCode.UNSUPPORTED_WORD_VERSION


def test_word_95() -> None:
    main = bytearray(0x300)
    text = "The Supplier shall report \x93emissions\x94.\rEnd.\r".encode("latin-1")
    struct.pack_into("<HH", main, 0, 0xA5DC, 104)
    struct.pack_into("<H", main, 6, 0x0809)
    struct.pack_into("<II", main, 0x18, 0x300, 0x300 + len(text))
    struct.pack_into("<8i", main, 0x34, len(text), 0, 0, 0, 0, 0, 0, 0)
    document = read_doc(make_ole({"WordDocument": bytes(main) + text}), ReadContext())
    assert texts(document) == ["The Supplier shall report “emissions”.", "End."]


def test_too_much_text() -> None:
    assert failure(make_doc(Doc([Piece("word " * 1000 + "\r")])), characters=2000).code is ErrorCode.TOO_MUCH_TEXT


def test_overlapping_pieces_cannot_multiply_the_text() -> None:
    """A thousand pieces that all point to the same megabyte."""
    main, table = make_streams(Doc([Piece("x" * 1_000_000)]))
    count = 1000
    plc = struct.pack(f"<{count + 1}I", *range(0, (count + 1) * 1_000_000, 1_000_000))
    plc += struct.pack("<HIH", 0, 0x400 * 2 | 0x4000_0000, 0) * count
    data = make_doc(Doc([Piece("x" * 1_000_000)], clx=b"\x02" + struct.pack("<I", len(plc)) + plc))
    assert len(main) > 1_000_000
    assert table
    assert failure(data).code is ErrorCode.TOO_MUCH_TEXT


def test_a_truncated_file_is_read_with_a_warning() -> None:
    data = make_doc(Doc([Piece("All of this. \r")], stories=[5000]))
    document = read_doc(data, ReadContext())
    assert [warning.code for warning in document.warnings] == ["text_incomplete"]


def test_a_doc_under_the_name_of_a_docx() -> None:
    document = read_document(MARKERS.read_bytes(), ".docx", Limits())
    assert document.format == "doc"
    assert [warning.code for warning in document.warnings] == ["content_mismatch"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_damaged_file_ends_in_a_document_or_an_error(data: st.DataObject) -> None:
    """Random bytes over the FIB, the tables and the formatting pages."""
    damaged = bytearray(MARKERS.read_bytes())
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, len(damaged) - 8))
        patch = data.draw(
            st.sampled_from([b"\xff" * 4, b"\x00" * 4, b"\x7f", b"\xff\xff\xff\x7f", b"\x01\x02\x03\x04"])
        )
        damaged[at : at + len(patch)] = patch
    if data.draw(st.booleans()):
        del damaged[data.draw(st.integers(600, len(damaged))) :]
    try:
        document = read_doc(bytes(damaged), ReadContext())
    except ContractError:
        return
    assert all(0 <= b.start < b.end <= len(document.text) for b in document.blocks)


def test_real_files() -> None:
    folder = dev_data() / "generic" / "doc"
    for path in sorted(folder.glob("*.doc")):
        assert read_doc(path.read_bytes(), ReadContext()).word_count > 0, path.name


def test_a_row_that_ends_outside_any_table_is_an_empty_paragraph() -> None:
    ends_inner_row = struct.pack("<HB", 0x244C, 1)
    assert read(Piece("\r", prm=1), Piece("All of this.\r"), modifiers=[ends_inner_row]) == ["All of this."]


BOLD, UNDERLINED, CAPITALS = sprm(0x0835, 1), sprm(0x2A3E, 1), sprm(0x083B, 1)
HIDDEN, SHOWN, STRUCK, WHITE = sprm(0x083C, 1), sprm(0x083C, 0), sprm(0x0837, 1), sprm(0x6870, 0xFFFFFF, 4)
STYLES = [
    Style(),
    Style("Guidance", run=HIDDEN),
    Style("Deeper guidance", base=1),
    Style("Secret", kind=2, run=HIDDEN),
    Style("Own title", run=BOLD),
    Style("List"),
]
DUTY = "The Supplier shall reduce its greenhouse gas emissions by 2030.\r"


def formatted(*pieces: Piece, **more: object) -> Document:
    made = Doc(list(pieces), styles=STYLES, fonts=["Arial", "Symbol", "Wingdings"], **more)  # type: ignore[arg-type]
    return read_doc(make_doc(made), ReadContext())


@pytest.mark.parametrize(
    ("pieces", "right"),
    [
        ([Piece("Gone.\r", style=1)], []),
        ([Piece("Gone.\r", style=2)], []),
        ([Piece("Gone", style=1), Piece(" seen", run=SHOWN, style=1), Piece("gone\r", style=1)], ["seenStays."]),
        ([Piece("seen "), Piece("gone", run=HIDDEN), Piece("here\r")], ["seen here"]),
        ([Piece("seen "), Piece("gone", run=sprm(0x4A30, 3, 2)), Piece("here\r")], ["seen here"]),
        ([Piece("seen\r", style=5)], ["seen"]),
        ([Piece("gone", run=HIDDEN, wide=True), Piece("seen\r")], ["seen"]),
    ],
)
def test_text_hidden_by_its_style(pieces: list[Piece], right: list[str]) -> None:
    right = right if right and right[-1].endswith("Stays.") else [*right, "Stays."]
    assert texts(formatted(*pieces, Piece("Stays.\r"))) == right


@pytest.mark.parametrize(
    ("pieces", "is_heading"),
    [
        ([Piece("Environmental Matters\r", run=BOLD)], True),
        ([Piece("Environmental Matters\r", run=UNDERLINED)], True),
        ([Piece("Environmental Matters\r", run=CAPITALS)], True),
        ([Piece("Environmental Matters\r", style=4)], True),
        ([Piece("Environmental ", run=BOLD), Piece("Matters", run=BOLD), Piece("\r")], True),
        ([Piece("Environmental ", run=BOLD), Piece("Matters\r")], False),
        ([Piece("Environmental Matters\r", style=4, run=sprm(0x0835, 0))], False),
        ([Piece("Environmental Matters\r")], False),
    ],
)
def test_headings_by_their_looks(pieces: list[Piece], is_heading: bool) -> None:
    document = formatted(Piece("Some words come first.\r"), *pieces, Piece(DUTY))
    assert document.blocks[-1].heading == ("Environmental Matters" if is_heading else None)


def test_a_heading_at_the_start_of_a_paragraph() -> None:
    title = [Piece("Environmental Matters. ", run=UNDERLINED), Piece(DUTY)]
    assert texts(formatted(Piece("Some words come first.\r"), *title))[1:] == ["Environmental Matters.", DUTY.strip()]
    assert texts(formatted(Piece("ENVIRONMENTAL MATTERS\r"), Piece(DUTY)), BlockKind.HEADING) == [
        "ENVIRONMENTAL MATTERS"
    ]


@pytest.mark.parametrize(
    ("pieces", "covered"),
    [
        ([Piece("gone words", run=STRUCK), Piece(" here\r")], True),
        ([Piece("gone words", run=WHITE), Piece(" here\r")], True),
        ([Piece("gone words", run=sprm(0x2A42, 8)), Piece(" here\r")], True),
        ([Piece("white on black", run=WHITE + sprm(0x2A0C, 1)), Piece(" here\r")], False),
        ([Piece("white on black\r", run=WHITE, paragraph=sprm(0x442D, 1 << 5, 2))], False),
        ([Piece("a cell\x07", run=WHITE, paragraph=sprm(0x2416, 1))], False),
        ([Piece(" - ", run=STRUCK), Piece("a dash\r")], False),
        ([Piece("gone", run=STRUCK + HIDDEN), Piece(" here\r")], False),
    ],
)
def test_covered_text_is_read_and_said(pieces: list[Piece], covered: bool) -> None:
    document = formatted(*pieces, Piece("End.\r"))
    assert [warning.code for warning in document.warnings] == ["covered_text"] * covered


def test_text_in_symbol_fonts() -> None:
    symbol, wingdings = sprm(0x4A4F, 1, 2) + sprm(0x4A51, 1, 2), sprm(0x4A4F, 2, 2)
    pieces = [
        Piece("\xa3", run=symbol), Piece(" 1.5"), Piece("\xb0", run=symbol), Piece("C "),
        Piece("\uf0fe", run=wingdings, wide=True), Piece(" done "), Piece("All these words.", run=symbol), Piece("\r"),
    ]  # fmt: skip
    assert texts(formatted(*pieces)) == ["≤ 1.5°C ☑ done All these words."]


@pytest.mark.parametrize(
    ("code", "clauses"),
    [
        ("AUTONUM", ["1", "2"]),
        (r"AUTONUMLGL \e", ["1", "2"]),
        (r"AUTONUMOUT", ["I", "II"]),
        (r"LISTNUM \l 1", ["1)", "2)"]),
    ],
)
def test_numbers_that_fields_make(code: str, clauses: list[str]) -> None:
    document = read_doc(make_doc(Doc([Piece(f"\x13 {code} \x15 First.\r\x13 {code} \x15 Second.\r")])), ReadContext())
    assert [block.number for block in document.blocks] == clauses


def test_numbers_inside_a_paragraph_show_where_they_are() -> None:
    assert read(Piece("the items \x13 LISTNUM \x15 first and \x13 LISTNUM \x15 second\r")) == [
        "the items 1) first and 2) second"
    ]


@pytest.mark.parametrize(("state", "default", "shown"), [(1, 0, "☒"), (0, 1, "☐"), (25, 1, "☒"), (25, 0, "☐")])
def test_check_boxes_show_whether_they_are_ticked(state: int, default: int, shown: str) -> None:
    data = bytes(64) + form_field(1, state, default)
    box = Piece("\x01", run=sprm(0x6A03, 64, 4))
    pieces = [Piece("\x13 FORMCHECKBOX "), box, Piece("\x14\x15 Option A\r")]
    document = formatted(*pieces, data=data)
    assert texts(document) == [f"{shown} Option A"]
    assert document.warnings == ()


@pytest.mark.parametrize("result", ["", "2050"])
def test_a_drop_down_shows_its_choice(result: str) -> None:
    place = Piece("\x01", run=sprm(0x6A03, 0, 4))
    pieces = [Piece("by \x13 FORMDROPDOWN "), place, Piece(f"\x14{result}\x15 at most\r")]
    assert texts(formatted(*pieces, data=form_field(2, 1, 0, ["2030", "2040"]))) == ["by 2040 at most"]


@pytest.mark.parametrize(
    ("body", "objects", "codes"),
    [
        ("\x13 EMBED Word.Document.8 \\s \x14\x01\x15\r", {}, ["embedded_document"]),
        ("\x13 EMBED AcroExch.Document.7 \x14\x01\x15\r", {}, ["embedded_document"]),
        ("\x13 EMBED Equation.3 \x14\x01\x15\r", {}, []),
        ("\x01\r", {"_1": described("Equation.3"), "_2": described("Word.Document.12")}, ["embedded_document"]),
        ("\x13 EMBED Equation.3 \x14\x01\x15\r", {"_1": described("Equation.3")}, []),
        ('\x13 INCLUDETEXT "C:\\\\x\\\\schedule.doc" \x14\x15\r', {}, ["external_part"]),
        ('\x13 INCLUDETEXT "C:\\\\x\\\\schedule.doc" \x14Its text.\x15\r', {}, []),
    ],
)
def test_objects_that_were_not_read_are_said(body: str, objects: dict[str, bytes], codes: list[str]) -> None:
    document = read_doc(make_doc(Doc([Piece(f"Text.\r{body}")], objects=objects)), ReadContext())
    assert [warning.code for warning in document.warnings] == codes


@pytest.mark.parametrize(
    ("data", "before", "warned"),
    [
        (picture(9000, 13000), "", True),
        (picture(4500, 6500, scale=2000), "", True),
        (picture(1500, 500), "", False),
        (picture(9000, 13000), "\x13 EMBED Equation.3 \x14", False),
        (b"\xff" * 80, "", False),
    ],
)
def test_pictures_of_pages_are_said(data: bytes, before: str, warned: bool) -> None:
    pieces = [Piece(f"{'Some words. ' * 30}{before}"), Piece("\x01", run=sprm(0x6A03, 0, 4)), Piece("\x15\r")]
    document = formatted(*pieces, data=data)
    assert [warning.code for warning in document.warnings] == ["pictures_without_text"] * warned


@pytest.mark.parametrize(
    ("shape", "warned"),
    [
        (Floating(370, 9000, 13000), True),
        (Floating(370, 9000, 13000, flags=0x4000), False),
        (Floating(370, 900, 1300), False),
        (Floating(370, 9000, 13000, properties=((0x0081, 1), (0x0180, 1))), False),
        (Floating(370, 9000, 13000, properties=((0x0081, 1), (0x4104, 1))), True),
    ],
)
def test_pictures_that_float_are_said(shape: Floating, warned: bool) -> None:
    made = Doc([Piece(f"{'Some words. ' * 31}\x08\r")], floating=[Floating(5, 100, 100), shape])
    document = read_doc(make_doc(made), ReadContext())
    assert [warning.parts for warning in document.warnings] == [("picture 2",)] * warned


def test_pictures_and_no_text() -> None:
    made = Doc([Piece("\x01", run=sprm(0x6A03, 0, 4)), Piece("\r")], styles=STYLES, data=picture(9000, 13000))
    assert failure(make_doc(made)).code is ErrorCode.NO_TEXT
