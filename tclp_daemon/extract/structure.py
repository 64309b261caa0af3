"""Which clause and which heading a block stands under, from the numbers that the blocks show.

Contracts number their clauses in a handful of ways ("11.4.2", "(b)", "(iv)", "Article V", "Section 3.2", "§ 7",
"Schedule 2"). A number at the start of a block opens a level; the levels that are open make the clause ("11.4(b)").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tclp_daemon.document import Block, BlockKind

_HEAD = 240  # characters of a block that can matter here; a block may be megabytes long

_NAMED = re.compile(
    r"(?P<word>article|section|sec\.|clause|schedule|exhibit|annex|appendix|attachment|part|chapter|§§?)\s*"
    r"(?:no\.?\s*)?(?P<label>\d{1,3}(?:\.\d{1,3}){0,5}|[ivxlc]{1,7}|[A-Z]{1,2}(?:-?\d{1,3})?)(?P<subs>(?:\([a-z0-9]{1,4}\))*)"
    r"(?P<end>[.:)]|\s*[-–—:](?=\s)|(?=\s|$))",
    re.IGNORECASE,
)
_DECIMAL = re.compile(r"(?P<label>\d{1,3}(?:\.\d{1,3}){1,6}|\d{1,3}(?=[.)]))(?P<subs>(?:\([a-z0-9]{1,4}\))*)[.):]?(?=\s|$|[A-Z\"“])")
_BARE = re.compile(r"(?P<label>\d{1,2})(?=\s+[A-Z\"“])")
_BRACKET = re.compile(r"\((?P<label>[a-z]{1,2}|[A-Z]{1,2}|[ivxl]{1,6}|[IVXL]{1,6}|\d{1,3})\)")
_LETTER = re.compile(r"(?P<label>[a-z]|[A-Z]|[ivxl]{1,6}|[IVXL]{1,6})(?P<end>[.)])(?=\s|$)")
_BULLET = re.compile(r"[•◦▪‣●○■□\uf0b7·*–—-](?=\s)")
_ROMAN = re.compile(r"[ivxlc]+", re.IGNORECASE)
_CONTENTS_ENTRY = re.compile(r"(?:\.\s?){3,}\s*\w{1,5}$|…\s*\w{1,5}$|\s\d{1,4}$")
_RUN_IN = re.compile(r"(?P<title>[A-Z][^.:;!?\n]{1,90}?)(?P<end>[.:]|\.?\s[-–—])\s+(?=[A-Z0-9\"“'‘(\[])")
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_SMALL = frozenset(
    "a an and as at by de for from in into its nor of on or other out per than the that to under upon via with".split()
)
_ABBREVIATED = frozenset("inc ltd co corp llc llp plc no nos mr mrs ms dr st vs etc art sec jr sr u.s".split())
_SCHEDULES = frozenset({"schedule", "exhibit", "annex", "appendix", "attachment"})


class Style(StrEnum):
    """How a number is written; one style is one level of a clause."""

    SCHEDULE = "schedule"
    ARTICLE = "article"
    DECIMAL = "decimal"
    LOWER = "lower"
    UPPER = "upper"
    ROMAN = "roman"
    UPPER_ROMAN = "upper_roman"
    DIGIT = "digit"


@dataclass(frozen=True, slots=True)
class Number:
    """A clause number at the start of a text.

    Attributes:
        style: how it is written.
        label: it, as a reader would cite it ("11.4", "(b)", "Article V").
        end: offset of the first character after it and the white space that follows.
        subs: letters that hang on it, as in "11.4(b)".
    """

    style: Style
    label: str
    end: int
    subs: str = ""


@dataclass(slots=True)
class _Level:
    style: Style
    label: str
    heading: str | None = None


def find_number(text: str, *, bare: bool = False) -> Number | None:
    """The clause number that `text` begins with.

    Args:
        text: begins with the first visible character of a block.
        bare: also take an integer without a full stop ("2 Term"), which in a running text may be an amount.
    """
    text = text[:_HEAD]
    if match := _NAMED.match(text):
        return _named(text, match)
    if match := _DECIMAL.match(text):
        return Number(Style.DECIMAL, match["label"], _after(text, match.end()), match["subs"].lower())
    if match := _BRACKET.match(text):
        return _lettered(text, match["label"], match.end())
    if match := _LETTER.match(text):
        # "A. Smith" is a name as often as a number: the next word decides nothing, so only short labels count.
        return _lettered(text, match["label"], match.end())
    if bare and (match := _BARE.match(text)):
        return Number(Style.DECIMAL, match["label"], _after(text, match.end()))
    return None


def starts_item(text: str) -> bool:
    """True where `text` begins with a clause number or a bullet."""
    return bool(_BULLET.match(text)) or find_number(text) is not None


def starts_bullet(text: str) -> bool:
    """True where `text` begins with a bullet."""
    return bool(_BULLET.match(text))


def is_title(text: str) -> bool:
    """True for a few words that are written like a heading: Title Case or CAPITALS, and no sentence."""
    words = _WORD.findall(text)
    if not words or len(words) > 14 or len(text) > 120 or text.rstrip().endswith((",", ";")):
        return False
    if not any(len(word) > 1 for word in words):
        return False
    telling = [word for word in words if word.lower() not in _SMALL] or words
    return words[0][0].isupper() and all(word[0].isupper() for word in telling)


def looks_like_heading(text: str) -> bool:
    """True where a block of its own is a heading by its wording: a number and a title, or capitals."""
    if len(text) > 160 or "\n" in text:
        return False
    number = find_number(text, bare=True)
    rest = text[number.end :] if number else text
    if not rest:
        return bool(number) and number.style in (Style.ARTICLE, Style.SCHEDULE)  # type: ignore[union-attr]
    if _CONTENTS_ENTRY.search(text) or not is_title(rest):
        return False
    if number is not None:
        return number.style not in (Style.LOWER, Style.ROMAN, Style.DIGIT) or rest.isupper()
    return rest.isupper() and not rest.endswith((".", ":")) and len(_WORD.findall(rest)) > 0 and len(rest) > 3


def run_in_heading(text: str) -> str | None:
    """The heading at the start of a paragraph: "Climate Reporting" of "Climate Reporting. The Supplier shall ..."."""
    match = _RUN_IN.match(text[:_HEAD])
    if match is None:
        return None
    title = match["title"].strip()
    last = title.rsplit(None, 1)[-1].lower()
    return title if is_title(title) and last not in _ABBREVIATED and len(title) > 2 else None


def assign_clauses(text: str, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Fills `number`, `clause` and `heading` of each block, and makes headings of blocks that are plainly headings."""
    numbers = [_block_number(text, block) for block in blocks]
    following = _next_numbers(numbers)
    state = _State()
    done = []
    for block, number, upcoming in zip(blocks, numbers, following, strict=True):
        if block.kind in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
            done.append(block)
            continue
        done.append(state.visit(text[block.start : min(block.end, block.start + _HEAD)], block, number, upcoming))
    return tuple(done)


