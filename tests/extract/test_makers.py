"""Small files that ask for much are read right or end with a code, within the processor time of `child.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import pypdfium2
import pytest
from extract.pdfmaker import Page, make_pdf, write_objects
from extract.test_malformed import CODES, read_in_child

from devdata import dev_data
from tclp_daemon.config import Limits
from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.extract.pdf.objects import objects, plain_head
from tclp_daemon.extract.pdf.pictures import PagePictures
from tclp_daemon.extract.pdf.raster import PLAIN, Raster
from tclp_daemon.extract.pdf.weight import weigh

sys.path.insert(0, str(Path(__file__).parents[2]))

from fuzz.makers import MAKERS, suffix
from tclp_daemon.analysis.segment import split_sentences

SIZE = 20_000
# At half the size what is quadratic takes a quarter of the time, so patience is as much shorter.
HALF, PATIENCE_AT_HALF = SIZE // 2, 7.5
# How a careful reader ends; all others are read.
REFUSED = {
    "pdf_form_escaped": "corrupt",
    "pdf_form_comment": "corrupt",
    "pdf_form_after_a_string": "corrupt",
    "pdf_form_painted_often": "corrupt",
    "pdf_contents_repeated": "corrupt",
    "pdf_page_repeated": "corrupt",
    "pdf_annots_shared": "too_much_text",
    "pdf_flate_twice": "expands_too_much",
    "pdf_long_meaning": "corrupt",
    "doc_same_bytes": "expands_too_much",
    "doc_table_of_sectors": "corrupt",
    "doc_storage_in_a_ring": "content_mismatch",
    "docx_in_itself": "no_text",
    "htm_hidden": "too_deep",
    "htm_lists": "too_deep",
    "htm_pre": "too_deep",
    "mht_alternatives": "no_text",
    "mht_parts": "too_deep",
    "pdf_boxes": "no_text",
    "pdf_glyphs": "no_text",
    "rtf_groups": "too_deep",
}


@pytest.mark.parametrize("name", MAKERS["makers"])
def test_small_input_cannot_ask_for_much(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}{suffix(name)}"
    path.write_bytes(MAKERS["makers"][name](SIZE))
    (outcome,) = read_in_child([(path.suffix, path)]).values()
    assert outcome.split(" from ")[0] == REFUSED.get(name, "read")


@pytest.mark.slow
@pytest.mark.parametrize("group", ["marked", "packages", "pages"])
def test_small_input_of_any_format_cannot_ask_for_much(group: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}{suffix(name)}" for name in MAKERS[group]]
    for path in paths:
        path.write_bytes(MAKERS[group][path.stem](HALF))
    outcomes = read_in_child([(path.suffix, path) for path in paths], PATIENCE_AT_HALF)
    ends = {Path(path).stem: outcome.split(" from ")[0] for path, outcome in outcomes.items()}
    assert ends == {path.stem: REFUSED.get(path.stem, "read") for path in paths}


def test_notes_that_show_too_much_are_left_out_with_a_warning() -> None:
    document = read_document(MAKERS["pages"]["pdf_notes_with_one_look"](1200), ".pdf", Limits())
    assert document.text.startswith("The Supplier shall report its emissions to the Customer.")
    assert [warning.code for warning in document.warnings] == ["part_unreadable"]


def test_a_very_long_sheet_is_painted_small() -> None:
    page = pypdfium2.PdfDocument(make_pdf([Page(width=1_000_000_000, height=1).text(0, 0, "word", size=1)]))[0]
    raster = Raster(page, PLAIN)
    assert raster.width * raster.height <= 4_000_000
    assert PagePictures(make_pdf([Page(width=1_000_000_000, height=1)])).grey(1, 300, text=True)[0].size <= 20_000_000


def test_layers_that_name_one_another_over_and_over_are_known() -> None:
    first, levels = 6, 18
    named = [b"[/And %d 0 R %d 0 R %d 0 R]" % (at, at, at) for at in range(first + 1, first + levels + 1)]
    note = "<< /Type /Annot /Subtype /FreeText /Rect [70 600 300 612] /Contents ({}) /OC {} >>"
    shown, hidden = "<< /Type /OCMD /VE [/Not [/And 5 0 R [/Not 5 0 R]]] >>", f"<< /Type /OCMD /VE {first} 0 R >>"
    page = Page(entries=f"/Annots [{note.format('Shown', shown)} {note.format('Hidden', hidden)}]")
    groups = [b"<< /Type /OCG /Name (L) >>", *named, b"[/And 5 0 R]"]
    catalog = "/OCProperties << /OCGs [5 0 R] /D << /OFF [5 0 R] >> >>"
    data = make_pdf([page.text(72, 700, "The Supplier shall report.")], catalog=catalog, extra=groups)
    assert read_document(data, ".pdf", Limits()).text == "The Supplier shall report.\nShown\n"


def test_the_slow_files_of_old_end_in_time() -> None:
    folder = dev_data() / "faults"
    files = [path for kind in ("slow", "abort") for path in sorted((folder / kind).iterdir())]
    files = [path for path in files if path.suffix in (".pdf", ".doc")]
    outcomes = read_in_child([(path.suffix, path) for path in files])
    assert {outcome.split(" from ")[0] for outcome in outcomes.values()} <= CODES


def test_fields_that_share_a_child_are_left_out_with_a_warning() -> None:
    document = read_document(MAKERS["makers"]["pdf_fields_twice"](1), ".pdf", Limits())
    assert "shall report its emissions" in document.text
    assert [warning.code for warning in document.warnings] == ["damaged"]


@pytest.mark.parametrize("label", ["Rate", "Rate in % (yearly)"])
def test_a_label_with_a_per_cent_sign_shares_no_field(label: str) -> None:
    contents = b"BT /F1 11 Tf 72 700 Td (The Buyer agrees to the rate of interest below.) Tj ET"
    place = b"<< /Type /Annot /Subtype /Widget /Parent 6 0 R /Rect [72 %d 200 %d] /P 3 0 R >>"
    data = write_objects(
        [
            b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >>"
            b" /Contents 4 0 R /Annots [7 0 R 8 0 R] >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(contents), contents),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            b"<< /FT /Tx /T (a) /TU (%s) /V (four and a half) /Kids [7 0 R 8 0 R] >>" % label.encode(),
            place % (600, 620),
            place % (560, 580),
        ]
    )
    document = read_document(data, ".pdf", Limits())
    assert document.warnings == ()
    assert document.text.count("four and a half") == 2


def test_fields_in_an_object_stream_are_known_in_any_spelling() -> None:
    packed = b"7 0\n<< /T (a) /K#69ds [8 0 R 8 0 R] >>"
    data = write_objects(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [] /Count 0 >>",
            b"<< /Type /ObjStm /N 1 /First 4 /Length %d >>\nstream\n%s\nendstream" % (len(packed), packed),
        ]
    )
    assert weigh(data, Limits()).shared_kids


def test_form_is_known_in_any_spelling() -> None:
    assert b"/Subtype /Form" in plain_head(b"<< /Sub#74ype /F#6frm >>")
    assert b"/Subtype  \n/Form" in plain_head(b"<< /Subtype % x /Image\n/Form >>")
    assert b"/Kids [1 0 R]" in plain_head(b"<< /T (100%) /Kids [1 0 R] >>")
    (first, second) = objects(b"%PDF-1.7\n7 %c\n 0 obj<</A(endobj)/B 1>>endobj 8 0 obj [] endobj")
    assert first is not None
    assert second is not None
    assert (first.number, second.number) == (7, 8)
    assert b"/B 1" in first.head


def test_heads_of_objects_are_cut_where_the_next_begins() -> None:
    data = b"%PDF-1.7\n" + b"1 0 obj " * 50_000
    assert sum(len(item.head) for item in objects(data) if item is not None) < len(data)


def test_plain_contract_is_not_tried_out() -> None:
    page = Page(field_value="a value").text(72, 700, "11.4 Climate Reporting. The Supplier shall report.")
    weight = weigh(make_pdf([page] * 20), Limits())
    assert not weight.doubtful
    assert not weight.shared_kids
    assert weight.pages == 20


def test_file_without_pages_is_corrupt_whatever_was_read_before() -> None:
    empty = write_objects([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"])
    locked = make_pdf([Page().text(72, 700, "word")], user_password="secret")
    found = []
    for data in (empty, locked, empty, locked, empty):
        with pytest.raises(ContractError) as caught:
            read_document(data, ".pdf", Limits())
        found.append(caught.value.code)
    assert found[::2] == [ErrorCode.CORRUPT] * 3
    assert found[1::2] == [ErrorCode.ENCRYPTED] * 2


def test_long_runs_without_a_blank_keep_the_sentences_around_them() -> None:
    text = "The Supplier shall report. " + "?!" * 50_000 + " The Customer may ask. " + ". " * 50_000 + "It may not."
    document = Document(text, (Block(BlockKind.PARAGRAPH, 0, len(text)),), "txt", "test")
    found = [text[sentence.start : sentence.end] for sentence in split_sentences(document)]
    assert found[0] == "The Supplier shall report."
    assert any("The Customer may ask." in sentence for sentence in found)
    assert found[-1].endswith("It may not.")


def test_rtf_group_that_is_left_out_does_not_join_a_word_to_the_one_before() -> None:
    document = read_document(b"{\\rtf1 First.\\par{\\*\\bkmkstart x}2.1 Second.\\par}", ".doc", Limits())
    assert [document.text[block.start : block.end] for block in document.blocks] == ["First.", "2.1 Second."]
