"""From the elements of a web page to blocks: what is painted, line by line.

The parser delivers one element after another. `Page` keeps the elements that are open, gathers text until an element
begins a new line, and hands each block to `BlockMaker`, which sees tables and tables of contents as wholes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.text.html_fields import Choice, field_text
from tclp_daemon.extract.text.html_lists import HtmlList, open_list
from tclp_daemon.extract.text.html_style import Look, StyleSheet
from tclp_daemon.extract.text.pieces import BlockMaker, Piece

_NOT_SHOWN = frozenset(
    "script style head title template noscript iframe object datalist svg math audio video xml del".split()
)
BREAKS = frozenset(
    "p div section article header footer main aside nav ul ol dl dt dd table tr td th caption tbody thead tfoot"
    " blockquote pre textarea form fieldset legend address figure figcaption hr body html center details summary li"
    " h1 h2 h3 h4 h5 h6".split()
)
_VOID = frozenset("br frame hr img input meta link area base col embed source track wbr param".split())
# Where one of these begins inside a drawing or a formula, browsers end the drawing: the element belongs to the page.
_OF_THE_PAGE = BREAKS.union("b big br code em i img s small span strong sub sup u".split())
_FOREIGN = frozenset({"svg", "math"})
# What shows another file, and the attribute that names it; most addresses on the web are of videos and advertisements.
_SHOWS = {"frame": "src", "iframe": "src", "embed": "src", "object": "data"}
_FILE = re.compile(
    r"(?!https?:|cid:|data:|about:|javascript:|//)[^?#]{1,300}\.(?:x?html?|pdf|docx?|rtf|txt)(?=[?#]|$)", re.I
)
_MOST_ELSEWHERE = 100
_COMMENTS = frozenset({"comment", "comment-list"})  # Word's, in the margin
_COMMENT_MARKS = frozenset({"msocomanchor", "msocomtxt", "msocommentreference"})
_RUNNING = frozenset({"header", "footer"})
_NOTES = frozenset({"footnote", "endnote"})
_CONTENTS = re.compile(r"msotoc\d", re.I)
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
_BULLETS = frozenset("o§ØüqvnlÜ·•–-")  # letters of Wingdings and Symbol that Word uses as bullets
_NOTE_MARK = re.compile(r"[\[(]?(?:\d{1,3}|[*†‡]{1,3})[\])]?")
_AFTER_STOP = re.compile(r"[.,;:!?”\"’)\]]$")


class _State(NamedTuple):
    """How text is shown inside an element."""

    tag: str = ""
    skipper: str = ""  # the outermost element around it, or itself, that takes no room
    visible: bool = True
    bold: bool = False  # or underlined
    struck: bool = False
    linked: bool = False  # to another place of the page
    keeps_lines: bool = False
    kind: BlockKind | None = None  # of the blocks inside, where the file says so
    contents: bool = False
    label_at: int | None = None  # in the parts of the block: where the number or bullet begins that Word painted
    note_at: int | None = None  # the same for text that is raised


@dataclass(slots=True)
class _Text:
    """The text of the block that is open, and how much of it is shown in which way."""

    parts: list[str] = field(default_factory=list)
    seen: int = 0
    bold: int = 0
    linked: int = 0
    keeps_lines: bool = False


class Page:
    """A parser target that collects the text between elements that begin a new line."""

    def __init__(self, limits: Limits) -> None:
        self.builder = DocumentBuilder(limits)
        self.begun = False
        self.shown = 0  # characters
        self.hidden = 0  # characters that the page itself hides, not counting its scripts and the like
        self.struck = False  # some of the text is struck out
        self.elsewhere: list[str] = []  # files that the page shows in a frame
        self.sheet = StyleSheet()
        self._limits = limits
        self._blocks = BlockMaker(self.builder)
        self._states = [_State()]
        self._text = _Text()
        self._kind = BlockKind.PARAGRAPH
        self._level = 0
        self._lists: list[HtmlList] = []
        self._marker = ""
        self._choice: Choice | None = None

    def start(self, tag: str, attrs: Mapping[str, str]) -> None:
        """An element begins."""
        self.begun = True
        if tag in _SHOWS and (file := _FILE.match(attrs.get(_SHOWS[tag], ""))):
            self._note_file(file[0])
        if tag in _VOID:
            self._void(tag, attrs)
            return
        # The parser compares each end tag with all open elements.
        if len(self._states) > self._limits.depth * 8:
            raise ContractError(ErrorCode.TOO_DEEP, found=len(self._states), limit=self._limits.depth)
        if self._states[-1].skipper in _FOREIGN and tag in _OF_THE_PAGE:
            self._leave_drawing()
        look = self.sheet.look(tag, attrs)
        state = self._inside(tag, attrs, look)
        self._states.append(state)
        if state.skipper:
            return
        if tag == "select":
            self._choice = Choice("multiple" in attrs)
        elif tag == "option" and self._choice is not None:
            self._choice.begin("selected" in attrs)
        elif tag in BREAKS:
            self.flush()
            self._open(tag, attrs, look)

    def _void(self, tag: str, attrs: Mapping[str, str]) -> None:
        state = self._states[-1]
        if state.skipper:
            return
        if tag in ("br", "hr"):
            self._text.parts.append("\n")
        elif tag == "input" and not self.sheet.look(tag, attrs).hidden:
            self.data(field_text(attrs))

    def _note_file(self, address: str) -> None:
        name = unquote(re.split(r"[/\\]", address)[-1])
        if name not in self.elsewhere and len(self.elsewhere) < _MOST_ELSEWHERE:
            self.elsewhere.append(name)

    def _leave_drawing(self) -> None:
        """Ends the drawing that is open."""
        self._states = [state._replace(skipper="") if state.skipper else state for state in self._states]

    def _inside(self, tag: str, attrs: Mapping[str, str], look: Look) -> _State:
        """How text is shown inside the element that begins."""
        around = self._states[-1]
        names = attrs.get("class", "").lower().split(None, 1)[:1]
        kind = around.kind
        if look.element in _RUNNING:
            kind = BlockKind.HEADER_FOOTER
        elif look.element in _NOTES:
            kind = BlockKind.FOOTNOTE
        is_comment = look.element in _COMMENTS or not _COMMENT_MARKS.isdisjoint(names)
        return _State(
            tag,
            around.skipper or (tag if tag in _NOT_SHOWN or look.hidden or is_comment else ""),
            around.visible if look.visible is None else look.visible,
            tag in ("b", "strong", "u") or bool(look.underlined) or (around.bold if look.bold is None else look.bold),
            around.struck or tag in ("s", "strike") or bool(look.struck),
            around.linked or (tag == "a" and attrs.get("href", "").startswith("#")),
            tag in ("pre", "textarea", "listing", "xmp", "plaintext")
            or (around.keeps_lines if look.keeps_lines is None else look.keeps_lines),
            kind,
            around.contents or any(map(_CONTENTS.match, names)),
            len(self._text.parts) if look.is_label else None,
            len(self._text.parts) if tag == "sup" else None,
        )

    def _open(self, tag: str, attrs: Mapping[str, str], look: Look) -> None:
        self._text.keeps_lines = self._states[-1].keeps_lines
        if tag in ("ul", "ol"):
            if self._marker and self._marker != "• ":  # the item has no text but the list inside it
                self._blocks.add(Piece(BlockKind.LIST_ITEM, self._marker.strip(), level=self._level))
                self._marker = ""
            opened = open_list(tag, attrs, look)
            if self.sheet.composes_numbers and tag == "ol" and self._lists and self._lists[-1].type == opened.type:
                opened.prefix = f"{self._lists[-1].prefix}{self._lists[-1].last}."
            self._lists.append(opened)
        elif tag == "li":
            self._kind, self._level = BlockKind.LIST_ITEM, max(len(self._lists), 1)
            self._marker = self._lists[-1].next_marker(attrs, look) if self._lists else "• "
        elif tag == "table":
            self._blocks.open_table()
        elif tag == "tr":
            self._blocks.open_row()
        elif tag in ("td", "th"):
            self._blocks.open_cell()
        elif len(tag) == 2 and tag[0] == "h" and tag[1].isdecimal():
            self._kind, self._level = BlockKind.HEADING, int(tag[1])

    def end(self, tag: str) -> None:
        """An element ends: by its tag, or because another one begins."""
        if tag in _VOID or len(self._states) == 1:
            return
        state = self._states.pop()
        if state.skipper:
            return
        if state.label_at is not None:
            self._end_label(state.label_at)
        if state.note_at is not None:
            self._end_note(state.note_at)
        if tag == "select" and self._choice is not None:
            choice, self._choice = self._choice, None
            self.data(choice.text)
        if tag not in BREAKS:
            return
        self.flush(state)
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "table":
            self._blocks.close_table()

    def _end_label(self, at: int) -> None:
        """Word paints its bullets as letters of a font of signs: "o" is a circle."""
        parts = self._text.parts
        label = "".join(parts[at:]).strip()
        if len(label) == 1 and (label in _BULLETS or label > "\ue000"):
            parts[at:] = ["• "]

    def _end_note(self, at: int) -> None:
        """The mark of a note behind a stop would keep the sentences together."""
        parts = self._text.parts
        if at and _NOTE_MARK.fullmatch("".join(parts[at:]).strip()) and _AFTER_STOP.search(parts[at - 1].rstrip()):
            parts[at:] = [" "]

    def data(self, data: str) -> None:
        """Text."""
        state = self._states[-1]
        if state.tag == "style":
            self.sheet.add(data)
        elif state.skipper or not state.visible:
            self.hidden += len(data) if state.skipper not in _NOT_SHOWN else 0
        elif self._choice is not None:
            self._choice.add(data)
        else:
            self._show(data, state)

    def _show(self, data: str, state: _State) -> None:
        text = self._text
        text.parts.append(data if state.keeps_lines else _SPACES.sub(" ", data))
        self.shown += len(data)
        seen = len(data) - data.count(" ")
        text.seen += seen
        text.bold += seen * state.bold
        text.linked += seen * state.linked
        self.struck |= state.struck and bool(seen)

    def close(self) -> None:
        """The page ends."""

    def finish(self) -> None:
        """Ends what is open."""
        self.flush()
        self._blocks.finish()

    def flush(self, state: _State | None = None) -> None:
        """Ends the block that is open.

        Args:
            state: how its text is shown, where its element has just ended.
        """
        state = state or self._states[-1]
        text, self._text = self._text, _Text(keeps_lines=state.keeps_lines)
        words = "".join(text.parts).strip("\n" if text.keeps_lines else None)
        if words.strip():
            piece = Piece(
                state.kind or self._kind,
                words,
                level=self._level,
                marker=self._marker,
                keeps_lines=text.keeps_lines,
                bold=text.bold >= text.seen > 0,
                # Numbers of clauses and pages often stand beside the link.
                linked=bool(text.linked) and text.linked + _signs(words) >= text.seen,
                contents=state.contents,
            )
            self._blocks.add(piece)
            self._marker = ""
        if words.strip() or self._kind is BlockKind.HEADING:
            self._kind, self._level = BlockKind.PARAGRAPH, 0


def _signs(words: str) -> int:
    """How many characters are neither letters nor blanks."""
    return sum(not (char.isalpha() or char.isspace()) for char in words)
