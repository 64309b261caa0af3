"""Clause numbers, the clauses they make, and the headings above."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.structure.numbering import find_number
from tclp_daemon.extract.structure.titles import is_contents_entry, is_title, looks_like_heading, run_in_heading
from tclp_daemon.formats import Kind

P, H, L = BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.LIST_ITEM


def build(*lines: str | tuple[BlockKind, str], format: str = "txt") -> Document:
    builder = DocumentBuilder(Limits())
    for line in lines:
        builder.add(*(line if isinstance(line, tuple) else (P, line)))
    return builder.build(Kind(format), "test")


@pytest.mark.parametrize(
    "text", ["(d), EACH PARTY'S LIABILITY SHALL", "(b) and (c) above apply", "(a) or (b), as the case"]
)
def test_a_citation_is_not_a_number(text: str) -> None:
    assert find_number(text) is None


def clauses(document: Document) -> list[str | None]:
    return [block.clause for block in document.blocks]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("1. The Supplier", "1"),
        ("1.1 The Supplier", "1.1"),
        ("11.4.2 the Supplier", "11.4.2"),
        ("11.4.2. The Supplier", "11.4.2"),
        ("(a) the Supplier", "(a)"),
        ("(iv) the Supplier", "(iv)"),
        ("a) the Supplier", "(a)"),
        ("(12) the Supplier", "(12)"),
        ("Article 5", "Article 5"),
        ("ARTICLE V TERM", "Article V"),
        ("Section 3.2 Fees", "3.2"),
        ("SECTION 3.2. Fees", "3.2"),
        ("Clause 4", "4"),
        ("Schedule 2", "Schedule 2"),
        ("EXHIBIT B-1", "Exhibit B-1"),
        ("§ 7 Haftung", "7"),
        ("Section 3.2 of this Agreement applies.", None),
        ("Clause 4 above applies.", None),
        ("(AA) the Supplier", "(AA)"),
        ("(BB) the Supplier", "(BB)"),
        ("5.2 CO2 emissions", "5.2"),
        ("5.2 C-level duties", "5.2"),
        ("1.5 million euros", None),
        ("1.5 °C above the level of 1850", None),
        ("1.5C above the level of 1850", None),
        ("0.5 MtCO2e in each year", None),
        ("1.5 tCO2e in each year", None),
        ("2.5 Mt of carbon dioxide", None),
        ("3.5 MWh of renewable power", None),
        ("(EU) 2021/1119 applies", None),
        ("(EV) charging points", None),
        ("12 March 2024", None),
        ("30 days after the notice", None),
        ("part of the deal", None),
        ("The 1. of May", None),
        ("31. December of each year", None),
        ("100.00 pounds are due", None),
        ("12.00 noon of that day", None),
        ("1.00 Term", "1.00"),
        ("4.- Climate", "4"),
    ],
)
def test_numbers(text: str, label: str | None) -> None:
    number = find_number(text, bare=True)
    assert (number.label if number else None) == label


def test_a_number_with_letters_behind_it() -> None:
    document = build("11. Environment", "11.4(b) The Supplier shall report.")
    assert document.blocks[1].clause == "11.4(b)"
    assert document.blocks[1].number == "11.4(b)"


def test_a_number_with_its_letter_goes_on_below_the_number_alone() -> None:
    document = build((H, "4. Climate"), "4(a) We pay.", "4(b) We cut emissions.", "5. Law", "1-1 One.")
    assert clauses(document)[:4] == ["4", "4(a)", "4(b)", "5"]
    assert [block.heading for block in document.blocks[:3]] == ["Climate"] * 3


def test_the_first_number_of_the_next_chapter() -> None:
    assert clauses(build("1-1 We pay.", "1-2 We report.", "2-1 We cut emissions.", "9-1 days are enough.")) == [
        "1-1", "1-2", "2-1", "2-1",
    ]  # fmt: skip
    assert clauses(build("[1.1] We pay.", "[2.1] We report.")) == ["1.1", "2.1"]


def test_numbers_that_begin_with_the_letter_of_their_chapter() -> None:
    document = build((H, "A. Climate"), "A.1 We pay.", "A.2 We cut emissions.", (H, "B. Law"), "B.1 We report.")
    assert clauses(document) == ["(A)", "A.1", "A.2", "(B)", "B.1"]
    assert [block.heading for block in document.blocks] == ["Climate"] * 3 + ["Law"] * 2


def test_letters_behind_a_number_that_ends_with_a_stop() -> None:
    assert clauses(build("4.1. We shall:", "4.1.(a) cut emissions;", "4.1.(b) report.")) == ["4.1", "4.1(a)", "4.1(b)"]


def test_the_recitals_lend_the_clauses_no_heading() -> None:
    document = build((H, "RECITALS"), "(A) We emit gases.", "NOW THEREFORE the parties agree:", "1. We cut emissions.")
    assert [block.heading for block in document.blocks] == ["RECITALS"] * 3 + [None]


def test_the_first_words_of_a_sentence_are_no_heading() -> None:
    text = "The Supplier reports each year on the emissions of all of its plants."
    document = build((H, "Law"), text, "Change of", f"Control means this. {text}")
    assert [block.heading for block in document.blocks] == ["Law"] * 4


def test_a_heading_with_a_number_and_no_stop() -> None:
    assert clauses(build((H, "4 Climate"), "We cut emissions.", format="docx")) == ["4", "4"]
    assert clauses(build((H, "12 High Street"), "12 Climate", "We cut emissions.")) == [None] * 3


def test_levels_nest_and_close() -> None:
    document = build(
        "1. The Supplier shall:", "(a) one;", "(i) two;", "(ii) three;", "(b) four.", "1.1 Five.", "2. Six.", "Seven."
    )
    assert clauses(document) == ["1", "1(a)", "1(a)(i)", "1(a)(ii)", "1(b)", "1.1", "2", "2"]


def test_recitals_are_a_series_of_their_own() -> None:
    parties = ["(1) Acme Limited; and", "(2) Bolt plc."]
    document = build((H, "PARTIES"), *parties, (H, "BACKGROUND"), "(A) Acme has a target.", "(B) Bolt helps.")
    assert clauses(document) == [None, "(1)", "(2)", None, "(A)", "(B)"]
    document = build("2. Duties", "(1) One.", (H, "Climate"), "(a) Two.", (H, "Water"), "(b) Three.")
    assert clauses(document)[3:] == ["2(1)(a)", "2(1)(a)", "2(1)(b)"]


def test_i_after_h_is_a_letter() -> None:
    document = build("3. All:", *(f"({letter}) item;" for letter in "abcdefghij"))
    assert clauses(document)[-2:] == ["3(i)", "3(j)"]


def test_v_after_iv_is_a_roman_number() -> None:
    document = build("3. All:", "(a) first:", *(f"({roman}) item;" for roman in ("i", "ii", "iii", "iv", "v", "vi")))
    assert clauses(document)[-2:] == ["3(a)(v)", "3(a)(vi)"]


def test_headings_reach_down() -> None:
    document = build(
        (H, "ENVIRONMENT"), "11.4 Climate Reporting. The Supplier shall report.", "(a) each year;", "11.5 It pays."
    )
    assert [block.heading for block in document.blocks] == [
        "ENVIRONMENT",
        "Climate Reporting",
        "Climate Reporting",
        "ENVIRONMENT",
    ]


def test_a_number_alone_takes_the_heading_that_follows() -> None:
    document = build((H, "ARTICLE V"), (H, "TERM AND TERMINATION"), "5.1 The term is long.")
    assert document.blocks[1].clause == "Article V"
    assert (document.blocks[2].clause, document.blocks[2].heading) == ("5.1", "TERM AND TERMINATION")


def test_schedules_lead_their_own_numbers() -> None:
    document = build("1. First.", "2. Second.", (H, "Schedule 2"), (H, "PRICES"), "1. Steel costs 5.", "1.1 Much.")
    assert clauses(document) == ["1", "2", "Schedule 2", "Schedule 2", "Schedule 2, 1", "Schedule 2, 1.1"]


def test_the_exhibit_number_of_a_filing_leads_nothing() -> None:
    assert clauses(build((H, "EXHIBIT 10.26"), "1. First."))[1] == "1"


def test_contents_entries_open_nothing() -> None:
    document = build("11.4 Climate Reporting ........ 23", "Schedule 2 Prices 40", "This Agreement is made today.")
    assert document.blocks[2].clause is None
    assert document.blocks[2].heading is None


def contents(*texts: str) -> list[str]:
    document = build(*texts)
    return [document.text[block.start : block.end] for block in document.blocks if block.contents]


@pytest.mark.parametrize(
    "line",
    [
        "12. Net zero and carbon reduction ........ 14",
        "Climate change reporting . . . . . . . . . iv",
        "Schedule of targets……… 20",
        "Appendix 2: Net zero plan .......... A-3",
    ],
)
def test_dots_before_a_page_number_make_a_line_of_contents(line: str) -> None:
    assert contents("The Supplier shall report.", line, "It shall also plan.") == [line]


def test_page_numbers_make_lines_of_contents_where_they_follow_one_another() -> None:
    lines = ["1. Interpretation 3", "12. Net zero and carbon reduction\t14", "Schedules", "13. Scope 3 reporting 14"]
    rest = ["Schedule 1 Targets for 2030 20", "1. Interpretation", "The Supplier shall reach net zero by 2030."]
    assert contents(*lines, *rest) == [*lines, rest[0]]


def test_under_its_title_two_lines_make_a_table_of_contents() -> None:
    lines = ["Net zero and carbon reduction 14", "Climate change reporting 15"]
    assert contents("TABLE OF CONTENTS", "Page", *lines, "This Agreement is made today.") == lines
    assert not contents("TABLES", *lines, "This Agreement is made today.")


@pytest.mark.parametrize(
    "lines",
    [
        ["3. Net Zero by 2050", "4. Carbon Budget 2030", "5. Climate Change Act 2008"],
        ["1. Scope 1", "2. Scope 2", "3. Scope 3"],
        ["1. Reduction of Scope 1", "2. Offsetting of Scope 2", "3. Reporting of Scope 3"],
        ["1. Reduce all emissions by 10", "2. Reduce them further by 20", "3. Reduce them at last by 30"],
        ["(a) Wind parks 10", "(b) Solar parks 20", "(c) Heat pumps 30"],
        ["Emissions of the year 10", "Emissions of the plant 20", "Emissions of the fleet 30"],
        ["1. Energy saved 90", "2. Water saved 40", "3. Waste saved 10"],
        ["The Supplier shall cut its emissions by ...", "and then … 30", "down to 40"],
    ],
)
def test_text_that_ends_in_a_number_is_not_a_line_of_contents(lines: list[str]) -> None:
    assert not contents(*lines, "This Agreement is made today.")


def test_a_title_that_ends_in_a_year_opens_its_clause() -> None:
    assert clauses(build("3. Net Zero by 2050", "The Supplier shall report.", "4. Plan for Scope 3", "It plans.")) == [
        "3",
        "3",
        "4",
        "4",
    ]


def test_a_heading_without_a_number_ends_the_clause_unless_it_goes_on() -> None:
    assert clauses(build("9. Last.", (H, "SIGNATURES"), "Signed by both."))[2] is None
    assert clauses(build("5. All:", (H, "Services"), "5.2 They go on."))[1] == "5"


def test_a_number_the_reader_knows_is_taken() -> None:
    builder = DocumentBuilder(Limits())
    builder.add(L, "11.4 Climate Reporting. The Supplier shall report.", number="11.4")
    (block,) = builder.build("docx", "test").blocks
    assert (block.number, block.clause, block.heading) == ("11.4", "11.4", "Climate Reporting")


def test_headers_and_footnotes_stand_under_nothing() -> None:
    document = build("1. First.", (BlockKind.HEADER_FOOTER, "2. Page"), (BlockKind.FOOTNOTE, "3 Note"), "Still first.")
    assert clauses(document) == ["1", None, None, "1"]


def test_parts_and_headings_stay_inside_their_schedule() -> None:
    document = build(
        "1. First.",
        "2. Second.",
        (H, "SCHEDULE 2"),
        (H, "The Works"),
        (H, "Part 1: Dates"),
        "1. One.",
        (H, "Part 2: Areas"),
        "1. Others are less.",
        (H, "SCHEDULE 3"),
        (H, "Rules"),
        (H, "Coming and going"),
        "1. The gate opens at seven.",
        (H, "Deliveries"),
        "2. No lorry reverses.",
        "All is booked.",
        (H, "EXECUTION PAGE"),
        "Signed.",
    )
    assert clauses(document)[4:] == [
        "Schedule 2, Part 1",
        "Schedule 2, Part 1, 1",
        "Schedule 2, Part 2",
        "Schedule 2, Part 2, 1",
        "Schedule 3",
        "Schedule 3",
        "Schedule 3",
        "Schedule 3, 1",
        "Schedule 3",
        "Schedule 3, 2",
        "Schedule 3, 2",
        None,
        None,
    ]
    assert [document.blocks[at].heading for at in (7, 11, 13)] == ["Areas", "Coming and going", "Deliveries"]


def test_a_list_of_schedules_opens_none_of_them() -> None:
    document = build(
        "1. Definitions",
        "Schedule 1 Prices",
        "Schedule 2 Rules",
        (H, "PREAMBLE"),
        "1. Definitions. A word is a word.",
        "Schedule 1 Prices",
        "1. Steel.",
        "Schedule 2 Rules",
        "1. Gate.",
    )
    assert clauses(document)[3:] == [None, "1", "Schedule 1", "Schedule 1, 1", "Schedule 2", "Schedule 2, 1"]


def test_the_main_body_goes_on_after_a_schedule_that_was_only_mentioned() -> None:
    document = build("11.4 The parties use:", "Exhibit A – Form of Note", "11.5 They sign it.", "12. Law.")
    assert clauses(document) == ["11.4", "Exhibit A", "11.5", "12"]


def rows(*lines: tuple[str, ...]) -> DocumentBuilder:
    builder = DocumentBuilder(Limits())
    builder.add(P, "This is agreed.")
    builder.add(P, "7. Particulars follow.")
    for at, line in enumerate(lines, start=1):
        for column, cell in enumerate(line, start=1):
            builder.add(BlockKind.TABLE_CELL, cell, row=(1, at, column))
    builder.add(P, "They complete the clauses.")
    return builder


def test_numbers_in_the_cells_of_a_table_are_not_clauses() -> None:
    prose = "The third weekend of July and the Friday before it, unless the harbour master says otherwise."
    builder = rows(("Clause", "Particulars"), ("1.1", prose), ("39.3", prose), ("Price", "148.20"))
    assert clauses(builder.build("pdf", "test"))[1:] == ["7"] * 10


def test_a_table_that_lays_out_clauses_shows_their_numbers() -> None:
    prose = "The Supplier shall report its emissions each year, and shall reduce them year by year."
    document = rows(("AGREED TERMS",), ("8.", prose), ("8.1", prose), ("(a)", prose)).build("docx", "test")
    assert clauses(document)[2:] == ["7", "8", "8", "8.1", "8.1", "8.1(a)", "8.1(a)", "8.1(a)"]


def test_a_list_below_a_clause_keeps_its_number() -> None:
    document = build(
        (H, "2. Use"),
        "2.3 The Customer shall not:",
        (L, "1. share;"),
        (L, "2. copy; or"),
        (L, "3. resell."),
        "2.4 It pays.",
        "3. Term. The term is long:",
        "1. One year.",
        "2. Two years.",
        "3. Three years.",
        "4. Fees. They are due.",
    )
    assert clauses(document) == ["2", "2.3", "2.3(1)", "2.3(2)", "2.3(3)", "2.4", "3", "3(1)", "3(2)", "3(3)", "4"]
    assert [block.heading for block in document.blocks[1:6]] == ["Use"] * 5
    assert (document.blocks[2].number, document.blocks[2].kind) == ("1", L)


def test_clauses_that_begin_again_without_a_colon_are_not_a_list() -> None:
    assert clauses(build("1. First.", "2. Last.", "1. First of the annex.", "2. Next."))[2:] == ["1", "2"]
    recitals = (
        "1. Acme makes steel.",
        "2. Both hereby agree as follows:",
        "1. Term. It is long.",
        "2. Fees. They are due.",
    )
    assert clauses(build(*recitals)) == ["1", "2", "1", "2"]
    assert clauses(build("1. Acme.", "2. Bolt.", "This is their deed:", "1. Term.", "2. Fees.")) == [
        "1",
        "2",
        "2",
        "1",
        "2",
    ]


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("Climate Reporting. The Supplier shall", "Climate Reporting"),
        ("Fees: The Customer pays", "Fees"),
        ("GENERAL TERMS During the term the", "GENERAL TERMS"),
        ("TERM The initial term", "TERM"),
        ("The Supplier shall report. The Customer", None),
        ("Acme Holdings Inc. The company", None),
        ("NCC Group shall pay", None),
    ],
)
def test_run_in_headings(text: str, heading: str | None) -> None:
    assert run_in_heading(text) == heading


def test_titles_and_headings() -> None:
    assert is_title("Terms and Conditions of Sale")
    assert not is_title("the Supplier shall pay")
    assert looks_like_heading("11.4 Climate Reporting")
    assert looks_like_heading("DEFINITIONS")
    assert not looks_like_heading("11.4 The Supplier shall report.")
    assert is_contents_entry("12.2 Early Termination for Cause. 41")
    assert not is_contents_entry("The price is 41")


@given(st.lists(st.tuples(st.sampled_from(list(BlockKind)), st.text(max_size=60)), min_size=1, max_size=30))
def test_any_blocks_keep_their_text_and_place(lines: list[tuple[BlockKind, str]]) -> None:
    builder = DocumentBuilder(Limits())
    kept = [text.strip() for _, text in lines if text.strip()]
    for kind, text in lines:
        builder.add(kind, text)
    if kept:
        document = builder.build("txt", "test")
        assert [document.text[block.start : block.end] for block in document.blocks] == kept


@given(st.text(alphabet="1234567890.()aivxIVX §ArticleSon :", max_size=80))
def test_find_number_stays_inside_the_text(text: str) -> None:
    number = find_number(text, bare=True)
    assert number is None or 0 < number.end <= len(text)


def test_doubled_letters_go_on_behind_z() -> None:
    labels = [f"({chr(97 + i)})" for i in range(26)] + [f"({2 * chr(97 + i)})" for i in range(26)]
    document = build("1.1 Definitions. These are they:", *((L, f"{label} “Thing” means a thing;") for label in labels))
    assert clauses(document)[1:] == [f"1.1{label}" for label in labels]


def test_roman_numbers_below_a_doubled_letter() -> None:
    items = ["(gg) one;", "(hh) these:", "(i) one;", "(ii) two;", "(iii) three;"]
    document = build("2. Terms", *((L, item) for item in items))
    assert clauses(document)[1:] == ["2(gg)", "2(hh)", "2(hh)(i)", "2(hh)(ii)", "2(hh)(iii)"]
