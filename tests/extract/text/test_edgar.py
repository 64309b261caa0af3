"""Filings at the SEC: the marks of EDGAR are no text, whether a document is a web page or plain text."""

from __future__ import annotations

import pytest

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract import read_document

HEADER = (
    "<SEC-DOCUMENT>0001.txt : 20210301\n<SEC-HEADER>0001.hdr.sgml\nCOMPANY NAME:\tACME CLIMATE INC\n</SEC-HEADER>\n"
)
CLAUSE = "4.1 The Supplier’s plan shall reduce its emissions by 50 per cent."
PAGE = (
    "<HTML><HEAD><TITLE>EX-10.1</TITLE></HEAD><BODY>\n<P><FONT SIZE=2>4.&nbsp;&nbsp;Climate</FONT></P>\n"
    "<P>4.1 The Supplier&#146;s plan shall reduce its\nemissions by 50&nbsp;per cent.</P></BODY></HTML>"
)


def document(body: str, type: str = "EX-10.1", file: str = "ex10.htm", title: str = "") -> str:
    fields = f"<TYPE>{type}\n<SEQUENCE>2\n<FILENAME>{file}\n" + (f"<DESCRIPTION>{title}\n" if title else "")
    return f"<DOCUMENT>\n{fields}<TEXT>\n{body}\n</TEXT>\n</DOCUMENT>\n"


def read(text: str, suffix: str = ".txt") -> Document:
    return read_document(text.encode(), suffix, Limits())


def texts(found: Document) -> list[str]:
    return [found.text[block.start : block.end] for block in found.blocks]


@pytest.mark.parametrize("suffix", [".txt", ".htm"])
@pytest.mark.parametrize("before", [HEADER, "-----BEGIN PRIVACY-ENHANCED MESSAGE-----\nMIC: x\n" + HEADER, ""])
@pytest.mark.parametrize("body", [PAGE, f"<XBRL>\n{PAGE}\n</XBRL>", f"4. Climate\n\n{CLAUSE}\n"])
def test_documents_of_a_filing(body: str, before: str, suffix: str) -> None:
    found = read(before + document(body), suffix)
    assert texts(found) == ["4. Climate", CLAUSE]
    assert [block.clause for block in found.blocks] == ["4", "4.1"]
    assert found.warnings == ()


def test_several_documents_stand_apart_and_pictures_are_left_out() -> None:
    found = read(
        HEADER
        + document(PAGE)
        + document("begin 644 logo.jpg\nM_]C_X``02D9)\nend", "GRAPHIC", "logo.jpg")
        + document("<XML>\n<a>figures</a>\n</XML>", "EX-101.INS", "a.xml")
        + document("<PDF>\nbegin 644 ex99.pdf\nM_]C\nend\n</PDF>", "EX-99", "ex99.pdf")
        + document("The Customer pays.\n", "EX-10.2", "b.txt", "PRICE LETTER")
    )
    assert texts(found) == ["4. Climate", CLAUSE, "PRICE LETTER", "The Customer pays."]
    assert (found.blocks[-1].clause, found.blocks[-1].heading) == (None, "PRICE LETTER")
    assert [(warning.code, warning.parts) for warning in found.warnings] == [("attached_file", ("ex99.pdf",))]


def test_a_filing_that_breaks_off_is_read_as_far_as_it_goes() -> None:
    whole = HEADER + document(PAGE)
    assert CLAUSE in read(whole[: whole.index("</BODY>")]).text
    assert CLAUSE in read(f"{HEADER}4. Climate\n\n{CLAUSE}\n").text


@pytest.mark.parametrize(
    "mark",
    ["<PAGE>", "<PAGE>   8", "     7\n<PAGE>   8", "     7\n\n<PAGE>\n\nACME INC", "<PAGE> 8\n<TABLE>\n<CAPTION>"],
)
def test_page_marks_cut_no_sentence_and_make_no_heading(mark: str) -> None:
    text = (
        "4.1 Emissions. The Supplier shall within thirty days of the end of each year\n"
        "deliver to the Customer a report, verified by an independent expert, of the\n\n"
        f"{mark}\n\nGreenhouse Gas emissions of its plants and of the plants of its agents.\n\n"
        "4.2 Audit. The Customer may audit the report once in each year of the Term.\n"
    )
    found = read(
        text + "".join(f"\n<PAGE>\n\nACME INC\n\n{at}. The Customer pays.\n" for at in (5, 6) if "ACME" in mark)
    )
    words = next(each for each in texts(found) if each.startswith("4.1"))
    assert words.endswith("of the Greenhouse Gas emissions of its plants and of the plants of its agents.")
    assert [block.heading for block in found.blocks if block.clause in ("4.1", "4.2")] == ["Emissions", "Audit"]
    assert not [block for block in found.blocks if block.kind is BlockKind.HEADING]
    assert "<" not in found.text


def test_a_table_is_read_row_by_row() -> None:
    rows = ["Year        Target       Base", "2030        50 per cent  2020", "2040        net zero     2020"]
    text = "\n".join(["<TABLE>", "<CAPTION>", rows[0], "<S>         <C>          <C>", *rows[1:], "</TABLE>"])
    found = read(
        f"The Supplier shall reach these targets in the years of the term.\n\n{text}\n\nIt reports each year.\n"
    )
    assert texts(found) == [
        "The Supplier shall reach these targets in the years of the term.",
        *(" ".join(row.split()) for row in rows),
        "It reports each year.",
    ]


def test_marks_in_a_page_made_of_a_plain_document_are_none_of_html() -> None:
    table = "<TABLE>\n<CAPTION>\nYear       Target\n<S>        <C>\n2030       half\n2040       net zero\n</TABLE>"
    found = read(
        f"<html><body><pre>\n4. CLIMATE\n\n{table}\n\n     7\n<PAGE>   8\n\n4.1 It reports.\n</pre></body></html>"
    )
    assert texts(found) == ["4. CLIMATE", "Year Target", "2030 half", "2040 net zero", "7", "4.1 It reports."]
    assert [warning.code for warning in found.warnings] == ["content_mismatch"]
