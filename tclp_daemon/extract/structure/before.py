"""What the end of a block says about the block behind it: a list, a form or a new item follows, or its own sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PROSE = 60  # characters; what is shorter may be a label
_AGREED = re.compile(r"\b(?:agree[ds]?|covenants?|undertakes?|witness(?:es|eth))\b.{0,60}:$", re.IGNORECASE | re.DOTALL)
# Some fonts have the Greek question mark as semicolon.
_IN_SENTENCE = re.compile(r"[;,\u037e](?:\s*(?:and|or|and/or))?$")
_NEXT_ITEM = re.compile(r"[;\u037e](?:\s*(?:and|or|and/or))?$")
_GOES_ON = (";", ",", "\u037e", "and", "or")
_FOLLOWS = re.compile(r"\b(?:following|follows)\b[^.:]{0,40}:$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Before:
    """How the block before ended.

    Attributes:
        ended: it is a complete sentence.
        colon: it ends with a colon.
        agreed: it leads over from the recitals to the clauses.
        announces: it leads over from a clause to its list.
        introduces: it ends with a colon and is more than a label.
        follows: it says that something follows.
        in_list: the last item with a number is one that its sentence goes on after.
        next_item: and that only another item should follow.
    """

    ended: bool = False
    colon: bool = False
    agreed: bool = False
    announces: bool = False
    introduces: bool = False
    follows: bool = False
    in_list: bool = False
    next_item: bool = False

    def then(self, tail: str, *, numbered: bool, below_heading: bool) -> Before:
        """How the block behind that one ended.

        Args:
            tail: its last characters.
            numbered: it begins with a number.
            below_heading: the clause that it stands under has a heading.
        """
        colon = tail.endswith(":")
        # Only asked of an end like this: the search goes through all commas of a sentence.
        goes_on = numbered and tail.endswith(_GOES_ON)
        agreed = colon and _AGREED.search(tail) is not None
        return Before(
            ended=tail.endswith("."),
            colon=colon,
            agreed=agreed,
            announces=colon and (numbered or below_heading),
            introduces=colon and len(tail) >= _PROSE,
            follows=colon and not agreed and _FOLLOWS.search(tail) is not None,
            in_list=(goes_on and _IN_SENTENCE.search(tail) is not None) if numbered else self.in_list,
            next_item=(goes_on and _NEXT_ITEM.search(tail) is not None) if numbered else self.next_item,
        )
