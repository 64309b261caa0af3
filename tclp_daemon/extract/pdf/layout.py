"""Lines of pages -> reading order and paragraphs."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from statistics import median

from tclp_daemon.document import BlockKind
from tclp_daemon.extract.pdf.lines import Line, PageLines, Paragraph
from tclp_daemon.extract.structure.hyphens import WORD, is_broken
from tclp_daemon.extract.structure.line_ends import cites, ends_sentence, is_aside, is_unfinished
from tclp_daemon.extract.structure.numbering import (
    ends_entry,
    is_contents_entry,
    is_marker,
    is_title,
    looks_like_heading,
    starts_bullet,
    starts_item,
)

_PROSE = 40  # characters from which on a line is one of running text
_SMALL = 0.85  # of the usual size; what is smaller is no running text
_MOST_NOTES = 20  # paragraphs in small print at the foot of a page that are looked through
_STICKS_OUT = 0.15  # of the width of the text
_MOST_MARKERS = 400  # bullets and numbers on a page that were painted on their own
_MOST_PIECES = 200  # of text on one baseline
_LONGEST_NOTE = 200  # lines


def read_order(lines: list[Line]) -> list[Line]:
    """The order of the content stream, unless it plainly jumps about; then from top to bottom."""
    lines = _with_markers(lines)
    if len(lines) < 3:
        return sorted(lines, key=lambda line: line.y)
    size = median(line.size for line in lines)
    ups = [(a, b) for a, b in pairwise(lines) if b.y < a.y - 1.5 * size]
    rightward = sum(1 for a, b in ups if b.x0 > a.x0 + size)
    if not ups or len(ups) == rightward <= 4:
        return lines
    columns = split_columns(lines)
    if columns is not None:
        return columns
    return sorted(lines, key=lambda line: (round(line.y / max(0.6 * size, 1)), line.x0))


def _with_markers(lines: list[Line]) -> list[Line]:
    """Puts bullets and numbers that were painted on their own before the text they belong to."""
    markers = [line for line in lines if is_marker(line.text)]
    if not markers or len(markers) > _MOST_MARKERS:
        return lines
    alone = {id(marker) for marker in markers}
    texts = sorted((line for line in lines if id(line) not in alone), key=lambda line: line.y)
    heights = [line.y for line in texts]
    hosts = {id(marker): _host(marker, texts, heights) for marker in markers}
    for marker in markers:
        host = hosts[id(marker)]
        if host is not None:
            host.text = f"{marker.text} {host.text}"
    return [line for line in lines if hosts.get(id(line)) is None]


def _host(marker: Line, texts: Sequence[Line], heights: Sequence[float]) -> Line | None:
    """The nearest text to the right on the same baseline; `texts` are in the order of their baselines, `heights`."""
    reach = 0.35 * marker.size
    first, last = bisect_right(heights, marker.y - reach), bisect_left(heights, marker.y + reach)
    if last - first > _MOST_PIECES:
        return None
    beside = [line for line in texts[first:last] if line.x0 >= marker.x1 - 1]
    nearest = min(beside, key=lambda line: line.x0, default=None)
    return nearest if nearest is not None and nearest.x0 - marker.x1 < 8 * marker.size else None


def split_columns(segments: Sequence[Line]) -> list[Line] | None:
    """The segments of a page in two columns, left before right, band by band; None where there are no two columns."""
    if len(segments) < 12:
        return None
    left_edge = min(line.x0 for line in segments)
    right_edge = max(line.x1 for line in segments)
    width = right_edge - left_edge
    if width <= 0:
        return None
    best: tuple[int, float] | None = None
    for step in range(30, 71):
        x = left_edge + width * step / 100
        crossing = sum(1 for line in segments if line.x0 < x < line.x1)
        if best is None or crossing < best[0]:
            best = (crossing, x)
    assert best is not None
    crossing, gutter = best
    left = [line for line in segments if line.x1 <= gutter]
    right = [line for line in segments if line.x0 >= gutter]
    if crossing > 0.35 * len(segments) or min(len(left), len(right)) < 5:
        return None
    # Columns of prose are filled; the cells of a table or a signature block are not.
    for side, room in ((left, gutter - left_edge), (right, right_edge - gutter)):
        if median(line.x1 - line.x0 for line in side) < 0.6 * room or median(len(line.text) for line in side) < 18:
            return None
    ordered: list[Line] = []
    band: list[Line] = []
    for line in sorted(segments, key=lambda line: (line.y, line.x0)):
        if line.x0 < gutter < line.x1:
            ordered += _left_then_right(band, gutter)
            ordered.append(line)
            band = []
        else:
            band.append(line)
    return ordered + _left_then_right(band, gutter)


def _left_then_right(band: Iterable[Line], gutter: float) -> list[Line]:
    lines = sorted(band, key=lambda line: line.y)
    return [line for line in lines if line.x1 <= gutter] + [line for line in lines if line.x1 > gutter]


def make_paragraphs(pages: Sequence[PageLines]) -> list[list[Paragraph]]:
    """For each page the paragraphs that start on it; one that runs on over the page end holds its further lines."""
    sizes = Counter(round(line.size, 1) for page in pages for line in page.body)
    body_size = sizes.most_common(1)[0][0] if sizes else 10.0
    bold_body = sum(line.bold for page in pages for line in page.body) > 0.4 * max(sizes.total(), 1)
    result: list[list[Paragraph]] = []
    open_paragraph: Paragraph | None = None
    open_right = 0.0
    for page in pages:
        made: list[Paragraph] = []
        runs = _column_runs(page.body)
        cuts = sorted(line.y for line in page.bottom)
        for run in runs:
            right = _right_margin(run)
            pitch = _pitch(run)
            if open_paragraph is not None:
                before = made or (result[-1] if result else [])
                open_paragraph = _unnoted(before, open_paragraph, run[0], open_right, body_size)
            for line in run:
                last = open_paragraph.lines[-1] if open_paragraph else None
                if open_paragraph is not None and last is not None:
                    if line is run[0] or _is_cut(last, line, cuts):
                        joins = _joins_over(last, line, open_right if line is run[0] else right)
                    else:
                        joins = _joins(open_paragraph, last, line, right, pitch)
                    if joins:
                        open_paragraph.lines.append(line)
                        continue
                open_paragraph = Paragraph([line])
                made.append(open_paragraph)
            open_right = right
        if page.cells:
            made = _merge_cells(made, page.cells)
            if made and made[-1].row is not None:
                open_paragraph = None
        result.append(made)
    for page_paragraphs in result:
        for paragraph in page_paragraphs:
            if paragraph.row is None and paragraph.kind is not BlockKind.FOOTNOTE:
                paragraph.kind, paragraph.level = _classify(paragraph, body_size, bold_body)
    return result


def _unnoted(made: list[Paragraph], last: Paragraph, line: Line, right: float, body_size: float) -> Paragraph:
    """The paragraph that `line`, the first one behind a page or column break, may go on with.

    Where notes in small print stand between a sentence and its rest, it is not the last paragraph but the one above the
    notes. They are put before it, so that it can run on.
    """
    small = _SMALL * body_size
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
        if runs and line.y >= runs[-1][-1].y - 1.5 * line.size:
            runs[-1].append(line)
        else:
            runs.append([line])
    return runs


def _pitch(run: Sequence[Line]) -> float:
    """The commonest distance of two lines."""
    steps = Counter(round(b.y - a.y) for a, b in pairwise(run) if 0.5 * a.size < b.y - a.y < 4 * a.size)
    if not steps:
        return 1.3 * run[0].size
    # Of distances about as common the smaller one is that of lines, the larger that of paragraphs.
    most = max(steps.values())
    return float(min(step for step, count in steps.items() if count >= 0.5 * most))


def _right_margin(run: Sequence[Line]) -> float:
    """Where full lines end; a few that stick out, as in a text that was wrapped long before, do not count."""
    widest = max(line.x1 for line in run)
    ends = sorted(line.x1 for line in run if len(line.text) > _PROSE)
    if len(ends) < 10:
        return widest
    usual = ends[int(0.9 * len(ends))]
    reach = _STICKS_OUT * (usual - min(line.x0 for line in run))
    near = sum(1 for end in ends if usual - reach <= end <= usual)
    return usual if widest > usual + reach and near >= 0.6 * len(ends) else widest


def _is_cut(last: Line, line: Line, cuts: Sequence[float]) -> bool:
    """True where a page number stands between two lines: a page end of the text that this page was made from."""
    return bisect_right(cuts, last.y) < bisect_left(cuts, line.y)


def _is_full(line: Line, after: Line, right: float) -> bool:
    """True where the first word of the next line would not have fitted any more."""
    if not after.text:
        return False
    per_char = (after.x1 - after.x0) / len(after.text)
    words = after.text.split(" ", 2)
    # An opening quotation mark stands apart in French, and no line breaks behind it.
    word = len(words[0]) if len(words[0]) > 1 or len(words) < 2 else len(words[1]) + 2
    return line.x1 + (word + 1) * per_char > right - 0.5 * line.size


def _joins(paragraph: Paragraph, last: Line, line: Line, right: float, pitch: float) -> bool:
    step = line.y - last.y
    ended = ends_sentence(last.text)
    if abs(step) < 0.4 * line.size:
        return True  # two pieces of one line
    if ends_entry(last.text, line.text):
        return False
    if len(paragraph.lines) > 1 and paragraph.lines[-2].page == last.page:
        own = last.y - paragraph.lines[-2].y
        pitch = max(own, pitch) if own > 0.5 * line.size else pitch
    goes_on = not ended and line.text[0].islower() and not starts_bullet(line.text)
    full = _is_full(last, line, right)
    if step > 1.35 * pitch + 1:
        # A page number may have stood in the gap; a line of prose that does not end and goes on small is one sentence.
        unfinished = full or len(last.text) > _PROSE or cites(last.text)
        return goes_on and unfinished and step < 12 * pitch
    if abs(line.size - last.size) > 0.15 * max(line.size, last.size) and not goes_on:
        return False
    if starts_bullet(line.text):
        return full and is_aside(line.text, last.text) and not starts_bullet(paragraph.lines[0].text)
    if starts_item(line.text):
        return full and not ended and cites(last.text)
    if last.bold and not line.bold and len(paragraph.lines) <= 2 and not full:
        return False
    if not full:
        return goes_on or (len(last.text) > _PROSE and is_unfinished(last.text))
    return not (ended and line.x0 > last.x0 + 1.2 * line.size and len(paragraph.lines) > 1)


def _joins_over(last: Line, line: Line, right: float) -> bool:
    """Whether a paragraph runs on over a page or column break."""
    if ends_sentence(last.text) or starts_bullet(line.text) or ends_entry(last.text, line.text):
        return False
    if starts_item(line.text) and not cites(last.text):
        return False
    if abs(line.size - last.size) > 0.15 * max(line.size, last.size):
        return False  # a note in small print, say
    if line.text[0].islower():
        return True
    heading = looks_like_heading(last.text) or looks_like_heading(line.text)
    return line.bold == last.bold and not heading and (_is_full(last, line, right) or cites(last.text))


def _classify(paragraph: Paragraph, body_size: float, bold_body: bool) -> tuple[BlockKind, int]:
    lines = paragraph.lines
    text = lines[0].text if len(lines) == 1 else " ".join(line.text for line in lines[:4])
    if is_contents_entry(text):
        return BlockKind.LIST_ITEM, 1
    if len(lines) <= 3:
        bold = not bold_body and all(line.bold for line in lines)
        marked = bold or min(line.size for line in lines) > 1.15 * body_size
        if looks_like_heading(text) or (marked and _reads_like_heading(text)):
            return BlockKind.HEADING, 1
    return (BlockKind.LIST_ITEM, 1) if starts_item(text) else (BlockKind.PARAGRAPH, 0)


def _reads_like_heading(text: str) -> bool:
    """Whether words that are printed like a heading may be one, in any language: short, and no sentence."""
    if len(text) > 120 or not text[0].isalnum() or text[0].islower():
        return False
    return is_title(text) or not re.search(r"[.;,:!]$", text)


def vocabulary(pages: Sequence[PageLines]) -> Counter[str]:
    """The words of the document, to tell a word broken at a line end from one that is written with a hyphen."""
    words: Counter[str] = Counter()
    for page in pages:
        broken = False
        for line in chain(page.body, *(cell.lines for cell in page.cells)):
            found = WORD.findall(line.text.lower())
            # Halves of words at line ends would pass for words.
            first, broken = (1 if broken else 0), line.text.endswith("-")
            words.update(found[first : len(found) - 1 if broken else len(found)])
    return words


def join_lines(lines: Sequence[Line], words: Counter[str]) -> tuple[str, list[int]]:
    """The text of a paragraph, and the offsets at which a further page begins."""
    parts = [lines[0].text]
    length = len(parts[0])
    breaks: list[int] = []
    for before, line in pairwise(lines):
        previous = parts[-1]
        glue = " "
        if previous.endswith("-") and len(previous) > 1 and previous[-2].isalpha() and line.text[0].isalpha():
            glue = ""
            if line.text[0].islower() and is_broken(previous, line.text, words):
                parts[-1] = previous[:-1]
                length -= 1
        parts.append(glue)
        length += len(glue)
        if line.page != before.page:
            breaks += [length] * (line.page - before.page)
        parts.append(line.text)
        length += len(line.text)
    return "".join(parts), breaks
