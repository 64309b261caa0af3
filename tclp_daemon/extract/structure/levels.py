"""The levels that are open while the blocks of a document are visited from top to bottom: schedule, clause, item."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tclp_daemon.document import Block, BlockKind
from tclp_daemon.extract.structure.before import Before
from tclp_daemon.extract.structure.cells import CellTitles
from tclp_daemon.extract.structure.headings import is_label, names_part
from tclp_daemon.extract.structure.labels import Style, comes_next, steps
from tclp_daemon.extract.structure.numbering import HEAD, Number
from tclp_daemon.extract.structure.outline import PARTS, Around, Outline
from tclp_daemon.extract.structure.series import Level, Role
from tclp_daemon.extract.structure.titles import is_contents_entry, is_title, run_in_heading

_FIRST = frozenset("ai1")  # how series of items begin
_NOTE = re.compile(r"(?:Notes?|N\.?B\.?)\s*[:.]\s", re.IGNORECASE)
_GOES_ON = re.compile(r"(?:[-–—,&]|\b(?:and|or|of|to|for|by|between|with|the|in|on|de|et|pour|und))$", re.IGNORECASE)
_SENTENCES = re.compile(r"[a-z)][.!?]\s+[A-Z]")
_LONGEST_ENTRY = 200  # characters of an item that is not a clause of its own
# What ends where the parties agree: it does not stand above the clauses.
_RECITALS = re.compile(
    r"(?:recitals?|whereas|background|w\s?i\s?t\s?n\s?e\s?s\s?s\s?e\s?t\s?h|preamble)\b", re.IGNORECASE
)
_DEFINITION = re.compile(
    r"(?:[\"“]\s*(?=\w)[^\"”]{1,80}[\"”]|(?P<bare>(?!The |If |Any |This |Such )[A-Z][^\"”.:;,]{0,60}?)):?\s+"
    r"(?:shall\s+)?(?:means?|ha(?:s|ve)\s+the\s+meaning)\b"
)
_SIGNING = r"signatures?|signed|signatories|execution|executed|in witness|testimonium|attestation"
_OF_SIGNATURES = re.compile(
    r"(?:signatures?|signatories|execution|attestation|testimonium)(?:\s+(?:page|block|clause)s?)?\W*", re.IGNORECASE
)
# Headings that end a schedule and never stand inside one.
_ENDS_SCHEDULE = re.compile(rf"(?:{_SIGNING}|background|recitals|whereas|agreed terms|parties)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What follows a block.

    Attributes:
        number: the next number in the document.
        roman: for an "(i)" that may go on after "(h)", whether the numbers that follow it make it a roman number.
    """

    number: Number | None = None
    roman: bool | None = None


