"""The file information block and the piece table of a Word binary file: where its text is ([MS-DOC] 2.4.1, 2.5).

Nothing that the file says is trusted: each offset and count is checked against the streams, and every loop ends where
they end.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode, is_own_fault
from tclp_daemon.extract.word.ole import Container

_WORD97 = 0x00C1
_WORD6 = 0x0065  # 101; Word 95 is 104
_ENCRYPTED, _COMPLEX, _TABLE_1 = 0x0100, 0x0004, 0x0200
_COMPRESSED = 0x4000_0000
# Compressed text is Latin-1 with these exceptions ([MS-DOC] 2.9.73), which are those of cp1252. Where the two differ,
# real files follow cp1252.
_CP1252 = "".join(bytes([code]).decode("cp1252", errors="replace") for code in range(256)).replace("\ufffd", " ")
# Language ids of Word 6 files whose text is not in the Western code page.
_CODEPAGES = {
    0x19: "cp1251", 0x22: "cp1251", 0x02: "cp1251", 0x15: "cp1250", 0x05: "cp1250", 0x0E: "cp1250", 0x1B: "cp1250",
    0x08: "cp1253", 0x1F: "cp1254", 0x0D: "cp1255", 0x01: "cp1256", 0x11: "cp932", 0x12: "cp949", 0x04: "cp936",
    0x1E: "cp874", 0x25: "cp1257", 0x26: "cp1257", 0x27: "cp1257",
}  # fmt: skip
# Index of the pairs of offset and length in the FIB.
STYLES, HEADER_STORIES, CHPX, PAPX, FONTS, CLX, LISTS, LIST_OVERRIDES = 1, 11, 12, 13, 15, 33, 73, 74
SHAPE_PLACES, DRAWINGS = 40, 50
_MOST_SHOWN = 4  # times that each byte may show as text; a fast-saved copy of a passage shows it again
_OLD = (
    (b"\x9b\xa5", "Word 1 for Windows"),
    (b"\xdb\xa5", "Word 2 for Windows"),
    (b"\xfe\x37", "Word for Macintosh"),
    (b"1\xbe", "Word for DOS"),
    (b"\xfe\x32", "Word for Macintosh"),
    (b"\xfe\x34", "Word for Macintosh"),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that is contiguous in the file.

    Attributes:
        start, end: character positions, end exclusive.
        offset: of its first byte in the WordDocument stream.
        width: bytes per character.
        prm: the property modifier of a fast-saved file.
    """

    start: int
    end: int
    offset: int
    width: int
    prm: int


@dataclass(slots=True)
class WordFile:
    """A Word binary file, taken apart as far as its text.

    Attributes:
        main: the WordDocument stream.
        table: the table stream (Word 6: the WordDocument stream).
        text: all stories, one character per character position.
        stories: length of each: text, footnotes, headers, (macros), comments, endnotes, text boxes, header text boxes.
        pieces: in order.
        modifiers: the property lists that fast-saved pieces refer to.
        data: the stream of pictures and form fields.
        objects: the programs that made the objects in the file.
        modern: False for Word 6 and 95, whose formatting has other codes.
    """

    main: bytes
    table: bytes
    text: str
    stories: tuple[int, ...]
    pieces: list[Piece]
    modifiers: list[bytes] = field(default_factory=list)
    data: bytes = b""
    objects: tuple[str, ...] = ()
    modern: bool = True

    def part(self, index: int) -> bytes:
        """One of the structures in the table stream, empty where the file has none or points outside."""
        if not self.modern:
            return b""
        at = 0x9A + index * 8
        if at + 8 > len(self.main) or index >= u16(self.main, 0x98):
            return b""
        start, length = struct.unpack_from("<II", self.main, at)
        return self.table[start : start + length] if start < len(self.table) else b""

    def after(self, index: int) -> bytes:
        """What follows one of the structures: the levels of lists come after it and are not part of its length."""
        at = 0x9A + index * 8
        if not self.modern or at + 8 > len(self.main):
            return b""
        start, length = struct.unpack_from("<II", self.main, at)
        return self.table[start + length :] if length and start + length < len(self.table) else b""


