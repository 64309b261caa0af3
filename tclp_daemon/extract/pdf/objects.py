"""The objects of a PDF, as far as needed to tell what they will cost before pdfium opens them.

This is not a parser. It finds the objects one after the other, cuts each off where the next begins, and reads names as
a parser would: `/F#6frm` is /Form, and comments are spaces. What it cannot make out counts as suspicious.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

# A reference to an object, and what says that a stream is a form.
REFERENCE = re.compile(rb"(\d{1,10})\s+\d{1,5}\s+R(?![A-Za-z0-9])")
FORM = re.compile(rb"/Subtype\s*/Form(?![A-Za-z0-9])")
BETWEEN_READINGS = b"\n\x00\n"  # separates the ways in which a head may be read
MOST_OBJECTS = 200_000  # a contract of a thousand pages has some ten thousand
_OBJ = re.compile(rb"obj(?![A-Za-z0-9])")
_GAP = rb"(?:[\s\x00]|%[^\r\n]*+[\r\n])"
_NUMBER = re.compile(rb"(?<![\d.])(\d{1,10})" + _GAP + rb"++\d{1,5}" + _GAP + rb"*+\Z")
_NUMBER_WINDOW = 80  # bytes before "obj" that hold the number
_USUAL_NUMBER = re.compile(rb"(?<![\d.])(\d{1,10}) \d{1,5} \Z")  # the same as nearly all programs write it
_USUAL_WINDOW = 17
_CUT = re.compile(rb"stream\r?\n|stream\r|endobj")
_STREAM = re.compile(rb"stream\r?\n|stream\r")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_COMMENT = re.compile(rb"%[^\r\n]*+")
_STRING = re.compile(rb"\((?:[^()\\]|\\.)*+\)", re.S)
_FILTERS = re.compile(rb"/(FlateDecode|Fl|LZWDecode|LZW|RunLengthDecode|RL|ASCIIHexDecode|AHx|ASCII85Decode|A85)\b")
_FLATE = frozenset({b"FlateDecode", b"Fl"})
_HEX = frozenset({b"ASCIIHexDecode", b"AHx"})
_ASCII = _HEX | {b"ASCII85Decode", b"A85"}
_LZW_RATIO = 2800  # no LZW stream expands further
_EMPTY = 16  # bytes in which a stream of nothing ends
_CHUNK = 1 << 16  # bytes that are fed to a decoder at once
_PIECE = 1 << 20  # bytes that a decoder gives back at once
_KEPT = 8 << 20  # bytes of a stream that are kept


@dataclass(frozen=True, slots=True)
class PdfObject:
    """An object of the file.

    Attributes:
        number: by which others refer to it.
        head: its dictionary, or array, or whatever it is, with plain names.
        stream: offset at which its stream begins, None where it has none.
        end: offset at which it must end.
    """

    number: int
    head: bytes
    stream: int | None
    end: int


def objects(data: bytes) -> Iterator[PdfObject | None]:
    """The objects in the order of the file; None stands for something that may be an object but cannot be made out."""
    before: tuple[int, int] | None = None  # number, where its content begins
    for match in _OBJ.finditer(data):
        at = match.start()
        if data[at - 3 : at] == b"end":
            continue
        found = _USUAL_NUMBER.search(data, max(at - _USUAL_WINDOW, 0), at)
        found = found or _NUMBER.search(data, max(at - _NUMBER_WINDOW, 0), at)
        if found is None:
            if data[max(at - 1, 0) : at].isspace() and not data[max(at - 2, 0) : at - 1].isalnum():
                yield None
            continue
        if before is not None:
            yield _object(data, *before, found.start())
        before = (int(found[1]), match.end())
    if before is not None:
        yield _object(data, *before, len(data))


def _object(data: bytes, number: int, start: int, end: int) -> PdfObject:
    cut = _CUT.search(data, start, end)
    stop = cut.start() if cut else end
    head = data[start:stop]
    if cut and not (head.count(b"<<") == head.count(b">>") and head.count(b"(") == head.count(b")")):
        # A string may say "endobj". Where it only has unpaired brackets, too much is looked at, which does no harm.
        head = data[start:end]
        cut = _STREAM.search(data, start, end)
    stream = cut.end() if cut and cut[0] != b"endobj" else None
    return PdfObject(number, plain_head(head), stream, end)


def plain_head(head: bytes) -> bytes:
    """A head with its names as they are meant and without what only looks like one.

    Where it may have comments or strings, all ways to read it follow one another.
    """
    if b"(" in head:
        head = _STRING.sub(b"()", head) + (b"" if b"%" not in head else BETWEEN_READINGS + head)
    if b"%" in head:
        head = head + BETWEEN_READINGS + _COMMENT.sub(b" ", head)
    if b"#" in head:
        head = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), head)
    return head


class Content(NamedTuple):
    """A stream, unpacked.

    Attributes:
        size: in bytes.
        first: megabytes of it.
        whole: it could be unpacked to its end.
    """

    size: int
    first: bytes
    whole: bool = True


def expand(data: bytes, item: PdfObject, most: int) -> Content | None:
    """Unpacks a stream; None where only pdfium can.

    Args:
        data: the file.
        item: an object with a stream.
        most: bytes at which counting stops.
    """
    assert item.stream is not None
    filters = _FILTERS.findall(item.head)
    if not filters:
        return Content(item.end - item.stream, data[item.stream : min(item.end, item.stream + _KEPT)])
    decoders = [name for name in filters if name not in _ASCII]
    if not _FLATE.issuperset(decoders):
        # Only pdfium expands the compression of old programs; used once, it does no harm unless the stream is long.
        worst = (item.end - item.stream) * _LZW_RATIO
        return Content(4 * (item.end - item.stream), b"") if len(decoders) == 1 and worst < most else None
    if len(decoders) > 2 or len(filters) > 4:
        return None
    source: Iterator[bytes] = _chunks(data, item.stream, item.end)
    size, kept, whole = 0, bytearray(), True
    try:
        for name in filters:
            source = _inflate(source, zlib.decompressobj()) if name in _FLATE else _unarmoured(source, name)
        for piece in source:
            size += len(piece)
            if len(kept) < _KEPT:
                kept += piece
            if size > most:
                break
    except (zlib.error, ValueError):
        # pdfium also reads as far as it can
        whole = len(filters) == 1 and _is_whole(data[item.stream : item.end], most)
        whole = whole or data[item.stream : item.stream + _EMPTY].lstrip().startswith(b"endstream")
    return Content(size, bytes(kept), whole)


def _is_whole(packed: bytes, most: int) -> bool:
    """Whether only the check sum behind the data is wrong or missing, as old programs leave it."""
    step = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        left = most
        chunk = packed[2:]
        while chunk and not step.eof and left > 0:
            left -= len(step.decompress(chunk, _PIECE))
            chunk = step.unconsumed_tail
    except zlib.error:
        return False
    return step.eof


def _chunks(data: bytes, start: int, end: int) -> Iterator[bytes]:
    for at in range(start, end, _CHUNK):
        yield data[at : min(at + _CHUNK, end)]


def _unarmoured(source: Iterator[bytes], name: bytes) -> Iterator[bytes]:
    """Bytes that were written in ASCII: in base 85 or in hexadecimal."""
    text = b"".join(source)
    if name in _HEX:
        digits = re.sub(rb"[^0-9A-Fa-f]", b"", text.partition(b">")[0])
        yield bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))
    else:
        yield base64.a85decode(text.partition(b"~")[0].strip().removeprefix(b"<~"), ignorechars=b" \t\n\r\x0b\x0c\x00")


def _inflate(source: Iterator[bytes], step: zlib._Decompress) -> Iterator[bytes]:
    for chunk in source:
        while chunk and not step.eof:
            piece = step.decompress(chunk, _PIECE)
            if piece:
                yield piece
            chunk = step.unconsumed_tail
        if step.eof:
            return
    raise zlib.error("the data breaks off")
