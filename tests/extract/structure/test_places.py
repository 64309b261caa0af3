"""Where sentences stand: numbers of all forms, lists in lists, and text that belongs to no clause."""

from __future__ import annotations

import cProfile

import pytest

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.formats import Kind

P, H, L = BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.LIST_ITEM
Line = str | tuple[BlockKind, str]
DUTY = "The Supplier shall reduce its greenhouse gas emissions and report on them each year."
OTHER = "The Customer pays the charges within thirty days of the invoice, and interest on late ones."


def build(*lines: Line, kind: Kind = Kind.TEXT) -> Document:
    builder = DocumentBuilder(Limits())
    for line in lines:
        builder.add(*(line if isinstance(line, tuple) else (P, line)))
    return builder.build(kind, "test")


def clauses(*lines: Line) -> list[str | None]:
    return [block.clause for block in build(*lines).blocks]


def headings(*lines: Line) -> list[str | None]:
    return [block.heading for block in build(*lines).blocks]


def kinds(*lines: Line) -> list[str]:
    return [block.kind.value for block in build(*lines).blocks]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["5. Energy", "5A. Climate", f"5A.1 {DUTY}", "6. Law"], ["5", "5A", "5A.1", "6"]),
        ([f"7.A {DUTY}", f"7.B {OTHER}"], ["7.A", "7.B"]),
        (["1. Law", DUTY, "THE SCHEDULE", f"1. {DUTY}"], ["1", "1", "Schedule", "Schedule, 1"]),
        (["2. Climate", f"2.a {DUTY}", f"2.b {OTHER}", "2.b.i each plant"], ["2", "2.a", "2.b", "2.b.i"]),
        (["A. Climate", f"A.1 {DUTY}", f"A.2 {OTHER}"], ["(A)", "A.1", "A.2"]),
        (["II. Climate", f"II.A {DUTY}", f"II.B {OTHER}", "III. Law"], ["II", "II.A", "II.B", "III"]),
        (["[2] Climate", f"[2.1] {DUTY}", f"[2.2] {OTHER}"], ["2", "2.1", "2.2"]),
        ([f"1-1 {DUTY}", f"1-2 {OTHER}"], ["1-1", "1-2"]),
        (["ARTICLE FIVE", "CLIMATE", DUTY, "Article Twenty-One. Law"], [*["Article Five"] * 3, "Article Twenty-One"]),
        ([f"Art. 5 {DUTY}", f"Art. 6 {OTHER}"], ["Article 5", "Article 6"]),
        ([f"FIRST: {DUTY}", f"SECOND: {OTHER}", f"Third. {DUTY}"], ["First", "Second", "Third"]),
        ([f"Paragraph 3 {DUTY}", f"§ 4 {OTHER}", f"Clause Seven: {DUTY}"], ["3", "4", "Section Seven"]),
        (
            [f"4(b) {DUTY}", f"4(b)(ii) {OTHER}", f"4.2 (a) {DUTY}", f"(b) {OTHER}"],
            ["4(b)", "4(b)(ii)", "4.2(a)", "4.2(b)"],
        ),
        (
            ["THE FIRST SCHEDULE", f"1. {DUTY}", f"2. {OTHER}"],
            ["First Schedule", "First Schedule, 1", "First Schedule, 2"],
        ),
        (["1. Law", "SCHEDULE THE SECOND", f"1. {DUTY}"], ["1", "Second Schedule", "Second Schedule, 1"]),
        (["1 Term", "The term is long.", "2 Climate", DUTY], ["1", "1", "2", "2"]),
        ([f"X7.1 {DUTY}", f"X7.2 {OTHER}"], ["X7.1", "X7.2"]),
    ],
)
def test_numbers_of_all_forms_open_their_clause(lines: list[str], expected: list[str | None]) -> None:
    assert clauses(*lines) == expected


@pytest.mark.parametrize(
    "line",
    [
        "(212) 555-0147",
        "(020) 7946 0123",
        "(30) days after the notice the Supplier answers",
        "(c) 2031 Aldwych Paper Inc.",
        "30 June 2031",
        "1. January 2031",
        "12 High Street",
        "U.S. law applies to the trade marks of the Supplier.",
        "A. N. Smith signs for the Supplier.",
        "5-10 Units are kept in stock.",
        "1.5 million euros are set aside.",
        "(2) of this clause does not apply.",
        "7.2 of the Lease applies as well.",
        "4(b) and 4(c) apply as well.",
        "PARTY OF THE OTHER PART, which pays the charges.",
        "Exhibits are a part of this agreement.",
    ],
)
def test_what_looks_like_a_number_opens_nothing(line: str) -> None:
    assert clauses("12.1 Notices go to the office of the Supplier.", line, DUTY) == ["12.1"] * 3


