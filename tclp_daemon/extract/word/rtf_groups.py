"""The source of a Rich Text file -> its groups, sorted by what they are for.

A group stands in braces and may hold others. The control word at its start says what it is: a note, a header, a text
box or the table of fonts is kept apart; pictures, field codes and whatever else is not text are dropped, and so is text
that is hidden or deleted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


BRACE = re.compile(r"\\[\\{}]|[{}]")  # or an escaped one, which is text
_LEAD = re.compile(r"\s*(?:\\\*\s*)?\\([a-z]{1,32})")
_CONTROL = re.compile(r"\\(?:([a-z]+)(-?\d+)? ?|'[0-9a-fA-F]{2}|.)|[^\\{}]+", re.S)
_HIDING = _set("v deleted")
# Control words that are text themselves, and the paragraph mark: where it is hidden, the next paragraph is joined.
_SHOWING = _set("u par line tab emdash endash emspace enspace qmspace bullet lquote rquote ldblquote rdblquote")
_RUNNING = _set("header headerl headerr headerf footer footerl footerr footerf")
_BOXES = _set("shptxt dptxbxtext")
_SHAPES = _set("shpinst do")
_DROPPED = _set(
    "pict objdata fldinst themedata colorschememapping datastore stylesheet listtable listoverridetable rsidtbl info"
    " generator annotation atnid atnauthor atndate atnref atrfstart atrfend bkmkstart bkmkend latentstyles xmlnstbl"
    " nonshppict blipuid filetbl revtbl upr private objclass objname ftnsep ftnsepc aftnsep aftnsepc ftncn aftncn tc xe"
    " shprslt datafield formfield"
)
_MOST_GROUPS = 5_000_000


@dataclass(slots=True)
class Groups:
    """The source by what it is for.

    Attributes:
        fonts: the tables of fonts.
        body: the document without the groups in the other lists.
        notes, running, boxes: the source of each note, header or footer, and text box.
    """

    fonts: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A group that is open.

    Attributes:
        sink: takes its source; None where that is dropped.
        hidden: the control words by which its text does not show.
        kept: takes the source as one when the group closes, for a group that is kept apart.
    """

    sink: list[str] | None
    hidden: frozenset[str] = frozenset()
    kept: list[str] | None = None

    def keep(self) -> None:
        """Hands over the source of a group that is kept apart."""
        if self.kept is not None and self.sink is not None:
            self.kept.append("".join(self.sink))


def sort_groups(source: str, limits: Limits) -> Groups:
    """Sorts the groups of a document.

    Args:
        source: the Rich Text, without binary data.
        limits: depth of the groups.

    Raises:
        ContractError: corrupt (too many groups), too_deep.
    """
    sorter = _Sorter(source, limits)
    sorter.run()
    return sorter.groups


class _Sorter:
    """One pass over the braces, with a stack of the open groups."""

    def __init__(self, source: str, limits: Limits) -> None:
        self.groups = Groups()
        self._source = source
        self._deepest = limits.depth
        self._open = [_Open(self.groups.body)]
        self._count = 0
        self._kept_apart = {
            "fonttbl": self.groups.fonts,
            "footnote": self.groups.notes,
            **dict.fromkeys(_RUNNING, self.groups.running),
            **dict.fromkeys(_BOXES, self.groups.boxes),
        }

    def run(self) -> None:
        """Fills `groups`."""
        at = 0
        for match in BRACE.finditer(self._source):
            if len(match[0]) == 2:
                continue
            self._take(at, match.start())
            if match[0] == "{":
                self._enter(match.end())
                at = match.start()
            elif len(self._open) > 1:
                self._leave()
                at = match.end()
            else:
                return  # what follows the last brace is not the document's
        if len(self._open) > 1:
            self._take(at, len(self._source))
        for group in reversed(self._open):
            group.keep()

    def _take(self, start: int, end: int) -> None:
        """Adds a piece of source without braces, but for one at its start, to the innermost group."""
        group = self._open[-1]
        if group.sink is not None:
            shown, group.hidden = _shown(self._source[start:end], group.hidden)
            group.sink.append(shown)

    def _enter(self, at: int) -> None:
        """Opens the group whose source begins at `at`."""
        self._count += 1
        if self._count > _MOST_GROUPS:
            raise ContractError(ErrorCode.CORRUPT, detail=f"it has more than {_MOST_GROUPS} groups")
        if len(self._open) > self._deepest:
            raise ContractError(ErrorCode.TOO_DEEP, found=len(self._open), limit=self._deepest)
        outer = self._open[-1]
        lead = _LEAD.match(self._source, at)
        word = lead[1] if lead else ""
        kept = self._kept_apart.get(word) if outer.sink is not None else None
        if outer.sink is None or word in _DROPPED:
            sink = None
        elif kept is not None or word in _SHAPES:
            sink = []  # of a shape only the text in its box shows, which is kept apart
        else:
            sink = outer.sink
        self._open.append(_Open(sink, outer.hidden, kept))

    def _leave(self) -> None:
        """Closes the innermost group."""
        closed = self._open.pop()
        if closed.sink is not None:
            closed.sink.append("}")
        outer = self._open[-1].sink
        if outer is not None and outer is not closed.sink:
            outer.append("{}")  # or what follows would be part of the control word before the group
        closed.keep()


def _shown(piece: str, hidden: frozenset[str]) -> tuple[str, frozenset[str]]:
    """What shows of a piece of source, and the control words that hide the text after it."""
    if not hidden and "\\v" not in piece and "\\deleted" not in piece:
        return piece, hidden
    kept = ["{"] if piece.startswith("{") else []
    for match in _CONTROL.finditer(piece, len(kept)):
        word, value = match[1], match[2]
        if word in _HIDING:
            hidden = hidden - {word} if value == "0" else hidden | {word}
        elif word == "plain":
            hidden = frozenset()
        # Formatting holds beyond what is hidden; cells and rows stay in their places.
        if not hidden or match[0] == "\\*" or (word is not None and word not in _SHOWING):
            kept.append(match[0])
    return "".join(kept), hidden
