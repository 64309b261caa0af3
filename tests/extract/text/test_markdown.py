"""Markdown as people, chats and pandoc write it: clauses on single lines, drawn tables, attributes, HTML."""

from __future__ import annotations

import pytest

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract import read_document


def read(text: str) -> Document:
    return read_document(text.encode(), ".md", Limits())


def texts(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def clauses(document: Document) -> list[tuple[str | None, str]]:
    return [(block.clause, document.text[block.start : block.end]) for block in document.blocks]


def cells(document: Document) -> dict[tuple[int, int, int], str]:
    return {block.row: document.text[block.start : block.end] for block in document.blocks if block.row}


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("**5. Environment**\n5.1 The Supplier keeps records.\n5.2 It cuts emissions.\n(a) first\n(b) second\n",
         [("5", "5. Environment"), ("5.1", "5.1 The Supplier keeps records."), ("5.2", "5.2 It cuts emissions."),
          ("5.2(a)", "(a) first"), ("5.2(b)", "(b) second")]),
        ("1. It shall:\n   (a) cut emissions; and\n   (b) report.\n2. Law.\n",
         [("1", "1. It shall:"), ("1(a)", "(a) cut emissions; and"), ("1(b)", "(b) report."), ("2", "2. Law.")]),
        ("2. Orders\n2.1. The Customer orders in writing.\n",
         [("2", "2. Orders"), ("2.1", "2.1. The Customer orders in writing.")]),
        ("1\\. Term\n\n1.1 Ten years, as the parties agree in Section\n7.2 of it, or for thirty\n(30) days more.\n",
         [("1", "1. Term"),
          ("1.1", "1.1 Ten years, as the parties agree in Section 7.2 of it, or for thirty (30) days more.")]),
        ("6.1 The Supplier pays:\n(a) the price, (b) the tax and (c) the rest.\n",
         [("6.1", "6.1 The Supplier pays: (a) the price, (b) the tax and (c) the rest.")]),
    ],
)  # fmt: skip
def test_clauses_on_single_lines(text: str, right: list[tuple[str, str]]) -> None:
    assert clauses(read(text)) == right


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("**Environment**", "Environment"),
        ("Environment\n-----------", "Environment"),
        ("4\\. Environment\n===", "Environment"),
        ("# []{#_Toc1 .anchor}4. Environment {#env .unnumbered}", "Environment"),
        ("**The Supplier pays.**", "Law"),
        ("The Supplier pays the price of the goods.\nThe Customer keeps them secret.\n---", "Law"),
    ],
)
def test_headings(text: str, heading: str) -> None:
    assert read(f"# Law\n\n{text}\n\nIt cuts emissions.\n").blocks[-1].heading == heading


def test_marks_of_pandoc_are_not_text() -> None:
    text = (
        '4.1 The "[Base *Year*]{.underline}" is [[2020]{.a}]{.b},[^1] CO~2~ and m^2^ count. ~~Old words.~~\n\n'
        '::: {custom-style="Body Text"}\n4.2 [The plan](plan.docx){.external} costs {amount} per {unit-price}\n:::\n\n'
        "[^1]: Or another year\n    that fits.\n"
    )
    document = read(text)
    assert texts(document) == [
        '4.1 The "Base Year" is 2020, CO2 and m2 count. Old words.',
        "4.2 The plan costs {amount} per {unit-price}",
        "Or another year that fits.",
    ]
    assert document.blocks[-1].kind is BlockKind.FOOTNOTE
    assert [warning.code for warning in document.warnings] == ["covered_text"]


GRID = """\
+---------------------+:-------------------:+
| Supplier            | Customer            |
+=====================+=====================+
| It shall **cut**    | It shall pay.       |
| its emissions.      |                     |
|                     | It keeps secrets.   |
+---------------------+---------------------+
| Both shall report.                        |
+---------------------+---------------------+
"""
SIMPLE = """\
  Supplier       Customer
  -------------- ----------------
  It cuts.       It pays.
  It reports.    It audits each year.

  : A caption
"""
HEADLESS = SIMPLE.split("\n", 1)[1].replace("\n\n  : A caption", "\n  -------------- ----------------")
MULTILINE = """\
-------------------------------------------
 Supplier            Customer
 duties              duties
------------------- -----------------------
 It shall cut its    It shall pay within
 emissions.          thirty days.

 It reports.         It audits.
-------------------------------------------
"""