def test_a_reference_at_the_start_of_a_block_opens_nothing() -> None:
    before = "The amendments that the parties have agreed on are listed in the table of"
    assert clauses("3. Plans", before, "Appendix 6. The Supplier does not pursue them.", DUTY)[1:] == ["3"] * 3


def test_a_number_in_a_form_that_only_its_reader_knows_is_kept() -> None:
    builder = DocumentBuilder(Limits())
    for number, level in (("1", 1), ("Option A", 2), ("Option B", 2), ("2", 1)):
        builder.add(L, f"{number} {DUTY}", number=number, level=level)
    blocks = builder.build(Kind.DOCX, "test").blocks
    assert [block.clause for block in blocks] == ["1", "1 Option A", "1 Option B", "2"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # Each level of an outline has a form of its own, and the outer ones go on behind it.
        (
            ["I. DUTIES", "B. It agrees:", "I. to plan;", "II. to report.", "C. It pays.", "II. TERM", "III. LAW"],
            ["I", "I(B)", "I(B)(I)", "I(B)(II)", "I(C)", "II", "III"],
        ),
        (
            [
                "ARTICLE 2",
                "A. One.",
                "B. Two:",
                "1. first;",
                "2. second.",
                "C. Three.",
                "ARTICLE 3A",
                "A. Four.",
                "B. Five.",
            ],
            [
                "Article 2",
                *(f"Article 2{rest}" for rest in ("(A)", "(B)", "(B)(1)", "(B)(2)", "(C)")),
                "Article 3A",
                "Article 3A(A)",
                "Article 3A(B)",
            ],
        ),
        (
            ["4.2 All of:", "(a) one:", "(i) two:", "(aa) three;", "(bb) four.", "(b) five."],
            ["4.2", "4.2(a)", "4.2(a)(i)", "4.2(a)(i)(aa)", "4.2(a)(i)(bb)", "4.2(b)"],
        ),
        # "(i)" after "(h)" is the letter, unless "(ii)" follows.
        (
            ["3. All:", "(g) one;", "(h) these:", "(i) two;", "(ii) three;", "(i) four;", "(j) five."],
            ["3", "3(g)", "3(h)", "3(h)(i)", "3(h)(ii)", "3(i)", "3(j)"],
        ),
        # Clauses that each article counts from 1.
        (
            ["ARTICLE I", "Section 1. One.", "Section 2. Two.", "ARTICLE II", "Section 1. Three."],
            ["Article I", "Article I, Section 1", "Article I, Section 2", "Article II", "Article II, Section 1"],
        ),
        (["ARTICLE I", "1. One.", "2. Two.", "ARTICLE II", "3. Three."], ["Article I", "1", "2", "Article II", "3"]),
    ],
)
def test_series_go_on_where_they_were_left(lines: list[str], expected: list[str]) -> None:
    assert clauses(*lines) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["7.1 The Supplier is liable if:", "(a) it is late; or", "(b) it is negligent,", "then it pays."], "7.1"),
        (["7.1 It is liable if:", "(a) it is late; or", "(b) it is negligent.", OTHER], "7.1"),
        (["7.1 It is liable:", "(a) Delay. It pays for each day.", "(b) Defects. It pays all.", OTHER], "7.1(b)"),
    ],
)
def test_text_after_a_list_returns_to_the_sentence_of_the_list(lines: list[str], expected: str) -> None:
    assert clauses(*lines, "(c) One more.")[-2:] == [expected, "7.1(c)"]


def test_a_definition_stands_where_the_one_before_stands() -> None:
    lines = ["1.1 In this agreement:", "“Net Zero” means zero.", "“Plan” means:", f"(a) {DUTY}", f"(b) {OTHER}"]
    assert clauses(*lines, "“Target” means the target.", "1.2 It binds.") == [
        *["1.1"] * 3, "1.1(a)", "1.1(b)", "1.1", "1.2",
    ]  # fmt: skip
    assert clauses("2. Terms", "(a) In this part:", "“Plan” means a plan.", "(b) It binds.")[2:] == ["2(a)", "2(b)"]


