"""Lines in reading order -> paragraphs, which may run over page ends, and what they are."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cached_property
from itertools import chain, pairwise

from tclp_daemon.document import BlockKind
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line, PageLines, Paragraph
from tclp_daemon.extract.pdf.table_rows import join_rows
from tclp_daemon.extract.structure import (
    WORD,
    cites,
    ends_entry,
    ends_sentence,
    is_aside,
    is_broken,
    is_contents_entry,
    is_title,
    is_unfinished,
    looks_like_heading,
    starts_bullet,
    starts_item,
)

_MOST_NOTES = 20  # paragraphs in small print at the foot of a page that are looked at
_LONGEST_NOTE = 200  # lines
_NEXT_ITEM = re.compile(r";\s(?:and|or|and/or)$")


def make_paragraphs(pages: Sequence[PageLines]) -> list[list[Paragraph]]:
    """For each page the paragraphs that start on it; one that runs over the page end has its other lines, too."""
    sizes: Counter[float] = Counter()
    # Counted first, since rounding each takes longer.
    for size, count in Counter(line.size for page in pages for line in page.body).items():
        sizes[round(size, 1)] += count
    body_size = sizes.most_common(1)[0][0] if sizes else LAYOUT.usual_size
    bold = sum(line.bold for page in pages for line in page.body)
    bold_body = bold > LAYOUT.bold_usual * max(sizes.total(), 1)
    maker = _Maker(body_size)
    for page in pages:
        maker.add_page(page)
    for paragraph in chain.from_iterable(maker.pages):
        if paragraph.row is None and paragraph.kind is not BlockKind.FOOTNOTE:
            paragraph.kind, paragraph.level = _classify(paragraph, body_size, bold_body)
    return maker.pages


class _Maker:
    """Adds lines to the open paragraph, which stays open over the end of a column or page, or opens the next one."""

    def __init__(self, body_size: float) -> None:
        self.pages: list[list[Paragraph]] = []
        self._body_size = body_size
        self._made: list[Paragraph] = []  # of the current page
        self._open: Paragraph | None = None
        self._row_end: list[Paragraph] = []  # of the last page that has more than the rest of a row
        self._right = 0.0  # margin of the column in which the open paragraph was

    def add_page(self, page: PageLines) -> None:
        """Adds the next page to `pages`."""
        self._made = []
        if page.unread:
            self._open = None
        cuts = sorted(line.y for line in page.bottom)
        for run in _column_runs(page.body):
            self._add_run(run, cuts)
        if page.cells:
            self._made = _merge_cells(self._made, page.cells)
            if self._made[-1].row is not None:
                self._open = None
        if join_rows(self._row_end, self._made) and not any(self._open is each for each in self._made):
            self._open = None  # it went into a cell
        if self._made:
            self._row_end = self._made
        if page.unread:
            self._open = None
        self.pages.append(self._made)

    def _add_run(self, run: Sequence[Line], cuts: Sequence[float]) -> None:
        """Adds the lines of one column; `cuts` are the baselines of the page numbers between lines, ascending."""
        right, pitch = _right_margin(run), _pitch(run)
        if self._open is not None:
            before = self._made or (self.pages[-1] if self.pages else [])
            self._open = _unnoted(before, self._open, run[0], self._right, self._body_size)
        for line in run:
            if self._open is not None and self._runs_on(self._open, line, line is run[0], cuts, right, pitch):
                self._open.lines.append(line)
            else:
                self._open = Paragraph([line])
                self._made.append(self._open)
        self._right = right

    def _runs_on(
        self, paragraph: Paragraph, line: Line, is_first: bool, cuts: Sequence[float], right: float, pitch: float
    ) -> bool:
        last = paragraph.lines[-1]
        if is_first:
            return _joins_over(last, line, self._right)
        if _is_cut(last, line, cuts):
            return _joins_over(last, line, right)
        return _joins(paragraph, last, line, right, pitch)


def _unnoted(made: list[Paragraph], last: Paragraph, line: Line, right: float, body_size: float) -> Paragraph:
    """The paragraph that `line`, the first one after a page or column break, may continue.

    Where notes in small print stand between a sentence and its rest, it is not the last paragraph but the one above the
    notes. They are put before it, so that it can run on.
    """
    small = LAYOUT.small_print * body_size
    at = len(made)
    while at > max(len(made) - _MOST_NOTES, 0) and _is_small(made[at - 1].lines, small):
        at -= 1
    if at in (0, len(made)) or any(paragraph.row is not None for paragraph in made[at - 1 :]):
        return last
    cut, notes = made[at - 1], made[at:]
    if line.size < small or not _joins_over(cut.lines[-1], line, right):
        return last
    for note in notes:
        note.kind = BlockKind.FOOTNOTE
    made[at - 1 :] = [*notes, cut]
    return cut


def _is_small(lines: Sequence[Line], size: float) -> bool:
    return len(lines) <= _LONGEST_NOTE and all(line.size < size for line in lines)


def _merge_cells(made: list[Paragraph], cells: list[Paragraph]) -> list[Paragraph]:
    """Puts each table where it stands among the paragraphs of its page."""
    merged = list(made)
    tables: dict[int, list[Paragraph]] = defaultdict(list)
    for cell in cells:
        assert cell.row is not None
        tables[cell.row[0]].append(cell)
    for table in tables.values():
        top = min(cell.lines[0].y for cell in table)
        at = next((i for i, p in enumerate(merged) if p.row is None and p.lines[0].y > top), len(merged))
        merged[at:at] = table
    return merged


def _column_runs(lines: Sequence[Line]) -> list[list[Line]]:
    """Cuts where the reading goes back up: at the top of the next column."""
    runs: list[list[Line]] = []
    for line in lines:
        if runs and line.y >= runs[-1][-1].y - LAYOUT.step_back * line.size:
            runs[-1].append(line)
        else:
            runs.append([line])
    return runs


def _pitch(run: Sequence[Line]) -> float:
    """The usual distance between two lines, in points."""
    steps = Counter(
        round(b.y - a.y)
        for a, b in pairwise(run)
        if LAYOUT.pitch_least * a.size < b.y - a.y < LAYOUT.pitch_most * a.size
    )
    if not steps:
        return LAYOUT.pitch_usual * run[0].size
    # Of distances about as common as each other, the smallest is that of lines; larger ones are those of paragraphs.
    common = LAYOUT.pitch_common * max(steps.values())
    return float(min(step for step, count in steps.items() if count >= common))


def _right_margin(run: Sequence[Line]) -> float:
    """Where full lines end; a few that stick out, as in a text that was wrapped long before, do not count."""
    widest = max(line.x1 for line in run)
    ends = sorted(line.x1 for line in run if len(line.text) > LAYOUT.prose)
    if len(ends) < LAYOUT.margin_lines:
        return widest
    usual = ends[int(LAYOUT.margin_rank * len(ends))]
    reach = LAYOUT.margin_passed * (usual - min(line.x0 for line in run))
    near = sum(1 for end in ends if usual - reach <= end <= usual)
    return usual if widest > usual + reach and near >= LAYOUT.margin_near * len(ends) else widest


def _is_cut(last: Line, line: Line, cuts: Sequence[float]) -> bool:
    """True where a page number stands between two lines: a page end of the text that this page was made from."""
    return bisect_right(cuts, last.y) < bisect_left(cuts, line.y)


def _is_full(line: Line, after: Line, right: float) -> bool:
    """True where the first word of the next line would not have fitted any more."""
    if not after.text:
        return False
    per_char = (after.x1 - after.x0) / len(after.text)
    words = after.text.split(" ", 2)
    # French puts a space after an opening quotation mark, and no line breaks there.
    word = len(words[0]) if len(words[0]) > 1 or len(words) < 2 else len(words[1]) + 2
    return line.x1 + (word + 1) * per_char > right - LAYOUT.full * line.size


def _joins(paragraph: Paragraph, last: Line, line: Line, right: float, pitch: float) -> bool:
    """Whether a line goes on with the paragraph above it in the same column.

    Args:
        paragraph: the open one.
        last: its last line.
        line: the next one.
        right: margin of the column.
        pitch: of the column, in points.
    """
    if line.opens:
        return False
    step = line.y - last.y
    ended = ends_sentence(last.text)
    if abs(step) < LAYOUT.same_line * line.size:
        return True  # two pieces of one line
    if last.closes or ends_entry(last.text, line.text):
        return False
    if len(paragraph.lines) > 1 and paragraph.lines[-2].page == last.page:
        own = last.y - paragraph.lines[-2].y
        pitch = max(own, pitch) if own > LAYOUT.pitch_least * line.size else pitch
    goes_on = not ended and line.text[0].islower() and not starts_bullet(line.text)
    full = _is_full(last, line, right)
    if step > LAYOUT.paragraph_step * pitch + LAYOUT.paragraph_slack:
        # A page number may have stood in the gap: a line of prose without an end and a small letter are one sentence.
        unfinished = full or len(last.text) > LAYOUT.prose or cites(last.text)
        return goes_on and unfinished and step < LAYOUT.sentence_step * pitch
    if _changes_size(last, line) and not goes_on:
        return False
    if starts_bullet(line.text):
        return full and is_aside(line.text, last.text) and not starts_bullet(paragraph.lines[0].text)
    if starts_item(line.text):
        return full and not ended and _cites(last.text)
    if last.bold and not line.bold and len(paragraph.lines) <= LAYOUT.bold_lines and not full:
        return False
    if not full:
        return goes_on or (len(last.text) > LAYOUT.prose and is_unfinished(last.text))
    return not (ended and line.x0 > last.x0 + LAYOUT.indent * line.size and len(paragraph.lines) > 1)


def _joins_over(last: Line, line: Line, right: float) -> bool:
    """Whether a paragraph runs on over a page or column break."""
    if (
        line.opens
        or last.closes
        or ends_sentence(last.text)
        or starts_bullet(line.text)
        or ends_entry(last.text, line.text)
    ):
        return False
    if starts_item(line.text) and not _cites(last.text):
        return False
    if _changes_size(last, line):
        return False  # a note in small print, say
    if line.text[0].islower():
        return True
    heading = looks_like_heading(last.text) or looks_like_heading(line.text)
    return line.bold == last.bold and not heading and (_is_full(last, line, right) or cites(last.text))


def _cites(words: str) -> bool:
    """Whether a number after these words is a citation: "; or" announces the next item of a list."""
    return cites(words) and _NEXT_ITEM.search(words) is None


def _changes_size(last: Line, line: Line) -> bool:
    return abs(line.size - last.size) > LAYOUT.size_change * max(line.size, last.size)


def _classify(paragraph: Paragraph, body_size: float, bold_body: bool) -> tuple[BlockKind, int]:
    """Kind and level of a paragraph outside tables."""
    lines = paragraph.lines
    text = lines[0].text if len(lines) == 1 else " ".join(line.text for line in lines[: LAYOUT.heading_lines + 1])
    kind = lines[0].kind
    if kind is BlockKind.FOOTNOTE or (kind is BlockKind.HEADING and len(text) <= LAYOUT.heading_text):
        return kind, int(kind is BlockKind.HEADING)
    if is_contents_entry(text) or starts_bullet(text):
        return BlockKind.LIST_ITEM, 1
    if len(lines) <= LAYOUT.heading_lines:
        bold = not bold_body and all(line.bold for line in lines)
        marked = bold or min(line.size for line in lines) > LAYOUT.heading_size * body_size
        if looks_like_heading(text) or (marked and _reads_like_heading(text)):
            return BlockKind.HEADING, 1
    return (BlockKind.LIST_ITEM, 1) if starts_item(text) else (BlockKind.PARAGRAPH, 0)


def _reads_like_heading(text: str) -> bool:
    """Whether words that are printed like a heading may be one, in any language: short, and not a sentence."""
    if len(text) > LAYOUT.heading_text or not text[0].isalnum() or text[0].islower():
        return False
    return is_title(text) or not re.search(r"[.;,:!]$", text)


class Words:
    """The words of a document, to tell a word broken at a line end from one written with a hyphen.

    Args:
        pages: as they are before their lines are joined.
    """

    def __init__(self, pages: Sequence[PageLines]) -> None:
        lines = (chain(page.body, *(cell.lines for cell in page.cells)) for page in pages)
        self._texts = ["\n".join(line.text for line in each) for each in lines]

    @cached_property
    def counts(self) -> Counter[str]:
        """How often the document has each word; counted when first asked for, since many documents break none."""
        words: Counter[str] = Counter()
        for text in self._texts:
            # Halves of words at line ends would pass for words.
            parts = f"{text}\n".lower().split("-\n")
            for at, part in enumerate(parts, 1):
                found = WORD.findall(part)
                words.update(found[at > 1 : len(found) - (at < len(parts))])
        return words


def join_lines(lines: Sequence[Line], words: Words) -> tuple[str, list[int]]:
    """The text of a paragraph, and the offsets at which another page begins."""
    parts = [lines[0].text]
    length = len(parts[0])
    breaks: list[int] = []
    for before, line in pairwise(lines):
        previous = parts[-1]
        glue = " "
        if previous.endswith("-") and len(previous) > 1 and previous[-2].isalpha() and line.text[0].isalpha():
            glue = ""
            if line.text[0].islower() and is_broken(previous, line.text, words.counts):
                parts[-1] = previous[:-1]
                length -= 1
        parts.append(glue)
        length += len(glue)
        if line.page != before.page:
            breaks += [length] * (line.page - before.page)
        parts.append(line.text)
        length += len(line.text)
    return "".join(parts), breaks
