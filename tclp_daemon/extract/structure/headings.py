"""Which blocks are headings, by their words and by what stands above and below them.

A reader that knows styles or fonts says what it knows; here the words can only add headings and take back what none can
be: a date, an amount, a line of an address or of a signature block.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from tclp_daemon.document import Block, BlockKind
from tclp_daemon.extract.structure.labels import Style
from tclp_daemon.extract.structure.line_ends import ends_sentence, is_unfinished
from tclp_daemon.extract.structure.numbering import HEAD, Number
from tclp_daemon.extract.structure.titles import is_contents_entry, is_title, looks_like_heading

_PROSE = 60  # characters; a block that is at least this long, or ends like a sentence, is text below a heading
_MOST_WORDS = 8  # of a heading that is not written like a title
_FEW_WORDS = 5  # of one that no smaller numbers divide
_OPENS_PHRASE = re.compile(r"(?:to|for|in|on|at|by|with|any|all|each|every|the|an?|if|where|when)\b", re.IGNORECASE)
_TELLING = re.compile(
    r"\b(?:shall|will|must|may|is|are|was|were|has|have|means|agrees?|hereby|undertakes?|warrants?)\b|[.;,:?!]\s*$",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"\b(?:inc|ltd|limited|llc|l\.l\.c|l\.p|llp|plc|corp|gmbh|s\.a|b\.v|n\.a)\b\.?|"
    r"^(?:mr|mrs|ms|dr|messrs)\b|\b(?:street|road|avenue|suite|floor)\b",
    re.IGNORECASE,
)
# A line with these words alone is a heading, however it is written.
_OF_PARTS = re.compile(
    r"(?:recitals?|background|preliminary|preamble|introduction|definitions|interpretation|agreed terms|"
    r"signatures)\s*:?",
    re.IGNORECASE,
)
_ADDRESSES = re.compile(
    r"\b(?:notices?|address(?:es)?|contacts?|parties|schedule|exhibit|annex|appendix)\b", re.IGNORECASE
)
_MOST_READ = 2_000_000  # characters, of which a longer document can hardly use other words
_LOWER_WORD = re.compile(r"\b[a-z][a-z’'-]{2,}")
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_NONE = re.compile(
    rf"\W*(?:dated?:?\s*)?(?:\d{{1,2}}(?:st|nd|rd|th)?\s+)?{_MONTH}\b[\s\d,.]*$|"  # a date
    r"[\W\d_]*$|"  # figures and rules
    r"\W*[$€£]\s?[\d,.]+(?:\s+(?:million|billion|per\s+\w+))?\W*$|"  # an amount
    r"</?\w+>$|"  # a tag
    r"(?:by|name|title|date|its|attn|attention|fax|tel|telephone|e-?mail)\s*:|"
    r"(?:page|seite)\s+\d+\b",
    re.IGNORECASE,
)


class Vocabulary:
    """The words that a document uses: a title is made of them, a person's name is not. Read when first asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(match[0] for match in _LOWER_WORD.finditer(self._text, 0, _MOST_READ))

    def knows(self, title: str) -> bool:
        """Whether the document uses one of the words of a title, or they are joined as no name is ("X and Y")."""
        words = title.split()
        return any(word.islower() for word in words) or any(word.lower() in self._words for word in words)


def is_heading(
    text: str, blocks: Sequence[Block], numbers: Sequence[Number | None], at: int, vocabulary: Vocabulary
) -> bool:
    """Whether the block at this index is a heading."""
    block, number = blocks[at], numbers[at]
    complete = block.end - block.start < HEAD
    head = text[block.start : min(block.end, block.start + HEAD)]
    if block.kind is BlockKind.HEADING:
        return number is not None or not (_NONE.match(head) or _heads_letter(text, blocks, at))
    if (
        not complete
        or block.contents
        or block.kind
        not in (
            BlockKind.PARAGRAPH,
            BlockKind.LIST_ITEM,
            BlockKind.TABLE_CELL,
        )
    ):
        return False
    if number is None:
        loose = block.kind is BlockKind.PARAGRAPH and block.row is None
        return loose and _stands_above(text, blocks, numbers, at, vocabulary)
    if block.kind is BlockKind.PARAGRAPH and looks_like_heading(head):
        return number.style is Style.SCHEDULE or not _NAME.search(head)
    return _leads(head, text, blocks, numbers, at)


def names_part(line: str) -> bool:
    """Whether a line says by its words alone that a part of a contract begins: "Preliminary:"."""
    return line[:1].isupper() and _OF_PARTS.fullmatch(line) is not None


def is_label(text: str) -> bool:
    """Whether the text of a cell names what stands beside or below it: a few words, no figures, no sentence."""
    few = len(text.split()) <= _MOST_WORDS and text[:1].isupper()
    return few and len(text) > 2 and not _TELLING.search(text.rstrip(":?")) and not _NONE.match(text)


def names(text: str) -> bool:
    """Whether a line names a person, a company or an address."""
    return _NAME.search(text) is not None


