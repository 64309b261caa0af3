"""Numbers that fields make: AUTONUM, AUTONUMLGL, AUTONUMOUT and LISTNUM.

Word computes them whenever it shows the document and stores no result ([ECMA-376] part 1, 17.16.5.4 to 17.16.5.6 and
17.16.5.33), so they are counted here. Shared by all formats that have fields.
"""

from __future__ import annotations

import re

from tclp_daemon.extract.word.autonumber import LEVELS, format_number

_NUMBERS = re.compile(r"\s*(AUTONUM|AUTONUMLGL|AUTONUMOUT|LISTNUM)\b(.*)", re.IGNORECASE | re.DOTALL)
_LIST = re.compile(r'\s*(?:"([^"\\]*)"|([^\s\\"]+))')
_SWITCH = re.compile(r"\\([ls])\s*\"?(\d{1,4})", re.IGNORECASE)
_END = re.compile(r"\\s\s*\"?([^\s\w\"])", re.IGNORECASE)  # what AUTONUM shows after its number
_WITHOUT_STOP = re.compile(r"\\e\b", re.IGNORECASE)
_FORMAT = re.compile(r"\\\*\s*(\w+)")
_FORMATS = {
    "arabic": "decimal", "roman": "lowerRoman", "ROMAN": "upperRoman", "Roman": "upperRoman",
    "alphabetic": "lowerLetter", "ALPHABETIC": "upperLetter", "Alphabetic": "upperLetter",
    "ordinal": "ordinal", "Ordinal": "ordinal", "cardtext": "cardinalText", "CardText": "cardinalText",
    "ordtext": "ordinalText", "OrdText": "ordinalText",
}  # fmt: skip
_OUTLINE = (
    ("upperRoman", "{}."), ("upperLetter", "{}."), ("decimal", "{}."), ("lowerLetter", "{})"), ("decimal", "({})"),
    ("lowerLetter", "({})"), ("lowerRoman", "({})"), ("lowerLetter", "({})"), ("lowerRoman", "({})"),
)  # fmt: skip
_PLAIN = (
    ("decimal", "{})"), ("lowerLetter", "{})"), ("lowerRoman", "{})"), ("decimal", "({})"), ("lowerLetter", "({})"),
    ("lowerRoman", "({})"), ("decimal", "{}."), ("lowerLetter", "{}."), ("lowerRoman", "{}."),
)  # fmt: skip
_MOST_LISTS = 1000  # the names of lists are the file's own


class NumberFields:
    """The counters of these fields while the paragraphs are read from top to bottom."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[int, int]] = {}
        self._headings: dict[str, int] = {}  # by field, the level of the last heading that it numbered

    def next(self, code: str, *, heading: int, level: int) -> str | None:
        """The number that a field shows, None for a field of another kind.

        Args:
            code: its instruction.
            heading: level of the paragraph's heading style, 0 where it has none.
            level: of the paragraph's automatic number, 0 where it has none.
        """
        match = _NUMBERS.match(code)
        if match is None:
            return None
        name, rest = match[1].upper(), match[2]
        if name == "LISTNUM":
            return self._of_list(rest, level)
        if heading:
            self._headings[name] = heading
        # Text is numbered below the heading above it.
        depth = heading or min(self._headings.get(name, 0) + 1, LEVELS)
        counts = self._count(name, depth)
        if name == "AUTONUMLGL":
            return _legal(counts, depth) + ("" if _WITHOUT_STOP.search(rest) else ".")
        if name == "AUTONUMOUT":
            return _shown(_OUTLINE, depth, counts[depth])
        style, end = _FORMAT.search(rest), _END.search(rest)
        number = format_number(counts[depth], _FORMATS.get(style[1] if style else "", "decimal"))
        return number + (end[1] if end else ".")

    def _of_list(self, rest: str, level: int) -> str:
        named = _LIST.match(rest)
        name = ((named[1] or named[2]) if named else "") or "NumberDefault"
        switches = {letter.lower(): int(number) for letter, number in _SWITCH.findall(rest)}
        depth = min(max(switches.get("l", level + 1), 1), LEVELS)
        counts = self._count(f"LISTNUM {name.lower()}", depth, switches.get("s"))
        match name.lower():
            case "legaldefault":
                return _legal(counts, depth) + "."
            case "outlinedefault":
                return _shown(_OUTLINE, depth, counts[depth])
            case _:
                return _shown(_PLAIN, depth, counts[depth])

    def _count(self, name: str, depth: int, start: int | None = None) -> dict[int, int]:
        if name not in self._counts and len(self._counts) >= _MOST_LISTS:
            name = next(iter(self._counts))
        counts = self._counts.setdefault(name, {})
        counts[depth] = counts.get(depth, 0) + 1 if start is None else start
        for deeper in [each for each in counts if each > depth]:
            del counts[deeper]
        return counts


def _legal(counts: dict[int, int], depth: int) -> str:
    return ".".join(str(counts.get(each, 1)) for each in range(1, depth + 1))


def _shown(levels: tuple[tuple[str, str], ...], depth: int, value: int) -> str:
    style, template = levels[depth - 1]
    return template.format(format_number(value, style))
