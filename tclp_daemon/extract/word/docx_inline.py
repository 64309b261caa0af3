"""What stands in the paragraphs of a .docx: runs, fields, notes, and what is anchored in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tclp_daemon.extract.word.autonumber import Label
from tclp_daemon.extract.word.docx_branches import Branches
from tclp_daemon.extract.word.docx_fields import Fields
from tclp_daemon.extract.word.docx_look import PLAIN, look_of
from tclp_daemon.extract.word.docx_numbering import Numbering
from tclp_daemon.extract.word.docx_objects import DOCUMENTS, DRAWINGS, PICTURES, Objects
from tclp_daemon.extract.word.docx_styles import Styles
from tclp_daemon.extract.word.docx_xml import MC, M, W, tags, value
from tclp_daemon.extract.word.number_fields import NumberFields
from tclp_daemon.extract.word.symbols import in_symbol_font, symbol

# Content that does not show: properties, deletions, and what is said about the text.
SKIPPED = tags(
    "pPr rPr sectPr tblPr tblPrEx tblGrid trPr tcPr sdtPr sdtEndPr del moveFrom instrText delText delInstrText"
    " annotationRef footnoteRef endnoteRef commentReference ffData rubyPr rt proofErr customXmlPr smartTagPr"
)
_TEXT = {
    W + "tab": "\t",
    W + "ptab": "\t",
    W + "br": "\n",
    W + "cr": "\n",
    W + "noBreakHyphen": "-",
    W + "softHyphen": "",
}
_SHOWN = frozenset({W + "t", M + "t", W + "sym", *_TEXT})
_SPACES = re.compile(r"[ \r\n]+")
_BOX = re.compile("([\u2610\u2612])(?=\\w)")  # a check box stands apart from its option
_LETTERS = re.compile(r"[^\W\d_]{3}")
_UNSEEN = re.compile("[\u00ad\u200b\u200c\u200d\u2060\ufeff\x00-\x08\x0b-\x1f]")


@dataclass(slots=True)
class Paragraph:
    """What has been read of a paragraph before its mark."""

    parts: list[str] = field(default_factory=list)
    label: Label | None = None
    heading: int = 0
    merged: bool = False
    filled: bool = False
    listed: bool = False  # it has the style of a table of contents
    generated: bool = False  # it has text from the field of one
    plain: bool = False  # it has text that does not stand out
    lead: int = 0  # how many parts come before that text
    struck: bool = False  # it has words that are struck out
    white: bool = False  # it has words in the colour of the paper

    @property
    def text(self) -> str:
        """All of it as it shows."""
        return _BOX.sub(r"\1 ", _UNSEEN.sub("", "".join(self.parts))).strip()

    @property
    def lead_text(self) -> str:
        """Its beginning, as far as that stands out."""
        return _UNSEEN.sub("", "".join(self.parts[: self.lead])) if self.plain else ""


class Wrapped(list[Any]):
    """A container of one element."""

    tag = None

    def __init__(self, element: Any) -> None:
        super().__init__([element])


class Inline:
    """Collects what the content of paragraphs says.

    Args:
        styles, numbering: of the document.
        objects: of the part that the paragraphs are in; None where they do not matter.

    Attributes:
        footnotes, endnotes: ids of the notes that are referred to.
        open: the paragraph that is being read.
        boxes: what is anchored in it and is read after it: text boxes, drawings, other documents.
        fields, branches: where this place is in fields, and what is chosen of alternatives.
    """

    def __init__(self, styles: Styles, numbering: Numbering, objects: Objects | None) -> None:
        self.footnotes: list[str] = []
        self.endnotes: list[str] = []
        self.open: Paragraph | None = None
        self.boxes: list[Any] = []
        self.fields = Fields()
        self.branches = Branches()
        self._styles = styles
        self._numbering = numbering
        self._objects = objects
        self._numbers = NumberFields()
        self._style_look = self._look = PLAIN  # of the paragraph, of the run
        self._place: tuple[int, Any, str | None] = (0, None, None)  # heading, properties, style of the paragraph

    def begin(self, properties: Any | None, style: str | None, heading: int) -> Paragraph:
        """Begins a w:p; its text is added to a paragraph that is open.

        Args:
            properties: its w:pPr.
            style: id of its style.
            heading: level of that, 0 where it is not one of a heading.
        """
        look = self._styles.look(style)
        if properties is not None:
            look = look_of(None, shading=properties).over(look)
        self._style_look = self._look = look
        self._place = (heading, properties, style)
        self.open = self.open or Paragraph()
        return self.open

    def read(self, element: Any) -> None:
        """Adds what an element of a paragraph shows to the paragraph that is open."""
        tag = element.tag
        if tag == W + "r":
            self._run(element)
        elif tag in _SHOWN:
            if not self.fields.hide and (text := self._text(element)) is not None:
                self._add(text)
        elif tag == W + "instrText":
            self.fields.instruct(element.text or "")
        elif tag in SKIPPED:
            return
        elif tag == W + "fldChar":
            self._mark(element)
        elif tag == W + "fldSimple":
            self._simple_field(element)
        elif tag == W + "footnoteReference":
            self.footnotes.append(element.get(W + "id") or "")
        elif tag == W + "endnoteReference":
            self.endnotes.append(element.get(W + "id") or "")
        elif tag == W + "txbxContent" or tag in DOCUMENTS or tag in DRAWINGS:
            self.boxes.append(element)
        elif tag in PICTURES:
            if self._objects is not None and (recognised := self._objects.picture(element)) is not None:
                self.boxes.append(recognised)
        elif tag == MC + "AlternateContent":
            if (chosen := self.branches.choose(element)) is not None:
                self.read(chosen)
        elif tag == W + "p" or tag == W + "tbl":
            # A paragraph inside a run or a paragraph is invalid, but it shows.
            self.boxes.append(Wrapped(element))
        elif isinstance(tag, str):
            for child in element:
                self.read(child)

    def _run(self, element: Any) -> None:
        """A run; of a hidden one only the marks of fields count."""
        properties = element.find(W + "rPr")
        if properties is None:
            look = self._style_look
        else:
            look = look_of(properties).over(self._styles.run_look(value(properties, "rStyle"))).over(self._style_look)
        self._look = look
        for child in element.iter(W + "fldChar", W + "instrText") if look.hidden else element:
            self.read(child)
        self._look = self._style_look

    def _add(self, text: str) -> None:
        if self.open is None:
            self.open = Paragraph()
        paragraph, look = self.open, self._look
        paragraph.parts.append(text)
        paragraph.generated = paragraph.generated or self.fields.in_contents
        self.fields.shown()
        if not text.isspace():
            if not look.stands_out and not paragraph.plain:
                paragraph.plain, paragraph.lead = True, len(paragraph.parts) - 1
            if (look.struck or look.white) and _LETTERS.search(text):
                paragraph.struck = paragraph.struck or bool(look.struck)
                paragraph.white = paragraph.white or bool(look.white and not look.shaded)

    def _text(self, element: Any) -> str | None:
        """What an element with one of the tags in `_SHOWN` shows; None for an empty run of text."""
        if element.tag in _TEXT:
            return _TEXT[element.tag]
        if element.tag == W + "sym":
            return symbol(element.get(W + "font") or "", element.get(W + "char") or "")
        if not element.text:
            return None
        text = _SPACES.sub(" ", element.text)
        return in_symbol_font(text, self._look.font, self._look.high_font)

    # Fields

    def _mark(self, element: Any) -> None:
        kind = element.get(W + "fldCharType")
        if kind == "begin":
            if state := self.fields.begin(element):
                self._add(state)
        elif kind == "separate":
            self.fields.separate()
        elif kind == "end" and (code := self.fields.end()):
            self._number(code)

    def _simple_field(self, element: Any) -> None:
        self.fields.begin(element)
        self.fields.instruct(element.get(W + "instr") or "")
        self.fields.separate()
        for child in element:
            self.read(child)
        if code := self.fields.end():
            self._number(code)

    def _number(self, code: str) -> None:
        """The number that a field shows, if it is one that numbers paragraphs."""
        heading, properties, style = self._place
        level = 0 if code.lstrip()[:4].upper() != "LIST" else self._numbering.level(properties, style)
        number = self._numbers.next(code, heading=heading, level=level)
        if number is None or self._look.hidden:
            return
        paragraph = self.open = self.open or Paragraph()
        if paragraph.label is None and not "".join(paragraph.parts).strip():
            paragraph.label = Label(f"{number} ", number.rstrip("."), max(heading, 1))
        else:
            self._add(number)
