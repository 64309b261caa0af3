"""Web pages under the name of a Word file."""

from __future__ import annotations

import pytest

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.text import read_html

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


def clauses(document: Document) -> list[tuple[str | None, str]]:
    return [(block.clause, document.text[block.start : block.end]) for block in document.blocks]


@pytest.mark.parametrize(
    ("lists", "right"),
    [
        (
            "<ol start=5><li>Term<ol type=a><li>long<li>short</ol><li value=9>Law</ol>",
            [("5", "5. Term"), ("5(a)", "a. long"), ("5(b)", "b. short"), ("9", "9. Law")],
        ),
        (
            "<ol><li>Term<ol style='list-style-type:lower-roman'><li value=3>c<li>d</ol></ol>",
            [("1", "1. Term"), ("1(iii)", "iii. c"), ("1(iv)", "iv. d")],
        ),
        ("<ol type=A><li>Aims<li>Words</ol>", [("(A)", "A. Aims"), ("(B)", "B. Words")]),
        ("<ol reversed start=2><li>two<li>one</ol>", [("2", "2. two"), ("2(1)", "1. one")]),
        ("<ol reversed><li>two<li>one</ol>", [(None, "two"), (None, "one")]),
        (
            "<style>@media print {ol.x {list-style: none}} .y, ol.x {list-style: lower-alpha inside}</style>"
            "<ol><li>Term<ol class='z x'><li>long</ol></ol>",
            [("1", "1. Term"), ("1(a)", "a. long")],
        ),
        (
            "<style>li:before {content: counters(item, '.') ' '}</style><ol><li>Term<ol><li>long<li>short</ol></ol>",
            [("1", "1. Term"), ("1.1", "1.1 long"), ("1.2", "1.2 short")],
        ),
        ("<ul style='list-style:none'><li>4.2 typed<li>(a) too</ul>", [("4.2", "4.2 typed"), ("4.2(a)", "(a) too")]),
        ("<ol><li>3.1 typed<li>3.2 typed</ol>", [("3.1", "3.1 typed"), ("3.2", "3.2 typed")]),
    ],
)
def test_lists_show_the_numbers_that_browsers_show(lists: str, right: list[tuple[str | None, str]]) -> None:
    assert clauses(read_html(f"<html><body>{lists}".encode(), ReadContext())) == right


@pytest.mark.parametrize(
    ("markup", "right"),
    [
        ("<p style='visibility:hidden'>no <b style='visibility: visible'>yes</b> no</p>", ["yes"]),
        ("<p hidden>no</p><table><tr><td style='display:none'>no<td>yes</table>", ["yes"]),
        ("<p>a <del>no</del><template>no</template>yes</p>", ["a yes"]),
        ("<p>By <input value=2030>, <select><option>no<option selected>all</select></p>", ["By 2030 , all"]),
        ("<p>By <select><option>all<option>no</select></p>", ["By all"]),
        ("<p><input type=checkbox checked>Yes</p><p><input type=radio>No</p>", ["☒ Yes", "☐ No"]),
        ("<p>Words<input type=hidden value=no><input type=submit value=no></p>", ["Words"]),
        ("<p>a <a class=msocomanchor href='#_msocom_1'>[A1]</a><a style='mso-comment-reference:A_1'>b</a></p>"
         "<div style='mso-element:comment-list'><div style='mso-element:comment'><p>no</p></div></div>", ["a b"]),
        ("<p><span style='font-family:\"Courier New\";mso-list:Ignore'>o<i>&nbsp; </i></span>item</p>", ["• item"]),
        ("<p>It ends.<sup>1</sup> CO<sub>2</sub>, 10<sup>3</sup> and 4<sup>th</sup>.</p>",
         ["It ends. CO2, 103 and 4th."]),
        ("<p>The Supplier&#146;s &#147;plan&#148;</p>", ["The Supplier’s “plan”"]),
    ],
)  # fmt: skip
def test_what_the_page_shows_is_what_is_read(markup: str, right: list[str]) -> None:
    document = read_html(f"<html><body>{markup}</body></html>".encode(), ReadContext())
    assert texts(document) == right