class _State:
    """The levels that are open while the blocks are read from top to bottom."""

    def __init__(self) -> None:
        self._levels: list[_Level] = []
        self._heading: str | None = None
        self._awaits_heading = False
        self._seen_clause = False

    def visit(self, head: str, block: Block, number: Number | None, upcoming: Number | None) -> Block:
        whole = block.end - block.start < _HEAD
        rest = head[number.end :].strip() if number and number.end <= len(head) else head.strip()
        if number is not None and not self._plausible(number, block):
            number = None
            rest = head.strip()
        is_heading = block.kind is BlockKind.HEADING
        if block.kind is BlockKind.PARAGRAPH and whole and (number is not None) and looks_like_heading(head):
            is_heading = True
        if number is None:
            if is_heading:
                self._loose_heading(rest, upcoming)
            return replace(
                block, clause=self._clause(), heading=rest if is_heading else self._current_heading()
            )
        contents_entry = whole and bool(_CONTENTS_ENTRY.search(head))
        if number.style is Style.SCHEDULE and (contents_entry or not whole or not (self._seen_clause or is_heading)):
            return replace(block, number=block.number or number.label, heading=self._current_heading())
        self._open(number)
        self._seen_clause = True
        title = _clean_title(rest) if is_heading else run_in_heading(rest)
        self._levels[-1].heading = title or None
        self._awaits_heading = not rest
        kind = BlockKind.HEADING if is_heading else block.kind
        return replace(
            block,
            kind=kind,
            number=block.number or number.label + number.subs,
            clause=self._clause(),
            heading=self._current_heading(),
        )

    def _plausible(self, number: Number, block: Block) -> bool:
        """An integer without a dot counts where the reader said heading or list item, or where it is the next one."""
        if number.style is not Style.DECIMAL or "." in number.label:
            return True
        if block.kind in (BlockKind.HEADING, BlockKind.LIST_ITEM):
            return True
        return block.kind is not BlockKind.TABLE_CELL

    def _open(self, number: Number) -> None:
        style, label = number.style, number.label
        levels = self._levels
        if style in (Style.SCHEDULE, Style.ARTICLE):
            self._heading = None
            levels.clear()
            levels.append(_Level(style, label))
        elif style is Style.DECIMAL:
            self._open_decimal(label)
        else:
            style = self._settle_style(style, label)
            for depth, level in enumerate(levels):
                if level.style is style:
                    del levels[depth:]
                    break
            levels.append(_Level(style, label))
        for sub in re.findall(r"\([a-z0-9]{1,4}\)", number.subs):
            levels.append(_Level(_bracket_style(sub[1:-1]), sub))

    def _open_decimal(self, label: str) -> None:
        levels = self._levels
        depth = len(label.split("."))
        keep: list[_Level] = []
        for level in levels:
            if level.style in (Style.SCHEDULE, Style.ARTICLE):
                keep.append(level)
            elif level.style is Style.DECIMAL and len(level.label.split(".")) < depth:
                if label.startswith(level.label.removesuffix(".0") + "."):
                    keep.append(level)
            else:
                break
        levels[:] = [*keep, _Level(Style.DECIMAL, label)]

    def _settle_style(self, style: Style, label: str) -> Style:
        """(i) after (h) is a letter, and (v) after (iv) a roman number."""
        inner = label.strip("().")
        if style in (Style.ROMAN, Style.UPPER_ROMAN) and len(inner) == 1:
            letters = Style.LOWER if style is Style.ROMAN else Style.UPPER
            for level in reversed(self._levels):
                if level.style is style:
                    return style
                if level.style is letters:
                    before = level.label.strip("().")
                    return letters if len(before) == 1 and ord(inner) == ord(before) + 1 else style
            return style if inner in "iI" else letters
        return style

    def _loose_heading(self, title: str, upcoming: Number | None) -> None:
        if self._awaits_heading and self._levels:
            self._levels[-1].heading = _clean_title(title)
            self._awaits_heading = False
            return
        if not self._continues(upcoming):
            self._levels.clear()
        for level in self._levels:
            level.heading = None
        self._heading = _clean_title(title)

    def _continues(self, upcoming: Number | None) -> bool:
        """True where the next number goes on inside the clause that is open, so that a heading does not end it."""
        if upcoming is None or not self._levels:
            return False
        current = next((level.label for level in reversed(self._levels) if level.style is Style.DECIMAL), None)
        if upcoming.style is not Style.DECIMAL:
            return upcoming.style not in (Style.ARTICLE, Style.SCHEDULE)
        return current is not None and upcoming.label.split(".")[:-1] == current.split(".")[:-1] != []

    def _current_heading(self) -> str | None:
        for level in reversed(self._levels):
            if level.heading:
                return level.heading
        return self._heading

    def _clause(self) -> str | None:
        """The open levels as a reader would cite them; a decimal number holds its parents already."""
        lead, path = "", ""
        for level in self._levels:
            if level.style is Style.SCHEDULE:
                lead = level.label
            elif level.style is Style.DECIMAL or (level.style is Style.ARTICLE):
                path = level.label
            else:
                path += level.label if level.label.startswith("(") else f"({level.label.rstrip('.)')})"
        if not lead:
            return path or None
        return f"{lead}, {path}" if path else lead


