"""How text of a .docx looks, as far as that says what it is: hidden, struck out, a heading, a sign of a symbol font."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tclp_daemon.extract.word.docx_xml import OFF, W

_SWITCHES = {
    "vanish": "hidden", "b": "bold", "caps": "capitals", "smallCaps": "capitals", "strike": "struck",
    "dstrike": "struck",
}  # fmt: skip
_PAPER = frozenset({"ffffff", "auto", "none", "white", "clear"})


@dataclass(frozen=True, slots=True)
class Look:
    """What properties set; None where they say nothing.

    Attributes:
        hidden: it is not printed.
        bold, underlined, capitals: how headings look.
        struck: it is struck out.
        white: it has the colour of the paper.
        shaded: it stands on another colour than that of the paper.
        font: for ASCII characters.
        high_font: for the others of a Western font, those of symbol fonts among them.
    """

    hidden: bool | None = None
    bold: bool | None = None
    underlined: bool | None = None
    capitals: bool | None = None
    struck: bool | None = None
    white: bool | None = None
    shaded: bool | None = None
    font: str | None = None
    high_font: str | None = None

    @property
    def stands_out(self) -> bool:
        """True for text that looks like a heading."""
        return bool(self.bold or self.underlined or self.capitals)

    @property
    def covered(self) -> bool:
        """True for text that is there, but that was perhaps meant to be gone."""
        return bool(self.struck or (self.white and not self.shaded))

    def over(self, base: Look) -> Look:
        """This look, with what it does not set taken from `base`."""
        if self is PLAIN:
            return base
        if base is PLAIN:
            return self
        return Look(*(_first(getattr(self, name), getattr(base, name)) for name in Look.__slots__))


PLAIN = Look()


def _first(own: Any, inherited: Any) -> Any:
    return inherited if own is None else own


def look_of(properties: Any | None, shading: Any | None = None) -> Look:
    """What a w:rPr sets.

    Args:
        properties: the element, if there is one.
        shading: a w:pPr that may colour the ground of the text.
    """
    found: dict[str, Any] = {}
    for element in properties if properties is not None else ():
        tag = element.tag
        if not isinstance(tag, str) or not tag.startswith(W):
            continue
        name, setting = tag[len(W) :], (element.get(W + "val") or "").lower()
        if (switch := _SWITCHES.get(name)) is not None:
            found[switch] = found.get(switch) or setting not in OFF
        elif name == "u":
            found["underlined"] = setting not in ("none", *OFF)
        elif name == "color":
            found["white"] = _is_paper(setting)
        elif name == "rFonts":
            found["font"], found["high_font"] = element.get(W + "ascii"), element.get(W + "hAnsi")
        elif name == "highlight":
            found["shaded"] = found.get("shaded") or setting not in _PAPER
        elif name == "shd":
            found["shaded"] = found.get("shaded") or is_coloured(element)
    if shading is not None and (ground := shading.find(W + "shd")) is not None:
        found["shaded"] = found.get("shaded") or is_coloured(ground)
    return Look(**found) if found else PLAIN


def _is_paper(colour: str) -> bool:
    """Whether a colour, as in "ffffff", can hardly be told from white."""
    return len(colour) == 6 and all(colour[at : at + 2] >= "fa" for at in (0, 2, 4))


def is_coloured(shading: Any) -> bool:
    """Whether a w:shd paints something else than the colour of the paper."""
    fill = (shading.get(W + "fill") or "auto").lower()
    pattern = (shading.get(W + "val") or "clear").lower()
    return fill not in _PAPER or pattern not in ("clear", "nil", "none") or bool(shading.get(W + "themeFill"))
