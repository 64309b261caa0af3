"""Builds the sample contracts samples/supply.pdf and samples/construction.pdf from samples/*.txt, and broken.pdf.

All are fiction, in our own words. The same texts and the same reportlab give the same bytes. Needs reportlab and
pyphen (pip install reportlab pyphen); the package itself needs neither.

Lines of the texts begin with a mark: "#" title of the cover, "%" centred there, "!" heading on a new page with its
second line after "|", "@" heading without a number, "=" numbered heading, "+" clause, "-" lettered item,
"“" definition, "~" paragraph, "1" numbered paragraph of a schedule, "||" column widths of the table that follows in
per cent, "|" table row (the first is its head), "---" new page. "contents", "columns", "endcolumns" and "sign" stand
for a table of contents, two columns, their end and a place to sign.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)
from reportlab.platypus.flowables import BalancedColumns

HERE = Path(__file__).parent
TEXTS = HERE / "samples"
SAMPLES = HERE.parent / "tclp_daemon" / "samples"
_CUT_AT = 6_000  # bytes of supply.pdf that "arrived": too few for its page tree
_REGULAR, _BOLD, _ITALIC = "Times-Roman", "Times-Bold", "Times-Italic"
_WIDTH, _HEIGHT = A4
_MARGIN = 27 * mm
_TEXT_WIDTH = _WIDTH - 2 * _MARGIN
_INDENT = 13 * mm
_BASE = ParagraphStyle(
    "base",
    fontName=_REGULAR,
    fontSize=11,
    leading=15,
    spaceAfter=7,
    alignment=TA_JUSTIFY,
    hyphenationLang="en_GB",
    hyphenationMinWordLength=7,
    bulletFontName=_REGULAR,
    bulletFontSize=11,
)
_CLAUSE = ParagraphStyle("clause", _BASE, leftIndent=_INDENT)
_ITEM = ParagraphStyle("item", _BASE, leftIndent=_INDENT + 9 * mm, bulletIndent=_INDENT)
_RULE = ParagraphStyle("rule", _BASE, leftIndent=8 * mm, fontSize=10, bulletFontSize=10, leading=13, spaceAfter=5)
_HEADING = ParagraphStyle(
    "heading", _CLAUSE, fontName=_BOLD, bulletFontName=_BOLD, spaceBefore=9, keepWithNext=1, hyphenationLang=""
)

_LOOSE = ParagraphStyle("loose", _HEADING, leftIndent=0)
_CENTRED = ParagraphStyle("centred", _BASE, alignment=TA_CENTER, spaceBefore=18, hyphenationLang="")
_TITLE = ParagraphStyle("title", _CENTRED, fontName=_BOLD, fontSize=22, leading=28, spaceAfter=24)
_PART = ParagraphStyle("part", _CENTRED, fontName=_BOLD, fontSize=13, spaceBefore=0, keepWithNext=1)
_CELL = ParagraphStyle("cell", _BASE, fontSize=10, leading=12.5, spaceAfter=0, alignment=0, hyphenationLang="")
_CELL_HEAD = ParagraphStyle("cell head", _CELL, fontName=_BOLD)
_GRID = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.6, colors.black),
        ("BACKGROUND", (0, 0), (-1, 0), colors.Color(0.92, 0.92, 0.92)),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 4),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
    ]
)


class Running(NamedTuple):
    """Header and footer of every page except the first."""

    title: str
    reference: str


class Entry(NamedTuple):
    """A heading and the page it is on."""

    number: str
    title: str
    page: int


def main() -> None:
    """Writes the three files."""
    build("supply", Running("International Supply Agreement", "LHL / OPW 2026-04"))
    build("construction", Running("The Ropewalk Library and Studios – Construction Contract", "THD/RW/C-01"))
    (SAMPLES / "broken.pdf").write_bytes((SAMPLES / "supply.pdf").read_bytes()[:_CUT_AT])


def build(name: str, running: Running) -> None:
    """Typesets one contract, again and again until its page numbers have settled."""
    lines = (TEXTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    entries: list[Entry] = []
    pages = 0
    while True:
        template = _Template(SAMPLES / f"{name}.pdf", running, pages)
        template.build(_Story(entries).read(lines))
        if (template.entries, template.page) == (entries, pages):
            return
        entries, pages = template.entries, template.page


class _Template(BaseDocTemplate):  # type: ignore[misc]
    def __init__(self, target: Path, running: Running, pages: int) -> None:
        super().__init__(
            str(target),
            pagesize=A4,
            title=running.title,
            author="tclp-daemon",
            subject="A fictional contract",
            invariant=1,
            lang="en-GB",
        )
        self.entries: list[Entry] = []
        self._running = running
        self._pages = pages
        frame = Frame(
            _MARGIN, 24 * mm, _TEXT_WIDTH, _HEIGHT - 51 * mm, leftPadding=0, rightPadding=0, topPadding=0, id="text"
        )
        self.addPageTemplates(
            [PageTemplate("cover", [frame]), PageTemplate("body", [frame], onPage=self._draw_running)]
        )

    def _draw_running(self, canvas: Canvas, _: Any) -> None:
        canvas.saveState()
        canvas.setFont(_ITALIC, 9)
        top = _HEIGHT - 17 * mm
        canvas.drawString(_MARGIN, top, self._running.title)
        canvas.drawRightString(_WIDTH - _MARGIN, top, self._running.reference)
        canvas.setLineWidth(0.4)
        canvas.line(_MARGIN, top - 4, _WIDTH - _MARGIN, top - 4)
        canvas.setFont(_REGULAR, 9)
        canvas.drawCentredString(_WIDTH / 2, 13 * mm, f"Page {canvas.getPageNumber()} of {self._pages}")
        canvas.restoreState()

    def afterFlowable(self, flowable: Flowable) -> None:
        """Notes which pages the headings are on."""
        entry: tuple[str, str] | None = getattr(flowable, "entry", None)
        if entry is None:
            return
        number, title = entry
        self.entries.append(Entry(number, title, self.page))
        key = f"h{len(self.entries)}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(f"{number} {title}".strip(), key)


class _Leader(Flowable):  # type: ignore[misc]
    """A line of the table of contents."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self._entry = entry
        self.width, self.height = _TEXT_WIDTH, 13.7

    def draw(self) -> None:
        """Writes number, title, dots and page."""
        number, title, page = self._entry
        self.canv.setFont(_REGULAR, 10.5)
        lead = _INDENT if number[:1].isdigit() else 28 * mm if number else 0
        self.canv.drawString(0, 3, number)
        self.canv.drawString(lead, 3, title)
        self.canv.drawRightString(_TEXT_WIDTH, 3, str(page))
        dot = self.canv.stringWidth(" .", _REGULAR, 10.5)
        gap = _TEXT_WIDTH - 9 * mm - lead - self.canv.stringWidth(title, _REGULAR, 10.5)
        self.canv.drawRightString(_TEXT_WIDTH - 7 * mm, 3, " ." * int(gap / dot))


