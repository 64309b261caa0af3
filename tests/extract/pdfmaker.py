"""Writes small PDF files for the tests: real ones, odd ones and hostile ones, without a library that would tidy up."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")


@dataclass
class Page:
    """A page in the making; coordinates in points from the bottom left, as PDF has them.

    `entries` and `resources` are added as they are to the page and its resources.
    """

    width: float = 595
    height: float = 842
    rotate: int = 0
    content: list[str] = field(default_factory=list)
    field_value: str | None = None
    entries: str = ""
    resources: str = ""

    def text(self, x: float, y: float, words: str, *, size: float = 11, bold: bool = False, matrix: str = "") -> Page:
        """Paints one line. `matrix` replaces the plain placing ("0 1 -1 0 100 100")."""
        encoded = words.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        place = matrix or f"1 0 0 1 {x} {y}"
        self.content.append(f"BT /{'F2' if bold else 'F1'} {size} Tf {place} Tm ({encoded.decode('latin-1')}) Tj ET")
        return self

    def lines(self, x: float, y: float, lines: Sequence[str], *, size: float = 11, leading: float = 14) -> Page:
        """Paints lines below one another."""
        for index, line in enumerate(lines):
            self.text(x, y - index * leading, line, size=size)
        return self

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> Page:
        """Paints a thin line."""
        self.content.append(f"0.5 w {x0} {y0} m {x1} {y1} l S")
        return self

    def grid(self, xs: Sequence[float], ys: Sequence[float]) -> Page:
        """Paints the rules of a table."""
        for x in xs:
            self.rule(x, ys[0], x, ys[-1])
        for y in ys:
            self.rule(xs[0], y, xs[-1], y)
        return self


def make_pdf(
    pages: Sequence[Page], *, user_password: str | None = None, catalog: str = "", extra: Sequence[bytes] = ()
) -> bytes:
    """A PDF of these pages, encrypted (RC4, 40 bit) where there is a password, be it empty.

    `catalog` is added as it is to the catalog; `extra` objects have the numbers from 5 on.
    """
    objects: list[bytes] = []
    fonts = (
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica%s /Encoding /WinAnsiEncoding >>" % style
        for style in (b"", b"-Bold")
    )
    kids = []
    body = [b"", b"", *fonts, *extra]  # 1 catalog, 2 page tree, 3 and 4 fonts
    for page in pages:
        number = len(body) + 1
        kids.append(f"{number} 0 R")
        notes = f"/Annots [{number + 2} 0 R]" if page.field_value is not None else ""
        rotate = f"/Rotate {page.rotate}" if page.rotate else ""
        body.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {page.width} {page.height}] {rotate} {notes} {page.entries} "
            f"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> {page.resources} >> /Contents {number + 1} 0 R >>".encode()
        )
        body.append(make_stream("\n".join(page.content).encode("latin-1")))
        if page.field_value is not None:
            body.append(
                f"<< /Type /Annot /Subtype /Widget /FT /Tx /T (f) /V ({page.field_value}) /F 4 "
                f"/Rect [72 300 400 320] /AP << /N {number + 3} 0 R >> >>".encode()
            )
            look = f"/Tx BMC BT /F1 11 Tf 2 5 Td ({page.field_value}) Tj ET EMC".encode()
            body.append(
                make_stream(
                    look, b"/Type /XObject /Subtype /Form /BBox [0 0 328 20] /Resources << /Font << /F1 3 0 R >> >>"
                )
            )
    fields = "".join(f"{i} 0 R " for i, item in enumerate(body, 1) if b"/Subtype /Widget" in item)
    form = f" /AcroForm << /Fields [{fields}] >>" if fields else ""
    body[0] = f"<< /Type /Catalog /Pages 2 0 R{form} {catalog} >>".encode()
    body[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    trailer = b""
    if user_password is not None:
        key, dictionary = _encryption(user_password)
        body = [_encrypt(item, number, key) for number, item in enumerate(body, 1)]
        body.append(dictionary)
        trailer = b"/Encrypt %d 0 R /ID [<%s> <%s>]" % (len(body), b"00" * 16, b"00" * 16)
    objects += body
    return write_objects(objects, trailer)


def write_objects(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A file of these objects, numbered from 1; the first is the catalog."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, item in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, trailer, start)
    return bytes(out)


def make_stream(data: bytes, extra: bytes = b"") -> bytes:
    """A stream of these bytes; `extra` is added to its dictionary."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), extra, data)


def _encryption(password: str) -> tuple[bytes, bytes]:
    """Key and dictionary of the standard handler, revision 2 (PDF 1.7, algorithms 2 to 4)."""
    user = (password.encode() + _PADDING)[:32]
    owner_key = hashlib.md5((b"owner" + _PADDING)[:32]).digest()[:5]
    owner = _rc4(owner_key, user)
    permissions = -4
    key = hashlib.md5(user + owner + permissions.to_bytes(4, "little", signed=True) + b"\x00" * 16).digest()[:5]
    entry = _rc4(key, _PADDING)
    return key, b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P %d >>" % (
        owner.hex().encode(),
        entry.hex().encode(),
        permissions,
    )


def _encrypt(item: bytes, number: int, key: bytes) -> bytes:
    head, separator, rest = item.partition(b"stream\n")
    if not separator:
        return item
    data = rest.removesuffix(b"\nendstream")
    own = hashlib.md5(key + number.to_bytes(3, "little") + b"\x00\x00").digest()[:10]
    return head + separator + _rc4(own, data) + b"\nendstream"


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)
