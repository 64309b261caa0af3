"""PDF files whose fonts say little or nothing true about the letters that they paint."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence

from extract.pdfmaker import write_objects

Line = tuple[str, str]  # the name of a font, and words

FONTS: dict[str, str | Callable[[int], int] | None] = {
    "good": "plain",
    "shift": lambda code: code - 29 if code > 32 else code,  # the order of letters in most TrueType fonts
    "rotated": lambda code: code + 7 if code > 32 else code,
    "rot13": lambda code: ord(codecs.encode(chr(code), "rot13")),
    "scattered": lambda code: 97 + (code * 11 + 5) % 26 if code > 32 else code,
    "private": lambda code: 0xF000 + code,
    "control": lambda code: 1 + code % 30 if code > 32 else code,
    "nul": lambda code: 0 if code > 32 else code,
    "symbol": lambda code: 0x25A0 if code > 32 else code,
    "letter": lambda code: 0x6E if code > 32 else code,
    "swapped": lambda code: code << 8,
    "unknown": lambda code: 0xFFFD if code > 32 else code,
    "silent": None,  # no ToUnicode, and codes in the order in which letters first appear
    "boxes": "boxes",
}


def make_font_file(pages: Sequence[Sequence[Line]]) -> bytes:
    """Pages of lines, each in one of the fonts above."""
    objects: list[bytes] = [b"", b""]
    places: dict[str, int] = {}
    for name in FONTS:
        places[name] = _add_font(objects, name)
    resources = " ".join(f"/{name} {number} 0 R" for name, number in places.items())
    kids = []
    for lines in pages:
        content = "\n".join(
            f"BT /{font} 10 Tf 72 {760 - 14 * at} Td <{_codes(font, words).hex()}> Tj ET"
            for at, (font, words) in enumerate(lines)
        )
        objects.append(_stream(content.encode()))
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << {resources} >> >> "
            f"/Contents {len(objects)} 0 R >>".encode()
        )
        kids.append(f"{len(objects)} 0 R")
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    return write_objects(objects)


def _codes(font: str, words: str) -> bytes:
    if font != "silent":
        return words.encode("latin-1")
    order: dict[str, int] = {}
    return b"".join(order.setdefault(letter, len(order) + 1).to_bytes(2, "big") for letter in words)


def _add_font(objects: list[bytes], name: str) -> int:
    meaning = FONTS[name]
    head = f"<< /Type /Font /Subtype /Type1 /BaseFont /{name.title()} /Encoding /WinAnsiEncoding"
    if meaning == "plain":
        objects.append(f"{head} >>".encode())
    elif meaning == "boxes":
        objects.append(_stream(b"500 0 d0 0 0 400 700 re f"))
        glyph = len(objects)
        names = [f"/g{code}" for code in range(32, 127)]
        objects.append(
            f"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 32 "
            f"/LastChar 126 /Widths [{'500 ' * 95}] /Encoding << /Differences [32 {' '.join(names)}] >> "
            f"/CharProcs << {' '.join(f'{each} {glyph} 0 R' for each in names)} >> /Resources << >> >>".encode()
        )
    elif callable(meaning):
        objects.append(_stream(_cmap(meaning)))
        objects.append(f"{head} /ToUnicode {len(objects)} 0 R >>".encode())
    else:
        objects.append(
            b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Silent /DW 500 /CIDSystemInfo << /Registry (Adobe) "
            b"/Ordering (Identity) /Supplement 0 >> >>"
        )
        objects.append(
            f"<< /Type /Font /Subtype /Type0 /BaseFont /Silent /Encoding /Identity-H "
            f"/DescendantFonts [{len(objects)} 0 R] >>".encode()
        )
    return len(objects)


def _cmap(meaning: Callable[[int], int]) -> bytes:
    pairs = "\n".join(f"<{code:02x}> <{meaning(code):04x}>" for code in range(32, 127))
    return (
        "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"95 beginbfchar\n{pairs}\nendbfchar endcmap"
    ).encode()


def _stream(data: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(data), data)