def test_titles_are_headings_where_text_stands_below() -> None:
    lines: list[Line] = [
        (L, "1. Board of directors"),
        (L, f"1.1 {DUTY}"),
        (L, "2. Duties and Reports"),
        DUTY,
        "Caveats and Assurances",
        OTHER,
        (L, "3. Steel Works Limited"),
        (L, "4. Paper Works Limited"),
        (L, "5. To build the works"),
    ]
    assert headings(*lines) == [
        "Board of directors",
        "Board of directors",
        "Duties and Reports",
        "Duties and Reports",
        "Caveats and Assurances",
        "Caveats and Assurances",
        "Caveats and Assurances",
        "Caveats and Assurances",
        "Caveats and Assurances",
    ]


@pytest.mark.parametrize("line", ["30 June 2031", "</TABLE>", "$1,250,000", "By:", "Page 3 of 9", "* * *", "2031"])
def test_what_no_heading_can_be_is_none_whatever_the_reader_says(line: str) -> None:
    document = build("1. Climate", DUTY, (H, line), OTHER)
    assert (document.blocks[2].kind, document.blocks[3].heading) == (P, "Climate")


def test_a_heading_that_only_its_words_show_ends_no_clause() -> None:
    lines = ["1. Works", DUTY, "TOTAL OF THE TIME", OTHER]
    assert clauses(*lines, "SIGNATURES", OTHER) == ["1", "1", "1", "1", None, None]
    assert clauses(*lines[:2], (H, "Total of the Time"), OTHER) == ["1", "1", None, None]


def test_an_amount_may_begin_a_heading() -> None:
    assert (
        headings("1. Climate", DUTY, (H, "$5,000,000 TERM LOAN FACILITY"), OTHER)[-1] == "$5,000,000 TERM LOAN FACILITY"
    )


def test_a_schedule_takes_the_title_below_it() -> None:
    assert (
        headings("1. Law", (H, "SCHEDULE 3"), "Confidentiality undertaking", f"1. {DUTY}")[2:]
        == ["Confidentiality undertaking"] * 2
    )


SIGNED = ["Aldwych Paper Inc.", "By: /s/ Ann Archer", "Name: Ann Archer", "Title: President of Aldwych Paper Inc."]


def test_a_signature_block_stands_under_no_clause() -> None:
    testimonium = "IN WITNESS WHEREOF, the parties have executed this agreement as of the date above."
    document = build(f"9. {OTHER}", testimonium, *SIGNED, (H, "SCHEDULE 1"), f"1. {DUTY}")
    assert [block.kind for block in document.blocks[1:6]] == [BlockKind.SIGNATURE] * 5
    assert [(block.clause, block.heading) for block in document.blocks[1:6]] == [(None, None)] * 5
    assert document.blocks[-1].clause == "Schedule 1, 1"
    assert kinds(f"9. {OTHER}", *SIGNED) == ["paragraph", *["signature"] * 4]


@pytest.mark.parametrize(
    "lines",
    [
        ["By 2030 the Supplier halves its emissions.", "Name: the name of the Supplier in its reports is its own."],
        ["Signed copies are kept by the Supplier, who shall report on them.", DUTY],
        ["Title: passes on delivery, and the risk with it, as the Supplier shall note.", DUTY],
        ["12 High Street is where the Supplier shall keep its records.", DUTY],
        ["1. Reduction of 40", "2. Reduction of 50", DUTY],
    ],
)
def test_prose_is_not_set_apart(lines: list[str]) -> None:
    assert not {"signature", "address", "listing"} & set(kinds(f"8. {OTHER}", *lines, OTHER))


def test_addresses_and_listings_are_set_apart_and_open_nothing() -> None:
    address = [
        "Aldwych Paper Inc.",
        "48 Parker Road",
        "Wellesley, MA 02482",
        "Attention: Ann Archer",
        "Ben Carter",
        "Fax: (212) 555-0147",
    ]
    drawings = ["A1.1 FIRST FLOOR PLAN 7-24-98", "A1.2 SECOND FLOOR PLAN 7-24-98", "E-101 ROOF PLAN 7-24-98"]
    document = build("8. Notices go to:", *address, f"9. {OTHER}", *drawings, DUTY)
    assert [block.kind.value for block in document.blocks] == [
        "paragraph", *["address"] * 6, "paragraph", *["listing"] * 3, "paragraph",
    ]  # fmt: skip
    assert [block.clause for block in document.blocks] == [*["8"] * 7, *["9"] * 5]


