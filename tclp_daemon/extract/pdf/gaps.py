"""White gaps inside the lines of a page, where columns and labels that pdfium reads across may part."""

from __future__ import annotations

from collections.abc import Sequence

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Gap, Line

_MOST_BESIDE = 4  # lines on one baseline among which the one with the gap is sought


def gaps_by_line(lines: Sequence[Line], gaps: Sequence[Gap]) -> dict[int, list[Gap]]:
    """The gaps inside each line, by its id."""
    found: dict[int, list[Gap]] = {}
    if not gaps:
        return found
    ordered = sorted(lines, key=lambda line: line.y)
    at = 0
    for gap in sorted(gaps, key=lambda gap: -gap[2]):
        while at < len(ordered) and ordered[at].y < -gap[2] - LAYOUT.gap_height * ordered[at].size:
            at += 1
        for line in ordered[at : at + _MOST_BESIDE]:
            level = abs(line.y + gap[2]) < LAYOUT.gap_height * line.size
            if level and line.x0 < gap[0] and gap[1] < line.x1:
                found.setdefault(id(line), []).append(gap)
                break
    return {line: sorted(inside) for line, inside in found.items()}


def are_interleaved(lines: Sequence[Line], gaps: Sequence[Gap]) -> bool:
    """True where many lines have a wide gap at about the same place: columns that were written line by line."""
    if len(lines) < LAYOUT.interleaved_lines or len(gaps) < LAYOUT.interleaved_gaps:
        return False
    centres = sorted((left + right) / 2 for left, right, _ in gaps)
    # The middle one of two columns is in the gutter; with more columns it may be between two gutters.
    middles = (centres[len(centres) * quarter // 4] for quarter in (1, 2, 3))
    return any(
        sum(1 for left, right, _ in gaps if left < middle < right) >= LAYOUT.interleaved_gaps for middle in middles
    )
