"""What text recognition found on a page -> lines like those of any other page."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from tclp_daemon.extract.context import Recognised
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line, PageLines, clean
from tclp_daemon.extract.pdf.reading_order import read_order


def with_recognised(page: PageLines, found: Recognised | None) -> PageLines:
    """A page with the lines that were recognised on it.

    Args:
        page: what the file itself has: nothing, a stamp, or text that is not what the page shows.
        found: None where the page was not recognised.
    """
    if found is None:
        return page
    new = lines = _lines(found, page.number)
    kept = [] if found.instead else [*page.body, *(line for cell in page.cells for line in cell.lines)]
    # A page that was turned for reading has other coordinates than its text: that text is a stamp, out of the order.
    level = page.y0 == page.y1 or (abs(page.y0 + found.height) < 1 and abs(page.y1) < 1)
    top = [] if found.instead else page.top if level else [*page.top, *kept]
    if level:
        lines = read_order([*_before(kept, lines), *lines, *_after(kept, lines)])
    return PageLines(page.number, lines, top=top, y0=-found.height, y1=0, recognised=new)


def restore_text(pages: Sequence[PageLines]) -> None:
    """Puts running lines back where nothing else was recognised on a page.

    The same sentence on page after page, each time with another number, is a form that was filled in. A page of nothing
    but a header would not have needed recognition.
    """
    for page in pages:
        if page.recognised and not page.body:
            text = [line for line in page.recognised if len(line.text) > LAYOUT.prose]
            kept = {id(line) for line in text}
            page.body = text
            page.top = [line for line in page.top if id(line) not in kept]
            page.bottom = [line for line in page.bottom if id(line) not in kept]


def _lines(found: Recognised, number: int) -> list[Line]:
    """The lines in the coordinates of upright pages, where the foot of the page is at 0."""
    usual = median(line.size for line in found.lines) if found.lines else LAYOUT.usual_size
    lines = []
    for line in found.lines:
        same = abs(line.size - usual) <= LAYOUT.recognised_size * usual
        size = LAYOUT.recognised_height * (usual if same else line.size)
        if text := clean(line.text):
            lines.append(Line(text, line.x0, line.x1, line.y - found.height, size, line.bold, number))
    return lines


def _before(kept: list[Line], lines: list[Line]) -> list[Line]:
    return [line for line in kept if lines and line.y < lines[0].y]


def _after(kept: list[Line], lines: list[Line]) -> list[Line]:
    return [line for line in kept if not lines or line.y >= lines[0].y]