def open_word(data: bytes, limits: Limits) -> WordFile:
    """Takes a .doc apart.

    Args:
        data: the file.
        limits: characters of its text.

    Raises:
        ContractError: corrupt, encrypted, unsupported_word_version, content_mismatch, too_much_text.
    """
    for signature, version in _OLD:
        if data.startswith(signature):
            raise ContractError(ErrorCode.UNSUPPORTED_WORD_VERSION, version=version)
    # Word 6 sometimes wrote its stream without a container.
    streams, objects = ({"WordDocument": data}, []) if data[:2] == b"\xdc\xa5" else _streams(data)
    main = streams["WordDocument"]
    if len(main) < 0x44:
        raise ContractError(ErrorCode.CORRUPT, detail="its text stream is cut off")
    magic, version = struct.unpack_from("<HH", main, 0)
    flags = u16(main, 0x0A)
    if magic in (0xA59B, 0xA5DB) or (magic not in (0xA5EC, 0xA5DC) and version < _WORD6):
        raise ContractError(ErrorCode.UNSUPPORTED_WORD_VERSION, version="Word 2 or older")
    if flags & _ENCRYPTED:
        raise ContractError(ErrorCode.ENCRYPTED)
    if version < _WORD6:
        raise ContractError(ErrorCode.UNSUPPORTED_WORD_VERSION, version="Word 2 or older")
    file = _word6(main, flags, limits) if version < _WORD97 else _word97(streams, flags, limits)
    file.data, file.objects = streams.get("Data", b""), tuple(objects)
    return file


def u16(data: bytes, at: int) -> int:
    """An unsigned 16-bit number, 0 after the end."""
    return int.from_bytes(data[at : at + 2], "little")


def u32(data: bytes, at: int) -> int:
    """An unsigned 32-bit number, 0 after the end."""
    return int.from_bytes(data[at : at + 4], "little")


def _streams(data: bytes) -> tuple[dict[str, bytes], list[str]]:
    """The streams that matter, and the programs that made the embedded objects."""
    try:
        with Container(data) as container:
            names = container.stream_names
            if "WordDocument" not in names:
                if "EncryptedPackage" in names:
                    raise ContractError(ErrorCode.ENCRYPTED)
                raise ContractError(ErrorCode.CONTENT_MISMATCH, found="an Office file that is not a Word document")
            if "\tDRMContent" in names:
                # Rights management: the text stream has a notice, and the contract is locked in the other stream.
                raise ContractError(ErrorCode.ENCRYPTED)
            streams = {
                name: container.openstream(name).read(len(data))
                for name in ("WordDocument", "0Table", "1Table", "Data")
                if name in names
            }
            return streams, container.programs("ObjectPool")
    except ContractError:
        raise
    except Exception as error:  # olefile raises IndexError, struct.error and others for damaged files
        if is_own_fault(error):
            raise
        detail = f"its container cannot be read ({type(error).__name__})"
        raise ContractError(ErrorCode.CORRUPT, detail=detail) from error


def _word97(streams: dict[str, bytes], flags: int, limits: Limits) -> WordFile:
    """Word 97 to 2003: a stream of text and formatting pages, and one of tables."""
    main = streams["WordDocument"]
    wanted, other = ("1Table", "0Table") if flags & _TABLE_1 else ("0Table", "1Table")
    table = streams.get(wanted) or streams.get(other)
    if not table:
        raise ContractError(ErrorCode.CORRUPT, detail="its table stream is missing")
    if len(main) < 0x9A:
        raise ContractError(ErrorCode.CORRUPT, detail="its text stream is cut off")
    stories = tuple(max(count, 0) for count in struct.unpack_from("<8i", main, 0x4C))
    file = WordFile(main, table, "", stories, [])
    file.pieces, file.modifiers = _piece_table(file.part(CLX), len(main))
    if not file.pieces:
        raise ContractError(ErrorCode.CORRUPT, detail="its piece table is damaged")
    file.text = _text(file, limits, None)
    return file


