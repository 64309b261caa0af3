"""Writes Word binary files by hand: an OLE container, a FIB and a piece table ([MS-CFB], [MS-DOC])."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_COMPLEX, _ENCRYPTED, _TABLE_1 = 0x0004, 0x0100, 0x0200
_STYLES, _CHPX, _PAPX, _FONTS, _CLX = 1, 12, 13, 15, 33
_SHAPE_PLACES, _DRAWINGS = 40, 50


def make_ole(streams: dict[str, bytes], objects: dict[str, bytes] | None = None) -> bytes:
    """A container of streams, each padded to 4096 bytes so that none is a mini stream.

    Args:
        streams: those at the top level.
        objects: the description of each object in the storage ObjectPool.
    """
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
    if objects:
        entries[-1] = entries[-1][:72] + struct.pack("<I", len(entries)) + entries[-1][76:]
        pool = len(entries)
        entries.append(_entry("ObjectPool", 1, 0, 0, child=pool + 1))
        for index, (name, description) in enumerate(objects.items()):
            at = pool + 1 + index * 2
            described = description.ljust(4096, b"\x00")
            entries.append(_entry(name, 1, 0, 0, child=at + 1, right=at + 2 if index + 1 < len(objects) else _FREE))
            entries.append(_entry("\x01CompObj", 2, store(described), len(described)))
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
    """A run of text: stored in one byte per character or in two.

    Attributes:
        text, wide: what it holds, and whether in two bytes.
        prm: the modifier of a fast-saved file.
        run: modifiers of its characters.
        style, paragraph: number of the style and modifiers of the paragraph that it ends.
    """

    text: str
    wide: bool = False
    prm: int = 0
    run: bytes = b""
    style: int = 0
    paragraph: bytes = b""


@dataclass(slots=True)
class Style:
    """A style of paragraphs (kind 1) or characters (2)."""

    name: str = "Normal"
    kind: int = 1
    sti: int = 0x0FFE
    base: int = 0x0FFF
    run: bytes = b""
    paragraph: bytes = b""


@dataclass(slots=True)
class Floating:
    """A shape over the text: where it is anchored, its size in twentieths of a point, and its properties by number."""

    anchor: int
    width: int
    height: int
    flags: int = 0
    properties: tuple[tuple[int, int], ...] = ((0x4104, 1),)


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
    styles: list[Style] = field(default_factory=list)
    fonts: list[str] = field(default_factory=list)
    data: bytes = b""
    objects: dict[str, bytes] = field(default_factory=dict)
    floating: list[Floating] = field(default_factory=list)


def sprm(code: int, value: int, size: int = 1) -> bytes:
    """A modifier and its operand."""
    return struct.pack("<H", code) + value.to_bytes(size, "little")


def make_doc(document: Doc) -> bytes:
    """The bytes of the file."""
    main, table = make_streams(document)
    streams = {"WordDocument": main, "1Table": table}
    return make_ole(streams | ({"Data": document.data} if document.data else {}), document.objects)


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
    table = bytes(16)
    body += bytes(-len(body) % _SECTOR)
    parts = {_CLX: clx}
    if document.styles:
        parts[_STYLES] = _style_sheet(document.styles)
        parts[_FONTS] = _font_table(document.fonts)
        for part, pages in ((_CHPX, _character_pages), (_PAPX, _paragraph_pages)):
            bounds, made = pages(document.pieces, places)
            first = (len(fib) + len(body)) // _SECTOR
            body += b"".join(made)
            parts[part] = struct.pack(f"<{len(bounds)}I", *bounds)
            parts[part] += struct.pack(f"<{len(made)}I", *range(first, first + len(made)))
    if document.floating:
        parts[_SHAPE_PLACES], parts[_DRAWINGS] = _shapes(document.floating)
    for part, content in parts.items():
        struct.pack_into("<II", fib, 0x9A + part * 8, len(table), len(content))
        table += content
    return bytes(fib) + body, table


def _runs(pieces: list[Piece], places: dict[int, int]) -> list[tuple[int, int, Piece]]:
    """Start and end of each piece in the file, in the order of the file."""
    width = [2 if piece.wide else 1 for piece in pieces]
    ends = {index: places[index] + len(piece.text) * width[index] for index, piece in enumerate(pieces)}
    return sorted((places[index], ends[index], piece) for index, piece in enumerate(pieces))


def _character_pages(pieces: list[Piece], places: dict[int, int]) -> tuple[list[int], list[bytes]]:
    """Formatted pages of characters, one for each run ([MS-DOC] 2.9.33)."""
    bounds, pages = [], []
    for start, end, piece in _runs(pieces, places):
        page = bytearray(_SECTOR)
        struct.pack_into("<II", page, 0, start, end)
        if piece.run:
            page[8] = 100
            page[200 : 201 + len(piece.run)] = bytes((len(piece.run),)) + piece.run
        page[511] = 1
        bounds.append(start)
        pages.append(bytes(page))
    return [*bounds, end], pages


def _paragraph_pages(pieces: list[Piece], places: dict[int, int]) -> tuple[list[int], list[bytes]]:
    """Formatted pages of paragraphs, one for each run ([MS-DOC] 2.9.174)."""
    bounds, pages = [], []
    for start, end, piece in _runs(pieces, places):
        page = bytearray(_SECTOR)
        struct.pack_into("<II", page, 0, start, end)
        page[8] = 100
        body = struct.pack("<H", piece.style) + piece.paragraph
        page[200:202] = bytes((0, (len(body) + 1) // 2))
        page[202 : 202 + len(body)] = body
        page[511] = 1
        bounds.append(start)
        pages.append(bytes(page))
    return [*bounds, end], pages


def _style_sheet(styles: list[Style]) -> bytes:
    """[MS-DOC] 2.9.271."""
    sheet = struct.pack("<HHH", 4, len(styles), 10)
    for style in styles:
        name = style.name.encode("utf-16-le")
        std = struct.pack("<HHHHH", style.sti, style.kind | style.base << 4, 3 - style.kind, 0, 0)
        std += struct.pack("<H", len(style.name)) + name + bytes(2)
        updates = [struct.pack("<H", 0) + style.paragraph, style.run] if style.kind == 1 else [style.run]
        for update in updates:
            std += bytes(len(std) % 2) + struct.pack("<H", len(update)) + update
        std += bytes(len(std) % 2)
        sheet += struct.pack("<H", len(std)) + std
    return sheet


def _font_table(names: list[str]) -> bytes:
    """[MS-DOC] 2.9.286."""
    table = struct.pack("<HH", len(names), 0)
    for name in names:
        body = bytes(39) + (name + "\x00").encode("utf-16-le")
        table += bytes((len(body),)) + body
    return table


def _shapes(shapes: list[Floating]) -> tuple[bytes, bytes]:
    """The places of shapes and what they are ([MS-DOC] 2.8.37, [MS-ODRAW] 2.2)."""
    anchors = [shape.anchor for shape in shapes]
    places = struct.pack(f"<{len(shapes) + 1}I", *anchors, anchors[-1] + 1)
    drawing = b""
    for number, shape in enumerate(shapes, start=1025):
        places += struct.pack("<IiiiiHi", number, 0, 0, shape.width, shape.height, shape.flags, 0)
        properties = b"".join(struct.pack("<HI", *each) for each in shape.properties)
        inner = struct.pack("<HHIII", 0x02, 0xF00A, 8, number, 0)
        inner += struct.pack("<HHI", 3 | len(shape.properties) << 4, 0xF00B, len(properties)) + properties
        drawing += struct.pack("<HHI", 0xF, 0xF004, len(inner)) + inner
    group = struct.pack("<HHI", 0xF, 0xF003, len(drawing)) + drawing
    return places, struct.pack("<HHI", 0xF, 0xF000, 0) + b"\0" + struct.pack("<HHI", 0xF, 0xF002, len(group)) + group


def form_field(kind: int, state: int, default: int = 0, entries: Sequence[str] = ()) -> bytes:
    """What the data stream holds for a form field ([MS-DOC] 2.9.78): kind 1 is a check box, 2 a drop-down list."""
    body = b"\xff" * 4 + struct.pack("<HHH", kind | state << 2, 0, 0) + struct.pack("<H", 1) + b"A\x00" + bytes(2)
    body += struct.pack("<H", default) + bytes(20) + struct.pack("<HHH", 0xFFFF, len(entries), 0)
    body += b"".join(struct.pack("<H", len(each)) + each.encode("utf-16-le") for each in entries)
    return struct.pack("<IH", 0x44 + len(body), 0x44) + bytes(0x3E) + body


def picture(width: int, height: int, scale: int = 1000) -> bytes:
    """What the data stream holds for a picture, in twentieths of a point ([MS-DOC] 2.9.190)."""
    head = bytearray(0x44)
    struct.pack_into("<IH", head, 0, 0x44 + 8, 0x44)
    struct.pack_into("<4H", head, 0x1C, width, height, scale, scale)
    return bytes(head) + bytes(8)


def described(program: str) -> bytes:
    """The description of an object ([MS-OLEDS] 2.3.8): what it is, for people; its format; its ProgID."""
    strings = [b"An object\x00", b"", program.encode() + b"\x00"]
    return bytes(28) + b"".join(struct.pack("<I", len(each)) + each for each in strings)
