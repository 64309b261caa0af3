"""A stop without a blank behind it: the end of a sentence, or part of a name."""

from __future__ import annotations

import pytest

from tclp_daemon.analysis.glued import missed_ends
from tclp_daemon.analysis.segment import split_sentences
from tclp_daemon.config import Limits
from tclp_daemon.extract import read_document


@pytest.mark.parametrize(
    "text",
    [
        "keep records of its plants.|The Supplier shall report.",
        "by the end of 2030.|The Supplier shall report.|Suppliers may audit.",
        "the base year (2020).|If it fails, it pays.",
        "as “Net Zero”.|“Term” means ten years.",
        "by 50%.|Each party may audit.",
        "Is it so?|The Customer may audit!|However, it pays.",
        "reports to the Customer.|A Party may audit.",
    ],
)
def test_sentences_without_a_blank_between_them_are_two(text: str) -> None:
    ends = [at - number for number, at in enumerate(at for at, char in enumerate(text) if char == "|")]
    assert list(missed_ends(text.replace("|", ""))) == ends


@pytest.mark.parametrize(
    "text",
    [
        "goods, e.g.The plants", "see www.Example.Com for more", "at Booking.Com and Node.JS or ASP.NET",
        "under No.5 and Art.The", "in the U.S.A or the U.K.The law", "file Schedule.Docx is", "J.Smith signs",
        "Acme Co.Ltd and Inc.The firm", "at 1.5 of 2.The", "mail ann@acme.The com", "field {{Customer.Name}} is",
        "the value order.Customer.Name is", "v1.Two Parties", "https://acme.The com", "Schedule 1.A Goods",
        "Customer.Data Officer",
        "15.No Waiver. No failure", "of this Section 17.C are intended", "Section 26.A, to",
    ],
)  # fmt: skip
def test_names_are_not_cut(text: str) -> None:
    assert list(missed_ends(text)) == []


def test_in_a_document() -> None:
    words = "4.1 The Supplier shall keep records of its plants.The Supplier shall cut emissions.The Customer may audit."
    document = read_document(words.encode(), ".txt", Limits())
    found = [document.text[each.start : each.end] for each in split_sentences(document)]
    assert found == [
        "4.1 The Supplier shall keep records of its plants.", "The Supplier shall cut emissions.",
        "The Customer may audit.",
    ]  # fmt: skip


def test_long_text_without_blanks_costs_little() -> None:
    assert list(missed_ends("plants.The" * 200_000)) == []
