"""What the fields of a form show: what was typed, ticked or chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Buttons are part of the web site, and the others show nothing that was typed.
_SHOW_NOTHING = frozenset("hidden submit button reset image password file color range".split())
_TICKS = frozenset({"checkbox", "radio"})


def field_text(attrs: Mapping[str, str]) -> str:
    """What an `<input>` shows."""
    type = attrs.get("type", "text").lower()
    if type in _TICKS:
        return "☒ " if "checked" in attrs else "☐ "
    return "" if type in _SHOW_NOTHING else f" {attrs.get('value', '')} "


@dataclass(slots=True)
class Choice:
    """An open `<select>`: the chosen options, or the first one where none is chosen.

    Attributes:
        several: more than one may be chosen, and none need be.
        options: the text of those begun so far, and whether each is chosen.
    """

    several: bool
    options: list[tuple[bool, list[str]]] = field(default_factory=list)

    def begin(self, chosen: bool) -> None:
        """An option begins."""
        self.options.append((chosen, []))

    def add(self, data: str) -> None:
        """Text of the option that is open."""
        if self.options:
            self.options[-1][1].append(data)

    @property
    def text(self) -> str:
        """What is shown."""
        chosen = ["".join(parts) for is_chosen, parts in self.options if is_chosen]
        if not chosen and self.options and not self.several:
            chosen = ["".join(self.options[0][1])]
        return f" {', '.join(text.strip() for text in chosen)} "