class OpenLevels:
    """The levels that are open at a place of the document.

    Args:
        listed: offsets of the blocks that only name a schedule in a list of schedules.
        lists: the file itself marks list items.
        restarts: each article counts its clauses from 1.
        marked: the file itself marks paragraphs, so that an item that ends without a stop is complete.
    """

    def __init__(self, listed: set[int], *, lists: bool, restarts: bool, marked: bool) -> None:
        self._marked = marked
        self._outline = Outline(lists=lists, restarts=restarts)
        self._levels = self._outline.levels
        self._listed = listed
        self._before = Before()
        self._over_two_lines = ""  # it is a title that goes on in the next line
        self._shown = 0  # how many of them the text stands under: after a list, not its last item
        self._heading: str | None = None
        self._cells = CellTitles()
        self._defined: tuple[int, str | None] = (0, None)  # levels and clause that the last definition stands under
        self._defining = False  # since the last number
        self._awaits_heading = False
        self._signed = False  # since the last number
        self._seen_clause = False

    def leave(self, tail: str, numbered: bool) -> None:
        """Notes how the block just visited ended."""
        headed = bool(self._levels and self._levels[-1].heading)
        self._before = self._before.then(tail, numbered=numbered, below_heading=headed)

    def visit(self, head: str, block: Block, number: Number | None, ahead: Ahead, *, is_heading: bool) -> Block:
        """Opens the level that the block opens, and fills in where the block stands.

        Args:
            head: its first `HEAD` characters.
            block: as its reader made it.
            number: the clause number that it begins with.
            ahead: what follows it.
            is_heading: it is a heading.
        """
        complete = block.end - block.start < HEAD
        if block.contents or (number is not None and complete and is_contents_entry(head)):
            return self._contents_line(block, number)
        if block.kind is BlockKind.SIGNATURE:
            return self._signature(block, head)
        if number is None:
            is_heading = is_heading or (complete and self._lacks_title() and is_label(head))
            return self._unnumbered(head.strip(), block, ahead, is_heading)
        if number.style is Style.SCHEDULE and self._levels and self._levels[0].label == number.label + number.subs:
            return self.pass_over(replace(block, number=block.number or number.label))  # again, on the next page
        if number.style is Style.SCHEDULE and not (complete and self._is_part(block, number)):
            return _placed(block, None, self._current_heading(), number=block.number or number.label)
        return self._numbered(head, block, number, ahead, is_heading)

    def _is_part(self, block: Block, number: Number) -> bool:
        """Whether a schedule begins here, and is not only named.

        The exhibit number on the first page of a filing names the complete document; but a file may be one schedule.
        """
        if block.start in self._listed:
            return False
        return self._seen_clause or (number.form != "Exhibit" and block.paragraph in (1, 2))

    def pass_over(self, block: Block) -> Block:
        """Fills in where a line stands that is not part of the text."""
        kind = BlockKind.PARAGRAPH if block.kind is BlockKind.HEADING else block.kind
        return _placed(block, self._outline.clause(self._shown), self._current_heading(), kind=kind)

    def title_cell(self, place: tuple[int, ...], title: str) -> None:
        """Notes that a cell is the title of its row (table, row), or of the rows below it (table)."""
        self._cells.add(place, _clean_title(title))

    def _contents_line(self, block: Block, number: Number | None) -> Block:
        if number is None:
            return _placed(block, self._outline.clause(self._shown), self._current_heading())
        return replace(block, number=block.number or number.label, clause=number.label + number.subs)

    def _signature(self, block: Block, head: str) -> Block:
        """The parties sign the document or a schedule of it, and no clause; but the clauses may go on behind."""
        self._signed = True
        self._shown = 1 if self._outline.in_schedule() else 0
        if block.row is None and _OF_SIGNATURES.fullmatch(head):
            self._heading = _clean_title(head)
        elif not self._shown and not (self._heading and _OF_SIGNATURES.fullmatch(self._heading)):
            self._heading = self._cells.above = None
        return _placed(block, self._outline.clause(self._shown), self._current_heading())

    def _unnumbered(self, title: str, block: Block, ahead: Ahead, is_heading: bool) -> Block:
        before = self._over_two_lines
        if is_heading:
            known = _ENDS_SCHEDULE.match(title) is not None or names_part(title)
            guessed = block.kind is not BlockKind.HEADING and not known
            self._loose_heading(title, ahead.number, block.level, guessed=guessed)
        elif block.kind is BlockKind.PARAGRAPH:
            self._after_list(title, ahead.number)
            self._define(title)
        self._awaits_heading = False
        whole = f"{before} {title}".strip()
        self._over_two_lines = whole if is_heading and _GOES_ON.search(title) else ""
        heading = title if is_heading else self._row_heading(block) or self._current_heading()
        kind = block.kind
        if is_heading or kind is BlockKind.HEADING:
            kind = BlockKind.HEADING if is_heading else BlockKind.PARAGRAPH
        return _placed(block, self._outline.clause(self._shown), heading, kind=kind)

    def _row_heading(self, block: Block) -> str | None:
        """What a cell on the cover page stands under: the first cell of its row, or a row that is a title."""
        if block.row is None or any(level.role is not Role.SCHEDULE for level in self._levels):
            return None
        return self._cells.heading(block.row, introduced=self._before.introduces)

    def _lacks_title(self) -> bool:
        """Whether the block before is the number of a schedule or an article alone, so that its title may follow."""
        return self._awaits_heading and bool(self._levels) and self._levels[-1].role in PARTS

    def _define(self, text: str) -> None:
        """A definition stands where the one before it stands, and not under the last item of that one."""
        match = _DEFINITION.match(text)
        if match is None or (match["bare"] and not is_title(match["bare"])):
            return
        depth, clause = self._defined
        if clause is not None and depth < self._shown and self._outline.clause(depth) == clause:
            self._shown = depth
        self._defined = (self._shown, self._outline.clause(self._shown))
        self._defining = True

    def _after_list(self, text: str, upcoming: Number | None) -> None:
        """Text behind a list that is part of a sentence, or a list of things, goes on with what stands above it."""
        levels = self._levels
        if self._shown < len(levels) or not levels:
            return
        if levels[-1].role is Role.ITEM and text[:1].islower():
            self._shown -= self._before.in_list
            return
        note = _NOTE.match(text) is not None
        while self._shown and self._ends_list(levels[self._shown - 1], upcoming, note=note):
            self._shown -= 1

    def _ends_list(self, level: Level, upcoming: Number | None, *, note: bool) -> bool:
        """Whether the item that is open is the last of a list that text follows."""
        if not (self._before.ended or self._before.next_item or note or (self._marked and not self._before.colon)):
            return False
        if level.role is Role.ITEM and level.in_sentence:
            return self._before.ended or self._before.next_item or note
        return level.is_entry and (level.announced or note) and not _comes_after(level, upcoming)

    def _numbered(self, head: str, block: Block, number: Number, ahead: Ahead, is_heading: bool) -> Block:
        rest = head[number.end :].strip() if number.end <= len(head) else head.strip()
        in_list = self._before.in_list
        first = number.label.strip("()").lower() in _FIRST
        # Text that stands further out, behind a list, has a list of its own: a definition, or what ends with a colon.
        if first and (self._signed or ((self._before.colon or self._defining) and ahead.roman is not False)):
            del self._levels[self._shown :]
        self._signed, self._defining, self._over_two_lines = False, False, ""
        announced = {(level.role, level.style, level.form) for level in self._levels if level.announced}
        around = Around(self._before.ended, self._before.agreed, self._before.announces, ahead.roman)
        self._outline.open(number, block, rest, around, is_heading=is_heading)
        self._shown = len(self._levels)
        self._seen_clause, self._cells.above = True, None
        last = self._levels[-1]
        if last.role in PARTS or (self._before.agreed and _RECITALS.match(self._heading or "")):
            self._heading = None
        last.depth = block.level
        last.in_sentence = (
            bool(rest) and last.role is Role.ITEM and (rest[:1].islower() or (in_list and last.value > 1))
        )
        begins = self._before.colon and not self._before.agreed and last.label.strip("()").lower() in _FIRST
        last.announced = begins or (last.role, last.style, last.form) in announced
        title = (
            (run_in_heading(rest, whole=True) or _clean_title(rest.lstrip("–—- ")))
            if is_heading
            else run_in_heading(rest)
        )
        last.heading = title or None
        short = block.end - block.start <= _LONGEST_ENTRY and _SENTENCES.search(rest) is None
        plain = last.role is Role.ITEM or (last.role is Role.DECIMAL and last.label.isdigit())
        last.is_entry = bool(rest) and plain and short and not title and not is_title(rest.rstrip("."))
        self._awaits_heading = not rest
        return _placed(
            block,
            self._outline.clause(self._shown),
            self._current_heading(),
            kind=BlockKind.HEADING if is_heading and block.kind is not BlockKind.TABLE_CELL else block.kind,
            number=block.number or self._written(number) + number.subs,
        )

    def _written(self, number: Number) -> str:
        """The number as the clause shows it: an "I." that opens an article is not "(I)"."""
        raw = number.label.strip("()")
        return raw if any(level.role is Role.ARTICLE and level.label == raw for level in self._levels) else number.label

    def _schedule_levels(self, title: str, depth: int) -> list[Level]:
        """The schedule and its part, which a heading inside the schedule does not end."""
        above = 0 < depth < self._levels[0].depth if self._levels else False
        if not self._outline.in_schedule() or above or _ENDS_SCHEDULE.match(title):
            return []
        return [level for level in self._levels[:2] if level.role in PARTS]

    def _loose_heading(self, title: str, upcoming: Number | None, depth: int, *, guessed: bool) -> None:
        """A heading without a number ends the clause that is open, unless that goes on or the heading is a guess."""
        if self._awaits_heading and self._levels:
            self._levels[-1].heading = _clean_title(title)
            return
        if self._over_two_lines:
            whole, first = _clean_title(f"{self._over_two_lines} {title}"), _clean_title(self._over_two_lines)
            if self._levels and self._levels[-1].heading == first:
                self._levels[-1].heading = whole
                return
            if self._heading == first:
                self._heading = whole
                return
        guessed = guessed or self._before.follows  # "... as follows:", and then a form with a title
        if self._signed:
            del self._levels[self._shown :]
        if not guessed and not self._continues(upcoming):
            self._levels[:] = self._schedule_levels(title, depth)
        self._shown = len(self._levels)
        for level in self._levels:
            level.heading = None
        self._heading, self._cells.above = _clean_title(title), None

    def _continues(self, upcoming: Number | None) -> bool:
        """True where the next number continues the clause that is open, so that a heading does not end it."""
        if upcoming is None or upcoming.style in (Style.SCHEDULE, Style.ARTICLE) or not self._levels:
            return False
        current = next((level.label for level in reversed(self._levels) if level.role is Role.DECIMAL), None)
        if upcoming.style is not Style.DECIMAL:
            # Recitals from (A) on that follow the parties (1) and (2) are a series of their own.
            inside = current is not None or self._levels[0].role in PARTS
            return inside or upcoming.label.strip("()").lower() not in _FIRST
        if current is None:
            return False
        below, here = steps(upcoming.label), steps(current)
        return below[: len(here)] == here != below or below[:-1] == here[:-1] != ()

    def _current_heading(self) -> str | None:
        for level in reversed(self._levels[: self._shown]):
            if level.heading:
                return level.heading
        return self._heading or (None if self._shown else self._cells.above)


def _comes_after(level: Level, upcoming: Number | None) -> bool:
    """Whether the next number goes on with the series of this level."""
    if upcoming is None:
        return False
    return comes_next(level.label.strip("()"), upcoming.label.strip("()"))


def _placed(
    block: Block, clause: str | None, heading: str | None, *, kind: BlockKind | None = None, number: str | None = None
) -> Block:
    """A block with its clause and heading: `replace`, which goes through all fields of a class, for each block."""
    return Block(
        kind or block.kind,
        block.start,
        block.end,
        block.page,
        block.paragraph,
        block.level,
        number or block.number,
        clause,
        heading,
        block.row,
        block.contents,
    )


def _clean_title(text: str) -> str:
    return text.strip().rstrip(".:–—- ").strip()
