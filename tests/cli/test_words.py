"""The words of the command line, and what it understands of those of people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tclp_daemon.cli.follow import Stall, first_of
from tclp_daemon.cli.lookup import parse_since
from tclp_daemon.cli.words import age, count, place, printable
from tclp_daemon.errors import UsageError
from tclp_daemon.result import Finding

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(("number", "words"), [(0, "0 tasks"), (1, "1 task"), (2, "2 tasks"), (12_345, "12,345 tasks")])
def test_plurals_agree(number: int, words: str) -> None:
    assert count(number, "task") == words


def test_a_plural_of_its_own() -> None:
    assert count(2, "copy", "copies") == "2 copies"


@pytest.mark.parametrize(
    ("seconds", "words"), [(-5, "0s"), (59, "59s"), (60, "1m"), (7199, "1h"), (86_399, "23h"), (864_000, "10d")]
)
def test_ages_have_one_unit(seconds: int, words: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == words


def test_a_name_cannot_deceive_a_terminal() -> None:
    assert printable("two\nlines\x1b[31m\u202e.txt") == "two\\nlines\\x1b[31m\\u202e.txt"
    assert printable("Übereinkunft 契約.txt") == "Übereinkunft 契約.txt"


def test_where_a_finding_stands() -> None:
    finding = Finding(text="Net zero.", start=0, end=9, probability=0.9, paragraph=7)
    assert place(finding) == "paragraph 7"
    assert place(finding.model_copy(update={"page": 3})) == "page 3"
    assert place(finding.model_copy(update={"page": 3, "clause": "11.4(b)"})) == "page 3, clause 11.4(b)"
    assert place(finding.model_copy(update={"clause": "Exhibit 10"})) == "Exhibit 10"


def test_many_names_are_cut() -> None:
    assert first_of(["a", "b"]) == "a, b"
    assert first_of([str(number) for number in range(8)]) == "0, 1, 2, 3, 4 and 3 more"


def test_since() -> None:
    assert parse_since(None) is None
    ago = parse_since("2h")
    assert ago is not None
    assert timedelta(hours=2) <= datetime.now(UTC) - ago < timedelta(hours=3)
    assert parse_since("2026-01-31T12:00:00+00:00") == NOW
    for text in ("yesterday", "", "h", "1e9w"):
        with pytest.raises(UsageError, match=f"Cannot parse --since '{text}'. Write 2h, 3d, 1w or a date"):
            parse_since(text)


def test_a_stall_is_noticed_only_while_nothing_changes() -> None:
    now = 0.0
    stall = Stall(10, clock=lambda: now)
    seen = []
    for now, state in ((0, "a"), (9, "a"), (10.5, "b"), (20, "b"), (21, "b"), (21, "a")):  # noqa: B007
        seen.append(stall.noticed(state))
    assert seen == [False, False, False, False, True, False]