class _Story:
    """Reads the marks of a text into what reportlab sets."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self._flow: list[Flowable] = []
        self._outer: list[Flowable] = []
        self._clause = self._sub = self._item = self._rule = 0
        self._widths: list[float] = []
        self._rows: list[list[Paragraph]] = []
        self._marks: dict[str, Callable[[str], None]] = {
            "#": self._title,
            "%": lambda text: self._put(text, _CENTRED),
            "!": self._part,
            "@": self._loose,
            "=": self._heading,
            "+": self._numbered,
            "-": self._lettered,
            "“": self._definition,
            "~": lambda text: self._put(text, _BASE),
            "1": self._ruled,
            "||": self._begin_table,
            "---": lambda _: self._flow.extend([NextPageTemplate("body"), PageBreak()]),
            "contents": self._contents,
            "columns": self._begin_columns,
            "endcolumns": self._end_columns,
            "sign": self._sign,
        }

    def read(self, lines: list[str]) -> list[Flowable]:
        """The complete contract."""
        for line in [*lines, ""]:
            mark, _, text = line.partition(" ")
            if mark == "|":
                style = _CELL if self._rows else _CELL_HEAD
                self._rows.append([Paragraph(escape(cell.strip()), style) for cell in text.split("|")])
                continue
            if self._rows:
                table = Table(self._rows, colWidths=self._widths, repeatRows=1, style=_GRID)
                self._flow += [table, Spacer(1, 10)]
                self._rows = []
            if line:
                self._marks[mark](text)
        return self._flow

    def _put(self, text: str, style: ParagraphStyle, number: str | None = None) -> Paragraph:
        paragraph = Paragraph(escape(text), style, bulletText=number)
        self._flow.append(paragraph)
        return paragraph

    def _title(self, text: str) -> None:
        self._flow.append(Spacer(1, 55 * mm))
        self._put(text, _TITLE)

    def _part(self, text: str) -> None:
        number, _, title = (part.strip() for part in text.partition("|"))
        self._flow += [NextPageTemplate("body"), PageBreak()]
        first = self._put(number, _PART)
        first.entry = (number.capitalize(), title) if title else ("", number.capitalize())
        if title:
            self._put(title, ParagraphStyle("part title", _PART, spaceAfter=14))
        self._rule = 0

    def _loose(self, text: str) -> None:
        self._put(text, _LOOSE)
        if text.startswith("Part "):
            self._rule = 0

    def _heading(self, text: str) -> None:
        self._clause, self._sub = self._clause + 1, 0
        self._put(text, _HEADING, f"{self._clause}.").entry = (f"{self._clause}.", text)

    def _numbered(self, text: str) -> None:
        self._sub, self._item = self._sub + 1, 0
        self._put(text, _CLAUSE, f"{self._clause}.{self._sub}")

    def _lettered(self, text: str) -> None:
        self._item += 1
        self._put(text, _ITEM, f"({chr(96 + self._item)})")

    def _definition(self, text: str) -> None:
        words = re.sub(r"^“([^”]+)”", r"“<b>\1</b>”", escape(text))
        self._flow.append(Paragraph(words, _CLAUSE))

    def _ruled(self, text: str) -> None:
        self._rule += 1
        self._put(text, _RULE, f"{self._rule}.")

    def _begin_table(self, text: str) -> None:
        self._widths = [_TEXT_WIDTH * float(share) / 100 for share in text.split()]

    def _contents(self, _: str) -> None:
        self._flow += [NextPageTemplate("body"), PageBreak(), Paragraph("CONTENTS", _PART)]
        self._flow += [_Leader(entry) for entry in self._entries]

    def _begin_columns(self, _: str) -> None:
        self._outer, self._flow = self._flow, []

    def _end_columns(self, _: str) -> None:
        columns = BalancedColumns(self._flow, nCols=2, needed=72, innerPadding=9 * mm)
        self._flow = [*self._outer, columns]

    def _sign(self, text: str) -> None:
        lines = [Paragraph(f"{who} " + "." * 60, _BASE) for who in ("Signature", "Name", "Signature", "Name")]
        self._flow.append(KeepTogether([Spacer(1, 22), Paragraph(escape(text), _BASE), Spacer(1, 14), *lines]))


if __name__ == "__main__":
    main()