def test_struck_text_is_read_and_said_so() -> None:
    document = read_html(
        b"<p>The <s>old</s> <span style='text-decoration:line-through'>dear</span> price</p>", ReadContext()
    )
    assert document.text == "The old dear price\n"
    assert [warning.code for warning in document.warnings] == ["covered_text"]
    assert not read_html(b"<p>The <s> </s><u>new</u> price</p>", ReadContext()).warnings


@pytest.mark.parametrize("opening", ["<pre>", "<textarea>", "<p style='white-space: pre-wrap'>"])
def test_lines_that_the_page_keeps_are_laid_out_like_plain_text(opening: str) -> None:
    words = "4. CLIMATE\n\n4.1 The Supplier shall reduce its greenhouse gas\nemissions by half.\n\n4.2 It reports."
    end = "</" + opening[1:].split()[0].strip(">") + ">"
    document = read_html(f"<html><body>{opening}\n{words}\n{end}".encode(), ReadContext())
    assert clauses(document) == [
        ("4", "4. CLIMATE"),
        ("4.1", "4.1 The Supplier shall reduce its greenhouse gas emissions by half."),
        ("4.2", "4.2 It reports."),
    ]


def test_line_breaks_separate_clauses() -> None:
    page = (
        b"<p>4. CLIMATE<br>4.1 The Supplier reports.<br>4.2 It cuts<br>emissions under Section<br>7.2 above.<br><br>"
        b"More."
    )
    assert clauses(read_html(page, ReadContext())) == [
        ("4", "4. CLIMATE"),
        ("4.1", "4.1 The Supplier reports."),
        ("4.2", "4.2 It cuts\nemissions under Section\n7.2 above."),
        ("4.2", "More."),
    ]


@pytest.mark.parametrize(
    ("markup", "heading"),
    [
        ("<b>ENVIRONMENT</b>", "ENVIRONMENT"),
        ("<span style='font-weight:700'>Environmental</span> <b>matters</b>", "Environmental matters"),
        ("<u>Environment</u>", "Environment"),
        ("<b>6. Environment.</b>", "Environment"),
        ("<b>The Supplier shall report.</b>", "Law"),
        ("<b>and</b>", "Law"),
        ("<b>Environment</b> matters", "Law"),
        ("<b>Name:</b>", "Law"),
    ],
)
def test_a_short_bold_paragraph_is_a_heading(markup: str, heading: str) -> None:
    document = read_html(f"<h2>Law</h2><p>{markup}</p><p>The Supplier shall cut.</p>".encode(), ReadContext())
    assert document.blocks[-1].heading == heading


def test_a_table_that_lays_out_clauses_is_text_and_a_table_of_data_is_not() -> None:
    page = (
        "<table><tr><td></td><td>4.1</td><td>&nbsp;</td><td>The Supplier shall cut its emissions.</td></tr></table>"
        "<table><tr><td>(a)</td><td><p>by half; and</p></td></tr><tr><td>(b)</td><td>each year.</td></tr></table>"
        "<table><tr><th>Item</th><th>Price</th></tr><tr><td>1.</td>"
        "<td>Steel of the best kind that there is</td></tr></table>"
    )
    document = read_html(page.encode(), ReadContext())
    assert [(block.clause, block.row) for block in document.blocks] == [
        ("4.1", None), ("4.1(a)", None), ("4.1(b)", None),
        *(("4.1(b)", (3, row, at)) for row in (1, 2) for at in (1, 2)),
    ]  # fmt: skip
    assert texts(document)[0] == "4.1 The Supplier shall cut its emissions."


