"""What stands beside the text: notes in the margin, and terms with their meaning to the right of them.

pdfium reads across: "Audit of 5. The Customer may audit / reports the report of the Supplier". A note is the heading
of the clause beside it, as in statutes and leases; a term and its meaning are one sentence, and so is "Issuer:" and a
name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, pairwise

from tclp_daemon.document import BlockKind
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Gap, Line, rows
from tclp_daemon.extract.pdf.text_page import TextPage
from tclp_daemon.extract.structure import ends_sentence, find_number, is_marker, starts_item

_MOST_LINES = 400  # of a page; with more it is a drawing or a dense table
_JOINS = frozenset(":=–—-")  # signs between a term and its meaning
_MOST_EDGES = 3  # left edges of columns that are tried


@dataclass(slots=True)
class _Row:
    """What stands on one baseline to the left and to the right of an edge; `across` is what lies over it."""

    y: float
    left: list[Line] = field(default_factory=list)
    right: list[Line] = field(default_factory=list)
    across: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class _Entry:
    """A label in the narrow column, and the text beside it; `apart` from what is above it by a gap."""

    label: list[Line] = field(default_factory=list)
    body: list[Line] = field(default_factory=list)
    apart: bool = False


class Beside:
    """Puts labels before the text that they stand beside, at one place on all pages of a document."""

    def __init__(self) -> None:
        self._edge: float | None = None  # between labels and text, on the page before

    def arrange(self, text: TextPage, lines: list[Line], gaps: Mapping[int, list[Gap]]) -> list[Line] | None:
        """The lines of a page in order; None where there are no labels.

        Args:
            text: the page's text.
            lines: of the page.
            gaps: the white gaps inside each line, by its id.
        """
        if text.is_turned or len(lines) > _MOST_LINES:
            return None
        inside = {id(line): gaps[id(line)] for line in lines if id(line) in gaps and _is_divided(line, gaps[id(line)])}
        pieces: list[Line] | None = None
        for edge, sure in self._edges(lines, inside):
            if pieces is None:
                cut = (text.pieces(line, LAYOUT.gap) if id(line) in inside else [line] for line in lines)
                pieces = list(chain.from_iterable(cut))
            found = _arranged(pieces, edge, 1 if sure else LAYOUT.beside_rows)
            if found is not None:
                self._edge = edge
                return found
        return None

    def _edges(self, lines: Sequence[Line], inside: Mapping[int, list[Gap]]) -> list[tuple[float, bool]]:
        """Where a column may begin: the left edges that rows have behind a gap, the commonest first.

        The edge of the page before is sure, and so is one to the left of which there is nothing but labels.
        """
        starts = [gap[1] for found in inside.values() for gap in found]
        for _, row in rows(lines):
            starts += [b.x0 for a, b in pairwise(row) if b.x0 - a.x1 > LAYOUT.gap * a.size and not is_marker(a.text)]
        groups: list[list[float]] = []
        for start in sorted(starts):
            if groups and start - groups[-1][0] < LAYOUT.beside_edge:
                groups[-1].append(start)
            else:
                groups.append([start])
        groups = sorted(groups, key=len, reverse=True)[:_MOST_EDGES]
        edges = [(group[0], self._is_sure(group[0], lines, inside), len(group)) for group in groups]
        return [
            (edge, sure)
            for edge, sure, count in edges
            if (sure or count >= LAYOUT.beside_rows) and _may_be_beside(edge, lines, inside)
        ]

    def _is_sure(self, edge: float, lines: Sequence[Line], inside: Mapping[int, list[Gap]]) -> bool:
        if self._edge is not None and abs(edge - self._edge) < LAYOUT.beside_edge:
            return True
        text = [line for line in lines if id(line) not in inside and len(line.text) > LAYOUT.prose]
        return len(text) > LAYOUT.beside_rows and all(line.x0 > edge - LAYOUT.beside_edge for line in text)


def _may_be_beside(edge: float, lines: Sequence[Line], inside: Mapping[int, list[Gap]]) -> bool:
    """Whether it is worth cutting the lines with gaps: one side of them must be as long as running text."""
    across = [line for line in lines if id(line) in inside and line.x0 < edge < line.x1]
    shares = (max(edge - line.x0, line.x1 - edge) / (line.x1 - line.x0) for line in across)
    longest = max((len(line.text) * share for line, share in zip(across, shares, strict=True)), default=0.0)
    return not across or longest >= LAYOUT.beside_text


def _is_divided(line: Line, gaps: Sequence[Gap]) -> bool:
    """Whether a line has a gap other than the one behind a clause number."""
    numbered = len(gaps) == 1 and gaps[0][0] - line.x0 < LAYOUT.number_width * line.size and starts_item(line.text)
    return not numbered


def _arranged(pieces: Sequence[Line], edge: float, least: int) -> list[Line] | None:
    """The pieces in order, if at least so many labels stand beside the text at this edge."""
    sides = [_row(y, row, edge) for y, row in rows(pieces)]
    done: list[Line] = []
    labels = 0
    for across, group in groupby(sides, key=lambda row: bool(row.across)):
        band = list(group)
        entries = [] if across else _entries(band)
        labels += sum(1 for entry in entries if entry.label)
        since = len(done)
        for entry in entries:
            _add_entry(done, entry, since)
        if not entries:
            done += [line for row in band for line in sorted((*row.left, *row.right, *row.across), key=_start)]
    return done if labels >= least else None


def _start(line: Line) -> float:
    return line.x0


def _row(y: float, lines: Sequence[Line], edge: float) -> _Row:
    row = _Row(y)
    for line in lines:
        if line.x0 >= edge - LAYOUT.beside_edge:
            row.right.append(line)
        elif line.x1 <= edge:
            row.left.append(line)
        else:
            row.across.append(line)
    return row


def _entries(band: Sequence[_Row]) -> list[_Entry]:
    """The labels of a band and the text beside each; none where one side is not labels and the other not prose."""
    if _are_labels([(row.left, row.right) for row in band]):
        sides = [(row.y, row.left, row.right) for row in band]
    elif _are_labels([(row.right, row.left) for row in band]):
        sides = [(row.y, row.right, row.left) for row in band]
    else:
        return []
    entries = [_Entry()]
    # Notes may have lines closer to one another than those of the text, and on other heights.
    pitch = min((b - a for a, b in pairwise([y for y, _, words in sides if words])), default=0.0)
    labelled, height = False, sides[0][0]
    for y, label, words in sides:
        entry = entries[-1]
        apart = y - height > LAYOUT.paragraph_step * pitch
        if label and not words and (apart or not labelled):
            # A short line of the text above or below, as wide as a label.
            entries += [_Entry(body=label), _Entry()]
            labelled = False
        else:
            if label and (not labelled or apart or _begins(entry, label, words)):
                entries.append(entry := _Entry(apart=apart))
            entry.label += label
            entry.body += words
            labelled = bool(label)
        height = y
    return [entry for entry in entries if entry.label or entry.body]


def _begins(entry: _Entry, label: Sequence[Line], words: Sequence[Line]) -> bool:
    """Whether a label is another one than that in the row above."""
    if label[0].text[0].islower() or not (words and entry.body):
        return False
    return ends_sentence(entry.body[-1].text) or starts_item(words[0].text)


def _are_labels(rows: Sequence[tuple[Sequence[Line], Sequence[Line]]]) -> bool:
    """Whether the first of each two sides is a column of labels beside running text.

    The cells of a table, the numbers of clauses, the pages of contents and the two sides of a signature block are not.
    """
    labels = [line for label, _ in rows for line in label]
    words = [line for _, body in rows for line in body]
    shared = [label[0].text for label, body in rows if label and body]
    several = sum(1 for label, body in rows if len(label) > 1 or len(body) > 1)
    if not shared or several > LAYOUT.beside_cells * len(rows) or any(not _is_label(text) for text in shared):
        return False
    lengths = sorted(len(line.text) for line in words)
    widths = max(line.x1 - line.x0 for line in labels), max(line.x1 - line.x0 for line in words)
    if lengths[len(lengths) * 2 // 3] < LAYOUT.beside_text or widths[0] > LAYOUT.beside_width * widths[1]:
        return False
    clauses = sum(1 for label, body in rows if label and body and starts_item(body[0].text))
    runs_on = any(b.text[0].islower() and not ends_sentence(a.text) for a, b in pairwise(words))
    return runs_on or clauses >= LAYOUT.beside_rows


def _is_label(text: str) -> bool:
    """Whether a piece may be a label: it has words, not only a number, and no sentence goes on from it."""
    number = find_number(text)
    words = any(a.isalpha() and b.isalpha() for a, b in pairwise(text))
    return words and (number is None or number.end < len(text)) and text[-1] not in ",;"


def _add_entry(done: list[Line], entry: _Entry, since: int) -> None:
    """Adds a label and its text behind what is done of the page; the band that it is in begins at `since`."""
    if not entry.label or not entry.body:
        done += entry.label or entry.body
        return
    first = entry.body[0]
    words = " ".join(line.text for line in entry.label)
    new = entry.apart or starts_item(first.text) or len(done) == since or ends_sentence(done[-1].text)
    new = new or (first.text[0].isupper() and len(done[-1].text) < LAYOUT.prose)
    if new and (first.text[0].islower() or first.text[0] in _JOINS or words.endswith(":")):
        blank = "" if first.text[0] == ":" else " "
        first.text, first.x0, first.opens = f"{words}{blank}{first.text}", min(entry.label[0].x0, first.x0), True
        done += entry.body
        return
    at = len(done)
    if not new:
        at = next((i for i in range(at - 1, since, -1) if _opens(done[i])), since)
    done += entry.body
    done[at].opens = True
    label, height = entry.label[0], done[at].y
    done.insert(
        at,
        Line(words, label.x0, label.x1, height, label.size, label.bold, label.page, opens=True, kind=BlockKind.HEADING),
    )


def _opens(line: Line) -> bool:
    return line.opens or starts_item(line.text)
