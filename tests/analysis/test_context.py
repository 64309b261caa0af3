"""What the judge reads with a sentence: headings, definitions, lead-ins, neighbours, the row of a table."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tclp_daemon.analysis.context import Contexts, Passage
from tclp_daemon.analysis.segment import Sentence
from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.formats import Kind

Line = tuple[str, dict[str, Any]]


def heading(text: str, level: int = 0) -> Line:
    return text, {"kind": BlockKind.HEADING, "level": level}


def item(number: str, text: str) -> Line:
    return f"{number} {text}", {"kind": BlockKind.LIST_ITEM, "number": number}


def cell(text: str, row: int, column: int) -> Line:
    return text, {"kind": BlockKind.TABLE_CELL, "row": (1, row, column)}


def contexts(*lines: str | Line) -> Contexts:
    """Each line is a block and a sentence; cells of one or two words are no sentences."""
    text, blocks, above = "", [], None
    for line in lines:
        words, about = (line, {}) if isinstance(line, str) else line
        if about.get("kind") is BlockKind.HEADING:
            above = words
        start = len(text)
        text += words + "\n"
        blocks.append(Block(**{"kind": BlockKind.PARAGRAPH, "heading": above, **about}, start=start, end=len(text) - 1))
    judged = [block for block in blocks if not block.row or text[block.start : block.end].count(" ") > 1]
    document = Document(text, tuple(blocks), Kind.TEXT, "test")
    return Contexts(document, [Sentence(block.start, block.end, block) for block in judged])


def passage(found: Contexts, sentence: str) -> Passage:
    """The passage that asks about the sentence that begins so."""
    (index,) = (i for i, text in enumerate(found.texts) if text.startswith(sentence))
    (only,) = found.passages([index])
    assert dict(zip(only.indices, only.asked, strict=True))[index]
    return only


def test_headings_definitions_and_neighbours() -> None:
    found = contexts(
        heading("2. ENERGY", 1),
        heading("2.1 Certificates", 2),
        "“REC” means a renewable energy certificate.",
        "The Supplier keeps books.",
        "It surrenders RECs.",
        "It is paid for that.",
        "Nothing else is due.",
    )
    one = passage(found, "It surrenders")
    assert one.preface == "2. ENERGY > 2.1 Certificates | “REC” means a renewable energy certificate."
    assert one.sentences == ("The Supplier keeps books.", "It surrenders RECs.", "It is paid for that.")
    assert one.indices == (3, 4, 5)


def test_a_heading_of_the_same_level_or_of_none_ends_the_one_before() -> None:
    found = contexts(heading("A", 1), heading("B", 2), heading("C", 2), "One.", heading("TOTAL $5"), "Two.")
    assert passage(found, "One.").preface == "A > C"
    assert passage(found, "Two.").preface == "TOTAL $5"


def test_abbreviations_and_rare_terms_are_shown_before_common_ones() -> None:
    found = contexts(
        "“Vessel” means the ship Anna.",
        "“Services” means the services.",
        "“Plan” means the plan.",
        "“REC” means a certificate.",
        *["The Vessel performs the Services."] * 3,
        "The Vessel sails.",
        "Unlike the Vessel, the Services and the Plan, each REC counts.",
    )
    assert passage(found, "Unlike").preface == " | ".join(
        ["“REC” means a certificate.", "“Plan” means the plan.", "“Services” means the services."]
    )


def test_who_the_parties_are_is_not_shown() -> None:
    found = contexts("Anna Ltd (the “Supplier”) signs this agreement (the “Agreement”).", "-", "The Supplier obeys it.")
    assert passage(found, "The Supplier").preface == ""


def test_what_is_defined_in_the_passage_is_not_said_twice() -> None:
    assert passage(contexts("“REC” means a certificate; RECs are numbered."), "“REC”").preface == ""


@pytest.mark.parametrize(
    ("lines", "lead_ins"),
    [
        (["The Tenant must:", item("(a)", "pay;"), item("(b)", "sweep;"), item("(c)", "save.")], ["The Tenant must:"]),
        (["The Tenant must", item("(a)", "pay;"), item("(b)", "sweep;"), item("(c)", "save.")], ["The Tenant must"]),
        (["The Tenant must", "pay;", item("(b)", "sweep;"), item("(c)", "save.")], []),
        (["Notices", item("(a)", "Pay."), item("(b)", "Sweep."), item("(c)", "save.")], []),
        (["The Tenant pays.", item("(a)", "Pay."), item("(b)", "Sweep."), item("(c)", "save.")], []),
        # Nested: both lead-ins; after the nested list, the outer one only.
        (
            ["He must:", item("(a)", "do this:"), item("(i)", "pay;"), item("(ii)", "sweep;"), item("(iii)", "save.")],
            ["He must:", "(a) do this:"],
        ),
        (
            ["He must:", item("(a)", "do this:"), item("(i)", "pay;"), item("(ii)", "sweep;"), item("(b)", "save.")],
            ["He must:"],
        ),
        # Another clause's list is over.
        (["He must:", item("(a)", "pay."), heading("5. Other"), "He pays.", "All pay.", item("(c)", "save.")], []),
    ],
)
def test_lead_ins(lines: list[str | Line], lead_ins: list[str]) -> None:
    found = contexts(*lines)
    one = passage(found, found.texts[-1])
    assert list(one.sentences[:-2]) == lead_ins


def test_a_lead_in_far_away_is_not_looked_for() -> None:
    found = contexts("He must:", *[item(f"({n})", "pay;") for n in range(2, 40)])
    assert len(passage(found, "(39)").sentences) == 2


def test_a_table_cell_is_read_with_the_cells_before_it() -> None:
    found = contexts(
        heading("Schedule 2", 1),
        cell("Fleet", 1, 1), cell("all vans", 1, 2), cell("electric by 2028 at last", 1, 3),
        cell("Canteen", 2, 1), cell("no meat on Fridays at all", 2, 2),
    )  # fmt: skip
    assert passage(found, "electric").preface == "Schedule 2 > Fleet all vans"
    assert passage(found, "no meat").preface == "Schedule 2 > Canteen"


@pytest.mark.parametrize(
    ("above", "term", "meaning", "shown"),
    [
        ("Definitions", "REC", "A certificate for one megawatt hour.", "“REC”: A certificate for one megawatt hour."),
        ("Schedule", "“REC”", "A certificate for one megawatt hour.", "“REC”: A certificate for one megawatt hour."),
        ("Schedule", "REC", "means a certificate.", "“REC” means a certificate."),
        ("Schedule", "REC", "A certificate for one megawatt hour.", ""),
    ],
)
def test_definitions_in_a_table(above: str, term: str, meaning: str, shown: str) -> None:
    found = contexts(heading(above, 1), cell(term, 1, 1), cell(meaning, 1, 2), heading("5", 1), "He counts RECs.")
    assert passage(found, "He counts").preface.removeprefix("5").strip(" |") == shown


def test_long_neighbours_are_cut_and_not_asked_about() -> None:
    long = "The Supplier " + "pays and " * 60 + "ends."
    one = passage(contexts(long, "It surrenders RECs.", long), "It surrenders")
    assert one.asked == (False, True, False)
    assert one.sentences[0].endswith("ends.")
    assert len(one.sentences[0]) <= 240
    assert one.sentences[2].startswith("The Supplier")
    assert len(one.sentences[2]) <= 240


def test_candidates_near_one_another_share_a_passage() -> None:
    found = contexts(*(f"Sentence {n}." for n in range(20)))
    assert [one.indices for one in found.passages([3, 5, 9, 19])] == [(2, 3, 4, 5, 6), (8, 9, 10), (18, 19)]


def test_a_passage_holds_as_many_candidates_as_the_judge_reads_well() -> None:
    found = contexts(*(f"{n} " + "word " * 80 for n in range(9)))
    passages = list(found.passages(range(9)))
    assert len(passages) > 3
    asked = [i for one in passages for i, whole in zip(one.indices, one.asked, strict=True) if whole]
    assert asked == list(range(9))


def test_a_long_contract_of_candidates_takes_linear_time() -> None:
    lines = [f"“Term {n}x” means the Term {n + 1}x:" for n in range(1_500)]
    found = contexts(*lines, *(item("(a)", f"the Term {n}x counts;") for n in range(1_500)))
    begin = time.process_time()
    assert len(list(found.passages(range(3_000)))) > 50
    assert time.process_time() - begin < 5