@pytest.mark.parametrize(
    "contents",
    [
        "<p><a href='#a'>1. Term</a></p><p><a href='#b'>2. Climate duties</a> 3</p><p>3. <a href='#c'>Law</a></p>",
        "<ul><li><a href='#a'>Term</a><li><a href='#b'>Climate change duties</a><li><a href='#c'>Law</a></ul>",
        "<p>CONTENTS</p><table><tr><td>1.<td>Term<td>1<tr><td>2.<td>Climate duties<td>3<tr><td>3.<td>Law<td>9</table>",
    ],
)
def test_tables_of_contents_are_never_judged(contents: str) -> None:
    page = f"{contents}<p>The <a href='#a'>Term</a> of the contract of the parties is long.</p>"
    document = read_html(page.encode(), ReadContext())
    marked = [block.contents for block in document.blocks if "CONTENTS" not in document.text[block.start : block.end]]
    assert all(marked[:-1])
    assert not marked[-1]


def test_two_links_are_no_table_of_contents() -> None:
    page = b"<p><a href='#a'>Climate schedule</a></p><p><a href='#b'>Price schedule</a></p><p>The Supplier shall cut."
    assert not any(block.contents for block in read_html(page, ReadContext()).blocks)


def test_a_sentence_over_a_page_end_is_one() -> None:
    page = (
        "<p>The Supplier shall cut the emissions of the</p><p align=center>12</p><hr>"
        "<p><a href='#toc'>Table of Contents</a></p><p>Greenhouse Gas register.</p>"
    )
    document = read_html(page.encode(), ReadContext())
    assert texts(document)[0] == "The Supplier shall cut the emissions of the Greenhouse Gas register."
    assert [block.kind for block in document.blocks[1:]] == [BlockKind.HEADER_FOOTER] * 2


@pytest.mark.parametrize("data", [b"<p>One&rsquo;s</p><p>4.1 Two</p>", "One’s\n\n4.1 Two".encode()])
def test_parts_of_pages_and_plain_text_are_read_under_the_name_of_a_page(data: bytes) -> None:
    document = read_document(data, ".htm", Limits())
    assert (texts(document), document.warnings) == (["One’s", "4.1 Two"], ())


def test_the_words_of_text_boxes_in_pages_of_word() -> None:
    box = (
        "<!--[if gte vml 1]><v:shape><v:textbox style='a'><![if !mso]><table><tr><td><![endif]><div>\n"
        "<p class=MsoNormal>Cut emissions.</p></div><![if !mso]></td></tr></table><![endif]></v:textbox></v:shape>"
        "<![endif]--><![if !vml]><img src=a.png><![endif]>"
    )
    page = f"<p>One {box}</p><p>Two</p>"
    assert texts(read_html(page.encode(), ReadContext())) == ["One", "Cut emissions.", "Two"]
    shown = page + "<div v:shape='a' class=shape><p>Cut emissions.</p></div>"
    assert texts(read_html(shown.encode(), ReadContext())) == ["One", "Two", "Cut emissions."]


def test_an_item_that_holds_only_a_list_has_its_number() -> None:
    page = b"<ol><li>Term<li><ol type=a><li>We cut emissions.</ol></ol><ul><li><ul><li>End.</ul></ul>"
    document = read_html(page, ReadContext())
    assert texts(document) == ["1. Term", "2.", "a. We cut emissions.", "• End."]
    assert [block.clause for block in document.blocks] == ["1", "2", "2(a)", "2(a)"]


def test_files_that_a_page_shows_in_frames_are_named() -> None:
    page = (
        "<p>Cover words.</p><iframe src='parts/schedule%201.html?a=b'></iframe><object data=plan.pdf></object>"
        "<iframe src='https://example.com/film.html'></iframe><iframe src='about:blank'></iframe>"
    )
    (found,) = read_html(page.encode(), ReadContext()).warnings
    assert (found.code, found.parts, found.unread) == ("external_part", ("schedule 1.html", "plan.pdf"), True)
    frames = b"<html><frameset><frame src=a.htm><frame src=b.htm></frameset><noframes>Frames.</noframes></html>"
    assert [each.parts for each in read_html(frames, ReadContext()).warnings] == [("a.htm", "b.htm")]
