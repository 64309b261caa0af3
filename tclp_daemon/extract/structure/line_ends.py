"""What the end of a wrapped line says about the next line: whether its first number or dash begins something new."""

from __future__ import annotations

import re

from tclp_daemon.extract.structure.numbering import starts_bullet

_TERMINAL = re.compile(r"[.!?:;\u037e][\"'”’)\]]*$")
_STOPS = frozenset(".!?:;\u037e")
_LEADING_ON = "to|of|in|under|with|the|this|as|by|at|through|below|than"  # no sentence ends with these
_UNFINISHED = re.compile(rf"\b(?:{_LEADING_ON})$", re.IGNORECASE)
# "Within thirty | (30) days", "attached hereto as | Exhibit C.", "and also Scope | 3."
_CITES = re.compile(
    rf"(?:\b(?:{_LEADING_ON}|and|or|see|sections?|clauses?|articles?|paragraphs?|schedules?|exhibits?|annex(?:es)?|"
    r"appendix|appendices|regulations?|directives?|scopes?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|"
    r"twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred)|,)$",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"(?:(?<!\w)[^\W\d_]+|,)$")
# The narrower case: what follows can only be the number of another clause, "as set out in | Appendix 6".
_REFERS = frozenset(
    "to of in under with by at than see section sections clause clauses article articles paragraph paragraphs schedule"
    " schedules exhibit exhibits annex annexes appendix appendices regulation regulations directive directives".split()
)
_LONGEST_END = 20


def ends_sentence(line: str) -> bool:
    """True where `line` ends with a stop, a colon or a semicolon."""
    last = line[-1:]
    if last.isalnum():
        return False  # as most lines do
    return last in _STOPS or _TERMINAL.search(line[-_LONGEST_END:]) is not None


def cites(line: str) -> bool:
    """True where a number at the start of the next line is a citation or an amount and does not begin a clause."""
    end = line[-_LONGEST_END:]
    last = _LAST_WORD.search(end)  # the list of words is long, so it is not tried at each place
    return last is not None and _CITES.match(end, last.start()) is not None


def refers(line: str) -> bool:
    """True where a clause number at the start of the next block is what the last words of this sentence refer to."""
    before, _, last = line.rpartition(" ")
    return (last in _REFERS or last[:1].lower() + last[1:] in _REFERS) and any(map(str.islower, before[-_LONGEST_END:]))


def is_unfinished(line: str) -> bool:
    """True where the sentence continues in the next line, whatever that begins with."""
    return _UNFINISHED.search(line[-_LONGEST_END:]) is not None


def is_aside(line: str, before: str) -> bool:
    """True where `line` begins with a dash that belongs to the sentence of the line before and is not a bullet."""
    return line[0] in "–—" and starts_bullet(line) and not (ends_sentence(before) or starts_bullet(before))
