"""Writes Word binary files by hand: an OLE container, a FIB and a piece table ([MS-CFB], [MS-DOC])."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_COMPLEX, _ENCRYPTED, _TABLE_1 = 0x0004, 0x0100, 0x0200
_CLX = 33


def make_ole(streams: dict[str, bytes]) -> bytes:
    """A container of streams, each padded to 4096 bytes so that none is a mini stream."""
    padded = {name: data.ljust(4096, b"\x00") for name, data in streams.items()}
    sectors: list[bytes] = []
    fat: list[int] = []

    def store(data: bytes) -> int:
        first = len(sectors)
        count = -(-len(data) // _SECTOR)
        for index in range(count):
            sectors.append(data[index * _SECTOR : (index + 1) * _SECTOR].ljust(_SECTOR, b"\x00"))
            fat.append(_END if index == count - 1 else first + index + 1)
        return first

    entries = [_entry("Root Entry", 5, _END, 0, child=1 if padded else _FREE)]
    for index, (name, data) in enumerate(padded.items(), start=1):
        right = index + 1 if index < len(padded) else _FREE
        entries.append(_entry(name, 2, store(data), len(data), right=right))
    while len(entries) % 4:
        entries.append(bytes(128))
    directory = store(b"".join(entries))
    fat_count = 1
    while fat_count * 128 < len(sectors) + fat_count:
        fat_count += 1
    places = list(range(len(sectors), len(sectors) + fat_count))
    fat += [_FAT] * fat_count
    fat += [_FREE] * (fat_count * 128 - len(fat))
    table = struct.pack(f"<{len(fat)}I", *fat)
    sectors += [table[at : at + _SECTOR] for at in range(0, len(table), _SECTOR)]
    header = struct.pack(
        "<8s16sHHHHH6xIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"",
        0x3E,
        3,
        0xFFFE,
        9,
        6,
        0,
        fat_count,
        directory,
        0,
        4096,
        _END,
        0,
        _END,
        0,
    )
    header += struct.pack("<109I", *(places + [_FREE] * (109 - len(places))))
    return header + b"".join(sectors)


def _entry(name: str, kind: int, start: int, size: int, *, right: int = _FREE, child: int = _FREE) -> bytes:
    raw = (name + "\x00").encode("utf-16-le")
    return struct.pack("<64sHBBIII16xI8x8xIQ", raw, len(raw), kind, 1, _FREE, right, child, 0, start, size)


@dataclass(slots=True)
class Piece:
    """A run of text: stored in one byte per character or in two."""

    text: str
    wide: bool = False
    prm: int = 0


@dataclass(slots=True)
class Doc:
    """A Word 97 file to be. `stories`: lengths of text, footnotes, headers, macros, comments, endnotes, boxes."""

    pieces: list[Piece]
    stories: list[int] | None = None
    flags: int = _COMPLEX
    version: int = 0x00C1
    magic: int = 0xA5EC
    modifiers: list[bytes] = field(default_factory=list)
    clx: bytes | None = None


def make_doc(document: Doc) -> bytes:
    """The bytes of the file."""
    main, table = make_streams(document)
    return make_ole({"WordDocument": main, "1Table": table})


def make_streams(document: Doc) -> tuple[bytes, bytes]:
    """WordDocument and 1Table. The pieces lie in the file in reverse order, as fast saving leaves them."""
    fib = bytearray(0x400)
    struct.pack_into("<HH", fib, 0, document.magic, document.version)
    struct.pack_into("<H", fib, 0x0A, document.flags | _TABLE_1)
    struct.pack_into("<H", fib, 0x20, 14)
    struct.pack_into("<H", fib, 0x3E, 22)
    total = sum(len(piece.text) for piece in document.pieces)
    stories = [*(document.stories or [total]), 0, 0, 0, 0, 0, 0, 0, 0][:8]
    struct.pack_into("<8i", fib, 0x4C, *stories)
    struct.pack_into("<H", fib, 0x98, 93)
    body = b""
    places: dict[int, int] = {}
    for index in reversed(range(len(document.pieces))):
        piece = document.pieces[index]
        places[index] = len(fib) + len(body)
        body += piece.text.encode("utf-16-le", "surrogatepass") if piece.wide else piece.text.encode("cp1252")
        body += b"\x00" * (len(body) % 2)
    positions = [0]
    for piece in document.pieces:
        positions.append(positions[-1] + len(piece.text))
    plc = struct.pack(f"<{len(positions)}I", *positions)
    for index, piece in enumerate(document.pieces):
        place = places[index] if piece.wide else places[index] * 2 | 0x4000_0000
        plc += struct.pack("<HIH", 0, place, piece.prm)
    clx = b"".join(b"\x01" + struct.pack("<H", len(item)) + item for item in document.modifiers)
    clx += b"\x02" + struct.pack("<I", len(plc)) + plc
    clx = clx if document.clx is None else document.clx
    struct.pack_into("<II", fib, 0x9A + _CLX * 8, 16, len(clx))
    return bytes(fib) + body, bytes(16) + clx
