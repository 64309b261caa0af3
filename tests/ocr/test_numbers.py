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
