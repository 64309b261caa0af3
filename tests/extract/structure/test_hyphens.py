"""Which hyphens at line ends stay."""

from __future__ import annotations

from collections import Counter

import pytest

from tclp_daemon.extract.structure.hyphens import is_broken

TEXT = """the owner of a ship may lease it for hire and its climate policy shall be work of the present port to serve
the contractor may elect an environmental emission carbon-neutral"""
WORDS = Counter(TEXT.split())


@pytest.mark.parametrize(
    ("line", "broken"),
    [
        ("environ-mental", True),
        ("re-lieves", True),
        ("re-lease", True),
        ("re-present", True),
        ("re-elect", False),
        ("pre-vents", True),
        ("pre-serve", True),
        ("co-venant", True),
        ("co-owner", False),
        ("sub-ject", True),
        ("sub-contractor", False),
        ("non-solicitation", False),
        ("one-third", False),
        ("low-carbon", False),
        ("net-work", True),
        ("high-ly", True),
        ("post-pone", True),
        ("climate-aligned", False),
        ("manage-ment", True),
        ("carbon-neutral", False),
        ("work-for-hire", False),
        ("climate-rela-ted", True),
    ],
)
def test_hyphens(line: str, broken: bool) -> None:
    head, tail = line.rsplit("-", 1)
    assert is_broken(f"the text {head}-", f"{tail} goes on", WORDS) is broken


def test_without_a_vocabulary() -> None:
    assert is_broken("its emis-", "sions", {})
    assert is_broken("which re-", "lieves", {})
    assert not is_broken("a climate-", "aligned policy", {})
    assert not is_broken("a non-", "binding offer", {})