def test_lines_of_pages_open_nothing_and_are_no_headings() -> None:
    lines: list[Line] = []
    for page in range(46, 50):
        lines += [
            f"{page - 45}. Duty {'abcd'[page - 46]}",
            DUTY,
            f"Forum Agreement 2050 {page}",
            (H, "WORKING DRAFT"),
            OTHER,
        ]
    document = build(*lines)
    assert [block.kind.value for block in document.blocks[2:4]] == ["header_footer"] * 2
    assert (document.blocks[4].clause, document.blocks[4].heading) == ("1", "Duty a")
    marked = build(*lines, kind=Kind.DOCX)
    assert {block.kind for block in marked.blocks[2:4]} == {P}
    assert marked.blocks[4].heading == "Duty a"
    assert clauses(*(f"ARTICLE {number}" for number in range(1, 5)))[-1] == "Article 4"


def table(*rows: tuple[str, ...]) -> Document:
    builder = DocumentBuilder(Limits())
    builder.add(H, "KEY TERMS")
    for at, row in enumerate(rows, start=1):
        for column, cell in enumerate(row, start=1):
            builder.add(BlockKind.TABLE_CELL, cell, row=(1, at, column))
    return builder.build(Kind.DOCX, "test")


def test_the_value_of_a_key_stands_under_the_key() -> None:
    document = table(("Purchase overview",), ("Delivery schedule", OTHER), (DUTY, OTHER))
    assert [block.heading for block in document.blocks[1:]] == [
        "Purchase overview", "Purchase overview", "Delivery schedule", "Purchase overview", "Purchase overview",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "lines",
    [
        ["(i) x"], ["1-1 A"], ["5A.1 B"], ["By: ___"], ["48 Parker Road"], ["A-101 Plan"], ["Page 1 of Z"], ["I. x"],
        ["1. x"],         ["1. A:", "(a) x:", "(i) y:"], ["A. x:", "I. y:", "1) z:"], ["CONTENTS", "Law 3"],
        ["4(b)(ii)(a)(i)(b)(ii) x:"],
    ],
)  # fmt: skip
def test_time_grows_with_the_number_of_blocks_only(lines: list[str]) -> None:
    def calls(count: int) -> int:
        """How many calls of functions, which the load of the machine does not change, as seconds would."""
        profile = cProfile.Profile()
        with profile:
            build(*(lines * (count // len(lines))))
        return sum(entry.callcount for entry in profile.getstats())

    calls(200)
    assert calls(2000) < 5 * calls(500)


def contents(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks if block.contents]


def test_entries_without_pages_are_contents_up_to_the_text() -> None:
    entries = ["1. Interpretation", "2. Net zero and carbon reduction", "SCHEDULES", "3. Law"]
    body: list[Line] = ["1. Interpretation", DUTY, "2. Net zero and carbon reduction", OTHER, "3. Law", DUTY]
    document = build("CONTENTS", *entries, *body)
    assert contents(document) == entries
    assert [block.clause for block in document.blocks[5:]] == ["1", "1", "2", "2", "3", "3"]
    assert not contents(build("CONTENTS", "Steel plates", "Copper pipes", "Solar panels", DUTY))


def test_both_lines_of_a_wrapped_entry_are_contents() -> None:
    entries = [
        "1. Interpretation ........ 3",
        "2. Net zero and the reduction of",
        "carbon emissions ........ 5",
        "3. Law ....... 9",
    ]
    assert contents(build(*entries, "1. Interpretation", DUTY)) == entries


def test_a_table_with_titles_and_pages_is_contents() -> None:
    def read(rows: list[tuple[str, str, str]], *body: Line) -> Document:
        builder = DocumentBuilder(Limits())
        for at, row in enumerate(rows, start=1):
            for column, cell in enumerate(row, start=1):
                builder.add(BlockKind.TABLE_CELL, cell, row=(1, at, column))
        for line in body:
            builder.add(*(line if isinstance(line, tuple) else (P, line)))
        return builder.build(Kind.HTML, "test")

    rows = [("1.", "Interpretation", "3"), ("2.", "Net zero", "5"), ("3.", "Law", "9")]
    body = ["1. Interpretation", DUTY, "2. Net zero", OTHER, "3. Law", DUTY]
    assert len(contents(read(rows, *body))) == 9
    assert not contents(read(rows, DUTY, OTHER))
    assert not contents(read([("1.", "Interpretation", "9"), ("2.", "Net zero", "5"), ("3.", "Law", "3")], *body))


def test_clauses_go_on_behind_lines_to_sign_on_but_another_document_begins_anew() -> None:
    assert clauses("8. Notices", f"(a) {DUTY}", *SIGNED, f"(b) {OTHER}", f"9. {DUTY}")[-2:] == ["8(b)", "9"]
    assert clauses("8. Notices", f"(a) {DUTY}", *SIGNED, (H, "SIDE LETTER"), OTHER, f"(a) {DUTY}")[-2:] == [None, "(a)"]


@pytest.mark.parametrize("kind", [Kind.DOCX, Kind.ODT, Kind.HTML, Kind.MARKDOWN])
@pytest.mark.parametrize(
    ("heading", "clause", "title"),
    [
        ("4 Climate Roadmap", "4", "Climate Roadmap"),
        ("4: Climate", "4", "Climate"),
        ("4 – Climate", "4", "Climate"),
        ("4 Énergie", "4", "Énergie"),
        ("4.1 Scope", "4.1", "Scope"),
        ("4.1 – Scope", "4.1", "Scope"),
        ("5A Scope", "5A", "Scope"),
        ("5G Networks", None, "5G Networks"),
        ("2030 Targets", None, "2030 Targets"),
        ("3 March 2030", None, None),
        ("14 Mai 2030", None, "14 Mai 2030"),
        ("30 Day Returns", None, "30 Day Returns"),
        ("12 High Street", None, "12 High Street"),
        ("A Plan", None, "A Plan"),
        ("11 Page", None, "11 Page"),
    ],
)
def test_a_number_needs_no_full_stop_in_a_heading_that_the_file_marks(
    kind: Kind, heading: str, clause: str | None, title: str | None
) -> None:
    block = build((H, heading), DUTY, kind=kind).blocks[1]
    assert (block.clause, block.heading) == (clause, title)


def test_the_number_of_a_page_is_no_clause_though_the_clause_before_is_near() -> None:
    lines: list[Line] = ["10. Law", DUTY, (H, "11 Page"), "12. Term", OTHER]
    assert [block.clause for block in build(*lines, kind=Kind.MARKDOWN).blocks] == ["10", "10", None, "12", "12"]


def test_letters_of_headings_count_where_the_next_one_follows() -> None:
    lines: list[Line] = [(H, "A Scope"), DUTY, (H, "B Reports"), OTHER]
    assert [block.clause for block in build(*lines, kind=Kind.DOCX).blocks] == ["(A)", "(A)", "(B)", "(B)"]
    lines = [(H, "I Scope"), DUTY, (H, "II Reports"), OTHER]
    assert [block.clause for block in build(*lines, kind=Kind.DOCX).blocks] == ["I", "I", "II", "II"]


THINGS = ["(a) The use of energy in each plant.", "(b) The water that the plants take from the river."]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # A list of things that a colon announces is over where text follows and no further item.
        (["7.1 It reports on:", *THINGS, OTHER, "7.2 Law."], "7.1"),
        (["7.1 It reports on:", "(a) each plant:", "(i) its use of energy.", OTHER, "7.2 Law."], "7.1"),
        (["7.1 It reports on:", *THINGS, OTHER, "(c) its waste."], "7.1(b)"),
        (["7.1 It reports on:", "(a) Energy. It names each plant.", OTHER, "7.2 Law."], "7.1(a)"),
        (["7.1 It reports on:", "(a) Energy Reports.", OTHER, "7.2 Law."], "7.1(a)"),
        (["7.1 It reports on:", "(a)", OTHER, "7.2 Law."], "7.1(a)"),
        (["7.1 It reports on:", "(a) the use of its", "Plants. It names each of them as well.", "7.2 Law."], "7.1(a)"),
        (["7.1 It is not:", "(a) an agent; and", "(b) a bank; and", OTHER, "7.2 Law."], "7.1"),
        (["7.1 It keeps:", "(a) records", "Note: They are kept for ten years.", "7.2 Law."], "7.1"),
    ],
)
def test_text_after_the_last_item_of_a_list_of_things(lines: list[str], expected: str) -> None:
    assert clauses(*lines)[-2] == expected


def test_a_list_begins_below_the_text_that_announces_it() -> None:
    lines = ["1.1 Terms", "“Fee” means:", "(i) the charge; and", "(ii) the tax.", "“Plan” means a plan for:"]
    assert clauses(*lines, "(a) energy;", "(b) water.")[-2:] == ["1.1(a)", "1.1(b)"]
    assert clauses(*lines[:4], "“Plan” means a plan other than", "(a) a draft.")[-1] == "1.1(a)"


def test_a_form_that_a_clause_announces_stays_in_the_clause() -> None:
    form: list[Line] = [(H, "CERTIFICATE OF EMISSIONS"), DUTY]
    assert clauses("9. Each certificate is as follows:", *form) == ["9"] * 3
    assert clauses("9. Each certificate is signed.", *form) == ["9", None, None]


def test_a_title_over_two_lines_is_one_heading() -> None:
    assert headings((H, "MASTER AGREEMENT FOR"), (H, "CLIMATE SERVICES"), DUTY)[-1] == (
        "MASTER AGREEMENT FOR CLIMATE SERVICES"
    )
    lines: list[Line] = [(H, "9.2"), (H, "COMPLIANCE WITH"), (H, "CLIMATE LAWS"), DUTY]
    assert headings(*lines)[-1] == "COMPLIANCE WITH CLIMATE LAWS"


def test_titles_of_items_are_headings_where_their_text_stands_below() -> None:
    lines = [
        "4.1 It warrants:",
        "(a) Environmental Matters.",
        DUTY,
        "(b) Green Power.",
        "(i) it buys; and",
        "(ii) sells.",
    ]
    assert headings(*lines)[1:] == [*["Environmental Matters"] * 2, *["Green Power"] * 3]
    names = ["4.1 The banks are", "(a) First Bank Limited.", "(b) Second Bank.", "(c) Third Bank."]
    assert set(headings(*names)) == {None}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Guiding Principles", "Guiding Principles"),
        ("Ann Bell", "Climate"),
        ("Preliminary:", "Preliminary"),
        ("Background", "Background"),
    ],
)
def test_a_title_is_made_of_the_words_of_the_document(line: str, expected: str) -> None:
    assert headings("1. Climate", f"{DUTY} It has principles.", line, OTHER)[-1] == expected


