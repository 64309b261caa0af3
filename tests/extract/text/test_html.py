"""Web pages under the name of a Word file."""

from __future__ import annotations

import pytest

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.text.html import read_html

PAGE = """<!DOCTYPE html><html><head><title>gone</title><style>p {gone: 1}</style></head><body>
<h1>Supply Agreement</h1>
<p>The Supplier shall <b>report</b> its
   emissions&nbsp;&mdash; every year.</p>
<script>gone()</script><!-- gone -->
<ol start="3"><li>first<ul><li>inner</li></ul></li><li>second</li></ol>
<table><tr><td>one</td><td>two</td></tr><tr><td colspan=2>three</td></tr></table>
<div style="display: none">gone <div>gone</div></div><span style='mso-hide:all'>gone</span>
<p>line<br>break<p>left open<noscript>gone</noscript>
</body></html>"""


def texts(document: Document) -> list[str]:
    return [document.text[b.start : b.end] for b in document.blocks]


def test_blocks() -> None:
    document = read_html(PAGE.encode(), ReadContext())
    assert [(b.kind, document.text[b.start : b.end], b.row) for b in document.blocks] == [
        (BlockKind.HEADING, "Supply Agreement", None),
        (BlockKind.PARAGRAPH, "The Supplier shall report its emissions — every year.", None),
        (BlockKind.LIST_ITEM, "3. first", None),
        (BlockKind.LIST_ITEM, "• inner", None),
        (BlockKind.LIST_ITEM, "4. second", None),
        (BlockKind.TABLE_CELL, "one", (1, 1, 1)),
        (BlockKind.TABLE_CELL, "two", (1, 1, 2)),
        (BlockKind.TABLE_CELL, "three", (1, 2, 1)),
        (BlockKind.PARAGRAPH, "line\nbreak", None),
        (BlockKind.PARAGRAPH, "left open", None),
    ]


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<meta charset="utf-8">', "utf-8"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">', "cp1252"),
        ('<meta charset="iso-8859-1">', "cp1252"),
        ('<meta charset="no-such-code">', "utf-8"),
        ('<meta charset="ascii">', "utf-8"),
    ],
)
def test_encodings(head: str, encoding: str) -> None:
    page = f"<html><head>{head}</head><body><p>The party’s “costs”.</p></body></html>"
    assert texts(read_html(page.encode(encoding), ReadContext())) == ["The party’s “costs”."]


def test_a_hidden_element_that_nobody_closed_ends_with_the_page_body() -> None:
    assert texts(read_html(b"<p>seen</p><li hidden>seen too</li><p>end", ReadContext()))[-1] == "end"


@pytest.mark.parametrize("tag", ["div", "table", "ul"])
def test_deep_nesting_costs_no_more_than_its_length(tag: str) -> None:
    with pytest.raises(ContractError) as caught:
        read_html(f"<{tag}>".encode() * 100_000 + b"text", ReadContext())
    assert caught.value.code is ErrorCode.TOO_DEEP


def test_inline_nesting_is_read() -> None:
    assert texts(read_html(b"<b>" * 50_000 + b"text", ReadContext())) == ["text"]


def test_nothing_to_read() -> None:
    with pytest.raises(ContractError) as caught:
        read_html(b"<html><script>x</script></html>", ReadContext())
    assert caught.value.code is ErrorCode.NO_TEXT


def test_a_web_page_called_docx_is_read_and_said_so() -> None:
    document = read_document(PAGE.encode(), ".docx", Limits())
    assert document.format == "html"
    assert [warning.code for warning in document.warnings] == ["content_mismatch"]


def test_an_encoding_that_no_one_declares_is_guessed_with_a_warning() -> None:
    page = "<html><body><p>The Supplier’s fee is £500 – not more.</p></body></html>"
    document = read_html(page.encode("cp1252"), ReadContext())
    assert texts(document) == ["The Supplier’s fee is £500 – not more."]
    assert [warning.code for warning in document.warnings] == ["unsure_encoding"]
    declared = page.replace("<body>", "<head><meta charset=windows-1252></head><body>")
    assert not read_html(declared.encode("cp1252"), ReadContext()).warnings


@pytest.mark.parametrize(
    "opening",
    [
        "<svg width=1>", '<svg><path d="x"/>', "<math>", "<script>", "<style>", "<select><option>", "<template>",
        "<textarea>", "<title>", "<iframe>", "<noscript>", "<object>", "<xmp>", "<plaintext>", "<!-- ",
    ],
)  # fmt: skip
def test_what_has_no_end_hides_nothing(opening: str) -> None:
    page = f"<html><body><p>First.</p>{opening}<p>The Supplier shall report.</p><table><tr><td>Cell"
    document = read_html(page.encode(), ReadContext())
    assert texts(document) == ["First.", "The Supplier shall report.", "Cell"]
    assert [warning.code for warning in document.warnings] == ["markup_without_end"]


@pytest.mark.parametrize(
    "closed",
    ["<svg><g></g></svg>", "<svg/>", "<!-- <svg> -->", '<script>"<svg><!--"</script>', "<!-->", "<!-- a --!>"],
)
def test_what_has_an_end_gives_no_warning(closed: str) -> None:
    document = read_html(f"<html><body><p>First.</p>{closed}<p>Second.</p>".encode(), ReadContext())
    assert texts(document) == ["First.", "Second."]
    assert document.warnings == ()


def test_a_paragraph_ends_the_drawing_it_stands_in() -> None:
    page = b"<html><body><svg><text>x</text><p>The Supplier shall report.</p></svg><p>Second."
    assert texts(read_html(page, ReadContext())) == ["The Supplier shall report.", "Second."]


def test_cdata_is_text() -> None:
    page = b"<html><body><p><![CDATA[The Supplier shall report.]]></p>"
    assert texts(read_html(page, ReadContext())) == ["The Supplier shall report."]


def test_a_page_that_is_mostly_hidden_says_so() -> None:
    page = b"<html><body><p>Shown.</p><div style='display:none'>" + b"<p>Not shown at all.</p>" * 500
    document = read_html(page, ReadContext())
    assert texts(document) == ["Shown."]
    assert [warning.code for warning in document.warnings] == ["hidden_text"]


def test_tags_that_were_never_closed_lose_no_text() -> None:
    page = b"<html><body>" + b"<font size=2>a clause<br>" * 5000 + b"</div>" * 5000
    assert len(texts(read_html(page, ReadContext()))[0].split("\n")) == 5000


def test_a_codec_that_is_not_a_character_set_is_not_used() -> None:
    for name in (b"punycode", b"idna", b"unicode_escape", b"U7", b"utf_16"):
        page = b"<html><head><meta charset=" + name + b"></head><body><p>The Supplier.</p>"
        assert texts(read_html(page, ReadContext())) == ["The Supplier."]
