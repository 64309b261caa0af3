"""PDF: the document has what a reader sees on the page, in that order."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from extract.pdfmaker import Page, make_pdf

from devdata import dev_data
from tclp_daemon.config import Limits
from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document

BODY = [
    "The Supplier shall measure and report to the Customer, at least once in each",
    "calendar year, the greenhouse gas emissions that arise from the Services and",
    "from the production of the Goods, and shall reduce them year by year.",
]


def read(data: bytes, limits: Limits | None = None) -> Document:
    return read_document(data, ".pdf", limits or Limits())


def texts(document: Document, *kinds: BlockKind) -> list[str]:
    return [text_of(document, block) for block in document.blocks if not kinds or block.kind in kinds]


def text_of(document: Document, block: Block) -> str:
    return document.text[block.start : block.end]


def test_lines_of_a_paragraph_become_one_block() -> None:
    document = read(make_pdf([Page().lines(72, 760, BODY)]))
    assert texts(document) == [" ".join(BODY)]
    assert document.format == "pdf"
    assert "pypdfium2" in document.extractor


def test_blocks_are_exact_ascending_and_apart() -> None:
    document = read(make_pdf([Page().lines(72, 760, BODY).text(72, 600, "1. Term").lines(72, 560, BODY)]))
    ends = [0]
    for block in document.blocks:
        assert document.text[ends[-1] : block.start].strip() == ""
        assert text_of(document, block) == text_of(document, block).strip() != ""
        ends.append(block.end)


def test_a_paragraph_that_runs_over_the_page_end_is_one_block() -> None:
    first = Page().lines(72, 760, ["9.1 Reports. " + BODY[0], BODY[1]])
    second = Page().lines(72, 760, ["and from transport, and shall send the figures to the Customer."])
    document = read(make_pdf([first, second]))
    (block,) = document.blocks
    assert block.page == 1
    assert "Services and and from transport" in text_of(document, block)
    assert document.page_count == 2
    assert document.page_at(document.text.index("from transport")) == 2
    assert document.page_at(document.text.index("Services and")) == 1


def test_a_paragraph_over_three_pages_keeps_the_page_starts() -> None:
    pages = [
        Page().lines(72, 760, [f"part {number} of a sentence that goes on and on without any end in sight and"])
        for number in (1, 2, 3)
    ]
    document = read(make_pdf([*pages, Page().text(72, 760, "Then it ends.")]))
    assert document.page_count == 4
    assert [document.page_at(document.text.index(f"part {n}")) for n in (1, 2, 3)] == [1, 2, 3]
    assert document.page_at(document.text.index("Then")) == 4


def test_running_headers_footers_and_page_numbers_are_set_apart() -> None:
    pages = []
    for number in range(1, 5):
        page = Page().text(72, 810, "Supply Agreement - Acme plc", size=9)
        page.lines(
            72, 740, [f"Sentence number {number} stands alone and says one thing about topic {number}.", BODY[2]]
        )
        page.text(280, 30, f"Page {number} of 4", size=9)
        pages.append(page)
    document = read(make_pdf(pages))
    running = texts(document, BlockKind.HEADER_FOOTER)
    assert running.count("Supply Agreement - Acme plc") == 4
    assert [f"Page {n} of 4" in running for n in range(1, 5)] == [True] * 4
    assert not any("Acme plc" in text for text in texts(document, BlockKind.PARAGRAPH))
    assert [block.page for block in document.blocks if "of 4" in text_of(document, block)] == [1, 2, 3, 4]


def test_a_sentence_is_not_cut_by_the_footer_between_its_halves() -> None:
    pages = []
    for number in range(1, 4):
        page = Page().text(72, 810, "Confidential", size=9)
        ware = ("steel", "cement", "timber")[number - 1]
        page.lines(
            72,
            740,
            [f"and the Supplier shall further see to it that the {ware} is made and carried in such a way that"],
        )
        page.text(290, 30, str(number), size=9)
        pages.append(page)
    document = read(make_pdf(pages))
    assert len(texts(document, BlockKind.PARAGRAPH)) == 1
    assert texts(document, BlockKind.HEADER_FOOTER).count("Confidential") == 3


def test_a_note_at_the_page_foot_does_not_cut_a_sentence() -> None:
    note = [
        "1 Drafting note: the parties are to confirm the baseline year, which may be",
        "that of 2019 or a later one",
    ]
    halves = [
        "9.1 The Supplier shall, within the term, reduce the whole of its greenhouse",
        "gas emissions by one half.",
    ]
    first = Page().lines(72, 780, [*BODY, halves[0]]).lines(72, 80, note, size=8, leading=10).text(300, 30, "1")
    second = Page().lines(72, 780, [halves[1], "9.2 It reports."]).text(300, 30, "2")
    document = read(make_pdf([first, second]))
    assert texts(document) == [" ".join(BODY), " ".join(note), "1", " ".join(halves), "2", "9.2 It reports."]
    assert [block.page for block in document.blocks] == [1, 1, 1, 1, 2, 2]
    assert document.blocks[1].kind is BlockKind.FOOTNOTE


def test_a_note_after_which_nothing_goes_on_is_not_moved() -> None:
    note = "1 Drafting note: the parties are to confirm the baseline year of the"
    first = Page().lines(72, 780, [*BODY, "It ends."]).text(72, 80, note, size=8)
    document = read(make_pdf([first, Page().text(72, 780, "gas emissions, that is, fall.")]))
    assert texts(document) == [" ".join(BODY), "It ends.", note, "gas emissions, that is, fall."]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("matrix", "size"), [("0.707 0.707 -0.707 0.707 180 725", 80), ("0 1 -1 0 40 732", 9)])
def test_a_watermark_is_not_part_of_any_sentence(first: bool, matrix: str, size: int) -> None:
    page = Page()
    for step in (0, 1):
        if first is (step == 0):
            page.text(0, 0, "DRAFT", size=size, matrix=matrix)
        else:
            page.text(72, 780, "9. Climate").lines(72, 746, BODY)
    document = read(make_pdf([page]))
    assert texts(document, BlockKind.HEADER_FOOTER) == ["DRAFT"]
    assert texts(document, BlockKind.HEADING, BlockKind.PARAGRAPH) == ["9. Climate", " ".join(BODY)]


def test_letters_that_lean_are_not_a_watermark() -> None:
    page = Page().text(72, 760, BODY[0]).text(0, 0, BODY[1], matrix="1 0 0.33 1 72 746").text(72, 732, BODY[2])
    assert texts(read(make_pdf([page]))) == [" ".join(BODY)]


def test_a_legend_in_the_middle_of_some_sheets_does_not_cut_a_sentence() -> None:
    legend = [
        "CONFIDENTIAL TREATMENT HAS BEEN REQUESTED FOR PORTIONS OF THIS EXHIBIT.",
        "OMISSIONS ARE DESIGNATED, AND A COMPLETE VERSION HAS BEEN FILED",
        "SEPARATELY WITH THE SECURITIES AND EXCHANGE COMMISSION.",
    ]
    names = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    pages = []
    for number, name in enumerate(names, 1):
        own = [f"and the {word} of part {name} is of no effect unless" for word in ("whole", "half", "rest", "third")]
        page = Page().lines(72, 780, [f"in chapter {name} the parties", *own, f"and wherever article {name} says"])
        page.text(295, 670, str(number)).text(72, 37, "Source: SOME COMPANY INC., 10-Q, 11/8/2018")
        pages.append(page.lines(72, 620 - number, legend, size=8, leading=10) if number % 2 else page)
    document = read(make_pdf(pages))
    body = "".join(texts(document, BlockKind.PARAGRAPH))
    assert "CONFIDENTIAL" not in body
    assert "and wherever article five says in chapter six the parties" in body


def test_a_page_number_in_the_middle_of_a_page_does_not_cut_a_sentence() -> None:
    pages = []
    for number in (1, 3, 5):
        page = Page().lines(72, 780, [f"{number}. A clause that begins here.", *BODY[:2], f"and thing {number}"])
        page.text(250, 722, str(number)).lines(
            72, 670, ["or another one, which ends here.", f"{number + 1}. Next clause."]
        )
        pages.append(page.text(250, 600, str(number + 1)).text(72, 550, f"It has {number} words to say."))
    document = read(make_pdf(pages))
    found = [text for text in texts(document) if "and thing" in text]
    assert all(text.endswith("or another one, which ends here.") for text in found)
    assert len(found) == 3


def test_a_rule_of_dashes_is_left_out() -> None:
    page = Page().lines(72, 780, [BODY[0], "- --------------------", *BODY[1:]])
    assert texts(read(make_pdf([page]))) == [" ".join(BODY)]


def test_lines_that_stick_out_do_not_hide_where_full_lines_end() -> None:
    lines = [
        f"The Supplier of number {i} shall deliver Products to the Customer and" if i % 2 else
        "Neoforma shall accept the Products delivered under this Agreement or"
        for i in range(20)
    ]  # fmt: skip
    lines[9] = (
        "The provisions of Sections 3.1 [PRODUCTS] through 3.8 [FURTHER PRODUCTS] shall not apply to any such thing and"
    )
    document = read(make_pdf([Page().lines(72, 780, [*lines, "nothing else."], size=9, leading=11)]))
    assert texts(document) == [" ".join([*lines, "nothing else."])]


def test_clauses_at_the_page_top_are_not_headers() -> None:
    pages = [Page().text(72, 780, f"Schedule {name}", size=14).lines(72, 740, BODY) for name in ("One", "Two", "Three")]
    document = read(make_pdf(pages))
    assert not texts(document, BlockKind.HEADER_FOOTER)


LETTER = [
    "We agree that the Supplier shall reach net zero greenhouse gas emissions by 2040",
    "and shall report its progress to the Customer each year.",
    "English law governs this letter.",
]


@pytest.mark.parametrize("copies", [2, 4])
@pytest.mark.parametrize("headed", [False, True])
def test_copies_of_a_page_are_read_like_any_page(copies: int, headed: bool) -> None:
    signers = ["Acme Limited", "Bolt plc", "Cole GmbH", "Dunn & Sons"][:copies]
    pages = [Page().text(72, 780, f"{n}. {word}").lines(72, 760, BODY) for n, word in enumerate(("Term", "Price"), 1)]
    pages = pages if headed else []
    for signer in signers:
        pages.append(Page().text(72, 780, "SIDE LETTER").lines(72, 750, LETTER).text(72, 600, f"Signed: {signer}"))
    for number, page in enumerate(pages, 1):
        page.text(300, 40, f"Page {number}")
        if headed:
            page.text(72, 815, "Supply Agreement - Acme plc", size=9)
    document = read(make_pdf(pages))
    assert texts(document, BlockKind.PARAGRAPH).count(" ".join(LETTER[:2])) == copies
    running = texts(document, BlockKind.HEADER_FOOTER)
    assert Counter(text.rstrip(" 0123456") for text in running) == (
        {"Supply Agreement - Acme plc": copies + 2, "Page": copies + 2} if headed else {"Page": copies}
    )


def test_numbers_of_schedules_are_not_page_numbers() -> None:
    pages = [Page().lines(72, 780, [f"{n}. {name}", f"{n}.1 {name} is good."]) for n, name in enumerate("ABC", 1)]
    for number, name in enumerate(("Services", "Net Zero Plan", "Prices"), 1):
        page = Page().text(250, 780, f"SCHEDULE {number}", bold=True).text(250, 755, name, bold=True)
        pages.append(page.text(72, 720, f"1. The Supplier shall see to its {name.lower()}."))
    for number, page in enumerate(pages, 1):
        page.text(300, 40, f"{number} Supply Agreement")
    document = read(make_pdf(pages))
    assert texts(document, BlockKind.HEADER_FOOTER) == [f"{n} Supply Agreement" for n in range(1, 7)]
    plan = next(block for block in document.blocks if "net zero" in text_of(document, block))
    assert plan.clause == "Schedule 2, 1"


@pytest.mark.parametrize("footer", ["Schedule 2 - Page {}", "Exhibit A-{}", "Part 1 - {}"])
def test_pages_of_a_schedule_are_counted(footer: str) -> None:
    pages = [Page().text(72, 780, f"{word} is one thing.") for word in ("Steel", "Cement", "Timber", "Glass")]
    pages = [page.text(280, 40, footer.format(number)) for number, page in enumerate(pages, 1)]
    assert texts(read(make_pdf(pages)), BlockKind.HEADER_FOOTER) == [footer.format(n) for n in range(1, 5)]


WRAPS = [
    ("that are in line with a rise of the average temperature to well below", "1.5 \xb0C above the level of old times"),
    (
        "that are in line with a rise of the average temperature to well below",
        "1.5C above the level of old times, that is",
    ),
    ("that keep what it gives off in all its works in each year of the term below", "0.5 MtCO2e, reported by the end"),
    ("and shall disclose what has to be disclosed by the EU\x92s Climate Regulation", "(EU) 2021/1119 and its sisters"),
    (
        "and shall send the report on all of its greenhouse gas emissions within thirty",
        "(30) days of the end of the year",
    ),
    ("and shall do so for the whole of the term in the way that is attached hereto as", "Exhibit C. It shall report"),
    ("and shall report what arises in its own works, from its power and also in Scope", "3. The report shall be sent"),
    (
        "and shall \x96 so that nobody need ask whether it covers the power that it buys",
        "\x96 report on Scope 2 and on it",
    ),
]


@pytest.mark.parametrize(("end", "start"), WRAPS)
def test_a_wrapped_line_that_begins_like_a_clause_is_not_one(end: str, start: str) -> None:
    end, start = (text.encode("latin-1").decode("cp1252") for text in (end, start))
    lines = [
        "11.2 The Supplier shall set itself targets and reach them one after the other",
        end,
        start,
        "at the latest.",
    ]
    page = Page().text(72, 780, "11. Environment").lines(72, 760, lines).text(72, 690, "11.3 The Supplier shall pay.")
    document = read(make_pdf([page]))
    assert [block.clause for block in document.blocks] == ["11", "11.2", "11.3"]
    assert f"{end} {start}" in document.text


def test_a_list_of_dashes_is_a_list() -> None:
    lines = [
        "The Supplier shall:",
        "\u2013 cut the emissions of its works and of its fleet by one half by the end of 2030",
    ]
    lines += ["\u2013 report on them to the Customer", "\u2013 publish the report"]
    assert texts(read(make_pdf([Page().lines(72, 760, lines)]))) == lines


def test_words_broken_at_the_line_end_are_joined_and_hyphens_kept() -> None:
    page = Page().lines(
        72,
        760,
        [
            "The Supplier shall observe all environ-",
            "mental laws, and its environmental policy shall be climate-",
            "aligned. A climate-aligned policy is one that counts.",
        ],
    )
    (text,) = texts(read(make_pdf([page])))
    assert "all environmental laws" in text
    assert "shall be climate-aligned." in text


def test_a_word_that_is_broken_after_a_prefix_is_joined() -> None:
    page = Page().lines(
        72,
        760,
        ["A notice of the kind that clause 7 describes re-", "lieves nobody, and every owner shall co-", "operate."],
    )
    (text,) = texts(read(make_pdf([page])))
    assert text == "A notice of the kind that clause 7 describes relieves nobody, and every owner shall cooperate."


def test_a_header_that_a_page_of_columns_cuts_is_still_the_header() -> None:
    left = [f"left column line {i} with some words to fill" for i in range(20)]
    right = [f"right column line {i} with words to fill it" for i in range(20)]
    pages = []
    for number in range(1, 5):
        page = Page()
        if number == 3:
            page.text(60, 800, "Construction Contract of the Library").text(385, 800, "THD/RW/C-01")
            for index, (a, b) in enumerate(zip(left, right, strict=True)):
                page.text(60, 740 - 14 * index, a, size=9).text(310, 740 - 14 * index, b, size=9)
        else:
            page.text(60, 800, "Construction Contract of the Library THD/RW/C-01")
            page.lines(60, 740, [f"Page {'abcde'[number]} says one thing only.", *BODY])
        pages.append(page)
    document = read(make_pdf(pages))
    assert texts(document, BlockKind.HEADER_FOOTER) == ["Construction Contract of the Library THD/RW/C-01"] * 4
    assert document.text.index("left column line 19") < document.text.index("right column line 0")


@pytest.mark.parametrize("time", ["9.30 a.m., so that", "6.15 p.m. and", "7.45 o\u2019clock, so that"])
def test_a_time_of_day_inside_a_list_item_does_not_begin_a_paragraph(time: str) -> None:
    page = Page().lines(72, 760, ["10. Long loads come to the gate of the Site before 7.30 a.m. or after"])
    page.lines(90, 746, [f"{time} they do not meet the children on their way."])
    page.lines(72, 732, ["11. Drivers report to the gateman."])
    found = texts(read(make_pdf([page])))
    assert [text[:3] for text in found] == ["10.", "11."]
    assert f"or after {time}" in found[0]


def test_two_columns_are_read_one_after_the_other() -> None:
    left = [f"left column line {i} with some words to fill" for i in range(20)]
    right = [f"right column line {i} with words to fill it" for i in range(20)]
    in_order = Page().lines(60, 760, left, size=9).lines(310, 760, right, size=9)
    interleaved = Page()
    for index, (a, b) in enumerate(zip(left, right, strict=True)):
        interleaved.text(60, 760 - 14 * index, a, size=9).text(310, 760 - 14 * index, b, size=9)
    for page in (in_order, interleaved):
        text = read(make_pdf([page])).text
        assert text.index("left column line 19") < text.index("right column line 0")
        assert "line 3 with some words to fill left column line 4" in text.replace("\n", " ")


def test_the_cells_of_a_ruled_table_are_blocks_of_their_own() -> None:
    page = Page().text(72, 780, "The prices are these:").grid([72, 200, 400], [740, 700, 660, 620])
    rows = [("Item", "Price"), ("Steel", "100 EUR"), ("Cement of low", "200 EUR")]
    for index, row in enumerate(rows):
        page.text(78, 715 - 40 * index, row[0]).text(206, 715 - 40 * index, row[1])
    page.text(78, 622, "carbon").text(72, 560, "The prices hold for one year.")
    document = read(make_pdf([page]))
    cells = {block.row: text_of(document, block) for block in document.blocks if block.kind is BlockKind.TABLE_CELL}
    assert cells[(1, 1, 1)] == "Item"
    assert cells[(1, 2, 2)] == "100 EUR"
    assert cells[(1, 3, 1)] == "Cement of low carbon"
    order = texts(document)
    assert order[0] == "The prices are these:"
    assert order[-1] == "The prices hold for one year."


def test_the_items_of_a_cell_are_blocks_of_their_own() -> None:
    page = Page().text(72, 780, "The climate goals are these:").grid([72, 160, 450], [740, 640])
    page.text(78, 725, "Goals")
    page.lines(
        166,
        728,
        ["(a) cut energy use within thirty", "(30) days", "(b) buy renewable power", "\u2022 report every year"],
    )
    document = read(make_pdf([page]))
    assert [(block.row, text_of(document, block)) for block in document.blocks[1:]] == [
        ((1, 1, 1), "Goals"),
        ((1, 1, 2), "(a) cut energy use within thirty (30) days"),
        ((1, 1, 2), "(b) buy renewable power"),
        ((1, 1, 2), "\u2022 report every year"),
    ]


def test_hyphens_at_the_line_ends_of_cells_are_kept_and_broken_words_joined() -> None:
    page = Page().text(72, 780, "The climate goals are these:").grid([72, 160, 250], [740, 700, 660])
    cells = [
        ["zero-", "emission vans"],
        ["low-", "carbon steel"],
        ["emis-", "sions cap"],
        ["climate-", "neutral goods"],
    ]
    for index, lines in enumerate(cells):
        page.lines(78 + 88 * (index % 2), 725 - 40 * (index // 2), lines)
    document = read(make_pdf([page]))
    assert [(block.row, text_of(document, block)) for block in document.blocks[1:]] == [
        ((1, 1, 1), "zero-emission vans"),
        ((1, 1, 2), "low-carbon steel"),
        ((1, 2, 1), "emissions cap"),
        ((1, 2, 2), "climate-neutral goods"),
    ]


@pytest.mark.parametrize("leader", [True, False])
def test_lines_of_contents_are_marked(leader: bool) -> None:
    page = Page().text(72, 780, "CONTENTS", bold=True)
    entries = [
        "Interpretation",
        "12. Net zero and carbon reduction",
        "13. Climate change reporting",
        "Schedule of targets",
    ]
    for index, entry in enumerate(entries):
        y = 750 - 14 * index
        page.text(72, y, entry + (" " + "." * (100 - len(entry)) if leader else "")).text(500, y, str(index + 3))
    page.lines(72, 650, ["12. Net zero and carbon reduction", "The Supplier shall reach net zero by 2030."])
    document = read(make_pdf([page]))
    found = [text_of(document, block) for block in document.blocks if block.contents]
    assert [text.split(" ..")[0].removesuffix(f" {n}") for n, text in enumerate(found, 3)] == entries


def test_a_table_of_boxes_drawn_as_one_path_is_a_table() -> None:
    page = Page().text(78, 715, "Item").text(206, 715, "Price").text(78, 675, "Steel").text(206, 675, "100 EUR")
    page.content.append("0.5 w 72 700 128 40 re 200 700 200 40 re 72 660 128 40 re 200 660 200 40 re S")
    document = read(make_pdf([page]))
    cells = {block.row: text_of(document, block) for block in document.blocks}
    assert cells == {(1, 1, 1): "Item", (1, 1, 2): "Price", (1, 2, 1): "Steel", (1, 2, 2): "100 EUR"}


def test_a_frame_around_the_page_is_not_a_table() -> None:
    openings = ("In the first year", "In the second year", "In the third year")
    pages = [
        Page().grid([50, 545], [800, 60, 40]).text(72, 740, f"{opening} this holds.").text(72, 45, "Confidential")
        for opening in openings
    ]
    document = read(make_pdf(pages))
    assert texts(document, BlockKind.PARAGRAPH) == [f"{opening} this holds." for opening in openings]
    assert set(texts(document, BlockKind.HEADER_FOOTER)) == {"Confidential"}
    assert not texts(document, BlockKind.TABLE_CELL)


def test_a_page_of_a_thousand_boxes_is_a_drawing() -> None:
    page = Page().lines(72, 780, BODY)
    page.content.append("0.5 w " + " ".join(f"{i * 7 % 500} {i * 11 % 700} 30 30 re" for i in range(1500)) + " S")
    for index in range(700):
        page.rule(10 + index % 570, 10, 10 + index % 570, 830).rule(10, 10 + index, 580, 10 + index)
    assert texts(read(make_pdf([page]))) == [" ".join(BODY)]


def test_headings_numbers_and_list_items_are_recognised() -> None:
    page = Page().text(72, 780, "SUPPLY AGREEMENT", size=16, bold=True).text(72, 740, "11. Environment", bold=True)
    page.lines(72, 710, ["11.4 Climate Reporting. The Supplier shall report its emissions to the Customer and"])
    page.lines(72, 696, ["shall do the following:"]).text(90, 670, "(a) measure them each year;").text(
        90, 650, "(b) publish them."
    )
    document = read(make_pdf([page]))
    by_text = {text_of(document, block)[:8]: block for block in document.blocks}
    assert by_text["SUPPLY A"].kind is BlockKind.HEADING
    assert by_text["11. Envi"].kind is BlockKind.HEADING
    assert (by_text["11.4 Cli"].clause, by_text["11.4 Cli"].heading) == ("11.4", "Climate Reporting")
    assert (by_text["(b) publ"].clause, by_text["(b) publ"].kind) == ("11.4(b)", BlockKind.LIST_ITEM)


def test_bullets_painted_after_the_text_go_to_their_line() -> None:
    page = Page().text(90, 700, "first point of the list").text(90, 680, "second point of the list")
    page.text(72, 700, "\u2022").text(72, 680, "\u2022")
    assert texts(read(make_pdf([page]))) == ["• first point of the list", "• second point of the list"]


@pytest.mark.parametrize(("rotate", "matrix"), [(90, "0 1 -1 0 {x} {y}"), (270, "0 -1 1 0 {x} {y}")])
def test_a_page_turned_on_its_side_is_read_in_order(rotate: int, matrix: str) -> None:
    page = Page(rotate=rotate)
    for index, line in enumerate(BODY):
        x, y = (100 + 14 * index, 80) if rotate == 90 else (500 - 14 * index, 800)
        page.text(0, 0, line, matrix=matrix.format(x=x, y=y))
    assert texts(read(make_pdf([page]))) == [" ".join(BODY)]


def test_the_value_of_a_form_field_is_part_of_the_text() -> None:
    document = read(make_pdf([Page(field_value="net zero by 2040").text(72, 760, "Target:")]))
    assert "net zero by 2040" in document.text


def test_an_empty_user_password_opens_the_file() -> None:
    document = read(make_pdf([Page().lines(72, 760, BODY)], user_password=""))
    assert texts(document) == [" ".join(BODY)]


def test_a_password_is_reported_as_such() -> None:
    with pytest.raises(ContractError) as caught:
        read(make_pdf([Page().lines(72, 760, BODY)], user_password="secret"))
    assert caught.value.code is ErrorCode.ENCRYPTED


def test_a_scan_has_no_text() -> None:
    with pytest.raises(ContractError) as caught:
        read(make_pdf([Page(content=["0 0 100 100 re f"])] * 2))
    assert caught.value.code is ErrorCode.NO_TEXT
    assert "scanned" in caught.value.message


def test_pages_without_text_are_named() -> None:
    blank = Page(content=["0 0 100 100 re f"])
    document = read(make_pdf([Page().lines(72, 760, BODY), blank, Page().lines(72, 760, BODY), blank]))
    (warning,) = document.warnings
    assert (warning.code, warning.pages) == ("pages_without_text", (2, 4))
    assert "pages 2 and 4" in warning.message


def test_limits_of_pages_and_characters() -> None:
    data = make_pdf([Page().lines(72, 760, BODY * 5)] * 3)
    with pytest.raises(ContractError) as caught:
        read(data, Limits(pages=2))
    assert caught.value.code is ErrorCode.TOO_MANY_PAGES
    assert "3" in caught.value.message
    assert "2" in caught.value.message
    with pytest.raises(ContractError) as caught:
        read(data, Limits(characters=1000))
    assert caught.value.code is ErrorCode.TOO_MUCH_TEXT


def test_progress_is_reported_page_by_page() -> None:
    seen: list[tuple[int, int]] = []
    read_document(make_pdf([Page().text(72, 700, "word")] * 3), ".pdf", Limits(), lambda *at: seen.append(at))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_ligatures_and_odd_spaces_become_plain() -> None:
    from tclp_daemon.extract.pdf.lines import clean

    assert clean("e\ufb03cient\u00a0\u2003of\ufb01ce\u200b\u00ad") == "efficient office-"


def test_words_of_the_paired_contracts_are_all_there() -> None:
    folder = dev_data() / "contracts"
    pdfs = {
        path.stem.rstrip(" -"): path for path in (folder / "pdf" / "cuad").rglob("*") if path.suffix.lower() == ".pdf"
    }
    pairs = [(path, pdfs[path.stem.rstrip(" -")]) for path in sorted((folder / "txt" / "cuad").glob("*.txt"))[::9]]
    assert pairs
    for text_file, pdf_file in pairs:
        assert _f1(text_file, pdf_file) >= 0.985, pdf_file.name


def _f1(text_file: Path, pdf_file: Path) -> float:
    wanted = Counter(re.findall(r"\w+", text_file.read_text(encoding="utf-8").lower()))
    found = Counter(re.findall(r"\w+", read(pdf_file.read_bytes()).text.lower()))
    return 2 * (wanted & found).total() / (wanted.total() + found.total())
