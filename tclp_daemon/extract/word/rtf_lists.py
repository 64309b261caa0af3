r"""The lists of a Rich Text file, for numbers of paragraphs that the file does not show itself (\listtext)."""

from __future__ import annotations

from dataclasses import dataclass, field

from tclp_daemon.extract.word.autonumber import FORMAT_NUMBERS, LEVELS, Counters, Instance, Label, Level
from tclp_daemon.extract.word.rtf_tables import Font

_MOST_LISTS = 10_000
_LONGEST_TEMPLATE = 255


@dataclass(slots=True)
class _Level:
    """One level while it is read."""

    values: dict[str, int] = field(default_factory=dict)
    text: str = ""

    def settled(self) -> Level:
        """The level. Its text begins with its length; signs below 9 stand for the numbers of levels."""
        length = ord(self.text[0]) if self.text else 0
        shown = "".join(f"%{ord(char) + 1}" if ord(char) < LEVELS else char for char in self.text[1 : 1 + length])
        return Level(
            start=min(max(self.values.get("levelstartat", 1), 0), 32767),
            format=FORMAT_NUMBERS.get(self.values.get("levelnfc", 0), "decimal"),
            text=shown,
            suffix="" if self.values.get("levelfollow") == 2 else " ",
            restart=0 if self.values.get("levelnorestart") == 1 else None,
            legal=self.values.get("levellegal") == 1,
        )


class Lists:
    """The tables of lists and of their overrides, and the counters."""

    def __init__(self) -> None:
        self._definitions: dict[int, list[_Level]] = {}
        self._levels: list[_Level] = []
        self._in_template = False
        self._instances: dict[int, Instance] = {}
        self._override: int | None = None
        self._starts: list[int | None] = []
        self._counters = Counters()

    def word(self, word: str, value: int | None) -> None:
        """Takes a control word of the tables."""
        self._in_template = word in ("leveltext", "leveltemplateid")
        match word:
            case "list":
                self._levels = []
            case "listlevel" if len(self._levels) < LEVELS:
                self._levels.append(_Level())
            case "listoverride":
                self._override, self._starts = None, []
            case "lfolevel" if len(self._starts) < LEVELS:
                self._starts.append(None)
            case "listid" if value is not None and len(self._definitions) < _MOST_LISTS:
                self._override = value
                self._definitions.setdefault(value, self._levels)
            case "ls" if value is not None and len(self._instances) < _MOST_LISTS:
                self._instances[value] = self._instance()
            case "levelstartat" if self._starts:
                self._starts[-1] = value
            case _ if self._levels and word.startswith("level") and len(self._levels[-1].values) < 100:
                self._levels[-1].values.setdefault(word, 1 if value is None else value)

    def text(self, text: str, _font: Font, /) -> None:
        """Takes a piece of the template of a level."""
        if self._in_template and self._levels and len(self._levels[-1].text) < _LONGEST_TEMPLATE:
            self._levels[-1].text += text[:_LONGEST_TEMPLATE]

    def label(self, number: int, depth: int) -> Label | None:
        """What a paragraph of a list shows. It counts the paragraph: call it once for each, in order."""
        instance = self._instances.get(number)
        return self._counters.next(instance, depth) if instance is not None else None

    def _instance(self) -> Instance:
        levels = self._definitions.get(self._override or 0, [])
        starts = {depth: start for depth, start in enumerate(self._starts) if start is not None}
        return Instance(str(self._override), {depth: each.settled() for depth, each in enumerate(levels)}, starts)
