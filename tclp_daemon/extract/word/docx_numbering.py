"""Automatic numbers of a .docx: what numbering.xml says, and the styles that refer to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tclp_daemon.extract.word.autonumber import LEVELS, Counters, Instance, Label, Level
from tclp_daemon.extract.word.docx_styles import MAX_CHAIN, Styles
from tclp_daemon.extract.word.docx_xml import MC, W, flag, integer, value

_LONGEST_TEMPLATE = 255  # characters that Word keeps of one
_MOST_PLACES = 18  # for numbers in a template


@dataclass(slots=True)
class _Abstract:
    levels: dict[int, Level] = field(default_factory=dict)
    by_style: dict[str, int] = field(default_factory=dict)
    style_link: str | None = None


class Numbering:
    """The lists of a document and their counters."""

    def __init__(self, root: Any | None, styles: Styles) -> None:
        self._styles = styles
        self._abstracts: dict[str, _Abstract] = {}
        self._instances: dict[str, Instance] = {}
        self._abstract_of: dict[str, str] = {}
        self._linked: dict[str | None, int | None] = {}
        self._counters = Counters()
        if root is not None:
            self._read(root)

    def label(self, paragraph_properties: Any | None, style_id: str | None) -> Label | None:
        """What a paragraph shows before its text. It counts the paragraph: call it once for each, in order."""
        num_id, depth = self._list_of(paragraph_properties, style_id)
        if num_id is None or num_id not in self._instances:
            return None
        return self._counters.next(self._instances[num_id], depth)

    def level(self, paragraph_properties: Any | None, style_id: str | None) -> int:
        """The level of a paragraph in its list, from 1; 0 where it is in none. It counts nothing."""
        num_id, depth = self._list_of(paragraph_properties, style_id)
        return depth + 1 if num_id in self._instances else 0

    def _list_of(self, paragraph_properties: Any | None, style_id: str | None) -> tuple[str | None, int]:
        """The list that a paragraph is in, and its level from 0."""
        own = paragraph_properties.find(W + "numPr") if paragraph_properties is not None else None
        num_id, depth = value(own, "numId"), integer(value(own, "ilvl"))
        if num_id is None:
            num_id, style_depth, style = self._styles.numbering(style_id)
            if depth is None and num_id is not None and style is not None:
                linked = self._linked_depth(num_id, style_id)
                depth = style_depth if linked is None else linked
        return num_id, depth or 0

    def _linked_depth(self, num_id: str, style_id: str | None) -> int | None:
        """The level of a numbered style: that at which its list names the style."""
        if style_id not in self._linked:
            levels = self._abstracts.get(self._abstract_of.get(num_id, ""), _Abstract()).by_style
            self._linked[style_id] = next((levels[n] for n in self._styles.chain(style_id) if n in levels), None)
        return self._linked[style_id]

    def _family(self, family: str, numbers: dict[str, Any], known: dict[str, str]) -> str:
        """The id of the definition that has the levels: one may refer to another by a style."""
        passed: list[str] = []
        for _ in range(MAX_CHAIN):
            if family in known:
                family = known[family]
                break
            passed.append(family)
            found = self._abstracts.get(family)
            if found is None or found.levels or not found.style_link:
                break
            linked = numbers.get(self._styles.numbering(found.style_link)[0] or "")
            family = (value(linked, "abstractNumId") or "") if linked is not None else ""
        known.update(dict.fromkeys(passed, family))
        return family

    def _read(self, root: Any) -> None:
        for element in root.iter(W + "abstractNum"):
            abstract = _Abstract(style_link=value(element, "numStyleLink"))
            for level in element.iterfind(W + "lvl"):
                depth = integer(level.get(W + "ilvl"))
                if depth is None or not 0 <= depth < LEVELS:
                    continue
                abstract.levels[depth] = _level(level)
                if style := value(level, "pStyle"):
                    abstract.by_style.setdefault(style, depth)
            self._abstracts[element.get(W + "abstractNumId") or ""] = abstract
        known: dict[str, str] = {}
        numbers = {element.get(W + "numId") or "": element for element in root.iter(W + "num")}
        for num_id, element in numbers.items():
            family = self._family(value(element, "abstractNumId") or "", numbers, known)
            base = self._abstracts.get(family)
            if base is None or num_id == "0":
                continue
            self._abstract_of[num_id] = family
            instance = Instance(family, dict(base.levels))
            for override in element.iterfind(W + "lvlOverride"):
                depth = integer(override.get(W + "ilvl"))
                if depth is None or not 0 <= depth < LEVELS:
                    continue
                if (changed := override.find(W + "lvl")) is not None:
                    instance.levels[depth] = _level(changed)
                if (start := integer(value(override, "startOverride"))) is not None:
                    instance.starts[depth] = start
            self._instances[num_id] = instance


def _level(element: Any) -> Level:
    start = integer(value(element, "start"))
    suffix = value(element, "suff")
    return Level(
        start=start if start is not None else 0,
        format=value(element, "numFmt") or _alternate_format(element),
        text=_template(value(element, "lvlText") or ""),
        suffix="" if suffix == "nothing" else " ",
        restart=integer(value(element, "lvlRestart")),
        legal=flag(element, "isLgl") or False,
    )


def _template(text: str) -> str:
    """A template, cut where it makes no sense any more: each paragraph of the level shows it."""
    return "%".join(text[:_LONGEST_TEMPLATE].split("%", _MOST_PLACES + 1)[: _MOST_PLACES + 1])


def _alternate_format(element: Any) -> str:
    """Word 2010 wraps the formats it added in mc:AlternateContent; the fallback is an older one."""
    formats = [found.get(W + "val") for found in element.iterfind(f"{MC}AlternateContent/*/{W}numFmt")]
    return next((found for found in reversed(formats) if found), "decimal")
