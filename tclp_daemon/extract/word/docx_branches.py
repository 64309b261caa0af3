"""Which branch of an mc:AlternateContent is read: newer programs write one for themselves, and one for older ones."""

from __future__ import annotations

from typing import Any

from tclp_daemon.extract.word.docx_objects import DOCUMENTS, DRAWINGS, PICTURES
from tclp_daemon.extract.word.docx_xml import MC, A, M, W

_WORDS = frozenset({W + "t", M + "t", A + "t"})
_SAYING = (*_WORDS, W + "sym", *DRAWINGS)
_SHOWING = (*DOCUMENTS, *PICTURES)


class Branches:
    """Chooses branches; the others say the same again.

    They may be nested, so each is searched once, together with all inside it.
    """

    def __init__(self) -> None:
        self._seen: set[Any] = set()
        self._with_text: set[Any] = set()
        self._with_objects: set[Any] = set()

    def choose(self, alternate: Any) -> Any | None:
        """The first branch with text, else the first with a picture or an object, None where no branch has any."""
        if alternate not in self._seen:
            self._look_through(alternate)
        branches = [child for child in alternate if child.tag == MC + "Choice"]
        branches += [child for child in alternate if child.tag == MC + "Fallback"]
        for telling in (self._with_text, self._with_objects):
            if (found := next((branch for branch in branches if branch in telling), None)) is not None:
                return found
        return None

    def _look_through(self, alternate: Any) -> None:
        self._seen.update(alternate.iter(MC + "AlternateContent"))
        for found in alternate.iter(*_SAYING):
            if found.text or found.tag not in _WORDS:
                _mark(found, alternate, self._with_text)
        for found in alternate.iter(*_SHOWING):
            _mark(found, alternate, self._with_objects)


def _mark(found: Any, alternate: Any, marked: set[Any]) -> None:
    """Marks all elements between one that was found and the alternate that it is in."""
    while found is not alternate and found not in marked:
        marked.add(found)
        found = found.getparent()
