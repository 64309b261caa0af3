"""What the styles of an OpenDocument text say: how text looks, and how lists and headings are numbered.

[OpenDocument] 1.3 part 3, 16 (styles) and 16.30 to 16.36 (lists).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tclp_daemon.extract.word.autonumber import LEVELS, Counters, Instance, Label, Level
from tclp_daemon.extract.word.docx_look import PLAIN, Look
from tclp_daemon.extract.word.docx_xml import integer

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
OFFICE = f"{{{_OASIS}office:1.0}}"
STYLE = f"{{{_OASIS}style:1.0}}"
TEXT = f"{{{_OASIS}text:1.0}}"
TABLE = f"{{{_OASIS}table:1.0}}"
DRAW = f"{{{_OASIS}drawing:1.0}}"
FO = f"{{{_OASIS}xsl-fo-compatible:1.0}}"
SVG = f"{{{_OASIS}svg-compatible:1.0}}"
XLINK = "{http://www.w3.org/1999/xlink}"
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_LOEXT = "{urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0}"
_FORMATS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_PLACE = re.compile(r"%(\d{1,2})%")
_MAX_CHAIN = 64  # of styles based on each other; a loop must end
_PAPER = ("", "transparent", "#ffffff")


@dataclass(slots=True)
class _Style:
    look: Look
    parent: str | None
    list_style: str | None


@dataclass(slots=True)
class _ListStyle:
    levels: dict[int, Level] = field(default_factory=dict)


class OdtStyles:
    """The styles of a document by family and name.

    Args:
        roots: of styles.xml and content.xml; later ones win.
    """

    def __init__(self, *roots: Any) -> None:
        self._styles: dict[tuple[str, str], _Style] = {}
        self._looks: dict[tuple[str, str], Look] = {}
        self._lists: dict[str, _ListStyle] = {}
        self.outline = _ListStyle()
        for root in roots:
            for element in root.iter(STYLE + "style"):
                key = (element.get(STYLE + "family") or "", element.get(STYLE + "name") or "")
                self._styles[key] = _Style(
                    _look(element), element.get(STYLE + "parent-style-name"), element.get(STYLE + "list-style-name")
                )
            for element in root.iter(TEXT + "list-style"):
                self._lists[element.get(STYLE + "name") or ""] = _list_style(element)
            for element in root.iter(TEXT + "outline-style"):
                self.outline = _list_style(element)

    def look(self, family: str, name: str | None) -> Look:
        """How a style makes text look, together with those that it is based on."""
        key = (family, name or "")
        if key not in self._looks:
            found = PLAIN
            current: str | None = name
            for _ in range(_MAX_CHAIN):
                style = self._styles.get((family, current or ""))
                if style is None:
                    break
                found, current = found.over(style.look), style.parent
            self._looks[key] = found
        return self._looks[key]

    def levels(self, name: str | None) -> dict[int, Level]:
        """The levels of a list style."""
        found = self._lists.get(name or "")
        return found.levels if found is not None else {}

    def list_of(self, paragraph_style: str | None) -> str | None:
        """The list style that a paragraph style names, itself or through those that it is based on."""
        current = paragraph_style
        for _ in range(_MAX_CHAIN):
            style = self._styles.get(("paragraph", current or ""))
            if style is None:
                return None
            if style.list_style is not None:
                return style.list_style
            current = style.parent
        return None


class OdtNumbers:
    """The numbers of lists and headings while the paragraphs are read from top to bottom."""

    def __init__(self, styles: OdtStyles) -> None:
        self._styles = styles
        self._counters = Counters()
        self._instances: dict[tuple[str, str], Instance] = {}
        self._lists = 0
        self._by_id: dict[str, str] = {}
        self._last: dict[str, str] = {}  # by style, the list that was opened last
        self._outline = Instance("outline", styles.outline.levels)

    def open_list(self, element: Any, style: str) -> str:
        """Returns the family of counters of a text:list: its own, or that of the list which it continues."""
        continued = element.get(TEXT + "continue-list") or ""
        if continued in self._by_id:
            family = self._by_id[continued]
        elif element.get(TEXT + "continue-numbering") == "true" and style in self._last:
            family = self._last[style]
        else:
            self._lists += 1
            family = f"list {self._lists}"
        self._last[style] = family
        if name := element.get(_XML_ID):
            self._by_id[name] = family
        return family

    def item(self, family: str, style: str, depth: int, start: int | None) -> Label | None:
        """Counts a list item at the level `depth` from 0."""
        key = (family, style)
        if key not in self._instances:
            self._instances[key] = Instance(family, self._styles.levels(style))
        instance = self._instances[key]
        if start is not None:
            instance = Instance(family, instance.levels, {depth: start})
            self._instances[key] = instance
        return self._counters.next(instance, depth)

    def heading(self, depth: int) -> Label | None:
        """Counts a heading at the level `depth` from 0."""
        return self._counters.next(self._outline, depth)


def _look(style: Any) -> Look:
    found: dict[str, Any] = {}
    properties = style.find(STYLE + "text-properties")
    if properties is not None:
        get = properties.get
        for name, value, word in (
            ("hidden", get(TEXT + "display"), "none"),
            ("bold", get(FO + "font-weight"), "bold"),
            ("capitals", get(FO + "text-transform") or get(FO + "font-variant"), ("uppercase", "small-caps")),
            ("white", get(FO + "color"), "#ffffff"),
        ):
            if value is not None:
                found[name] = value.lower() in word if isinstance(word, tuple) else value.lower() == word
        for name, value in (
            ("underlined", get(STYLE + "text-underline-style")),
            ("struck", get(STYLE + "text-line-through-style") or get(STYLE + "text-line-through-type")),
        ):
            if value is not None:
                found[name] = value != "none"
        found["font"] = found["high_font"] = get(STYLE + "font-name") or get(FO + "font-family")
    grounds = [style.find(STYLE + name) for name in ("text-properties", "paragraph-properties")]
    if any(
        (ground.get(FO + "background-color") or "").lower() not in _PAPER for ground in grounds if ground is not None
    ):
        found["shaded"] = True
    return Look(**found) if found else PLAIN


def _list_style(element: Any) -> _ListStyle:
    style = _ListStyle()
    for level in element:
        number = integer(level.get(TEXT + "level"))
        if number is not None and 1 <= number <= LEVELS:
            style.levels[number - 1] = _level(level, number)
    return style


def _level(element: Any, number: int) -> Level:
    if element.tag == TEXT + "list-level-style-bullet":
        return Level(format="bullet", text=element.get(TEXT + "bullet-char") or "•")
    format = _FORMATS.get(element.get(STYLE + "num-format") or "", "none")
    shown = element.get(_LOEXT + "num-list-format")
    if shown is None:
        count = min(max(integer(element.get(TEXT + "display-levels")) or 1, 1), number)
        places = ".".join(f"%{each}" for each in range(number - count + 1, number + 1))
        shown = f"{element.get(STYLE + 'num-prefix') or ''}{places}{element.get(STYLE + 'num-suffix') or ''}"
    else:
        shown = _PLACE.sub(r"%\1", shown)
    start = integer(element.get(TEXT + "start-value"))
    return Level(start=1 if start is None else start, format=format, text=shown if format != "none" else "")
