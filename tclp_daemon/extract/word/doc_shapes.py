"""The pictures of a Word binary file that float over its text: where they are anchored, and how large they are.

One structure has the place of each shape ([MS-DOC] 2.8.37), another says what it is ([MS-ODRAW] 2.2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tclp_daemon.extract.word import doc_fib
from tclp_daemon.extract.word.doc_fib import WordFile, u16, u32

_SHAPE, _PROPERTIES, _PICTURE = 0xF00A, 0xF00B, 0x0104
_HEAD, _PROPERTY, _PLACE = 8, 6, 26  # bytes
_BELOW_TEXT = 0x4000


def floating_pictures(file: WordFile) -> Iterator[tuple[int, float, float, bool]]:
    """Anchor, width and height in twentieths of a point, and whether it lies behind the text, of each."""
    places = file.part(doc_fib.SHAPE_PLACES)
    count = max(len(places) - 4, 0) // (4 + _PLACE)
    pictures = set(_picture_shapes(file.part(doc_fib.DRAWINGS))) if count else set()
    for index in range(count):
        at = (count + 1) * 4 + index * _PLACE
        shape, left, top, right, bottom, flags = struct.unpack_from("<IiiiiH", places, at)
        if shape in pictures:
            yield u32(places, index * 4), right - left, bottom - top, bool(flags & _BELOW_TEXT)


def _picture_shapes(drawings: bytes) -> Iterator[int]:
    """Numbers of the shapes that are pictures. The first container is about all drawings; one for each follows."""
    at = _HEAD + u32(drawings, 4)
    while at + 1 + _HEAD <= len(drawings):
        end = at + 1 + _HEAD + u32(drawings, at + 5)
        yield from _in_drawing(drawings, at + 1, min(end, len(drawings)))
        at = end


def _in_drawing(drawings: bytes, at: int, end: int) -> Iterator[int]:
    """Those of one drawing: containers are walked into, so each record is seen once."""
    shape = 0
    while at + _HEAD <= end:
        version, kind, length = struct.unpack_from("<HHI", drawings, at)
        at += _HEAD
        if version & 0xF == 0xF:
            continue
        if kind == _SHAPE:
            shape = u32(drawings, at)
        elif kind == _PROPERTIES:
            last = min(at + (version >> 4) * _PROPERTY, at + length, end)
            if any(u16(drawings, each) & 0x3FFF == _PICTURE for each in range(at, last, _PROPERTY)):
                yield shape
        at += length
