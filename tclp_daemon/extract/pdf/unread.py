"""Which pages of a PDF were not read, and why.

A page is read where it shows running text. Stamps, page numbers and running lines are no such text: a scan with a
signing platform's envelope number on it is still a scan. A page that shows nothing at all has nothing to read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tclp_daemon.extract.pdf.garbled import take_garbled
from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line, PageLines
from tclp_daemon.extract.pdf.painted import Painted

_WORD = re.compile(r"(?<!\w)[^\W\d_]{2,}(?!\w)")
_DIGITS = re.compile(r"\d+")
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
    garbled = take_garbled([page for page in pages if page.recognised is None])
    counts = _counts(pages)
    ground = _Ground([page.number for page in pages if _is_text(*counts[page.number])], look)
    silent: list[int] = []
    blank: list[int] = []
    words = 0
    for page in pages:
        running, every = counts[page.number]
        if page.recognised is not None:
            words += running
            continue
        page.unread = page.number in garbled
        if page.unread:
            words += running
            continue
        if _is_text(running, every):
            continue
        shown = look(page.number)
        if not _has_lines(page):
            is_blank = shown is not None and not shown.anything
            (blank if is_blank else silent).append(page.number)
            page.unread = not is_blank
        elif shown and _is_picture(shown, running, every) and not ground.holds(shown):
            silent.append(page.number)
            words += running
            page.unread = True
            if running < LAYOUT.stamp_words:
                page.top += page.body
                page.body = []
    return Unread(tuple(silent), garbled, tuple(blank), words)


class _Ground:
    """Pictures that lie behind the text of other pages, as a letterhead does.

    Args:
        texts: the pages of text.
        look: what is painted on a page.
    """

    def __init__(self, texts: Sequence[int], look: Look) -> None:
        self._texts = texts
        self._look = look
        self._known: set[tuple[int, int, int]] | None = None

    def holds(self, shown: Painted) -> bool:
        """Whether the largest picture is one of them; only then are some pages of text looked at."""
        if self._known is None:
            others = [self._look(number) for number in self._texts[:: len(self._texts) // _MOST_GROUNDS + 1]]
            self._known = {
                other.largest
                for other in others
                if other and other.pictures >= LAYOUT.covered and not other.invisible and not other.under
            }
        return shown.largest in self._known


def _is_picture(shown: Painted, running: int, every: int) -> bool:
    """Whether what a page of few words shows is mostly something else."""
    if shown.printed or (shown.signs >= LAYOUT.outlines and shown.spread >= LAYOUT.outlines_spread):
        return True
    stamped = LAYOUT.covered_stamped if running < LAYOUT.stamp_words else LAYOUT.covered
    if shown.pictures < (stamped if every else LAYOUT.covered_silent):
        return False
    recognised = LAYOUT.invisible_words if shown.invisible else LAYOUT.under_words
    return not (shown.invisible or shown.under) or every < recognised


def _is_text(running: int, every: int) -> bool:
    return running >= LAYOUT.running_words or every >= LAYOUT.many_words


def _counts(pages: Sequence[PageLines]) -> dict[int, tuple[int, int]]:
    """The words in running text, and all words, of each page. A notice that scans carry is no running text."""
    legends = Counter(filter(None, map(_legend, pages)))
    counts = {}
    for page in pages:
        running, every = _count(_lines(page))
        counts[page.number] = (0 if legends[_legend(page)] >= LAYOUT.legend_pages else running, every)
    return counts


def _legend(page: PageLines) -> str:
    """What stands on a page of a few lines, numbers aside: a notice to the reader is the same on each."""
    if page.cells or len(page.body) > LAYOUT.legend_lines:
        return ""
    return _DIGITS.sub("#", "\n".join(line.text for line in page.body))


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