def _word6(main: bytes, flags: int, limits: Limits) -> WordFile:
    """Word 6 and 95: eight-bit text; the offsets in the FIB differ, and the tables are in the same stream."""
    if len(main) < 0x168:
        raise ContractError(ErrorCode.CORRUPT, detail="its text stream is cut off")
    stories = tuple(max(count, 0) for count in struct.unpack_from("<8i", main, 0x34))
    start, end = struct.unpack_from("<II", main, 0x18)
    if flags & _COMPLEX:
        at, length = struct.unpack_from("<II", main, 0x160)
        pieces, modifiers = _piece_table(main[at : at + length], len(main), old=True)
        if not pieces:
            raise ContractError(ErrorCode.CORRUPT, detail="its piece table is damaged")
    else:
        end = min(end, len(main))
        if not 0 < start < end:
            raise ContractError(ErrorCode.CORRUPT, detail="its text lies outside the file")
        pieces, modifiers = [Piece(0, end - start, start, 1, 0)], []
    sample = main[pieces[0].offset : pieces[0].offset + min(pieces[0].end, 400)]
    if len(sample) > 8 and sample[1::2].count(0) > 0.4 * len(sample[1::2]):
        # East Asian versions of Word 95 wrote two bytes for each character, and nothing in the piece table says so.
        pieces = _fitting((replace(piece, width=2) for piece in pieces), len(main))
    file = WordFile(main, main, "", stories, pieces, modifiers, modern=False)
    on_macintosh = main[0x12] == 1
    file.text = _text(file, limits, "mac_roman" if on_macintosh else _CODEPAGES.get(u16(main, 6) & 0xFF))
    return file


def _piece_table(clx: bytes, size: int, *, old: bool = False) -> tuple[list[Piece], list[bytes]]:
    """The pieces and the property lists before them ([MS-DOC] 2.9.38, 2.9.177)."""
    modifiers: list[bytes] = []
    at = 0
    while at + 3 <= len(clx) and clx[at] == 1:
        length = u16(clx, at + 1)
        modifiers.append(clx[at + 3 : at + 3 + length])
        at += 3 + length
    if at + 5 > len(clx) or clx[at] != 2:
        return [], modifiers
    table = clx[at + 5 : at + 5 + u32(clx, at + 1)]
    count = (len(table) - 4) // 12

    def pieces() -> Iterator[Piece]:
        for index in range(count):
            start, end = struct.unpack_from("<II", table, index * 4)
            _, place, prm = struct.unpack_from("<HIH", table, (count + 1) * 4 + index * 8)
            width = 1 if old or place & _COMPRESSED else 2
            offset = place if old else (place & 0x3FFF_FFFF) // (2 if width == 1 else 1)
            yield Piece(start, end, offset, width, prm)

    return _fitting(pieces(), size), modifiers


def _fitting(pieces: Iterable[Piece], size: int) -> list[Piece]:
    """The pieces as far as they follow each other and are inside the file; what follows a gap has no position."""
    kept: list[Piece] = []
    for piece in pieces:
        if piece.start != (kept[-1].end if kept else 0) or piece.offset > size:
            break
        end = min(piece.end, piece.start + (size - piece.offset) // piece.width)
        if end > piece.start:
            kept.append(replace(piece, end=end))
    return kept


def _text(file: WordFile, limits: Limits, codepage: str | None) -> str:
    total = sum(piece.end - piece.start for piece in file.pieces)
    if total > limits.characters:
        raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=limits.characters)
    shown, most = sum((piece.end - piece.start) * piece.width for piece in file.pieces), _MOST_SHOWN * len(file.main)
    if shown > most:
        raise ContractError(
            ErrorCode.EXPANDS_TOO_MUCH,
            found_mb=f"{shown / 1e6:.1f}",
            limit_mb=f"{most / 1e6:.1f}",
            limit_name=f"{_MOST_SHOWN} times its own text",
        )
    parts = []
    for piece in file.pieces:
        length = piece.end - piece.start
        raw = file.main[piece.offset : piece.offset + length * piece.width]
        if piece.width == 2:
            # Surrogates are not joined here: a character position is a UTF-16 unit.
            parts.append("".join(map(chr, struct.unpack(f"<{len(raw) // 2}H", raw[: len(raw) // 2 * 2]))))
        elif codepage and len(decoded := raw.decode(codepage, errors="replace")) == length:
            parts.append(decoded)
        else:
            parts.append(raw.decode("latin-1").translate(_TRANSLATION))
    return "".join(parts)


_TRANSLATION = {code: char for code, char in enumerate(_CP1252) if ord(char) != code and char != " "}
