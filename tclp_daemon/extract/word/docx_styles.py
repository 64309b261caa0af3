"""What styles.xml says about paragraphs: headings, hidden text, and the lists that number them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tclp_daemon.extract.word.docx_look import PLAIN, Look, look_of
from tclp_daemon.extract.word.docx_xml import OFF, W, integer, value

_HEADING_NAME = re.compile(r"heading\s*([1-9])$", re.I)
_CONTENTS_ID = re.compile(r"toc\s*[1-9]$", re.I)
_TITLE_NAMES = frozenset({"title", "subtitle"})
MAX_CHAIN = 64  # of styles based on each other; a loop must end


@dataclass(slots=True)
class _Style:
    name: str = ""
    based_on: str | None = None
    outline: int | None = None
    num_id: str | None = None
    depth: int | None = None
    look: Look = PLAIN


@dataclass(frozen=True, slots=True)
class _Resolved:
    """What a style sets, together with all styles that it is based on."""

    heading: int | None = None
    look: Look = PLAIN
    numbering: tuple[str | None, int | None, str | None] = (None, None, None)


_NOTHING = _Resolved()


class Styles:
    """The styles of a document; unknown ids are styles without properties."""

    def __init__(self, root: Any | None) -> None:
        self._styles: dict[str, _Style] = {}
        self._resolved: dict[str, _Resolved] = {}
        self._default: str | None = None
        if root is None:
            return
        for element in root.iter(W + "style"):
            style_id = element.get(W + "styleId")
            if style_id is None:
                continue
            properties = element.find(W + "pPr")
            numbering = properties.find(W + "numPr") if properties is not None else None
            self._styles[style_id] = _Style(
                name=value(element, "name") or "",
                based_on=value(element, "basedOn"),
                outline=integer(value(properties, "outlineLvl")),
                num_id=value(numbering, "numId"),
                depth=integer(value(numbering, "ilvl")),
                look=look_of(element.find(W + "rPr"), shading=properties),
            )
            if element.get(W + "type") == "paragraph" and (element.get(W + "default") or "0").lower() not in OFF:
                self._default = style_id

    def chain(self, style_id: str | None) -> Iterator[str]:
        """The ids of the style and of those it is based on, nearest first."""
        current = style_id if style_id in self._styles else self._default
        for _ in range(MAX_CHAIN):
            if current is None or current not in self._styles:
                return
            yield current
            current = self._styles[current].based_on

    def heading_level(self, style_id: str | None, direct: int | None) -> int:
        """1 to 9 for a heading, else 0; `direct` is the paragraph's own outline level."""
        if direct is not None:
            return _heading(direct)
        level = self._resolve(style_id).heading
        if level is not None:
            return level
        # A document without a styles part still names them.
        if style_id and style_id not in self._styles and (match := _HEADING_NAME.match(style_id)):
            return int(match[1])
        return 0

    def is_contents(self, style_id: str | None) -> bool:
        """True for the styles of a table of contents."""
        if style_id and style_id not in self._styles:
            return _CONTENTS_ID.match(style_id) is not None  # a document without a styles part still names them
        return any(self._styles[name].name.lower().startswith("toc ") for name in islice(self.chain(style_id), 1))

    def look(self, style_id: str | None) -> Look:
        """How the style makes its text look."""
        return self._resolve(style_id).look

    def run_look(self, style_id: str | None) -> Look:
        """How a character style makes text look; an unknown one changes nothing."""
        return self._resolve(style_id).look if style_id in self._styles else PLAIN

    def numbering(self, style_id: str | None) -> tuple[str | None, int | None, str | None]:
        """Number id, level and the style that sets them."""
        return self._resolve(style_id).numbering

    def _resolve(self, style_id: str | None) -> _Resolved:
        """What a style sets itself or has from those it is based on; each style is looked at once."""
        current = style_id if style_id in self._styles else self._default
        open_ids: dict[str, None] = {}
        while current in self._styles and current not in self._resolved and current not in open_ids:
            open_ids[current] = None
            current = self._styles[current].based_on
        found = self._resolved.get(current or "", _NOTHING)
        for name in reversed(open_ids):
            found = self._resolved[name] = _inherit(name, self._styles[name], found)
        return found


def _inherit(name: str, style: _Style, base: _Resolved) -> _Resolved:
    heading = base.heading
    if style.outline is not None:
        heading = _heading(style.outline)
    elif match := _HEADING_NAME.match(style.name):
        heading = int(match[1])
    elif style.name.lower() in _TITLE_NAMES:
        heading = 1
    num_id, depth, source = base.numbering
    if style.num_id is not None:
        num_id, depth, source = style.num_id, style.depth, name
    elif style.depth is not None:
        depth = style.depth
    return _Resolved(heading, style.look.over(base.look), (num_id, depth, source))


def _heading(outline: int) -> int:
    return outline + 1 if 0 <= outline <= 8 else 0
