"""PDF: what stands on a page beside, above and between the lines of its text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import pytest
from extract.pdfmaker import Page, make_pdf

from tclp_daemon.analysis.segment import split_sentences
from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract import read_document

CUT = "The Supplier shall cut the emissions of its plants by one half in each of the"
YEARS = "years from 2030, and shall report to the Customer."
PLANT = "The Supplier shall plant trees where the Customer asks it to do so in"
WRITING = "writing, and shall keep them alive for ten years."


def read(*pages: Page, font: bytes = b"Helvetica-Bold") -> Document:
    """Reads these pages; `font` is the name of the second font, as long as that of the first."""
    return read_document(make_pdf(pages).replace(b"Helvetica-Bold", font), ".pdf", Limits())


def texts(document: Document, *kinds: BlockKind) -> list[str]:
    return [document.text[b.start : b.end] for b in document.blocks if not kinds or b.kind in kinds]


def places(document: Document) -> list[tuple[str | None, str | None, str]]:
    return [(block.clause, block.heading, document.text[block.start : block.end]) for block in document.blocks]


def sentences(document: Document) -> list[str]:
    return [document.text[each.start : each.end] for each in split_sentences(document)]


NUMBERED = ["4. CLIMATE", "", f"4.1 {CUT}", YEARS, "", f"4.2 {PLANT}", WRITING, "4.3 The Customer may audit it."]
PLAIN = ["4. CLIMATE", f"4.1 {CUT} {YEARS}", f"4.2 {PLANT} {WRITING}", "4.3 The Customer may audit it."]


def numbered(way: str, first: int, step: int = 1, lines: Sequence[str] = NUMBERED) -> Page:
    """A page whose lines are numbered from `first` on."""
    page = Page()
    heights = [780 - 20 * index for index in range(len(lines))]
    numbers = [(str(first + at), y) for at, y in enumerate(heights) if (first + at) % step == 0]
    if way == "before":
        for words, y in numbers:
            page.text(60 - 4 * len(words), y, words, size=8)
    for line, y in zip(lines, heights, strict=True):
        if way == "left":
            for words, _ in (each for each in numbers if each[1] == y):
                page.text(60 - 4 * len(words), y, words, size=8)
        if line:
            page.text(72, y, line)
        if way == "right":
            for words, _ in (each for each in numbers if each[1] == y):
                page.text(520, y, words, size=8)
    if way == "after":
        for words, y in numbers:
            page.text(60 - 4 * len(words), y - 4, words, size=8)
    return page


@pytest.mark.parametrize("way", ["left", "right", "before", "after"])
@pytest.mark.parametrize("first", [1, 97])
def test_line_numbers_are_not_part_of_the_text(way: str, first: int) -> None:
    assert texts(read(numbered(way, first))) == PLAIN


@pytest.mark.parametrize("way", ["left", "right", "before"])
@pytest.mark.parametrize("times", [2, 4])
def test_each_fifth_line_may_be_numbered(way: str, times: int) -> None:
    assert texts(read(numbered(way, 1, 5, NUMBERED * times))) == PLAIN * times


def test_the_last_page_may_have_few_numbered_lines() -> None:
    last = ["IN WITNESS of which they sign", "this deed."]
    assert texts(read(numbered("left", 1), numbered("left", 1, 1, last)))[-1] == " ".join(last)


@pytest.mark.parametrize(
    "lines",
    [
        ["1 Definitions", "2 Term", "3 Fees", "4 Climate", "5 Law", "6 Notices"],
        [f"{n} tonnes of steel, which the Supplier delivers to the Customer in lots" for n in range(1, 9)],
        [f"{n} {words}" for n in range(1, 7) for words in (CUT, YEARS)],
        [
            line
            for n in (5, 10, 15)
            for line in (f"{n} per cent of the price of the Goods is due when these arrive at", YEARS)
        ],
    ],
    ids=["clauses", "list", "paragraphs", "shares"],
)
def test_other_numbers_are_not_line_numbers(lines: list[str]) -> None:
    kept = " ".join(texts(read(Page().lines(72, 780, lines))))
    assert kept.split() == " ".join(lines).split()


def aside(x: float, notes: Sequence[Sequence[str]], clauses: Sequence[Sequence[str]], at: float, way: str) -> Page:
    """A page with notes at `x` beside clauses at `at`, painted line by line, before or after them."""
    page = Page()
    y = 780.0
    painted: list[tuple[int, float, float, str]] = []
    for note, clause in zip(notes, clauses, strict=True):
        for index, words in enumerate(note):
            painted.append(({"before": 0, "after": 2}.get(way, 1), x, y - 14 * index, words))
        for index, words in enumerate(clause):
            painted.append((1, at, y - 14 * index, words))
        y -= 14 * max(len(note), len(clause))
    painted.sort(key=lambda each: (each[0], -each[2], each[1]))
    for _, left, height, words in painted:
        page.text(left, height, words, size=8 if left == x else 10)
    return page


NOTES = [["Emissions"], ["Audit of the", "reports"], ["Trees"]]
CLAUSES = [
    ["4. The Supplier shall cut the emissions of its plants by one half in each", "of the years from 2030."],
    ["5. The Customer may audit the report of the Supplier once in each year", "and at its own cost."],
    ["6. The Supplier shall plant trees where the Customer asks it to do so in", "writing, for ten years."],
]


@pytest.mark.parametrize("way", ["in turn", "before", "after"])
@pytest.mark.parametrize(("x", "at"), [(60, 150), (480, 72)], ids=["left", "right"])
def test_a_note_in_the_margin_is_the_heading_of_its_clause(way: str, x: float, at: float) -> None:
    found = read(aside(x, NOTES, CLAUSES, at, way))
    assert texts(found, BlockKind.HEADING) == [" ".join(note) for note in NOTES]
    assert [place for place in places(found) if place[2][0].isdigit()] == [
        (number, " ".join(note), " ".join(clause)) for number, note, clause in zip("456", NOTES, CLAUSES, strict=True)
    ]


@pytest.mark.parametrize(("x", "at"), [(60, 150), (480, 72)], ids=["left", "right"])
def test_a_note_may_have_lines_between_those_of_the_text(x: float, at: float) -> None:
    page = Page()
    lines = [(at, 780 - 15 * index, words, 10.0) for index, words in enumerate(chain.from_iterable(CLAUSES))]
    for index, note in enumerate(NOTES):
        lines += [(x, 780 - 30 * index - 9.5 * down, words, 8.0) for down, words in enumerate(note)]
    for left, height, words, size in sorted(lines, key=lambda each: (-each[1], each[0])):
        page.text(left, height, words, size=size)
    found = [place for place in places(read(page)) if place[2][0].isdigit()]
    assert found == [
        (number, " ".join(note), " ".join(clause)) for number, note, clause in zip("456", NOTES, CLAUSES, strict=True)
    ]


def test_a_page_may_have_one_note() -> None:
    page = Page().text(60, 766, "Audit", size=8).lines(150, 780, ["and so on.", *CLAUSES[1], CUT, YEARS])
    assert texts(read(page))[:2] == ["and so on.", "Audit"]


def test_notes_beside_clauses_of_one_line() -> None:
    clauses = [["4. The Supplier shall cut its emissions."], ["5. The Customer may audit the reports of the Supplier."]]
    found = places(read(aside(60, NOTES[::2], clauses, 150, "in turn")))
    assert found[1::2] == [(str(4 + at), NOTES[2 * at][0], clauses[at][0]) for at in (0, 1)]


def test_a_word_that_sticks_out_is_no_note() -> None:
    page = Page().lines(72, 780, [f"4. {CUT}", YEARS, f"5. {PLANT}", WRITING], size=10)
    page.text(500, 780, "[THE TERM],", size=10).text(72, 710, CUT, size=10).text(500, 710, "[TREES], and", size=10)
    assert "[THE TERM]," not in texts(read(page), BlockKind.HEADING)


def test_a_note_in_the_middle_of_a_clause_does_not_cut_it() -> None:
    clause = ["4. The Supplier shall cut the emissions of its plants by one half in each", "of the years from 2030."]
    page = Page().lines(150, 780, clause, size=10).lines(150, 740, CLAUSES[1], size=10)
    page.text(60, 766, "Emissions", size=8).text(60, 740, "Audit", size=8)
    assert [text for text in texts(read(page)) if text[0].isdigit()] == [" ".join(clause), " ".join(CLAUSES[1])]


TERMS = [["Base Year"], ["Net Zero Target", "Date for the", "Group"], ["Plan"]]
MEANINGS = [
    ["means the year 2020, or another year on which the parties agree", "in writing;"],
    ["means the day on which the emissions of the Supplier and its", "removals are in balance;"],
    ["has the meaning that clause 9 of the schedule to this agreement", "gives it."],
]


@pytest.mark.parametrize("way", ["in turn", "before"])
def test_a_term_and_its_meaning_are_one_sentence(way: str) -> None:
    page = aside(72, TERMS, MEANINGS, 200, way)
    page.content.insert(0, Page().text(72, 800, f"{CUT} case.").content[0])
    wanted = [" ".join((*term, *meaning)) for term, meaning in zip(TERMS, MEANINGS, strict=True)]
    assert texts(read(page))[1:] == wanted


def test_clause_numbers_before_their_text_are_no_labels() -> None:
    clauses = [[words.split(" ", 1)[1], rest] for words, rest in CLAUSES]
    found = read(aside(72, [["4."], ["5."], ["6."]], clauses, 150, "in turn"))
    assert texts(found) == [" ".join(clause) for clause in CLAUSES]


COLUMNS = [
    ["1. Term. This agreement lasts", "for five years from the date of", "signature and is renewed once.", ""],
    ["2. Climate. The Supplier shall", "reduce its greenhouse gas", "emissions each year by five", "per cent."],
    ["3. Law. The laws of Ireland", "govern this agreement and the", "courts of Dublin decide all of", "the disputes."],
    ["4. Notices. A notice is sent", "by post to the address that", "the other party gives for it", "in writing."],
]


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("heading", [False, True])
def test_columns_are_read_one_after_the_other(count: int, heading: bool) -> None:
    page = Page()
    if heading:
        page.text(120, 800, "GENERAL TERMS AND CONDITIONS OF THE SUPPLIER", size=14)
    width = 500 / count
    for row in range(12):
        for column in range(count):
            if words := COLUMNS[column][row % 4]:
                page.text(50 + width * column, 770 - 12 * row, words, size=29 / count)
    wanted = [" ".join(filter(None, column)) for column in COLUMNS[:count]]
    found = " ".join(texts(read(page)))
    assert found.endswith(" ".join(f"{words} {words} {words}" for words in wanted))


BULLETS = ["reduce its emissions by half", "report the emissions of its plants", "keep records of its vehicles"]


@pytest.mark.parametrize(
    ("letter", "font", "gap"),
    [("o", b"CourierNewPSMT", 12), ("o", b"Helvetica-Bold", 18), ("q", b"Wingdings-Reg.", 18),
     ("\xa7", b"Wingdings2-A.B", 9),
     ("\xfc", b"ABCD+Wingdings", 18), ("\xd8", b"WingdingsRegul", 18), ("-", b"Helvetica-Bold", 18)],
)  # fmt: skip
def test_bullets_that_are_letters_of_another_font(letter: str, font: bytes, gap: float) -> None:
    page = Page().text(72, 780, "4. The Supplier shall:")
    for index, words in enumerate(BULLETS):
        page.text(90, 765 - 15 * index, letter, bold=True).text(90 + gap, 765 - 15 * index, words)
    found = texts(read(page, font=font))
    assert [text[2:] for text in found[1:]] == BULLETS


def test_letters_that_are_words_are_no_bullets() -> None:
    lines = [f"{CUT} years 2030", "o de los otros que siguen, y la Empresa informa de ello a su Cliente."]
    assert texts(read(Page().lines(72, 780, lines))) == [" ".join(lines)]


def raised(page: Page, parts: Sequence[tuple[str, float]], y: float = 780) -> Page:
    """Paints one line of pieces, each raised by so many points and small, or at 0 on the line."""
    content = "".join(f"/F1 {11 if rise == 0 else 7} Tf {rise} Ts ({words}) Tj " for words, rise in parts)
    page.content.append(f"BT 72 {y} Td {content} ET")
    return page


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        ([("It cuts them by half.", 0), ("3", 4), (" It reports.", 0)], ["It cuts them by half.", "It reports."]),
        ([("It cuts them by half.", 0), ("12", 4), (" It reports.", 0)], ["It cuts them by half.", "It reports."]),
        ([("It cuts them by 2030.", 0), ("1", 4), (" It reports.", 0)], ["It cuts them by 2030.", "It reports."]),
        ([("It cuts them by half.", 0), ("[4]", 4), (" It reports.", 0)], ["It cuts them by half.", "It reports."]),
        ([("The Paris Agreement", 0), ("2", 4), (" and its rules.", 0)], ["The Paris Agreement and its rules."]),
        ([("It ends in 2030", 0), ("1", 4), (" or later.", 0)], ["It ends in 2030 or later."]),
        ([("It ends (in May)", 0), ("1", 4), (", or later.", 0)], ["It ends (in May), or later."]),
        ([("The limit is 10 m", 0), ("3", 4), (" of gas.", 0)], ["The limit is 10 m3 of gas."]),
        ([("It emits 10", 0), ("6", 4), (" tonnes of CO", 0), ("2", -3), ("e each year.", 0)],
         ["It emits 106 tonnes of CO2e each year."]),
        ([("It cuts its CO", 0), ("2", -3), (" emissions.", 0)], ["It cuts its CO2 emissions."]),
        ([("It cuts 50%", 0), ("2", 4), (" by 2030", 0), ("3", 4), (". It grows", 0), ("4,5", 4), (" by 1.5", 0),
          ("6", 4), (".", 0)], ["It cuts 50% by 2030.", "It grows by 1.5."]),
        ([("It ends.", 0), ("a", 4), (" It begins.", 0), ("iv", 4), (" It goes.", 0), ("*", 4)],
         ["It ends.", "It begins.", "It goes."]),
        ([("It costs $5", 0), ("00", 4), (" each year.", 0)], ["It costs $500 each year."]),
        ([("It cuts by half.\\271 It has 10 m\\262 of land.", 0)], ["It cuts by half.", "It has 10 m\xb2 of land."]),
        ([("It ends on the 1", 0), ("st", 4), (" of May.", 0)], ["It ends on the 1st of May."]),
    ],
)  # fmt: skip
def test_note_marks_are_no_part_of_a_word(parts: list[tuple[str, float]], wanted: list[str]) -> None:
    assert sentences(read(raised(Page(), parts))) == wanted


@pytest.mark.parametrize("blank", ["", " "])
def test_a_note_behind_a_raised_mark_opens_no_clause(blank: str) -> None:
    page = raised(Page().lines(72, 780, [f"4.1 {CUT}", YEARS]), [("1", 4), (f"{blank}Paris Agreement of 2015", 0)], 90)
    page.text(72, 78, "2", size=6).text(76, 74, "Of each year.", size=8)
    document = read(page)
    assert texts(document, BlockKind.FOOTNOTE) == ["1 Paris Agreement of 2015", "2 Of each year."]
    assert {block.clause for block in document.blocks} == {"4.1", None}


def spaced(words: Sequence[str], gap: float, *, tracking: float = 0, size: float = 10) -> str:
    """Words without blanks, `gap` thousandths of the size apart, with `tracking` points between letters."""
    return f"BT /F1 {size} Tf {tracking} Tc 72 700 Td [{f' {-gap} '.join(f'({word})' for word in words)}] TJ 0 Tc ET"


@pytest.mark.parametrize("gap", [160, 200, 300])
def test_words_without_blanks_are_parted_by_their_gaps(gap: float) -> None:
    words = (
        "The Supplier shall reduce its greenhouse gas emissions by half in the year 2030, of all its plants.".split()
    )
    document = read(Page(content=[spaced(words, gap)]))
    assert texts(document) == [" ".join(words)]


@pytest.mark.parametrize("gap", [120, 140, 160])
def test_words_are_parted_where_pdfium_sees_only_some_of_the_gaps(gap: float) -> None:
    clauses = [
        "4.1 The Supplier shall reduce its emissions for the Customer by half.",
        "4.2 The Customer may read the report of the Supplier in writing.",
        "4.3 The Auditor may read it for the Customer in Wales.",
    ]
    page = Page()
    for index, clause in enumerate(clauses):
        words = " ".join(f"[({word}) {-gap}] TJ" for word in clause.split())
        page.content.append(f"BT /F1 11 Tf 72 {780 - 20 * index} Td {words} ET")
    assert texts(read(page)) == clauses


@pytest.mark.parametrize(
    "content",
    [
        spaced(["CLIMATE", "DUTIES"], 600, tracking=4),
        "BT /F1 10 Tf 72 700 Td (C L I M A T E   D U T I E S) Tj ET",
        "BT /F1 10 Tf 72 700 Td (C L I M A T E  D U T I E S) Tj ET",
    ],
    ids=["spacing", "three blanks", "two blanks"],
)
def test_a_spaced_out_heading_is_read_in_words(content: str) -> None:
    page = Page(content=[content]).lines(72, 680, [CUT, YEARS])
    assert texts(read(page)) == ["CLIMATE DUTIES", f"{CUT} {YEARS}"]


def test_letters_in_the_cells_of_a_row_stay_apart() -> None:
    page = Page()
    for index, letter in enumerate("ABCDE"):
        page.text(72 + 60 * index, 780, letter)
    assert texts(read(page)) == ["A B C D E"]


HEAD = ("Topic", "Duty")
FIRST = [CUT.removesuffix(" of the"), "of the"]


def row(page: Page, top: float, bottom: float, cells: Sequence[Sequence[str]]) -> Page:
    """Paints one ruled row of two cells."""
    page.grid([72, 170, 530], [top, bottom])
    for x, lines in zip((76, 174), cells, strict=True):
        page.lines(x, top - 14, lines, size=9, leading=11)
    return page


@pytest.mark.parametrize("heading", [False, True])
@pytest.mark.parametrize("rest", [["years from 2030, and", "shall report."], ["years from 2030."]])
def test_a_row_that_runs_over_the_page_end_is_one(heading: bool, rest: list[str]) -> None:
    first = row(row(Page(), 700, 680, [[HEAD[0]], [HEAD[1]]]), 680, 640, [["Emissions"], FIRST])
    second = Page()
    top = 780.0
    if heading:
        row(second, top, top - 20, [[HEAD[0]], [HEAD[1]]])
        top -= 20
    row(second, top, top - 40, [[], rest])
    row(second, top - 40, top - 60, [["Audit"], ["The Customer may audit the report of the Supplier."]])
    document = read(first, second)
    assert " ".join([*FIRST, *rest]) in texts(document, BlockKind.TABLE_CELL)
    assert document.page_count == 2
    assert document.page_at(document.text.index("years from 2030")) == 2


def test_two_cells_that_run_over_the_page_end() -> None:
    first = row(row(Page(), 700, 680, [[HEAD[0]], [HEAD[1]]]), 680, 640, [["Cuts of"], FIRST])
    second = row(Page(), 780, 740, [["emissions"], ["years from 2030."]])
    row(second, 740, 720, [["Audit"], ["The Customer may audit the report of the Supplier."]])
    document = read(first, second, Page().lines(72, 780, [CUT, YEARS]))
    assert texts(document)[2:5] == ["Cuts of emissions", " ".join([*FIRST, "years from 2030."]), "Audit"]
    assert document.page_count == 3
    assert [block.page for block in document.blocks] == [1, 1, 1, 1, 2, 2, 3]


def test_a_new_row_at_the_top_of_a_page_stays_one() -> None:
    first = row(row(Page(), 700, 680, [[HEAD[0]], [HEAD[1]]]), 680, 640, [["Emissions"], ["cut them by half"]])
    second = row(row(Page(), 780, 740, [["Trees"], ["plant some"]]), 740, 720, [["Audit"], ["audit the report"]])
    assert texts(read(first, second)) == [
        *HEAD,
        "Emissions",
        "cut them by half",
        "Trees",
        "plant some",
        "Audit",
        "audit the report",
    ]


def _capital(order: str, lines: Sequence[str], size: float, y: float) -> Page:
    page, rest = Page(), Page()
    capital = Page().text(72, y, lines[0][0], size=size).content
    rest.text(72 + 0.75 * size, 760, lines[0][1:]).text(72 + 0.75 * size, 746, lines[1]).text(72, 732, lines[2])
    page.content = capital + rest.content if order == "first" else rest.content + capital
    return page


@pytest.mark.parametrize("order", ["first", "last"])
@pytest.mark.parametrize(("size", "y"), [(36, 738), (26, 746), (20, 760)], ids=["three lines", "two lines", "raised"])
def test_a_drop_capital_is_the_first_letter_of_its_word(order: str, size: float, y: float) -> None:
    lines = [CUT, "Years from 2030, and it shall report on this to the Customer in", "writing, at its own cost."]
    assert texts(read(_capital(order, lines, size, y))) == [" ".join(lines)]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("matrix", "start"), [("0 1 -1 0 {} 72", 100), ("0 -1 1 0 {} 770", -500)])
def test_a_turned_page_among_others_is_read_from_its_top(matrix: str, start: int, backwards: bool) -> None:
    page = Page()
    for at, words in list(enumerate([YEARS, f"4.2 {PLANT}", WRITING]))[:: -1 if backwards else 1]:
        page.text(0, 0, words, matrix=matrix.format(abs(start + 14 * at)))
    document = read(Page().text(72, 780, f"4.1 {CUT}"), page)
    assert texts(document) == [f"4.1 {CUT} {YEARS}", f"4.2 {PLANT} {WRITING}"]


ENTRIES = [
    ("1. Definitions and interpretation", "1"),
    ("2. Reduction of emissions", "3"),
    ("3. Net zero", "5"),
    ("4. Law", "12"),
]
LISTED = [("Emissions of the plants", "20"), ("Net zero plan of the Supplier", "25"), ("Form of the report", "30")]
ROMAN = [("1. Definitions", "i"), ("2. Emissions of the plants", "ii"), ("3. Law", "iii")]


def contents(way: str, title: str, entries: Sequence[tuple[str, str]]) -> Page:
    """A page of contents whose page numbers follow dots, a gap or a line break, or are painted after all titles."""
    page = Page()
    if title:
        page.text(60, 780, title).text(60, 400, f"This agreement has {CUT.lower()} years.")
    numbers = Page()
    for index, (words, number) in enumerate(entries):
        y = 750 - 30 * index
        if way == "wrapped":
            page.text(72, y, f"{words} and all that the Supplier and its affiliates have to say")
            page.text(90, y - 12, "about it and about the matters of which it treats").text(520, y - 12, number)
        elif way == "dots":
            page.text(72, y, f"{words} {'.' * 60} {number}")
        elif way == "blank":
            page.text(72, y, f"{words} {number}")
        else:
            page.text(72, y, words)
            (page if way == "column" else numbers).text(520, y, number)
    page.content += numbers.content
    return page


@pytest.mark.parametrize(
    ("way", "title", "entries"),
    [(way, title, ENTRIES) for way in ("dots", "blank", "column", "after") for title in ("CONTENTS", "")]
    + [("wrapped", "Table of Contents", ENTRIES), ("column", "Contents", ROMAN)]
    + [("column", "", LISTED), ("after", "Index", LISTED), ("blank", "List of schedules", LISTED)],
)
def test_contents_are_never_judged(way: str, title: str, entries: list[tuple[str, str]]) -> None:
    bodies = [Page().lines(72, 780, [words, CUT, YEARS]) for words, _ in entries]
    document = read(contents(way, title, entries), *bodies)
    assert sum(block.contents for block in document.blocks) == len(entries)
    assert [text for text in sentences(document) if text[-1].isdigit()] == []
    assert len([text for text in sentences(document) if YEARS in text]) == len(entries)


def test_contents_over_two_pages() -> None:
    entries = [(f"{number}. Matter number {chr(64 + number)}", str(number // 2 + 1)) for number in range(1, 25)]
    first, second = contents("column", "CONTENTS", entries[:12]), contents("column", "", entries[12:])
    document = read(first, second, Page().lines(72, 780, [CUT, YEARS]))
    assert sum(block.contents for block in document.blocks) == len(entries)


def test_a_list_of_amounts_is_no_contents() -> None:
    amounts = [
        (f"Fee for the use of module {letter}", str(number))
        for letter, number in zip("ABCD", (10, 20, 30, 40), strict=True)
    ]
    document = read(contents("column", "", amounts), Page().lines(72, 780, [CUT, YEARS]))
    assert texts(document)[:4] == [f"{words} {number}" for words, number in amounts]
    assert not any(block.contents for block in document.blocks)


def test_a_cell_is_read_like_other_text() -> None:
    page = Page().grid([72, 170, 530], [700, 660, 560])
    page.text(76, 686, "Topic").text(174, 686, "Duty")
    raised(page, [("It cuts them by half.", 0), ("3", 4), (" It reports on CO", 0), ("2", -3), (".", 0)], 646)
    page.content[-1] = page.content[-1].replace("72 646 Td", "174 646 Td")
    for index, words in enumerate(BULLETS):
        page.text(174, 630 - 12 * index, "o", bold=True).text(192, 630 - 12 * index, words)
    found = texts(read(page, font=b"CourierNewPSMT"), BlockKind.TABLE_CELL)
    assert found == [
        "Topic",
        "Duty",
        "It cuts them by half. It reports on CO2.",
        *(f"\u2022 {words}" for words in BULLETS),
    ]


@pytest.mark.parametrize("shade", [0.9, 1.0])
def test_the_shade_behind_a_line_is_no_rule(shade: float) -> None:
    page = Page()
    for y in (660, 640, 628, 616):
        page.content.append(f"{shade} g {100 + 74} {y} 350 12 re f 0 g")
    row(row(page, 700, 660, [[HEAD[0]], [HEAD[1]]]), 660, 610, [["Emissions"], [*FIRST, YEARS]])
    assert texts(read(page)) == [*HEAD, "Emissions", " ".join([*FIRST, YEARS])]


def test_the_footer_of_a_page_stays_on_it_where_a_row_runs_on() -> None:
    cells = [[["all of a duty of the", "Supplier, that is, of"], ["and of the", "rights of"]], [["it."], ["it."]]]
    pages = [row(Page(), 780, 700, each) for each in cells] + [Page().lines(72, 780, [CUT, YEARS])]
    for number, page in enumerate(pages, 1):
        page.text(72, 40, "Acme plc, Supply Agreement").text(500, 40, f"Page {number} of 3")
    document = read(*pages)
    footers = [block for block in document.blocks if block.kind is BlockKind.HEADER_FOOTER]
    assert [block.page for block in footers if "Page" in document.text[block.start : block.end]] == [1, 2, 3]
    assert texts(document, BlockKind.TABLE_CELL) == [" ".join([*a, *b]) for a, b in zip(*cells, strict=True)]


def test_a_row_over_three_pages_is_one() -> None:
    parts = [CUT.removesuffix(" of the"), "of the years of the term and of the", "years after it."]
    pages = [row(Page(), 760, 700, [["Cuts"] if part is parts[0] else [], [part]]) for part in parts]
    row(pages[0], 780, 760, [[HEAD[0]], [HEAD[1]]])
    document = read(*pages)
    assert texts(document, BlockKind.TABLE_CELL) == [*HEAD, "Cuts", " ".join(parts)]
    assert document.page_count == 3


def test_the_next_item_of_a_list_may_begin_a_page() -> None:
    first = Page().lines(72, 780, ["4.1 The Supplier shall:", f"(a) {CUT[:60]} year of the whole term; or"])
    document = read(first, Page().lines(72, 780, ["(b) plant trees.", "4.2 It ends."]))
    assert texts(document)[2] == "(b) plant trees."