def test_recitals_after_the_parties_are_a_series_of_their_own() -> None:
    parties = ["(1) Acme Limited;", "(2) Bell Limited."]
    assert clauses(*parties, "Preliminary:", f"(A) {DUTY}", f"(B) {OTHER}")[-2:] == ["(A)", "(B)"]


def test_the_name_above_an_address_is_no_heading() -> None:
    address = ["48 Parker Road", "Telephone: (212) 555-0147"]
    assert headings("1. Climate", DUTY, (H, "ALDWYCH INTERNATIONAL"), *address, OTHER)[-1] == "Climate"
    assert headings("1. Climate", DUTY, (H, "Contact us"), *address, OTHER)[-1] == "Contact us"


def test_a_title_before_an_amount_is_one() -> None:
    assert headings("1.5 Base Rent: $8,279 per month.")[-1] == "Base Rent"


def test_lines_to_sign_on_stand_under_the_heading_of_the_signatures() -> None:
    assert headings(f"1. {DUTY}", (H, "Signatures"), OTHER, *SIGNED)[-1] == "Signatures"
    assert headings((H, "Recitals"), DUTY, *SIGNED)[-1] is None


def test_a_title_above_text_in_one_cell_is_the_title_of_the_rows_below() -> None:
    builder = DocumentBuilder(Limits())
    rows = [("USING THIS AGREEMENT", 1, 1), (DUTY, 1, 1), ("Fees", 2, 1), (f"{OTHER[:-1]}:", 2, 2)]
    for cell, row, column in rows:
        builder.add(BlockKind.TABLE_CELL, cell, row=(1, row, column))
    for at, cell in enumerate(("Amount", "Milestone", "Date", "$500", DUTY, "May")):
        builder.add(BlockKind.TABLE_CELL, cell, row=(2, 1 + at // 3, 1 + at % 3))
    builder.add(P, OTHER)
    found = [block.heading for block in builder.build(Kind.DOCX, "test").blocks]
    assert found == [*["USING THIS AGREEMENT"] * 3, *["Fees"] * 7, "USING THIS AGREEMENT"]
