"""Pictures as large as pages: what a scanner makes of a contract, and what Word shows in place of its text.

A Word file knows no pages before it is printed, so a picture is measured against the paper. Logos, signatures and
photos are smaller, backgrounds lie behind the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tclp_daemon.extract.word.docx_xml import WP, W, integer

_LEAST = 0.55  # of the width and of the height of the paper: a page without its margins has 0.7 or more
_LEAST_LANDSCAPE = 0.75  # of the width of landscape paper: a photo on an upright page is no wider than that page
_STRIP_WIDTH = 0.7  # of the paper: scans are also kept as strips, one below the other
_STRIP_ASPECT = 2.5  # of its width to its height
_LITTLE_TEXT = 50  # words; a document with fewer of them says something in its pictures
_SMALL = 0.1  # of the area of the paper; there, smaller pictures are logos and signatures
_A4 = (11906, 16838)  # twentieths of a point
_EMU = 635  # to one twentieth of a point
_STYLE_SIZE = re.compile(r"(?:^|;)\s*(width|height)\s*:\s*(\d{1,5}(?:\.\d{1,6})?)(pt|in|cm|mm|px)?", re.IGNORECASE)
_BEHIND = re.compile(r"(?:^|;)\s*z-index\s*:\s*-\d", re.IGNORECASE)
_UNITS = {"pt": 20.0, "in": 1440.0, "cm": 567.0, "mm": 56.7, "px": 15.0, "": 15.0}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a story.

    Attributes:
        part: name of the part that holds it.
        width, height: as it is shown, in twentieths of a point; 0 where that is not said.
        behind: it lies behind the text, or in a header.
    """

    part: str
    width: float
    height: float
    behind: bool = False


def paper_sizes(root: Any) -> list[tuple[int, int]]:
    """Width and height of the kinds of paper in a document, in twentieths of a point."""
    sizes: dict[tuple[int, int], None] = {}
    for size in root.iter(W + "pgSz"):
        width, height = integer(size.get(W + "w")) or 0, integer(size.get(W + "h")) or 0
        if width > 0 and height > 0:
            sizes[(width, height)] = None
    return list(sizes)[:20] or [_A4]


def drawn_size(blip: Any) -> tuple[float, float, bool]:
    """Width and height of the drawing around an a:blip, and whether it lies behind the text."""
    drawing = next(blip.iterancestors(WP + "inline", WP + "anchor"), None)
    extent = drawing.find(WP + "extent") if drawing is not None else None
    if drawing is None or extent is None:
        return 0, 0, False
    width, height = integer(extent.get("cx")) or 0, integer(extent.get("cy")) or 0
    return width / _EMU, height / _EMU, (drawing.get("behindDoc") or "0").lower() in ("1", "true")


def styled_size(image: Any) -> tuple[float, float, bool]:
    """Width and height of the VML shape around a v:imagedata or v:fill, and whether it lies behind the text."""
    shape = image.getparent()
    style = (shape.get("style") or "")[:1000] if shape is not None else ""
    found = {"width": 0.0, "height": 0.0}
    for name, number, unit in _STYLE_SIZE.findall(style):
        found[name.lower()] = float(number) * _UNITS[unit.lower()]
    return found["width"], found["height"], _BEHIND.search(style) is not None


@dataclass(slots=True)
class Pictures:
    """The pictures of a document, in order, and how much text it has besides.

    Args:
        papers: its kinds of paper; see `paper_sizes`.
    """

    papers: list[tuple[int, int]]
    words: int = 0
    _all: list[Picture] = field(default_factory=list)
    _pages: set[str] = field(default_factory=set)
    _strips: list[str] = field(default_factory=list)
    _strips_height: float = 0

    def add(self, picture: Picture) -> None:
        """Notes the next picture."""
        self._all.append(picture)
        if picture.behind:
            return
        if any(_is_page(picture, width, height) for width, height in self.papers):
            self._pages.add(picture.part)
        elif any(_is_strip(picture, width) for width, _ in self.papers):
            self._strips.append(picture.part)
            self._strips_height += picture.height
            if self._strips_height >= _LEAST * self.papers[0][1]:
                self._pages.update(self._strips)
                self._strips.clear()

    def text(self, words: int) -> None:
        """Notes that so many words come between the pictures."""
        self.words += words
        self._strips.clear()
        self._strips_height = 0

    def without_text(self) -> list[str]:
        """The parts of those that may be pages, in the order in which they appear."""
        pages = set(self._pages)
        if self.words < _LITTLE_TEXT:
            width, height = self.papers[0]
            pages.update(each.part for each in self._all if each.width * each.height >= _SMALL * width * height)
        return list(dict.fromkeys(each.part for each in self._all if each.part in pages))


def _is_page(picture: Picture, width: int, height: int) -> bool:
    least = _LEAST_LANDSCAPE if width > height else _LEAST
    return picture.width >= least * width and picture.height >= _LEAST * height


def _is_strip(picture: Picture, width: int) -> bool:
    return picture.width >= _STRIP_WIDTH * width and picture.width >= _STRIP_ASPECT * picture.height > 0