@pytest.mark.parametrize(
    ("table", "right"),
    [
        (GRID, ["Supplier", "Customer", "It shall cut its emissions.", "It shall pay.", "It keeps secrets.",
                "Both shall report."]),
        (SIMPLE, ["Supplier", "Customer", "It cuts.", "It pays.", "It reports.", "It audits each year."]),
        (HEADLESS, ["It cuts.", "It pays.", "It reports.", "It audits each year."]),
        (MULTILINE, ["Supplier duties", "Customer duties", "It shall cut its emissions.",
                     "It shall pay within thirty days.", "It reports.", "It audits."]),
    ],
)  # fmt: skip
def test_drawn_tables(table: str, right: list[str]) -> None:
    document = read(f"# Duties\n\nBefore.\n\n{table}\nAfter [it](#x).\n\n| a | b |\n|---|---|\n| c | d |\n")
    drawn = [document.text[block.start : block.end] for block in document.blocks if block.row and block.row[0] == 1]
    assert drawn == right
    assert {"Before.", "After it."} <= set(texts(document))
    assert [text for row, text in cells(document).items() if row[0] == 2] == ["a", "b", "c", "d"]


def test_html_in_markdown() -> None:
    text = (
        "# Duties\n\n<table>\n<tr><th>Supplier</th><th>Customer</th></tr>\n<tr><td>\n\nIt cuts emissions\n\n</td>\n"
        "<td>It pays</td></tr></table>\n\n<ol type=a><li>It plants trees.</li><li>It audits.</li></ol>\n"
        "<p>The Supplier&rsquo;s plan is &lt;public&gt; &amp; free.</p>\n\n<!-- no\n\nno -->\n\n"
        "By <del>no</del>2030<!-- no -->.\n"
    )
    document = read(text)
    assert texts(document) == [
        "Duties", "Supplier", "Customer", "It cuts emissions", "It pays", "a. It plants trees.", "b. It audits.",
        "The Supplier’s plan is <public> & free.", "By 2030.",
    ]  # fmt: skip
    assert cells(document)[(1, 2, 1)] == "It cuts emissions"


def test_an_html_table_between_markdown_tables_has_its_own_number() -> None:
    table = "| a | b |\n|---|---|\n| c | d |\n"
    document = read(f"{table}\n<table><tr><td>e</td></tr></table>\n\n{table}")
    assert sorted({row[0] for row in cells(document)}) == [1, 2, 3]


def test_a_list_of_links_to_places_below_is_a_table_of_contents() -> None:
    document = read(
        "- [Term](#term)\n- [Climate change duties](#climate)\n- [Law](#law)\n\n# Term\n\nSee [it](#law) here.\n"
    )
    assert [block.contents for block in document.blocks] == [True, True, True, False, False]


def test_links_may_refer_to_what_stands_behind_a_table() -> None:
    assert "See the plan." in texts(read(f"See [the plan][1].\n\n{GRID}\n[1]: https://example.com/plan\n"))


@pytest.mark.parametrize(
    "text",
    ["[a]{" + ".a " * 100_000, "{" * 50_000 + "}", "# a " + "{.a" * 50_000, "-- --\n" * 30_000, "+--+\n" * 30_000,
     "a\n-- --\nb\n" * 10_000, "[^1]: a\n" * 9_000, "----------\n" * 30_000, "<table>\n" * 9_000,
     "<ol>\n</ol>\n" * 9_000],
)  # fmt: skip
def test_marks_without_end_cost_little(text: str) -> None:
    assert read(f"words\n\n{text}").blocks


def test_pandoc_shows_what_was_deleted_and_comments_as_spans_that_no_page_shows() -> None:
    text = (
        'We [shall cut]{.insertion author="A B"\ndate="2024-01-01"}[may [cut]{.underline}]{.deletion author="A"} '
        'it[[climate?]{.smallcaps}]{.comment-start id="0" author="A"} now[]{.comment-end id="0"}.\n'
    )
    assert texts(read(text)) == ["We shall cut it now."]


@pytest.mark.parametrize("rule", ["=", "-"])
def test_a_title_with_a_number_and_a_rule_below(rule: str) -> None:
    document = read(f"[]{{#_Toc1\n.anchor}}5. [Pay]{{.underline}}ment {{#pay .x}}\n{rule * 10}\n\nWe pay.\n")
    assert [(block.kind, block.clause, block.heading) for block in document.blocks] == [
        (BlockKind.HEADING, "5", "Payment"),
        (BlockKind.PARAGRAPH, "5", "Payment"),
    ]
    assert texts(read("5. We pay the price.\n---\n\nEnd.\n")) == ["5. We pay the price.", "End."]


def test_letters_and_bold_titles_right_below_an_item() -> None:
    document = read("1. Climate\na. We cut emissions.\nb. We report.\n**2. Law**\nEngland.\n")
    assert texts(document) == ["1. Climate", "a. We cut emissions.", "b. We report.", "2. Law", "England."]
    assert [block.clause for block in document.blocks] == ["1", "1(a)", "1(b)", "2", "2"]
    assert [block.heading for block in document.blocks] == ["Climate"] * 3 + ["Law"] * 2
