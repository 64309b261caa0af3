"""What CSS says about an element, as far as it changes what a reader of the page sees as text, number or heading.

What an element itself hides is hidden. What a style sheet hides is read all the same: scripts open and close such parts
(tabs, "read more"), and a clause that is not read would do more harm than one that is read too much.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

_HIDING = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.I)
_VISIBILITY = re.compile(r"visibility\s*:\s*(\w+)", re.I)
_WEIGHT = re.compile(r"font(?:-weight)?\s*:[^;]*?\b(bold(?:er)?|normal|lighter|[1-9]00)\b", re.I)
_DECORATION = re.compile(r"text-decoration(?:-line)?\s*:([^;]*)", re.I)
_SPACE = re.compile(r"white-space\s*:\s*([\w-]+)", re.I)
_LIST = re.compile(r"list-style(?:-type)?\s*:([^;]*)", re.I)
_ELEMENT = re.compile(r"mso-element\s*:\s*([\w-]+)", re.I)
_IGNORED = re.compile(r"mso-list\s*:\s*ignore", re.I)
_LIST_TYPES = {
    "lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "upper-latin": "A", "lower-roman": "i",
    "upper-roman": "I", "decimal": "1", "decimal-leading-zero": "1", "none": "", "disc": "•", "circle": "•",
    "square": "•",
}  # fmt: skip
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_BRACE = re.compile(r"[{}]")
_SIMPLE = re.compile(r"(?:[a-zA-Z][\w-]*)?(?:[.#][\w-]+)?")
_LONGEST = 2000  # characters of a style that are looked at
_LONGEST_SHEET = 2_000_000
_MOST_CLASSES = 20


class Look(NamedTuple):
    """How an element is shown; None where nothing is said and the element around it decides.

    Attributes:
        hidden: it takes no room at all, and nothing inside it does.
        visible: whether it is painted; what is inside may say otherwise.
        bold, struck, underlined: how its letters are drawn.
        keeps_lines: line ends of the source are line ends of the page.
        list_type: "1", "a", "A", "i", "I", "•" for bullets, "" for none.
        element: what Word says that it is: "comment-list", "footnote", "header".
        is_label: the number or bullet that Word painted before a list item.
    """

    hidden: bool = False
    visible: bool | None = None
    bold: bool | None = None
    struck: bool | None = None
    underlined: bool | None = None
    keeps_lines: bool | None = None
    list_type: str | None = None
    element: str = ""
    is_label: bool = False


PLAIN = Look()


@lru_cache(maxsize=4096)
def look_of(style: str) -> Look:
    """What the declarations of a `style` attribute say."""
    style = style[:_LONGEST]
    visibility = _VISIBILITY.search(style)
    weight = _WEIGHT.search(style)
    decoration = _DECORATION.search(style)
    space = _SPACE.search(style)
    lists = _LIST.search(style)
    element = _ELEMENT.search(style)
    return Look(
        hidden=_HIDING.search(style) is not None,
        visible=visibility[1].lower() not in ("hidden", "collapse") if visibility else None,
        bold=weight[1].lower()[:4] in ("bold", "600", "700", "800", "900") if weight else None,
        struck=True if decoration and "line-through" in decoration[1].lower() else None,
        underlined=True if decoration and "underline" in decoration[1].lower() else None,
        keeps_lines=space[1].lower().startswith("pre") if space else None,
        list_type=_list_type(lists[1]) if lists else None,
        element=element[1].lower() if element else "",
        is_label=_IGNORED.search(style) is not None,
    )


def _list_type(value: str) -> str | None:
    return next((_LIST_TYPES[word] for word in value.lower().split() if word in _LIST_TYPES), None)


class StyleSheet:
    """The rules of a page for single elements, classes and ids: `ol.a { list-style-type: lower-alpha }`.

    Attributes:
        composes_numbers: items of inner lists are numbered "2.1", by the function counters().
    """

    def __init__(self) -> None:
        self.composes_numbers = False
        self._rules: dict[str, str] = {}
        self._room = _LONGEST_SHEET

    def add(self, css: str) -> None:
        """Reads the content of one `<style>` element. What stands under @media and the like is left out."""
        css = _COMMENT.sub(" ", css[: self._room])
        self._room -= len(css)
        self.composes_numbers |= "counters(" in css
        depth, at, selectors = 0, 0, ""
        for brace in _BRACE.finditer(css):
            if brace[0] == "{":
                if depth == 0:
                    selectors = css[at : brace.start()].rpartition(";")[2]
                depth += 1
            elif depth:
                depth -= 1
                if depth == 0 and not selectors.lstrip().startswith("@"):
                    self._keep(selectors, css[at : brace.start()])
            at = brace.end()

    def _keep(self, selectors: str, declarations: str) -> None:
        for selector in selectors.split(","):
            name = selector.strip().lower()
            if name and _SIMPLE.fullmatch(name):
                self._rules[name] = f"{self._rules.get(name, '')};{declarations}"[-_LONGEST:]

    def look(self, tag: str, attrs: Mapping[str, str]) -> Look:
        """How the element is shown, by the sheet and by its own attributes."""
        own = look_of(attrs["style"]) if "style" in attrs else PLAIN
        if "hidden" in attrs:
            own = own._replace(hidden=True)
        if not self._rules:
            return own
        for sheet in map(look_of, self._matching(tag, attrs)):
            own = own._replace(
                bold=sheet.bold if own.bold is None else own.bold,
                list_type=sheet.list_type if own.list_type is None else own.list_type,
                keeps_lines=sheet.keeps_lines if own.keeps_lines is None else own.keeps_lines,
            )
        return own

    def _matching(self, tag: str, attrs: Mapping[str, str]) -> list[str]:
        """The declarations for this element, the most particular first."""
        names = [f"{each}#{attrs['id'].lower()}" for each in (tag, "")] if "id" in attrs else []
        classes = attrs.get("class", "").lower().split(None, _MOST_CLASSES)[:_MOST_CLASSES]
        names += [f"{each}.{name}" for each in (tag, "") for name in classes]
        return [self._rules[name] for name in (*names, tag) if name in self._rules]