def _block_number(text: str, block: Block) -> Number | None:
    if block.kind in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
        return None
    head = text[block.start : min(block.end, block.start + _HEAD)]
    if block.number:
        # A reader that renders automatic numbers says so; its text begins with the same number.
        shown = find_number(f"{block.number} X") or find_number(f"{block.number}. X")
        if shown is not None:
            end = _after(head, len(block.number)) if head.startswith(block.number) else 0
            return replace(shown, end=end)
    bare = block.kind in (BlockKind.HEADING, BlockKind.LIST_ITEM)
    return find_number(head, bare=bare or (block.end - block.start < 120 and looks_like_heading(head)))


def _next_numbers(numbers: Sequence[Number | None]) -> list[Number | None]:
    upcoming: Number | None = None
    result: list[Number | None] = []
    for number in reversed(numbers):
        result.append(upcoming)
        upcoming = number or upcoming
    return result[::-1]


def _named(text: str, match: re.Match[str]) -> Number | None:
    word, label, end = match["word"].lower(), match["label"], _after(text, match.end())
    rest = text[end:]
    # "Section 3.2 of this Agreement" cites a clause, "part of" is no number: a heading goes on with a capital or ends.
    if rest and not (rest[0].isupper() or rest[0] in "\"“'‘([-–—"):
        return None
    if not label[0].isdigit() and not (label.isupper() or (_ROMAN.fullmatch(label) and label.islower())):
        return None
    if word in ("part", "chapter") and not text[0].isupper():
        return None
    if word in ("section", "sec.", "clause", "§", "§§"):
        if label[0].isdigit():
            return Number(Style.DECIMAL, label, end, match["subs"].lower())
        return Number(Style.ARTICLE, f"Section {label}", end, match["subs"].lower())
    style = Style.SCHEDULE if word in _SCHEDULES else Style.ARTICLE
    return Number(style, f"{word.capitalize()} {label}", end, match["subs"].lower())


def _lettered(text: str, label: str, end: int) -> Number:
    style = _bracket_style(label)
    if style is Style.UPPER_ROMAN and not text.startswith("(") and len(label) > 1:
        return Number(Style.ARTICLE, label, _after(text, end))
    return Number(style, f"({label})", _after(text, end))


def _bracket_style(label: str) -> Style:
    if label.isdigit():
        return Style.DIGIT
    if re.fullmatch(r"[ivxl]+", label) and label not in ("l",):
        return Style.ROMAN
    if re.fullmatch(r"[IVXL]+", label) and label not in ("L",):
        return Style.UPPER_ROMAN
    return Style.LOWER if label.islower() else Style.UPPER


def _after(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _clean_title(text: str) -> str:
    return text.strip().rstrip(".:–—- ").strip()
