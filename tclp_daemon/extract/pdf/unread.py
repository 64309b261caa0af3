"""Which pages of a PDF were not read, and why.

A page is read where it shows running text. Stamps, page numbers and running lines are no such text: a scan with a
signing platform's envelope number on it is still a scan. A page that shows nothing at all has nothing to read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tclp_daemon.extract.pdf.garbled import take_garbled
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line, PageLines
from tclp_daemon.extract.pdf.painted import Painted

_WORD = re.compile(r"[^\W\d_]{2,}")
_MOST_GROUNDS = 10  # pages of text that are looked at for a picture behind it
_CASELESS = 2  # letters to a word in scripts that write words without gaps

Look = Callable[[int], Painted | None]


@dataclass(frozen=True, slots=True)
class Unread:
    """The pages that hold something that was not read, by the reason; 1-based, ascending.

    Attributes:
        silent: there is no running text, but something else.
        garbled: there is text that does not say what the page shows.
        blank: there is nothing at all. They need no warning.
        words: in the running text of the silent and garbled pages.
    """

    silent: tuple[int, ...]
    garbled: tuple[int, ...]
    blank: tuple[int, ...]
    words: int

    def is_all(self, pages: int) -> bool:
        """Whether nothing worth an analysis was read on any of so many pages."""
        unread = len(self.silent) + len(self.garbled)
        return unread + len(self.blank) >= pages and self.words < max(LAYOUT.refused_words * unread, 1)


def find_unread(pages: Sequence[PageLines], look: Look) -> Unread:
    """Finds the pages that were not read, and takes text off them that is no language.

    Stamps on pages without other text become running lines, since they are part of no sentence.

    Args:
        pages: with their running lines marked.
        look: what is painted on a page, by its number; None where only the words are known.
    """
    silent: list[int] = []
    blank: list[int] = []
    words = 0
    garbled = take_garbled([page for page in pages if page.recognised is None])
    ground = _Ground(pages, look)
    for page in pages:
        if page.recognised is not None:
            words += _count(_lines(page))[0]
            continue
        running, every = _count(_lines(page))
        page.unread = page.number in garbled
        if page.unread:
            words += running
            continue
        if _is_text(running, every) or _is_text(*_count([*page.top, *page.bottom])):
            continue
        shown = look(page.number)
        if shown is None:
            if not _has_lines(page):
                silent.append(page.number)
                page.unread = True
        elif not _has_lines(page) and not shown.anything:
            blank.append(page.number)
        elif not _has_lines(page) or (_is_picture(shown, every) and not ground.holds(shown)):
            silent.append(page.number)
            words += running
            if running < LAYOUT.stamp_words:
                page.top += page.body
                page.body = []
            page.unread = True
    return Unread(tuple(silent), garbled, tuple(blank), words)


class _Ground:
    """Pictures that lie behind the text of other pages, as a letterhead does."""

    def __init__(self, pages: Sequence[PageLines], look: Look) -> None:
        self._pages = pages
        self._look = look
        self._known: set[tuple[int, int]] | None = None

    def holds(self, shown: Painted) -> bool:
        """Whether the largest picture is one of them; only then are some pages of text looked at."""
        if self._known is None:
            self._known = set()
            texts = [page for page in self._pages if _is_text(*_count(_lines(page)))]
            for page in texts[:: len(texts) // _MOST_GROUNDS + 1]:
                other = self._look(page.number)
                if other and other.pictures >= LAYOUT.covered and not other.invisible and not other.under:
                    self._known.add(other.largest)
        return shown.largest in self._known


def _is_picture(shown: Painted, words: int) -> bool:
    """Whether what a page of few words shows is mostly something else."""
    if shown.signs >= LAYOUT.outlines and shown.spread >= LAYOUT.outlines_spread:
        return True
    if shown.pictures < (LAYOUT.covered if words else LAYOUT.covered_silent):
        return False
    recognised = LAYOUT.invisible_words if shown.invisible else LAYOUT.under_words
    return not (shown.invisible or shown.under) or words < recognised


def _is_text(running: int, every: int) -> bool:
    return running >= LAYOUT.running_words or every >= LAYOUT.many_words


def _has_lines(page: PageLines) -> bool:
    return bool(page.body or page.cells or page.top or page.bottom)


def _lines(page: PageLines) -> Iterable[Line]:
    yield from page.body
    for cell in page.cells:
        yield from cell.lines


def _count(lines: Iterable[Line]) -> tuple[int, int]:
    """The words that running text is made of, and all words.

    Names, titles and what stamps say begin with capitals, so words in small letters are counted; in scripts without
    capitals all.
    """
    running = every = 0
    for line in lines:
        for word in _WORD.findall(line.text):
            first = word[0]
            every += 1
            if first.islower():
                running += 1
            elif not first.isupper():
                running += len(word) // _CASELESS
        if _is_text(running, every):
            break
    return running, every
