"""Pages without text -> their lines: which are recognised, within which limits, and what is said of the others."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tclp_daemon.config import Ocr
from tclp_daemon.extract.context import Recognised
from tclp_daemon.extract.pdf import PDFIUM
from tclp_daemon.ocr.children import Lost, in_children
from tclp_daemon.ocr.engine import EngineMissing, Tesseract
from tclp_daemon.ocr.page import parse_page, recognise_page
from tclp_daemon.ocr.unread import Key

_TRIES = 2  # a child may be killed because the machine has no memory left, though its page is good
_MOST_LATE = 5  # pages that take too long; a contract with more of them is made to do harm
_LOADING_SECONDS = 20.0  # of processor time; it takes a tenth of a second


class Pictures(Protocol):
    """The pages of a contract as pictures."""

    def grey(self, key: Any, dpi: float, *, text: bool) -> tuple[Any, float]:
        """A page as an array of greys, and the dpi that it has (`PagePictures.grey`)."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine that is at hand.

    Attributes:
        name: with its version and languages, such as "tesseract 5.3.0 (eng)".
    """

    name: str


@dataclass(slots=True)
class Recognition:
    """What came of the pages of one contract.

    Attributes:
        found: what stands on each page that could be recognised.
        stopped: pages that were not finished, by the limit that they ran into.
    """

    found: dict[Key, Recognised] = field(default_factory=dict)
    stopped: dict[str, list[Key]] = field(default_factory=dict)


def find_engine(settings: Ocr) -> Engine:
    """Tries the engine out, in a child.

    Raises:
        EngineMissing: it is not installed, or lacks a language.
    """

    def prepare() -> Callable[[int], bytes]:
        try:
            answer = {"version": Tesseract(settings.languages).version}
        except EngineMissing as error:
            answer = {"missing": str(error)}
        return lambda _: json.dumps(answer).encode()

    for _, answer in in_children(prepare, range(_TRIES), _LOADING_SECONDS):
        if isinstance(answer, bytes):
            found = json.loads(answer)
            if "version" in found:
                return Engine(f"tesseract {found['version']} ({settings.languages})")
            raise EngineMissing(str(found["missing"]))
    raise EngineMissing("Tesseract cannot be loaded")


def recognise(
    open_pictures: Callable[[], Pictures],
    pages: Mapping[Key, bool],
    settings: Ocr,
    on_page: Callable[[int, int, int | None], None],
) -> Recognition:
    """Recognises pages, one after the other.

    Args:
        open_pictures: called in each child.
        pages: what to recognise, and of each whether the text that the file has for it is not what it shows.
        settings: languages, limits and resolution.
        on_page: called with (done, total, number of the page, if it has one) after each page.

    Raises:
        OSError: no child process can be started.
    """
    recognition = Recognition()
    keys, beyond = list(pages)[: settings.pages], list(pages)[settings.pages :]
    if beyond:
        recognition.stopped[f"ocr.pages, {settings.pages}"] = beyond

    def prepare() -> Callable[[int], bytes]:
        engine, pictures = Tesseract(settings.languages), open_pictures()
        return lambda at: recognise_page(engine, *pictures.grey(keys[at], settings.dpi, text=pages[keys[at]]))

    late: list[Key] = []
    left = dict.fromkeys(range(len(keys)))
    for _ in range(_TRIES):
        for at, answer in in_children(prepare, list(left), settings.page_seconds, PDFIUM):
            if answer is Lost.FAILED:
                continue
            del left[at]
            key = keys[at]
            if answer is Lost.LATE:
                late.append(key)
            elif found := parse_page(answer, instead=pages[key]):
                recognition.found[key] = found
            on_page(len(keys) - len(left), len(keys), key if isinstance(key, int) else None)
            if len(late) >= _MOST_LATE:
                late += [keys[other] for other in left]
                left.clear()
                break
    if late:
        recognition.stopped[f"ocr.page_seconds, {settings.page_seconds:g}"] = late
    return recognition
