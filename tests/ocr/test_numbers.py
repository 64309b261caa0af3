"""Roman clause numbers that were misread are mended, and nothing else is."""

from __future__ import annotations

import pytest

from tclp_daemon.ocr.numbers import mend_numbers

ROMAN = ["i", "ii", "iii", "iv", "v"]


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        (["i", "ii", "ui", "iv", "v"], ROMAN),
        (["1", "11", "111", "1v", "v"], ROMAN),
        (["i", "il", "ili", "iv", "Vv"], ["i", "ii", "iii", "iv", "Vv"]),
        (["i", "ll", "lii", "lv", "v"], ROMAN),
        (["vi", "vu", "vili", "ix", "xu"], ["vi", "vii", "viii", "ix", "xii"]),
        (["1", "2", "ii", "11"], ["1", "2", "ii", "11"]),
        (["1"], ["1"]),
        (["10", "11", "12", "ii"], ["10", "11", "12", "ii"]),
        (["a", "k", "l", "t", "u", "i"], ["a", "k", "l", "t", "u", "i"]),
        (["a", "v", "II", "IV", "aa"], ["a", "v", "II", "IV", "aa"]),
        (["the", "2030", "but", "Unit"], ["the", "2030", "but", "Unit"]),
    ],
)
def test_numbers_at_the_beginning_of_a_line(read: list[str], meant: list[str]) -> None:
    assert mend_numbers([f"({each}) The Supplier (ui) shall" for each in read]) == [
        f"({each}) The Supplier (ui) shall" for each in meant
    ]


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        (["4.3", "44", "4.5"], ["4.3", "4.4", "4.5"]),
        (["4.3", "4,4", "45."], ["4.3", "4.4", "4.5."]),
        (["11.9", "1110", "11.11"], ["11.9", "11.10", "11.11"]),
        (["3.1.1", "3 1 2"], ["3.1.1", "3.1.2"]),
        (["4.3", "45", "44"], ["4.3", "45", "4.4"]),
        (["44", "30"], ["44", "30"]),
    ],
)
def test_a_lost_dot(read: list[str], meant: list[str]) -> None:
    assert mend_numbers([f"{each} The Supplier shall" for each in read]) == [
        f"{each} The Supplier shall" for each in meant
    ]


def test_a_number_in_a_sentence_is_no_clause() -> None:
    lines = ["4.3 The Supplier shall pay within", "44 days of receipt."]
    assert mend_numbers(lines) == lines
