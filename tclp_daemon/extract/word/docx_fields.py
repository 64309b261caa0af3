"""The fields of a story: their instructions do not show, their results do, and form fields show their state.

[ECMA-376] part 1, 17.16. Fields are nested, and many a file does not close them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tclp_daemon.extract.word.blocks import FIELD_CODE, is_contents_code
from tclp_daemon.extract.word.docx_xml import W, flag, integer, value

_FILE = re.compile(r"\s*(?:INCLUDETEXT|LINK\s+\S+|INCLUDE)\s+(?:\"([^\"]{1,300})\"|(\S{1,300}))", re.IGNORECASE)
_LONGEST_CODE = 400  # characters of an instruction that can matter here
_TICKED, _UNTICKED = "\u2612", "\u2610"


@dataclass(slots=True)
class _Field:
    """A field that is open."""

    shows: bool = False  # its result has begun
    silent: bool = False  # but says again what has been shown
    code: str = ""  # first characters of its instruction
    contents: bool = False  # it makes a table of contents
    filled: bool = False  # there is text in its result


class Fields:
    """The fields that are open at a place of one story.

    Attributes:
        files: the files whose text fields bring in, where the document has no copy of it.
    """

    def __init__(self) -> None:
        self.files: dict[str, None] = {}
        self._open: list[_Field] = []
        self._mute = 0  # how many of them are still in their instruction, or are silent
        self._contents = 0  # how many of them show a table of contents

    @property
    def hide(self) -> bool:
        """Whether text at this place does not show."""
        return self._mute > 0

    @property
    def in_contents(self) -> bool:
        """Whether text at this place is generated from the headings."""
        return self._contents > 0

    def shown(self) -> None:
        """Notes that text is shown at this place."""
        if self._open:
            self._open[-1].filled = True

    def instruct(self, text: str) -> None:
        """Adds to the instruction of the innermost field."""
        if self._open and len(self._open[-1].code) < _LONGEST_CODE:
            self._open[-1].code += text[:_LONGEST_CODE]

    def begin(self, element: Any) -> str:
        """A field begins; what it shows, if it is a check box or a drop-down list of a form."""
        state = _form_state(element) if not self._mute else ""
        self._open.append(_Field(silent=state in (_TICKED, _UNTICKED)))
        self._mute += 1
        return state

    def separate(self) -> None:
        """The result of the innermost field begins."""
        if self._open and not self._open[-1].shows:
            field = self._open[-1]
            field.shows, field.contents = True, is_contents_code(field.code[:FIELD_CODE])
            self._mute -= not field.silent
            self._contents += field.contents

    def end(self) -> str:
        """The innermost field ends; its instruction if nothing was shown for it, else ""."""
        if not self._open:
            return ""
        field = self._open.pop()
        self._mute -= field.silent or not field.shows
        self._contents -= field.contents
        if field.filled:
            self.shown()  # to the field around it
            return ""
        if not self._mute and (match := _FILE.match(field.code)) is not None:
            self.files.setdefault(re.split(r"[\\/]", match[1] or match[2])[-1])
        return field.code if not self._mute else ""

    def end_paragraph(self) -> None:
        """An instruction ends with its paragraph: a field that is never closed cannot swallow the document."""
        while self._open and (self._open[-1].silent or not self._open[-1].shows):
            self.end()

    def suspend(self) -> tuple[list[_Field], int]:
        """Puts the open fields aside while a text box is read; `resume` takes them back."""
        held = (self._open, self._mute)
        self._open, self._mute = [], 0
        return held

    def resume(self, held: tuple[list[_Field], int]) -> None:
        """Takes back what `suspend` put aside."""
        while self._open:
            self.end()
        self._open, self._mute = held


def _form_state(begin: Any) -> str:
    """What a legacy form field shows of itself, "" where its result does."""
    data = begin.find(W + "ffData")
    if data is None:
        return ""
    if (box := data.find(W + "checkBox")) is not None:
        checked = flag(box, "checked")
        return _TICKED if (flag(box, "default") if checked is None else checked) else _UNTICKED
    if (choices := data.find(W + "ddList")) is not None:
        entries = [entry.get(W + "val") or "" for entry in choices.iterfind(W + "listEntry")]
        chosen = integer(value(choices, "result") or value(choices, "default")) or 0
        return entries[chosen] if 0 <= chosen < len(entries) else ""
    return ""
