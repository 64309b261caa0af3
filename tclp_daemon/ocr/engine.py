"""Tesseract through its C API (`tesseract/capi.h`), which versions 4 and 5 share.

Only child processes load it (`children.py`): it may hang or crash on a hostile picture.

It must use one thread. More cost five times the processor time, and in a child they may wait for ever: Tesseract shares
the OpenMP library that torch has loaded and used in the parent, and the threads of that do not survive the fork.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lxml import etree

from tclp_daemon.ocr.picture import Grey, stroke_width

_LIBRARIES = ("libtesseract.so.5", "libtesseract.so.4", "libtesseract.so")
_PAGE = 3  # PSM_AUTO: finds columns and blocks, does not turn the page
_POINTS = 72
_BOX = re.compile(r"\bbbox (-?\d+) (-?\d+) (-?\d+) (-?\d+)")
_NUMBER = r"(-?\d+(?:\.\d+)?)"
_BASELINE = re.compile(rf"\bbaseline {_NUMBER} {_NUMBER}")
_SIZE = re.compile(rf"\bx_size {_NUMBER}")
_CONFIDENCE = re.compile(rf"\bx_wconf {_NUMBER}")
_POINTER = ctypes.c_void_p
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "TessVersion": (ctypes.c_char_p, []),
    "TessBaseAPICreate": (_POINTER, []),
    "TessBaseAPIInit3": (ctypes.c_int, [_POINTER, ctypes.c_char_p, ctypes.c_char_p]),
    "TessBaseAPIGetAvailableLanguagesAsVector": (ctypes.POINTER(ctypes.c_char_p), [_POINTER]),
    "TessBaseAPISetPageSegMode": (None, [_POINTER, ctypes.c_int]),
    "TessBaseAPISetImage": (None, [_POINTER, ctypes.c_void_p, *[ctypes.c_int] * 4]),
    "TessBaseAPISetSourceResolution": (None, [_POINTER, ctypes.c_int]),
    "TessBaseAPIRecognize": (ctypes.c_int, [_POINTER, _POINTER]),
    "TessBaseAPIGetHOCRText": (_POINTER, [_POINTER, ctypes.c_int]),
    "TessDeleteText": (None, [_POINTER]),
}


class EngineMissing(Exception):
    """There is no Tesseract on this machine, or it lacks a language; the message is the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Word:
    """A recognised word.

    Attributes:
        text: as Tesseract read it.
        confidence: from 0 to 100.
    """

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line of recognised words; lengths in points from the top left corner of the picture.

    Attributes:
        words: at least one.
        x0, x1: left and right edge.
        y: baseline.
        size: height of the font.
        stroke: how thick its letters are drawn.
        upright: it runs up or down the page; then its place is not to be used.
    """

    words: tuple[Word, ...]
    x0: float
    x1: float
    y: float
    size: float
    stroke: float
    upright: bool


class Tesseract:
    """The loaded engine, for one process and one thread.

    Args:
        languages: as Tesseract names them, joined by "+".

    Raises:
        EngineMissing: the library or a language is not installed.
    """

    def __init__(self, languages: str) -> None:
        self._library = _load()
        _use_one_thread(self._library)
        self._api = self._library.TessBaseAPICreate()
        failed = self._library.TessBaseAPIInit3(self._api, None, languages.encode("ascii"))
        there = set() if failed else self._languages()
        if missing := [name for name in languages.split("+") if name not in there]:
            raise EngineMissing(f"Tesseract has no language data for {' and '.join(missing)}")
        self._library.TessBaseAPISetPageSegMode(self._api, _PAGE)

    @property
    def version(self) -> str:
        """Such as "5.3.0"."""
        return str(self._library.TessVersion().decode("ascii", "replace"))

    def lines(self, grey: Grey, dpi: float) -> list[RawLine]:
        """The lines on a picture, block by block in reading order.

        Args:
            grey: rows without gaps between them.
            dpi: pixels to the inch.

        Raises:
            RuntimeError: Tesseract gave up.
        """
        height, width = grey.shape
        library, api = self._library, self._api
        library.TessBaseAPISetImage(api, grey.ctypes.data, width, height, 1, width)
        library.TessBaseAPISetSourceResolution(api, round(dpi))
        if library.TessBaseAPIRecognize(api, None):
            raise RuntimeError("Tesseract stopped")
        text = library.TessBaseAPIGetHOCRText(api, 0)
        if not text:
            return []
        try:
            return _parse(ctypes.string_at(text), grey, dpi)
        finally:
            library.TessDeleteText(text)

    def _languages(self) -> set[str]:
        names = self._library.TessBaseAPIGetAvailableLanguagesAsVector(self._api)
        found = set()
        for name in names or ():
            if name is None:
                break
            found.add(name.decode("utf-8", "replace"))
        return found


def _load() -> Any:
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        for function, (result, arguments) in _SIGNATURES.items():
            found: Callable[..., Any] = getattr(library, function)
            found.restype, found.argtypes = result, arguments  # type: ignore[attr-defined]
        return library
    raise EngineMissing("Tesseract is not installed")


def _use_one_thread(library: Any) -> None:
    """Has Tesseract's OpenMP start no threads.

    The environment (OMP_THREAD_LIMIT) would be too late: OpenMP reads it when it is loaded, which torch has done in the
    parent. Looked up through `library`, the function is that of the OpenMP which Tesseract uses.
    """
    try:
        limit = library.omp_set_max_active_levels
    except AttributeError:  # built without OpenMP
        return
    limit(0)


def _parse(hocr: bytes, grey: Grey, dpi: float) -> list[RawLine]:
    """The lines of Tesseract's hOCR, the only one of its formats that has baselines and font sizes."""
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    root = etree.fromstring(b"<html><body>" + hocr + b"</body></html>", parser)
    lines = (_line(span, grey, dpi / _POINTS) for span in root.iter("span") if span.get("class") != "ocrx_word")
    return [line for line in lines if line is not None]


def _line(span: Any, grey: Grey, scale: float) -> RawLine | None:
    title = span.get("title") or ""
    box, size = _BOX.search(title), _SIZE.search(title)
    words = tuple(word for child in span.iter("span") if (word := _word(child)) is not None)
    if box is None or not words:
        return None
    left, top, right, bottom = map(int, box.groups())
    slope, offset = map(float, found.groups()) if (found := _BASELINE.search(title)) else (0.0, 0.0)
    base = bottom + offset + slope * (right - left) / 2
    height = float(size[1]) if size else bottom - top
    stroke = stroke_width(grey[max(top, 0) : bottom, max(left, 0) : right])
    return RawLine(
        words, left / scale, right / scale, base / scale, height / scale, stroke / scale, bottom - top > right - left
    )


def _word(span: Any) -> Word | None:
    text = "".join(span.itertext()).strip()
    if span.get("class") != "ocrx_word" or not text:
        return None
    confidence = _CONFIDENCE.search(span.get("title") or "")
    return Word(text, float(confidence[1]) if confidence else 0.0)
