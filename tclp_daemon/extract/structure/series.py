"""Where a letter, a roman number or a number in brackets belongs among the levels that are open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tclp_daemon.extract.structure.labels import Style, readings

_ENCLOSED = frozenset(("()", ")"))  # drafters mix "(a)" and "b)"


class Role(StrEnum):
    """What a level adds to the clause that a lawyer would cite."""

    SCHEDULE = "schedule"  # leads all that is in it: "Schedule 2, 3"
    ARTICLE = "article"  # stands alone, or as a part of a schedule: "Article V"; "Schedule 2, Part 1, 3"
    DECIMAL = "decimal"  # contains its parents: "11.4"
    ITEM = "item"  # is added to its parent: "(a)"


@dataclass(slots=True)
class Level:
    """A level that is open.

    Attributes:
        role: what it adds to the clause.
        style: the series that its number belongs to.
        label: its number.
        value: what the number counts in its series.
        form: what is around the number.
        heading: of the block that opened it, if it has one.
        depth: of the heading or list item that opened it, as the reader knows it.
        in_sentence: it is an item of a list that goes on with the sentence of the level above.
        announced: a colon stands before the list that it is an item of.
        is_entry: it may be an item of a list of things: it is short, and has neither a title nor a second sentence.
    """

    role: Role
    style: Style
    label: str
    value: int = 0
    form: str = ""
    heading: str | None = None
    depth: int = 0
    in_sentence: bool = False
    announced: bool = False
    is_entry: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number goes: instead of the levels from `at` on, as this `style` and `value`."""

    at: int
    style: Style
    value: int


def place(levels: Sequence[Level], label: str, form: str, *, nests: bool, roman: bool | None = None) -> Place:
    """Where a number that is an item belongs, and how it counts.

    "(i)" after "(h)" is a letter, and "(v)" after "(iv)" a roman number: the innermost series that goes on with the
    number gets it. If none does, it begins a series below, or leaves a gap in one.

    Args:
        levels: open levels, outermost first.
        label: the number without what is around it.
        form: what is around it.
        nests: the block before announced a list, so that the first of a series begins one inside another.
        roman: whether the numbers that follow make it a roman number; None where they do not tell.
    """
    options = [(style, value) for style, value in readings(label) if roman is None or _is_roman(style) == roman]
    if not options:
        options = [(Style.LOWER if label.islower() else Style.UPPER, 0)]
    for exact in (True, False):
        for at in reversed(range(len(levels))):
            for style, value in options:
                if levels[at].value + 1 == value and _same_series(levels[at], style, form, exact=exact):
                    return Place(at, style, value)
    for style, value in options:
        if value == 1:
            return Place(_restart(levels, style, form, nests=nests), style, value)
    for ahead in (True, False):
        for at in reversed(range(len(levels))):
            for style, value in options[:1]:
                if _same_series(levels[at], style, form, exact=True) and (levels[at].value < value or not ahead):
                    return Place(at, style, value)
    return Place(len(levels), *options[0])


def _restart(levels: Sequence[Level], style: Style, form: str, *, nests: bool) -> int:
    """Where the first number of a series goes: a new level, or that of a series which begins again."""
    for at in reversed(range(len(levels))):
        if _same_series(levels[at], style, form, exact=True):
            return len(levels) if nests and at < len(levels) - 1 else at
    return len(levels)


def _same_series(level: Level, style: Style, form: str, *, exact: bool) -> bool:
    if level.style is not style:
        return False
    return level.form == form if exact else level.form in _ENCLOSED and form in _ENCLOSED


def _is_roman(style: Style) -> bool:
    return style in (Style.ROMAN, Style.UPPER_ROMAN)