def _leads(head: str, text: str, blocks: Sequence[Block], numbers: Sequence[Number | None], at: int) -> bool:
    """Whether a numbered line of a few words has text, or smaller numbers, below it."""
    number = numbers[at]
    assert number is not None
    rest = head[number.end :].strip()
    item = number.style in (Style.LOWER, Style.ROMAN, Style.DIGIT, Style.DOUBLED)
    if is_contents_entry(head) or "\n" in rest or not rest[:1].isupper():
        return False
    below = _next(blocks, at)
    if below is None:
        return False
    after = numbers[below]
    if item:
        return _is_item_title(rest) and _is_below(text, blocks[below], number, after)
    if not is_title(rest.rstrip(".:")) and not _is_plain_title(rest, divided=after is not None):
        return False
    if after is None:
        return _is_text(text, blocks[below])
    if number.style is Style.DECIMAL and after.style is Style.DECIMAL:
        return after.label.startswith(f"{number.label}.")
    return after.style is not number.style


def _is_item_title(rest: str) -> bool:
    """Whether "(b) Interest Rate Adjustments." is a title: several words and a full stop."""
    return rest.endswith(".") and len(rest.split()) > 1 and is_title(rest.rstrip(".")) and not _NAME.search(rest)


def _is_below(text: str, block: Block, number: Number, after: Number | None) -> bool:
    """Whether a block is what an item contains: prose, or the first item of the next level."""
    if after is None:
        return block.kind is BlockKind.PARAGRAPH and _is_text(text, block)
    return after.style is not number.style and after.label.strip("()").lower() in ("a", "i", "1")


def _is_plain_title(rest: str, *, divided: bool) -> bool:
    """Whether words that are not written like a title are one nevertheless: few of them, and no sentence."""
    few = len(rest.split()) <= (_MOST_WORDS if divided else _FEW_WORDS)
    return few and not _TELLING.search(rest) and not _OPENS_PHRASE.match(rest)


def _stands_above(
    text: str, blocks: Sequence[Block], numbers: Sequence[Number | None], at: int, vocabulary: Vocabulary
) -> bool:
    """Whether a line in Title Case stands alone between two texts: a heading that no font or number tells of."""
    line = text[blocks[at].start : blocks[at].end].rstrip(":")
    if names_part(line):
        below = _next(blocks, at)
        return below is not None and blocks[below].end - blocks[below].start >= _PROSE
    words = len(line.split())
    if words > _MOST_WORDS or len(line) < 4 or ends_sentence(line) or not is_title(line):
        return False
    if is_unfinished(line) and not line.isupper():  # "Change of | Management means ..."
        return False
    if not line[0].isalpha() or (words == 1 and not line.isupper()):  # "“Effective | Date” means ..."
        return False
    if _NAME.search(line) or _NONE.match(line) or line[-1] in ",;" or any(char.isdigit() for char in line):
        return False
    above, below = _before(blocks, at), _next(blocks, at)
    if below is not None and (above is None or line.isupper()):
        # The title of the document, or capitals.
        return numbers[below] is not None or _is_text(text, blocks[below])
    if above is None or below is None or not _ends_text(text, blocks, above):
        return False
    if text[blocks[below].start] == "(" or (
        blocks[at].end - blocks[at].start > len(line) and not _is_text(text, blocks[above])
    ):
        return False  # "Final Certificate | (FAC) means ..."; a label
    return _is_text(text, blocks[below]) and vocabulary.knows(line)


def _ends_text(text: str, blocks: Sequence[Block], at: int) -> bool:
    """Whether a block is text that ends there; its last line may stand apart from the lines before."""
    if not ends_sentence(text[max(blocks[at].start, blocks[at].end - 20) : blocks[at].end]):
        return False
    before = _before(blocks, at)
    if _is_text(text, blocks[at]) or before is None:
        return _is_text(text, blocks[at])
    unfinished = not ends_sentence(text[max(blocks[before].start, blocks[before].end - 20) : blocks[before].end])
    return blocks[at].kind is BlockKind.PARAGRAPH and unfinished and _is_text(text, blocks[before])


def _heads_letter(text: str, blocks: Sequence[Block], at: int) -> bool:
    """Whether a line is the name of who has the address below it."""
    below = _next(blocks, at)
    if below is None or blocks[below].kind is not BlockKind.ADDRESS:
        return False
    line = text[blocks[at].start : blocks[at].end]
    named = line.isupper() or _NAME.search(line) is not None or any(map(str.isdigit, line))
    return named and _ADDRESSES.search(line) is None


def _is_text(text: str, block: Block) -> bool:
    if block.kind not in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM) or block.contents:
        return False
    words = text[block.start : block.end]
    return len(words) >= _PROSE and (words[0].isupper() or not words[0].isalpha())


def _next(blocks: Sequence[Block], at: int) -> int | None:
    return next((i for i in range(at + 1, min(at + 6, len(blocks))) if _of_the_text(blocks[i])), None)


def _before(blocks: Sequence[Block], at: int) -> int | None:
    return next((i for i in range(at - 1, max(at - 6, -1), -1) if _of_the_text(blocks[i])), None)


def _of_the_text(block: Block) -> bool:
    return block.kind not in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE)
