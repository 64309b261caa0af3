"""What blanks and marks lay out in plain text: columns, rows, numbered lines, titles, page headers."""

from __future__ import annotations

import pytest

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract import read_document


def read(text: str) -> Document:
    return read_document(text.encode(), ".txt", Limits())


def blocks(document: Document) -> list[tuple[BlockKind, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def column(*sides: str, width: int = 42) -> str:
    """Columns side by side, as people and old printers set them; each side has its lines."""
    lines = [side.split("\n") for side in sides]
    rows = max(map(len, lines))
    filled = [side + [""] * (rows - len(side)) for side in lines]
    return "\n".join("".join(cell.ljust(width) for cell in row).rstrip() for row in zip(*filled, strict=True))


LEFT = """\
4. Climate
The Supplier shall reduce its
greenhouse gas emissions of
Scope 1 by half before 2030.

5. Report
The Supplier shall report."""
MIDDLE = """\
6. Price
The Customer shall pay the price
of the goods within thirty days
of the invoice.

7. Law
The laws of Ireland apply."""
RIGHT = """\
8. Term
The contract lasts for ten years
from the date on which it was
signed by both.

9. Notices
Notices are in writing."""
ROWS = [
    """\
Name: Ann Bell                          Name: Chris Dale
Title: Chief Executive Officer          Title: Head of the Board
Date: 1 March 2024                      Date: 2 March 2024
""",
    """\
Year         Target          Base
2030         half of all     2020
2040         net zero        2020
""",
    """\
City of Folsom Water District          9,700      1,300
Fair Oaks Water District               6,900      2,100
Orange Vale Water District             3,800          0
""",
]
GAPS = """\
1.1  The Supplier shall reduce the emissions of its plants in each year of
     the term.      It shall report.
1.2  The Customer shall pay the price of the goods within thirty days of
     the invoice.   It shall pay.
"""


@pytest.mark.parametrize("sides", [(LEFT, MIDDLE), (LEFT, MIDDLE, RIGHT)])
@pytest.mark.parametrize("margin", ["", "    "])
def test_columns_are_read_one_after_the_other(sides: tuple[str, ...], margin: str) -> None:
    page = "\n".join(margin + line for line in column(*sides).split("\n"))
    head = "This contract is made between the parties that have signed it below on the day of the last of them.\n\n"
    found = read(f"{head}{page}\n\n{margin}{3:>42}\n\f{page}")
    first = [text for _, text in blocks(found)][1 : 1 + 4 * len(sides)]
    assert first[1] == "The Supplier shall reduce its greenhouse gas emissions of Scope 1 by half before 2030."
    assert [text[0] for text in first[::2]] == list("456789"[: 2 * len(sides)])


@pytest.mark.parametrize("text", ROWS)
def test_rows_are_read_row_by_row(text: str) -> None:
    before = "The parties have signed this contract, or their rows stand below, on the days that are named.\n\n"
    assert [words for _, words in blocks(read(before + text))][1:] == [
        " ".join(row.split()) for row in text.splitlines()
    ]


def test_a_gap_in_a_line_makes_no_column() -> None:
    assert [words for _, words in blocks(read(GAPS))] == [
        "1.1 The Supplier shall reduce the emissions of its plants in each year of the term. It shall report.",
        "1.2 The Customer shall pay the price of the goods within thirty days of the invoice. It shall pay.",
    ]


PLEADING = [
    "4. CLIMATE", "", "4.1 The Supplier shall reduce its greenhouse gas emissions, as",
    "far as it can, by half before the end of the year 2030, and shall", "report them to the Customer.", "",
    "4.2 The Customer may audit the report, once in each year of the", "term, at its own cost.", "", "5. LAW", "",
    "5.1 The laws of Ireland apply.",
]  # fmt: skip


@pytest.mark.parametrize("blank_lines_are_numbered", [True, False])
def test_line_numbers_in_the_margin_are_not_read(blank_lines_are_numbered: bool) -> None:
    numbered, number = [], 0
    for line in PLEADING:
        number += bool(line) or blank_lines_are_numbered
        numbered.append(f"{number:>3}   {line}".rstrip() if line or blank_lines_are_numbered else "")
    found = read("\n".join(numbered) + "\n\f" + "\n".join(numbered))
    assert [block.clause for block in found.blocks][:5] == ["4", "4.1", "4.2", "5", "5.1"]
    assert "4.1 The Supplier shall reduce its greenhouse gas emissions, as far as it can, by half" in found.text


def test_a_numbered_list_is_no_margin() -> None:
    text = "".join(
        f"{at}  The {word} plant\n" for at, word in enumerate("first second third next fifth sixth big old".split(), 1)
    )
    assert read(text).text.startswith("1 The first plant")


def test_a_short_line_with_a_rule_below_is_a_heading() -> None:
    found = read("Environmental matters\n---------------------\n\nThe Supplier shall report its emissions each year.\n")
    assert [(block.kind, block.heading) for block in found.blocks] == [
        (BlockKind.HEADING, "Environmental matters"),
        (BlockKind.PARAGRAPH, "Environmental matters"),
    ]
    assert (
        read("Ann Bell\n______________\n\nThe Supplier shall report its emissions.\n").blocks[0].kind
        == BlockKind.PARAGRAPH
    )


def test_what_comes_back_at_the_edge_of_pages_is_no_heading_and_cuts_no_sentence() -> None:
    page = (
        "SUPPLY CONTRACT\n\n{at}. Term {at}\n\nThe Supplier shall report in year {at}.\n\nWhat it promises\n\n"
        "It pays in year {at}.\n\nIt asks no more.\n\nDraft of May, page {at}"
    )
    found = read("\f".join(page.format(at=at) for at in (1, 2, 3)))
    running = {found.text[block.start : block.end] for block in found.blocks if block.kind is BlockKind.HEADER_FOOTER}
    assert running == {"SUPPLY CONTRACT", *(f"Draft of May, page {at}" for at in (1, 2, 3))}


def test_a_title_in_the_middle_of_its_line_is_a_heading() -> None:
    wrapped = "The Supplier shall reduce the emissions of its plants in every year of the\nterm and report on them.\n"
    found = read(f"{'Environmental Matters':^76}\n\n{wrapped}\n    Ann Bell\n\n{wrapped}")
    assert [block.heading for block in found.blocks] == ["Environmental Matters"] * 4
    assert [block.kind for block in found.blocks if block.kind is BlockKind.HEADING] == [BlockKind.HEADING]


def test_a_term_wrapped_beside_its_meaning() -> None:
    text = """\
“Net Zero Target Date      means the day on which the Supplier and
for the Group”             the companies of its group are
                           without net emissions.

“Plant”                    means a plant of the Supplier that
                           makes the goods.

“Term”                     means ten years.
"""
    assert [words for _, words in blocks(read(text))] == [
        "“Net Zero Target Date for the Group” means the day on which the Supplier and the companies of its group are"
        " without net emissions.",
        "“Plant” means a plant of the Supplier that makes the goods.",
        "“Term” means ten years.",
    ]


@pytest.mark.parametrize(
    ("title", "heading"), [("Caveats and Assurances", "Caveats and Assurances"), ("Dated May", None), ("It pays", None)]
)
def test_a_title_above_the_first_item_is_a_heading(title: str, heading: str | None) -> None:
    found = read(f"The parties agree.\n\n{title}\n\n1. The Supplier shall report.\n\n2. It shall cut emissions.\n")
    assert found.blocks[-1].heading == heading


def test_three_narrow_columns() -> None:
    text = """\
1. Climate                 2. Payment                3. Law
The Supplier shall         The Customer shall        This contract is
reduce its greenhouse      pay each invoice          governed by the law
gas emissions by half      within thirty days        of England and the
before the end of the      of the date on which      courts of London
year 2030.                 it gets it.               have jurisdiction.
"""
    found = read(text)
    assert [(block.clause, block.heading) for block in found.blocks[::2]] == [
        ("1", "Climate"), ("2", "Payment"), ("3", "Law"),
    ]  # fmt: skip
    assert "reduce its greenhouse gas emissions by half before the end of the year 2030." in found.text


def test_the_end_of_a_page_behind_a_line() -> None:
    found = read("4.1 The Supplier shall send a report, verified by an <PAGE>\nindependent expert, of emissions.\n")
    assert [words for _, words in blocks(found)] == [
        "4.1 The Supplier shall send a report, verified by an independent expert, of emissions."
    ]


@pytest.mark.parametrize(
    "text",
    [
        # Stretched to the margin, and wrapped again with what was an indent.
        "The  Supplier  shall   reduce   the  emissions  of  each  and\nof  any  of  its  plants,   and  in"
        "   particular,   those\nof coal.\n",
        "of each and of every plant and       of the\nplants of each of its owners       that make\ngoods.\n",
    ],
)
def test_blanks_in_running_text_make_no_table(text: str) -> None:
    assert [words for _, words in blocks(read(text))] == [" ".join(text.split())]


def test_wrapped_cells_of_two_columns_stay_rows() -> None:
    text = "Cost of the gas that is burnt     100 pounds\nfor heating in the plants and     200 pounds\n"
    assert len(blocks(read(text))) == 2


def test_lines_that_an_answer_quotes() -> None:
    found = read(
        "See below.\n\n> > 4. Climate\n> >\n> > 4.1 The Supplier shall cut the emissions of\n> > its plants.\n"
    )
    assert [words for _, words in blocks(found)][1:] == [
        "4. Climate", "4.1 The Supplier shall cut the emissions of its plants.",
    ]  # fmt: skip
    assert "> 5 plants" in read("It has\n> 5 plants\nand more.\n").text
