"""Reads Rich Text: what its control words mean, and which story its text belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.word.autonumber import Label
from tclp_daemon.extract.word.number_fields import NumberFields
from tclp_daemon.extract.word.rtf_flow import Flow, Mark, Piece, Tables
from tclp_daemon.extract.word.rtf_found import Found
from tclp_daemon.extract.word.rtf_lists import Lists
from tclp_daemon.extract.word.rtf_parts import NOWHERE, Embedded, Field, Form, Image, Number, Program, Shape, Sink
from tclp_daemon.extract.word.rtf_state import CHARACTERS, SKIPPED, STARRED, SWITCHES
from tclp_daemon.extract.word.rtf_tables import Colours, Font, Fonts, Styles, code_page
from tclp_daemon.extract.word.rtf_walk import Walker
from tclp_daemon.extract.word.symbols import in_symbol_font

_LEAST = 40  # characters that a paragraph counts as, at least
_LETTERS = re.compile(r"[^\W\d_]{3}")
_ENCODING = "cp1252"
_PRIVATE = 0xF000  # signs of symbol fonts have codes from here on
_RUNNING = ("header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf")


class RtfReader(Walker):
    """Reads one file; `run` does it.

    Args:
        source: its bytes as characters of Latin-1.
        limits: depth of its groups.
        take: called with each paragraph of the body, in order.

    Attributes:
        found: the rest.
    """

    def __init__(self, source: str, limits: Limits, take: Callable[[Piece], None]) -> None:
        super().__init__(source, limits)
        self.found = Found()
        self._fonts, self._styles, self._colours = Fonts(), Styles(), Colours()
        self._numbers, self._lists, self._tables = NumberFields(), Lists(), Tables()
        self._shows_numbers = False
        self._take = take
        self._flows = [Flow(self._take_counted, self._tables)]
        self._aside = 0  # how many notes, headers and boxes are open
        self._style_sheet = -1  # depth of its group
        self._encoding = _ENCODING
        self._default_font = 0
        self._shown = 0  # texts
        self._shaded_row = False
        self._words = self._handlers()

    # Text

    @property
    def _font(self) -> Font:
        number = self._state.font
        return self._fonts.get(self._default_font if number is None else number)

    def _decode(self, code: bytes) -> str:
        font = self._font
        if font.is_symbol:
            return "".join(chr(_PRIVATE + each) for each in code)
        return code.decode(font.encoding or self._encoding, errors="replace")

    def _show(self, text: str) -> None:
        state, font = self._state, self._font
        if font.is_symbol or not text.isascii():
            text = in_symbol_font(text, font.name, font.name)
        if state.sink is not None:
            state.sink.text(text, font)
            return
        if state.hidden or state.deleted:
            return
        flow = self._flows[-1]
        flow.parts.append(text)
        flow.generated = flow.generated or state.generated
        if not text.isspace():
            self._shown += 1
            flow.filled = True
            if not (flow.plain or state.stands_out):
                flow.plain, flow.lead = True, len(flow.parts) - 1
            if (state.struck or state.white) and not self._aside and _LETTERS.search(text):
                white = state.white and not (state.shaded or state.ground or (state.tables and self._shaded_row))
                self.found.covered = self.found.covered or state.struck or white

    # Control words

    def _word(self, word: str, value: int | None, *, starred: bool) -> None:
        state = self._state
        if state.sink is not None:
            state.sink.word(word, value)
        handler = self._words.get(word)
        if starred and word not in STARRED:
            self._skip()
        elif handler is not None:
            handler(value)
        elif word.startswith("m") and word.endswith("Pr"):
            self._skip()  # properties of a formula

    def _opened(self) -> None:
        if len(self._stack) == self._style_sheet + 1 and self._state.sink is self._styles:
            self._styles.open()

    def _take_counted(self, piece: Piece) -> None:
        self.found.words += piece.text.count(" ") + 1
        self._take(piece)

    def _finish(self) -> None:
        self._end(Mark.PARAGRAPH)

    def _handlers(self) -> dict[str, Callable[[int | None], None]]:
        """What to do for each control word; its number is handed over."""
        return {
            **{word: partial(self._switch, name) for word, name in SWITCHES.items()},
            **{word: partial(self._show_character, char) for word, char in CHARACTERS.items()},
            **dict.fromkeys(SKIPPED, lambda _: self._skip()),
            "u": self._unicode,
            "uc": lambda value: setattr(self._own(), "fallbacks", max(value or 0, 0)),
            "bin": self._binary,
            "upr": self._upr,
            "f": lambda value: setattr(self._own(), "font", value),
            "deff": self._set_default_font,
            "ansicpg": self._set_encoding,
            "mac": lambda _: self._set_encoding(10000),
            "pc": lambda _: self._set_encoding(437),
            "pca": lambda _: self._set_encoding(850),
            "fonttbl": lambda _: self._redirect(self._fonts),
            "colortbl": lambda _: self._redirect(self._colours),
            "stylesheet": self._open_style_sheet,
            **dict.fromkeys(("listtable", "listoverridetable"), lambda _: self._redirect(self._lists)),
            "plain": lambda _: self._own().reset_characters(),
            "pard": lambda _: self._own().reset_paragraph(),
            "ulnone": lambda _: setattr(self._own(), "underlined", False),
            "cf": lambda value: setattr(self._own(), "white", self._colours.is_white(value or 0)),
            **dict.fromkeys(("cb", "chcbpat", "highlight", "chshdng"), self._shade),
            **dict.fromkeys(("cbpat", "shading"), self._shade_paragraph),
            **dict.fromkeys(("clcbpat", "clshdng"), self._shade_cell),
            "trowd": lambda _: setattr(self, "_shaded_row", False),
            "s": lambda value: setattr(self._own(), "style", value or 0),
            "outlinelevel": lambda value: setattr(self._own(), "outline", value),
            "ls": lambda value: setattr(self._own(), "list", value or 0),
            "ilvl": lambda value: setattr(self._own(), "level", min(max(value or 0, 0), 8)),
            "intbl": lambda _: setattr(self._own(), "in_table", True),
            "itap": lambda value: setattr(self._own(), "depth", max(value or 0, 0)),
            "par": self._end_paragraph,
            **dict.fromkeys(("page", "sect", "column"), self._break),
            "cell": lambda _: self._end_cell(Mark.CELL),
            "nestcell": lambda _: self._end_cell(Mark.NESTED_CELL),
            "row": lambda _: self._end_row(1),
            "nestrow": lambda _: self._end_row(max(self._state.depth, 2)),
            **dict.fromkeys(("listtext", "pntext"), self._open_number),
            "field": self._open_field,
            "fldinst": self._open_instruction,
            "fldrslt": self._open_result,
            "formfield": self._open_form,
            "object": self._open_object,
            "objclass": self._open_program,
            "result": self._open_object_result,
            "pict": self._open_picture,
            **dict.fromkeys(("shpinst", "do"), self._open_shape),
            **dict.fromkeys(("shptxt", "dptxbxtext"), self._open_box),
            "footnote": lambda _: self._open_story(BlockKind.FOOTNOTE),
            **dict.fromkeys(_RUNNING, lambda _: self._open_story(BlockKind.HEADER_FOOTER)),
            "paperw": lambda value: self._note_paper(0, value),
            "paperh": lambda value: self._note_paper(1, value),
        }

    def _switch(self, name: str, value: int | None) -> None:
        setattr(self._own(), name, value != 0)

    def _show_character(self, char: str, _: int | None) -> None:
        self._show(char)

    def _set_default_font(self, value: int | None) -> None:
        self._default_font = value or 0

    def _set_encoding(self, value: int | None) -> None:
        self._encoding = code_page(value or 0) or _ENCODING

    def _redirect(self, sink: Sink) -> None:
        if len(self._stack) > 1:
            self._own().sink = sink

    def _open_style_sheet(self, _: int | None) -> None:
        self._style_sheet = len(self._stack)
        self._redirect(self._styles)

    def _shade(self, value: int | None) -> None:
        self._own().shaded = bool(value) and not self._colours.is_white(value or 0)

    def _shade_paragraph(self, value: int | None) -> None:
        self._own().ground = bool(value) and not self._colours.is_white(value or 0)

    def _shade_cell(self, value: int | None) -> None:
        self._shaded_row = self._shaded_row or (bool(value) and not self._colours.is_white(value or 0))

    def _note_paper(self, side: int, value: int | None) -> None:
        if value is not None and value > 0:
            self.found.paper[side] = value

    # Paragraphs and cells

    def _end(self, mark: Mark) -> None:
        state, flow = self._state, self._flows[-1]
        listed = self._styles.is_contents(state.style)
        if flow.label is None and flow.number is not None:
            flow.label = flow.number.label(state.level + 1)
        elif flow.label is None and flow.filled and state.list and not self._shows_numbers:
            flow.label = self._lists.label(state.list, state.level)
        flow.end(mark, state.tables, heading=0 if listed else self._heading, listed=listed)

    @property
    def _heading(self) -> int:
        """Level of the open paragraph as a heading, 1 to 9, or 0."""
        outline = self._state.outline
        if outline is None:
            return self._styles.heading(self._state.style)
        return outline + 1 if 0 <= outline < 9 else 0

    def _end_paragraph(self, _: int | None) -> None:
        if self._state.sink is not None:
            return
        if self._state.gone:
            self._flows[-1].join()
        else:
            self._end(Mark.PARAGRAPH)

    def _break(self, _: int | None) -> None:
        if self._state.sink is None and not self._state.gone and self._flows[-1].filled:
            self._end(Mark.PARAGRAPH)

    def _end_cell(self, mark: Mark) -> None:
        if self._state.sink is None:
            self._end(mark)

    def _end_row(self, depth: int) -> None:
        if self._state.sink is None:
            self._flows[-1].end_row(depth)

    def _open_number(self, _: int | None) -> None:
        state, flow = self._own(), self._flows[-1]
        self._shows_numbers = True
        if state.sink is None and not state.gone and (flow.number is None or not flow.filled):
            flow.number = state.sink = Number()
        else:
            state.sink = state.sink or NOWHERE

    # Fields

    def _open_field(self, _: int | None) -> None:
        state = self._own()
        state.field = opened = Field(state.sink, self._shown)
        self._at_end(lambda: self._end_field(opened))

    def _open_instruction(self, _: int | None) -> None:
        state = self._own()
        state.sink = state.field or NOWHERE

    def _open_form(self, _: int | None) -> None:
        state = self._own()
        form = Form()
        if state.field is not None:
            state.field.form = form
        state.sink = form

    def _open_result(self, _: int | None) -> None:
        state = self._own()
        if state.field is not None:
            silent = state.field.form is not None and state.field.form.is_box
            state.sink = NOWHERE if silent else state.field.outer
            state.generated = state.generated or state.field.is_contents

    def _end_field(self, ended: Field) -> None:
        """Shows what a field without a result stands for."""
        state = self._state
        if self._shown != ended.start or ended.outer is not None or state.gone:
            return
        state.sink = None
        flow = self._flows[-1]
        level = 0 if flow.number is None else state.level + 1
        number = self._numbers.next(ended.code, heading=self._heading, level=level)
        if number is None:
            if shown := ended.form.shown() if ended.form else ended.symbol():
                self._show(shown)
            elif file := ended.file():
                self.found.add_file(file)
        elif not flow.filled and flow.label is None and flow.number is None:
            flow.label = Label(f"{number} ", number.rstrip("."), max(self._heading, 1))
        else:
            self._show(number)

    # Objects, pictures and shapes

    def _open_object(self, _: int | None) -> None:
        state = self._own()
        state.embedded = opened = Embedded(state.sink, self._shown)
        state.sink = NOWHERE
        self._at_end(lambda: self._end_object(opened))

    def _open_program(self, _: int | None) -> None:
        state = self._own()
        state.sink = Program(state.embedded) if state.embedded is not None else NOWHERE

    def _open_object_result(self, _: int | None) -> None:
        state = self._own()
        if state.embedded is not None:
            state.sink = state.embedded.outer

    def _end_object(self, ended: Embedded) -> None:
        if self._shown == ended.start and ended.outer is None and not self._state.gone:
            self.found.add_object(ended.program.strip())

    def _open_picture(self, _: int | None) -> None:
        state = self._own()
        shows = (state.sink is None or state.shape is not None) and state.embedded is None and not state.gone
        state.sink = image = Image()
        if shows:
            shape = Shape(behind=True) if self._aside else state.shape
            self._at_end(lambda: self.found.add_picture(image, shape))

    def _open_shape(self, _: int | None) -> None:
        state = self._own()
        if state.sink is None:
            state.sink = state.shape = Shape()

    def _open_box(self, _: int | None) -> None:
        if self._state.sink is not None and self._state.shape is None:
            return
        outer = self._flows[-1]
        self._open_flow(lambda piece: outer.boxes.append(replace(piece, stands_out=False, lead="")))

    def _open_story(self, kind: BlockKind) -> None:
        if self._state.sink is None:
            self._open_flow(lambda piece: self._keep(kind, piece))

    def _keep(self, kind: BlockKind, piece: Piece) -> None:
        self.found.apart.append((kind, piece))
        if len(self.found.apart) * _LEAST > self._limits.characters:
            raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=self._limits.characters)

    def _open_flow(self, take: Callable[[Piece], None]) -> None:
        """Begins a story of its own, which ends with this group."""
        if len(self._stack) < 2:
            return
        state = self._own()
        state.sink, state.shape = None, None
        state.reset_paragraph()
        state.reset_characters()
        self._flows.append(Flow(take, self._tables))
        self._aside += 1
        self._at_end(self._end_flow)

    def _end_flow(self) -> None:
        self._end(Mark.PARAGRAPH)
        self._flows.pop()
        self._aside -= 1
